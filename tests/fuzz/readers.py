"""Whatever reads bytes of strangers in Python, each with what it promises.

A reader takes any bytes. It may refuse them by the errors that it documents, and by no other; what
it takes must come out again as it went in. All that is learned about a reader is in its `Reader`:
the search by coverage and the slice in the tests both go by it.
"""

import base64
import json
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from email.message import Message as Headers

from seraphim.audio_node import payloads, track
from seraphim.audio_node.decoder import hls, playlists
from seraphim.audio_node.decoder.address_guard import Target, TrustedHosts
from seraphim.audio_node.decoder.icecast import Metadata
from seraphim.audio_node.decoder.wire import Failed, Opened, Splitter, Title
from seraphim.audio_node.decoder.wire import Frames as WireFrames
from seraphim.audio_node.decoder.wire import encode as on_wire
from seraphim.audio_node.extractor import extractor
from seraphim.audio_node.filters import Filters, Sound, WrongFilter
from seraphim.audio_node.media import MediaEntry, MediaError, MediaInfo
from seraphim.audio_node.server import rest
from seraphim.audio_node.server.updates import BadRequest, PlayerUpdate, SessionUpdate
from seraphim.audio_node.sources.document import Document
from seraphim.audio_node.track import TrackInfo, UndecodableTrack, UnencodableTrack
from seraphim.audio_node.voice import gateway, proposals
from seraphim.audio_node.voice.dave import Dave
from seraphim.audio_node.voice.gateway import Closed
from seraphim.audio_node.voice.udp import DiscoveryFailed, Transmitter
from seraphim.lavalink import events
from seraphim.voice import Address, Opcode
from seraphim.voice.discovery import BODY_LENGTH, LAYOUT, RESPONSE
from tests.fuzz.corpus import PLAYLISTS
from tests.fuzz.spoiling import spoilt

BASE = "https://radio.example/live/list"
SSRC = 7


@dataclass(frozen=True, slots=True)
class Reader:
    """`read` may raise `refusals`; `seeds` is what it is meant for, `words` what matters in it."""

    name: str
    read: Callable[[bytes], object]
    refusals: tuple[type[Exception], ...]
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...] = ()

    def try_(self, data: bytes) -> None:
        """Let it read. Raises what it should not have raised, and `AssertionError`."""
        try:
            self.read(data)
        except self.refusals:
            return


# --- tracks ---

_TRACKS = (
    TrackInfo(identifier="a", title="One", author="Ada", length_ms=1, source="youtube"),
    TrackInfo(
        identifier="http://radio.example/☃\0\U0001f3b5",
        title="Åurora",
        author="",
        length_ms=None,
        source="http",
        stream=True,
        uri="http://radio.example/",
        artwork_url="http://radio.example/a.png",
        isrc="GBAYE0601498",
        probe="mp3",
        position_ms=-1,
    ),
)


def _read_track(data: bytes) -> None:
    """Text as it comes, or the message that a text would stand for."""
    if data[:1] == b"\0":
        message = data[1:]
        head = struct.pack(">I", track.VERSIONED | len(message) & track.SIZE_MASK)
        text = base64.b64encode(head + message).decode("ascii")
    else:
        text = data.decode("utf-8", "surrogateescape")
    info = track.decode(text)
    json.loads(payloads.dumps(payloads.track(info, encoded=text)))
    try:
        again = track.decode(track.encode(info))
    except UnencodableTrack:
        return  # what other programs write shorter than Java does
    assert again == info


# --- what clients of the node say ---


def _read_filters(data: bytes) -> None:
    found = Filters.read(rest._read(data))
    assert Filters.read(json.loads(payloads.dumps(found.json))) == found
    sound = Sound(100, found)
    assert 0 <= sound.gain <= 10
    assert Filters.read(sound.effective.json) == sound.effective


def _read_update(data: bytes) -> None:
    body = rest._read(data)
    json.loads(payloads.dumps({"track": {"userData": body}}))
    PlayerUpdate.read(body)
    SessionUpdate.read(body)


_FILTERS: Mapping[str, object] = {
    "volume": 1.5,
    "equalizer": [{"band": 14, "gain": -0.25}, {"band": 0, "gain": 1}],
    "karaoke": {"level": 1, "filterBand": 220.0},
    "timescale": {"speed": 1.5, "pitch": 0.8, "rate": 1},
    "tremolo": {"frequency": 4, "depth": 0.75},
    "vibrato": {"frequency": 14, "depth": 0.5},
    "rotation": {"rotationHz": 0.2},
    "distortion": {"sinOffset": 0, "tanScale": -1e6},
    "channelMix": {"leftToLeft": 0},
    "lowPass": {"smoothing": 20.0},
    "pluginFilters": {"loudness": {"target": -14}},
}
_UPDATE: Mapping[str, object] = {
    "track": {"encoded": track.encode(_TRACKS[0]), "userData": {"play": "p1"}},
    "next": {"identifier": "libsearch:a", "position": 1},
    "position": -1,
    "endTime": 10,
    "volume": 100,
    "paused": False,
    "resuming": True,
    "timeout": 60,
    "voice": {"token": "t", "endpoint": "a.example:443", "sessionId": "s", "channelId": "1"},
}


# --- what nodes say to the bot ---


def _read_event(data: bytes) -> None:
    for frame in (data, data.decode("utf-8", "surrogateescape")):
        told = events.decode(frame)
        assert isinstance(told, events.Ready | events.ForPlayer | events.Stats | events.Unknown)


_EVENTS: tuple[Mapping[str, object], ...] = (
    {"op": "ready", "sessionId": "s", "resumed": True},
    {"op": "playerUpdate", "guildId": "1", "state": {"time": 1, "position": 2, "ping": 3}},
    {"op": "stats", "players": 1, "cpu": {"systemLoad": 0.5}, "frameStats": {"nulled": 1}},
    *(
        {"op": "event", "guildId": "18446744073709551615", "type": kind} | more
        for kind, more in {
            "TrackStartEvent": {"track": {"userData": {"play": "p"}}},
            "TrackEndEvent": {"reason": "finished", "next": {"userData": {"play": "q"}}},
            "TrackExceptionEvent": {"exception": {"message": "no"}},
            "TrackStuckEvent": {"thresholdMs": 1},
            "WebSocketClosedEvent": {"code": 4006, "reason": "x", "byRemote": True},
        }.items()
    ),
)


# --- what voice servers say ---


def _read_voice(data: bytes) -> None:
    """A conversation: a line is JSON, or begins with a byte below the space and is binary."""
    dave = Dave(user_id=3, channel_id=5, say=lambda _, __: None)
    dave.begin(1)
    for said in data.split(b"\n"):
        if said[:1] < b" ":
            message = gateway.Message(said[1] if said[1:] else 0, {}, 0, said[2:])
        else:
            message = gateway._message(said.decode("utf-8", "surrogateescape"))
        for key in message.data:
            for ask in (message.integer, message.text, message.items):
                with suppress(Closed):
                    ask(key)
        dave.hear(message)
        if dave.sendable:
            dave.seal(b"\xf8\xff\xfe" * 20)


def _said(opcode: Opcode, **data: object) -> Mapping[str, object]:
    return {"op": opcode, "seq": 1, "d": data}


_VOICE = (
    _said(Opcode.CLIENTS_CONNECT, user_ids=["4", "18446744073709551615"]),
    _said(Opcode.DAVE_PREPARE_TRANSITION, transition_id=1, protocol_version=1),
    _said(Opcode.DAVE_EXECUTE_TRANSITION, transition_id=1),
    _said(Opcode.DAVE_PREPARE_EPOCH, epoch=1, protocol_version=1),
    _said(Opcode.CLIENT_DISCONNECT, user_id="4"),
    _said(Opcode.HELLO, heartbeat_interval=13750.5),
    _said(Opcode.READY, ssrc=7, ip="127.0.0.1", port=1, modes=["x"]),
)
_GROUP = (
    b"\0\x1b\0" + proposals.vector(proposals.vector(b"r" * 32)),
    b"\0\x1d\0\1commit",
    b"\0\x1e\0\0welcome",
)


def _read_proposals(data: bytes) -> None:
    with suppress(proposals.Unreadable):
        for one in proposals.proposals(data):
            assert one.message in data
    for name in proposals.references(data):
        assert name in data


def _proposal(kind: int, content: bytes) -> bytes:
    head = b"\0\1\0\1" + proposals.vector(b"group") + bytes(13) + proposals.vector(b"") + b"\2"
    return head + kind.to_bytes(2, "big") + content + proposals.vector(b"signature")


_KEY_PACKAGE = (
    b"\0\1\0\2"
    + b"".join(proposals.vector(b"key") for _ in range(3))
    + b"\0\1"
    + proposals.vector(b"identity")
    + b"".join(proposals.vector(b"") for _ in range(5))
    + bytes(17)
    + b"".join(proposals.vector(b"") for _ in range(4))
)


def _read_discovery(data: bytes) -> None:
    found = Transmitter(SSRC, Address("127.0.0.1", 1))._read_address(data)
    assert found is None or found.ip.isascii()


# --- what media servers say ---


def _read_playlist(data: bytes) -> None:
    playlists.is_list("", data[:32])
    text = playlists.decode(data)
    if playlists.is_hls(text):
        _read_hls(text)
        return
    entries = playlists.read(text, BASE)
    assert 0 < len(entries) <= playlists.MOST_ENTRIES
    for entry in entries:
        assert Target.parse(entry.url).url == entry.url


def _read_hls(text: str) -> None:
    if (chosen := hls.choose(text, BASE)) is not None:
        Target.parse(chosen)
        return
    playlist = hls.Playlist.read(text, BASE)
    assert playlist.seconds >= 0
    for one, next_ in zip(playlist.segments, playlist.segments[1:], strict=False):
        assert (next_.number, next_.part) >= (one.number + 1, one.part)


def _read_titles(data: bytes) -> None:
    """The interval's digits up to the first line's end, then what the station sends."""
    said, _, body = data.partition(b"\n")
    headers = Headers()
    headers["icy-metaint"] = said.decode("ascii", "replace")
    whole, pieces = Metadata.announced(headers), Metadata.announced(headers)
    if whole is None or pieces is None:
        return
    sound = b"".join(pieces.strip(body[at : at + 3]) for at in range(0, len(body), 3))
    assert whole.strip(body) == sound
    assert whole.title == pieces.title
    assert whole.title is None or len(whole.title) <= 250


def _read_address(data: bytes) -> None:
    text = data.decode("utf-8", "surrogatepass")
    target = Target.parse(text)
    assert Target.parse(target.url) == target
    assert target.url.isascii()


def _read_trusted(data: bytes) -> None:
    TrustedHosts(data.decode("utf-8", "surrogatepass"))


# --- what our own processes say that open all this ---


def _read_wire(data: bytes) -> None:
    for message in Splitter().feed(data):
        if isinstance(message, Opened | WireFrames | Title | Failed):
            assert list(Splitter().feed(on_wire(message))) == [message]


def _read_answer(data: bytes) -> None:
    """What the process with yt-dlp in it says."""
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError):
        return
    if isinstance(answer, dict):
        found = extractor._outcome(answer)
        read = extractor._address if "headers" in answer else extractor._collection
        read(found)


# --- what catalogues say ---


def _read_document(data: bytes) -> None:
    document = Document.parse(data)
    for one in (document, document["data"], *document, *document["data"]):
        assert one.line.isprintable()
        assert one.url.isascii()
        length = one.length_ms(1000)
        assert length is None or length > 0


def _framed(kind: int, value: object) -> Iterator[bytes]:
    for body in spoilt(value):
        yield struct.pack("!IBI", len(body), kind, 1) + body


_INFO = MediaInfo(
    container="mp3",
    codec="mp3",
    length_ms=1,
    title="One",
    author=None,
    entries=(MediaEntry("http://radio.example/", "Two", None),),
)
_ITEM: Mapping[str, object] = {
    **dict.fromkeys(("url", "identifier", "title", "author", "source", "artwork", "isrc"), "a"),
    "length_ms": 1,
    "live": False,
}
_WORDS = (b"null", b"true", b"1e999", b"NaN", b"[[[[[[[[", b'"\\ud800"', b"-1")

READERS = (
    Reader(
        "tracks",
        _read_track,
        (UndecodableTrack,),
        (
            *(track.encode(one).encode() for one in _TRACKS),
            *(b"\0" + base64.b64decode(track.encode(one))[4:] for one in _TRACKS),
        ),
        (b"http", b"library", b"spotify", b"\xc0\x80", b"\xed\xa0\x80"),
    ),
    Reader(
        "filters",
        _read_filters,
        (WrongFilter, BadRequest),
        spoilt(_FILTERS),
        (*_WORDS, *map(str.encode, _FILTERS)),
    ),
    Reader(
        "updates",
        _read_update,
        (BadRequest,),
        spoilt(_UPDATE),
        (*_WORDS, *map(str.encode, _UPDATE)),
    ),
    Reader("events", _read_event, (), spoilt(*_EVENTS), _WORDS),
    Reader(
        "voice",
        _read_voice,
        (Closed,),
        (
            # Whatever comes is followed by something that has to be answered.
            *(one + b"\n" + b"\n".join(_GROUP) for one in spoilt(*_VOICE)),
            b"\n".join((*(json.dumps(one).encode() for one in _VOICE), *_GROUP)),
        ),
        _WORDS,
    ),
    Reader(
        "proposals",
        _read_proposals,
        (proposals.Unreadable,),
        (
            proposals.vector(_proposal(1, _KEY_PACKAGE) + _proposal(3, bytes(4))),
            proposals.vector(proposals.vector(b"r" * 32)),
        ),
    ),
    Reader(
        "discovery",
        _read_discovery,
        (DiscoveryFailed,),
        (LAYOUT.pack(RESPONSE, BODY_LENGTH, SSRC, b"192.0.2.1", 50_000),),
    ),
    Reader(
        "playlists",
        _read_playlist,
        (MediaError,),
        tuple(text.encode() for text in PLAYLISTS.values()),
        (b"#EXT-X-", b"#EXTINF:", b"BYTERANGE", b"<!ENTITY", b"&#xD800;", b"\nhttp://["),
    ),
    Reader(
        "titles",
        _read_titles,
        (),
        (b"4\nabcd\1StreamTitle='A';abcd\0abcd", b"1\na\0b\0c\2StreamTitle='\xc5 - B';\0\0\0"),
        (b"StreamTitle='", b"';"),
    ),
    Reader(
        "addresses",
        _read_address,
        (MediaError, UnicodeDecodeError),
        (
            b"https://radio.example:8000/a%20b?c=d&e|f",
            b"http://[2001:db8::1%25eth0]/",
            "http://bücher.example/☃".encode(),
            b"http://0x7f.1/",
        ),
        (b"//", b"xn--", b"@", b"\xed\xa0\x80", "。".encode(), "¹".encode(), b"%25"),
    ),
    Reader(
        "trusted",
        _read_trusted,
        (ValueError,),
        (b"nas.home:8096,[::1]:1, 10.0.0.2",),
        (b",", b"]:"),
    ),
    Reader(
        "wire",
        _read_wire,
        (ValueError,),
        (
            on_wire(WireFrames(1, (b"\xf8\xff\xfe", b""))),
            # What has JSON in it: kind 7, 10 and 11.
            *_framed(7, [asdict(replace(_INFO, entries=())), [["http://radio.example/", "A", 1]]]),
            *_framed(10, {"message": "no", "severity": "common", "cause": "why"}),
            *_framed(11, "Åurora"),
        ),
        _WORDS,
    ),
    Reader(
        "answers",
        _read_answer,
        (MediaError,),
        spoilt(
            {"id": 1, "error": ["no", "common", "why"]},
            {"id": 2, "found": {"title": "Both", "selected": 0, "items": [_ITEM]}},
            {"headers": 1, "found": {"url": "a", "headers": [["a", "b"]], "expires_at": 1.5}},
        ),
        _WORDS,
    ),
    Reader(
        "documents",
        _read_document,
        (ValueError,),
        spoilt({"data": [{"a": "b\u2028"}, 1, -1.5, 1e300]}),
        _WORDS,
    ),
)
BY_NAME = {one.name: one for one in READERS}

__all__ = ["BY_NAME", "READERS", "Reader"]
