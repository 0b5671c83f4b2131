"""Where tracks come from: each source is asked in turn whether an identifier is one of its own.

A source finds tracks and says where their bytes are; it never opens what it will play. What must be
opened to be known (a file on the web) is probed in a decoder process like everything that plays.
Finding out where the bytes are may take seconds (a page is read, a recording is looked for
elsewhere), so a track is handed on as a `Place`: whoever opens it looks, and nobody else waits.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import aiohttp

from seraphim.audio_node.decoders import Decoders
from seraphim.audio_node.media import MediaError, MediaSource, Place
from seraphim.audio_node.sources.catalogues import CatalogueKeys, catalogues
from seraphim.audio_node.sources.http import Http
from seraphim.audio_node.sources.library import Library
from seraphim.audio_node.sources.results import (
    LoadFailed,
    LoadResult,
    NothingFound,
    PlaylistLoaded,
    SearchLoaded,
    TrackLoaded,
)
from seraphim.audio_node.sources.sites import Extracting, Sites
from seraphim.audio_node.track import TrackInfo

__all__ = [
    "LoadFailed",
    "LoadResult",
    "NothingFound",
    "PlaylistLoaded",
    "SearchLoaded",
    "Source",
    "Sources",
    "TrackLoaded",
]


class Source(Protocol):
    """One kind of place where tracks come from; both calls may raise `MediaError`."""

    @property
    def name(self) -> str:
        """What Lavalink calls the source's name; tracks carry it."""
        ...

    async def load(self, identifier: str) -> LoadResult | None:
        """Load what the identifier names; None when it is not one of this source's."""
        ...

    async def media(self, track: TrackInfo) -> MediaSource:
        """Say where the bytes of one of this source's tracks are."""
        ...

    def forget(self, track: TrackInfo) -> None:
        """What `media` said cannot be read: say another next time, if there is one."""
        ...


class Sources:
    """All sources of a node: URLs always, the music folder where there is one.

    With an `http` client, which keeps no cookies, Spotify, Apple Music and Deezer are among them;
    `keys` open what these do not give to everybody. With an `extractor` there are YouTube,
    SoundCloud and whatever else it reads.
    """

    def __init__(
        self,
        decoders: Decoders,
        *,
        music_dir: Path | None = None,
        http: aiohttp.ClientSession | None = None,
        keys: CatalogueKeys | None = None,
        extractor: Extracting | None = None,
    ) -> None:
        catalogue = () if http is None else catalogues(http, self, keys)
        self._sites = None if extractor is None else Sites(extractor)
        files: list[Source] = [Http(decoders)]
        if music_dir is not None:
            files.append(Library(music_dir))
        self._sources: dict[str, Source] = {one.name: one for one in (*catalogue, *files)}
        sites = () if self._sites is None else (self._sites,)
        # Links are URLs, all of them: whatever nobody else knows is taken for a file.
        self._asked = (*catalogue, *sites, *files)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the sources, as Lavalink and its plugins have them."""
        return (*self._sources, *(() if self._sites is None else self._sites.names))

    async def load(self, identifier: str) -> LoadResult:
        """Load what the identifier names; a `MediaError` on the way is a result too."""
        try:
            for source in self._asked:
                result = await source.load(identifier)
                if result is not None:
                    return result
        except MediaError as error:
            return LoadFailed(error)
        return NothingFound()

    async def media(self, track: TrackInfo) -> MediaSource:
        """Say where a track's bytes are.

        Raises
        ------
        MediaError
            If its source is not here, or does not have it any more.
        """
        source = self._source(track)
        if source is None:
            raise MediaError(
                "This node cannot play from there.", "common", f"no source {track.source!r}"
            )
        return await source.media(track)

    def forget(self, track: TrackInfo) -> None:
        """What `media` said cannot be read: say another next time, if there is one."""
        if (source := self._source(track)) is not None:
            source.forget(track)

    def place(self, track: TrackInfo) -> Place:
        """Hand on where a track is, for whoever opens it to find out."""
        return _Place(self, track)

    def _source(self, track: TrackInfo) -> Source | Sites | None:
        return self._sources.get(track.source, self._sites)


@dataclass(frozen=True, slots=True)
class _Place:
    sources: Sources
    track: TrackInfo

    async def find(self) -> MediaSource:
        return await self.sources.media(self.track)

    def forget(self) -> None:
        self.sources.forget(self.track)
