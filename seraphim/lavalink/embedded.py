"""The embedded audio node: a process apart, kept as a service.

It is started by `subprocess.Popen` in a session of its own, never by asyncio's process classes,
which kill their child when they close: the music goes on while the bot restarts. A bot that starts
looks for a node that a killed one left behind, and adopts it: the one that answers with the
instance id of the file in the data folder, never a process that merely has its pid. It is watched
through a pidfd, since an adopted node is nobody's child here.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import structlog

from seraphim.audio_node.instance import HEADER, Instance
from seraphim.lavalink.address import NodeAddress

log = structlog.get_logger(__name__)

LOG = "audio-node.log"
START_SECONDS = 15.0
STOP_SECONDS = 5.0
LOOK_SECONDS = 0.05
# What the node's process may know of our environment, beside what it is given.
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "TMPDIR")


class NodeProcessEnded(Exception):
    """The node's process ended by itself."""


class NodeProcess:
    """A node's process, ours or adopted."""

    def __init__(self, pid: int, child: subprocess.Popen[bytes] | None) -> None:
        self.pid = pid
        self._child = child
        # Outside Linux there is no pidfd, and the process is looked at now and then.
        self._pidfd = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None

    async def ended(self) -> None:
        """Return when the process has ended."""
        if self._pidfd is None:
            while self._alive():  # noqa: ASYNC110, nothing says so
                await asyncio.sleep(LOOK_SECONDS)
            return
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        loop.add_reader(self._pidfd, readable.set)
        try:
            await readable.wait()
        finally:
            loop.remove_reader(self._pidfd)

    def send(self, number: signal.Signals) -> None:
        """Send a signal; to a process that has ended it does nothing."""
        with contextlib.suppress(ProcessLookupError):
            if self._pidfd is None:
                os.kill(self.pid, number)
            else:
                signal.pidfd_send_signal(self._pidfd, number)

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
    """The embedded node as a service: started or adopted, watched, stopped."""

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
        adopted = await self._adopt(None)
        if adopted is not None:
            self._process, self._address = adopted
            log.info("audio_node.adopted", pid=self._process.pid, port=self._address.port)
            return
        child = self._spawn()
        self._process = NodeProcess(child.pid, child)
        try:
            async with asyncio.timeout(START_SECONDS):
                while (found := await self._adopt(child)) is None:
                    if child.poll() is not None:
                        raise NodeProcessEnded(
                            f"it ended with {child.returncode}; {self._data_dir / LOG} says why"
                        )
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError:
            raise TimeoutError(f"it did not listen in time; see {self._data_dir / LOG}") from None
        _, self._address = found
        log.info("audio_node.started", pid=child.pid, port=self._address.port)

    async def run(self) -> None:
        """Raise NodeProcessEnded when the process has ended."""
        assert self._process is not None
        await self._process.ended()
        self._address = None
        raise NodeProcessEnded(f"process {self._process.pid} ended")

    async def stop(self) -> None:
        """End the process: politely, then not."""
        process, self._process, self._address = self._process, None, None
        if process is None:
            return
        try:
            for number, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, STOP_SECONDS)):
                process.send(number)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await process.ended()
                        return
        finally:
            process.forget()

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

    async def _adopt(
        self, child: subprocess.Popen[bytes] | None
    ) -> tuple[NodeProcess, NodeAddress] | None:
        """Return the node that the instance file names, if it answers to its password.

        With `child`, only that process is meant: the file may still be the last one's.
        """
        instance = Instance.load(self._data_dir)
        if instance is None or (child is not None and child.pid != instance.pid):
            return None
        address = NodeAddress("127.0.0.1", instance.port, instance.password)
        if not await _answers(address, instance.instance):
            return None
        if child is not None and self._process is not None:
            return self._process, address
        try:
            return NodeProcess(instance.pid, None), address
        except ProcessLookupError:
            return None


async def _answers(address: NodeAddress, instance: str) -> bool:
    url = f"http://{address.host}:{address.port}/v4/info"
    headers = {"Authorization": address.password}
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2.0)) as http,
            http.get(url, headers=headers) as response,
        ):
            return response.status == 200 and response.headers.get(HEADER) == instance
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False
