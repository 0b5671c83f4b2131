"""Where tracks come from: each source is asked in turn whether an identifier is one of its own.

A source finds tracks and says where their bytes are; it never opens what it will play. What must be
opened to be known (a file on the web) is probed in a decoder process like everything that plays.
"""

from pathlib import Path
from typing import Protocol

from seraphim.audio_node.decoders import Decoders
from seraphim.audio_node.media import MediaError, MediaSource
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


class Sources:
    """All sources of a node: URLs always, the music folder where there is one."""

    def __init__(self, decoders: Decoders, *, music_dir: Path | None = None) -> None:
        sources: list[Source] = [Http(decoders)]
        if music_dir is not None:
            sources.append(Library(music_dir))
        self._sources = {source.name: source for source in sources}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the sources."""
        return tuple(self._sources)

    async def load(self, identifier: str) -> LoadResult:
        """Load what the identifier names; a `MediaError` on the way is a result too."""
        try:
            for source in self._sources.values():
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
        source = self._sources.get(track.source)
        if source is None:
            raise MediaError(
                "This node cannot play from there.", "common", f"no source {track.source!r}"
            )
        return await source.media(track)
