"""The keeper of settings, over a store whose storage is in memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import anyio
import pytest

from actors.guild.board import Board
from actors.guild.names import player_name
from actors.guild.player.messages import PlayerMessage, SettingsChanged
from actors.guild.settings import GuildSettings
from actors.preferences.actor import KEEP_SECONDS, START_SECONDS, PreferencesActor
from actors.preferences.messages import PREFERENCES, Choose, NotKept, PreferencesMessage
from actors.runtime import Actor, ActorRef, ChildSpec, SupervisorSpec, System
from actors.runtime.testing import VirtualClock, settle
from actors.store.actor import StoreActor
from actors.store.messages import STORE
from tests.actors.store.conftest import Memory

pytestmark = pytest.mark.anyio

FAIR = GuildSettings(fair=True)


def fair(settings: GuildSettings) -> GuildSettings:
    return replace(settings, fair=True)


def one_more_dj(settings: GuildSettings) -> GuildSettings:
    return replace(settings, djs=(*settings.djs, len(settings.djs)))


class Player(Actor[PlayerMessage]):
    def __init__(self, heard: list[object]) -> None:
        self._heard = heard

    async def receive(self, message: PlayerMessage) -> None:
        self._heard.append(message)


@dataclass
class House:
    memory: Memory = field(default_factory=Memory)
    board: Board = field(default_factory=Board)
    clock: VirtualClock = field(default_factory=VirtualClock)
    heard: list[object] = field(default_factory=list[object])
    """What the player of guild 1 was told."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[ActorRef[PreferencesMessage]]:
        children = (
            ChildSpec(id="store", start=lambda: StoreActor(self.memory, lambda: 0), name=STORE),
            ChildSpec(id="player", start=lambda: Player(self.heard), name=player_name(1)),
            ChildSpec(
                id="preferences", start=lambda: PreferencesActor(self.board), name=PREFERENCES
            ),
        )
        system = System(
            SupervisorSpec("root", children, intensity=100, period=1.0), clock=self.clock
        )
        async with system:
            preferences = system.registry.whereis(PREFERENCES)
            assert preferences is not None
            yield preferences


async def test_what_was_chosen_stands_on_the_board_when_it_has_started() -> None:
    house = House(Memory(chosen={1: FAIR}))
    async with house.running():
        assert house.board.settings(1) == FAIR
        assert house.board.settings(2) == GuildSettings()


async def test_a_choice_is_written_shown_and_told_to_the_player() -> None:
    house = House()
    async with house.running() as preferences:
        assert await preferences.ask(Choose(1, fair)) == FAIR
        await settle()
        assert house.memory.chosen == {1: FAIR}
        assert house.board.settings(1) == FAIR
        assert house.heard == [SettingsChanged(FAIR)]


async def test_a_choice_that_changes_nothing_is_not_written() -> None:
    house = House(Memory(chosen={1: FAIR}))
    async with house.running() as preferences:
        house.memory.away = "gone"
        assert await preferences.ask(Choose(1, fair)) == FAIR


async def test_choices_at_once_lose_none() -> None:
    house = House()
    async with house.running() as preferences:
        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(preferences.ask, Choose(1, one_more_dj))
        assert house.board.settings(1).djs == tuple(range(20))
        assert house.memory.chosen[1] == house.board.settings(1)


async def test_what_cannot_be_written_does_not_hold_and_that_is_answered() -> None:
    house = House(Memory(chosen={1: FAIR}))
    async with house.running() as preferences:
        await settle()
        house.heard.clear()
        house.memory.away = "disk full"
        assert await preferences.ask(Choose(1, one_more_dj)) == NotKept()
        assert house.board.settings(1) == FAIR
        assert house.heard == []
        house.memory.away = None
        assert await preferences.ask(Choose(1, one_more_dj)) == replace(FAIR, djs=(0,))


async def test_a_storage_that_hangs_is_waited_for_only_so_long() -> None:
    house = House()
    async with house.running() as preferences:
        house.memory.hangs = anyio.Event()
        replies: list[object] = []

        async def choose() -> None:
            replies.append(await preferences.ask(Choose(1, fair), timeout=1e6))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(choose)
            await settle()
            await house.clock.advance(KEEP_SECONDS + 0.1)
        assert replies == [NotKept()]
        house.memory.hangs.set()


async def test_nothing_can_be_chosen_until_it_is_known_what_was() -> None:
    house = House(Memory(chosen={1: FAIR}, away="gone"))

    async def wait() -> None:
        await settle()
        await house.clock.advance(START_SECONDS + 0.1)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        async with house.running() as preferences:
            # It has started all the same, though what was chosen cannot be read.
            assert await preferences.ask(Choose(1, one_more_dj)) == NotKept()
            house.memory.away = None
            await house.clock.advance(5)
            assert house.board.settings(1) == FAIR
            assert house.heard == [SettingsChanged(FAIR)]
            assert await preferences.ask(Choose(1, one_more_dj)) == replace(FAIR, djs=(0,))


async def test_after_a_crash_it_knows_what_was_chosen() -> None:
    house = House()

    def broken(_: GuildSettings) -> GuildSettings:
        raise RuntimeError("a change that cannot be made")

    async with house.running() as preferences:
        await preferences.ask(Choose(1, fair))
        with pytest.raises(Exception, match="crashed"):
            await preferences.ask(Choose(1, broken))
        await settle()
        assert await preferences.ask(Choose(1, one_more_dj)) == replace(FAIR, djs=(0,))
