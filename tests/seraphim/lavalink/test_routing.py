import pytest
from structlog.testing import capture_logs

from actors.guild.names import player_name
from actors.guild.player.messages import PlayerMessage, TrackStarted
from actors.runtime import Actor, ChildSpec, SupervisorSpec, System
from actors.runtime.testing import Probe, settle
from seraphim.lavalink.events import ForPlayer
from seraphim.lavalink.routing import route

pytestmark = pytest.mark.anyio


async def test_an_event_reaches_the_player_of_its_guild_and_no_other() -> None:
    players: dict[int, Probe[PlayerMessage]] = {guild: Probe() for guild in (1, 2)}
    specs = [
        ChildSpec(id=f"player-{guild}", start=lambda probe=probe: probe, name=player_name(guild))
        for guild, probe in players.items()
    ]
    async with System(SupervisorSpec(id="root", children=tuple(specs))) as system:
        route(system.registry, ForPlayer(2, TrackStarted("run-2")))
        route(system.registry, ForPlayer(1, TrackStarted("run-1")))
        # Nobody is there, and nobody needs to know.
        route(system.registry, ForPlayer(3, TrackStarted("run-3")))
        await settle()
        assert players[1].received == [TrackStarted("run-1")]
        assert players[2].received == [TrackStarted("run-2")]


class Stuck(Actor[PlayerMessage]):
    async def receive(self, message: PlayerMessage) -> None:
        await self.context.system.clock.sleep(3600)


async def test_what_a_player_that_cannot_keep_up_has_missed_is_said() -> None:
    spec: ChildSpec[PlayerMessage] = ChildSpec(
        id="player", start=Stuck, name=player_name(1), mailbox=1, shutdown=0.05
    )
    async with System(SupervisorSpec(id="root", children=(spec,))) as system:
        with capture_logs() as logged:
            route(system.registry, ForPlayer(1, TrackStarted("run-1")))
            await settle()
            route(system.registry, ForPlayer(1, TrackStarted("run-2")))
            route(system.registry, ForPlayer(1, TrackStarted("run-3")))
        [entry] = [entry for entry in logged if entry["event"] == "player.mailbox_full"]
        assert (entry["guild"], entry["lost"]) == (1, "TrackStarted")
