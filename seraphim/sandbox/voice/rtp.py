"""Reading RTP (RFC 3550) as Discord's `rtpsize` modes lay it out.

What stays in clear is the fixed header, the CSRCs and, if there is an extension, the four bytes
that begin it; the extension's words come first in the encrypted part. So a packet is read twice:
`Header.parse` before it is decrypted, `Header.payload` after.
"""

import struct
from dataclasses import dataclass

FIXED = struct.Struct(">BBHII")
EXTENSION = struct.Struct(">HH")

VERSION = 2
OPUS = 0x78
"""The payload type that Discord gives Opus."""

RTCP_TYPES = range(192, 224)
"""The second byte of an RTCP packet (RFC 5761): no sound, and nothing to complain about."""


class MalformedPacketError(Exception):
    """The datagram is not RTP."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a packet says in clear."""

    marker: bool
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    csrcs: tuple[int, ...]
    padded: bool
    extension_profile: int | None
    extension_words: int
    size: int
    """Bytes in clear: what is authenticated but not encrypted."""

    @classmethod
    def parse(cls, datagram: bytes) -> "Header":
        """Read the part of a packet that is in clear.

        Raises
        ------
        MalformedPacketError
            If it is too short for what it announces, or of another version.
        """
        if len(datagram) < FIXED.size:
            raise MalformedPacketError(f"{len(datagram)} bytes are too few for a header")
        first, second, sequence, timestamp, ssrc = FIXED.unpack_from(datagram)
        if first >> 6 != VERSION:
            raise MalformedPacketError(f"version {first >> 6} instead of {VERSION}")
        csrc_count = first & 0x0F
        extended = bool(first & 0x10)
        size = FIXED.size + 4 * csrc_count + (EXTENSION.size if extended else 0)
        if len(datagram) < size:
            raise MalformedPacketError(f"{len(datagram)} bytes, but the header has {size}")
        csrcs: tuple[int, ...] = struct.unpack_from(f">{csrc_count}I", datagram, FIXED.size)
        profile, words = None, 0
        if extended:
            profile, words = EXTENSION.unpack_from(datagram, size - EXTENSION.size)
        return cls(
            marker=bool(second & 0x80),
            payload_type=second & 0x7F,
            sequence=sequence,
            timestamp=timestamp,
            ssrc=ssrc,
            csrcs=csrcs,
            padded=bool(first & 0x20),
            extension_profile=profile,
            extension_words=words,
            size=size,
        )

    def payload(self, plaintext: bytes) -> bytes:
        """What a decrypted packet carries, without extension and padding.

        Raises
        ------
        MalformedPacketError
            If extension or padding are longer than the packet.
        """
        start, end = 4 * self.extension_words, len(plaintext)
        if self.padded:
            padding = plaintext[-1] if plaintext else 0
            if not padding:
                raise MalformedPacketError("padded by nothing")
            end -= padding
        if start > end:
            raise MalformedPacketError("extension and padding are longer than the packet")
        return plaintext[start:end]


def is_rtcp(datagram: bytes) -> bool:
    """Whether this is a report about a stream and not a part of one."""
    return len(datagram) > 1 and datagram[1] in RTCP_TYPES
