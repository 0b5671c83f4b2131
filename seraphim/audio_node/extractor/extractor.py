"""The node's side of yt-dlp's worker: questions out, answers in, and a fresh one when it is lost.

The worker is started when it is first asked, and ended when it has had nothing to do for a while:
most nodes never need it. Each question has a deadline. A worker that lets one pass, though it had
half of that time for it, is in the hands of a page, and is killed; what else it was asked is asked
again, once, of the next. So is everything when it dies. After `QUESTIONS` of them it is replaced:
yt-dlp remembers more than is good for it.
"""

import asyncio
import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

import structlog

from seraphim.audio_node.extractor import release
from seraphim.audio_node.extractor.answers import Address, Collection, Item
from seraphim.audio_node.media import MediaError, Severity

__all__ = ["Extractor"]

DEADLINE_SECONDS: Final = 20.0
IDLE_SECONDS: Final = 300.0
END_SECONDS: Final = 2.0
MEMORY: Final = 1 << 30
QUESTIONS: Final = 500
AT_ONCE: Final = 4
"""Questions that a worker is given, as many as it has threads; others wait in their deadline."""

LONGEST_ANSWER: Final = 4 << 20
ERROR_PARTS: Final = 3
NEVER: Final = 2**40
"""In seconds since the epoch: later than any address expires."""

COMMAND: Final = (sys.executable, "-P", "-m", "seraphim.audio_node.extractor")

_INHERITED: Final = ("HOME", "LANG", "LC_ALL", "PYTHONPATH", "SSL_CERT_FILE", "TMPDIR", "TZ")
_SEVERITIES: Final[Mapping[str, Severity]] = {
    "common": "common",
    "suspicious": "suspicious",
    "fault": "fault",
}

_log = structlog.stdlib.get_logger("seraphim.audio_node.extractor")


class _Lost(Exception):
    """The worker is gone, and with it what it was asked."""


@dataclass(eq=False)
class _Worker:
    """One process, as long as it is of use."""

    child: "subprocess.Popen[bytes]"
    version: Path | None
    writer: asyncio.StreamWriter
    waiting: dict[int, "asyncio.Future[dict[str, Any]]"] = field(
        default_factory=dict[int, "asyncio.Future[dict[str, Any]]"]
    )
    asked: int = 0
    listening: "asyncio.Task[None] | None" = None


class Extractor:
    """Reads pages of sites, by yt-dlp. `close` it when done.

    Parameters
    ----------
    data_dir
        Where an operator's version of yt-dlp is, and what it keeps.
    trusted_hosts
        `TRUSTED_MEDIA_HOSTS`: whose private addresses may be connected to.
    environment
        More variables for the worker.
    deadline_seconds
        For each question, its waiting included.
    idle_seconds
        After which the worker is ended.
    memory_bytes
        That the worker may allocate.
    command
        What the worker is.

    Its questions raise `MediaError`: with the site's reason, or as a `fault` when no worker lives
    to tell.
    """

    def __init__(
        self,
        *,
        data_dir: Path,
        trusted_hosts: str = "",
        environment: Mapping[str, str] | None = None,
        deadline_seconds: float = DEADLINE_SECONDS,
        idle_seconds: float = IDLE_SECONDS,
        memory_bytes: int = MEMORY,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._data_dir = data_dir
        self._trusted_hosts = trusted_hosts
        self._environment = dict(environment or {})
        self._deadline_seconds = deadline_seconds
        self._idle_seconds = idle_seconds
        self._memory = memory_bytes
        self._command = tuple(command)
        self._numbers = itertools.count(1)
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._starting = asyncio.Lock()
        self._again = asyncio.Lock()
        self._worker: _Worker | None = None
        self._workers: set[_Worker] = set()
        self._idle: asyncio.TimerHandle | None = None
        self._ends: set[asyncio.Task[None]] = set()
        self._questions = 0
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The worker's process; None while there is none."""
        return None if self._worker is None else self._worker.child.pid

    async def look(self, url: str) -> Item | Collection | None:
        """Say what is on a page; None if nobody but a guesser knows such pages."""
        found = await self._ask({"do": "look", "url": url})
        if found is None:
            return None
        return _collection(found) if "items" in _fields(found) else _item(found)

    async def search(self, where: str, words: str, limit: int) -> tuple[Item, ...]:
        """Search `ytsearch`, `ytmsearch` or `scsearch`: up to `limit` tracks, the best first."""
        question = {"do": "search", "where": where, "words": words, "limit": limit}
        return _items(await self._ask(question))

    async def address(self, url: str) -> Address:
        """Say where the sound of an item's page is now."""
        return _address(await self._ask({"do": "address", "url": url}))

    async def close(self) -> None:
        """End the worker; whoever still waits is told that it is lost."""
        self._closed = True
        self._stop_idling()
        self._retire()
        # Those, too, that were only to finish what they had.
        for worker in list(self._workers):
            self._end(worker, kill=False)
        while self._ends:
            await asyncio.wait(self._ends)

    async def _ask(self, question: Mapping[str, object]) -> object:
        self._stop_idling()
        self._questions += 1
        try:
            async with asyncio.timeout(self._deadline_seconds) as deadline, self._turns:
                try:
                    return await self._ask_once(question, deadline)
                except _Lost:
                    # By itself this time, for it may be what the worker died of.
                    async with self._again:
                        return await self._ask_once(question, deadline)
        except _Lost:
            raise MediaError(
                "The site could not be read.", "fault", "yt-dlp's worker died twice"
            ) from None
        except TimeoutError:
            raise MediaError(
                "The site does not answer in time.", "fault", "yt-dlp's deadline"
            ) from None
        finally:
            self._questions -= 1
            if not self._questions and not self._closed:
                self._start_idling()

    async def _ask_once(self, question: Mapping[str, object], deadline: asyncio.Timeout) -> object:
        """Ask the worker. Raises `_Lost` when it is gone before it answered."""
        async with self._starting:
            worker = await self._current()
        number = next(self._numbers)
        answer = worker.waiting[number] = asyncio.get_running_loop().create_future()
        worker.asked += 1
        time = asyncio.get_running_loop().time
        asked_at = time()
        try:
            line = json.dumps({"id": number, **question}) + "\n"
            worker.writer.write(line.encode())
            return _outcome(await answer)
        except asyncio.CancelledError:
            # One that is late is in the hands of a page, and of no use to anybody; but not where
            # the question has waited for others nearly until then.
            had = time() - asked_at
            if deadline.expired() and number in worker.waiting and had > self._deadline_seconds / 2:
                self._give_up(worker)
            raise
        finally:
            worker.waiting.pop(number, None)

    def _give_up(self, worker: _Worker) -> None:
        if worker is self._worker:
            _log.warning("extractor.hangs", pid=worker.child.pid)
            self._worker = None
        self._end(worker, kill=True)

    async def _current(self) -> _Worker:
        if self._closed:
            raise MediaError("The audio node is stopping.", "fault", "the extractor is closed")
        worker = self._worker
        version = release.current(self._data_dir)
        if worker is not None and worker.asked < QUESTIONS and worker.version == version:
            return worker
        if worker is not None and not worker.waiting:
            self._retire()
        elif worker is not None:
            # It finishes what it has, and is ended by its last answer.
            self._worker = None
        try:
            return await self._start(version)
        except OSError as error:
            raise MediaError("The site could not be read.", "fault", str(error)) from error

    async def _start(self, version: Path | None) -> _Worker:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                child = self._spawn(theirs.fileno())
            except OSError:
                ours.close()
                raise
        try:
            reader, writer = await asyncio.open_connection(sock=ours, limit=LONGEST_ANSWER)
        except BaseException:
            # Whoever asked is late.
            ours.close()
            _kill(child)
            child.wait()
            raise
        worker = _Worker(child, version, writer)
        worker.listening = asyncio.create_task(self._listen(worker, reader), name="extractor")
        self._worker = worker
        self._workers.add(worker)
        _log.info("extractor.started", pid=child.pid, version=version and version.name)
        return worker

    def _spawn(self, theirs: int) -> "subprocess.Popen[bytes]":
        settings = {
            "data_dir": str(self._data_dir),
            "trusted_hosts": self._trusted_hosts,
            "memory": str(self._memory),
            "cache": str(self._data_dir / "yt-dlp-cache"),
        }
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        # The JavaScript runtime that YouTube's player needs is installed beside this Python.
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        told = {"PATH": path, "SERAPHIM_EXTRACTOR": json.dumps(settings)}
        return subprocess.Popen(  # noqa: S603 - this Python, and a number
            [*self._command, str(theirs)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(theirs,),
            env=inherited | told | self._environment,
            start_new_session=True,
        )

    async def _listen(self, worker: _Worker, reader: asyncio.StreamReader) -> None:
        reason = "it ended"
        try:
            while line := await reader.readline():
                answer = cast("dict[str, Any]", json.loads(line))
                waiting = worker.waiting.pop(answer["id"], None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(answer)
                if worker is not self._worker and not worker.waiting:
                    break
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            reason = f"{type(error).__name__}: {error}"
        if worker is self._worker:
            self._worker = None
            _log.warning("extractor.died", pid=worker.child.pid, reason=reason)
        self._end(worker, kill=True)

    def _retire(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            self._end(worker, kill=False)

    def _end(self, worker: _Worker, *, kill: bool) -> None:
        for waiting in worker.waiting.values():
            if not waiting.done():
                waiting.set_exception(_Lost())
        if worker.listening is None:
            return
        self._workers.discard(worker)
        listening, worker.listening = worker.listening, None
        end = asyncio.create_task(self._see_off(worker, listening, kill=kill))
        self._ends.add(end)
        end.add_done_callback(self._ends.discard)

    async def _see_off(
        self, worker: _Worker, listening: "asyncio.Task[None]", *, kill: bool
    ) -> None:
        listening.cancel()
        worker.writer.close()
        with contextlib.suppress(OSError):
            await worker.writer.wait_closed()
        if kill:
            _kill(worker.child)
        try:
            await asyncio.to_thread(worker.child.wait, END_SECONDS)
        except subprocess.TimeoutExpired:
            _kill(worker.child)
            await asyncio.to_thread(worker.child.wait)

    def _start_idling(self) -> None:
        loop = asyncio.get_running_loop()
        self._idle = loop.call_later(self._idle_seconds, self._retire)

    def _stop_idling(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None


def _kill(child: "subprocess.Popen[bytes]") -> None:
    """End it and what it runs in turn: a player's program may never end by itself."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def _outcome(answer: Mapping[str, Any]) -> object:
    error = answer.get("error")
    if error is None:
        return answer.get("found")
    if not isinstance(error, list) or len(cast("list[object]", error)) != ERROR_PARTS:
        raise _unreadable("not an error")
    message, severity, cause = (str(part) for part in cast("list[object]", error))
    raise MediaError(message, _SEVERITIES.get(severity, "fault"), cause)


def _unreadable(cause: str) -> MediaError:
    return MediaError("The site could not be read.", "fault", cause)


def _fields(found: object) -> Mapping[str, object]:
    if not isinstance(found, dict):
        raise _unreadable("not an answer")
    return cast("Mapping[str, object]", found)


def _text(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise _unreadable(f"an answer without {name}")
    return value


def _optional(fields: Mapping[str, object], name: str) -> str | None:
    value = fields.get(name)
    return value if isinstance(value, str) else None


def _item(found: object) -> Item:
    fields = _fields(found)
    length = fields.get("length_ms")
    return Item(
        url=_text(fields, "url"),
        identifier=_text(fields, "identifier"),
        title=_text(fields, "title"),
        author=_text(fields, "author"),
        length_ms=length if isinstance(length, int) else None,
        live=fields.get("live") is True,
        source=_text(fields, "source"),
        artwork=_optional(fields, "artwork"),
        isrc=_optional(fields, "isrc"),
    )


def _items(found: object) -> tuple[Item, ...]:
    if not isinstance(found, list):
        raise _unreadable("not an answer")
    return tuple(_item(one) for one in cast("list[object]", found))


def _collection(found: object) -> Collection:
    fields = _fields(found)
    selected = fields.get("selected")
    return Collection(
        _text(fields, "title"),
        _items(fields.get("items")),
        selected if isinstance(selected, int) else -1,
    )


def _address(found: object) -> Address:
    fields = _fields(found)
    headers, expires_at = fields.get("headers", []), fields.get("expires_at")
    if not isinstance(headers, list):
        raise _unreadable("headers that are none")
    return Address(
        _text(fields, "url"),
        tuple(map(_header, cast("list[object]", headers))),
        float(expires_at) if isinstance(expires_at, int | float) and expires_at < NEVER else None,
    )


def _header(found: object) -> tuple[str, str]:
    pair = cast("list[object]", found) if isinstance(found, list) else []
    match pair:
        case [str(name), str(value)]:
            return name, value
        case _:
            raise _unreadable("a header that is none")
