"""Lists of media: M3U, PLS and XSPF, as radios and music collections give them away.

All that is done here is to read them. What they name is asked for by whoever loads it, one by one
and under the guard, and is never a list again: there is no depth to get lost in.
"""

import re
import xml.parsers.expat
from typing import Final
from urllib.parse import urljoin

from seraphim.audio_node.decoder.address_guard import Target
from seraphim.audio_node.decoder.icecast import clean
from seraphim.audio_node.media import MediaEntry, MediaError

__all__ = ["LARGEST", "is_hls", "is_list", "read"]

LARGEST: Final = 4 << 20
MOST_ENTRIES: Final = 100
LONGEST_URL: Final = 2048
LONGEST_SECONDS: Final = 1_000_000

_TYPES: Final = frozenset(
    (
        "application/vnd.apple.mpegurl", "application/x-mpegurl", "application/mpegurl",
        "audio/mpegurl", "audio/x-mpegurl", "audio/vnd.apple.mpegurl",
        "audio/x-scpls", "audio/scpls", "application/pls+xml", "application/xspf+xml",
    )
)  # fmt: skip
_BEGINNING: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:#EXT|\[playlist\]|https?://|<\?xml|<pl)", re.IGNORECASE
)
_HLS: Final = re.compile(
    r"^#EXT-X-(?:STREAM-INF|TARGETDURATION|MEDIA-SEQUENCE|VERSION)", re.MULTILINE
)
_EXTINF: Final = re.compile(r"#EXTINF:\s*(-?\d+(?:\.\d+)?)?[^,]*,?(.*)", re.IGNORECASE)
_PLS: Final = re.compile(r"(file|title|length)(\d{1,6})\s*=(.*)", re.IGNORECASE)


def is_list(content_type: str, beginning: bytes) -> bool:
    """Whether a body is a list or an HLS playlist, by what the server says or how it begins."""
    return content_type in _TYPES or _BEGINNING.match(beginning) is not None


def is_hls(text: str) -> bool:
    """Whether this is an HLS playlist, and so one medium."""
    return text.lstrip("\ufeff \t\r\n").startswith("#EXTM3U") and _HLS.search(text) is not None


def decode(data: bytes) -> str:
    """Read a list's text: UTF-8, or what was there before it."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def read(text: str, base: str) -> tuple[MediaEntry, ...]:
    """Give what a list names, each but once, up to `MOST_ENTRIES`.

    Raises
    ------
    MediaError
        If it is not a list, or names nothing that is on the web.
    """
    start = text.lstrip()[:32].lower()
    if start.startswith("<"):
        found = _xspf(text)
    elif start.startswith("[playlist]"):
        found = _pls(text)
    else:
        found = _m3u(text)
    entries: dict[str, MediaEntry] = {}
    for place, title, seconds in found:
        try:
            url = Target.parse(urljoin(base, place.strip())).url
        except (ValueError, MediaError):
            continue  # a file of somebody's machine, or nothing at all
        if len(url) > LONGEST_URL:
            continue
        length = round(1000 * seconds) if 0 < seconds < LONGEST_SECONDS else None
        entries.setdefault(url, MediaEntry(url, clean(title) or None, length))
        if len(entries) == MOST_ENTRIES:
            break
    if not entries:
        raise MediaError("There is nothing to play in this list.", "common", "no entries")
    return tuple(entries.values())


_Found = list[tuple[str, str, float]]


def _m3u(text: str) -> _Found:
    found: _Found = []
    title, seconds = "", 0.0
    for line in map(str.strip, text.splitlines()):
        if about := _EXTINF.match(line):
            title, seconds = about[2], float(about[1] or 0)
        elif line and not line.startswith("#"):
            found.append((line, title, seconds))
            title, seconds = "", 0.0
    return found


def _pls(text: str) -> _Found:
    numbered: dict[int, dict[str, str]] = {}
    for line in map(str.strip, text.splitlines()):
        if said := _PLS.match(line):
            numbered.setdefault(int(said[2]), {})[said[1].lower()] = said[3].strip()
    return [
        (entry["file"], entry.get("title", ""), _seconds(entry.get("length", "")))
        for _, entry in sorted(numbered.items())
        if "file" in entry
    ]


def _seconds(text: str) -> float:
    return float(text) if re.fullmatch(r"\d{1,9}", text) else 0.0


def _xspf(text: str) -> _Found:
    """Read an XSPF list; entities of its own, which may stand for gigabytes, are refused."""
    found: _Found = []
    track: dict[str, str] = {}
    inside = False
    name, said = "", list[str]()

    def start(tag: str, _: dict[str, str]) -> None:
        nonlocal name, inside
        name = tag.rpartition(" ")[2].lower()
        said.clear()
        if name == "track":
            inside = True
            track.clear()

    def end(tag: str) -> None:
        nonlocal inside
        ended = tag.rpartition(" ")[2].lower()
        if inside and ended == name:
            track.setdefault(ended, "".join(said))
        if ended == "track":
            inside = False
            if "location" in track:
                title = " - ".join(filter(None, (track.get("creator"), track.get("title"))))
                seconds = _seconds(track.get("duration", "").strip()) / 1000
                found.append((track["location"], title, seconds))

    def refuse(*_: object) -> None:
        raise MediaError("This list cannot be read.", "common", "it declares entities")

    parser = xml.parsers.expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = said.append
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(text, True)
    except xml.parsers.expat.ExpatError as error:
        raise MediaError("This list cannot be read.", "common", f"XML: {error}") from error
    return found
