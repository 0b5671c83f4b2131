"""Tones to play and a web server to play them from, for all tests of the audio node.

`melody` changes its pitch every second, so that a position can be heard.
"""

import array
import asyncio
import itertools
import json
import math
import re
import socket
import ssl
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import aiohttp
import av
import pytest
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.error import BlockingIOError as NothingYet
from av.error import EOFError as NothingMore
from av.filter import Graph
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from seraphim.audio_node.instance import Instance
from seraphim.audio_node.node import AudioNode
from seraphim.audio_node.options import NodeOptions
from seraphim.sandbox.voice import CertificateAuthority, Heard, VoiceServer
from tests.seraphim.audio_node.stage import CHANNEL, Stage

RATE = 48_000
TONE_SECONDS = 3
MELODY_SECONDS = 12.01  # not a whole number of frames: a sample more or less is no frame more
FORMATS = {
    "wav": ("wav", "pcm_s16le"),
    "mp3": ("mp3", "libmp3lame"),
    "flac": ("flac", "flac"),
    "ogg": ("ogg", "libopus"),
    "m4a": ("ipod", "aac"),
    "aac": ("adts", "aac"),
    "webm": ("webm", "libopus"),
}


class Opus:
    """Opus frames, decoded."""

    def __init__(self, frames: Iterable[bytes]) -> None:
        decoder = av.CodecContext.create("libopus", "r")
        assert isinstance(decoder, AudioCodecContext)
        decoder.sample_rate = RATE
        decoder.layout = "stereo"
        self.left = array.array("f")
        for frame in frames:
            for piece in decoder.decode(av.Packet(frame)):
                samples = array.array("h" if piece.format.name.startswith("s16") else "f")
                samples.frombytes(bytes(piece.planes[0])[: piece.samples * samples.itemsize * 2])
                scale = 32768 if samples.typecode == "h" else 1
                self.left.extend(value / scale for value in samples[::2])

    @property
    def seconds(self) -> float:
        return len(self.left) / RATE

    def pitch(self, start: float, end: float) -> float:
        """Hz between two moments, from the first to the last crossing of zero."""
        part = self.left[int(start * RATE) : int(end * RATE)]
        rising = [i for i, (a, b) in enumerate(itertools.pairwise(part)) if a < 0 <= b]
        assert len(rising) > 2, "there is no tone"
        return (len(rising) - 1) * RATE / (rising[-1] - rising[0])

    def level(self, start: float, end: float) -> float:
        """Root mean square between two moments."""
        part = self.left[int(start * RATE) : int(end * RATE)]
        return math.sqrt(sum(value * value for value in part) / len(part))


class Tones:
    """Makes audio files, once each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def tone(self, kind: str, hertz: int = 440) -> Path:
        """Three seconds of one pitch."""
        return self._make(f"tone-{hertz}.{kind}", f"0.4*sin(2*PI*{hertz}*t)", TONE_SECONDS)

    def melody(self, kind: str) -> Path:
        """Twelve seconds and a bit, the k-th of them (from 0) at 300 + 100 k Hz."""
        return self._make(f"melody.{kind}", "0.4*sin(2*PI*(300+100*floor(t))*t)", MELODY_SECONDS)

    def _make(self, name: str, expression: str, seconds: float) -> Path:
        path = self._folder / name
        if not path.exists():
            container, codec = FORMATS[path.suffix[1:]]
            write(path, container, codec, expression, seconds)
        return path


def write(path: Path, container: str, codec: str, expression: str, seconds: float) -> None:
    rate = RATE if codec == "libopus" else 44_100
    with av.open(str(path), "w", format=container) as output:
        output.metadata.update({"title": f"The {path.stem}", "artist": "Ada Ångström"})
        stream = output.add_stream(codec, rate=rate, layout="stereo")
        assert isinstance(stream, AudioStream)
        if codec == "libopus":
            stream.bit_rate = 128_000
        stream.codec_context.open()
        graph = Graph()
        graph.threads = 1
        size = stream.codec_context.frame_size or 1024
        source = f"exprs={expression}|{expression}:s={rate}:d={seconds}:c=stereo"
        graph.link_nodes(
            graph.add("aevalsrc", source),
            graph.add("aformat", f"sample_fmts={stream.codec_context.format.name}"),
            graph.add("asetnsamples", f"n={size}:p=0"),
            graph.add("abuffersink"),
        ).configure()
        while True:
            try:
                piece = graph.pull()
            except (NothingYet, NothingMore):
                break
            assert isinstance(piece, AudioFrame)
            piece.time_base = Fraction(1, rate)
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))


class Request:
    """One request to the server, and what is sent back."""

    def __init__(self, connection: socket.socket, path: str, headers: dict[str, str]) -> None:
        self._connection = connection
        self.path = path
        self.headers = headers

    def send(self, data: bytes) -> None:
        self._connection.sendall(data)

    def head(self, status: str = "200 OK", **headers: object) -> None:
        lines = [f"HTTP/1.1 {status}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send("\r\n".join([*lines, "", ""]).encode())

    def body(self, data: bytes, *, ranges: bool = True, **headers: object) -> None:
        """Answer as a web server answers for a file."""
        wanted = re.match(r"bytes=(\d+)-\Z", self.headers.get("range", ""))
        if not (ranges and wanted):
            self.head(Content_Length=len(data), **headers)
            self.send(data)
            return
        start = int(wanted[1])
        self.head(
            "206 Partial Content",
            Content_Range=f"bytes {start}-{len(data) - 1}/{len(data)}",
            Content_Length=len(data) - start,
            **headers,
        )
        self.send(data[start:])

    def wait_for_the_client_to_leave(self) -> None:
        self._connection.settimeout(60)
        while self._connection.recv(4096):
            pass


Answer = Callable[[Request], None]


class MediaServer:
    """A web server on loopback: each path is answered by a function, in a thread of its own."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.requests: list[str] = []
        self.answers: dict[str, Answer] = {}
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.host = f"127.0.0.1:{self.port}"
        self._connections: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def answer(self, path: str, answer: Answer) -> str:
        """Say what is answered to a path; gives its URL."""
        self.answers[path] = answer
        return f"http://{self.host}{path}"

    def file(self, file: Path, *, ranges: bool = True) -> str:
        data = file.read_bytes()
        return self.answer(f"/{file.name}", lambda request: request.body(data, ranges=ranges))

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for connection in self._connections:
            connection.close()
        self._thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self._connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            head = b""
            while b"\r\n\r\n" not in head:
                piece = connection.recv(4096)
                if not piece:
                    return
                head += piece
            first, *lines = head.decode("latin-1").split("\r\n")
            path = first.split(" ")[1]
            headers = dict(line.lower().split(": ", 1) for line in lines if line)
            self.requests.append(path)
            request = Request(connection, path, headers)
            answer = self.answers.get(path.split("?")[0])
            if answer is None:
                request.head("404 Not Found", Content_Length=0)
            else:
                answer(request)
        except OSError:
            return  # the client has left
        finally:
            connection.close()


@pytest.fixture(scope="session")
def tones(tmp_path_factory: pytest.TempPathFactory) -> Tones:
    return Tones(tmp_path_factory.mktemp("tones"))


@pytest.fixture(scope="session")
def opus() -> type[Opus]:
    """Decodes frames: `opus(frames).pitch(0.5, 1)`."""
    return Opus


@pytest.fixture
def server() -> Iterator[MediaServer]:
    with_thread = MediaServer()
    yield with_thread
    with_thread.close()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for `localhost`, with its key, that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    path.write_bytes(
        certificate.public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return path


@pytest.fixture
def tls_server(certificate: Path) -> Iterator[MediaServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with_thread = MediaServer(context)
    yield with_thread
    with_thread.close()


# The node itself: a voice region to be heard in, and a client of the node


@pytest.fixture(scope="session")
def authority() -> CertificateAuthority:
    return CertificateAuthority()


@pytest.fixture
def tls(authority: CertificateAuthority) -> ssl.SSLContext:
    """What trusts the region."""
    return ssl.create_default_context(cadata=authority.pem.decode("ascii"))


@pytest.fixture
def heard() -> defaultdict[int, Heard]:
    """What each channel heard."""
    return defaultdict(Heard)


@pytest.fixture
async def region(
    authority: CertificateAuthority, heard: defaultdict[int, Heard]
) -> AsyncIterator[VoiceServer]:
    async with VoiceServer(authority, heard.__getitem__) as region:
        yield region


@pytest.fixture
async def stage(
    region: VoiceServer, heard: defaultdict[int, Heard], tls: ssl.SSLContext
) -> AsyncIterator[Stage]:
    async with aiohttp.ClientSession() as http:
        stage = Stage(region, heard[CHANNEL], http, tls)
        yield stage
        await stage.player.destroy()
        assert not stage.ears.violations
        assert all(feed.closed for feed in stage.feeds)


class Client:
    """A client of a node: its REST calls, and all that its websocket said."""

    USER = 3

    def __init__(self, http: aiohttp.ClientSession, instance: Instance) -> None:
        self.http = http
        self.base = f"http://127.0.0.1:{instance.port}"
        self.messages: list[dict[str, Any]] = []
        self.session = ""
        self.closed: int | None = None
        self._arrived = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None
        self._websocket: aiohttp.ClientWebSocketResponse | None = None

    async def connect(self, **headers: str) -> dict[str, Any]:
        """Open the websocket and return `ready`."""
        self._websocket = await self.http.ws_connect(
            f"{self.base}/v4/websocket", headers={"User-Id": str(self.USER), **headers}
        )
        self.closed = None
        self._reading = asyncio.create_task(self._read(self._websocket))
        ready = await self.until(op="ready")
        self.session = ready["sessionId"]
        return ready

    async def disconnect(self) -> None:
        assert self._websocket is not None
        assert self._reading is not None
        await self._websocket.close()
        await self._reading

    async def _read(self, websocket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in websocket:
            self.messages.append(json.loads(message.data))
            self._arrived.set()
        self.closed = websocket.close_code
        self._arrived.set()

    async def until_true(self, condition: Callable[[], object]) -> None:
        """Wait until something is so, looking after each message."""
        async with asyncio.timeout(20):
            while not condition():
                self._arrived.clear()
                await self._arrived.wait()

    async def until(self, **fields: object) -> dict[str, Any]:
        """Wait for a message with these fields, from the first that was not yet asked for."""
        found: list[int] = []

        def arrived() -> bool:
            found.extend(
                index
                for index, message in enumerate(self.messages)
                if all(message.get(key) == value for key, value in fields.items())
            )
            return bool(found)

        await self.until_true(arrived)
        message = self.messages[found[0]]
        del self.messages[: found[0] + 1]
        return message

    def events(self) -> list[str]:
        """The kinds of the events that were not yet asked for."""
        return [message["type"] for message in self.messages if message["op"] == "event"]

    async def call(
        self, method: str, path: str, body: object = None, **query: str
    ) -> tuple[int, Any]:
        """Return the status and the JSON of an answer."""
        async with self.http.request(method, self.base + path, json=body, params=query) as response:
            text = await response.text()
            return response.status, json.loads(text) if text else None

    async def patch(self, guild: int, body: object, **query: str) -> dict[str, Any]:
        """Change a player."""
        path = f"/v4/sessions/{self.session}/players/{guild}"
        status, answer = await self.call("PATCH", path, body, **query)
        assert status == 200, answer
        return answer

    async def load(self, identifier: str) -> dict[str, Any]:
        """Return the first track that the identifier leads to."""
        status, answer = await self.call("GET", "/v4/loadtracks", identifier=identifier)
        assert status == 200
        data = answer["data"]
        return data[0] if answer["loadType"] == "search" else data

    def voice(self, region: VoiceServer, *, guild: int = 1, channel: int = 2) -> dict[str, str]:
        """Be expected in a channel; gives what Discord would tell."""
        credentials = {"session_id": f"session-{guild}", "token": f"token-{guild}"}
        region.expect(guild_id=guild, channel_id=channel, user_id=self.USER, **credentials)
        return {
            "token": credentials["token"],
            "sessionId": credentials["session_id"],
            "endpoint": region.endpoint,
            "channelId": str(channel),
        }


@pytest.fixture
def node_options(tmp_path: Path, tones: Tones) -> NodeOptions:
    """A music folder with `tone-440` and `melody`; web servers on loopback are trusted."""
    folder = tones.tone("ogg").parent
    tones.melody("mp3")
    return NodeOptions(
        data_dir=tmp_path / "data",
        music_dir=folder,
        trusted_media_hosts="127.0.0.1",
        stuck_ms=300,
    )


@pytest.fixture
async def node(
    node_options: NodeOptions,
    authority: CertificateAuthority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[AudioNode]:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca_file(tmp_path / "ca.pem")))
    async with AudioNode(node_options) as node:
        yield node


@pytest.fixture
async def client(node: AudioNode) -> AsyncIterator[Client]:
    """A client of the node that is connected."""
    headers = {"Authorization": node.instance.password}
    async with aiohttp.ClientSession(headers=headers) as http:
        client = Client(http, node.instance)
        await client.connect()
        yield client
        await client.disconnect()
