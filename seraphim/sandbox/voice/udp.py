"""A voice server's one UDP port: IP discovery, and RTP with the moment it arrived.

The moment is the kernel's where it tells (SO_TIMESTAMP): packets that waited while this process
was busy, decoding for instance, must not look late. That is why this reads its socket itself
instead of through an asyncio transport, which has no place for ancillary data.
"""

import asyncio
import logging
import socket
import struct
import sys
import time
from collections.abc import Callable

from seraphim.voice import Address, discovery

log = logging.getLogger(__name__)

LARGEST_DATAGRAM = 65_535
BATCH = 64
"""Datagrams taken at once before others get their turn."""

RECEIVE_BUFFER = 4 * 1024 * 1024
"""Room for seconds of many players, so that a busy moment here is not counted as loss."""

SO_TIMESTAMP = 29
"""Linux's number, which the socket module does not know; asked for there only."""

TIMEVAL = struct.Struct("@ll")
ANCILLARY_SIZE = socket.CMSG_SPACE(TIMEVAL.size)

SHORTEST_RTP = 12
KEEP_ALIVE_SIZE = 8


class VoiceSocket:
    """Reads datagrams and hands on what may be RTP, in the order of arrival.

    Datagrams shorter than an RTP header are sent back: clients keep their NAT entry open with some
    of eight bytes, which are counted in `keep_alives`.
    """

    def __init__(
        self,
        received: Callable[[bytes, float], None],
        *,
        discoverable: Callable[[int], bool],
    ) -> None:
        """`received` gets a datagram and when it arrived, in the time of `time.monotonic`.

        `discoverable` says whether discovery for an SSRC is answered.
        """
        self.keep_alives = 0
        self._received = received
        self._discoverable = discoverable
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        if sys.platform == "linux":
            self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMP, 1)
        self._socket.bind(("127.0.0.1", 0))
        asyncio.get_running_loop().add_reader(self._socket, self._readable)

    @property
    def address(self) -> Address:
        """Where it listens."""
        ip, port = self._socket.getsockname()
        return Address(ip, port)

    def close(self) -> None:
        """Stop listening."""
        if self._socket.fileno() != -1:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()

    def _readable(self) -> None:
        for _ in range(BATCH):
            try:
                datagram, ancillary, _flags, sender = self._socket.recvmsg(
                    LARGEST_DATAGRAM, ANCILLARY_SIZE
                )
            except BlockingIOError:
                return
            except ConnectionError:
                # Linux reports here that an earlier answer found nobody.
                continue
            if len(datagram) == discovery.SIZE and self._discover(datagram, Address(*sender)):
                continue
            if len(datagram) < SHORTEST_RTP:
                self.keep_alives += len(datagram) == KEEP_ALIVE_SIZE
                self._send(datagram, Address(*sender))
            else:
                self._received(datagram, _arrival(ancillary))

    def _discover(self, datagram: bytes, sender: Address) -> bool:
        kind, length, ssrc, _, _ = discovery.LAYOUT.unpack(datagram)
        if kind != discovery.REQUEST or length != discovery.BODY_LENGTH:
            return False
        if self._discoverable(ssrc):
            ip = sender.ip.encode("ascii")
            response = (discovery.RESPONSE, discovery.BODY_LENGTH, ssrc, ip, sender.port)
            self._send(discovery.LAYOUT.pack(*response), sender)
        return True

    def _send(self, datagram: bytes, receiver: Address) -> None:
        try:
            self._socket.sendto(datagram, receiver)
        except OSError as error:
            # As on any network: the client asks again.
            log.debug("a datagram to %s was not sent: %s", receiver, error)


def _arrival(ancillary: list[tuple[int, int, bytes]]) -> float:
    now = time.monotonic()
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMP and len(data) >= TIMEVAL.size:
            seconds, microseconds = TIMEVAL.unpack_from(data)
            return now - max(0.0, time.time() - (seconds + microseconds / 1e6))
    return now
