"""Several nodes together, each a scripted server."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.guild.player.messages import TrackStarted
from actors.guild.player.ports import (
    Found,
    NodeUnavailable,
    NodeUpdate,
    SourceFailed,
)
from actors.guild.refusal import Code, Refused
from seraphim.discord.gateway import gateway_bot
from seraphim.lavalink.events import Stats
from seraphim.lavalink.nodes import Nodes, NodeSite
from seraphim.lavalink.session import Patience
from tests.seraphim.lavalink.conftest import (
    TOKEN,
    USER,
    Events,
    ScriptedNode,
    player_json,
    track_json,
)

pytestmark = pytest.mark.anyio

BOT = gateway_bot(TOKEN, None)
ENDPOINT = "rotterdam77.discord.media:443"
PAUSE = NodeUpdate(paused=True)
NEAR = {"a": ("rotterdam",), "b": ("us-east", "us-west"), "c": ()}


class Town:
    """Three nodes, and what is said of players."""

    def __init__(self, patience: Patience | None = None) -> None:
        self.servers = {name: ScriptedNode(session=f"session-{name}") for name in "abc"}
        self.events = Events()
        self.time = 0.0
        self.nodes = Nodes(
            BOT,
            [
                NodeSite(name, lambda name=name: self.servers[name].address, NEAR[name])
                for name in self.servers
            ],
            user=USER,
            deliver=self.events.take,
            patience=patience,
            now=lambda: self.time,
        )

    async def connect(self, *names: str) -> None:
        for name in names or "abc":
            await self.nodes.link(name).open()
            self.servers[name].asked.clear()

    def asked(self, name: str, method: str) -> list[int]:
        """The guilds whose players somebody wanted something of, at a node."""
        asked = self.servers[name].asked_for(method, "players/")
        return [int(one.path.rsplit("/", 1)[1]) for one in asked]


@pytest.fixture
def patience() -> Patience:
    return Patience()


@pytest.fixture
async def town(anyio_backend: str, patience: Patience) -> AsyncIterator[Town]:
    town = Town(patience)
    async with AsyncExitStack() as stack:
        for server in town.servers.values():
            await stack.enter_async_context(server.listening())
        yield town
        for name in town.nodes.names:
            await town.nodes.link(name).close()
        await town.nodes.close()


# --- choosing ---


async def test_no_node_is_chosen_while_none_can_be_reached(town: Town) -> None:
    assert town.nodes.choose(None) is None
    assert town.nodes.nodes == frozenset()
    await town.connect("b")
    assert town.nodes.choose(ENDPOINT) == "b"
    assert town.nodes.nodes == {"b"}
    await town.nodes.link("b").close()
    assert town.nodes.choose(ENDPOINT) is None


async def test_the_node_near_the_voice_server_is_chosen(town: Town) -> None:
    await town.connect()
    assert town.nodes.choose("rotterdam77.discord.media:443") == "a"
    assert town.nodes.choose("us-west12.discord.media:443") == "b"
    # Where none is near, one that claims nothing is better than one that is elsewhere.
    assert town.nodes.choose("sydney3.discord.media:443") == "c"


async def test_the_node_to_avoid_is_never_chosen(town: Town) -> None:
    await town.connect("a", "b")
    assert town.nodes.choose(ENDPOINT, avoid="a") == "b"
    await town.nodes.link("b").close()
    assert town.nodes.choose(ENDPOINT, avoid="a") is None


async def test_a_drained_node_is_reached_and_not_chosen(town: Town) -> None:
    await town.connect("a", "b")
    town.nodes.link("a").drain(True)
    assert town.nodes.choose(ENDPOINT) == "b"
    assert town.nodes.nodes == {"a", "b"}
    town.nodes.link("b").drain(True)
    assert town.nodes.choose(None) is None
    town.nodes.link("a").drain(False)
    assert town.nodes.choose(None) == "a"


async def test_a_node_whose_link_broke_is_chosen_after_all_others(town: Town) -> None:
    await town.connect("a", "b")
    link = asyncio.create_task(town.nodes.link("a").run())
    await town.servers["a"].drop()
    await asyncio.wait((link,))
    assert link.exception() is not None
    assert town.nodes.choose(ENDPOINT) == "b"
    await town.nodes.link("b").close()
    assert town.nodes.choose(ENDPOINT) == "a"


async def test_what_a_node_says_of_its_load_is_heeded(town: Town) -> None:
    await town.connect("a", "c")
    link = asyncio.create_task(town.nodes.link("a").run())
    await town.servers["a"].say(
        {"op": "stats", "players": 3, "playingPlayers": 3, "cpu": {"systemLoad": 0.99}},
        {"op": "event", "type": "TrackStartEvent", "guildId": "1", "track": {}},
    )
    await town.events.until(1)
    assert town.nodes.choose(ENDPOINT) == "c"
    link.cancel()


async def test_a_hundred_guilds_that_choose_in_one_instant_are_spread(town: Town) -> None:
    await town.connect()
    chosen = Counter(town.nodes.choose(None) for _ in range(99))
    assert chosen == {"a": 33, "b": 33, "c": 33}
    # Those that chose and came are not counted twice.
    for guild in range(33):
        await town.nodes.update(guild, "a", PAUSE)
    assert Counter(town.nodes.choose(None) for _ in range(30)) == {"a": 10, "b": 10, "c": 10}
    # Those that never came are forgotten in time.
    town.time += 60
    assert Counter(town.nodes.choose(None) for _ in range(66)) == {"b": 33, "c": 33}


@given(
    reachable=st.sets(st.sampled_from("abc")),
    draining=st.sets(st.sampled_from("abc")),
    avoid=st.none() | st.sampled_from("abc"),
    endpoint=st.none() | st.sampled_from([ENDPOINT, "us-east1.discord.media:443", "x"]),
    stats=st.dictionaries(
        st.sampled_from("abc"),
        st.builds(Stats, playing=st.integers(0, 5000), system_load=st.floats(0, 1)),
    ),
)
def test_who_is_chosen_can_be_reached_is_not_drained_and_not_avoided_whatever_the_load(
    reachable: set[str],
    draining: set[str],
    avoid: str | None,
    endpoint: str | None,
    stats: dict[str, Stats],
) -> None:
    nodes = Nodes(BOT, [NodeSite(name, lambda: None) for name in "abc"], user=USER, deliver=print)
    for name in "abc":
        nodes.link(name).session._reachable = name in reachable
        nodes.link(name).drain(name in draining)
    for name, told in stats.items():
        nodes.link(name).session._on_stats(told)
    possible = reachable - draining - {avoid}
    assert nodes.choose(endpoint, avoid) in (possible or {None})


# --- where guilds live ---


async def test_a_change_goes_to_the_node_that_is_named(town: Town) -> None:
    await town.connect()
    await town.nodes.update(1, "b", PAUSE)
    assert [town.asked(name, "PATCH") for name in "abc"] == [[], [1], []]
    await town.nodes.destroy(1, "b")
    assert [town.asked(name, "DELETE") for name in "abc"] == [[], [1], []]


async def test_a_node_that_is_in_the_settings_no_more_cannot_be_reached(town: Town) -> None:
    await town.connect()
    with pytest.raises(NodeUnavailable):
        await town.nodes.update(1, "of-old", PAUSE)
    with pytest.raises(NodeUnavailable):
        await town.nodes.player(1, "of-old")
    await town.nodes.destroy(1, "of-old")


async def test_what_a_node_says_of_a_guild_that_has_moved_away_is_heard_by_nobody(
    town: Town,
) -> None:
    await town.connect()
    await town.nodes.update(1, "a", PAUSE)
    await town.nodes.update(2, "a", PAUSE)
    await town.nodes.update(1, "b", PAUSE)
    links = [asyncio.create_task(town.nodes.link(name).run()) for name in "ab"]
    await town.servers["a"].say(started(1, "old"), started(2, "still"), started(3, "unknown"))
    await town.events.until(2)
    await town.servers["b"].say(started(1, "new"))
    await town.events.until(3)
    assert town.events.of(1) == [TrackStarted("new")]
    assert town.events.of(2) == [TrackStarted("still")]
    # Of whom nothing is known, a process before may have brought there.
    assert town.events.of(3) == [TrackStarted("unknown")]
    for link in links:
        link.cancel()


async def test_a_player_is_found_again_where_a_process_before_left_it(town: Town) -> None:
    await town.connect()
    town.servers["a"].answer("GET", "players", player_json(1))
    assert await town.nodes.player(1, "a") is not None
    town.servers["a"].answer("GET", "players", [player_json(1), player_json(2)])
    await town.nodes.link("a").tidy(thorough=True)
    assert town.asked("a", "DELETE") == [2]


async def test_who_moved_while_the_node_was_away_is_ended_there_when_it_is_back(
    town: Town,
) -> None:
    await town.connect()
    await town.nodes.update(1, "a", PAUSE)
    await town.nodes.update(2, "a", PAUSE)
    await town.nodes.link("a").close()
    await town.nodes.update(1, "b", PAUSE)
    await town.nodes.destroy(1, "a")
    town.servers["a"].resumes = True
    town.servers["a"].answer("GET", "players", [player_json(1), player_json(2)])
    await town.connect("a")
    await town.nodes.link("a").tidy(thorough=False)
    assert town.asked("a", "DELETE") == [1]
    assert town.asked("b", "DELETE") == []


def started(guild: int, play: str) -> dict[str, object]:
    track = {"encoded": "Q", "info": {}, "userData": {"play": play}}
    return {"op": "event", "type": "TrackStartEvent", "guildId": str(guild), "track": track}


# --- finding tracks ---


async def test_tracks_are_found_at_the_node_with_least_to_do(town: Town) -> None:
    await town.connect()
    await town.nodes.update(1, "a", PAUSE)
    found = {"loadType": "search", "data": [track_json("Aurora")]}
    town.servers["b"].answer("GET", "loadtracks", found)
    [aurora] = (await town.nodes.load("libsearch:aurora")).tracks
    assert aurora.title == "Aurora"
    assert await town.nodes.suggest("libsearch:aurora", 5) == (aurora,)


async def test_another_node_is_asked_where_one_does_not_answer(town: Town) -> None:
    await town.connect("a", "b")
    town.servers["a"].fail("GET", "loadtracks", 503, "not now")
    town.servers["b"].answer("GET", "loadtracks", {"loadType": "empty", "data": {}})
    assert await town.nodes.load("libsearch:aurora") == Found(())
    assert await town.nodes.suggest("libsearch:aurora", 5) == ()
    town.servers["b"].fail("GET", "loadtracks", 503, "not now")
    with pytest.raises(NodeUnavailable):
        await town.nodes.load("libsearch:aurora")
    with pytest.raises(NodeUnavailable):
        await town.nodes.suggest("libsearch:aurora", 5)


async def test_a_source_that_would_not_is_no_reason_to_ask_another_node(town: Town) -> None:
    await town.connect("a", "b")
    error = {"message": "429", "severity": "common", "cause": "x"}
    town.servers["a"].answer("GET", "loadtracks", {"loadType": "error", "data": error})
    with pytest.raises(SourceFailed):
        await town.nodes.load("libsearch:aurora")
    assert town.servers["b"].asked == []


async def test_what_was_begun_is_not_asked_for_twice_and_later_asked_for_anew(town: Town) -> None:
    await town.connect("a")
    server = town.servers["a"]
    server.answer("GET", "loadtracks", {"loadType": "search", "data": [track_json("Aurora")]})
    town.nodes.begin("libsearch:aurora")
    town.nodes.begin("libsearch:aurora")
    [aurora] = (await town.nodes.load("libsearch:aurora")).tracks
    assert len(server.asked) == 1
    assert (await town.nodes.load("libsearch:aurora")).tracks == (aurora,)
    assert len(server.asked) == 2


async def test_what_was_begun_for_other_sources_is_something_else(town: Town) -> None:
    await town.connect("a")
    server = town.servers["a"]
    server.answer("GET", "loadtracks", {"loadType": "search", "data": [track_json("Aurora")]})
    town.nodes.begin("search:aurora", ["soundcloud"])
    for source in ("library", "soundcloud"):
        found = await town.nodes.load("search:aurora", [source])
        assert [track.title for track in found.tracks] == ["Aurora"]
    assert len(server.asked) == 2


async def test_what_was_begun_fails_for_who_asks(town: Town) -> None:
    await town.connect("a")
    error = {"message": "429", "severity": "common", "cause": "x"}
    town.servers["a"].answer("GET", "loadtracks", {"loadType": "error", "data": error})
    town.nodes.begin("libsearch:aurora")
    with pytest.raises(SourceFailed):
        await town.nodes.load("libsearch:aurora")


@pytest.mark.parametrize("query", ["https://radio.example/", "http://cdn.example/upload.mp3"])
async def test_an_address_that_a_node_without_links_does_not_know_is_refused(
    town: Town, query: str
) -> None:
    server = town.servers["a"]
    server.answer("GET", "info", {"plugins": [], "sourceManagers": ["youtube", "soundcloud"]})
    server.answer("GET", "loadtracks", {"loadType": "empty", "data": {}})
    await town.connect("a")
    with pytest.raises(SourceFailed) as raised:
        await town.nodes.load(query)
    assert raised.value.refused == Refused(Code.SOURCE_REFUSED, {"links": "off"})
    # What one of its sources knows is played, and words are not addresses.
    server.answer("GET", "loadtracks", {"loadType": "track", "data": track_json("Aurora")})
    assert len((await town.nodes.load(query)).tracks) == 1
    server.answer("GET", "loadtracks", {"loadType": "empty", "data": {}})
    assert await town.nodes.load("library:aurora") == Found(())


async def test_an_address_that_a_node_with_links_does_not_know_is_not_found(town: Town) -> None:
    server = town.servers["a"]
    server.answer("GET", "info", {"plugins": [], "sourceManagers": ["http"]})
    server.answer("GET", "loadtracks", {"loadType": "empty", "data": {}})
    await town.connect("a")
    assert await town.nodes.load("https://radio.example/") == Found(())


async def test_a_drained_node_still_finds_tracks_if_it_must(town: Town) -> None:
    await town.connect("a")
    town.nodes.link("a").drain(True)
    town.servers["a"].answer("GET", "loadtracks", {"loadType": "empty", "data": {}})
    assert await town.nodes.load("libsearch:aurora") == Found(())
    assert await town.nodes.ping() > 0


async def test_without_a_node_nothing_is_found(town: Town) -> None:
    for attempt in (town.nodes.load("x"), town.nodes.suggest("x", 5), town.nodes.ping()):
        with pytest.raises(NodeUnavailable):
            await attempt
