"""What came of loading an identifier: the five answers of Lavalink's `loadtracks`."""

from dataclasses import dataclass

from seraphim.audio_node.media import MediaError
from seraphim.audio_node.track import TrackInfo

__all__ = [
    "LoadFailed",
    "LoadResult",
    "NothingFound",
    "PlaylistLoaded",
    "SearchLoaded",
    "TrackLoaded",
]


@dataclass(frozen=True, slots=True)
class TrackLoaded:
    """The identifier names one track."""

    track: TrackInfo


@dataclass(frozen=True, slots=True)
class PlaylistLoaded:
    """The identifier names several tracks that belong together; `selected` is -1 for none."""

    name: str
    tracks: tuple[TrackInfo, ...]
    selected: int = -1


@dataclass(frozen=True, slots=True)
class SearchLoaded:
    """The identifier is a search, and these were found, the best first; at least one."""

    tracks: tuple[TrackInfo, ...]


@dataclass(frozen=True, slots=True)
class NothingFound:
    """Nobody knows the identifier, or the search found nothing."""


@dataclass(frozen=True, slots=True)
class LoadFailed:
    """The identifier names something that cannot be loaded."""

    error: MediaError


LoadResult = TrackLoaded | PlaylistLoaded | SearchLoaded | NothingFound | LoadFailed
