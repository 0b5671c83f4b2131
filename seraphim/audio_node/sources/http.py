"""Files, streams and lists of them on the web: the identifier is the URL.

A list (M3U, PLS, XSPF) is of two kinds. A radio's names the same station on several servers, and is
one track: of the first that plays. Any other is a playlist. Which it is shows when the first entry
that can be played is looked at: a station has no end.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote

from seraphim.audio_node.decoder.address_guard import Target
from seraphim.audio_node.decoders import Decoders
from seraphim.audio_node.media import MediaEntry, MediaError, MediaInfo, MediaSource
from seraphim.audio_node.sources.results import LoadResult, PlaylistLoaded, TrackLoaded
from seraphim.audio_node.track import TrackInfo

__all__ = ["Http"]

UNKNOWN_ARTIST: Final = "Unknown artist"
AT_ONCE: Final = 4
LIST_SECONDS: Final = 8.0
"""How long the entries of a list are looked at; those that are left are taken as they are."""

_OURS: Final = re.compile(r"https?://", re.IGNORECASE)


class Http:
    """The source `http`. Addresses are judged where they are connected to, in the decoder."""

    name = "http"

    def __init__(self, decoders: Decoders) -> None:
        self._decoders = decoders

    async def load(self, identifier: str) -> LoadResult | None:
        """Open the URL and tell what is there."""
        if not _OURS.match(identifier):
            return None
        target = Target.parse(identifier)
        info = await self._decoders.probe(MediaSource("http", identifier))
        if info.entries:
            return await self._load_list(identifier, target, info.entries)
        return TrackLoaded(self._track(identifier, info))

    async def media(self, track: TrackInfo) -> MediaSource:
        """Give the URL."""
        Target.parse(track.identifier)
        return MediaSource("http", track.identifier)

    def forget(self, track: TrackInfo) -> None:
        """Do nothing: the URL is what was asked for."""

    async def _load_list(
        self, identifier: str, target: Target, entries: Sequence[MediaEntry]
    ) -> LoadResult:
        tracks: dict[MediaEntry, TrackInfo | None] = {}
        failure: MediaError | None = None
        try:
            async with asyncio.timeout(LIST_SECONDS):
                async for entry, found in self._look_at(entries):
                    if isinstance(found, MediaError):
                        failure = failure or found
                        tracks[entry] = None
                        continue
                    track = self._track(entry.url, found, entry.title)
                    if found.stream or len(entries) == 1:
                        return TrackLoaded(self._track(entry.url, found, entry.title, identifier))
                    tracks[entry] = track
        except TimeoutError:
            if not any(tracks.values()):
                raise failure or MediaError(
                    "Nothing of this list could be reached in time.", "suspicious", "timeout"
                ) from None
        listed = [tracks.get(entry, self._unseen(entry)) for entry in entries]
        playable = tuple(track for track in listed if track is not None)
        if not playable:
            raise failure or MediaError("There is nothing to play in this list.")
        return PlaylistLoaded(_name(target), playable)

    async def _look_at(
        self, entries: Sequence[MediaEntry]
    ) -> AsyncIterator[tuple[MediaEntry, MediaInfo | MediaError]]:
        """Look at entries, a few at once, and give them in their order.

        When it is known that this is no radio, those of which enough is said are left out.
        """
        known = False
        while entries:
            now, entries = entries[:AT_ONCE], entries[AT_ONCE:]
            if known:
                now = [entry for entry in now if entry.title is None or entry.length_ms is None]
            for entry, found in zip(now, await asyncio.gather(*map(self._probe, now)), strict=True):
                known = known or isinstance(found, MediaInfo)
                yield entry, found

    async def _probe(self, entry: MediaEntry) -> MediaInfo | MediaError:
        try:
            info = await self._decoders.probe(MediaSource("http", entry.url))
        except MediaError as error:
            return error
        if info.entries:
            return MediaError("A list in a list is not opened.", "common", "nested lists")
        return info

    def _track(
        self, url: str, info: MediaInfo, title: str | None = None, uri: str | None = None
    ) -> TrackInfo:
        return TrackInfo(
            identifier=url,
            title=info.title or title or _name(Target.parse(url)),
            author=info.author or UNKNOWN_ARTIST,
            length_ms=info.length_ms,
            source=self.name,
            stream=info.stream,
            uri=uri or url,
            isrc=info.isrc,
            probe=info.container,
        )

    def _unseen(self, entry: MediaEntry) -> TrackInfo:
        """Make a track of an entry that was not looked at."""
        return TrackInfo(
            identifier=entry.url,
            title=entry.title or _name(Target.parse(entry.url)),
            author=UNKNOWN_ARTIST,
            length_ms=entry.length_ms,
            source=self.name,
            uri=entry.url,
        )


def _name(target: Target) -> str:
    """Make a title of the file's name, or of the host's where there is none."""
    return PurePosixPath(unquote(target.path.split("?")[0], errors="replace")).stem or target.host
