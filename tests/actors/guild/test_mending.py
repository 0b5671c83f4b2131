"""Tracks that break, and queues that are over: the player's actor and what it asks the world."""

import pytest

from actors.guild.panel.messages import TrackBroke
from actors.guild.player import actor
from actors.guild.player.messages import (
    EndReason,
    Member,
    NodeReady,
    Play,
    PlayerMessage,
    Queued,
    Show,
    TrackEnded,
    TrackFailed,
)
from actors.guild.player.ports import Start
from actors.guild.player.track import Track
from actors.guild.settings import SOURCES
from actors.runtime import Actor, ActorRef, ChildSpec, System
from actors.sources.messages import SOURCES as SOURCES_NAME
from actors.sources.messages import SourceHeard, SourcesMessage
from tests.actors.guild.test_guild import PLAYER, Ordered
from tests.actors.guild.world import GUILD, NODE, TEXT, VOICE, World

pytestmark = pytest.mark.anyio

ADA = Member(1, VOICE)


def recording(source: str, title: str = "aurora") -> Track:
    return Track(f"{source} {title}", source, title, "somebody", 60_000, True, source)


async def broken(player: ActorRef[PlayerMessage], world: World) -> None:
    """Play a track that breaks after ten seconds."""
    assert isinstance(await player.ask(Play(ADA, "aurora", TEXT)), Queued)
    await world.changes.until(lambda: GUILD in world.playing)
    sounding = world.playing[GUILD].play
    assert sounding is not None
    await breaks(player, world, sounding)


async def breaks(player: ActorRef[PlayerMessage], world: World, sounding: str) -> None:
    # It has heard by now that the track began.
    await player.ask(Show())
    world.clock += 10_000
    await player.tell(TrackFailed(sounding, "it broke"))
    await player.tell(TrackEnded(sounding, EndReason.FINISHED))


def starts(world: World) -> list[Start]:
    return [update.start for update in world.updates if update.start is not None]


async def test_a_broken_track_goes_on_from_the_source_that_has_it(
    player: ActorRef[PlayerMessage], world: World
) -> None:
    world.elsewhere["deezer"] = (recording("deezer"),)
    await broken(player, world)
    await world.changes.until(lambda: len(starts(world)) == 2)
    assert (starts(world)[1].track, starts(world)[1].position_ms) == (recording("deezer"), 10_000)
    assert world.asked == ["youtube", "soundcloud", "deezer"]
    assert world.said == []


async def test_a_source_that_hangs_or_fails_is_no_reason_to_give_up(
    player: ActorRef[PlayerMessage], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actor, "ELSEWHERE_SECONDS", 0.05)
    world.hanging, world.troubled = ("youtube",), ("soundcloud",)
    world.elsewhere["deezer"] = (recording("deezer"),)
    await broken(player, world)
    await world.changes.until(lambda: len(starts(world)) == 2)
    assert starts(world)[1].track.source == "deezer"


async def test_a_track_that_fails_everywhere_is_said_once(
    player: ActorRef[PlayerMessage], world: World
) -> None:
    await broken(player, world)
    await world.changes.until(lambda: bool(world.said))
    # From behind its own source, and that one last.
    assert world.asked == [*SOURCES[1:], SOURCES[0]]
    (notice,) = world.said
    assert isinstance(notice, TrackBroke)
    assert notice.message == "it broke"
    assert len(starts(world)) == 1


async def test_a_player_that_crashes_while_it_looks_looks_again(
    player: ActorRef[PlayerMessage], world: World, system: System
) -> None:
    world.hanging = ("youtube",)
    await broken(player, world)
    await world.changes.until(lambda: world.asked == ["youtube"])
    world.hanging = ()
    world.elsewhere["youtube"] = (recording("youtube"),)
    system.crash(PLAYER, Ordered())
    await player.tell(NodeReady(NODE, resumed=False))
    await world.changes.until(lambda: len(starts(world)) >= 2)
    assert starts(world)[1].track.source == "youtube"
    assert starts(world)[1].position_ms == 10_000


class Listener(Actor[SourcesMessage]):
    """Hears what the actor of the sources would."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def receive(self, message: SourcesMessage) -> None:
        self._world.heard.append(message)
        self._world.changes.happened()


async def test_the_sources_actor_hears_who_failed(
    player: ActorRef[PlayerMessage], world: World, system: System
) -> None:
    spec = ChildSpec(id="sources", start=lambda: Listener(world), name=SOURCES_NAME)
    await system.supervisor("/root/guilds").start_child(spec)
    world.troubled = ("youtube",)
    world.elsewhere["soundcloud"] = (recording("soundcloud"),)
    await broken(player, world)
    await world.changes.until(lambda: len(starts(world)) == 2)
    await breaks(player, world, starts(world)[1].play)
    await world.changes.until(lambda: len(world.heard) == 2)
    assert world.heard == [
        SourceHeard(GUILD, "youtube", worked=False),
        SourceHeard(GUILD, "soundcloud", worked=False),
    ]
