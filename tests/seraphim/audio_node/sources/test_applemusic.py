"""Apple Music's source against answers in the shape of its API, and of iTunes' lookup."""

import pytest

from seraphim.audio_node.media import MediaError
from seraphim.audio_node.sources.applemusic import AppleMusic, AppleMusicAddresses
from seraphim.audio_node.sources.results import (
    NothingFound,
    PlaylistLoaded,
    SearchLoaded,
    TrackLoaded,
)
from seraphim.audio_node.track import TrackInfo
from tests.seraphim.audio_node.sources.service import Answer, Asked
from tests.seraphim.audio_node.sources.shapes import APPLE_ART as ART
from tests.seraphim.audio_node.sources.shapes import apple_song as song
from tests.seraphim.audio_node.sources.shapes import itunes_song as listed

pytestmark = pytest.mark.anyio

TOKEN = "ey.developer.token"
HELLO = TrackInfo(
    identifier="1544494115",
    title="Hello",
    author="Adele",
    length_ms=295_502,
    source="applemusic",
    uri="https://music.apple.com/us/album/hello/1544494108?i=1544494115",
    artwork_url=f"{ART}/1000x1000bb.jpg",
    isrc="GBBKS1500214",
)
COLLECTION = {"wrapperType": "collection", "collectionName": "25", "artistName": "Adele"}


@pytest.fixture
def addresses(service) -> AppleMusicAddresses:
    return AppleMusicAddresses(api=f"{service.url}/v1", itunes=f"{service.url}/itunes")


@pytest.fixture
def with_token(http, mirrors, addresses) -> AppleMusic:
    return AppleMusic(http, mirrors, token=TOKEN, addresses=addresses)


@pytest.fixture
def without(http, mirrors, addresses) -> AppleMusic:
    return AppleMusic(http, mirrors, addresses=addresses)


@pytest.mark.parametrize(
    ("link", "country"),
    [
        ("https://music.apple.com/us/song/hello/1544494115", "us"),
        ("https://music.apple.com/de/song/1544494115?l=en", "de"),
        ("https://music.apple.com/us/album/hello/1544494108?i=1544494115", "us"),
        ("https://geo.music.apple.com/JP/album/%E3%81%82/1544494108?l=en&i=1544494115#x", "jp"),
        ("music.apple.com/album/привет-hello/1544494108?i=1544494115", "us"),
    ],
)
async def test_a_songs_link_is_the_song(with_token, service, link, country) -> None:
    service.at(f"/v1/catalog/{country}/songs/1544494115", {"data": [song()]})
    assert await with_token.load(link) == TrackLoaded(HELLO)
    assert service.asked[0].headers["Authorization"] == f"Bearer {TOKEN}"


async def test_an_album_is_its_songs_without_its_videos(with_token, service) -> None:
    about = {"id": "7", "type": "albums", "attributes": {"name": "25", "artistName": "Adele"}}
    video = song(3) | {"type": "music-videos"}
    service.at("/v1/catalog/us/albums/7", {"data": [about]})
    tracks = {"data": [song("1"), song("2"), video], "meta": {"total": 3}}
    service.at("/v1/catalog/us/albums/7/tracks", tracks)
    album = await with_token.load("https://music.apple.com/us/album/25/7")
    assert isinstance(album, PlaylistLoaded)
    assert album.name == "25"
    assert [one.identifier for one in album.tracks] == ["1", "2"]


@pytest.mark.parametrize("says_total", [True, False])
async def test_a_playlist_is_got_whole(with_token, service, says_total) -> None:
    def page(asked: Asked) -> dict[str, object]:
        first = int(asked.query["offset"])
        ids = range(first, min(first + int(asked.query["limit"]), 250))
        answer: dict[str, object] = {"data": [song(str(n)) for n in ids]}
        if says_total:
            answer["meta"] = {"total": 250}
        if ids.stop < 250:
            answer["next"] = f"/v1/catalog/us/playlists/pl.u-76oNlrphVm/tracks?offset={ids.stop}"
        return answer

    about = {"id": "pl.u-76oNlrphVm", "attributes": {"name": "Rain"}}
    service.at("/v1/catalog/us/playlists/pl.u-76oNlrphVm", {"data": [about]})
    service.at("/v1/catalog/us/playlists/pl.u-76oNlrphVm/tracks", page)
    playlist = await with_token.load("https://music.apple.com/us/playlist/rain/pl.u-76oNlrphVm")
    assert isinstance(playlist, PlaylistLoaded)
    assert [one.identifier for one in playlist.tracks] == [str(n) for n in range(250)]


async def test_an_empty_playlist_has_nothing(with_token, service) -> None:
    service.at("/v1/catalog/us/playlists/pl.1", {"data": [{"attributes": {"name": "Empty"}}]})
    loaded = await with_token.load("https://music.apple.com/us/playlist/empty/pl.1")
    assert loaded == NothingFound()


async def test_an_artist_is_their_top_songs(with_token, service) -> None:
    service.at("/v1/catalog/us/artists/5", {"data": [{"attributes": {"name": "Adele"}}]})
    service.at("/v1/catalog/us/artists/5/view/top-songs", {"data": [song()]})
    top = await with_token.load("https://music.apple.com/us/artist/adele/5")
    assert top == PlaylistLoaded("Adele's Top Tracks", (HELLO,))


async def test_a_search_has_what_was_found(with_token, without, service) -> None:
    service.at("/v1/catalog/us/search", {"results": {"songs": {"data": [song()]}}})
    service.at("/itunes/search", {"resultCount": 1, "results": [listed()]})
    assert await with_token.load("amsearch:adele hello") == SearchLoaded((HELLO,))
    found = await without.load("amsearch:adele hello")
    assert isinstance(found, SearchLoaded)
    assert [one.query["term"] for one in service.asked] == ["adele hello"] * 2
    service.at("/v1/catalog/us/search", {"results": {}})
    assert await with_token.load("amsearch:nothing") == NothingFound()
    assert await with_token.load("amsearch: ") == NothingFound()


@pytest.mark.parametrize("status", [401, 403])
async def test_a_token_that_is_not_accepted_is_told_without_it(with_token, service, status) -> None:
    service.at("/v1/catalog/us/songs/1", Answer({"errors": []}, status))
    with pytest.raises(MediaError, match="does not accept the bot's token") as failed:
        await with_token.load("https://music.apple.com/us/song/1")
    assert failed.value.severity == "fault"
    assert TOKEN not in repr(failed.value) + failed.value.cause


async def test_without_a_token_itunes_knows_the_song(without, service) -> None:
    service.at("/itunes/lookup", {"resultCount": 1, "results": [listed()]})
    loaded = await without.load("https://music.apple.com/se/album/hello/1544494108?i=1544494115")
    assert isinstance(loaded, TrackLoaded)
    assert loaded.track.isrc is None
    assert (loaded.track.title, loaded.track.length_ms) == ("Hello", 295_502)
    assert loaded.track.artwork_url == f"{ART}/1000x1000bb.jpg"
    assert service.asked[0].query == {"id": "1544494115", "country": "se"}
    assert "Authorization" not in service.asked[0].headers


async def test_without_a_token_itunes_knows_the_album_and_the_artist(without, service) -> None:
    video = listed(3, kind="music-video")
    service.at("/itunes/lookup", {"results": [COLLECTION, listed(1), listed(2), video]})
    album = await without.load("https://music.apple.com/us/album/25/1544494108")
    assert isinstance(album, PlaylistLoaded)
    assert (album.name, [one.identifier for one in album.tracks]) == ("25", ["1", "2"])
    artist = {"wrapperType": "artist", "artistName": "Adele"}
    service.at("/itunes/lookup", {"results": [artist, listed()]})
    top = await without.load("https://music.apple.com/us/artist/adele/262836961")
    assert isinstance(top, PlaylistLoaded)
    assert (top.name, len(top.tracks)) == ("Adele's Top Tracks", 1)
    assert [one.query["entity"] for one in service.asked] == ["song", "song"]


async def test_without_a_token_what_itunes_does_not_know_is_not_there(without, service) -> None:
    service.at("/itunes/lookup", {"resultCount": 0, "results": []})
    for path in ("song/1", "album/25/1", "artist/adele/1"):
        assert await without.load(f"https://music.apple.com/us/{path}") == NothingFound()


async def test_without_a_token_a_playlist_says_what_it_needs(without, service) -> None:
    with pytest.raises(MediaError, match="only be read with a token"):
        await without.load("https://music.apple.com/us/playlist/rain/pl.u-76oNlrphVm")
    assert service.asked == []


@pytest.mark.parametrize(
    "identifier",
    [
        "https://evil.example/music.apple.com/us/song/1",
        "https://music.apple.com.evil.example/us/song/1",
        "spsearch:music.apple.com/us/song/1",
        "",
    ],
)
async def test_what_is_not_apples_is_left_to_others(with_token, service, identifier) -> None:
    assert await with_token.load(identifier) is None
    assert service.asked == []


@pytest.mark.parametrize(
    "path",
    ["us/playlist/x/..", "us/playlist/..", "us/song/..", "us/album/x/pl.1", "us/playlist/x/123"],
)
async def test_what_is_no_number_and_no_playlist_is_not_asked_for(
    with_token, service, path
) -> None:
    assert await with_token.load(f"https://music.apple.com/{path}") == NothingFound()
    assert service.asked == []


async def test_another_kind_of_link_is_refused(with_token, service) -> None:
    with pytest.raises(MediaError, match="Of Apple Music only"):
        await with_token.load("https://music.apple.com/us/station/x/ra.1")
    assert service.asked == []
