"""A track as Lavalink knows it: what is said about it, and its `encoded` form.

`encoded` is lavaplayer's binary format, version 3, in base64; versions 1 and 2 are read too. A
client stores it and hands it back, so a track found through this node can be kept with those found
through Lavalink, and a Lavalink with an `http` source plays the ones that have an address. Text is
Java's modified UTF-8 behind a 16-bit length. A format of our own (JSON, say) was rejected: clients
decode this one by themselves.

Behind its source's name a track carries what that source wants of it: the files of `http` and of
the library a `probe` (the name of their container), all others nothing. What LavaSrc writes there
for Spotify and its like (albums, pictures) is not needed and passed over.
"""

import base64
import struct
from dataclasses import dataclass, replace

UNKNOWN_LENGTH = 2**63 - 1
"""What Lavalink calls the length of a track that has none: Java's largest long."""

VERSION = 3
VERSIONS = range(1, VERSION + 1)
VERSIONED = 1 << 30
SIZE_MASK = VERSIONED - 1
LONGEST_TEXT = 0xFFFF
POSITION = struct.Struct(">q")
PROBED = frozenset({"http", "library", "local"})
MIRRORED = frozenset({"applemusic", "deezer", "spotify"})


class UndecodableTrack(ValueError):
    """The text is not a track of version 1, 2 or 3."""


class UnencodableTrack(ValueError):
    """A text of the track is longer than the 65,535 bytes the format has room for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackInfo:
    """What is known about a track, and enough to open it again.

    `length_ms` is None where there is none to know (live streams). `probe` names the container
    (`mp3`, `ogg`). `position_ms` is where playing it begins.
    """

    identifier: str
    title: str
    author: str
    length_ms: int | None
    source: str
    stream: bool = False
    uri: str | None = None
    artwork_url: str | None = None
    isrc: str | None = None
    probe: str = ""
    position_ms: int = 0

    @property
    def seekable(self) -> bool:
        """Whether a position can be chosen."""
        return not self.stream

    def at(self, position_ms: int) -> "TrackInfo":
        """Return the same track, to be begun at another position."""
        return replace(self, position_ms=position_ms)


def encode(track: TrackInfo) -> str:
    """Return the track's `encoded` text. Raises `UnencodableTrack`."""
    length = UNKNOWN_LENGTH if track.length_ms is None else track.length_ms
    message = b"".join(
        (
            bytes((VERSION,)),
            _text(track.title),
            _text(track.author),
            struct.pack(">q", length),
            _text(track.identifier),
            _flag(track.stream),
            _optional(track.uri),
            _optional(track.artwork_url),
            _optional(track.isrc),
            _text(track.source),
            _text(track.probe) if track.source in PROBED else b"",
            POSITION.pack(track.position_ms),
        )
    )
    return base64.b64encode(struct.pack(">I", VERSIONED | len(message)) + message).decode("ascii")


def decode(encoded: str) -> TrackInfo:
    """Return the track that `encoded` stands for. Raises `UndecodableTrack`."""
    try:
        reader = _Reader(base64.b64decode(encoded, validate=True))
        return reader.track()
    except UndecodableTrack:
        raise
    except (ValueError, struct.error) as error:
        raise UndecodableTrack("not a track of version 1, 2 or 3") from error


class _Reader:
    """Reads the fields one after the other; a field that is cut off raises `struct.error`."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def track(self) -> TrackInfo:
        (header,) = struct.unpack(">I", self._take(4))
        if header & SIZE_MASK != len(self._data) - 4:
            raise UndecodableTrack("its size is not what it says")
        version = self._take(1)[0] if header & VERSIONED else 1
        if version not in VERSIONS:
            raise UndecodableTrack(f"version {version}")
        title = self._text()
        author = self._text()
        length = self._long()
        track = TrackInfo(
            title=title,
            author=author,
            length_ms=None if length == UNKNOWN_LENGTH else length,
            identifier=self._text(),
            stream=self._flag(),
            uri=self._optional() if version >= 2 else None,
            artwork_url=self._optional() if version >= 3 else None,
            isrc=self._optional() if version >= 3 else None,
            source=(source := self._text()),
            probe=self._text() if source in PROBED else "",
            position_ms=self._last_long(skip=source in MIRRORED),
        )
        if self._at != len(self._data):
            raise UndecodableTrack("there is more than a track")
        return track

    def _take(self, size: int) -> bytes:
        taken = self._data[self._at : self._at + size]
        if len(taken) != size:
            raise struct.error("cut off")
        self._at += size
        return taken

    def _long(self) -> int:
        (value,) = struct.unpack(">q", self._take(8))
        return int(value)

    def _last_long(self, *, skip: bool) -> int:
        """Read the one that stands at the end, whatever comes before it."""
        if skip:
            self._at = max(self._at, len(self._data) - POSITION.size)
        return self._long()

    def _flag(self) -> bool:
        return self._take(1) != b"\0"

    def _text(self) -> str:
        (size,) = struct.unpack(">H", self._take(2))
        return _from_modified_utf8(self._take(size))

    def _optional(self) -> str | None:
        return self._text() if self._flag() else None


def _flag(value: bool) -> bytes:
    return b"\1" if value else b"\0"


def _optional(text: str | None) -> bytes:
    return _flag(False) if text is None else _flag(True) + _text(text)


def _text(text: str) -> bytes:
    data = _to_modified_utf8(text)
    if len(data) > LONGEST_TEXT:
        raise UnencodableTrack(f"a text of {len(data)} bytes")
    return struct.pack(">H", len(data)) + data


def _to_modified_utf8(text: str) -> bytes:
    # Java writes UTF-16 units one by one: a character beyond them as two surrogates of three
    # bytes each, and the zero as two bytes, so that none is ever zero.
    units = text.encode("utf-16-be", "surrogatepass")
    spelled = "".join(map(chr, struct.unpack(f">{len(units) // 2}H", units)))
    return spelled.encode("utf-8", "surrogatepass").replace(b"\0", b"\xc0\x80")


def _from_modified_utf8(data: bytes) -> str:
    spelled = data.replace(b"\xc0\x80", b"\0").decode("utf-8", "surrogatepass")
    return spelled.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "surrogatepass")
