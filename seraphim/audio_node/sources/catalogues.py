"""The sources that know songs and have no sound of their own: Spotify, Apple Music and Deezer."""

from dataclasses import dataclass, field
from typing import Protocol

import aiohttp

from seraphim.audio_node.media import MediaSource
from seraphim.audio_node.sources.applemusic import AppleMusic
from seraphim.audio_node.sources.deezer import Deezer
from seraphim.audio_node.sources.mirrors import Mirrors
from seraphim.audio_node.sources.results import LoadResult
from seraphim.audio_node.sources.spotify import Spotify, SpotifyCredentials
from seraphim.audio_node.track import TrackInfo

__all__ = ["CatalogueKeys", "Elsewhere", "catalogues"]


class Elsewhere(Protocol):
    """Where tracks with sound are found: all sources of the node."""

    async def load(self, identifier: str) -> LoadResult:
        """Search."""
        ...

    async def media(self, track: TrackInfo) -> MediaSource:
        """Say where a track's bytes are."""
        ...

    def forget(self, track: TrackInfo) -> None:
        """What `media` said cannot be read."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueKeys:
    """What opens the services' APIs, as far as there is something. Not shown."""

    spotify: SpotifyCredentials | None = None
    apple_music_token: str | None = field(default=None, repr=False)


def catalogues(
    http: aiohttp.ClientSession, elsewhere: Elsewhere, keys: CatalogueKeys | None = None
) -> tuple[Spotify, AppleMusic, Deezer]:
    """Return the three sources; what they list is looked for, and played from, elsewhere.

    `http` keeps no cookies. It is the caller's to close.
    """
    keys = keys or CatalogueKeys()
    mirrors = Mirrors(elsewhere.load, elsewhere.media, forget=elsewhere.forget)
    return (
        Spotify(http, mirrors, credentials=keys.spotify),
        AppleMusic(http, mirrors, token=keys.apple_music_token),
        Deezer(http, mirrors),
    )
