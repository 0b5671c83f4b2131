"""What Discord is asked for, in which order, when a player leaves and comes back."""

from dataclasses import replace

import anyio
import pytest

from actors.guild.player.actor import PlayerPorts
from actors.guild.player.messages import (
    Join,
    Joined,
    Leave,
    Member,
    Play,
    PlayerMessage,
    VoiceClosed,
)
from actors.runtime import ActorRef
from actors.runtime.testing import VirtualClock
from tests.actors.guild.world import GUILD, TEXT, VOICE, Gateway, World

pytestmark = pytest.mark.anyio

ADA = Member(1, VOICE)


class Discord(Gateway):
    """Remembers which channels it was asked for; nobody reaches it before it is `reachable`."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.asked: list[int | None] = []
        self.reachable = anyio.Event()
        self.reachable.set()

    async def join(self, guild: int, channel: int, *, back: bool = False) -> None:
        await self.reachable.wait()
        self.asked.append(channel)
        await super().join(guild, channel, back=back)

    async def leave(self, guild: int) -> bool:
        await self.reachable.wait()
        self.asked.append(None)
        return await super().leave(guild)


class Place(World):
    """A world with such a Discord."""

    def __init__(self) -> None:
        super().__init__()
        self.discord = Discord(self)

    def ports(self) -> PlayerPorts:
        return replace(super().ports(), voice=self.discord)


@pytest.fixture
def world(anyio_backend: object) -> Place:
    return Place()


async def test_a_join_is_heard_after_the_leave_that_was_asked_for_before_it(
    player: ActorRef[PlayerMessage], world: Place
) -> None:
    await player.ask(Join(ADA, TEXT))
    world.discord.reachable = anyio.Event()
    await player.ask(Leave(ADA))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_expect_joined, player)
        await anyio.wait_all_tasks_blocked()
        world.discord.reachable.set()
    assert world.discord.asked == [VOICE, None, VOICE]


async def _expect_joined(player: ActorRef[PlayerMessage]) -> None:
    assert await player.ask(Join(ADA, TEXT)) == Joined(VOICE, already=False)


async def test_a_player_whose_connection_is_gone_leaves_and_comes_back_with_the_song(
    player: ActorRef[PlayerMessage], world: Place, clock: VirtualClock
) -> None:
    await player.ask(Play(ADA, "aurora", TEXT))
    await world.changes.until(lambda: GUILD in world.playing)
    begun = len(world.updates)
    world.playing[GUILD] = replace(world.playing[GUILD], connected=False)
    await player.tell(VoiceClosed(4014, "", by_remote=True))
    await anyio.wait_all_tasks_blocked()
    world.clock += 4_000
    await clock.advance(4.0)
    await world.changes.until(lambda: len(world.updates) > begun)
    assert world.discord.asked == [VOICE, None, VOICE]
    assert world.updates[-1].voice is not None
    assert world.updates[-1].start is not None
    assert world.updates[-1].start.track.title == "aurora"
