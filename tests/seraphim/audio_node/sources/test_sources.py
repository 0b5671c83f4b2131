import shutil
from collections.abc import AsyncIterator

import pytest

from seraphim.audio_node.decoders import Decoders
from seraphim.audio_node.media import MediaError, MediaSource
from seraphim.audio_node.sources import (
    LoadFailed,
    NothingFound,
    SearchLoaded,
    Sources,
    TrackLoaded,
)
from seraphim.audio_node.track import TrackInfo

pytestmark = pytest.mark.anyio


@pytest.fixture
async def sources(server, tmp_path) -> AsyncIterator[Sources]:
    async with Decoders(trusted_hosts=server.host) as decoders:
        yield Sources(decoders, music_dir=tmp_path)


async def test_a_song_on_the_web_is_a_track(sources, server, tones) -> None:
    url = server.file(tones.tone("mp3"))
    result = await sources.load(url)
    assert isinstance(result, TrackLoaded)
    track = result.track
    assert (track.identifier, track.uri, track.source, track.probe) == (url, url, "http", "mp3")
    assert (track.title, track.author) == ("The tone-440", "Ada Ångström")
    assert track.length_ms == pytest.approx(3000, abs=100)
    assert not track.stream
    assert await sources.media(track) == MediaSource("http", url)


async def test_without_tags_the_name_in_the_url_is_the_title(sources, server, tones) -> None:
    data = tones.tone("aac").read_bytes()
    url = server.answer("/a/Northern%20L%C3%ADghts.aac", lambda request: request.body(data))
    result = await sources.load(f"{url}?token=secret#fragment")
    assert isinstance(result, TrackLoaded)
    assert (result.track.title, result.track.author) == ("Northern Líghts", "Unknown artist")


async def test_a_radio_is_a_stream_with_its_own_name(sources, server, tones) -> None:
    song = tones.tone("aac").read_bytes()

    def radio(request) -> None:
        request.head(icy_name="Radio Ada")
        while True:
            request.send(song)

    result = await sources.load(server.answer("/", radio))
    assert isinstance(result, TrackLoaded)
    assert (result.track.title, result.track.stream) == ("Radio Ada", True)
    assert result.track.length_ms is None


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:{port}/",
        "http://2130706433:{port}/",
        "http://ada:secret@{host}/",
        "https://{host}0/",
        "http://",
    ],
)
async def test_a_url_that_is_refused_is_a_failure_and_nothing_is_fetched(
    sources, server, url
) -> None:
    result = await sources.load(url.format(host=server.host, port=server.port))
    assert isinstance(result, LoadFailed)
    assert "secret" not in result.error.message + result.error.cause
    assert server.requests == []


async def test_what_is_not_there_is_a_failure(sources, server) -> None:
    result = await sources.load(f"http://{server.host}/nothing.mp3")
    assert isinstance(result, LoadFailed)
    assert "404" in result.error.message


async def test_a_stored_track_cannot_name_what_a_search_could_not(sources, server) -> None:
    for identifier in ("file:///etc/passwd", "http://ada:secret@example.com/", "/etc/passwd"):
        track = TrackInfo(identifier=identifier, title="", author="", length_ms=1, source="http")
        with pytest.raises(MediaError):
            await sources.media(track)
    assert server.requests == []


async def test_a_search_finds_the_library(sources, tones, tmp_path) -> None:
    shutil.copy(tones.tone("flac"), tmp_path)
    result = await sources.load("libsearch:ångstrom tone")
    assert isinstance(result, SearchLoaded)
    (track,) = result.tracks
    assert await sources.media(track) == MediaSource("file", str(tmp_path / "tone-440.flac"))


@pytest.mark.parametrize("identifier", ["", "aurora", "ytsearch:aurora", "ftp://example.com/a"])
async def test_what_nobody_knows_is_nothing(sources, identifier) -> None:
    assert await sources.load(identifier) == NothingFound()


async def test_a_track_of_another_nodes_source_cannot_be_played(sources) -> None:
    track = TrackInfo(identifier="x", title="", author="", length_ms=1, source="youtube")
    with pytest.raises(MediaError, match="cannot play from there"):
        await sources.media(track)


async def test_without_a_music_folder_there_is_no_library() -> None:
    async with Decoders() as decoders:
        sources = Sources(decoders)
        assert sources.names == ("http",)
        assert await sources.load("libsearch:a") == NothingFound()


async def test_catalogues_have_their_links_before_they_are_taken_for_files(server, http) -> None:
    async with Decoders(trusted_hosts=server.host) as decoders:
        sources = Sources(decoders, http=http)
        assert sources.names[:3] == ("spotify", "applemusic", "deezer")
        result = await sources.load("https://open.spotify.com/episode/4rOoJ6Egrf8K2IrywzwOMk")
        assert isinstance(result, LoadFailed)
        assert "Of Spotify only" in result.error.message
        assert server.requests == []


async def test_a_catalogues_track_plays_from_where_it_is_found_else_it_says_so(
    server, http, tmp_path
) -> None:
    async with Decoders(trusted_hosts=server.host) as decoders:
        sources = Sources(decoders, http=http, music_dir=tmp_path)
        track = TrackInfo(
            identifier="1", title="Hello", author="Adele", length_ms=295_000, source="deezer"
        )
        with pytest.raises(MediaError, match="found nowhere"):
            await sources.media(track)
