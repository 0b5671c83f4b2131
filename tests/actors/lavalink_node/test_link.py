from itertools import pairwise

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from actors.guild.player.messages import (
    NodeDown,
    NodeDraining,
    NodeReady,
    PlayerMessage,
    TrackStarted,
)
from actors.guild.refusal import Code
from actors.lavalink_node.actor import AGAIN_SECONDS, DELAYS, REMIND_SECONDS, SWEEP_SECONDS
from actors.lavalink_node.messages import Drain, LinkState, Undrain
from actors.lavalink_node.ports import LinkFailed
from actors.runtime import Actor, ChildSpec
from actors.runtime.restart import delay_before
from actors.runtime.testing import settle
from tests.actors.lavalink_node.conftest import House

pytestmark = pytest.mark.anyio

FRESH = NodeReady("node", resumed=False)
RESUMED = NodeReady("node", resumed=True)
DOWN = NodeDown("node")
DRAINING = NodeDraining("node")

# --- coming and going ---


async def test_players_are_told_that_the_node_is_there(house: House) -> None:
    await house.start_link()
    assert await house.player.next() == FRESH


async def test_players_hear_the_node_between_its_being_ready_and_down(house: House) -> None:
    house.node.speak = lambda word: house.player.ref.tell_nowait(TrackStarted(word))
    await house.start_link()
    house.node.go()
    await house.clock.advance(1)
    assert house.player.received == [FRESH, TrackStarted("first"), TrackStarted("last"), DOWN]


async def test_a_break_that_heals_at_once_is_nobodys_news_but_that_it_healed(house: House) -> None:
    await house.start_link()
    await house.clock.advance(60)
    house.node.resumed = True
    house.node.hang_up()
    await settle()
    assert house.player.received == [FRESH, RESUMED]
    assert house.node.opened[-1] == house.clock.now()
    assert "close" not in house.node.done


async def test_a_node_is_down_when_the_first_attempt_to_come_back_has_failed(house: House) -> None:
    await house.start_link()
    await house.clock.advance(SWEEP_SECONDS - 1)
    house.node.go()
    await settle()
    assert house.player.received == [FRESH, DOWN]
    # What is still asked of it is given up.
    assert house.node.done == ["open", "run", "open", "close"]
    house.node.reachable = house.node.resumed = True
    await house.clock.advance(5)
    assert house.player.received == [FRESH, DOWN, RESUMED]


async def test_while_the_first_attempt_hangs_nobody_is_told_yet(house: House) -> None:
    await house.start_link()
    await house.clock.advance(60)
    house.node.slow = True
    house.node.hang_up()
    await house.clock.advance(60)
    assert house.player.received == [FRESH]


async def test_a_node_that_is_dead_though_it_is_connected_is_down_at_once(house: House) -> None:
    await house.start_link()
    await house.clock.advance(60)
    house.node.slow = True
    house.node.ending = LinkFailed("it leaves /version without an answer", dead=True)
    house.node.hang_up()
    await settle()
    assert house.player.received == [FRESH, DOWN]


async def test_a_node_that_cannot_be_reached_keeps_nothing_else_from_starting(
    house: House,
) -> None:
    house.node.reachable = False
    await house.start_link()
    assert await house.player.next() == DOWN
    house.node.reachable = True
    await house.clock.advance(5)
    assert await house.player.next() == FRESH


async def test_a_node_that_does_not_answer_keeps_nothing_else_from_starting_for_long(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.lavalink_node.actor.START_SECONDS", 0.05)
    house.node.slow = True
    await house.start_link()
    assert await house.player.next() == DOWN


async def test_a_node_that_restarts_is_back_at_once(house: House) -> None:
    await house.start_link()
    await house.clock.advance(3600)
    lost = house.clock.now()
    house.node.go()
    await house.clock.advance(0.8)
    assert house.node.opened[1] == lost
    house.node.reachable = True
    await house.clock.advance(1.5)
    assert house.player.received[-1] == FRESH


async def test_it_never_gives_up(house: House) -> None:
    await house.start_link()
    house.node.go()
    await house.clock.advance(8 * 3600)
    gaps = [late - early for early, late in pairwise(house.node.opened)]
    assert max(gaps) <= 30
    # Chance spreads them: half of the time of the longest delay, on the average.
    assert 8 * 3600 / 20 < len(gaps) < 8 * 3600 / 11
    assert house.player.received == [FRESH, DOWN]
    house.node.reachable = True
    await house.clock.advance(30)
    assert house.player.received[-1] == FRESH


async def test_a_node_that_hangs_up_at_once_is_not_called_in_a_tight_loop(house: House) -> None:
    house.node.hangs_up = True
    await house.start_link()
    await house.clock.advance(60)
    assert 5 < len(house.node.opened) < 60
    # While it is away for longer than a moment, guilds may go elsewhere.
    assert DOWN in house.player.received
    # Whoever talks for a while is called back at once again.
    house.node.hangs_up = False
    await house.clock.advance(60)
    house.node.hang_up()
    await settle()
    assert house.node.opened[-1] == house.clock.now()


# --- crashes and stops ---


async def test_a_crash_of_the_link_closes_the_connection_and_opens_it_again(house: House) -> None:
    await house.start_link()
    house.node.resumed = True
    house.system.crash("/root/links/node", RuntimeError("ordered"))
    await settle()
    assert house.node.done[:4] == ["open", "run", "close", "open"]
    assert house.player.received == [FRESH, RESUMED]


async def test_players_learn_of_a_node_that_went_while_the_link_had_crashed(house: House) -> None:
    await house.start_link()
    house.node.reachable = False
    house.system.crash("/root/links/node", RuntimeError("ordered"))
    await settle()
    assert house.player.received == [FRESH, DOWN]


async def test_a_stopped_link_closes_its_connection(house: House) -> None:
    await house.start_link()
    await house.system.supervisor("/root/links").terminate_child("node")
    assert house.node.done == ["open", "run", "close"]
    assert house.player.received == [FRESH]


async def test_a_link_can_be_stopped_between_two_attempts(house: House) -> None:
    house.node.reachable = False
    await house.start_link()
    await house.system.supervisor("/root/links").terminate_child("node")
    await house.clock.advance(60)
    assert len(house.node.opened) == 1


# --- draining ---


async def test_a_drained_node_is_chosen_by_nobody_and_empties(house: House) -> None:
    link = await house.start_link()
    assert await link.ask(Drain()) is LinkState.DRAINING
    assert house.node.draining
    assert await link.ask(Undrain()) is LinkState.READY
    assert not house.node.draining
    await settle()
    assert house.player.received == [FRESH, DRAINING, RESUMED]


async def test_draining_twice_is_draining_once(house: House) -> None:
    link = await house.start_link()
    for _ in range(2):
        assert await link.ask(Drain()) is LinkState.DRAINING
    for _ in range(2):
        assert await link.ask(Undrain()) is LinkState.READY
    await settle()
    assert house.player.received == [FRESH, DRAINING, RESUMED]


async def test_who_could_not_move_away_is_reminded_as_long_as_it_lasts(house: House) -> None:
    link = await house.start_link()
    await link.ask(Drain())
    await house.clock.advance(3 * REMIND_SECONDS)
    assert house.player.received == [FRESH, *[DRAINING] * 4]
    await link.ask(Undrain())
    await house.clock.advance(3 * REMIND_SECONDS)
    assert house.player.received[-1] == RESUMED


async def test_a_node_that_comes_back_is_still_drained(house: House) -> None:
    link = await house.start_link()
    await link.ask(Drain())
    house.node.resumed = True
    house.node.hang_up()
    await house.clock.advance(1)
    assert house.player.received == [FRESH, DRAINING, RESUMED, DRAINING]
    house.node.go()
    await house.clock.advance(1)
    assert await link.ask(Undrain()) is LinkState.DOWN
    house.node.reachable = True
    await house.clock.advance(5)
    assert house.player.received[4:] == [DOWN, RESUMED]


async def test_a_crash_of_the_link_does_not_end_the_draining(house: House) -> None:
    link = await house.start_link()
    await link.ask(Drain())
    house.node.draining = False
    house.system.crash("/root/links/node", RuntimeError("ordered"))
    await settle()
    assert house.node.draining
    assert house.player.received == [FRESH, DRAINING, FRESH, DRAINING]


# --- sessions ---


async def test_a_killed_process_leaves_its_session_to_the_next(house: House) -> None:
    store = await house.start_store(lavalink_node="session-of-old")
    await house.start_link()
    await settle()
    assert house.node.adopted == "session-of-old"
    assert store.notes == {"lavalink/node": "session-1"}
    house.node.session = "session-2"
    house.node.hang_up()
    await house.clock.advance(1)
    assert store.notes == {"lavalink/node": "session-2"}


async def test_a_store_that_does_not_answer_costs_the_old_session_and_no_more(
    house: House,
) -> None:
    store = await house.start_store(lavalink_node="session-of-old")
    store.silent = True
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(house.start_link)
        await house.clock.advance(2)
    assert house.node.adopted is None
    assert await house.player.next() == FRESH


async def test_players_that_moved_away_from_a_resumed_session_are_ended_soon_and_strays_later(
    house: House,
) -> None:
    house.node.resumed = True
    await house.start_link()
    await house.clock.advance(SWEEP_SECONDS - 1)
    assert sorted(house.node.done) == ["open", "run", "tidy"]
    await house.clock.advance(2)
    assert house.node.done[-1] == "sweep"


async def test_a_new_session_has_nothing_to_tidy_but_strays(house: House) -> None:
    await house.start_link()
    await house.clock.advance(SWEEP_SECONDS - 1)
    assert house.node.done == ["open", "run"]
    await house.clock.advance(2)
    assert house.node.done == ["open", "run", "sweep"]


async def test_strays_are_looked_for_as_long_as_the_link_is_up(house: House) -> None:
    await house.start_link()
    await house.clock.advance(SWEEP_SECONDS + 2 * AGAIN_SECONDS + 1)
    assert house.node.done.count("sweep") == 3


async def test_a_session_that_breaks_again_is_swept_after_the_last_resume(house: House) -> None:
    house.node.resumed = True
    await house.start_link()
    await house.clock.advance(SWEEP_SECONDS - 1)
    house.node.hang_up()
    await house.clock.advance(SWEEP_SECONDS - 1)
    assert "sweep" not in house.node.done
    await house.clock.advance(2)
    assert house.node.done.count("sweep") == 1


# --- players ---


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
        house.node.go()
        await settle()
        house.node.reachable = True
    await house.clock.advance(60)
    expected = [FRESH, *[DOWN, FRESH] * 3]
    assert house.player.received == expected
    busy.go_on.set()
    await settle()
    assert busy.received == expected


# --- what is said ---


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
        "node.lost",
        "node.unreachable",
        "node.down",
        "node.ready",
    ]


async def test_a_node_that_breaks_again_and_again_says_why_once(house: House) -> None:
    house.node.hangs_up = True
    with capture_logs() as logged:
        await house.start_link()
        await house.clock.advance(60)
    lost = [entry for entry in logged if entry["event"] == "node.lost"]
    assert len(lost) > 5
    assert [entry["log_level"] for entry in lost].count("warning") == 1


async def test_a_node_that_needs_people_to_change_something_is_an_error_with_its_code(
    house: House,
) -> None:
    house.node.reachable = False
    house.node.error = LinkFailed("it is Lavalink 3.7.0", code=Code.NODE_TOO_OLD)
    with capture_logs() as logged:
        await house.start_link()
        await house.clock.advance(3600)
    [entry] = [entry for entry in logged if entry["log_level"] == "error"]
    assert (entry["code"], entry["error"]) == ("NET-005", "it is Lavalink 3.7.0")


@given(st.integers(1, 10_000))
def test_delays_stay_between_a_tenth_of_a_second_and_half_a_minute(attempt: int) -> None:
    longest = min(30.0, 0.15 * 1.3 ** min(attempt - 1, 99))
    assert 0.1 <= delay_before(attempt, DELAYS) <= longest
