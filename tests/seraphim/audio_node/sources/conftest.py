from collections.abc import AsyncIterator

import aiohttp
import pytest

from seraphim.audio_node.media import MediaError, MediaSource
from seraphim.audio_node.sources.mirrors import Mirrors
from seraphim.audio_node.sources.results import LoadResult, NothingFound
from seraphim.audio_node.track import TrackInfo
from tests.seraphim.audio_node.sources.service import Service


class Elsewhere:
    """The places where recordings are looked for: what each search finds, and what plays."""

    def __init__(self) -> None:
        self.searches: list[str] = []
        self.located: list[str] = []
        self.finds: dict[str, LoadResult] = {}
        self.broken: set[str] = set()

    async def search(self, identifier: str) -> LoadResult:
        self.searches.append(identifier)
        return self.finds.get(identifier, NothingFound())

    async def media(self, track: TrackInfo) -> MediaSource:
        self.located.append(track.identifier)
        if track.identifier in self.broken:
            raise MediaError("This video is not available.", "common", "gone")
        return MediaSource("http", f"https://media.example/{track.identifier}")


@pytest.fixture
def elsewhere() -> Elsewhere:
    return Elsewhere()


@pytest.fixture
def mirrors(elsewhere) -> Mirrors:
    return Mirrors(elsewhere.search, elsewhere.media)


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    async with Service() as service:
        yield service


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        yield http
