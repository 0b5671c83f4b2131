import asyncio
from dataclasses import replace

import pytest

from seraphim.audio_node.media import MediaError
from seraphim.audio_node.sources.mirrors import KNOWN_SECONDS, MOST_KNOWN, Mirrors
from seraphim.audio_node.sources.results import LoadFailed, SearchLoaded, TrackLoaded
from seraphim.audio_node.track import TrackInfo

pytestmark = pytest.mark.anyio

ISRC = "GBBKS1500214"
BY_ISRC = f'ytmsearch:"{ISRC}"'
WORDS = "Adele Hello"
HELLO = TrackInfo(
    identifier="spotify-id",
    title="Hello",
    author="Adele",
    length_ms=295_000,
    source="spotify",
    isrc=ISRC,
)


def found(identifier: str, title: str = "Hello", author: str = "Adele - Topic") -> TrackInfo:
    return TrackInfo(
        identifier=identifier, title=title, author=author, length_ms=295_500, source="youtube"
    )


async def test_a_track_is_looked_for_by_its_isrc(elsewhere, mirrors) -> None:
    elsewhere.finds[BY_ISRC] = SearchLoaded((found("x", "Rolling in the Deep"), found("y")))
    assert (await mirrors.media(HELLO)).location == "https://media.example/y"
    assert elsewhere.searches == [BY_ISRC]


async def test_then_by_artist_and_title_in_one_place_after_the_other(elsewhere, mirrors) -> None:
    elsewhere.finds[BY_ISRC] = SearchLoaded((found("live", "Hello (Live)"),))
    elsewhere.finds[f"ytmsearch:{WORDS}"] = LoadFailed(MediaError("Nobody answers."))
    elsewhere.finds[f"ytsearch:{WORDS}"] = SearchLoaded((found("k", "Hello (Karaoke)"),))
    elsewhere.finds[f"scsearch:{WORDS}"] = TrackLoaded(found("sound"))
    assert (await mirrors.media(HELLO)).location == "https://media.example/sound"
    assert elsewhere.searches == [
        BY_ISRC,
        f"ytmsearch:{WORDS}",
        f"ytsearch:{WORDS}",
        f"scsearch:{WORDS}",
    ]


@pytest.mark.parametrize("isrc", [None, "", 'x" OR "y', "GBBKS15002149", "\uff27BBKS1500214"])
async def test_without_an_isrc_that_is_one_it_is_not_searched_for(elsewhere, mirrors, isrc) -> None:
    elsewhere.finds[f"ytmsearch:{WORDS}"] = SearchLoaded((found("x"),))
    await mirrors.media(replace(HELLO, isrc=isrc))
    assert elsewhere.searches == [f"ytmsearch:{WORDS}"]


async def test_what_cannot_be_played_is_passed_over_and_not_tried_twice(elsewhere, mirrors) -> None:
    elsewhere.finds[BY_ISRC] = SearchLoaded((found("gone"),))
    elsewhere.finds[f"ytmsearch:{WORDS}"] = SearchLoaded((found("gone"), found("here")))
    elsewhere.broken.add("gone")
    assert (await mirrors.media(HELLO)).location == "https://media.example/here"
    assert elsewhere.located == ["gone", "here"]


async def test_what_was_found_is_remembered(elsewhere, mirrors) -> None:
    elsewhere.finds[BY_ISRC] = SearchLoaded((found("y"),))
    await mirrors.media(HELLO)
    await mirrors.media(HELLO)
    assert elsewhere.searches == [BY_ISRC]
    assert elsewhere.located == ["y", "y"]


async def test_what_is_gone_since_is_looked_for_again_and_not_tried_again(
    elsewhere, mirrors
) -> None:
    elsewhere.finds[BY_ISRC] = SearchLoaded((found("y"), found("z")))
    await mirrors.media(HELLO)
    elsewhere.broken.add("y")
    assert (await mirrors.media(HELLO)).location == "https://media.example/z"
    assert elsewhere.located == ["y", "y", "z"]


async def test_what_was_found_long_ago_is_looked_for_again(elsewhere) -> None:
    now = [0.0]
    mirrors = Mirrors(elsewhere.search, elsewhere.media, now=lambda: now[0])
    elsewhere.finds[BY_ISRC] = SearchLoaded((found("y"),))
    await mirrors.media(HELLO)
    now[0] = KNOWN_SECONDS + 1
    await mirrors.media(HELLO)
    assert elsewhere.searches == [BY_ISRC, BY_ISRC]


async def test_only_so_many_are_remembered(elsewhere, mirrors) -> None:
    elsewhere.finds[BY_ISRC] = SearchLoaded((replace(found("y"), isrc=ISRC),))
    for number in range(MOST_KNOWN + 1):
        await mirrors.media(replace(HELLO, title=f"Hello {number}"))
    await mirrors.media(replace(HELLO, title=f"Hello {MOST_KNOWN}"))
    assert len(elsewhere.searches) == MOST_KNOWN + 1
    await mirrors.media(replace(HELLO, title="Hello 0"))
    assert len(elsewhere.searches) == MOST_KNOWN + 2


async def test_a_track_that_says_something_else_about_itself_is_another(elsewhere, mirrors) -> None:
    elsewhere.finds[BY_ISRC] = SearchLoaded((found("y"),))
    elsewhere.finds["ytmsearch:Adele Skyfall"] = SearchLoaded((found("s", "Skyfall"),))
    await mirrors.media(HELLO)
    pretended = replace(HELLO, title="Skyfall", isrc=None)
    assert (await mirrors.media(pretended)).location == "https://media.example/s"
    assert (await mirrors.media(HELLO)).location == "https://media.example/y"


async def test_the_same_track_twice_at_once_is_looked_for_once(elsewhere, mirrors) -> None:
    elsewhere.finds[BY_ISRC] = SearchLoaded((found("y"),))
    both = await asyncio.gather(mirrors.media(HELLO), mirrors.media(HELLO))
    assert both[0] == both[1]
    assert elsewhere.searches == [BY_ISRC]


async def test_whoever_gives_up_waiting_does_not_take_it_from_the_other(elsewhere) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def search(identifier: str) -> SearchLoaded:
        asked.set()
        await go_on.wait()
        return SearchLoaded((found("y"),))

    mirrors = Mirrors(search, elsewhere.media)
    impatient = asyncio.create_task(mirrors.media(HELLO))
    patient = asyncio.create_task(mirrors.media(HELLO))
    await asked.wait()
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    go_on.set()
    assert (await patient).location == "https://media.example/y"


async def test_found_nowhere_it_cannot_be_played(elsewhere, mirrors) -> None:
    elsewhere.finds[f"ytsearch:{WORDS}"] = SearchLoaded((found("k", "Hello (Karaoke)"),))
    with pytest.raises(MediaError, match="found nowhere") as failed:
        await mirrors.media(HELLO)
    assert failed.value.severity == "common"
    assert elsewhere.located == []


async def test_playable_nowhere_the_last_places_reason_is_told(elsewhere, mirrors) -> None:
    elsewhere.finds[BY_ISRC] = SearchLoaded((found("gone"),))
    elsewhere.broken.add("gone")
    with pytest.raises(MediaError, match="not available"):
        await mirrors.media(HELLO)


async def test_looking_takes_only_so_long(elsewhere) -> None:
    async def search(identifier: str) -> SearchLoaded:
        await asyncio.Event().wait()
        raise AssertionError

    mirrors = Mirrors(search, elsewhere.media, seconds=0.01)
    with pytest.raises(MediaError, match="too long"):
        await mirrors.media(HELLO)
