"""The embedded audio node: a process apart, kept as a service.

It is started by `subprocess.Popen` in a session of its own, never by asyncio's process classes,
which kill their child when they close: the music goes on while the bot restarts. A bot that starts
looks for a node that a killed one left behind, and adopts it: the one that answers with the
instance id of the file in the data folder, never a process that merely has its pid. It is watched
through a pidfd, since an adopted node is nobody's child here, and asked for its version now and
then: one that lives and does not answer is of no more use than a dead one, and is restarted alike.
A link's lost heartbeat was not taken for that sign, since a link is also lost where the node is
well.

What a node was started with it keeps. A bot whose settings have changed replaces the node that it
finds, unless somebody listens to it.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple, NoReturn, cast

import aiohttp
import anyio
import structlog

from seraphim.audio_node.instance import HEADER, Instance, fingerprints
from seraphim.lavalink.address import NodeAddress

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

LOG = "audio-node.log"
START_SECONDS = 15.0
ANSWER_SECONDS = 2.0
# Together less than the five seconds in which a service is to stop.
STOP_SECONDS = 4.0
KILL_SECONDS = 0.5
LOOK_SECONDS = 0.05
# A node that hangs is noticed after twice both, 10 s, at the latest.
WATCH_SECONDS = 2.0
SILENT_SECONDS = 3.0
SILENT_TIMES = 2
# What the node's process may know of our environment, beside what it is given.
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "TMPDIR")


class NodeProcessEnded(Exception):
    """The node's process ended by itself."""


class NodeProcessHung(Exception):
    """The node's process lives and does not answer."""


# Popen complains of a child that is forgotten while it runs.
_left_running: list[subprocess.Popen[bytes]] = []


class NodeProcess:
    """A node's process: our `child`, or an adopted one. Raises OSError where there is none."""

    def __init__(self, pid: int, child: subprocess.Popen[bytes] | None = None) -> None:
        self.pid = pid
        self._child = child
        # Outside Linux there is no pidfd, and the process is looked at now and then.
        self._pidfd = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None

    async def ended(self) -> None:
        """Return when the process has ended."""
        if self._pidfd is None:
            while self._alive():  # noqa: ASYNC110, nothing says so
                await anyio.sleep(LOOK_SECONDS)
        else:
            await anyio.wait_readable(self._pidfd)

    def send(self, number: signal.Signals) -> None:
        """Send a signal; to a process that has ended it does nothing."""
        with contextlib.suppress(ProcessLookupError):
            if self._pidfd is None:
                os.kill(self.pid, number)
            else:
                signal.pidfd_send_signal(self._pidfd, number)

    @property
    def exit_code(self) -> int | None:
        """The exit code; None while it runs, and for an adopted one."""
        return None if self._child is None else self._child.poll()

    def forget(self) -> None:
        """Let go of the process; it is reaped if it was our child and has ended."""
        if self._child is not None and self._child.poll() is None:
            _left_running.append(self._child)
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None

    def _alive(self) -> bool:
        if self._child is not None:
            return self._child.poll() is None
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True


class EmbeddedNode:
    """The embedded node as a service: started or adopted, watched, stopped.

    Parameters
    ----------
    data_dir
        Where the node keeps its card and its log.
    environment
        What the node is told beside `DATA_DIR` and what `INHERITED` names.
    may_replace
        Whether a node that was started with other settings, and plays to nobody, gives way to a
        new one. False for a process that takes over from another: the node is still that one's.
    """

    def __init__(
        self, data_dir: Path, environment: Mapping[str, str], *, may_replace: bool = True
    ) -> None:
        self._data_dir = data_dir
        self._environment = environment
        self._may_replace = may_replace
        self._process: NodeProcess | None = None
        self._address: NodeAddress | None = None
        self._hangs = False
        self.leave_running = False
        """Whether `stop` lets go of the node and leaves it to the process that takes over. May be
        changed at any time until then."""

    def address(self) -> NodeAddress | None:
        """Return where the node listens; None while it does not."""
        return self._address

    async def start(self) -> None:
        """Adopt the node that runs, or start one; return when it listens.

        Raises NodeProcessEnded when it ends instead, TimeoutError when it does neither.
        """
        self._data_dir.mkdir(parents=True, exist_ok=True)
        if await self._adopt():
            return
        child = self._spawn()
        # Known from here on: should the start fail or be cancelled, `stop` ends it.
        self._process = NodeProcess(child.pid, child)
        with anyio.move_on_after(START_SECONDS):
            self._address = await self._listening(child)
            return
        raise TimeoutError(f"the audio node did not listen in time; see {self._data_dir / LOG}")

    async def run(self) -> NoReturn:
        """Raise NodeProcessEnded when the process has ended, NodeProcessHung when it hangs."""
        process, address = self._process, self._address
        assert process is not None
        assert address is not None
        ended = anyio.Event()
        async with anyio.create_task_group() as watch:

            async def until_ended() -> None:
                await process.ended()
                ended.set()
                watch.cancel_scope.cancel()

            watch.start_soon(until_ended)
            await _until_silent(address)
            watch.cancel_scope.cancel()
        self._address = None
        log_file = self._data_dir / LOG
        if ended.is_set():
            raise NodeProcessEnded(_epitaph(process.pid, process.exit_code, log_file))
        self._hangs = True
        raise NodeProcessHung(
            f"the audio node's process {process.pid} does not answer; see {log_file}"
        )

    async def stop(self) -> None:
        """End the process: politely, then not; or leave it to another, see `leave_running`.

        One that hangs is ended in any case, and at once. Cancelled, it ends it at once.
        """
        process, self._process, self._address = self._process, None, None
        hangs, self._hangs = self._hangs, False
        if process is None:
            return
        if self.leave_running and not hangs:
            log.info("audio_node.left_running", pid=process.pid)
            process.forget()
            return
        await _end(process, politely=not hangs)

    async def _adopt(self) -> bool:
        instance = Instance.load(self._data_dir)
        if instance is None:
            return False
        try:
            process = NodeProcess(instance.pid)
        except (OSError, OverflowError):
            return False
        # The process is held before it is asked: should it answer, it is the one that is held, and
        # no other that got its pid since.
        try:
            address = await _address(instance)
            outdated = address is not None and await self._is_outdated(instance, address)
        except BaseException:
            process.forget()
            raise
        if address is None:
            process.forget()
            return False
        if outdated:
            await _end(process, politely=True)
            return False
        self._process, self._address = process, address
        log.info("audio_node.adopted", pid=process.pid, port=address.port)
        return True

    async def _is_outdated(self, instance: Instance, address: NodeAddress) -> bool:
        """Whether the node has other settings than it should, and nobody would miss it."""
        ours, theirs = fingerprints(self._child_environment()), instance.settings
        changed = sorted(name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name))
        if not changed:
            return False
        playing = await _playing(address)
        if self._may_replace and playing == 0:
            log.info("audio_node.replaced", pid=instance.pid, changed=changed)
            return True
        # The music matters more; they hold from the node's next start on.
        log.warning("audio_node.settings_not_taken", changed=changed, playing=playing)
        return False

    def _child_environment(self) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        return {**inherited, **self._environment, "DATA_DIR": str(self._data_dir)}

    def _spawn(self) -> subprocess.Popen[bytes]:
        # It names sessions, guilds and addresses: its owner's alone, also where it was not before.
        owners = partial(os.open, mode=0o600)
        with open(self._data_dir / LOG, "ab", opener=owners) as output:
            os.fchmod(output.fileno(), 0o600)
            return subprocess.Popen(
                [sys.executable, "-m", "seraphim", "audio-node", "--embedded"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self._child_environment(),
                start_new_session=True,
            )

    async def _listening(self, child: subprocess.Popen[bytes]) -> NodeAddress:
        while child.poll() is None:
            instance = Instance.load(self._data_dir)
            # Until the child has written the file, it is the last node's.
            if instance is not None and instance.pid == child.pid:
                address = await _address(instance)
                if address is not None:
                    log.info("audio_node.started", pid=child.pid, port=address.port)
                    return address
            await anyio.sleep(LOOK_SECONDS)
        raise NodeProcessEnded(_epitaph(child.pid, child.returncode, self._data_dir / LOG))


async def _end(process: NodeProcess, *, politely: bool) -> None:
    """End a process, and let go of it. Cancelled, it ends it at once."""
    try:
        if politely:
            process.send(signal.SIGTERM)
            with anyio.move_on_after(STOP_SECONDS):
                await process.ended()
                return
        log.warning("audio_node.killed", pid=process.pid, hung=not politely)
    finally:
        # Also where this is cancelled: nobody else would do it.
        process.send(signal.SIGKILL)
        with anyio.move_on_after(KILL_SECONDS, shield=True):
            await process.ended()
        process.forget()


async def _address(instance: Instance) -> NodeAddress | None:
    """Return where the node is that the file tells of, if it is there and answers as that one."""
    address = NodeAddress("127.0.0.1", instance.port, instance.password)
    answer = await _get(address, "/v4/info", ANSWER_SECONDS)
    return address if answer is not None and answer.instance == instance.instance else None


async def _until_silent(address: NodeAddress) -> None:
    """Return when the node does not answer any more."""
    missed = 0
    while missed < SILENT_TIMES:
        await anyio.sleep(WATCH_SECONDS)
        answer = await _get(address, "/version", SILENT_SECONDS)
        missed = 0 if answer is not None else missed + 1


async def _playing(address: NodeAddress) -> int | None:
    """Return how many players play there; None where that cannot be told."""
    answer = await _get(address, "/v4/stats", ANSWER_SECONDS)
    if answer is None:
        return None
    try:
        told: object = json.loads(answer.body)
    except ValueError:
        return None
    playing = (
        cast("dict[str, object]", told).get("playingPlayers") if isinstance(told, dict) else None
    )
    return playing if isinstance(playing, int) else None


class _Answer(NamedTuple):
    """What a node answered, and as which instance."""

    instance: str | None
    body: bytes


async def _get(address: NodeAddress, path: str, seconds: float) -> _Answer | None:
    """Return the node's answer; None when there is none, or another than 200, in time."""
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=seconds)) as http,
            http.get(
                f"http://{address.host}:{address.port}{path}",
                headers={"Authorization": address.password},
            ) as response,
        ):
            if response.status != 200:
                return None
            return _Answer(response.headers.get(HEADER), await response.read())
    except (aiohttp.ClientError, OSError):
        return None


def _epitaph(pid: int, code: int | None, log_file: Path) -> str:
    how = "" if code is None else f" with {code}"
    return f"the audio node's process {pid} ended{how}; see {log_file}"
