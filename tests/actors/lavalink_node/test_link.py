from itertools import pairwise

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from actors.guild.player.messages import NodeDown, NodeReady, PlayerMessage, TrackStarted
from actors.lavalink_node.actor import DELAYS
from actors.runtime import Actor, ChildSpec
from actors.runtime.restart import delay_before
from actors.runtime.testing import settle
from tests.actors.lavalink_node.conftest import House

pytestmark = pytest.mark.anyio


async def test_players_are_told_that_the_node_is_there(house: House) -> None:
    await house.start_link()
    assert await house.player.next() == NodeReady(resumed=False)


async def test_players_hear_the_node_between_its_being_ready_and_down(house: House) -> None:
    house.node.speak = lambda word: house.player.ref.tell_nowait(TrackStarted(word))
    await house.start_link()
    house.node.go()
    await settle()
    assert house.player.received == [
        NodeReady(resumed=False),
        TrackStarted("first"),
        TrackStarted("last"),
        NodeDown(),
    ]


async def test_a_lost_node_is_down_until_it_is_back(house: House) -> None:
    await house.start_link()
    await house.clock.advance(60)
    house.node.resumed = True
    house.node.hang_up()
    await settle()
    assert house.player.received == [NodeReady(resumed=False), NodeDown(), NodeReady(resumed=True)]
    # The old connection is closed before there is another.
    assert house.node.done == ["open", "run", "close", "open", "run"]


async def test_a_node_that_cannot_be_reached_keeps_nothing_else_from_starting(
    house: House,
) -> None:
    house.node.reachable = False
    await house.start_link()
    assert await house.player.next() == NodeDown()
    house.node.reachable = True
    await house.clock.advance(5)
    assert await house.player.next() == NodeReady(resumed=False)


async def test_a_node_that_restarts_is_back_at_once(house: House) -> None:
    await house.start_link()
    await house.clock.advance(3600)
    lost = house.clock.now()
    house.node.go()
    await house.clock.advance(0.8)
    assert house.node.opened[1] == lost
    house.node.reachable = True
    await house.clock.advance(1.5)
    assert house.player.received[-1] == NodeReady(resumed=False)


async def test_it_never_gives_up(house: House) -> None:
    await house.start_link()
    house.node.go()
    await house.clock.advance(8 * 3600)
    gaps = [late - early for early, late in pairwise(house.node.opened)]
    assert max(gaps) <= 30
    # Chance spreads them: half of the time of the longest delay, on the average.
    assert 8 * 3600 / 20 < len(gaps) < 8 * 3600 / 11
    assert house.player.received == [NodeReady(resumed=False), NodeDown()]
    house.node.reachable = True
    await house.clock.advance(30)
    assert house.player.received[-1] == NodeReady(resumed=False)


async def test_a_node_that_hangs_up_at_once_is_not_called_in_a_tight_loop(house: House) -> None:
    house.node.hangs_up = True
    await house.start_link()
    await house.clock.advance(60)
    assert 5 < len(house.node.opened) < 60
    # Whoever talks for a while is called back at once again.
    house.node.hangs_up = False
    await house.clock.advance(60)
    house.node.hang_up()
    await settle()
    assert house.node.opened[-1] == house.clock.now()


async def test_a_crash_of_the_link_closes_the_connection_and_opens_it_again(house: House) -> None:
    await house.start_link()
    house.node.resumed = True
    house.system.crash("/root/links/node", RuntimeError("ordered"))
    await settle()
    assert house.node.done == ["open", "run", "close", "open", "run"]
    assert house.player.received == [NodeReady(resumed=False), NodeReady(resumed=True)]


async def test_players_learn_of_a_node_that_went_while_the_link_had_crashed(house: House) -> None:
    await house.start_link()
    house.node.reachable = False
    house.system.crash("/root/links/node", RuntimeError("ordered"))
    await settle()
    assert house.player.received == [NodeReady(resumed=False), NodeDown()]


async def test_a_stopped_link_closes_its_connection(house: House) -> None:
    await house.start_link()
    await house.system.supervisor("/root/links").terminate_child("node")
    assert house.node.done == ["open", "run", "close"]


async def test_a_link_can_be_stopped_between_two_attempts(house: House) -> None:
    house.node.reachable = False
    await house.start_link()
    await house.system.supervisor("/root/links").terminate_child("node")
    await house.clock.advance(60)
    assert len(house.node.opened) == 1


class Busy(Actor[PlayerMessage]):
    """Takes its time with each message."""

    def __init__(self) -> None:
        self.received: list[PlayerMessage] = []
        self.go_on = anyio.Event()

    async def receive(self, message: PlayerMessage) -> None:
        await self.go_on.wait()
        self.received.append(message)


async def test_a_busy_player_keeps_no_other_waiting_and_misses_nothing(house: House) -> None:
    busy = Busy()
    spec: ChildSpec[PlayerMessage] = ChildSpec(id="busy", start=lambda: busy, mailbox=1)
    ref = await house.system.supervisor("/root/players").start_child(spec)
    house.players.insert(0, ref)
    await house.start_link()
    for _ in range(3):
        await house.clock.advance(60)
        house.node.hang_up()
    await settle()
    expected = [NodeReady(resumed=False), *[NodeDown(), NodeReady(resumed=False)] * 3]
    assert house.player.received == expected
    busy.go_on.set()
    await settle()
    assert busy.received == expected


async def test_why_a_node_is_away_is_said_once(house: House) -> None:
    with capture_logs() as logged:
        await house.start_link()
        house.node.go()
        await house.clock.advance(3600)
        house.node.reachable = True
        await house.clock.advance(60)
    heard = (entry for entry in logged if entry.get("node") and entry["log_level"] != "debug")
    assert [entry["event"] for entry in heard] == [
        "node.ready",
        "node.down",
        "node.unreachable",
        "node.ready",
    ]


@given(st.integers(1, 10_000))
def test_delays_stay_between_a_tenth_of_a_second_and_half_a_minute(attempt: int) -> None:
    longest = min(30.0, 0.15 * 1.3 ** min(attempt - 1, 99))
    assert 0.1 <= delay_before(attempt, DELAYS) <= longest
