"""Your own music folder, searched by tags and file names.

The folder is walked and its tags are read in a worker thread, by tinytag: it reads only headers,
where probing thousands of files in a decoder would take minutes. A file whose size and time of
change are known is not read again, so that looking for changes costs one `stat` a file.

A track's identifier is a hash of its path within the folder: it stays the same over restarts, is
short enough for a button or a choice, and nothing in it can be made to lead out of the folder, for
it is only ever compared with the hashes of files that were found inside. Links are followed as long
as they stay inside. After a restart a track that was playing is found by names alone, before any
tag was read.
"""

import asyncio
import hashlib
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from tinytag import TinyTag, TinyTagException

from seraphim.audio_node.media import MediaError, MediaSource
from seraphim.audio_node.sources.results import (
    LoadResult,
    NothingFound,
    SearchLoaded,
    TrackLoaded,
)
from seraphim.audio_node.track import TrackInfo

__all__ = ["Library"]

SEARCH: Final = "libsearch:"
TRACK: Final = "library:"
MOST_FOUND: Final = 25
FRESH_SECONDS: Final = 2.0
LONGEST_TAG: Final = 250
UNKNOWN_ARTIST: Final = "Unknown artist"
CONTAINERS: Final = {
    ".mp3": "mp3",
    ".flac": "flac",
    ".ogg": "ogg",
    ".oga": "ogg",
    ".opus": "ogg",
    ".m4a": "mp4",
    ".m4b": "mp4",
    ".mp4": "mp4",
    ".wav": "wav",
}

# Letters that Unicode does not take apart into a plain one and a mark.
_PLAIN: Final = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\u0131": "i"}
)
_APOSTROPHES: Final = re.compile(r"['\u2018\u2019`\u00b4]")
_WORD: Final = re.compile(r"[^\W_]+")

_log = structlog.stdlib.get_logger("seraphim.audio_node.library")


@dataclass(frozen=True, slots=True)
class _Found:
    """A file in the folder: its path within, where it really is, and what shows a change."""

    inside: str
    real: str
    version: tuple[int, int]

    @property
    def identifier(self) -> str:
        digest = hashlib.sha256(self.inside.encode("utf-8", "surrogateescape"))
        return digest.hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class _Song:
    file: _Found
    track: TrackInfo
    title: tuple[str, ...]
    words: tuple[str, ...]
    """All words that it is found by, the title's among them."""


class Library:
    """The source `library`: `libsearch:words` searches it, `library:identifier` names a track."""

    name = "library"

    def __init__(self, folder: Path, *, fresh_seconds: float = FRESH_SECONDS) -> None:
        self._folder = folder
        self._fresh_seconds = fresh_seconds
        self._songs: dict[str, _Song] = {}
        self._looked: float | None = None
        self._looking = asyncio.Lock()

    async def load(self, identifier: str) -> LoadResult | None:
        """Search, or load one track."""
        if identifier.startswith(SEARCH):
            await self._refresh()
            words = identifier.removeprefix(SEARCH)
            found = await asyncio.to_thread(_search, self._songs.values(), words)
            return SearchLoaded(found) if found else NothingFound()
        if identifier.startswith(TRACK):
            await self._refresh()
            song = self._songs.get(identifier.removeprefix(TRACK))
            return NothingFound() if song is None else TrackLoaded(song.track)
        return None

    async def media(self, track: TrackInfo) -> MediaSource:
        """Find the file of a track as it is on the disk now."""
        song = self._songs.get(track.identifier)
        path = await asyncio.to_thread(self._locate, track.identifier, song)
        if path is None:
            raise MediaError("This song is no longer in the music folder.", "common", "not found")
        return MediaSource("file", path)

    def forget(self, track: TrackInfo) -> None:
        """Do nothing: the file is looked for each time."""

    async def _refresh(self) -> None:
        time = asyncio.get_running_loop().time
        async with self._looking:
            if self._looked is not None and time() - self._looked < self._fresh_seconds:
                return
            self._songs = await asyncio.to_thread(self._scan, self._songs)
            self._looked = time()

    def _scan(self, known: dict[str, _Song]) -> dict[str, _Song]:
        songs: dict[str, _Song] = {}
        for file in self._walk():
            identifier = file.identifier
            song = known.get(identifier)
            songs[identifier] = song if song and song.file == file else _read(file)
        return songs

    def _locate(self, identifier: str, song: _Song | None) -> str | None:
        root = os.path.realpath(self._folder)
        if song is not None:
            # It may have become a link since it was found.
            real = os.path.realpath(Path(root, song.file.inside))
            return real if _is_within(real, root) and Path(real).is_file() else None
        matching = (file.real for file in self._walk() if file.identifier == identifier)
        return next(matching, None)

    def _walk(self) -> Iterator[_Found]:
        """Find the folder's music, in the order of names; raises `MediaError` if it is gone."""
        root = os.path.realpath(self._folder)
        visited: set[str] = set()
        waiting = [(root, "")]
        while waiting:
            folder, inside = waiting.pop()
            if folder in visited:
                continue
            visited.add(folder)
            try:
                with os.scandir(folder) as listing:
                    entries = sorted(listing, key=lambda entry: entry.name)
            except OSError as error:
                if not inside:
                    raise MediaError(
                        "The music folder cannot be read.", "fault", error.strerror or ""
                    ) from error
                _log.warning("library.folder_unreadable", reason=error.strerror)
                continue
            folders: list[tuple[str, str]] = []
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                path = f"{inside}/{entry.name}" if inside else entry.name
                real = os.path.realpath(entry.path) if entry.is_symlink() else entry.path
                if not _is_within(real, root):
                    continue
                if entry.is_dir():
                    folders.append((real, path))
                elif Path(path).suffix.lower() in CONTAINERS and entry.is_file():
                    state = entry.stat()
                    yield _Found(path, real, (state.st_mtime_ns, state.st_size))
            waiting += reversed(folders)


def _is_within(path: str, root: str) -> bool:
    return path.startswith(root.rstrip(os.sep) + os.sep)


def _read(file: _Found) -> _Song:
    """Read a file's tags; one that has none, or broken ones, is known by its name."""
    path = Path(file.inside)
    try:
        tags = TinyTag.get(file.real)
    except (TinyTagException, OSError) as error:
        _log.info("library.tags_unreadable", reason=type(error).__name__)
        tags = TinyTag()
    title = _clean(tags.title) or _clean(path.stem)
    author = _clean(tags.artist) or _clean(tags.albumartist)
    track = TrackInfo(
        identifier=file.identifier,
        title=title,
        author=author or UNKNOWN_ARTIST,
        length_ms=max(1, round(tags.duration * 1000)) if tags.duration else None,
        source=Library.name,
        isrc=next(iter(tags.other.get("isrc", ())), None),
        probe=CONTAINERS[path.suffix.lower()],
    )
    told = (title, author, _clean(tags.album), _clean(tags.year), _clean(str(path.with_suffix(""))))
    return _Song(file, track, _words(title), tuple(dict.fromkeys(_words(" ".join(told)))))


def _clean(text: str | None) -> str:
    """Make a tag or file name fit for people: one line, not endless, and valid text."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text or "")
    return " ".join(printable.split())[:LONGEST_TAG]


def _words(text: str) -> tuple[str, ...]:
    """Take words apart as the search compares them: without case, accents and punctuation.

    Folded twice, as The Unicode Standard's "compatibility caseless match" has it: taking a letter
    apart may bring a capital out of it, and folding a capital may bring an accent.
    """
    folded = _APOSTROPHES.sub("", text)
    for _ in range(2):
        folded = unicodedata.normalize("NFKD", folded).casefold()
    plain = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return tuple(_WORD.findall(plain.translate(_PLAIN)))


def _search(songs: Iterable[_Song], text: str) -> tuple[TrackInfo, ...]:
    """Find the songs that have all the words, in any order; no words find everything."""
    wanted = _words(text)
    if text.strip() and not wanted:
        return ()
    scored = ((_score(song, wanted), song.track) for song in songs)
    found = [(score, track) for score, track in scored if score is not None]
    found.sort(key=lambda one: (-one[0], one[1].title.casefold(), one[1].author.casefold()))
    return tuple(track for _, track in found[:MOST_FOUND])


def _score(song: _Song, wanted: tuple[str, ...]) -> int | None:
    """Judge how well a song fits; None if one of the words is nowhere in it."""
    total = 10 if wanted and song.title == wanted else 0
    for word in wanted:
        best = max((_likeness(word, have) for have in song.words), default=0)
        if not best:
            return None
        total += best + max((_likeness(word, have) for have in song.title), default=0)
    return total


def _likeness(wanted: str, have: str) -> int:
    if wanted == have:
        return 3
    if have.startswith(wanted):
        return 2
    return 1 if wanted in have else 0
