"""The embedded audio node: a process apart, kept as a service.

It is started by `subprocess.Popen` in a session of its own, never by asyncio's process classes,
which kill their child when they close: the music goes on while the bot restarts. A bot that starts
looks for a node that a killed one left behind, and adopts it: the one that answers with the
instance id of the file in the data folder, never a process that merely has its pid. It is watched
through a pidfd, since an adopted node is nobody's child here.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import aiohttp
import anyio
import structlog

from seraphim.audio_node.instance import HEADER, Instance
from seraphim.lavalink.address import NodeAddress

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

LOG = "audio-node.log"
START_SECONDS = 15.0
ANSWER_SECONDS = 2.0
# Together less than the five seconds in which a service is to stop.
STOP_SECONDS = 4.0
KILL_SECONDS = 0.5
LOOK_SECONDS = 0.05
# What the node's process may know of our environment, beside what it is given.
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "TMPDIR")


class NodeProcessEnded(Exception):
    """The node's process ended by itself."""


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
        if self._child is not None:
            self._child.poll()
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

    `environment` is what the node is told beside `DATA_DIR` and what `INHERITED` names.
    """

    def __init__(self, data_dir: Path, environment: Mapping[str, str]) -> None:
        self._data_dir = data_dir
        self._environment = environment
        self._process: NodeProcess | None = None
        self._address: NodeAddress | None = None

    def address(self) -> NodeAddress | None:
        """Return where the node listens; None while it does not."""
        return self._address

    async def start(self) -> None:
        """Adopt the node that runs, or start one; return when it listens.

        Raises NodeProcessEnded when it ends instead, TimeoutError when it does neither.
        """
        self._data_dir.mkdir(parents=True, exist_ok=True)
        self._process = await self._adopt()
        if self._process is not None:
            return
        child = self._spawn()
        # Known from here on: should the start fail or be cancelled, `stop` ends it.
        self._process = NodeProcess(child.pid, child)
        with anyio.move_on_after(START_SECONDS):
            self._address = await self._listening(child)
            return
        raise TimeoutError(f"the audio node did not listen in time; see {self._data_dir / LOG}")

    async def run(self) -> NoReturn:
        """Raise NodeProcessEnded when the process has ended."""
        assert self._process is not None
        await self._process.ended()
        self._address = None
        raise NodeProcessEnded(
            _epitaph(self._process.pid, self._process.exit_code, self._data_dir / LOG)
        )

    async def stop(self) -> None:
        """End the process: politely, then not. Cancelled, it ends it at once."""
        process, self._process, self._address = self._process, None, None
        if process is None:
            return
        try:
            process.send(signal.SIGTERM)
            with anyio.move_on_after(STOP_SECONDS):
                await process.ended()
                return
            log.warning("audio_node.killed", pid=process.pid, after_s=STOP_SECONDS)
        finally:
            # Also where this is cancelled: nobody else would do it.
            process.send(signal.SIGKILL)
            with anyio.move_on_after(KILL_SECONDS, shield=True):
                await process.ended()
            process.forget()

    async def _adopt(self) -> NodeProcess | None:
        instance = Instance.load(self._data_dir)
        if instance is None:
            return None
        try:
            process = NodeProcess(instance.pid)
        except (OSError, OverflowError):
            return None
        # The process is held before it is asked: should it answer, it is the one that is held, and
        # no other that got its pid since.
        self._address = await _address(instance)
        if self._address is None:
            process.forget()
            return None
        log.info("audio_node.adopted", pid=process.pid, port=self._address.port)
        return process

    def _spawn(self) -> subprocess.Popen[bytes]:
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        with (self._data_dir / LOG).open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "seraphim", "audio-node", "--embedded"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**inherited, **self._environment, "DATA_DIR": str(self._data_dir)},
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


async def _address(instance: Instance) -> NodeAddress | None:
    """Return where the node is that the file tells of, if it is there and answers as that one."""
    address = NodeAddress("127.0.0.1", instance.port, instance.password)
    url = f"http://{address.host}:{address.port}/v4/info"
    headers = {"Authorization": address.password}
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS)) as http,
            http.get(url, headers=headers) as response,
        ):
            is_it = response.status == 200 and response.headers.get(HEADER) == instance.instance
            return address if is_it else None
    except (aiohttp.ClientError, OSError):
        return None


def _epitaph(pid: int, code: int | None, log_file: Path) -> str:
    how = "" if code is None else f" with {code}"
    return f"the audio node's process {pid} ended{how}; see {log_file}"
