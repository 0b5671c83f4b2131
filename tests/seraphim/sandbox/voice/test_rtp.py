"""The packet parser, against packets put together here."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seraphim.sandbox.voice.rtp import Header, MalformedPacketError, is_rtcp

u8, u16, u32 = (st.integers(0, 2**bits - 1) for bits in (8, 16, 32))


@given(
    marker=st.booleans(),
    payload_type=st.integers(0, 127),
    sequence=u16,
    timestamp=u32,
    ssrc=u32,
    csrcs=st.lists(u32, max_size=15),
    extension=st.none() | st.tuples(u16, st.lists(u32, max_size=5)),
    payload=st.binary(max_size=200),
    padding=st.integers(0, 255),
)
def test_every_part_of_a_packet_is_read_back(
    marker: bool,
    payload_type: int,
    sequence: int,
    timestamp: int,
    ssrc: int,
    csrcs: list[int],
    extension: tuple[int, list[int]] | None,
    payload: bytes,
    padding: int,
) -> None:
    first = 0x80 | bool(padding) << 5 | (extension is not None) << 4 | len(csrcs)
    clear = struct.pack(">BBHII", first, marker << 7 | payload_type, sequence, timestamp, ssrc)
    clear += struct.pack(f">{len(csrcs)}I", *csrcs)
    hidden = b""
    if extension is not None:
        profile, words = extension
        clear += struct.pack(">HH", profile, len(words))
        hidden = struct.pack(f">{len(words)}I", *words)
    hidden += payload
    if padding:
        hidden += bytes(padding - 1) + bytes([padding])

    header = Header.parse(clear + hidden)

    assert header == Header(
        marker=marker,
        payload_type=payload_type,
        sequence=sequence,
        timestamp=timestamp,
        ssrc=ssrc,
        csrcs=tuple(csrcs),
        padded=bool(padding),
        extension_profile=extension and extension[0],
        extension_words=len(extension[1]) if extension else 0,
        size=len(clear),
    )
    assert header.payload(hidden) == payload


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_any_bytes_are_read_or_called_malformed(datagram: bytes, plaintext: bytes) -> None:
    try:
        header = Header.parse(datagram)
        payload = header.payload(plaintext)
    except MalformedPacketError:
        return
    assert header.size <= len(datagram)
    assert payload in plaintext


@pytest.mark.parametrize(
    ("datagram", "reason"),
    [
        (bytes(11), "11 bytes"),
        (bytes(12), "version 0"),
        (b"\x81" + bytes(11), "the header has 16"),
        (b"\x90" + bytes(14), "the header has 16"),
    ],
)
def test_a_datagram_that_is_not_rtp_says_why(datagram: bytes, reason: str) -> None:
    with pytest.raises(MalformedPacketError, match=reason):
        Header.parse(datagram)


def test_padding_and_extension_must_fit() -> None:
    padded = Header.parse(b"\xa0" + bytes(11))
    extended = Header.parse(b"\x90" + bytes(14) + b"\x02")
    for header, plaintext in [
        (padded, b""),
        (padded, b"\x02"),
        (padded, b"\0"),
        (extended, b"1234567"),
    ]:
        with pytest.raises(MalformedPacketError):
            header.payload(plaintext)


def test_reports_are_told_from_sound() -> None:
    assert is_rtcp(b"\x81\xc8" + bytes(10))
    assert is_rtcp(b"\x81\xc9" + bytes(10))
    assert not is_rtcp(b"\x80\x78" + bytes(10))
    assert not is_rtcp(b"\x80\xf8" + bytes(10))
