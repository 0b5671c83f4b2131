"""A source that knows songs and has no sound of its own: what is the same for each of them."""

import re
from abc import ABC, abstractmethod
from typing import ClassVar

from seraphim.audio_node.media import MediaError, MediaSource
from seraphim.audio_node.sources.mirrors import Mirrors
from seraphim.audio_node.sources.results import LoadResult
from seraphim.audio_node.track import TrackInfo

__all__ = ["Mirrored"]


class Mirrored(ABC):
    """Finds what searches, links and short links name; the sound is found by `mirrors`.

    A subclass says what its searches begin with (`prefix`), which `links` it reads, what its `site`
    begins with, whose other links are its own to refuse, and in a sentence what is `playable`.
    """

    name: ClassVar[str]
    prefix: ClassVar[str]
    links: ClassVar[re.Pattern[str]]
    site: ClassVar[re.Pattern[str]]
    playable: ClassVar[str]

    def __init__(self, mirrors: Mirrors) -> None:
        self._mirrors = mirrors

    async def load(self, identifier: str) -> LoadResult | None:
        """Search, or load what a link names."""
        if identifier.startswith(self.prefix):
            return await self._search(identifier.removeprefix(self.prefix).strip())
        long = await self._expand(identifier)
        link = self.links.fullmatch(identifier if long is None else long)
        if link is not None:
            return await self._link(link)
        if long is not None or self.site.match(identifier):
            raise MediaError(self.playable, "common", "another kind of link")
        return None

    async def media(self, track: TrackInfo) -> MediaSource:
        """Find the recording where it can be played."""
        return await self._mirrors.media(track)

    def forget(self, track: TrackInfo) -> None:
        """Look for a track's sound anew."""
        self._mirrors.forget(track)

    @abstractmethod
    async def _search(self, words: str) -> LoadResult:
        """Search for words, which may be none."""

    @abstractmethod
    async def _link(self, link: re.Match[str]) -> LoadResult:
        """Load what a link names."""

    async def _expand(self, _identifier: str) -> str | None:
        """Return where a short link leads, empty if not to the site; None: this is none."""
        return None
