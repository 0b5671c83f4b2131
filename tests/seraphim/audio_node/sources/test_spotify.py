"""Spotify's source against answers in the shape of its Web API, and of its embedded page."""

import asyncio
import base64
import json

import pytest

from seraphim.audio_node.media import MediaError
from seraphim.audio_node.sources.results import (
    NothingFound,
    PlaylistLoaded,
    SearchLoaded,
    TrackLoaded,
)
from seraphim.audio_node.sources.spotify import Spotify, SpotifyAddresses, SpotifyCredentials
from seraphim.audio_node.track import TrackInfo
from tests.seraphim.audio_node.sources.service import Answer, Asked
from tests.seraphim.audio_node.sources.shapes import SPOTIFY_ART as ART
from tests.seraphim.audio_node.sources.shapes import SPOTIFY_ID as ID
from tests.seraphim.audio_node.sources.shapes import SPOTIFY_IMAGES as IMAGES
from tests.seraphim.audio_node.sources.shapes import spotify_full as full
from tests.seraphim.audio_node.sources.shapes import spotify_shown as shown
from tests.seraphim.audio_node.sources.shapes import spotify_simple as simple

pytestmark = pytest.mark.anyio

CREDENTIALS = SpotifyCredentials("the-client", "the:hush-hush")
TOKEN = "BQ-token"

HELLO = TrackInfo(
    identifier=ID,
    title="Hello",
    author="Adele, Ada",
    length_ms=295_502,
    source="spotify",
    uri=f"https://open.spotify.com/track/{ID}",
    artwork_url=f"{ART}large",
    isrc="GBBKS1500214",
)


def id_of(number: int) -> str:
    return f"{number:022}"


def page(entity: object) -> bytes:
    data = {
        "props": {
            "pageProps": {
                "state": {
                    "data": {"entity": entity, "embeded_entity_uri": "x"},
                    "settings": {"session": {"accessToken": "BQ-anonymous"}},
                }
            }
        },
        "page": "/playlist/[id]",
    }
    return (
        '<!DOCTYPE html><html><head><script src="x.js"></script></head><body>'
        f'<script id="__NEXT_DATA__" type="application/json">{json.dumps(data)}</script>'
        "</body></html>"
    ).encode()


LISTED = {
    "type": "playlist",
    "name": "Rain &\ndrizzle",
    "uri": "spotify:playlist:37i9dQZF1DXbvABJXBIyiY",
    "id": "37i9dQZF1DXbvABJXBIyiY",
    "title": "Rain",
    "subtitle": "Spotify",
    "coverArt": {"sources": [{"height": 300, "width": 300, "url": f"{ART}cover"}]},
    "trackList": [shown(), shown(id_of(2), title="Other"), shown(uri="spotify:episode:1")],
    "visualIdentity": {"image": []},
}
PLAYLIST = "37i9dQZF1DXbvABJXBIyiY"


@pytest.fixture
def addresses(service) -> SpotifyAddresses:
    url = service.url
    return SpotifyAddresses(
        api=f"{url}/v1", accounts=f"{url}/accounts", pages=f"{url}/open", short=f"{url}/"
    )


@pytest.fixture
def spotify(http, mirrors, service, addresses) -> Spotify:
    answer = {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600}
    service.at("/accounts/api/token", answer)
    return Spotify(http, mirrors, credentials=CREDENTIALS, addresses=addresses)


@pytest.fixture
def without(http, mirrors, addresses) -> Spotify:
    return Spotify(http, mirrors, addresses=addresses)


@pytest.mark.parametrize(
    "link",
    [
        f"https://open.spotify.com/track/{ID}",
        f"https://open.spotify.com/intl-de/track/{ID}?si=abc&utm_source=x#y",
        f"HTTPS://Open.Spotify.com/embed/track/{ID}/",
        f"open.spotify.com/track/{ID}",
        f"spotify:track:{ID}",
    ],
)
async def test_a_tracks_link_is_the_track(spotify, service, link) -> None:
    service.at(f"/v1/tracks/{ID}", full())
    assert await spotify.load(link) == TrackLoaded(HELLO)
    token, track = service.asked
    assert (token.method, token.form) == ("POST", {"grant_type": "client_credentials"})
    basic = base64.b64decode(token.headers["Authorization"].removeprefix("Basic "))
    assert basic == b"the-client:the:hush-hush"
    assert track.headers["Authorization"] == f"Bearer {TOKEN}"


async def test_its_sound_is_found_elsewhere(spotify, elsewhere) -> None:
    elsewhere.finds['ytmsearch:"GBBKS1500214"'] = TrackLoaded(HELLO)
    assert (await spotify.media(HELLO)).location == f"https://media.example/{ID}"


async def test_an_album_is_got_whole_with_isrcs_and_its_cover(spotify, service) -> None:
    def tracks(asked: Asked) -> dict[str, object]:
        first = int(asked.query["offset"])
        ids = range(first, min(first + int(asked.query["limit"]), 70))
        return {"items": [simple(id_of(n)) for n in ids], "total": 70, "next": None}

    def several(asked: Asked) -> dict[str, object]:
        ids = asked.query["ids"].split(",")
        assert len(ids) <= 50
        return {"tracks": [full(i, external_ids={"isrc": i[-12:]}) for i in ids] + [None]}

    about = {"name": "25", "images": IMAGES, "tracks": {"items": []}, "total_tracks": 70}
    service.at(f"/v1/albums/{ID}", about)
    service.at(f"/v1/albums/{ID}/tracks", tracks)
    service.at("/v1/tracks", several)
    album = await spotify.load(f"https://open.spotify.com/album/{ID}")
    assert isinstance(album, PlaylistLoaded)
    assert album.name == "25"
    assert [one.identifier for one in album.tracks] == [id_of(n) for n in range(70)]
    assert [one.isrc for one in album.tracks] == [id_of(n)[-12:] for n in range(70)]
    assert {one.artwork_url for one in album.tracks} == {f"{ART}large"}


async def test_without_the_right_to_several_tracks_an_album_has_no_isrcs(spotify, service) -> None:
    service.at(f"/v1/albums/{ID}", {"name": "25", "images": IMAGES})
    service.at(f"/v1/albums/{ID}/tracks", {"items": [simple()], "total": 1})
    service.at("/v1/tracks", Answer({"error": {"status": 403}}, 403))
    for _ in range(2):
        album = await spotify.load(f"spotify:album:{ID}")
        assert isinstance(album, PlaylistLoaded)
        assert [one.isrc for one in album.tracks] == [None]
    assert service.paths().count("/v1/tracks") == 1


@pytest.mark.parametrize("key", ["item", "track"])
async def test_a_playlist_is_got_whole_without_local_files_and_episodes(
    spotify, service, key
) -> None:
    odd = [
        {key: None},
        {key: full(is_local=True, id=None)},
        {key: full(id_of(99), type="episode")},
        None,
    ]

    def items(asked: Asked) -> dict[str, object]:
        first = int(asked.query["offset"])
        ids = range(first, min(first + int(asked.query["limit"]), 230))
        last = odd if ids.stop == 230 else []
        tracks: list[object] = [
            {"added_at": "2026-01-01T00:00:00Z", key: full(id_of(n))} for n in ids
        ]
        return {"items": tracks + last, "total": 230}

    service.at(f"/v1/playlists/{ID}", {"name": "Rain", "images": IMAGES})
    service.at(f"/v1/playlists/{ID}/items", items)
    playlist = await spotify.load(f"https://open.spotify.com/user/ada/playlist/{ID}")
    assert isinstance(playlist, PlaylistLoaded)
    assert playlist.name == "Rain"
    assert [one.identifier for one in playlist.tracks] == [id_of(n) for n in range(230)]
    assert service.paths().count("/accounts/api/token") == 1


@pytest.mark.parametrize(
    "refuses",
    [
        {f"/v1/playlists/{PLAYLIST}": Answer({"error": {"status": 404}}, 404)},
        {
            f"/v1/playlists/{PLAYLIST}": {"name": "Rain"},
            f"/v1/playlists/{PLAYLIST}/items": Answer({"error": {"status": 403}}, 403),
        },
        {
            f"/v1/playlists/{PLAYLIST}": {"name": "Rain"},
            f"/v1/playlists/{PLAYLIST}/items": {"href": "x"},
        },
    ],
)
async def test_a_playlist_that_the_api_keeps_is_read_from_its_page(
    spotify, service, refuses
) -> None:
    for path, answer in refuses.items():
        service.at(path, answer)
    service.at(f"/open/embed/playlist/{PLAYLIST}", page(LISTED))
    playlist = await spotify.load(f"https://open.spotify.com/playlist/{PLAYLIST}")
    assert isinstance(playlist, PlaylistLoaded)
    assert [one.title for one in playlist.tracks] == ["Hello", "Other"]
    assert "Authorization" not in service.asked[-1].headers


async def test_an_artist_is_their_top_tracks(spotify, service) -> None:
    service.at(f"/v1/artists/{ID}", {"name": "Adele"})
    service.at(f"/v1/artists/{ID}/top-tracks", {"tracks": [full()]})
    top = await spotify.load(f"https://open.spotify.com/artist/{ID}")
    assert top == PlaylistLoaded("Adele's Top Tracks", (HELLO,))


async def test_an_artist_whose_top_tracks_the_api_keeps_is_read_from_the_page(
    spotify, service
) -> None:
    service.at(f"/v1/artists/{ID}/top-tracks", Answer(None, 403))
    entity = {"type": "artist", "name": "Adele", "trackList": [shown()]}
    service.at(f"/open/embed/artist/{ID}", page(entity))
    top = await spotify.load(f"https://open.spotify.com/artist/{ID}")
    assert isinstance(top, PlaylistLoaded)
    assert (top.name, len(top.tracks)) == ("Adele's Top Tracks", 1)


async def test_a_search_has_what_was_found(spotify, service) -> None:
    service.at("/v1/search", {"tracks": {"items": [full(), None], "total": 2}})
    assert await spotify.load("spsearch: adele & hello ") == SearchLoaded((HELLO,))
    assert service.asked[-1].query == {"q": "adele & hello", "type": "track", "limit": "10"}
    service.at("/v1/search", {"tracks": {"items": []}})
    assert await spotify.load("spsearch:nothing") == NothingFound()
    assert await spotify.load("spsearch:") == NothingFound()


async def test_a_token_is_used_until_it_expires_and_asked_for_once(spotify, service) -> None:
    service.at(f"/v1/tracks/{ID}", full())
    await asyncio.gather(*(spotify.load(f"spotify:track:{ID}") for _ in range(3)))
    assert service.paths().count("/accounts/api/token") == 1
    service.once(f"/v1/tracks/{ID}", Answer({"error": {"status": 401}}, 401))
    assert await spotify.load(f"spotify:track:{ID}") == TrackLoaded(HELLO)
    assert service.paths().count("/accounts/api/token") == 2


async def test_a_token_that_expires_at_once_is_asked_for_again(spotify, service) -> None:
    service.at("/accounts/api/token", {"access_token": TOKEN, "expires_in": 0})
    service.at(f"/v1/tracks/{ID}", full())
    for _ in range(2):
        assert await spotify.load(f"spotify:track:{ID}") == TrackLoaded(HELLO)
    assert service.paths().count("/accounts/api/token") == 2


@pytest.mark.parametrize("status", [400, 401])
async def test_with_credentials_that_are_refused_links_still_work_and_searches_say_why(
    spotify, service, status
) -> None:
    service.at("/accounts/api/token", Answer({"error": "invalid_client"}, status))
    service.at(f"/open/embed/playlist/{PLAYLIST}", page(LISTED))
    playlist = await spotify.load(f"spotify:playlist:{PLAYLIST}")
    assert isinstance(playlist, PlaylistLoaded)
    with pytest.raises(MediaError, match="does not accept") as failed:
        await spotify.load("spsearch:hello")
    assert failed.value.severity == "fault"
    assert "hush" not in repr(failed.value) + failed.value.cause
    assert service.paths().count("/accounts/api/token") == 1


async def test_a_problem_of_spotifys_own_is_told_and_no_page_asked_for(spotify, service) -> None:
    service.at(f"/v1/tracks/{ID}", Answer(None, 503))
    with pytest.raises(MediaError, match="problem of its own"):
        await spotify.load(f"spotify:track:{ID}")
    assert service.paths()[-1] == f"/v1/tracks/{ID}"


def test_the_credentials_are_not_shown() -> None:
    assert "hush" not in repr(CREDENTIALS)
    assert "client" not in repr(CREDENTIALS).replace("client_", "")


async def test_without_credentials_a_track_is_read_from_its_page(without, service) -> None:
    entity = {
        "type": "track",
        "name": "Hello",
        "uri": f"spotify:track:{ID}",
        "id": ID,
        "title": "Hello",
        "artists": [
            {"name": "Adele", "uri": "spotify:artist:4dpARuHxo51G3z768sgnrY"},
            {"name": "Ada", "uri": "spotify:artist:4dpARuHxo51G3z768sgnrZ"},
        ],
        "duration": 295502,
        "isPlayable": True,
        "visualIdentity": {
            "backgroundBase": {"alpha": 255},
            "image": [
                {"url": f"{ART}small", "maxHeight": 64, "maxWidth": 64},
                {"url": f"{ART}large", "maxHeight": 640, "maxWidth": 640},
            ],
        },
    }
    service.at(f"/open/embed/track/{ID}", page(entity))
    loaded = await without.load(f"https://open.spotify.com/track/{ID}")
    assert isinstance(loaded, TrackLoaded)
    assert loaded.track.isrc is None
    assert loaded.track == TrackInfo(
        **{name: getattr(HELLO, name) for name in HELLO.__slots__ if name != "isrc"}
    )
    assert service.paths() == [f"/open/embed/track/{ID}"]


async def test_without_credentials_a_playlist_is_read_from_its_page(without, service) -> None:
    service.at(f"/open/embed/playlist/{PLAYLIST}", page(LISTED))
    playlist = await without.load(f"https://open.spotify.com/playlist/{PLAYLIST}?si=x")
    assert isinstance(playlist, PlaylistLoaded)
    assert playlist.name == "Rain & drizzle"
    assert [one.author for one in playlist.tracks] == ["Adele, Ada"] * 2
    assert {one.artwork_url for one in playlist.tracks} == {f"{ART}cover"}


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"<html></html>", "unexpected"),
        (b'<script id="__NEXT_DATA__" type="application/json">{</script>', "unexpected"),
        (b'<script id="__NEXT_DATA__">{"props":{"pageProps":{"status":404}}}</script>', "nothing"),
        (page({"type": "playlist", "name": "x"}), "unexpected"),
        (Answer(None, 404), "nothing there"),
    ],
)
async def test_a_page_that_says_nothing_is_a_failure(without, service, answer, says) -> None:
    service.at(f"/open/embed/playlist/{PLAYLIST}", answer)
    with pytest.raises(MediaError, match=says):
        await without.load(f"https://open.spotify.com/playlist/{PLAYLIST}")


async def test_an_empty_playlists_page_has_nothing(without, service) -> None:
    service.at(f"/open/embed/playlist/{PLAYLIST}", page(LISTED | {"trackList": []}))
    assert await without.load(f"spotify:playlist:{PLAYLIST}") == NothingFound()


async def test_without_credentials_a_search_says_what_it_needs(without, service) -> None:
    with pytest.raises(MediaError, match="only be searched with credentials"):
        await without.load("spsearch:hello")
    assert service.asked == []


async def test_a_short_link_leads_to_its_track(spotify, service) -> None:
    location = f"https://open.spotify.com/track/{ID}?si=x&_branch_match_id=1"
    service.at("/spotify.link/qvQ4r0R8pGb", Answer(None, 307, {"Location": location}))
    service.at(f"/v1/tracks/{ID}", full())
    assert await spotify.load("https://spotify.link/qvQ4r0R8pGb?x=y") == TrackLoaded(HELLO)


@pytest.mark.parametrize(
    "location",
    [
        f"http://169.254.169.254/track/{ID}",
        f"https://open.spotify.com.evil.example/track/{ID}",
        f"https://open.spotify.com@evil.example/track/{ID}",
        f"http://open.spotify.com/track/{ID}",
        "https://spotify.link/another",
        "https://open.spotify.com/",
        "//[",
    ],
)
async def test_a_short_link_that_leads_elsewhere_leads_nowhere(spotify, service, location) -> None:
    service.at("/spotify.link/x", Answer(None, 307, {"Location": location}))
    with pytest.raises(MediaError, match="Of Spotify only"):
        await spotify.load("https://spotify.link/x")
    assert service.paths() == ["/spotify.link/x"]


@pytest.mark.parametrize(
    "identifier",
    [
        f"https://evil.example/?x=https://open.spotify.com/track/{ID}",
        f"https://open.spotify.com.evil.example/track/{ID}",
        f"https://spotify.link.evil.example/{ID}",
        "https://spotify.link/../x",
        f"ytsearch:spotify:track:{ID}",
        "",
    ],
)
async def test_what_is_not_spotifys_is_left_to_others(spotify, service, identifier) -> None:
    assert await spotify.load(identifier) is None
    assert service.asked == []


@pytest.mark.parametrize(
    "identifier",
    [
        f"https://open.spotify.com/episode/{ID}",
        "https://open.spotify.com/track/short",
        f"https://open.spotify.com/track/{ID}x",
        "https://open.spotify.com/track/..%2f..%2fme%2fplaylists",
        f"spotify:show:{ID}",
    ],
)
async def test_another_kind_of_link_is_refused_unasked(spotify, service, identifier) -> None:
    with pytest.raises(MediaError, match="Of Spotify only"):
        await spotify.load(identifier)
    assert service.asked == []
