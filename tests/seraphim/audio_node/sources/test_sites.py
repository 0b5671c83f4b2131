from dataclasses import dataclass, field, replace

import pytest

from seraphim.audio_node.decoders import Decoders
from seraphim.audio_node.extractor.answers import Address, Collection, Item
from seraphim.audio_node.media import MediaError, MediaSource
from seraphim.audio_node.sources import Sources
from seraphim.audio_node.sources.results import (
    LoadFailed,
    NothingFound,
    PlaylistLoaded,
    SearchLoaded,
    TrackLoaded,
)
from seraphim.audio_node.sources.sites import Sites
from seraphim.audio_node.track import TrackInfo, decode, encode

pytestmark = pytest.mark.anyio

PAGE = "https://www.youtube.com/watch?v=dQw4w9WgXcQ"
SONG = Item(
    PAGE, "dQw4w9WgXcQ", "A song", "Ada", 213_000, live=False, source="youtube", artwork="https://a"
)
RADIO = replace(SONG, identifier="live", title="Live", length_ms=None, live=True)


@dataclass
class Pages:
    """The web as an extractor tells of it."""

    pages: dict[str, Item | Collection] = field(default_factory=dict)
    found: tuple[Item, ...] = ()
    good_for: float | None = 3600
    asked: list[str] = field(default_factory=list)
    now: float = 1_000_000

    async def look(self, url: str) -> Item | Collection | None:
        self.asked.append(url)
        return self.pages.get(url)

    async def search(self, where: str, words: str, limit: int) -> tuple[Item, ...]:
        self.asked.append(f"{where} {words}")
        return self.found[:limit]

    async def address(self, url: str) -> Address:
        self.asked.append(url)
        if url not in self.pages:
            raise MediaError("The video is private.", "common", "private")
        expires_at = None if self.good_for is None else self.now + self.good_for
        number = len(self.asked)
        return Address(f"https://cdn.example/{number}", (("Referer", url),), expires_at)


@pytest.fixture
def pages() -> Pages:
    return Pages({PAGE: SONG})


@pytest.fixture
def sites(pages: Pages) -> Sites:
    return Sites(pages, now=lambda: pages.now)


@pytest.mark.parametrize("where", ["ytsearch", "ytmsearch", "scsearch"])
async def test_a_search_finds_tracks(where: str, sites: Sites, pages: Pages) -> None:
    pages.found = (SONG, RADIO)
    result = await sites.load(f"{where}:  some \n words ")
    assert isinstance(result, SearchLoaded)
    assert [track.title for track in result.tracks] == ["A song", "Live"]
    assert pages.asked == [f"{where} some words"]
    assert await sites.load(f"{where}:some words") == result
    assert len(pages.asked) == 1


async def test_a_search_without_a_find_is_told_as_such(sites: Sites) -> None:
    assert await sites.load("ytsearch:nothing") == NothingFound()


async def test_a_link_to_a_track_a_stream_and_a_playlist(sites: Sites, pages: Pages) -> None:
    pages.pages |= {
        "https://t.example/live": RADIO,
        "https://t.example/list": Collection("Mix", (SONG, RADIO), 1),
    }
    song = await sites.load(PAGE)
    assert isinstance(song, TrackLoaded)
    assert song.track == TrackInfo(
        identifier="dQw4w9WgXcQ",
        title="A song",
        author="Ada",
        length_ms=213_000,
        source="youtube",
        uri=PAGE,
        artwork_url="https://a",
    )
    stream = await sites.load("https://t.example/live")
    assert isinstance(stream, TrackLoaded)
    assert (stream.track.stream, stream.track.length_ms) == (True, None)
    mix = await sites.load("https://t.example/list")
    assert isinstance(mix, PlaylistLoaded)
    assert (mix.name, len(mix.tracks), mix.selected) == ("Mix", 2, 1)


async def test_an_empty_playlist_is_nothing_found(sites: Sites, pages: Pages) -> None:
    pages.pages["https://t.example/list"] = Collection("Mix", ())
    assert await sites.load("https://t.example/list") == NothingFound()


@pytest.mark.parametrize(
    "identifier", ["words", "libsearch:words", "ftp://x.example/", "https://x.example/unknown"]
)
async def test_what_is_no_page_that_is_known_is_left_to_others(
    identifier: str, sites: Sites
) -> None:
    assert await sites.load(identifier) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://x.example/song.mp3",
        "https://x.example/Song.OPUS?signature=1",
        "http://127.0.0.1:8000/list.m3u8",
        "https://[broken/",
    ],
)
async def test_what_names_a_file_is_not_looked_for_as_a_page(
    url: str, sites: Sites, pages: Pages
) -> None:
    assert await sites.load(url) is None
    assert pages.asked == []


async def test_an_address_is_looked_up_once_until_shortly_before_it_expires(
    sites: Sites, pages: Pages
) -> None:
    track = (await sites.load(PAGE)).track  # type: ignore[union-attr]
    first = await sites.media(track)
    assert first == MediaSource("http", "https://cdn.example/2", (("Referer", PAGE),))
    assert await sites.media(track) == first
    pages.good_for = 59
    sites.forget(track)
    assert await sites.media(track) != await sites.media(track)


async def test_an_address_that_cannot_be_read_is_looked_up_anew(sites: Sites, pages: Pages) -> None:
    track = (await sites.load(PAGE)).track  # type: ignore[union-attr]
    first = await sites.media(track)
    sites.forget(track)
    assert await sites.media(track) != first


async def test_a_track_is_played_from_what_its_client_kept_of_it(sites: Sites) -> None:
    kept = encode((await sites.load(PAGE)).track)  # type: ignore[union-attr]
    assert (await sites.media(decode(kept))).location == "https://cdn.example/2"


@pytest.mark.parametrize("uri", [None, "file:///etc/passwd", "dQw4w9WgXcQ"])
async def test_a_track_without_a_page_is_refused(uri: str | None, sites: Sites) -> None:
    track = TrackInfo(identifier="x", title="x", author="x", length_ms=1, source="youtube", uri=uri)
    with pytest.raises(MediaError):
        await sites.media(track)


async def test_they_stand_among_all_sources(pages: Pages) -> None:
    pages.good_for = None
    async with Decoders() as decoders:
        sources = Sources(decoders, extractor=pages)
        assert {"youtube", "soundcloud", "bandcamp", "twitch", "vimeo", "http"} <= set(
            sources.names
        )
        loaded = await sources.load(PAGE)
        assert isinstance(loaded, TrackLoaded)
        assert (await sources.media(loaded.track)).location == "https://cdn.example/2"
        # A site that nobody told clients of is played by the same hands.
        other = replace(loaded.track, source="mixcloud")
        assert (await sources.place(other).find()).location == "https://cdn.example/2"
        missing = await sources.load("ftp://x.example/")
        assert missing == NothingFound()
        gone = replace(loaded.track, uri="https://www.youtube.com/watch?v=gone")
        with pytest.raises(MediaError, match="private"):
            await sources.place(gone).find()


async def test_what_a_site_refuses_is_a_result(pages: Pages, sites: Sites) -> None:
    async def refuse(url: str) -> Item:
        raise MediaError("YouTube is limiting us.", "common", "429")

    pages.look = refuse  # type: ignore[method-assign]
    async with Decoders() as decoders:
        result = await Sources(decoders, extractor=pages).load(PAGE)
    assert isinstance(result, LoadFailed)
    assert result.error.cause == "429"
