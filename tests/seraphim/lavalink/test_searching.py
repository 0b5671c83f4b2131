"""Where is looked for what, through the real adapter."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from actors.guild.player.ports import Found, NodeUnavailable, SourceFailed
from actors.guild.player.track import Track
from actors.guild.refusal import Code
from seraphim.discord.gateway import gateway_bot
from seraphim.lavalink import nodes as adapter
from seraphim.lavalink.nodes import Nodes, NodeSite
from seraphim.lavalink.searching import PREFIXES, by_isrc, by_name, in_order
from tests.seraphim.lavalink.conftest import TOKEN, USER, Asked, Events, ScriptedNode, track_json

pytestmark = pytest.mark.anyio

BOT = gateway_bot(TOKEN, None)
ORDER = ("youtube", "soundcloud", "deezer", "library")
ISRC = "GBAYE0601498"


def song(source: str = "youtube", **fields: Any) -> Track:
    told: dict[str, Any] = {"title": "Aurora", "author": "The Choir", "length_ms": 185_000}
    return Track("e", "1", seekable=True, source=source, **{**told, **fields})


@dataclass
class Shop(ScriptedNode):
    """A node with tracks: what each identifier leads to; an error where that is a text."""

    stock: dict[str, list[dict[str, Any]] | str] = field(
        default_factory=dict[str, "list[dict[str, Any]] | str"]
    )

    @property
    def searched(self) -> list[str]:
        return [asked.query["identifier"] for asked in self.asked_for("GET", "loadtracks")]

    def _usual(self, asked: Asked, part: str) -> web.StreamResponse:
        if part != "loadtracks":
            return super()._usual(asked, part)
        found = self.stock.get(asked.query["identifier"], [])
        if isinstance(found, str):
            error = {"message": found, "severity": "common", "cause": "x"}
            return web.json_response({"loadType": "error", "data": error})
        kind = "search" if found else "empty"
        return web.json_response({"loadType": kind, "data": found or {}})

    def has(self, *managers: str) -> None:
        self.answer("GET", "info", {"plugins": [], "sourceManagers": list(managers)})


class Town:
    def __init__(self) -> None:
        self.shops = {"a": Shop(session="session-a"), "b": Shop(session="session-b")}
        self.passed_over = set[str]()
        self.nodes = Nodes(
            BOT,
            [NodeSite(name, lambda name=name: self.shops[name].address) for name in self.shops],
            user=USER,
            deliver=Events().take,
            passed_over=lambda: self.passed_over,
        )

    async def open(self, *names: str) -> None:
        for name in names:
            await self.nodes.link(name).open()
            self.shops[name].asked.clear()


@pytest.fixture
async def town(anyio_backend: str) -> AsyncIterator[Town]:
    town = Town()
    async with AsyncExitStack() as stack:
        for shop in town.shops.values():
            await stack.enter_async_context(shop.listening())
        yield town
        for name in town.nodes.names:
            await town.nodes.link(name).close()
        await town.nodes.close()


# --- words ---


async def test_words_are_looked_for_in_the_guilds_order_until_something_is_found(town: Town):
    shop = town.shops["a"]
    shop.stock["scsearch:aurora"] = [track_json("Aurora"), track_json("Other")]
    shop.stock["libsearch:aurora"] = [track_json("Last")]
    await town.open("a")
    found = await town.nodes.load("search:aurora", ORDER)
    assert [track.title for track in found.tracks] == ["Aurora"]
    assert shop.searched == ["ytsearch:aurora", "scsearch:aurora"]
    suggested = await town.nodes.suggest("search:aurora", 5, ("library", "youtube"))
    assert [track.title for track in suggested] == ["Last"]


async def test_what_a_node_says_it_has_not_is_not_asked_for(town: Town):
    shop = town.shops["a"]
    shop.has("http", "library")
    shop.stock["libsearch:aurora"] = [track_json("Aurora")]
    await town.open("a")
    assert (await town.nodes.load("search:aurora", ORDER)).tracks
    assert shop.searched == ["libsearch:aurora"]


async def test_a_source_is_asked_at_a_node_that_has_it(town: Town):
    town.shops["a"].has("library")
    town.shops["b"].has("youtube")
    town.shops["b"].stock["ytmsearch:aurora"] = [track_json("Aurora")]
    await town.open("a", "b")
    assert (await town.nodes.load("search:aurora", ("youtubemusic",))).tracks
    assert town.shops["a"].searched == []


async def test_a_source_that_fails_is_told_and_the_next_has_it(town: Town):
    shop = town.shops["a"]
    shop.stock["ytsearch:aurora"] = "429 too many requests"
    shop.stock["scsearch:aurora"] = [track_json("Aurora")]
    await town.open("a")
    found = await town.nodes.load("search:aurora", ORDER)
    assert found.failed == ("youtube",)
    assert [track.title for track in found.tracks] == ["Aurora"]


async def test_where_one_failed_and_the_others_have_nothing_its_trouble_is_the_answer(town: Town):
    town.shops["a"].stock["ytsearch:aurora"] = "429 too many requests"
    await town.open("a")
    with pytest.raises(SourceFailed) as failure:
        await town.nodes.load("search:aurora", ORDER)
    assert failure.value.refused.code is Code.SOURCE_BUSY
    assert failure.value.failed == ("youtube",)


async def test_where_one_cannot_be_reached_and_another_has_nothing_nothing_was_found(town: Town):
    shop = town.shops["a"]
    shop.stock["ytsearch:aurora"] = "the server could not be reached"
    await town.open("a")
    assert await town.nodes.load("search:aurora", ORDER) == Found((), failed=("youtube",))


async def test_where_none_can_be_reached_nobody_knows_whether_there_is_something(town: Town):
    town.shops["a"].stock["ytsearch:aurora"] = "the server could not be reached"
    await town.open("a")
    with pytest.raises(SourceFailed) as failure:
        await town.nodes.load("search:aurora", ("youtube",))
    assert failure.value.refused.code is Code.TRACK_FAILED


async def test_a_source_that_is_passed_over_is_asked_last(town: Town):
    shop = town.shops["a"]
    town.passed_over.add("youtube")
    await town.open("a")
    assert await town.nodes.load("search:aurora", ORDER) == Found(())
    assert [one.split(":")[0] for one in shop.searched] == [
        "scsearch",
        "dzsearch",
        "libsearch",
        "ytsearch",
    ]


async def test_a_source_that_does_not_answer_is_busy_and_the_next_is_asked(
    town: Town, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(adapter, "SOURCE_SECONDS", 0.2)
    shop = town.shops["a"]
    shop.hangs = lambda asked: asked.query.get("identifier", "").startswith("ytsearch")
    shop.stock["scsearch:aurora"] = [track_json("Aurora")]
    await town.open("a")
    found = await town.nodes.load("search:aurora", ORDER)
    assert (len(found.tracks), found.failed) == (1, ("youtube",))


async def test_without_a_node_no_source_can_be_asked(town: Town):
    for attempt in (
        town.nodes.load("search:aurora", ORDER),
        town.nodes.suggest("search:aurora", 5),
        town.nodes.alternatives(song(), "youtube"),
        town.nodes.related((song(),)),
    ):
        with pytest.raises(NodeUnavailable):
            await attempt


async def test_an_address_is_loaded_as_it_is(town: Town):
    shop = town.shops["a"]
    shop.stock["https://example.org/song"] = [track_json("Aurora")]
    await town.open("a")
    assert (await town.nodes.load("https://example.org/song", ORDER)).tracks
    assert shop.searched == ["https://example.org/song"]


# --- other recordings ---


async def test_a_recording_is_looked_for_by_its_number_first(town: Town):
    shop = town.shops["a"]
    shop.stock[f'ytmsearch:"{ISRC}"'] = [track_json("Aurora", sourceName="youtube")]
    await town.open("a")
    found = await town.nodes.alternatives(song(isrc=ISRC), "youtube")
    assert [track.title for track in found] == ["Aurora"]
    assert shop.searched == [f'ytmsearch:"{ISRC}"']


async def test_where_the_number_leads_to_other_songs_artist_and_title_are_asked_for(town: Town):
    shop = town.shops["a"]
    shop.stock[f'ytmsearch:"{ISRC}"'] = [track_json("Karaoke hits", length=1000)]
    shop.stock["ytsearch:The Choir Aurora"] = [track_json("Aurora")]
    await town.open("a")
    found = await town.nodes.alternatives(song(isrc=ISRC), "youtube")
    assert [track.title for track in found] == ["Aurora"]


async def test_a_source_that_is_passed_over_or_unknown_has_nothing(town: Town):
    town.passed_over.add("youtube")
    await town.open("a")
    for source in ("youtube", "youtubemusic", "nowhere"):
        assert await town.nodes.alternatives(song(), source) == ()
    assert town.shops["a"].searched == []


async def test_a_source_that_fails_while_another_recording_is_sought_is_named(town: Town):
    town.shops["a"].stock["scsearch:The Choir Aurora"] = "403 Forbidden"
    await town.open("a")
    with pytest.raises(SourceFailed) as failure:
        await town.nodes.alternatives(song(), "soundcloud")
    assert failure.value.failed == ("soundcloud",)


# --- what goes with it ---


async def test_what_goes_with_tracks_is_by_the_same_artists(town: Town):
    shop = town.shops["a"]
    shop.stock["libsearch:The Choir"] = [track_json("Aurora"), track_json("Borealis")]
    await town.open("a")
    related = await town.nodes.related((song("library", author="The Choir"),))
    assert [track.title for track in related] == ["Aurora", "Borealis"]


async def test_where_the_artists_have_nothing_else_anything_goes(town: Town):
    shop = town.shops["a"]
    shop.stock["libsearch:"] = [track_json("Anything")]
    await town.open("a")
    assert [track.title for track in await town.nodes.related((song(),))] == ["Anything"]


# --- the pure part ---


def test_a_number_that_is_none_is_not_asked_for():
    for isrc in (None, "", 'x" OR 1', "GBAYE06014981", "ÄBAYE0601498"):
        assert by_isrc(song(isrc=isrc), "deezer") is None
    assert by_isrc(song(isrc="gb-aye-06-01498"), "deezer") == f"dzisrc:{ISRC}"
    assert by_isrc(song(isrc=ISRC), "soundcloud") is None


@given(st.text(max_size=400), st.text(max_size=400), st.sampled_from(sorted(PREFIXES)))
def test_a_search_for_a_name_stays_a_search_in_its_source(title: str, author: str, source: str):
    query = by_name(song(title=title, author=author), source)
    assert query.startswith(PREFIXES[source])
    assert len(query) < 400


@given(st.lists(st.text(max_size=20) | st.sampled_from(ORDER)), st.sets(st.sampled_from(ORDER)))
def test_each_known_source_is_asked_once_whatever_a_guild_lists(sources, passed_over):
    asked = in_order(sources, passed_over)
    assert len(asked) == len(set(asked))
    assert set(asked) == set(sources or ORDER) & set(PREFIXES)


async def test_what_is_not_the_song_is_no_alternative_and_the_closest_comes_first(town: Town):
    shop = town.shops["a"]
    shop.stock["scsearch:The Choir Aurora"] = [
        track_json("Aurora (Karaoke Version)"),
        track_json("Aurora", length=song().length_ms + 4_000, identifier="later"),
        track_json("Aurora (Live)"),
        track_json("Something else"),
        track_json("Aurora", length=250_000),
        track_json("Aurora", identifier="same"),
    ]
    await town.open("a")
    found = await town.nodes.alternatives(song(), "soundcloud")
    assert [track.identifier for track in found] == ["same", "later"]
