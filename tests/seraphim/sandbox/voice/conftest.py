"""Music to send, and a voice client whose every step a test decides."""

import json
import math
import struct
import time
from array import array
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import aiohttp
import anyio
import av
import pytest
from anyio.abc import ConnectedUDPSocket
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_encrypt

from seraphim.sandbox.voice import CertificateAuthority, DavePolicy, Heard, VoiceServer
from seraphim.voice import Mode, Opcode
from tests.seraphim.sandbox.voice.speaker import Speaker

GUILD, CHANNEL, USER = 100, 200, 300
CREDENTIALS = {"session_id": "a-session", "token": "a-token"}


@cache
def encode_tone(hz: float, seconds: float, amplitude: int = 8_000) -> tuple[bytes, ...]:
    """20 ms Opus packets of a sine (hz 0: silence), made by PyAV."""
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = 48_000, "stereo", "s16"
    encoder.bit_rate = 128_000
    packets: list[bytes] = []
    for index in range(round(seconds * 50)):
        samples = array("h")
        for n in range(960 * index, 960 * (index + 1)):
            value = round(amplitude * math.sin(2 * math.pi * hz * n / 48_000))
            samples.extend((value, value))
        frame = av.AudioFrame(format="s16", layout="stereo", samples=960)
        frame.sample_rate, frame.pts, frame.time_base = 48_000, 960 * index, Fraction(1, 48_000)
        frame.planes[0].update(samples.tobytes())
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return tuple(packets)


@pytest.fixture(scope="session")
def tone() -> Callable[..., tuple[bytes, ...]]:
    return encode_tone


@pytest.fixture(scope="session")
def authority() -> CertificateAuthority:
    return CertificateAuthority()


@dataclass
class Place:
    """A region and the ears of its channels."""

    region: VoiceServer
    channels: defaultdict[int, Heard]
    authority: CertificateAuthority

    def expect(self, **changes: Any) -> None:
        who = {"guild_id": GUILD, "channel_id": CHANNEL, "user_id": USER, **CREDENTIALS}
        self.region.expect(**{**who, **changes})

    @asynccontextmanager
    async def connect(self) -> AsyncIterator["VoiceClient"]:
        # As the audio node must: without this aiohttp turns close codes into 1006.
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(
                f"wss://{self.region.endpoint}/?v=8",
                ssl=self.authority.client_context(),
                autoclose=False,
            ) as socket,
        ):
            yield VoiceClient(socket)


@pytest.fixture
async def open_place(
    authority: CertificateAuthority,
) -> AsyncIterator[Callable[..., Any]]:
    async with AsyncExitStack() as stack:

        async def opener(**options: Any) -> Place:
            channels: defaultdict[int, Heard] = defaultdict(Heard)
            # Most clients of these tests are as old as the voice gateway itself.
            options = {"dave": DavePolicy.OFFERED, **options}
            region = VoiceServer(authority, channels.__getitem__, **options)
            return Place(await stack.enter_async_context(region), channels, authority)

        yield opener


@pytest.fixture
async def place(open_place: Callable[..., Any]) -> Place:
    place = await open_place()
    place.expect()
    return place


class VoiceClient:
    """Speaks the protocol by hand: nothing is sent that the test did not ask for."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.ssrc = 0
        self.key = b""
        self.mode = Mode.AES256_GCM
        self.address = ("", 0)
        self.seq_ack = -1
        self.counter = 0

    async def send(self, opcode: int, data: Any) -> None:
        await self.socket.send_str(json.dumps({"op": opcode, "d": data}))

    async def receive(self) -> dict[str, Any]:
        with anyio.fail_after(10):
            message = await self.socket.receive()
        assert message.type is aiohttp.WSMsgType.TEXT, message
        content = json.loads(message.data)
        self.seq_ack = content.get("seq", self.seq_ack)
        return content

    async def expect(self, opcode: int) -> Any:
        message = await self.receive()
        assert message["op"] == opcode, message
        return message["d"]

    async def closed(self) -> int:
        """The code that the server closes with, whatever it says before."""
        with anyio.fail_after(10):
            while (message := await self.socket.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
        assert message.type is aiohttp.WSMsgType.CLOSE, message
        return message.data

    async def identify(self, **changes: Any) -> None:
        data = {"server_id": str(GUILD), "user_id": str(USER), **CREDENTIALS, **changes}
        await self.send(Opcode.IDENTIFY, data)

    async def resume(self, **changes: Any) -> None:
        data = {"server_id": str(GUILD), **CREDENTIALS, "seq_ack": self.seq_ack, **changes}
        await self.send(Opcode.RESUME, data)

    async def select(self, mode: str, protocol: str = "udp") -> None:
        data = {"address": "127.0.0.1", "port": 1, "mode": mode}
        await self.send(Opcode.SELECT_PROTOCOL, {"protocol": protocol, "data": data})

    async def authenticate(self) -> dict[str, Any]:
        """HELLO to READY."""
        await self.expect(Opcode.HELLO)
        await self.identify()
        ready = await self.expect(Opcode.READY)
        self.ssrc, self.address = ready["ssrc"], (ready["ip"], ready["port"])
        return ready

    async def join(self, mode: Mode = Mode.AES256_GCM) -> None:
        """HELLO to SPEAKING, by when its packets are heard."""
        await self.authenticate()
        await self.select(mode)
        description = await self.expect(Opcode.SESSION_DESCRIPTION)
        self.mode, self.key = Mode(description["mode"]), bytes(description["secret_key"])
        await self.send(Opcode.SPEAKING, {"speaking": 1, "delay": 0, "ssrc": self.ssrc})
        await self.heartbeat()

    async def heartbeat(self) -> Any:
        """Once this is answered, all that was sent before has been taken in."""
        sent = time.monotonic_ns()
        await self.send(Opcode.HEARTBEAT, {"t": sent, "seq_ack": self.seq_ack})
        answer = await self.expect(Opcode.HEARTBEAT_ACK)
        assert answer == {"t": sent}
        return answer

    def udp(self) -> Any:
        host, port = self.address
        return anyio.create_connected_udp_socket(host, port)

    def packet(self, index: int, opus: bytes, *, counter: int | None = None) -> bytes:
        """An encrypted RTP packet, the `index`th of the stream."""
        header = struct.pack(">BBHII", 0x80, 0x78, index % 2**16, 960 * index % 2**32, self.ssrc)
        if counter is None:
            self.counter += 1
            counter = self.counter
        return encrypt(self.mode, self.key, header, opus, counter.to_bytes(4, "little"))

    async def play(self, udp: ConnectedUDPSocket, packets: tuple[bytes, ...]) -> None:
        for index, opus in enumerate(packets):
            await udp.send(self.packet(index, opus))


def encrypt(mode: Mode, key: bytes, header: bytes, plaintext: bytes, counter: bytes) -> bytes:
    if mode is Mode.AES256_GCM:
        sealed = AESGCM(key).encrypt(counter + bytes(8), plaintext, header)
    else:
        nonce = counter + bytes(20)
        sealed = crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, header, nonce, key)
    return header + sealed + counter


@pytest.fixture(scope="session")
def encryptor() -> Callable[..., bytes]:
    return encrypt


@pytest.fixture
async def speak() -> AsyncIterator[Callable[..., Any]]:
    """Connects speakers, who leave when the test is over."""
    async with AsyncExitStack() as stack, anyio.create_task_group() as tasks:

        async def speaker(
            place: Place, user_id: int = USER, *, commits: bool = True, **identity: Any
        ) -> Speaker:
            who = {"session_id": f"session-{user_id}", "token": f"token-{user_id}"}
            place.expect(user_id=user_id, **who)
            client = await stack.enter_async_context(place.connect())
            made = Speaker(client, user_id, CHANNEL)
            if not commits:
                made.answers.remove(Opcode.DAVE_MLS_COMMIT_WELCOME)
            await made.introduce(**who, **identity)
            made.udp = await stack.enter_async_context(await client.udp())
            tasks.start_soon(made.run)
            return made

        yield speaker
        tasks.cancel_scope.cancel()
