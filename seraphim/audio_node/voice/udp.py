"""The way of the sound: a UDP socket to the voice server, and the RTP packets sent through it.

A plain non-blocking socket, connected, rather than an asyncio transport: a packet is sent in the
tick that it belongs to or not at all. A transport would queue it, and late is worse than never.
What others say in the channel is never read; the kernel drops it when the small buffer is full.

A router on the way forgets within a minute whom a connection that says nothing belongs to. So every
few seconds eight bytes are sent that only count, as Discord's own clients do, whether there is
sound or not; the answers are not read either.
"""

import asyncio
import contextlib
import ipaddress
import secrets
import socket
import struct
from typing import Final

from seraphim.audio_node.voice.encryption import Encryption
from seraphim.voice import FRAME_SAMPLES, Address
from seraphim.voice.discovery import BODY_LENGTH, LAYOUT, REQUEST, RESPONSE, SIZE

_HEADER: Final = struct.Struct(">BBHII")
VERSION_2: Final = 0x80
OPUS: Final = 0x78

ASK_AGAIN_SECONDS: Final = 0.5
"""A discovery packet can be lost like any other."""

KEEP_ALIVE_SECONDS: Final = 5.0
KEEP_ALIVE_BYTES: Final = 8

UNREAD_BYTES: Final = 4096


class DiscoveryFailed(Exception):
    """The voice server's UDP port cannot be reached, or what it said is no address."""


class Transmitter:
    """One SSRC: its socket, sequence and timestamp.

    Sequence and timestamp grow by a frame's worth with every frame, whatever track it is from and
    however long nothing was sent before it; they begin anywhere, as RTP asks.
    """

    def __init__(
        self, ssrc: int, server: Address, *, keep_alive_seconds: float = KEEP_ALIVE_SECONDS
    ) -> None:
        self._ssrc = ssrc
        self._server = server
        self._keep_alive_seconds = keep_alive_seconds
        self._keep_alives = 0
        self._timer: asyncio.TimerHandle | None = None
        self._sequence = secrets.randbelow(1 << 16)
        self._timestamp = secrets.randbelow(1 << 32)
        self._socket: socket.socket | None = None
        self.encryption: Encryption | None = None
        self.sent = 0
        self.lost = 0
        """Packets that the system would not take: its buffer was full, or the server is gone."""

    async def discover(self) -> Address:
        """Open the socket, ask the voice server where it sees us, and keep that so until `close`.

        Asks again until there is an answer: the caller sets the deadline. Raises `DiscoveryFailed`.
        """
        loop = asyncio.get_running_loop()
        self._socket = opened = _open(self._server)
        request = LAYOUT.pack(REQUEST, BODY_LENGTH, self._ssrc, b"", 0)
        while True:
            try:
                await loop.sock_sendall(opened, request)
                async with asyncio.timeout(ASK_AGAIN_SECONDS):
                    while True:
                        address = self._read_address(await loop.sock_recv(opened, UNREAD_BYTES))
                        if address is not None:
                            self._schedule()
                            return address
            except TimeoutError:
                continue
            except OSError as error:
                raise DiscoveryFailed(f"UDP to {self._server.ip}: {error.strerror}") from error

    def _read_address(self, packet: bytes) -> Address | None:
        if len(packet) != SIZE:
            return None
        kind, length, ssrc, ip, port = LAYOUT.unpack(packet)
        if (kind, length, ssrc) != (RESPONSE, BODY_LENGTH, self._ssrc):
            return None
        try:
            return Address(ip.rstrip(b"\0").decode("ascii"), port)
        except UnicodeDecodeError as error:
            raise DiscoveryFailed("the address in the answer is not ASCII") from error

    def send(self, frame: bytes) -> None:
        """Send one Opus frame now, or count it as lost; sequence and timestamp go on either way."""
        if self._socket is None or self.encryption is None:
            return
        header = _HEADER.pack(VERSION_2, OPUS, self._sequence, self._timestamp, self._ssrc)
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._timestamp = (self._timestamp + FRAME_SAMPLES) & 0xFFFFFFFF
        packet = self.encryption.seal(header, frame)
        try:
            self._socket.send(packet)
        except OSError:
            self.lost += 1
        else:
            self.sent += 1

    def _schedule(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._keep_alive_seconds, self._keep_alive)

    def _keep_alive(self) -> None:
        assert self._socket is not None
        # One that the system does not take is nothing to the next; who is gone, the gateway tells.
        with contextlib.suppress(OSError):
            self._socket.send(self._keep_alives.to_bytes(KEEP_ALIVE_BYTES, "little"))
        self._keep_alives += 1
        self._schedule()

    def close(self) -> None:
        """Close the socket; what is sent later goes nowhere."""
        if self._timer is not None:
            self._timer.cancel()
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _open(server: Address) -> socket.socket:
    try:
        # Numbers only: a name would ask a resolver, and everything would wait for it.
        version = ipaddress.ip_address(server.ip).version
    except ValueError as error:
        raise DiscoveryFailed("the voice server's address for sound is none") from error
    opened = socket.socket(socket.AF_INET if version == 4 else socket.AF_INET6, socket.SOCK_DGRAM)
    try:
        opened.setblocking(False)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UNREAD_BYTES)
        opened.connect(server)
    except (OSError, OverflowError) as error:
        opened.close()
        raise DiscoveryFailed(f"UDP to {server.ip}: {error}") from error
    return opened
