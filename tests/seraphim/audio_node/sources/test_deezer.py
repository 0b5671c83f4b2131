"""Deezer's source against answers in the shape of its public API."""

from urllib.parse import quote

import pytest

from seraphim.audio_node.media import MediaError
from seraphim.audio_node.sources.deezer import Deezer, DeezerAddresses
from seraphim.audio_node.sources.results import (
    NothingFound,
    PlaylistLoaded,
    SearchLoaded,
    TrackLoaded,
)
from seraphim.audio_node.track import TrackInfo
from tests.seraphim.audio_node.sources.service import Answer, Asked
from tests.seraphim.audio_node.sources.shapes import DEEZER_COVER as COVER
from tests.seraphim.audio_node.sources.shapes import deezer_track as track

pytestmark = pytest.mark.anyio

HELLO = TrackInfo(
    identifier="110265034",
    title="Hello",
    author="Adele",
    length_ms=295_000,
    source="deezer",
    uri="https://www.deezer.com/track/110265034",
    artwork_url=COVER,
    isrc="GBBKS1500214",
)


def paged(total: int, **more: object):
    def answer(asked: Asked) -> dict[str, object]:
        first, limit = int(asked.query["index"]), int(asked.query["limit"])
        ids = range(first, min(first + limit, total))
        page: dict[str, object] = {"data": [track(n, **more) for n in ids], "total": total}
        if first + limit < total:
            page["next"] = "https://elsewhere.example/never?index=1"
        return page

    return answer


@pytest.fixture
def deezer(http, mirrors, service) -> Deezer:
    addresses = DeezerAddresses(api=service.url, short=f"{service.url}/")
    return Deezer(http, mirrors, addresses=addresses)


@pytest.mark.parametrize(
    "link",
    [
        "https://www.deezer.com/track/110265034",
        "https://www.deezer.com/en/track/110265034?utm_source=share#x",
        "http://deezer.com/pt-br/track/110265034/",
        "deezer.com/TRACK/110265034",
    ],
)
async def test_a_tracks_link_is_the_track(deezer, service, link) -> None:
    service.at("/track/110265034", track())
    assert await deezer.load(link) == TrackLoaded(HELLO)


async def test_its_sound_is_found_elsewhere(deezer, elsewhere) -> None:
    elsewhere.finds['ytmsearch:"GBBKS1500214"'] = TrackLoaded(HELLO)
    assert (await deezer.media(HELLO)).location == "https://media.example/110265034"


async def test_an_album_is_its_tracks_with_its_cover(deezer, service) -> None:
    service.at("/album/7", {"id": 7, "title": "25", "cover_xl": COVER, "tracks": {"data": []}})
    service.at("/album/7/tracks", paged(11, album=None))
    album = await deezer.load("https://www.deezer.com/fr/album/7")
    assert isinstance(album, PlaylistLoaded)
    assert (album.name, album.selected) == ("25", -1)
    assert [one.identifier for one in album.tracks] == [str(n) for n in range(11)]
    assert {one.artwork_url for one in album.tracks} == {COVER}


async def test_a_playlist_is_got_whole_from_where_it_was_asked(deezer, service) -> None:
    service.at("/playlist/9", {"id": 9, "title": "Rainy\nday", "picture_xl": COVER})
    service.at("/playlist/9/tracks", paged(430))
    playlist = await deezer.load("https://www.deezer.com/playlist/9")
    assert isinstance(playlist, PlaylistLoaded)
    assert playlist.name == "Rainy day"
    assert [one.identifier for one in playlist.tracks] == [str(n) for n in range(430)]


async def test_an_artist_is_their_top_tracks(deezer, service) -> None:
    service.at("/artist/75798", {"id": 75798, "name": "Adele", "type": "artist"})
    service.at("/artist/75798/top", {"data": [track(), track(5)], "total": 100})
    top = await deezer.load("https://www.deezer.com/artist/75798")
    assert isinstance(top, PlaylistLoaded)
    assert top.name == "Adele's Top Tracks"
    assert [one.identifier for one in top.tracks] == ["110265034", "5"]


async def test_a_search_has_what_was_found(deezer, service) -> None:
    service.at("/search", {"data": [track()], "total": 1})
    assert await deezer.load('dzsearch: adele "hello" & co ') == SearchLoaded((HELLO,))
    assert service.asked[0].query["q"] == 'adele "hello" & co'
    service.at("/search", {"data": [], "total": 0})
    assert await deezer.load("dzsearch:nothing") == NothingFound()
    assert await deezer.load("dzsearch: ") == NothingFound()
    assert len(service.asked) == 2


@pytest.mark.parametrize(
    "location",
    [
        "https://www.deezer.com/en/track/110265034?host=0&deferredFl=1",
        "https://link.deezer.com/x?dest="
        + quote("https://www.deezer.com/track/110265034?x=1", safe=""),
    ],
)
async def test_a_short_link_leads_to_its_track(deezer, service, location) -> None:
    service.at("/link.deezer.com/s/30A1bC2d", Answer(None, 302, {"Location": location}))
    service.at("/track/110265034", track())
    assert await deezer.load("https://link.deezer.com/s/30A1bC2d") == TrackLoaded(HELLO)


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/track/110265034",
        "https://www.deezer.com.evil.example/track/110265034",
        "https://www.deezer.com@evil.example/track/110265034",
        "http://www.deezer.com/track/110265034",
        "https://link.deezer.com/s/another",
        "https://www.deezer.com/",
        "//[",
    ],
)
async def test_a_short_link_that_leads_elsewhere_leads_nowhere(deezer, service, location) -> None:
    service.at("/link.deezer.com/s/x", Answer(None, 302, {"Location": location}))
    with pytest.raises(MediaError, match="Of Deezer only"):
        await deezer.load("https://link.deezer.com/s/x")
    assert service.paths() == ["/link.deezer.com/s/x"]


async def test_a_short_link_that_leads_nowhere_is_not_there(deezer, service) -> None:
    service.at("/link.deezer.com/s/x", b"<html>")
    for path in ("x", "y"):
        with pytest.raises(MediaError, match="nothing there"):
            await deezer.load(f"https://link.deezer.com/s/{path}")


@pytest.mark.parametrize(
    ("code", "says"),
    [(800, "nothing there"), (4, "too often"), (200, "does not give"), (500, "unexpected")],
)
async def test_deezers_own_errors_are_told(deezer, service, code, says) -> None:
    error = {"type": "DataException", "message": "no data", "code": code}
    service.at("/track/1", {"error": error})
    with pytest.raises(MediaError, match=says):
        await deezer.load("https://www.deezer.com/track/1")


async def test_what_a_title_lacks_of_its_version_is_added(deezer, service) -> None:
    service.at("/track/1", track(1, title_version="(Live)"))
    service.at("/track/2", track(2, title="Hello (Live)", title_version="(Live)"))
    for number in (1, 2):
        loaded = await deezer.load(f"https://www.deezer.com/track/{number}")
        assert isinstance(loaded, TrackLoaded)
        assert loaded.track.title == "Hello (Live)"


async def test_what_is_no_track_is_left_out(deezer, service) -> None:
    odd = [None, 5, {}, track(title=""), track(id="../x"), track(), track(duration=0)]
    service.at("/search", {"data": odd})
    found = await deezer.load("dzsearch:x")
    assert isinstance(found, SearchLoaded)
    assert [one.length_ms for one in found.tracks] == [295_000, None]


@pytest.mark.parametrize(
    "identifier",
    [
        "https://evil.example/?x=https://www.deezer.com/track/1",
        "https://www.deezer.com.evil.example/track/1",
        "https://notdeezer.com/track/1",
        "ytsearch:deezer.com/track/1",
        "",
    ],
)
async def test_what_is_not_deezers_is_left_to_others(deezer, service, identifier) -> None:
    assert await deezer.load(identifier) is None
    assert service.asked == []


@pytest.mark.parametrize(
    "identifier",
    [
        "https://www.deezer.com/en/show/12",
        "https://www.deezer.com/track/..%2f..%2fuser",
        "https://www.deezer.com/track/1٣",
    ],
)
async def test_another_kind_of_link_is_refused_unasked(deezer, service, identifier) -> None:
    with pytest.raises(MediaError, match="Of Deezer only"):
        await deezer.load(identifier)
    assert service.asked == []
