"""yt-dlp's own extractors, in the real worker, against recorded pages."""

from pathlib import Path

import pytest

from seraphim.audio_node.extractor import Extractor, Item
from seraphim.audio_node.media import MediaError
from tests.seraphim.audio_node.extractor import shapes
from tests.seraphim.audio_node.extractor.conftest import Authority, Web

pytestmark = pytest.mark.anyio

WATCH = f"https://www.youtube.com/watch?v={shapes.VIDEO}"


@pytest.fixture
def youtube(web: Web) -> Web:
    web.answers |= {
        "www.youtube.com/watch": shapes.youtube_watch(shapes.youtube_player()),
        "www.youtube.com/youtubei/v1/player": shapes.youtube_player(),
        "www.youtube.com/youtubei/v1/search": shapes.youtube_search(
            (shapes.VIDEO, "A song", "3:33", "Ada"), ("aaaaaaaaaaa", "Another", "1:02:03", "Bob")
        ),
    }
    return web


async def test_a_video_of_youtube(youtube: Web, extractor: Extractor) -> None:
    item = await extractor.look(WATCH)
    assert isinstance(item, Item)
    assert (item.url, item.identifier, item.source) == (WATCH, shapes.VIDEO, "youtube")
    assert (item.title, item.author, item.length_ms) == ("A song", "Ada", 213_000)
    assert not item.live
    assert item.artwork is not None
    # Opus, which can be sent on as it is; and the page need not be read again for it.
    asked = len(youtube.requests)
    address = await extractor.address(WATCH)
    assert (address.url, address.expires_at) == (shapes.SOUND, float(shapes.EXPIRES))
    assert len(youtube.requests) == asked
    # It is good once: after that somebody wants a newer one.
    assert (await extractor.address(WATCH)).url == shapes.SOUND
    assert len(youtube.requests) > asked


async def test_a_search_on_youtube(youtube: Web, extractor: Extractor) -> None:
    found = await extractor.search("ytsearch", "a song; rm -rf /", 5)
    assert [(item.title, item.author, item.length_ms) for item in found] == [
        ("A song", "Ada", 213_000),
        ("Another", "Bob", 3_723_000),
    ]
    assert found[0].url == WATCH
    assert len(await extractor.search("ytsearch", "a song", 1)) == 1


@pytest.mark.parametrize(
    ("status", "reason", "cause"),
    [
        ("LOGIN_REQUIRED", "Sign in to confirm your age", "age"),
        ("LOGIN_REQUIRED", "Sign in to confirm you're not a bot", "limited"),
        ("ERROR", "Video unavailable", "unavailable"),
        ("UNPLAYABLE", "This video is private", "private"),
        ("UNPLAYABLE", "Join this channel to get access to members-only content", "members"),
        (
            "UNPLAYABLE",
            "The uploader has not made this video available in your country",
            "region",
        ),
    ],
)
async def test_what_youtube_refuses_is_told_as_what_it_is(
    status: str, reason: str, cause: str, youtube: Web, extractor: Extractor
) -> None:
    refused = shapes.youtube_player(
        playabilityStatus={"status": status, "reason": reason}, streamingData={}
    )
    # Of what is for adults, players on other pages are asked too.
    for path in ("watch", f"embed/{shapes.VIDEO}"):
        youtube.answers[f"www.youtube.com/{path}"] = shapes.youtube_watch(refused)
    youtube.answers["www.youtube.com/youtubei/v1/player"] = refused
    with pytest.raises(MediaError) as error:
        await extractor.look(WATCH)
    assert error.value.cause.startswith(f"{cause}: ")
    assert "http" not in error.value.message


async def test_a_track_of_soundcloud(web: Web, extractor: Extractor) -> None:
    track = shapes.soundcloud_track()
    transcoding = track["media"]["transcodings"][0]["url"].removeprefix("https://")
    web.answers |= {
        "soundcloud.com/": f'<script src="{shapes.SOUNDCLOUD_SCRIPT}"></script>',
        "a-v2.sndcdn.com/assets/1.js": f'client_id:"{shapes.SOUNDCLOUD_ID}"',
        "api-v2.soundcloud.com/resolve": track,
        "api-v2.soundcloud.com/search/tracks": {"collection": [track], "next_href": None},
        transcoding: {"url": shapes.SOUNDCLOUD_SOUND},
    }
    item = await extractor.look(shapes.SOUNDCLOUD_PAGE)
    assert isinstance(item, Item)
    assert (item.title, item.author, item.source) == ("A song", "Ada", "soundcloud")
    assert item.length_ms == pytest.approx(213_061, abs=1000)
    assert (await extractor.address(item.url)).url == shapes.SOUNDCLOUD_SOUND
    found = await extractor.search("scsearch", "a song", 3)
    assert [one.url for one in found] == [shapes.SOUNDCLOUD_PAGE]


async def test_a_track_of_bandcamp(web: Web, extractor: Extractor) -> None:
    web.answers["ada.bandcamp.com/track/a-song"] = shapes.bandcamp_track()
    item = await extractor.look(shapes.BANDCAMP_PAGE)
    assert isinstance(item, Item)
    assert (item.title, item.author, item.source) == ("A song", "Ada", "bandcamp")
    address = await extractor.address(item.url)
    assert address.url == shapes.BANDCAMP_SOUND


@pytest.mark.parametrize(
    "url", ["https://nobody.example/song", "https://nobody.example/", "ftp://x.example/", "words"]
)
async def test_pages_that_no_extractor_knows_are_nobodys(
    url: str, web: Web, extractor: Extractor
) -> None:
    assert await extractor.look(url) is None
    # The one that guesses what is on a page is never asked.
    assert web.requests == []


async def test_nothing_is_connected_to_but_public_addresses(tmp_path: Path, web: Web) -> None:
    # Trusting nobody, the worker does not even reach the proxy on this machine.
    proxy = f"http://127.0.0.1:{web.port}"
    extractor = Extractor(
        data_dir=tmp_path,
        environment={"HTTPS_PROXY": proxy, "https_proxy": proxy},
        deadline_seconds=60,
    )
    with pytest.raises(MediaError) as error:
        await extractor.look(shapes.BANDCAMP_PAGE)
    await extractor.close()
    assert web.requests == []
    assert error.value.cause.startswith("guard: ")


@pytest.mark.parametrize("page", ["", "<html>", "{" * 100_000, '<script data-tralbum="{}">'])
async def test_pages_without_sense_are_refused(page: str, web: Web, extractor: Extractor) -> None:
    web.answers["ada.bandcamp.com/track/a-song"] = page
    with pytest.raises(MediaError):
        await extractor.look(shapes.BANDCAMP_PAGE)


async def test_a_page_that_takes_more_memory_than_there_is_costs_that_page(
    tmp_path: Path, web: Web, authority: Authority
) -> None:
    proxy = f"http://127.0.0.1:{web.port}"
    extractor = Extractor(
        data_dir=tmp_path,
        trusted_hosts=f"127.0.0.1:{web.port}",
        environment={"HTTPS_PROXY": proxy, "SSL_CERT_FILE": str(authority.file)},
        memory_bytes=192 << 20,
        deadline_seconds=60,
    )
    web.answers["ada.bandcamp.com/track/a-song"] = b"<" * (256 << 20)
    with pytest.raises(MediaError):
        await extractor.look(shapes.BANDCAMP_PAGE)
    web.answers["ada.bandcamp.com/track/a-song"] = shapes.bandcamp_track()
    assert isinstance(await extractor.look(shapes.BANDCAMP_PAGE), Item)
    await extractor.close()
