import pytest

from seraphim.audio_node.media import MediaSource
from seraphim.audio_node.sources.catalogues import catalogues
from seraphim.audio_node.sources.results import LoadResult, SearchLoaded
from seraphim.audio_node.track import TrackInfo

pytestmark = pytest.mark.anyio


def aurora(source: str) -> TrackInfo:
    return TrackInfo(
        identifier="1", title="Aurora", author="The Choir", length_ms=185_000, source=source
    )


SONG = aurora("site")


class Elsewhere:
    """Has one song, at an address that is another once it was forgotten."""

    def __init__(self) -> None:
        self.address = 1

    async def load(self, identifier: str) -> LoadResult:
        return SearchLoaded((SONG,))

    async def media(self, track: TrackInfo) -> MediaSource:
        assert track is SONG
        return MediaSource("http", f"https://cdn.example/{self.address}")

    def forget(self, track: TrackInfo) -> None:
        assert track is SONG
        self.address += 1


@pytest.mark.parametrize("which", range(3), ids=["spotify", "applemusic", "deezer"])
async def test_what_cannot_be_read_is_looked_up_anew_where_it_was_found(http, which: int) -> None:
    source = catalogues(http, Elsewhere())[which]
    listed = aurora(source.name)
    assert (await source.media(listed)).location.endswith("/1")
    assert (await source.media(listed)).location.endswith("/1")
    source.forget(listed)
    assert (await source.media(listed)).location.endswith("/2")
