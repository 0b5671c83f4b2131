from dataclasses import replace
from itertools import pairwise
from typing import Any

import anyio
import pytest
from anyio.abc import TaskGroup

from actors.guild.player.messages import Member, Play
from actors.guild.player.state import Joining, Request, Voice
from actors.runtime import ActorCrashed
from actors.runtime.testing import settle
from actors.store.ledger import BEGAN_EMPTY, durable
from actors.store.messages import (
    ANSWER_SECONDS,
    Active,
    Flush,
    Health,
    Note,
    Noted,
    Recall,
    Save,
    SetAside,
    Unread,
)
from actors.store.ports import Damaged, Stored
from tests.actors.store.conftest import PATH, House, guild, playing

pytestmark = pytest.mark.anyio


class Answer:
    """An ask under way, asked beside the test."""

    def __init__(self) -> None:
        self.value: object = self
        self.error: Exception | None = None

    @property
    def pending(self) -> bool:
        return self.value is self and self.error is None


def begin(tasks: TaskGroup, house: House, message: Any) -> Answer:
    answer = Answer()

    async def ask() -> None:
        try:
            answer.value = await house.store.ask(message, timeout=1e6)
        except ActorCrashed as error:
            answer.error = error

    tasks.start_soon(ask)
    return answer


async def recall_in_vain(house: House, of: int) -> Any:
    async with anyio.create_task_group() as tasks:
        answer = begin(tasks, house, Recall(of))
        await house.clock.advance(ANSWER_SECONDS + 0.1)
        assert not answer.pending
    return answer.value


# --- saving ---


async def test_what_was_saved_is_recalled_before_it_is_written(house: House) -> None:
    house.memory.hangs = anyio.Event()
    await house.store.tell(Save(guild(1, "aurora")))

    assert await house.store.ask(Recall(1)) == guild(1, "aurora")
    assert house.memory.batches == []

    await house.store.tell(Save(guild(1, "aurora", "dawn")))
    assert await house.store.ask(Recall(1)) == guild(1, "aurora", "dawn")
    house.memory.hangs.set()


async def test_what_does_not_survive_the_process_is_not_kept(house: House) -> None:
    request = Request(1, Play(Member(1, 2), "ytsearch:x", 3))
    state = replace(
        guild(1, "aurora"),
        joining=Joining(1, 2, (3,)),
        requests=(request,),
        failures=3,
        nodes=frozenset({"main"}),
        node="main",
        idle=True,
    )
    await house.store.tell(Save(state))

    assert await house.store.ask(Recall(1)) == replace(guild(1, "aurora"), node="main")
    await settle()
    assert house.memory.state(1) == replace(guild(1, "aurora"), node="main")


async def test_the_first_save_is_written_at_once_and_those_of_the_next_second_together(
    house: House,
) -> None:
    await house.store.tell(Save(guild(1)))
    await settle()
    assert [len(batch.changes) for batch in house.memory.batches] == [1]

    for title in ("aurora", "dawn", "dusk"):
        await house.store.tell(Save(guild(1, title)))
        await house.store.tell(Save(guild(2, title)))
    await house.store.tell(Note("gateway/0", "session"))
    await house.clock.advance(0.9)
    assert len(house.memory.batches) == 1

    await house.clock.advance(0.2)
    assert [len(batch.changes) for batch in house.memory.batches] == [1, 2]
    assert house.memory.state(1) == guild(1, "dusk")
    assert house.memory.state(2) == guild(2, "dusk")
    assert house.memory.notes == {"gateway/0": "session"}


async def test_nothing_is_written_while_nothing_changes(house: House) -> None:
    await house.store.tell(Save(playing(1, house.now(), running=False)))
    await house.clock.advance(60)
    assert len(house.memory.batches) == 1


async def test_only_one_write_is_under_way_however_long_it_takes(house: House) -> None:
    house.memory.hangs = anyio.Event()
    for title in ("aurora", "dawn", "dusk"):
        await house.store.tell(Save(guild(1, title)))
        await house.clock.advance(3)
    assert house.memory.attempts == 1

    house.memory.hangs.set()
    await house.clock.advance(2)
    assert house.memory.most_at_once == 1
    assert house.memory.state(1) == guild(1, "dusk")


async def test_a_save_while_another_is_written_is_not_taken_for_written(house: House) -> None:
    house.memory.hangs = anyio.Event()
    await house.store.tell(Save(guild(1, "aurora")))
    await settle()
    await house.store.tell(Save(guild(1, "dawn")))
    house.memory.hangs.set()
    await settle()
    assert house.memory.state(1) == guild(1, "aurora")
    assert await house.store.ask(Recall(1)) == guild(1, "dawn")

    await house.clock.advance(1.1)
    assert house.memory.state(1) == guild(1, "dawn")


# --- positions ---


async def test_that_the_process_is_alive_is_written_every_other_second_while_music_runs(
    house: House,
) -> None:
    await house.store.tell(Save(playing(1, house.now())))
    await house.clock.advance(20)
    lives = [batch.alive_at for batch in house.memory.batches]
    gaps = [later - earlier for earlier, later in pairwise(lives)]
    assert len(lives) >= 9
    assert max(gaps) <= 3_000
    assert sum(len(batch.changes) for batch in house.memory.batches) == 1

    await house.store.tell(Save(playing(1, house.now(), running=False)))
    await house.clock.advance(3)
    written = len(house.memory.batches)
    await house.clock.advance(60)
    assert len(house.memory.batches) == written


async def test_what_a_process_before_played_stands_where_it_was_when_that_was_last_alive(
    house: House,
) -> None:
    house.memory.stored[1] = Stored(playing(1, 500_000, position_ms=10_000), ended_at=530_000)
    recalled = await house.store.ask(Recall(1))
    assert recalled == playing(1, 530_000, position_ms=40_000, running=False)


async def test_a_position_of_a_process_before_never_passes_the_end_of_the_track_nor_goes_back(
    house: House,
) -> None:
    house.memory.stored[1] = Stored(playing(1, 500_000), ended_at=900_000)
    house.memory.stored[2] = Stored(playing(2, 500_000, position_ms=9_000), ended_at=400_000)
    house.memory.stored[3] = Stored(playing(3, 500_000, running=False), ended_at=900_000)

    assert await house.store.ask(Recall(1)) == playing(
        1, 900_000, position_ms=200_000, running=False
    )
    assert await house.store.ask(Recall(2)) == playing(2, 500_000, position_ms=9_000, running=False)
    assert await house.store.ask(Recall(3)) == playing(3, 500_000, running=False)


async def test_what_this_process_saved_is_recalled_as_it_was_saved(house: House) -> None:
    state = playing(1, house.now(), position_ms=10_000)
    await house.store.tell(Save(state))
    await house.clock.advance(30)
    assert await house.store.ask(Recall(1)) == state


# --- a storage that is away ---


async def test_what_cannot_be_written_is_written_when_that_works_again_and_only_the_last(
    house: House,
) -> None:
    house.memory.away = "database is locked"
    for title in ("aurora", "dawn", "dusk"):
        await house.store.tell(Save(guild(1, title)))
        await house.store.tell(Save(guild(2, title)))
        await house.store.tell(Note("lavalink/main", title))
        await house.clock.advance(20)
    assert house.memory.stored == {}
    assert (await house.store.ask(Health())).unwritten == 3

    house.memory.away = None
    await house.clock.advance(31)
    assert house.memory.state(1) == guild(1, "dusk")
    assert house.memory.state(2) == guild(2, "dusk")
    assert house.memory.notes == {"lavalink/main": "dusk"}
    assert len(house.memory.batches[0].changes) == 2


async def test_the_pauses_between_attempts_grow_to_half_a_minute(house: House) -> None:
    house.memory.away = "disk is full"
    await house.store.tell(Save(guild(1)))
    attempts: list[float] = []
    for _ in range(1_200):
        before = house.memory.attempts
        await house.clock.advance(0.1)
        attempts += [house.clock.now()] * (house.memory.attempts - before)
    gaps = [round(b - a) for a, b in pairwise(attempts)]
    assert gaps[:6] == [1, 2, 4, 8, 15, 30]
    assert set(gaps[6:]) <= {30}


async def test_a_failure_is_said_once_and_so_is_its_end(house: House) -> None:
    house.memory.away = "disk is full"
    for title in ("aurora", "dawn", "dusk"):
        await house.store.tell(Save(guild(1, title)))
        assert await recall_in_vain(house, 2) == Unread()
        await house.clock.advance(10)
    health = await house.store.ask(Health())
    assert (health.failing_since, health.error) == (1_000_000, "disk is full")

    house.memory.away = None
    await house.clock.advance(31)
    assert (await house.store.ask(Health())).failing_since is None
    said = house.events("store.failing", "store.recovered")
    assert [line["event"] for line in said] == ["store.failing", "store.recovered"]
    assert said[0]["error"] == "disk is full"
    assert said[0]["log_level"] == "warning"
    assert 30 <= said[1]["seconds"] <= 61


async def test_a_write_that_hangs_is_said_too(house: House) -> None:
    house.memory.hangs = anyio.Event()
    await house.store.tell(Save(guild(1)))
    await house.clock.advance(6)
    assert (await house.store.ask(Health())).failing_since is not None
    house.memory.hangs.set()
    await settle()
    assert (await house.store.ask(Health())).failing_since is None


async def test_what_changes_while_the_storage_is_away_is_kept_once_for_each_guild(
    house: House,
) -> None:
    house.memory.away = "gone"
    for number in range(500):
        await house.store.tell(Save(guild(number % 5, str(number))))
        await house.store.tell(SetAside(number % 5, "poison"))
        await house.store.tell(Note("key", str(number)))
    assert (await house.store.ask(Health())).unwritten == 6


async def test_the_store_starts_and_is_used_while_the_storage_is_away(stopped: House) -> None:
    stopped.memory.away = "connection refused"
    async with stopped.running() as house:
        await house.store.tell(Save(guild(1)))
        assert await house.store.ask(Recall(1)) == guild(1)
        assert house.events("store.failing")[0]["error"] == "connection refused"
        house.memory.away = None
        await house.clock.advance(2)
        assert house.memory.state(1) == guild(1)


async def test_a_guild_that_began_while_it_could_not_be_read_does_not_overwrite_what_is_stored(
    house: House,
) -> None:
    house.memory.stored[1] = Stored(guild(1, "aurora"), ended_at=0)
    house.memory.away = "gone"
    assert await recall_in_vain(house, 1) == Unread()
    await house.store.tell(Save(guild(1, "dawn")))
    await house.store.tell(Save(guild(1, "dusk")))

    house.memory.away = None
    await house.clock.advance(5)
    assert house.memory.state(1) == guild(1, "dusk")
    assert house.memory.aside == [(1, guild(1, "aurora"), BEGAN_EMPTY)]

    await house.store.tell(Save(guild(1, "night")))
    await house.clock.advance(2)
    assert len(house.memory.aside) == 1


async def test_a_guild_that_is_read_at_the_second_recall_goes_on_with_what_is_stored(
    house: House,
) -> None:
    house.memory.stored[1] = Stored(guild(1, "aurora"), ended_at=0)
    house.memory.away = "gone"
    assert await recall_in_vain(house, 1) == Unread()
    house.memory.away = None
    assert await house.store.ask(Recall(1)) == guild(1, "aurora")

    await house.store.tell(Save(guild(1, "dawn")))
    await house.clock.advance(5)
    assert house.memory.state(1) == guild(1, "dawn")
    assert house.memory.aside == []


async def test_a_storage_that_fails_for_a_moment_costs_no_queue(house: House) -> None:
    house.memory.stored[1] = Stored(guild(1, "aurora"), ended_at=0)
    house.memory.away = "database is locked"
    async with anyio.create_task_group() as tasks:
        answer = begin(tasks, house, Recall(1))
        await house.clock.advance(ANSWER_SECONDS - 0.5)
        assert answer.pending
        house.memory.away = None
        await house.clock.advance(0.4)
    assert answer.value == guild(1, "aurora")
    assert house.memory.aside == []


async def test_nobody_waits_for_a_storage_that_has_failed_for_long(house: House) -> None:
    house.memory.away = "gone"
    await recall_in_vain(house, 1)
    async with anyio.create_task_group() as tasks:
        answer = begin(tasks, house, Recall(2))
        await settle()
        assert answer.value == Unread()


async def test_a_recall_has_an_answer_in_time_although_the_storage_hangs(house: House) -> None:
    house.memory.stored[1] = Stored(guild(1, "aurora"), ended_at=0)
    house.memory.hangs = anyio.Event()
    async with anyio.create_task_group() as tasks:
        answer = begin(tasks, house, Recall(1))
        await house.clock.advance(ANSWER_SECONDS - 0.1)
        assert answer.pending
        await house.clock.advance(0.2)
    assert answer.value == Unread()

    await house.store.tell(Save(guild(1, "dawn")))
    house.memory.hangs.set()
    await house.clock.advance(2)
    assert house.memory.state(1) == guild(1, "dawn")
    assert house.memory.aside == [(1, guild(1, "aurora"), BEGAN_EMPTY)]


async def test_a_recall_that_a_crash_left_without_an_answer_counts_as_unread(house: House) -> None:
    house.memory.stored[1] = Stored(guild(1, "aurora"), ended_at=0)
    house.memory.hangs = anyio.Event()
    async with anyio.create_task_group() as tasks:
        answer = begin(tasks, house, Recall(1))
        await settle()
        house.system.crash(PATH, OSError("bug"))
        await settle()
        house.memory.hangs.set()
    assert isinstance(answer.error, ActorCrashed)

    await house.store.tell(Save(guild(1, "dawn")))
    await house.clock.advance(2)
    assert house.memory.aside == [(1, guild(1, "aurora"), BEGAN_EMPTY)]


# --- damage ---


async def test_a_damaged_snapshot_costs_its_guild_alone_is_put_aside_and_said(house: House) -> None:
    house.memory.stored[1] = Damaged("queue[3].title is no text")
    house.memory.stored[2] = Stored(guild(2, "aurora"), ended_at=0)

    assert await house.store.ask(Recall(1)) is None
    assert await house.store.ask(Recall(1)) is None
    assert await house.store.ask(Recall(2)) == guild(2, "aurora")
    (said,) = house.events("snapshot.damaged")
    assert (said["guild"], said["error"]) == (1, "queue[3].title is no text")
    await settle()
    assert house.memory.aside == [
        (1, Damaged("queue[3].title is no text"), "queue[3].title is no text")
    ]
    assert 1 not in house.memory.stored


async def test_what_is_set_aside_is_recalled_no_more_and_kept(house: House) -> None:
    house.memory.stored[1] = Stored(guild(1, "aurora"), ended_at=0)
    await house.store.tell(SetAside(1, "poison"))
    assert await house.store.ask(Recall(1)) is None
    assert await house.store.ask(Active()) == ()
    await settle()
    assert await house.store.ask(Recall(1)) is None
    assert house.memory.aside == [(1, guild(1, "aurora"), "poison")]

    await house.store.tell(Save(guild(1, "dawn")))
    await house.clock.advance(2)
    assert house.memory.state(1) == guild(1, "dawn")
    assert len(house.memory.aside) == 1


async def test_what_is_set_aside_before_it_was_ever_written_is_kept_too(house: House) -> None:
    house.memory.stored[1] = Stored(guild(1, "aurora"), ended_at=0)
    house.memory.away = "gone"
    await house.store.tell(Save(guild(1, "poison")))
    await house.clock.advance(2)
    await house.store.tell(SetAside(1, "it crashed"))
    await house.store.tell(Save(guild(1, "dawn")))

    house.memory.away = None
    await house.clock.advance(31)
    assert house.memory.state(1) == guild(1, "dawn")
    assert house.memory.aside == [
        (1, guild(1, "aurora"), "it crashed"),
        (1, guild(1, "poison"), "it crashed"),
    ]


# --- notes ---


async def test_a_note_is_known_at_once_overwritten_and_forgotten(house: House) -> None:
    assert await house.store.ask(Noted("gateway/0")) is None
    house.memory.hangs = anyio.Event()
    await house.store.tell(Note("gateway/0", "first"))
    assert await house.store.ask(Noted("gateway/0")) == "first"
    await house.store.tell(Note("gateway/0", "second"))
    assert await house.store.ask(Noted("gateway/0")) == "second"
    house.memory.hangs.set()
    house.memory.hangs = None
    await house.clock.advance(2)
    assert house.memory.notes == {"gateway/0": "second"}
    assert await house.store.ask(Noted("gateway/0")) == "second"

    await house.store.tell(Note("gateway/0", None))
    assert await house.store.ask(Noted("gateway/0")) is None
    await house.clock.advance(2)
    assert house.memory.notes == {}


async def test_a_note_that_cannot_be_read_is_none(house: House) -> None:
    house.memory.notes["key"] = "value"
    house.memory.away = "gone"
    assert await house.store.ask(Noted("key")) is None
    house.memory.away = None
    assert await house.store.ask(Noted("key")) == "value"


# --- who is active ---


async def test_active_are_the_guilds_with_a_home_written_or_not(house: House) -> None:
    house.memory.stored[1] = Stored(guild(1), ended_at=0)
    house.memory.stored[2] = Stored(guild(2), ended_at=0)
    house.memory.stored[3] = Stored(guild(3, home=None), ended_at=0)
    assert await house.store.ask(Active()) == (1, 2)

    house.memory.away = "only what is not written yet counts from here on"
    await house.store.tell(Save(guild(2, home=None)))
    await house.store.tell(Save(guild(3)))
    await house.store.tell(Save(guild(4)))
    await settle()
    house.memory.away = None
    assert await house.store.ask(Active()) == (1, 3, 4)


async def test_who_is_active_is_answered_when_it_can_be_read(stopped: House) -> None:
    stopped.memory.stored[1] = Stored(guild(1), ended_at=0)
    stopped.memory.away = "connection refused"
    async with stopped.running() as house, anyio.create_task_group() as tasks:
        answers = [begin(tasks, house, Active()) for _ in range(2)]
        await house.clock.advance(60)
        assert all(answer.pending for answer in answers)
        house.memory.away = None
        await house.clock.advance(2)
        assert [answer.value for answer in answers] == [(1,), (1,)]


# --- flushing, stopping, crashing ---


async def test_a_flush_is_answered_when_all_that_was_told_before_is_written(house: House) -> None:
    await house.store.ask(Flush())
    await house.store.tell(Save(guild(1, "aurora")))
    await house.store.ask(Flush())
    assert house.memory.state(1) == guild(1, "aurora")

    # In the pause after a write, it does not wait for its end.
    await house.store.tell(Save(guild(1, "dawn")))
    await house.store.ask(Flush())
    assert house.memory.state(1) == guild(1, "dawn")


async def test_a_flush_during_a_write_waits_for_the_next_one(house: House) -> None:
    hangs = house.memory.hangs = anyio.Event()
    async with anyio.create_task_group() as tasks:
        await house.store.tell(Save(guild(1, "aurora")))
        await settle()
        of_the_first = begin(tasks, house, Flush())
        await settle()
        await house.store.tell(Save(guild(1, "dawn")))
        of_the_second = begin(tasks, house, Flush())
        await settle()
        assert of_the_first.pending
        assert of_the_second.pending

        house.memory.hangs = anyio.Event()
        hangs.set()
        await settle()
        assert not of_the_first.pending
        assert of_the_second.pending
        house.memory.hangs.set()
    assert house.memory.state(1) == guild(1, "dawn")


async def test_a_flush_waits_for_a_storage_that_is_away(house: House) -> None:
    house.memory.away = "gone"
    async with anyio.create_task_group() as tasks:
        await house.store.tell(Save(guild(1, "aurora")))
        answer = begin(tasks, house, Flush())
        await house.clock.advance(10)
        assert answer.pending
        house.memory.away = None
        await house.clock.advance(31)
    assert house.memory.state(1) == guild(1, "aurora")


async def test_what_waits_is_written_when_the_store_stops(stopped: House) -> None:
    async with stopped.running() as house:
        await house.store.tell(Save(guild(1, "aurora")))
        await settle()
        await house.store.tell(Save(guild(1, "dawn")))
        await house.store.tell(Note("key", "value"))
        await settle()
        assert house.memory.state(1) == guild(1, "aurora")
    assert stopped.memory.state(1) == guild(1, "dawn")
    assert stopped.memory.notes == {"key": "value"}
    assert stopped.memory.closed == 1


async def test_a_write_under_way_when_the_store_stops_is_finished(stopped: House) -> None:
    async with stopped.running() as house, anyio.create_task_group() as tasks:
        house.memory.hangs = anyio.Event()
        await house.store.tell(Save(guild(1, "aurora")))
        await settle()
        tasks.start_soon(house.system.stop)
        await settle()
        house.memory.hangs.set()
    assert stopped.memory.state(1) == guild(1, "aurora")
    assert len(stopped.memory.batches) == 1


async def test_what_cannot_be_written_at_the_end_is_said(stopped: House) -> None:
    async with stopped.running() as house:
        house.memory.away = "disk is full"
        await house.store.tell(Save(guild(1)))
        await settle()
    (said,) = stopped.events("store.unwritten")
    assert (said["error"], said["unwritten"]) == ("disk is full", 1)


async def test_a_crash_of_the_store_loses_nothing(house: House) -> None:
    house.memory.away = "gone"
    await house.store.tell(Save(guild(1, "aurora")))
    await house.store.tell(Note("key", "value"))
    await settle()
    house.system.crash(PATH, ValueError("bug"))
    await settle()
    assert await house.store.ask(Recall(1)) == guild(1, "aurora")
    assert await house.store.ask(Noted("key")) == "value"

    await house.store.tell(Save(guild(1, "dawn")))
    house.memory.away = None
    await house.clock.advance(31)
    assert house.memory.state(1) == guild(1, "dawn")
    assert house.memory.notes == {"key": "value"}


async def test_that_music_runs_is_known_after_a_crash_of_the_store_too(house: House) -> None:
    await house.store.tell(Save(playing(1, house.now())))
    await settle()
    house.system.crash(PATH, ValueError("bug"))
    await house.clock.advance(10)
    written = len(house.memory.batches)
    await house.clock.advance(10)
    assert len(house.memory.batches) >= written + 3


# --- secrets ---


async def test_what_opens_a_voice_connection_or_a_session_is_in_no_log_error_or_repr(
    house: House,
) -> None:
    voice = Voice(5, "voice-session", "voice-token", "localhost:1")
    state = replace(guild(1), voice=replace(voice, known=voice.credentials))
    house.memory.away = "gone"
    await house.store.tell(Save(state))
    await house.store.tell(Note("gateway/0", "gateway-session"))
    await settle()
    house.memory.away = None
    await house.store.tell(SetAside(1, "poison"))
    await house.store.ask(Flush())

    ledgers = [repr(batch) for batch in house.memory.batches]
    stored = repr(Stored(durable(state), None))
    messages = [repr(Save(state)), repr(Note("gateway/0", "gateway-session"))]
    for text in (*ledgers, stored, *messages, str(house.log)):
        assert "voice-session" not in text
        assert "voice-token" not in text
        assert "gateway-session" not in text
