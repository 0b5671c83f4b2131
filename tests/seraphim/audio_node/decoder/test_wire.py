import contextlib
import json
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seraphim.audio_node.decoder.wire import (
    LARGEST,
    Close,
    Configure,
    Credit,
    Ended,
    Failed,
    Frames,
    Hello,
    Message,
    Open,
    Opened,
    Ping,
    Pong,
    Splitter,
    Title,
    encode,
)
from seraphim.audio_node.filters import Filters, Loudness, Sound, Tremolo
from seraphim.audio_node.media import MediaEntry, MediaInfo, MediaSource

number = st.integers(0, 2**32 - 1)
text = st.text(max_size=20)
headers = st.lists(st.tuples(text, text), max_size=3).map(tuple)
source = st.builds(MediaSource, st.sampled_from(["http", "file"]), text, headers)
entries = st.lists(st.builds(MediaEntry, text, st.none() | text, st.none() | number), max_size=3)
info = st.builds(
    MediaInfo,
    text,
    text,
    st.none() | number,
    st.none() | text,
    st.none() | text,
    st.none() | text,
    entries.map(tuple),
)
sound = st.builds(
    Sound,
    st.integers(0, 1000),
    st.builds(
        Filters,
        volume=st.none() | st.floats(0, 5),
        equalizer=st.none()
        | st.lists(st.tuples(st.integers(0, 14), st.floats(-0.25, 1))).map(tuple),
        tremolo=st.none() | st.builds(Tremolo, depth=st.floats(0, 1)),
        loudness=st.none() | st.builds(Loudness, target=st.floats(-30, -5)),
    ),
)
splice = st.lists(st.binary(max_size=1275), max_size=6).map(tuple)
messages = st.one_of(
    st.builds(Configure, text, st.floats(0, 100)),
    st.builds(Open, number, source, number, sound, number, number, splice),
    st.builds(Credit, number, number),
    st.builds(Close, number),
    st.builds(Opened, number, info),
    st.builds(Frames, number, st.lists(st.binary(max_size=1275), max_size=5).map(tuple)),
    st.builds(Ended, number),
    st.builds(Title, number, st.none() | text),
    st.builds(Failed, number, text, st.sampled_from(["common", "suspicious", "fault"]), text),
    st.just(Ping()), st.just(Pong()), st.just(Hello()),
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(messages, max_size=8), st.data())
def test_messages_arrive_as_they_were_however_the_bytes_are_cut(
    sent: list[Message], data: st.DataObject
) -> None:
    stream = b"".join(map(encode, sent))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    splitter = Splitter()
    got: list[Message] = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        got += splitter.feed(stream[start:end])
    assert got == sent


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_bytes_that_are_no_messages_are_a_value_error_and_nothing_worse(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        list(Splitter().feed(data))


def test_a_message_that_says_it_is_huge_is_not_waited_for() -> None:
    with pytest.raises(ValueError, match="not a message"):
        list(Splitter().feed((LARGEST + 1).to_bytes(4, "big") + bytes(5)))


def test_a_frame_that_is_cut_off_is_a_value_error() -> None:
    whole = encode(Frames(1, (b"abc",)))
    cut = (len(whole) - 10).to_bytes(4, "big") + whole[4:-1]
    with pytest.raises(ValueError, match="cut off"):
        list(Splitter().feed(cut))


ABOUT = {
    "container": "mp3",
    "codec": "mp3",
    "length_ms": 1,
    "title": None,
    "author": None,
    "isrc": None,
}
FAILURE = {"message": "no", "severity": "common", "cause": "why"}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (7, [ABOUT | {"title": 1}, []]),
        (7, [ABOUT | {"length_ms": "1"}, []]),
        (7, [ABOUT | {"length_ms": True}, []]),
        (7, [ABOUT, [["http://radio.example/", 1, None]]]),
        (10, FAILURE | {"severity": "deadly"}),
        (10, FAILURE | {"cause": None}),
        (11, ["a title"]),
    ],
)
def test_a_message_with_something_else_in_it_is_a_value_error(kind: int, body: object) -> None:
    whole = json.dumps(body).encode()
    with pytest.raises(ValueError, match="not a"):
        list(Splitter().feed(struct.pack("!IBI", len(whole), kind, 1) + whole))


def test_a_message_that_is_nested_too_deep_is_a_value_error() -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    with pytest.raises(ValueError, match="not a Title"):
        list(Splitter().feed(struct.pack("!IBI", len(deep), 11, 1) + deep))
