"""What readings mean."""

from dataclasses import replace

import pytest

from actors.health.assessment import MOST_MEMORY, SHARD_GRACE_SECONDS, Status, assess
from actors.health.readings import AudioNode, Database, Measured, Readings, Shard
from actors.lavalink_node.messages import LinkState

WELL = Measured(
    shards=(Shard(0, connected=True, latency=0.04), Shard(1, connected=True)),
    nodes=(AudioNode("one", LinkState.READY), AudioNode("two", LinkState.READY)),
    rss=100_000_000,
)
AWAY = SHARD_GRACE_SECONDS + 1


def of(measured: Measured, **more: object) -> Readings:
    return replace(Readings(0, measured, Database()), **more)


def test_it_is_healthy_when_nothing_is_wrong():
    health = assess(of(WELL))
    assert health.status is Status.HEALTHY
    assert health.reasons == ()


DEGRADED = {
    "a shard of several is away": (
        of(replace(WELL, shards=(WELL.shards[0], Shard(1, connected=False, away=AWAY)))),
        "shard 1 is away for 6 s",
    ),
    "a node is down while another is up": (
        of(replace(WELL, nodes=(WELL.nodes[0], AudioNode("two", LinkState.DOWN)))),
        "node two is down",
    ),
    "a node was never reached": (
        of(replace(WELL, nodes=(WELL.nodes[0], AudioNode("two", LinkState.CONNECTING)))),
        "node two is down",
    ),
    "more than a gigabyte is in use": (
        of(replace(WELL, rss=1_234_000_000)),
        "memory is at 1.23 GB",
    ),
    "the database fails": (
        of(WELL, database=Database(3, 1, "database is locked")),
        "database fails: database is locked (3 unwritten)",
    ),
    "a supervisor gave up": (
        of(WELL, gave_up=("/root/guilds/guild-1",)),
        "/root/guilds/guild-1 gave up",
    ),
    "a source is passed over": (
        of(replace(WELL, passed_over=frozenset({"youtube"}))),
        "source youtube fails for many, and is passed over",
    ),
    "the event loop was held up": (
        of(replace(WELL, loop_lag=3.21)),
        "event loop was held up for 3.2 s",
    ),
}


@pytest.mark.parametrize(("readings", "reason"), DEGRADED.values(), ids=DEGRADED)
def test_it_is_degraded_and_says_why(readings: Readings, reason: str):
    health = assess(readings)
    assert health.status is Status.DEGRADED
    assert [one.text for one in health.reasons] == [reason]


UNHEALTHY = {
    "no shard is connected": (
        replace(WELL, shards=(Shard(0, connected=False, away=AWAY),)),
        "no shard is connected to Discord",
    ),
    "there are no shards": (replace(WELL, shards=()), "no shard is connected to Discord"),
    "all nodes are down": (
        replace(WELL, nodes=(AudioNode("one", LinkState.DOWN), AudioNode("two", LinkState.DOWN))),
        "no audio node can be reached",
    ),
    "there are no nodes": (replace(WELL, nodes=()), "no audio node can be reached"),
}


@pytest.mark.parametrize(("measured", "reason"), UNHEALTHY.values(), ids=UNHEALTHY)
def test_it_is_unhealthy_where_nobody_can_be_played_to(measured: Measured, reason: str):
    health = assess(of(measured))
    assert health.status is Status.UNHEALTHY
    assert [one.text for one in health.reasons] == [reason]


@pytest.mark.parametrize(
    "measured",
    [
        replace(WELL, shards=(Shard(0, connected=False, away=SHARD_GRACE_SECONDS),)),
        replace(WELL, nodes=(AudioNode("one", LinkState.RESUMING),)),
        replace(WELL, nodes=(AudioNode("one", LinkState.DRAINING),)),
        replace(WELL, rss=MOST_MEMORY),
    ],
    ids=["a shard reconnects", "a node resumes", "a node is drained", "a gigabyte is in use"],
)
def test_it_stays_healthy_through_what_happens_every_day(measured: Measured):
    assert assess(of(measured)).status is Status.HEALTHY


def test_the_worst_reason_comes_first():
    measured = replace(WELL, rss=2_000_000_000, nodes=())
    health = assess(of(measured, gave_up=("/root/guilds/guild-1",)))
    assert health.status is Status.UNHEALTHY
    assert [one.about for one in health.reasons] == ["nodes", "/root/guilds/guild-1", "memory"]


def test_other_figures_of_the_same_trouble_are_no_news():
    before, after = (assess(of(replace(WELL, rss=rss))) for rss in (1_100_000_000, 1_200_000_000))
    assert before != after
    assert before.troubles == after.troubles


def test_a_database_that_nobody_has_asked_yet_is_no_reason():
    assert assess(of(WELL, database=None)).status is Status.HEALTHY
