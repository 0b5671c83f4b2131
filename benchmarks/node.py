"""A real audio-node process for benchmarks, with a client of it, songs, and a voice region.

The region is in this process and decrypts all that is played, so this process is busy too; when a
packet arrived is the kernel's word.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import aiohttp
import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream

from seraphim.sandbox.voice import CertificateAuthority, Heard, Mark, VoiceServer

USER = 3
LISTENER = 4
NODE = "import sys; from seraphim.cli import main; sys.exit(main(['audio-node', '--embedded']))"
START_SECONDS = 30.0


class Node:
    """A node process and a client's connection to it."""

    def __init__(self, http: aiohttp.ClientSession, port: int, pid: int, ready_ms: float) -> None:
        self._http = http
        self._base = f"http://127.0.0.1:{port}/v4"
        self._events: asyncio.Queue[Any] = asyncio.Queue()
        self.pid = pid
        self.ready_ms = ready_ms
        """From its start until it answered."""
        self.session = ""

    async def get(self, path: str, **query: str) -> Any:
        async with self._http.get(self._base + path, params=query) as response:
            return await response.json()

    async def song(self, name: str) -> str:
        """The `encoded` of a song in the music folder."""
        return (await self.get("/loadtracks", identifier=f"libsearch:{name}"))["data"][0]["encoded"]

    async def patch(self, guild: int, body: object) -> float:
        """Change a player; returns when that was asked."""
        path = f"{self._base}/sessions/{self.session}/players/{guild}"
        asked = time.monotonic()
        async with self._http.patch(path, json=body) as response:
            assert response.status == 200, await response.text()
        return asked

    async def delete(self, guild: int) -> None:
        path = f"{self._base}/sessions/{self.session}/players/{guild}"
        async with self._http.delete(path) as response:
            assert response.status == 204

    async def until_finished(self) -> None:
        """Wait until a track has come to its end, past all that came before."""
        while True:
            event = await asyncio.wait_for(self._events.get(), START_SECONDS)
            if event.get("reason") == "finished":
                return

    async def listen(self, websocket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in websocket:
            self._events.put_nowait(json.loads(message.data))

    @property
    def processes(self) -> list[int]:
        """The node and all that it started."""
        found, unseen = [], [self.pid]
        while unseen:
            pid = unseen.pop()
            found.append(pid)
            for task in Path(f"/proc/{pid}/task").iterdir():
                unseen += map(int, (task / "children").read_text().split())
        return found

    @property
    def cpu_seconds(self) -> float:
        """What all its processes have used."""
        ticks = 0
        for pid in self.processes:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    @property
    def pss_mb(self) -> float:
        """The memory of all its processes, what they share counted once."""
        kilobytes = 0
        for pid in self.processes:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            kilobytes += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        return kilobytes / 1000


class Stage:
    """A folder of songs, and a voice region that hears what nodes play."""

    def __init__(self, folder: Path, authority: CertificateAuthority) -> None:
        self.folder = folder
        self.heard: defaultdict[int, Heard] = defaultdict(Heard)
        """By channel, which has its guild's number."""
        self.joined: dict[int, Mark] = {}
        """When a player was last expected there."""
        self.region = VoiceServer(authority, self.heard.__getitem__)
        self._authority = authority

    def voice(self, guild: int) -> dict[str, str]:
        """Expect a player in a guild's channel, where somebody listens (end-to-end encrypted).

        Gives what Discord would tell it.
        """
        self.joined[guild] = self.heard[guild].mark()
        self.region.listeners(guild, [LISTENER])
        self.region.expect(
            guild_id=guild, channel_id=guild, user_id=USER, session_id=f"s{guild}", token="t"
        )
        return {
            "token": "t",
            "sessionId": f"s{guild}",
            "endpoint": self.region.endpoint,
            "channelId": str(guild),
        }

    @asynccontextmanager
    async def node(self) -> AsyncIterator[Node]:
        """Start a node and connect to it."""
        with tempfile.TemporaryDirectory(dir=self.folder) as data:
            environment = {
                "PATH": os.environ["PATH"],
                "DATA_DIR": data,
                "MUSIC_DIR": str(self.folder),
                "SSL_CERT_FILE": str(self._authority.ca_file(self.folder / "ca.pem")),
            }
            started = time.monotonic()
            with _process(environment) as process:
                assert process.stdout is not None
                listening = json.loads(await asyncio.to_thread(process.stdout.readline))
                ready_ms = 1000 * (time.monotonic() - started)
                card = json.loads((Path(data) / "audio-node.json").read_text())
                headers = {"Authorization": card["password"]}
                async with aiohttp.ClientSession(headers=headers) as http:
                    node = Node(http, listening["port"], process.pid, ready_ms)
                    url = f"http://127.0.0.1:{listening['port']}/v4/websocket"
                    async with http.ws_connect(url, headers={"User-Id": str(USER)}) as websocket:
                        node.session = (await websocket.receive_json())["sessionId"]
                        listening = asyncio.create_task(node.listen(websocket))
                        yield node
                        listening.cancel()


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    authority = CertificateAuthority()
    with tempfile.TemporaryDirectory(prefix="seraphim-benchmark-") as name:
        built = Stage(Path(name), authority)
        async with built.region:
            yield built


@contextmanager
def _process(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", NODE], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=20)


def write_song(path: Path, expression: str, seconds: float) -> None:
    """Make a song of a formula of the time `t`, in the format that the path's suffix says."""
    codec, rate = ("libopus", 48_000) if path.suffix == ".opus" else ("libmp3lame", 44_100)
    container = "ogg" if codec == "libopus" else "mp3"
    with av.open(str(path), "w", format=container) as output:
        output.metadata["title"] = path.stem
        stream = output.add_stream(codec, rate=rate, layout="stereo")
        assert isinstance(stream, AudioStream)
        stream.bit_rate = 128_000
        stream.codec_context.open()
        graph = av.filter.Graph()
        graph.link_nodes(
            graph.add("aevalsrc", f"exprs={expression}|{expression}:s={rate}:d={seconds}:c=stereo"),
            graph.add("aformat", f"sample_fmts={stream.codec_context.format.name}"),
            graph.add("asetnsamples", f"n={stream.codec_context.frame_size or 1152}:p=0"),
            graph.add("abuffersink"),
        ).configure()
        while True:
            try:
                piece = graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                break
            assert isinstance(piece, AudioFrame)
            piece.time_base = Fraction(1, rate)
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
