"""Playing what cannot be played where it is listed: the same recording is looked for elsewhere.

Spotify, Apple Music and Deezer tell what a track is and give its sound to their own players alone.
So the sound comes from a place that does, found by the recording's ISRC and else by artist and
title, as LavaSrc does it; unlike there, what was found must be that recording by `matching`. What
was found is remembered, so that a track that is opened again, to seek in it or because its address
expired, is not searched for again.
"""

import asyncio
import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from seraphim.audio_node.media import MediaError, MediaSource
from seraphim.audio_node.sources.results import LoadFailed, LoadResult, SearchLoaded, TrackLoaded
from seraphim.audio_node.track import TrackInfo
from seraphim.matching import best_first, query

__all__ = ["Locate", "Mirrors", "Search"]

Search = Callable[[str], Awaitable[LoadResult]]
"""Loads an identifier, as `Sources.load` does."""

Locate = Callable[[TrackInfo], Awaitable[MediaSource]]
"""Says where a track's bytes are, as `Sources.media` does."""

BY_ISRC: Final = 'ytmsearch:"{isrc}"'
SEARCHES: Final = (BY_ISRC, "ytmsearch:{query}", "ytsearch:{query}", "scsearch:{query}")
"""Where is looked, in this order, until a track is found that fits and can be played."""

SECONDS: Final = 30.0
"""How long all of it may take."""

MOST_KNOWN: Final = 2_000
KNOWN_SECONDS: Final = 6 * 3600.0
MOST_TRIED: Final = 3
"""How many fitting tracks of one search are tried."""

_ISRC: Final = re.compile(r"[A-Za-z]{2}[A-Za-z0-9]{3}[0-9]{7}")

_log = structlog.stdlib.get_logger("seraphim.audio_node.mirrors")


@dataclass(frozen=True, slots=True)
class _Known:
    track: TrackInfo
    until: float


class Mirrors:
    """Finds tracks elsewhere. A track that is asked for twice at once is looked for once."""

    def __init__(
        self,
        search: Search,
        media: Locate,
        *,
        forget: Callable[[TrackInfo], None] = lambda _: None,
        searches: Sequence[str] = SEARCHES,
        seconds: float = SECONDS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._search = search
        self._media = media
        self._forget = forget
        self._searches = tuple(searches)
        self._seconds = seconds
        self._now = now
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._looking: dict[bytes, asyncio.Task[MediaSource]] = {}

    async def media(self, track: TrackInfo) -> MediaSource:
        """Say where the bytes of the same recording are.

        Raises
        ------
        MediaError
            If it was found nowhere, or nowhere where it can be played; then that place's reason.
        """
        key = _key(track)
        looking = self._looking.get(key)
        if looking is None:
            looking = asyncio.create_task(self._find_in_time(key, track))
            self._looking[key] = looking
            looking.add_done_callback(lambda _: self._looking.pop(key, None))
            # Whoever asks may go away; the error of what nobody waits for any more is nobody's.
            looking.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await asyncio.shield(looking)

    def forget(self, track: TrackInfo) -> None:
        """What `media` said cannot be read: where it was found, its address may be another now."""
        known = self._recall(_key(track))
        if known is not None:
            self._forget(known)

    async def _find_in_time(self, key: bytes, track: TrackInfo) -> MediaSource:
        try:
            async with asyncio.timeout(self._seconds):
                return await self._find(key, track)
        except TimeoutError:
            raise MediaError(
                "Looking for this recording took too long.",
                "suspicious",
                f"no match for a track of {track.source} in time",
            ) from None

    async def _find(self, key: bytes, track: TrackInfo) -> MediaSource:
        broken: set[tuple[str, str]] = set()
        failure: MediaError | None = None
        known = self._recall(key)
        if known is not None:
            try:
                return await self._media(known)
            except MediaError as error:
                # It may be gone since; another may be there.
                failure = error
                broken.add((known.source, known.identifier))
                self._known.pop(key, None)
        for search in self._searches:
            identifier = _identifier(search, track)
            if identifier is None:
                continue
            result = await self._search(identifier)
            if isinstance(result, LoadFailed):
                failure = result.error
                continue
            fitting = best_first(track, _found(result), by_isrc=search == BY_ISRC)
            for candidate in fitting[:MOST_TRIED]:
                place = (candidate.source, candidate.identifier)
                if place in broken:
                    continue
                try:
                    source = await self._media(candidate)
                except MediaError as error:
                    failure = error
                    broken.add(place)
                    continue
                self._remember(key, candidate)
                return source
        _log.info("mirrors.not_found", source=track.source, broken=len(broken))
        if failure is not None:
            raise failure
        raise MediaError(
            "This recording was found nowhere where it could be played from.",
            "common",
            f"no match for a track of {track.source}",
        )

    def _recall(self, key: bytes) -> TrackInfo | None:
        known = self._known.get(key)
        if known is None:
            return None
        if known.until < self._now():
            del self._known[key]
            return None
        self._known.move_to_end(key)
        return known.track

    def _remember(self, key: bytes, track: TrackInfo) -> None:
        self._known[key] = _Known(track, self._now() + KNOWN_SECONDS)
        self._known.move_to_end(key)
        while len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)


def _key(track: TrackInfo) -> bytes:
    # A track comes back from a client, who may have written anything into it: all that the search
    # goes by is part of the key, so that nobody can have another's song remembered wrongly.
    told = (track.isrc, track.title, track.author, track.length_ms, track.stream)
    return hashlib.sha256(repr(told).encode("utf-8", "surrogatepass")).digest()


def _identifier(search: str, track: TrackInfo) -> str | None:
    """Fill in a search; None if the track lacks what it needs."""
    if search == BY_ISRC:
        isrc = (track.isrc or "").replace("-", "")
        return search.format(isrc=isrc) if _ISRC.fullmatch(isrc) else None
    words = query(track)
    return search.format(query=words) if words else None


def _found(result: LoadResult) -> tuple[TrackInfo, ...]:
    match result:
        case SearchLoaded(tracks):
            return tracks
        case TrackLoaded(track):
            return (track,)
        case _:
            return ()
