"""What a guild's player takes with it from one process to the next."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest

from actors.guild.names import player_name
from actors.guild.panel.messages import GaveUp
from actors.guild.player.messages import (
    Leave,
    Member,
    Play,
    PlayerMessage,
    Queued,
    SettingsChanged,
    SetVolume,
    Show,
    VoiceServerChanged,
    VoiceStateChanged,
)
from actors.guild.player.state import PlayerState
from actors.guild.refusal import Code, Refused
from actors.guild.settings import GuildSettings
from actors.intake import HOLD_SECONDS, INTAKE, Intake, Open
from actors.runtime import ActorRef, AskTimeout, ChildSpec, SupervisorSpec, System
from actors.runtime.testing import VirtualClock
from actors.store.actor import StoreActor
from actors.store.messages import ANSWER_SECONDS, STORE, Flush
from tests.actors.guild.world import GUILD, TEXT, VOICE, World
from tests.actors.store.conftest import Memory

pytestmark = pytest.mark.anyio

ADA = Member(1, VOICE)
PLAYER = f"/root/guilds/guild-{GUILD}/player"


class Ordered(Exception):
    """A crash that a test ordered."""


@pytest.fixture
def memory() -> Memory:
    return Memory()


@asynccontextmanager
async def process(world: World, clock: VirtualClock, memory: Memory) -> AsyncIterator[System]:
    """A process: the part of the tree that has to do with guilds, and the store."""
    root = SupervisorSpec(
        id="root",
        children=(
            ChildSpec(
                id="store", start=lambda: StoreActor(memory, lambda: world.clock), name=STORE
            ),
            SupervisorSpec(id="guilds", dynamic=True),
            ChildSpec(
                id="intake",
                start=lambda: Intake(world.ports(), volume=50, on_awake=world.on_awake),
                name=INTAKE,
            ),
        ),
    )
    async with System(root, clock=clock) as system:
        world.registry = system.registry
        world.woken = None
        yield system


async def opened(system: System) -> ActorRef[PlayerMessage]:
    intake = system.registry.whereis(INTAKE)
    assert intake is not None
    return await intake.ask(Open(GUILD), timeout=60)


async def play(system: System, *names: str) -> None:
    player = await opened(system)
    for name in names:
        assert isinstance(await player.ask(Play(ADA, name, TEXT)), Queued)


async def flushed(system: System) -> None:
    store = system.registry.whereis(STORE)
    assert store is not None
    await store.ask(Flush())


async def titles(player: ActorRef[PlayerMessage]) -> list[str]:
    view = await player.ask(Show())
    current = [] if view.current is None else [view.current.entry]
    return [entry.track.title for entry in (*current, *view.queue)]


async def awake(world: World, system: System) -> ActorRef[PlayerMessage]:
    """The guild's player, which nobody has opened: it woke by itself."""
    await world.changes.until(lambda: world.woken is not None)
    assert world.woken == (GUILD,)
    player = system.registry.whereis(player_name(GUILD))
    assert player is not None
    return player


async def test_what_sounds_is_adopted_and_the_node_hears_nothing_of_it(
    world: World, clock: VirtualClock, memory: Memory
) -> None:
    world.hands_over = True
    async with process(world, clock, memory) as first:
        await play(first, "first", "second")
        await world.changes.until(lambda: GUILD in world.playing)
    told = len(world.updates)
    world.resumed = True
    async with process(world, clock, memory) as second:
        player = await awake(world, second)
        await world.changes.until(lambda: world.looked > 0)
        assert await titles(player) == ["first", "second"]
        assert (await player.ask(Show())).voice_channel == VOICE
        assert len(world.updates) == told
        assert world.destroyed == []


async def test_where_discord_began_anew_the_bot_joins_again_and_only_the_voice_is_told(
    world: World, clock: VirtualClock, memory: Memory
) -> None:
    world.hands_over = True
    async with process(world, clock, memory) as first:
        await play(first, "first")
        await world.changes.until(lambda: GUILD in world.playing)
    told = len(world.updates)
    world.session = "another session"
    async with process(world, clock, memory) as second:
        await awake(world, second)
        await world.changes.until(lambda: len(world.updates) > told)
        [update] = world.updates[told:]
        assert update.start is None
        assert update.voice is not None
        assert update.voice.session == "another session"


async def test_after_a_restart_of_everything_the_song_goes_on_where_it_was(
    world: World, clock: VirtualClock, memory: Memory
) -> None:
    async with process(world, clock, memory) as first:
        await play(first, "first", "second")
        await world.changes.until(lambda: GUILD in world.playing)
        await (await opened(first)).ask(Show())
        world.clock += 7_000
    # The gateway's session ends with the process, and the node's.
    world.voice.clear()
    world.playing.clear()
    told = len(world.updates)
    world.clock += 3_600_000
    async with process(world, clock, memory) as second:
        player = await awake(world, second)
        await world.changes.until(lambda: len(world.updates) > told)
        start = world.updates[told].start
        assert start is not None
        assert start.track.title == "first"
        assert start.position_ms == 7_000
        assert await titles(player) == ["first", "second"]


async def test_who_left_stays_away_and_keeps_the_queue(
    world: World, clock: VirtualClock, memory: Memory
) -> None:
    async with process(world, clock, memory) as first:
        await play(first, "first", "second")
        await (await opened(first)).ask(Leave(ADA))
    async with process(world, clock, memory) as second:
        await world.changes.until(lambda: world.woken is not None)
        assert world.woken == ()
        assert await titles(await opened(second)) == ["first", "second"]


async def test_the_panel_is_edited_once_and_not_posted_again(
    world: World, clock: VirtualClock, memory: Memory
) -> None:
    world.hands_over = True
    async with process(world, clock, memory) as first:
        await play(first, "first", "second")
        await world.changes.until(lambda: bool(world.posted))
    [shown] = world.posted.values()
    before = len(shown)
    async with process(world, clock, memory) as second:
        player = await awake(world, second)
        # All that it goes through until it plays again is not worth an edit each.
        await player.ask(SetVolume(ADA, 10))
        await player.ask(SetVolume(ADA, 20))
        assert len(shown) == before
        await clock.advance(3.0)
        await world.changes.until(lambda: len(shown) > before)
        await clock.advance(60.0)
        assert [view.volume for view in shown[before:]] == [20]
        assert len(world.posted) == 1


async def test_a_player_given_up_is_not_begun_again_from_what_may_be_the_cause(
    world: World, clock: VirtualClock, memory: Memory
) -> None:
    async with process(world, clock, memory) as system:
        await play(system, "first", "poison")
        for _ in range(6):
            system.crash(PLAYER, Ordered())
            await clock.advance(5.0)
        await world.changes.until(lambda: GaveUp() in world.said)
        assert await titles(await opened(system)) == []


async def test_a_store_that_crashed_is_told_again(
    world: World, clock: VirtualClock, memory: Memory
) -> None:
    async with process(world, clock, memory) as system:
        await play(system, "first", "second")
        system.crash("/root/store", Ordered())
        await clock.advance(0.0)
        await flushed(system)
        state = memory.state(GUILD)
        assert state is not None
        assert [entry.track.title for entry in state.queue] == ["second"]


async def test_a_storage_that_does_not_answer_keeps_nobody_from_music_and_loses_nothing(
    world: World, clock: VirtualClock, memory: Memory
) -> None:
    async with process(world, clock, memory) as first:
        await play(first, "first", "second")
        await (await opened(first)).ask(Leave(ADA))
    memory.away = "the disk is gone"
    async with process(world, clock, memory) as second:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(play, second, "third")
            await clock.advance(HOLD_SECONDS)
            await clock.advance(ANSWER_SECONDS)
        assert await titles(await opened(second)) == ["third"]
        memory.away = None
        await clock.advance(60.0)
        await flushed(second)
        [(_, aside, _)] = memory.aside
        assert isinstance(aside, PlayerState)
        assert [entry.track.title for entry in aside.queue] == ["second"]


async def test_who_asks_before_the_storage_can_be_read_waits_for_his_queue(
    world: World, clock: VirtualClock, memory: Memory
) -> None:
    async with process(world, clock, memory) as first:
        await play(first, "first", "second")
        await flushed(first)
    memory.away = "database is locked"
    async with process(world, clock, memory) as second:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(opened, second)
            await clock.advance(HOLD_SECONDS - 2)
            assert second.registry.whereis(player_name(GUILD)) is None
            memory.away = None
            await clock.advance(1)
        assert await titles(await opened(second)) == ["first", "second"]
        assert memory.aside == []


async def test_a_guild_that_is_woken_waits_for_a_storage_that_fails_just_then(
    world: World, clock: VirtualClock, memory: Memory
) -> None:
    async with process(world, clock, memory) as first:
        await play(first, "first", "second")
        await flushed(first)
    memory.unreadable = "database is locked"
    async with process(world, clock, memory) as second:
        await clock.advance(30)
        assert second.registry.whereis(player_name(GUILD)) is None
        memory.unreadable = None
        await clock.advance(5)
        player = second.registry.whereis(player_name(GUILD))
        assert player is not None
        assert await titles(player) == ["first", "second"]
        assert memory.aside == []


async def test_who_gave_up_before_the_storage_can_be_read_has_begun_nothing(
    world: World, clock: VirtualClock, memory: Memory
) -> None:
    async with process(world, clock, memory) as first:
        await play(first, "first", "second")
        await (await opened(first)).ask(Leave(ADA))
    memory.away = "database is locked"
    async with process(world, clock, memory) as second:
        intake = second.registry.whereis(INTAKE)
        assert intake is not None
        async with anyio.create_task_group() as tasks:

            async def look() -> None:
                with pytest.raises(AskTimeout):
                    await intake.ask(Open(GUILD), timeout=3)

            tasks.start_soon(look)
            await clock.advance(HOLD_SECONDS + 1)
        memory.away = None
        await clock.advance(60)
        assert await titles(await opened(second)) == ["first", "second"]
        assert memory.aside == []


def test_secrets_of_voice_stand_in_no_repr() -> None:
    said = repr((VoiceStateChanged(VOICE, "the session"), VoiceServerChanged("the token", "here")))
    assert "the session" not in said
    assert "the token" not in said


async def test_a_player_begins_with_what_its_guild_has_chosen_and_keeps_to_it(
    world: World, clock: VirtualClock, memory: Memory
) -> None:
    world.board.choose(GUILD, GuildSettings(default_volume=90, maximum_volume=70))
    async with process(world, clock, memory) as first:
        await play(first, "first")
        view = await (await opened(first)).ask(Show())
        assert view.volume == 70
        player = first.registry.whereis(player_name(GUILD))
        assert player is not None
        await player.tell(SettingsChanged(GuildSettings(maximum_volume=40)))
        assert (await player.ask(Show())).volume == 40
    world.board.choose(GUILD, GuildSettings(maximum_volume=30))
    async with process(world, clock, memory) as second:
        # The volume was saved; what is chosen comes from the board.
        player = await opened(second)
        assert (await player.ask(Show())).volume == 30
        refused = await player.ask(SetVolume(ADA, 31))
        assert isinstance(refused, Refused)
        assert refused.code is Code.OUT_OF_RANGE
