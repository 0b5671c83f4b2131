"""HLS (RFC 8216): a medium in pieces, and the playlist that says where they are.

libavformat has a reader of its own, which asks for whatever a playlist names, with whatever it was
built with, in the middle of its work. This one asks through `Web`, so that each piece is judged,
bounded and given up like everything else, and hands libavformat one body: the pieces, one after the
other. Where they do not belong together (a discontinuity, another header) the body ends, and what
follows is media of its own: a part.

A piece is fetched whole. That costs a little at the beginning, and is what makes it simple to try
one again, and to decrypt it.
"""

import io
import math
import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import accumulate
from time import monotonic
from typing import Final
from urllib.parse import urljoin

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

from seraphim.audio_node.decoder.address_guard import Target
from seraphim.audio_node.decoder.gate import Turn
from seraphim.audio_node.decoder.probing import Probed
from seraphim.audio_node.decoder.web import Web
from seraphim.audio_node.media import MediaError

__all__ = ["HlsReader", "Playlist", "Segment", "choose"]

LARGEST_PLAYLIST: Final = 4 << 20
LARGEST_PIECE: Final = 16 << 20
MOST_SEGMENTS: Final = 20_000
LONGEST_SEGMENT: Final = 600.0
BEHIND: Final = 3
"""Segments from the end at which a live stream is begun, as the standard has it."""

MOST_MISSED: Final = 5
"""How often in a row a live stream may fail to give what it announces."""

LEAST_RELOAD: Final = 0.5
LONGEST_RELOAD: Final = 6.0
KEPT_KEYS: Final = 4

_ATTRIBUTE: Final = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)(?:,|\Z)')
_VIDEO: Final = re.compile(r"(?:avc|hvc|hev|dvh|vp0?[89]|av01|mp4v|theo|h26)", re.IGNORECASE)
_AUDIO: Final = re.compile(r"(?:mp4a|opus|flac|ac-3|ec-3|vorbis|mp3|alac)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Key:
    """How a segment is encrypted (AES-128); without an `iv`, its number is it."""

    url: str
    iv: bytes | None


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes at a URL: all of them, or a range, the last one included."""

    url: str
    span: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """Some seconds of a medium. Only within one `part` do they belong together."""

    number: int
    seconds: float
    place: Piece
    key: Key | None
    header: Piece | None
    part: int
    missing: bool


@dataclass(frozen=True, slots=True)
class Playlist:
    """A media playlist: what there is now, and whether that is all there will be."""

    segments: tuple[Segment, ...]
    target_seconds: float
    complete: bool

    @classmethod
    def read(cls, text: str, base: str) -> "Playlist":
        """Read a media playlist. Raises `MediaError`."""
        return _Reading(base).read(text)

    @property
    def seconds(self) -> float:
        """How long all of it is."""
        return sum(segment.seconds for segment in self.segments)


class _Reading:
    """Reads a media playlist, line by line."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._segments: list[Segment] = []
        self._target = 10.0
        self._number = self._part = 0
        self._seconds: float | None = None
        self._key: Key | None = None
        self._header: Piece | None = None
        self._span: str | None = None
        self._span_ended = 0
        self._missing = False
        self._complete = False

    def read(self, text: str) -> Playlist:
        for line in map(str.strip, text.splitlines()):
            if line.startswith("#EXT"):
                tag, _, value = line.partition(":")
                self._take_tag(tag, value.strip())
            elif line and not line.startswith("#"):
                self._take_url(line)
            if self._complete:
                break
        if not self._segments and self._complete:
            raise MediaError("There is nothing to play in this stream.", "common", "no segments")
        return Playlist(tuple(self._segments), self._target, self._complete)

    def _take_tag(self, tag: str, value: str) -> None:
        match tag:
            case "#EXTINF":
                self._seconds = _number(value.partition(",")[0], LONGEST_SEGMENT)
            case "#EXT-X-TARGETDURATION":
                self._target = max(1.0, _number(value, LONGEST_SEGMENT))
            case "#EXT-X-MEDIA-SEQUENCE":
                # They are counted on from here: it means nothing where it comes too late.
                self._number = self._number if self._segments else _whole(value)
            case "#EXT-X-DISCONTINUITY":
                self._part += 1
            case "#EXT-X-ENDLIST":
                self._complete = True
            case "#EXT-X-BYTERANGE":
                self._span = value
            case "#EXT-X-GAP":
                self._missing = True
            case "#EXT-X-KEY":
                self._key = self._read_key(_attributes(value))
            case "#EXT-X-MAP":
                said = _attributes(value)
                span = said.get("BYTERANGE")
                header = Piece(
                    self._url(said.get("URI", "")), None if span is None else _span(span, 0)
                )
                if self._header not in (None, header):
                    self._part += 1
                self._header = header
            case "#EXT-X-STREAM-INF":
                raise MediaError("This stream is a list of lists of lists.", "common", "nested")
            case _:
                pass

    def _take_url(self, line: str) -> None:
        if self._seconds is None:
            return
        if len(self._segments) == MOST_SEGMENTS:
            raise MediaError("This stream has too many pieces.", "common", "segments")
        span = None
        url = self._url(line)
        if self._span is not None:
            span = _span(self._span, self._span_ended)
            self._span_ended = span[1] + 1
        self._segments.append(
            Segment(
                self._number,
                self._seconds,
                Piece(url, span),
                self._key,
                self._header,
                self._part,
                self._missing,
            )
        )
        self._number += 1
        self._seconds = self._span = None
        self._missing = False

    def _read_key(self, said: Mapping[str, str]) -> Key | None:
        method = said.get("METHOD")
        if method == "NONE":
            return None
        if method != "AES-128" or said.get("KEYFORMAT", "identity") != "identity":
            raise MediaError("This stream is protected against copying.", "common", "DRM")
        iv = said.get("IV")
        if iv is None:
            return Key(self._url(said.get("URI", "")), None)
        if not re.fullmatch(r"0[xX][0-9a-fA-F]{1,32}", iv):
            raise _wrong("IV")
        return Key(self._url(said.get("URI", "")), int(iv, 16).to_bytes(16, "big"))

    def _url(self, place: str) -> str:
        if not place:
            raise _wrong("no address")
        return _join(self._base, place)


def choose(text: str, base: str) -> str | None:
    """Give the URL of the best sound in a master playlist; None if it is none.

    Sound alone is preferred, and then the best of it; with pictures, it is the smallest that has
    any sound, for the pictures are thrown away. Raises `MediaError`.
    """
    variants: list[tuple[Mapping[str, str], str]] = []
    sounds: dict[str, list[Mapping[str, str]]] = {}
    pending: Mapping[str, str] | None = None
    for line in map(str.strip, text.splitlines()):
        if line.startswith("#EXT-X-STREAM-INF:"):
            pending = _attributes(line.partition(":")[2])
        elif line.startswith("#EXT-X-MEDIA:"):
            said = _attributes(line.partition(":")[2])
            if said.get("TYPE") == "AUDIO" and said.get("URI"):
                sounds.setdefault(said.get("GROUP-ID", ""), []).append(said)
        elif line and not line.startswith("#") and pending is not None:
            variants.append((pending, line))
            pending = None
    if not variants:
        if "#EXT-X-STREAM-INF" in text or sounds:
            raise MediaError("There is nothing to play in this stream.", "common", "no variants")
        return None
    for said, _ in sorted(variants, key=lambda variant: -_bandwidth(variant[0])):
        if renditions := sounds.get(said.get("AUDIO", "")):
            best = min(renditions, key=_preference)
            return _join(base, best["URI"])
    alone = [variant for variant in variants if _is_sound(variant[0])]
    if alone:
        return _join(base, max(alone, key=lambda variant: _bandwidth(variant[0]))[1])
    sounding = [variant for variant in variants if _has_sound(variant[0])] or variants
    return _join(base, min(sounding, key=lambda variant: _bandwidth(variant[0]))[1])


class HlsReader(Probed):
    """The pieces of a stream as files that PyAV can read, one after the other.

    Each is a part: it ends where what follows is media of its own, and `next_part` goes on there.
    Raises `MediaError` and `Closed` from the constructor, `read`, `next_part` and `seek_seconds`.
    """

    station: str | None = None
    title: str | None = None
    size: int | None = None
    distant = True

    def __init__(self, text: str, target: Target, web: Web, turn: Turn) -> None:
        super().__init__()
        self.failure: MediaError | None = None
        self._web = web
        self._turn = turn
        self._target = target
        chosen = choose(text, target.url)
        if chosen is not None:
            text = self._load(Target.parse(chosen))
            if choose(text, self._target.url) is not None:
                raise MediaError("This stream is a list of lists of lists.", "common", "nested")
        self._playlist = Playlist.read(text, self._target.url)
        self._loaded_at = monotonic()
        self._missed = 0
        self.endless = not self._playlist.complete
        self.duration: float | None = None if self.endless else self._playlist.seconds
        self._keys: dict[str, bytes] = {}
        self._header: tuple[Piece | None, bytes] = (None, b"")
        self._ends = list(accumulate(segment.seconds for segment in self._playlist.segments))
        self._next = self._first()
        self._part: tuple[int, Piece | None] | None = None
        self._data = b""
        self._at = self._position = 0

    def beginning(self) -> bytes:
        """Give nothing: what is in a segment needs to be looked at as a whole."""
        return b""

    def seekable(self) -> bool:
        """Say that bytes are given in their order."""
        return False

    def tell(self) -> int:
        """Tell how many bytes of this part were read."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Refuse."""
        raise OSError("not by bytes")

    def seek_seconds(self, seconds: float) -> float | None:
        """Begin a part with the segment in which this moment is; returns when that begins."""
        if self.endless:
            return None
        index = min(bisect_right(self._ends, seconds), len(self._ends) - 1)
        self._next = self._playlist.segments[0].number + index
        self._begin_part()
        return self._ends[index - 1] if index else 0.0

    def next_part(self) -> bool:
        """Go on with what follows; returns whether anything does."""
        if self._await_segment() is None:
            return False
        self._begin_part()
        return True

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes of this part; none at its end."""
        try:
            while self._at >= len(self._data):
                if not self._load_next():
                    return b""
        except MediaError as error:
            self.failure = error
            raise
        data = self._data[self._at : self._at + size]
        self._at += len(data)
        self._position += len(data)
        self._spend(len(data))
        return data

    def close(self) -> None:
        """Let go of what was fetched; no connection is held."""
        self._data = b""

    def _begin_part(self) -> None:
        self._part = None
        self._data = b""
        self._at = self._position = 0

    def _first(self) -> int:
        """Give the number of the segment to begin with."""
        segments = self._playlist.segments
        if not segments:
            return -1
        return segments[-min(BEHIND, len(segments)) if self.endless else 0].number

    def _load_next(self) -> bool:
        """Fetch the next segment of this part; returns False where the part ends."""
        while (segment := self._await_segment()) is not None:
            part = (segment.part, segment.header)
            if self._part not in (None, part):
                return False
            data = self._fetch_segment(segment)
            if data is None:
                self._next = segment.number + 1
                continue
            header = b"" if self._part is not None else self._fetch_header(segment.header)
            self._next = segment.number + 1
            self._part = part
            self._data, self._at = header + data, 0
            return True
        return False

    def _await_segment(self) -> Segment | None:
        """Give the segment that is to be fetched next; None where there will be none."""
        while True:
            segments = self._playlist.segments
            if segments and self._next < segments[0].number and self._next >= 0:
                # It stood still for so long that what it was to read is gone.
                self._skip_to(segments[0].number)
            if segments and not -1 < self._next <= segments[-1].number + len(segments) + 1:
                # It had nothing until now, or counts anew; one that is only a little behind comes
                # out of somebody's cache, and is waited for.
                self._skip_to(self._first())
            if segments and self._next <= segments[-1].number:
                return segments[self._next - segments[0].number]
            if self._playlist.complete:
                return None
            self._reload()

    def _skip_to(self, number: int) -> None:
        self._next = number
        if self._part is not None:
            self._part = (-1, None)  # what comes is of another part in any case

    def _reload(self) -> None:
        """Fetch a live stream's playlist again, not sooner than there can be something new."""
        last = self._playlist
        pause = min(last.target_seconds / 2, LONGEST_RELOAD)
        self._web.rest(max(LEAST_RELOAD, pause - (monotonic() - self._loaded_at)))
        self._loaded_at = monotonic()
        try:
            text = self._load(self._target)
            new = Playlist.read(text, self._target.url)
        except MediaError as error:
            self._turn.check()
            self._miss(error)
            return
        self._missed = 0
        if len(new.segments) and len(last.segments):
            new = _aligned(last, new)
        self._playlist = new

    def _miss(self, error: MediaError) -> None:
        self._missed += 1
        if self._missed > MOST_MISSED:
            raise error

    def _load(self, target: Target) -> str:
        data, self._target = self._web.fetch(target, LARGEST_PLAYLIST)
        text = data.decode("utf-8-sig", "replace")
        if not text.lstrip().startswith("#EXTM3U"):
            raise MediaError("This stream cannot be read.", "suspicious", "not a playlist")
        return text

    def _fetch_segment(self, segment: Segment) -> bytes | None:
        """Fetch a segment; None if it is not there, as may be in what is live."""
        if segment.missing:
            return None
        try:
            data = self._fetch(segment.place)
        except MediaError as error:
            if not self.endless:
                raise
            self._turn.check()
            self._miss(error)
            return None
        if self.endless:
            self._missed = 0
        return data if segment.key is None else self._decrypt(segment, segment.key, data)

    def _fetch_header(self, header: Piece | None) -> bytes:
        if header is None:
            return b""
        if self._header[0] != header:
            self._header = (header, self._fetch(header))
        return self._header[1]

    def _fetch(self, piece: Piece) -> bytes:
        target = Target.parse(piece.url)
        if piece.span is None:
            return self._web.fetch(target, LARGEST_PIECE)[0]
        first, last = piece.span
        size = last - first + 1
        if size > LARGEST_PIECE:
            raise MediaError("The media is too large.", "common", "a segment's range")
        return self._web.fetch(target, size, range=f"bytes={first}-{last}")[0]

    def _decrypt(self, segment: Segment, key: Key, data: bytes) -> bytes:
        secret = self._keys.get(key.url)
        if secret is None:
            secret = self._web.fetch(Target.parse(key.url), 16)[0]
            if len(secret) != 16:
                raise MediaError("This stream cannot be decrypted.", "suspicious", "its key")
            while len(self._keys) >= KEPT_KEYS:
                del self._keys[next(iter(self._keys))]
            self._keys[key.url] = secret
        iv = key.iv if key.iv is not None else segment.number.to_bytes(16, "big")
        decryptor = Cipher(AES128(secret), CBC(iv)).decryptor()
        unpadder = PKCS7(128).unpadder()
        try:
            padded = decryptor.update(data) + decryptor.finalize()
            return unpadder.update(padded) + unpadder.finalize()
        except ValueError as error:
            raise MediaError(
                "This stream cannot be decrypted.", "suspicious", str(error)
            ) from error


def _aligned(last: Playlist, new: Playlist) -> Playlist:
    """Number the parts of a playlist as those of the one before: they are counted from its start.

    A segment that was there before says how much lies between the two; where none is left, all of
    it is another part.
    """
    before = {segment.number: segment.part for segment in last.segments}
    shift = last.segments[-1].part + 1
    for segment in new.segments:
        if (known := before.get(segment.number)) is not None:
            shift = known - segment.part
            break
    else:
        if new.segments[0].number == last.segments[-1].number + 1:
            shift = last.segments[-1].part
    moved = (replace(segment, part=segment.part + shift) for segment in new.segments)
    return replace(new, segments=tuple(moved))


def _attributes(text: str) -> dict[str, str]:
    return {name: value.strip('"') for name, value in _ATTRIBUTE.findall(text)}


def _join(base: str, place: str) -> str:
    try:
        return urljoin(base, place)
    except ValueError as error:
        raise _wrong("an address") from error


def _bandwidth(said: Mapping[str, str]) -> float:
    try:
        return _number(said.get("BANDWIDTH", "0"), 1e12)
    except MediaError:
        return 0.0


def _preference(said: Mapping[str, str]) -> tuple[bool, bool]:
    return (said.get("DEFAULT") != "YES", said.get("AUTOSELECT") != "YES")


def _is_sound(said: Mapping[str, str]) -> bool:
    codecs = said.get("CODECS", "")
    return "RESOLUTION" not in said and bool(_AUDIO.search(codecs)) and not _VIDEO.search(codecs)


def _has_sound(said: Mapping[str, str]) -> bool:
    codecs = said.get("CODECS")
    return codecs is None or bool(_AUDIO.search(codecs))


def _number(text: str, most: float) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise _wrong("not a number") from error
    if not (math.isfinite(value) and 0 <= value <= most):
        raise _wrong("out of range")
    return value


def _whole(text: str) -> int:
    if not re.fullmatch(r"\d{1,18}", text):
        raise _wrong("not a number")
    return int(text)


def _span(text: str, follows: int) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,15})(?:@(\d{1,15}))?", text)
    if found is None or int(found[1]) == 0:
        raise _wrong("a byte range")
    first = int(found[2]) if found[2] is not None else follows
    return first, first + int(found[1]) - 1


def _wrong(cause: str) -> MediaError:
    return MediaError("This stream cannot be read.", "suspicious", cause)
