"""What a node and a decoder process say to each other.

A message is a length, a kind and a track, then a body: `!IBI` and, for what has text in it, JSON.
Frames, which are nearly all there is to say, are packed by hand. A decoder may be in the hands of
whoever made the file it decodes, so the node's side of this takes nothing for granted: whatever is
not a message is a `ValueError`, and a message is at most `LARGEST` bytes long.
"""

import base64
import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Final, TypedDict, cast

from seraphim.audio_node.filters import Filters, Sound, WrongFilter
from seraphim.audio_node.media import MediaEntry, MediaError, MediaInfo, MediaSource, Severity

__all__ = [
    "Close",
    "Configure",
    "Credit",
    "Ended",
    "Failed",
    "Frames",
    "Hello",
    "Message",
    "Open",
    "Opened",
    "Ping",
    "Pong",
    "Splitter",
    "Title",
    "encode",
]

LARGEST: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Configure:
    """Node to decoder, first of all: whom to trust, and how many seconds to wait."""

    trusted_hosts: str
    patience: float


@dataclass(frozen=True, slots=True)
class Open:
    """Node to decoder: begin a track at `start_ms` and send up to `credit` frames of it.

    Whoever works on the track `instead_of` (0: nobody) leaves that and takes this up: the media is
    open there. `splice` is what the listeners hear of the old one up to then; the last of these
    frames is heard for as long as it takes to fade from the old to the new, in the first new one.
    """

    track: int
    source: MediaSource
    start_ms: int
    sound: Sound
    credit: int
    instead_of: int = 0
    splice: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Credit:
    """Node to decoder: as many more frames of the track may be sent."""

    track: int
    frames: int


@dataclass(frozen=True, slots=True)
class Close:
    """Node to decoder: nothing of this track is wanted any more."""

    track: int


@dataclass(frozen=True, slots=True)
class Ping:
    """Node to decoder: say that you are there."""


@dataclass(frozen=True, slots=True)
class Hello:
    """Decoder to node, first of all: ready to work."""


@dataclass(frozen=True, slots=True)
class Pong:
    """Decoder to node: the answer to a `Ping`."""


@dataclass(frozen=True, slots=True)
class Opened:
    """Decoder to node: the media is open and is this."""

    track: int
    info: MediaInfo


@dataclass(frozen=True, slots=True)
class Frames:
    """Decoder to node: the next Opus frames, 20 ms each."""

    track: int
    frames: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Title:
    """Decoder to node: this is what the station says of the frames that come next."""

    track: int
    title: str | None


@dataclass(frozen=True, slots=True)
class Ended:
    """Decoder to node: there is no more of this track."""

    track: int


@dataclass(frozen=True, slots=True)
class Failed:
    """Decoder to node: there will be no more of this track, because of this."""

    track: int
    message: str
    severity: Severity
    cause: str

    @property
    def error(self) -> MediaError:
        """The failure as the exception that it was."""
        return MediaError(self.message, self.severity, self.cause)


Message = (
    Configure
    | Open
    | Credit
    | Close
    | Ping
    | Hello
    | Pong
    | Opened
    | Frames
    | Ended
    | Failed
    | Title
)

_SEVERITIES: Final[Mapping[str, Severity]] = {
    "common": "common",
    "suspicious": "suspicious",
    "fault": "fault",
}

_HEAD: Final = struct.Struct("!IBI")
_LENGTH: Final = struct.Struct("!H")
_COUNT: Final = struct.Struct("!I")
_KINDS: Final[tuple[type[Message], ...]] = (
    Configure, Open, Credit, Close, Ping, Hello, Pong, Opened, Frames, Ended, Failed, Title,
)  # fmt: skip
_KIND: Final = {kind: number for number, kind in enumerate(_KINDS)}


class _ConfigureBody(TypedDict):
    trusted_hosts: str
    patience: float


class _PlaceBody(TypedDict):
    kind: str
    location: str
    headers: list[tuple[str, str]]


class _SourceBody(TypedDict):
    source: _PlaceBody
    start_ms: int
    volume: int
    filters: dict[str, object]
    credit: int
    instead_of: int
    splice: list[str]


class _InfoBody(TypedDict):
    container: str
    codec: str
    length_ms: int | None
    title: str | None
    author: str | None
    isrc: str | None


_EntryBody = tuple[str, str | None, int | None]


class _FailedBody(TypedDict):
    message: str
    severity: Severity
    cause: str


def encode(message: Message) -> bytes:
    """Make bytes of a message."""
    match message:
        case Configure():
            track, body = 0, json.dumps(asdict(message)).encode()
        case Open(track, source, start_ms, sound, credit):
            body = json.dumps(
                {
                    "source": asdict(source),
                    "start_ms": start_ms,
                    "volume": sound.volume,
                    "filters": sound.filters.json,
                    "credit": credit,
                    "instead_of": message.instead_of,
                    "splice": [base64.b64encode(frame).decode() for frame in message.splice],
                }
            ).encode()
        case Credit(track, frames):
            body = _COUNT.pack(frames)
        case Opened(track, info):
            about = asdict(replace(info, entries=()))
            del about["entries"]
            entries = [(entry.url, entry.title, entry.length_ms) for entry in info.entries]
            body = json.dumps([about, entries]).encode()
        case Frames(track, frames):
            body = b"".join(_LENGTH.pack(len(frame)) + frame for frame in frames)
        case Failed(track, text, severity, cause):
            body = json.dumps({"message": text, "severity": severity, "cause": cause}).encode()
        case Title(track, title):
            body = json.dumps(title).encode()
        case Close(track) | Ended(track):
            body = b""
        case Ping() | Hello() | Pong():
            track, body = 0, b""
    return _HEAD.pack(len(body), _KIND[type(message)], track) + body


class Splitter:
    """Makes messages of bytes as they arrive.

    After a `ValueError` the stream has no meaning any more.
    """

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """Give the messages that are complete now; the rest is kept for the next call."""
        self._rest += data
        while len(self._rest) >= _HEAD.size:
            length, kind, track = cast("tuple[int, int, int]", _HEAD.unpack_from(self._rest))
            if length > LARGEST or kind >= len(_KINDS):
                raise ValueError(f"not a message: kind {kind}, {length} bytes")
            end = _HEAD.size + length
            if len(self._rest) < end:
                return
            body = bytes(self._rest[_HEAD.size : end])
            del self._rest[:end]
            yield _decode(_KINDS[kind], track, body)


def _decode(kind: type[Message], track: int, body: bytes) -> Message:
    try:
        if kind is Frames:
            return Frames(track, tuple(_unpack_frames(body)))
        if kind is Credit:
            return Credit(track, cast("tuple[int]", _COUNT.unpack(body))[0])
        if kind is Open:
            order = cast("_SourceBody", json.loads(body))
            place = order["source"]
            source = MediaSource(
                "file" if place["kind"] == "file" else "http",
                place["location"],
                tuple((name, value) for name, value in place["headers"]),
            )
            return Open(
                track,
                source,
                order["start_ms"],
                Sound(order["volume"], Filters.read(order["filters"])),
                order["credit"],
                order["instead_of"],
                tuple(base64.b64decode(frame) for frame in order["splice"]),
            )
        if kind is Opened:
            about, entries = cast("tuple[_InfoBody, list[_EntryBody]]", json.loads(body))
            return Opened(track, _info(about, entries))
        if kind is Title:
            return Title(track, _text_or_none(json.loads(body)))
        if kind is Failed:
            told = cast("_FailedBody", json.loads(body))
            severity = _SEVERITIES[_text(told["severity"])]
            return Failed(track, _text(told["message"]), severity, _text(told["cause"]))
        if kind is Configure:
            return Configure(**cast("_ConfigureBody", json.loads(body)))
    except (KeyError, TypeError, WrongFilter, RecursionError, struct.error) as error:
        raise ValueError(f"not a {kind.__name__}: {error}") from error
    if kind is Close:
        return Close(track)
    if kind is Ended:
        return Ended(track)
    if kind is Ping:
        return Ping()
    return Hello() if kind is Hello else Pong()


def _info(about: _InfoBody, entries: list[_EntryBody]) -> MediaInfo:
    return MediaInfo(
        _text(about["container"]),
        _text(about["codec"]),
        _whole_or_none(about["length_ms"]),
        _text_or_none(about["title"]),
        _text_or_none(about["author"]),
        _text_or_none(about["isrc"]),
        tuple(
            MediaEntry(_text(url), _text_or_none(title), _whole_or_none(length_ms))
            for url, title, length_ms in entries
        ),
    )


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise TypeError("not a text")


def _text_or_none(value: object) -> str | None:
    return None if value is None else _text(value)


def _whole_or_none(value: object) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise TypeError("not a whole number")


def _unpack_frames(body: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(body):
        (length,) = cast("tuple[int]", _LENGTH.unpack_from(body, at))
        at += _LENGTH.size
        if at + length > len(body):
            raise ValueError("a frame is cut off")
        yield body[at : at + length]
        at += length
