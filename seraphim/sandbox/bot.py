"""The bot as a process of its own, as it runs anywhere else: only its settings lead it here.

It is given a small environment instead of ours with changes: a token or a node that somebody has
exported for their real bot must not reach the one that plays in the sandbox. It runs in its data
folder, where no `.env` is, and in a session of its own: Ctrl-C in the terminal is for whoever
started it, and they stop it in order.

Its log is its voice: a JSON object a line on stdout, read as it comes and kept, the last of it.
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

from seraphim.sandbox.json_values import Json, JsonObject, as_object, parse
from seraphim.sandbox.sandbox import Sandbox

COMMAND = (sys.executable, "-m", "seraphim", "run")

INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")
NODE = ("LAVALINK_HOST", "LAVALINK_PORT", "LAVALINK_PASSWORD", "LAVALINK_SECURE")
"""What a process needs to know of where it is; and what names a Lavalink of yours."""

KEPT_LINES = 10_000
LONGEST_LINE = 1 << 20
READY_SECONDS = 60.0
STOP_SECONDS = 30.0
SHOWN_LINES = 10

LogLine: TypeAlias = JsonObject


class BotEnded(Exception):
    """The bot's process has ended, and what was waited for will not come."""

    def __init__(self, code: int, last: str) -> None:
        super().__init__(f"the bot ended with code {code}; its last words:\n{last}")
        self.code = code


def environment(
    sandbox: Sandbox,
    data_dir: Path,
    *,
    music_dir: Path | None = None,
    your_node: bool = False,
    **more: str,
) -> dict[str, str]:
    """The environment of a bot that lives in `sandbox`.

    With `your_node` the Lavalink that our own environment names is passed on. `more` are further
    variables, which win.
    """
    names = INHERITED + (NODE if your_node else ())
    music = {} if music_dir is None else {"MUSIC_DIR": str(music_dir)}
    return {
        **{name: os.environ[name] for name in names if name in os.environ},
        "DISCORD_TOKEN": sandbox.token,
        "DISCORD_API_URL": sandbox.api_url,
        "SSL_CERT_FILE": str(sandbox.ca_file),
        "DATA_DIR": str(data_dir),
        "LOG_FORMAT": "json",
        "HTTP_PORT": "0",
        "ENVIRONMENT": "development",
        **music,
        **more,
    }


class BotProcess:
    """A bot that was started; entered as a context it runs, and is stopped behind it.

    Parameters
    ----------
    environ
        All of its environment variables; `DATA_DIR`, which is made if it is not there, among them.
    command
        What to run.
    """

    def __init__(self, environ: Mapping[str, str], command: Sequence[str] = COMMAND) -> None:
        self._environ = dict(environ)
        self._command = command
        self._process: Process | None = None
        self._reading: list[asyncio.Task[None]] = []
        self._news = asyncio.Event()
        self._lines: deque[LogLine] = deque(maxlen=KEPT_LINES)
        self._count = 0
        self._errors: deque[str] = deque(maxlen=KEPT_LINES)

    def __repr__(self) -> str:
        # Its environment holds a token.
        state = "not started" if self._process is None else f"pid {self._process.pid}"
        return f"<BotProcess {state}>"

    async def __aenter__(self) -> "BotProcess":
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start the process, for the first time or again after it ended; the log goes on."""
        assert not self.running
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            env=self._environ,
            cwd=self._folder(),
            limit=LONGEST_LINE,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._reading = [
            asyncio.create_task(self._read(self._process.stdout, self._take_log)),
            asyncio.create_task(self._read(self._process.stderr, self._take_error)),
        ]

    @property
    def pid(self) -> int:
        """The process, running or not."""
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.returncode is None

    @property
    def log(self) -> tuple[LogLine, ...]:
        """The log, oldest line first: the last `KEPT_LINES` of it."""
        return tuple(self._lines)

    @property
    def errors(self) -> tuple[str, ...]:
        """What it wrote to stderr, and to stdout beside its log."""
        return tuple(self._errors)

    def mark(self) -> int:
        """Now, as a place in the log: `until_log(…, since=mark)` sees only what comes after."""
        return self._count

    async def until_log(
        self, event: str, *, since: int = 0, deadline: float = READY_SECONDS, **fields: Json
    ) -> LogLine:
        """Wait for a line with this `event` and these fields, already there or to come.

        Raises
        ------
        BotEnded
            If the process ends without it.
        TimeoutError
            If it does not come within `deadline` seconds.
        """
        wanted = {"event": event, **fields}
        seen = since
        try:
            async with asyncio.timeout(deadline):
                while True:
                    news, ended = self._news, self._silent
                    for line in islice(self._lines, max(0, seen - self._dropped), None):
                        if wanted.items() <= line.items():
                            return line
                    seen = self._count
                    if ended:
                        raise BotEnded(await self.wait(), self.last_words())
                    await news.wait()
        except TimeoutError:
            raise TimeoutError(
                f"the bot did not log {wanted} within {deadline} s; its last words:\n"
                f"{self.last_words()}"
            ) from None

    def last_words(self) -> str:
        """The end of its log and of its stderr, for whoever has to explain what went wrong."""
        lines = [_brief(line) for line in islice(reversed(self._lines), SHOWN_LINES)]
        return "\n".join([*reversed(lines), *list(self._errors)[-SHOWN_LINES:]])

    async def wait(self) -> int:
        """Wait until it has ended and all that it said was read; returns the exit code."""
        assert self._process is not None
        code = await self._process.wait()
        # Unlike `gather`, this does not end the reading when the waiting is cancelled.
        await asyncio.wait(self._reading)
        return code

    async def stop(self, *, deadline: float = STOP_SECONDS) -> int:
        """Stop it in order, with SIGTERM, and return the exit code; that of one that has ended.

        Raises TimeoutError if it has not ended within `deadline` seconds; it was killed then.
        """
        if self.running:
            assert self._process is not None
            self._process.terminate()
        try:
            async with asyncio.timeout(deadline):
                return await self.wait()
        except TimeoutError:
            self.kill()
            await self.wait()
            raise TimeoutError(
                f"the bot did not stop within {deadline} s; its last words:\n{self.last_words()}"
            ) from None
        finally:
            self.kill()

    def kill(self) -> None:
        """End it at once, with SIGKILL; `wait` tells when it has ended. One that has stays so."""
        if self.running:
            assert self._process is not None
            self._process.kill()

    @property
    def _silent(self) -> bool:
        return all(task.done() for task in self._reading)

    @property
    def _dropped(self) -> int:
        return self._count - len(self._lines)

    async def _read(self, stream: asyncio.StreamReader, take: Callable[[bytes], None]) -> None:
        try:
            while True:
                try:
                    line = await stream.readline()
                except ValueError:
                    take(b"(a line that is too long to be read)")
                    continue
                if not line:
                    return
                take(line)
        finally:
            # Once this task counts as done, whoever waits shall see that nothing more comes.
            asyncio.get_running_loop().call_soon(self._tell)

    def _take_log(self, line: bytes) -> None:
        try:
            read = as_object(parse(line))
        except ValueError:
            read = None
        if not read:
            self._take_error(line)
            return
        self._lines.append(read)
        self._count += 1
        self._tell()

    def _take_error(self, line: bytes) -> None:
        self._errors.append(line.decode("utf-8", "replace").rstrip())

    def _folder(self) -> Path:
        folder = Path(self._environ["DATA_DIR"])
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


def _brief(line: LogLine) -> str:
    rest = (f"{key}={line[key]}" for key in line if key not in ("timestamp", "level", "event"))
    return " ".join([f"{line.get('level', '')}: {line.get('event', '')}", *rest])
