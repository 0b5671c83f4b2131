"""Lists, by yt-dlp's own extractors in the real worker: a playlist, and YouTube Music's songs."""

from typing import Any

import pytest

from seraphim.audio_node.extractor import Collection, Extractor
from seraphim.audio_node.extractor.music import row
from seraphim.audio_node.media import MediaError
from tests.seraphim.audio_node.extractor import shapes
from tests.seraphim.audio_node.extractor.conftest import Web

pytestmark = pytest.mark.anyio

LIST = "PLrAXtmErZgOeiKm4sgNOknGvNjby9efdf"
SONGS = 30


def video(number: int) -> str:
    return f"video{number:06}"


def playlist() -> dict[str, Any]:
    """A playlist, with all of its videos."""
    rows = [
        {
            "playlistVideoRenderer": {
                "videoId": video(number),
                "title": {"runs": [{"text": f"Song {number}"}]},
                "lengthSeconds": str(100 + number),
                "shortBylineText": {"runs": [{"text": "Ada"}]},
                "isPlayable": True,
            }
        }
        for number in range(SONGS)
    ]
    contents = [{"playlistVideoListRenderer": {"contents": rows}}]
    sections = [{"itemSectionRenderer": {"contents": contents}}]
    tab = {"selected": True, "content": {"sectionListRenderer": {"contents": sections}}}
    return {
        "contents": {"twoColumnBrowseResultsRenderer": {"tabs": [{"tabRenderer": tab}]}},
        "metadata": {"playlistMetadataRenderer": {"title": "All of it"}},
    }


def watch_page() -> str:
    """A video's page, with the list beside it that it was opened from."""
    command = {"webCommandMetadata": {"url": f"/playlist?list={LIST}"}}
    beside = {
        "title": "All of it",
        "playlistId": LIST,
        "endpoint": {"commandMetadata": command},
        "contents": [{"playlistPanelVideoRenderer": {"videoId": video(7)}}],
    }
    results = {"playlist": {"playlist": beside}}
    return shapes.youtube_page({"contents": {"twoColumnWatchNextResults": results}})


def song(video: str, title: str, *pieces: tuple[str, str]) -> dict[str, Any]:
    """A row of YouTube Music: each piece of text with the kind of the page that it leads to."""

    def run(text: str, page: str) -> dict[str, Any]:
        if not page:
            return {"text": text}
        kind = {"browseEndpointContextMusicConfig": {"pageType": f"MUSIC_PAGE_TYPE_{page}"}}
        where = {"browseId": "x", "browseEndpointContextSupportedConfigs": kind}
        return {"text": text, "navigationEndpoint": {"browseEndpoint": where}}

    columns = [[run(title, "")], [run(*piece) for piece in pieces], [run("1B plays", "")]]
    return {
        "playlistItemData": {"videoId": video},
        "thumbnail": {
            "musicThumbnailRenderer": {
                "thumbnail": {"thumbnails": [{"url": "https://lh3.example/60"}]}
            }
        },
        "flexColumns": [
            {"musicResponsiveListItemFlexColumnRenderer": {"text": {"runs": runs}}}
            for runs in columns
        ],
    }


DOT = (" • ", "")
SONG = song(
    shapes.VIDEO,
    "A song",
    ("Ada", "ARTIST"),
    (" & ", ""),
    ("Bob", "ARTIST"),
    DOT,
    ("The album", "ALBUM"),
    DOT,
    ("1:02:03", ""),
)


@pytest.fixture
def youtube(web: Web) -> Web:
    web.answers |= {
        "www.youtube.com/playlist": shapes.youtube_page(playlist()),
        "www.youtube.com/youtubei/v1/browse": playlist(),
        "www.youtube.com/watch": watch_page(),
    }
    return web


async def test_a_playlist_comes_whole_from_one_page(youtube: Web, extractor: Extractor) -> None:
    found = await extractor.look(f"https://www.youtube.com/playlist?list={LIST}")
    assert isinstance(found, Collection)
    assert (found.title, found.selected, len(found.items)) == ("All of it", -1, SONGS)
    item = found.items[7]
    assert item.url == f"https://www.youtube.com/watch?v={video(7)}"
    assert (item.title, item.author, item.length_ms) == ("Song 7", "Ada", 107_000)
    assert (item.source, item.identifier) == ("youtube", video(7))
    # None of its videos is asked for.
    assert len(youtube.requests) <= 2, youtube.requests


@pytest.mark.parametrize(
    "link",
    [f"https://www.youtube.com/watch?v={{}}&list={LIST}", f"https://youtu.be/{{}}?list={LIST}"],
)
async def test_a_video_of_a_playlist_is_selected_in_it(
    link: str, youtube: Web, extractor: Extractor
) -> None:
    found = await extractor.look(link.format(video(7)))
    assert isinstance(found, Collection), youtube.requests
    assert found.selected == 7
    # One that was taken out of it since is not.
    found = await extractor.look(link.format("gonegonegon"))
    assert isinstance(found, Collection)
    assert found.selected == -1


async def test_songs_of_youtube_music_say_by_whom_and_how_long(
    web: Web, extractor: Extractor
) -> None:
    shelf = {
        "musicShelfRenderer": {
            "contents": [{"musicResponsiveListItemRenderer": one} for one in [SONG]]
        }
    }
    content = {"sectionListRenderer": {"contents": [shelf]}}
    tabs = [{"tabRenderer": {"content": content, "selected": True}}]
    web.answers["music.youtube.com/youtubei/v1/search"] = {
        "contents": {"tabbedSearchResultsRenderer": {"tabs": tabs}}
    }
    found = await extractor.search("ytmsearch", '"USRC17607839"', 5)
    assert len(found) == 1, web.requests
    assert found[0].url == f"https://music.youtube.com/watch?v={shapes.VIDEO}"
    assert (found[0].title, found[0].author, found[0].length_ms) == (
        "A song",
        "Ada, Bob",
        3_723_000,
    )
    assert (found[0].source, found[0].identifier) == ("youtube", shapes.VIDEO)
    assert found[0].artwork == "https://lh3.example/60"


async def test_a_search_that_nobody_knows_is_refused(extractor: Extractor) -> None:
    with pytest.raises(MediaError, match="cannot be searched"):
        await extractor.search("bilisearch", "words", 1)


@pytest.mark.parametrize(
    ("pieces", "told"),
    [
        ([("Ada", "ARTIST"), DOT, ("3:33", "")], {"uploader": "Ada", "duration": 213}),
        ([("Ada", "USER_CHANNEL"), DOT, ("1M views", "")], {"uploader": "Ada"}),
        # Without a page of its own.
        ([("Ada", ""), DOT, ("The album", "ALBUM")], {"uploader": "Ada"}),
        ([("The album", "ALBUM"), DOT, ("3:33", "")], {"duration": 213}),
        ([("3:33", "")], {"duration": 213}),
        ([], {}),
    ],
)
def test_rows_are_read_as_far_as_they_say(
    pieces: list[tuple[str, str]], told: dict[str, object]
) -> None:
    read = row(song("x", "Title", *pieces))
    assert read.pop("thumbnail") == "https://lh3.example/60"
    assert read == told


@pytest.mark.parametrize(
    "nonsense",
    [
        None,
        [],
        {"flexColumns": 5},
        {"flexColumns": [None, None]},
        {"flexColumns": [{}, {"musicResponsiveListItemFlexColumnRenderer": {"text": {"runs": 5}}}]},
        {"thumbnail": {"musicThumbnailRenderer": {"thumbnail": {"thumbnails": [None]}}}},
    ],
)
def test_rows_without_sense_say_nothing(nonsense: object) -> None:
    assert row(nonsense) == {}
