from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seraphim.lavalink.balance import (
    FAR,
    PROMISE_SECONDS,
    Candidate,
    Workload,
    distance,
    load,
    ranked,
)
from seraphim.lavalink.events import Stats

REGIONS = ["rotterdam", "us-east", "frankfurt"]
ENDPOINTS = [f"{region}1234.discord.media:443" for region in REGIONS]

shares = st.floats(0, 1)
stats = st.builds(
    Stats,
    players=st.integers(0, 10_000),
    playing=st.integers(0, 10_000),
    system_load=shares,
    own_load=shares,
    nulled=st.integers(0, 100_000),
    deficit=st.integers(0, 100_000),
)
candidates = st.lists(
    st.builds(
        Candidate,
        name=st.text(min_size=1, max_size=3),
        load=st.floats(0, 1e6),
        regions=st.lists(st.sampled_from(REGIONS), max_size=2, unique=True),
        connected=st.booleans(),
    ),
    unique_by=lambda one: one.name,
    max_size=6,
)
endpoints = st.none() | st.sampled_from(ENDPOINTS)


# --- who is best ---


@given(candidates, endpoints)
def test_everybody_is_ranked_and_nobody_else(some: list[Candidate], endpoint: str | None) -> None:
    assert sorted(one.name for one in ranked(some, endpoint)) == sorted(one.name for one in some)


@given(candidates, endpoints)
def test_a_node_with_more_to_do_is_never_chosen_for_it(
    some: list[Candidate], endpoint: str | None
) -> None:
    for index, one in enumerate(some):
        busier = [*some[:index], replace(one, load=one.load + 100), *some[index + 1 :]]
        before = [other.name for other in ranked(some, endpoint)].index(one.name)
        after = [other.name for other in ranked(busier, endpoint)].index(one.name)
        assert after >= before


@given(candidates, endpoints)
def test_a_link_that_is_up_is_better_than_one_that_broke(
    some: list[Candidate], endpoint: str | None
) -> None:
    connected = [one.connected for one in ranked(some, endpoint)]
    assert connected == sorted(connected, reverse=True)


@given(st.lists(st.integers(0, 10**6), min_size=1), endpoints)
def test_of_nodes_in_one_place_the_least_loaded_is_best(
    loads: list[int], endpoint: str | None
) -> None:
    some = [Candidate(str(number), load) for number, load in enumerate(loads)]
    assert ranked(some, endpoint)[0].load == min(loads)


def test_near_is_better_than_anywhere_and_that_than_far() -> None:
    near, anywhere, far = ["rotterdam", "eu-"], [], ["us-east"]
    some = [
        Candidate("far", 0, far),
        Candidate("anywhere", 0, anywhere),
        Candidate("near", 0, near),
    ]
    assert [one.name for one in ranked(some, ENDPOINTS[0])] == ["near", "anywhere", "far"]
    # The difference is no more than so many players.
    some[2] = replace(some[2], load=FAR + 1)
    assert [one.name for one in ranked(some, ENDPOINTS[0])] == ["anywhere", "far", "near"]


@pytest.mark.parametrize(
    ("regions", "endpoint", "players"),
    [
        (["rotterdam"], "rotterdam1234.discord.media:443", 0),
        (["Rotterdam"], "ROTTERDAM1234.discord.media:443", 0),
        (["us-east", "ams"], "c-ams05-12ab34cd.discord.media:443", 0),
        (["us-east"], "rotterdam1234.discord.media:443", FAR),
        (["rotterdam"], "us-rotterdam.discord.media:443", FAR),
        (["rotterdam"], None, FAR / 2),
        ([], "rotterdam1234.discord.media:443", FAR / 2),
    ],
)
def test_a_voice_servers_name_begins_with_its_region(
    regions: list[str], endpoint: str | None, players: float
) -> None:
    assert distance(regions, endpoint) == players


# --- what a node has to do ---


def test_an_idle_node_has_nothing_to_do() -> None:
    assert load(Stats()) == 0


@given(stats, stats)
def test_whoever_has_more_of_everything_has_more_to_do(one: Stats, more: Stats) -> None:
    most = Stats(
        players=max(one.players, more.players),
        playing=max(one.playing, more.playing),
        system_load=max(one.system_load, more.system_load),
        nulled=max(one.nulled, more.nulled),
        deficit=max(one.deficit, more.deficit),
    )
    assert load(most) >= max(load(one), load(more))


def test_a_node_that_does_not_keep_up_is_worse_than_one_with_many_players() -> None:
    assert load(Stats(playing=10, deficit=300)) > load(Stats(playing=1500))
    assert load(Stats(playing=10, system_load=1.0)) > load(Stats(playing=1000))


class Clock:
    time = 0.0

    def __call__(self) -> float:
        return self.time


def test_a_node_that_has_told_nothing_has_the_guilds_that_came() -> None:
    work = Workload(Clock())
    for _ in range(5):
        work.come()
    work.go()
    assert work.load == 4


def test_a_nodes_word_counts_and_what_happened_since() -> None:
    work = Workload(Clock())
    for _ in range(5):
        work.come()
    work.hear(Stats(playing=20))
    assert work.load == 20
    work.come()
    assert work.load == 21
    for _ in range(3):
        work.go()
    assert work.load == 18
    work.hear(Stats(playing=1))
    for _ in range(3):
        work.go()
    assert work.load == 0


def test_a_choice_counts_until_the_guild_has_come_or_seems_not_to() -> None:
    clock = Clock()
    work = Workload(clock)
    work.promise()
    work.promise()
    assert work.load == 2
    work.come()
    assert work.load == 2
    clock.time += PROMISE_SECONDS
    assert work.load == 1
