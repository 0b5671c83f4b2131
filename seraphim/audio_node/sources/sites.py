"""YouTube, SoundCloud and all the other sites whose pages must be read to be played: by yt-dlp.

yt-dlp works in a process of its own (`extractor`); here is what is asked of it, what is remembered
of its answers, and how they look as Lavalink's. A page takes half a second to read and its sites
count who reads how many, so nothing is asked twice that was asked a while ago. What expires is the
address of the sound: it is looked up when the track is about to be opened, and again when it
cannot be read any more.
"""

import re
import time
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Final, Protocol
from urllib.parse import urlsplit

from seraphim.audio_node.extractor.answers import Address, Collection, Item
from seraphim.audio_node.media import MediaError, MediaSource
from seraphim.audio_node.sources.memory import Memory
from seraphim.audio_node.sources.results import (
    LoadResult,
    NothingFound,
    PlaylistLoaded,
    SearchLoaded,
    TrackLoaded,
)
from seraphim.audio_node.track import TrackInfo

__all__ = ["Extracting", "Sites"]

SEARCHES: Final = re.compile(r"(ytsearch|ytmsearch|scsearch):(.+)", re.DOTALL)
MOST_FOUND: Final = 20

PAGE_SECONDS: Final = 600.0
"""How long a page, or what a search found, is taken for true."""

ADDRESS_SECONDS: Final = 1800.0
"""How long an address is good for that does not say it itself."""

EXPIRY_MARGIN_SECONDS: Final = 60.0
MOST_PAGES: Final = 500
MOST_ADDRESSES: Final = 2_000

_URL: Final = re.compile(r"https?://", re.IGNORECASE)
_FILES: Final = frozenset(
    [
        *("aac", "aif", "aiff", "flac", "m3u", "m3u8", "m4a", "mka", "mkv", "mov", "mp3", "mp4"),
        *("oga", "ogg", "opus", "pls", "ts", "wav", "wave", "weba", "webm", "xspf"),
    ]
)
"""What an address that names a file ends with: that is opened, and no page is looked for."""


class Extracting(Protocol):
    """What reads the pages: see `extractor`. All of it raises `MediaError`."""

    async def look(self, url: str) -> Item | Collection | None:
        """Say what is on a page; None for a page of no site that is known."""
        ...

    async def search(self, where: str, words: str, limit: int) -> tuple[Item, ...]:
        """Search a site, the best first."""
        ...

    async def address(self, url: str) -> Address:
        """Say where the sound of a page is now."""
        ...


class Sites:
    """The sources that are read by yt-dlp; `now` is the time in seconds since the epoch."""

    names: Final = ("youtube", "soundcloud", "bandcamp", "vimeo", "twitch")
    """What clients are told of; there are a thousand more."""

    def __init__(self, extractor: Extracting, *, now: Callable[[], float] = time.time) -> None:
        self._extractor = extractor
        self._now = now
        self._pages: Memory[str, Item | Collection | None] = Memory(
            extractor.look, keep_seconds=lambda _: PAGE_SECONDS, most=MOST_PAGES
        )
        self._found: Memory[tuple[str, str], tuple[Item, ...]] = Memory(
            self._search, keep_seconds=lambda _: PAGE_SECONDS, most=MOST_PAGES
        )
        self._addresses: Memory[str, Address] = Memory(
            extractor.address, keep_seconds=self._good_for, most=MOST_ADDRESSES
        )

    async def load(self, identifier: str) -> LoadResult | None:
        """Load a link or a search; None for what is neither.

        Raises
        ------
        MediaError
            If the site does not give it, or does not answer.
        """
        if search := SEARCHES.fullmatch(identifier):
            items = await self._found.get((search[1], " ".join(search[2].split())))
            return SearchLoaded(tuple(map(_info, items))) if items else NothingFound()
        if not _URL.match(identifier) or _names_a_file(identifier):
            return None
        match await self._pages.get(identifier):
            case None:
                return None
            case Item() as item:
                return TrackLoaded(_info(item))
            case Collection(title, items, selected):
                if not items:
                    return NothingFound()
                return PlaylistLoaded(title, tuple(map(_info, items)), selected)

    async def media(self, track: TrackInfo) -> MediaSource:
        """Say where a track's sound is now; raises as `load`."""
        address = await self._addresses.get(_page(track))
        return MediaSource("http", address.url, address.headers)

    def forget(self, track: TrackInfo) -> None:
        """Look for its sound anew next time."""
        self._addresses.forget(_page(track))

    async def _search(self, question: tuple[str, str]) -> tuple[Item, ...]:
        where, words = question
        return await self._extractor.search(where, words, MOST_FOUND)

    def _good_for(self, address: Address) -> float:
        if address.expires_at is None:
            return ADDRESS_SECONDS
        return max(0.0, address.expires_at - self._now() - EXPIRY_MARGIN_SECONDS)


def _info(item: Item) -> TrackInfo:
    return TrackInfo(
        identifier=item.identifier,
        title=item.title,
        author=item.author,
        length_ms=None if item.live else item.length_ms,
        source=item.source,
        stream=item.live,
        uri=item.url,
        artwork_url=item.artwork,
        isrc=item.isrc,
    )


def _page(track: TrackInfo) -> str:
    if track.uri is None or not _URL.match(track.uri):
        raise MediaError("The track does not say where it is from.", "common", "no page")
    return track.uri


def _names_a_file(url: str) -> bool:
    try:
        path = urlsplit(url).path
    except ValueError:
        return True
    return PurePosixPath(path).suffix[1:].lower() in _FILES
