import base64
import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seraphim.audio_node.track import (
    MIRRORED,
    PROBED,
    UNKNOWN_LENGTH,
    TrackInfo,
    UndecodableTrack,
    UnencodableTrack,
    decode,
    encode,
)

texts = st.text(st.characters(codec="utf-8"), max_size=200)
times = st.integers(0, UNKNOWN_LENGTH - 1)
tracks = st.builds(
    TrackInfo,
    identifier=texts,
    title=texts,
    author=texts,
    length_ms=st.none() | times,
    source=texts | st.sampled_from(sorted(PROBED | MIRRORED)),
    stream=st.booleans(),
    uri=st.none() | texts,
    artwork_url=st.none() | texts,
    isrc=st.none() | texts,
    probe=texts,
    position_ms=times,
)


@given(tracks)
def test_what_is_encoded_is_decoded_the_same(track: TrackInfo) -> None:
    # Nobody else's container is kept: others have none, or it is not known before it is opened.
    probe = track.probe if track.source in PROBED else ""
    track = replace(track, probe=probe)
    assert decode(encode(track)) == track


def test_an_http_track_is_laid_out_as_lavaplayer_lays_it_out() -> None:
    track = TrackInfo(
        identifier="http://a/b.mp3",
        title="Ä\0𝄞",
        author="b",
        length_ms=60_000,
        source="http",
        uri="http://a/b.mp3",
        probe="mp3",
        position_ms=1500,
    )
    # As Java's DataOutputStream.writeUTF, writeLong and writeBoolean write it.
    message = (
        b"\x03"
        b"\x00\x0a\xc3\x84\xc0\x80\xed\xa0\xb4\xed\xb4\x9e"
        b"\x00\x01b"
        + struct.pack(">q", 60_000)
        + b"\x00\x0ehttp://a/b.mp3"
        + b"\x00"
        + b"\x01\x00\x0ehttp://a/b.mp3"
        + b"\x00"
        + b"\x00"
        + b"\x00\x04http"
        + b"\x00\x03mp3"
        + struct.pack(">q", 1500)
    )
    assert base64.b64decode(encode(track)) == struct.pack(">I", 1 << 30 | len(message)) + message


def test_a_stream_has_javas_largest_long_as_its_length() -> None:
    track = TrackInfo(
        identifier="x", title="x", author="x", length_ms=None, source="http", stream=True
    )
    assert struct.pack(">q", 2**63 - 1) in base64.b64decode(encode(track))


@given(tracks, st.data())
def test_a_track_that_was_cut_off_is_refused(track: TrackInfo, data: st.DataObject) -> None:
    whole = base64.b64decode(encode(track))
    part = whole[: data.draw(st.integers(0, len(whole) - 1))]
    with pytest.raises(UndecodableTrack):
        decode(base64.b64encode(part).decode())


@given(st.text() | st.binary().map(lambda data: base64.b64encode(data).decode()))
def test_nonsense_is_refused_and_nothing_else_happens(text: str) -> None:
    with pytest.raises(UndecodableTrack):
        decode(text)


@pytest.mark.parametrize(
    ("source", "more"),
    [
        # As lavaplayer encodes it: the position follows the source's name at once.
        ("youtube", b""),
        # As LavaSrc does: albums, artists and pictures are between the two.
        ("spotify", b"\x01\x00\x05Album\x01\x00\x0dhttps://a.b/c\x00\x00\x00\x00"),
        ("deezer", b"\x00" * 6),
    ],
)
def test_tracks_of_lavalinks_plugins_are_understood(source: str, more: bytes) -> None:
    message = (
        b"\x03\x00\x01t\x00\x01a"
        + struct.pack(">q", 1000)
        + b"\x00\x0bdQw4w9WgXcQ\x00\x00\x00\x00"
        + struct.pack(">H", len(source))
        + source.encode()
        + more
        + struct.pack(">q", 250)
    )
    whole = struct.pack(">I", 1 << 30 | len(message)) + message
    track = decode(base64.b64encode(whole).decode())
    assert (track.identifier, track.source, track.length_ms) == ("dQw4w9WgXcQ", source, 1000)
    assert (track.position_ms, track.probe) == (250, "")


def test_a_text_that_is_too_long_for_the_format_is_refused() -> None:
    track = TrackInfo(identifier="x", title="é" * 40_000, author="x", length_ms=1, source="http")
    with pytest.raises(UnencodableTrack):
        encode(track)
