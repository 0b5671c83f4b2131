"""Lists of media on the web: playlists and the mirrors of a radio."""

from collections.abc import AsyncIterator

import pytest

from seraphim.audio_node.decoders import Decoders
from seraphim.audio_node.media import MediaError
from seraphim.audio_node.sources import http
from seraphim.audio_node.sources.http import Http
from seraphim.audio_node.sources.results import LoadResult, PlaylistLoaded, TrackLoaded

pytestmark = pytest.mark.anyio


@pytest.fixture
async def source(server) -> AsyncIterator[Http]:
    async with Decoders(trusted_hosts=server.host) as decoders:
        yield Http(decoders)


@pytest.fixture
def load(server, source):
    async def load_list(text: str, name: str = "All%20of%20it.m3u") -> LoadResult | None:
        url = server.answer(f"/{name}", lambda request: request.body(text.encode()))
        return await source.load(url)

    return load_list


@pytest.fixture
def radio(server, tones) -> str:
    """A station's address."""
    song = tones.tone("mp3").read_bytes()

    def station(request) -> None:
        request.head(icy_name="Radio Ada")
        while True:
            request.send(song)

    return server.answer("/station", station)


async def test_different_tracks_are_a_playlist_in_its_order(load, server, tones) -> None:
    one, two = server.file(tones.tone("mp3")), server.file(tones.tone("aac"))
    result = await load(
        f"#EXTM3U\n{one}\nhttp://127.0.0.1:1/private.mp3\n#EXTINF:3,Tone\n{two}\ngone.mp3\n"
    )
    assert isinstance(result, PlaylistLoaded)
    assert (result.name, result.selected) == ("All of it", -1)
    assert [track.identifier for track in result.tracks] == [one, two]
    assert [track.title for track in result.tracks] == ["The tone-440", "Tone"]
    assert [track.source for track in result.tracks] == ["http", "http"]
    assert all(track.length_ms == pytest.approx(3000, abs=100) for track in result.tracks)


async def test_mirrors_of_a_radio_are_one_track_of_the_first_that_plays(
    load, server, radio
) -> None:
    result = await load(
        f"[playlist]\nFile1=http://{server.host}/down\nTitle1=Ada (1)\nFile2={radio}\n"
        f"Title2=Ada (2)\nFile3={radio}?3\nNumberOfEntries=3\n",
        "listen.pls",
    )
    assert isinstance(result, TrackLoaded)
    track = result.track
    assert (track.identifier, track.title, track.stream) == (radio, "Radio Ada", True)
    assert track.uri == f"http://{server.host}/listen.pls"


async def test_a_list_of_one_is_that_one(load, server, tones) -> None:
    result = await load(server.file(tones.tone("mp3")))
    assert isinstance(result, TrackLoaded)
    assert not result.track.stream


async def test_lists_in_lists_are_refused(load, server, tones) -> None:
    song = server.file(tones.tone("mp3"))
    inner = server.answer("/inner.m3u", lambda request: request.body(song.encode()))
    with pytest.raises(MediaError, match="list in a list"):
        await load(inner)
    server.requests.clear()
    server.answer("/itself.m3u", lambda request: request.body(b"#EXTM3U\nitself.m3u\n"))
    with pytest.raises(MediaError, match="list in a list"):
        await load("#EXTM3U\nitself.m3u\n", "itself.m3u")
    assert server.requests == ["/itself.m3u"] * 2


async def test_what_a_list_names_is_judged_like_any_url(load, server) -> None:
    server.answer("/secret", lambda request: request.body(b"secret"))
    for place in (
        f"http://localhost:{server.port}/secret",
        "http://169.254.169.254/",
        "//10.0.0.1/",
    ):
        with pytest.raises(MediaError, match="private"):
            await load(f"#EXTM3U\n{place}\n")
    with pytest.raises(MediaError, match="nothing to play"):
        await load("#EXTM3U\nfile:///etc/passwd\n/../../etc/x\n".replace("/../..", "ftp://a"))
    assert "/secret" not in server.requests


async def test_a_slow_list_is_taken_as_it_is(load, server, tones, monkeypatch) -> None:
    song = server.file(tones.tone("mp3"))
    server.answer("/slow.mp3", lambda request: request.wait_for_the_client_to_leave())
    monkeypatch.setattr(http, "AT_ONCE", 1)
    monkeypatch.setattr(http, "LIST_SECONDS", 1.0)
    result = await load(f"#EXTM3U\n{song}\nslow.mp3\nslow.mp3?2\n")
    assert isinstance(result, PlaylistLoaded)
    assert [track.title for track in result.tracks] == ["The tone-440", "slow", "slow"]
    assert [track.length_ms is None for track in result.tracks] == [False, True, True]
    with pytest.raises(MediaError, match="in time"):
        await load("#EXTM3U\nslow.mp3\nslow.mp3?2\n")
