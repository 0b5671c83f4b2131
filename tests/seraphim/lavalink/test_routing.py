import anyio
import pytest
from structlog.testing import capture_logs

from actors.guild.names import player_name
from actors.guild.player.messages import PlayerMessage, PositionReported, TrackStarted
from actors.runtime import Actor, ChildSpec, SupervisorSpec, System
from actors.runtime.testing import Probe, settle
from seraphim.lavalink import routing
from seraphim.lavalink.events import ForPlayer
from seraphim.lavalink.routing import Routing

pytestmark = pytest.mark.anyio


def player(guild: int, actor: Actor[PlayerMessage], mailbox: int = 128) -> ChildSpec[PlayerMessage]:
    return ChildSpec(
        id=f"player-{guild}",
        start=lambda: actor,
        name=player_name(guild),
        mailbox=mailbox,
        shutdown=0.05,
        restart="temporary",
    )


def started(guild: int, number: int) -> ForPlayer:
    return ForPlayer(guild, TrackStarted(f"run-{number}"))


async def test_an_event_reaches_the_player_of_its_guild_and_no_other() -> None:
    players: dict[int, Probe[PlayerMessage]] = {guild: Probe() for guild in (1, 2)}
    specs = [player(guild, probe) for guild, probe in players.items()]
    async with System(SupervisorSpec(id="root", children=tuple(specs))) as system:
        routes = Routing(lambda: system.registry)
        routes.deliver(started(2, 2))
        routes.deliver(started(1, 1))
        # Nobody is there, and nobody needs to know.
        routes.deliver(started(3, 3))
        await settle()
        assert players[1].received == [TrackStarted("run-1")]
        assert players[2].received == [TrackStarted("run-2")]


class Busy(Actor[PlayerMessage]):
    """Takes its time with the first message."""

    def __init__(self) -> None:
        self.received: list[PlayerMessage] = []
        self.go_on = anyio.Event()

    async def receive(self, message: PlayerMessage) -> None:
        await self.go_on.wait()
        self.received.append(message)


async def test_what_finds_a_mailbox_full_waits_in_order_and_keeps_no_other_guild_waiting() -> None:
    busy, other = Busy(), Probe[PlayerMessage]()
    root = SupervisorSpec(id="root", children=(player(1, busy, mailbox=1), player(2, other)))
    async with System(root) as system:
        routes = Routing(lambda: system.registry)
        with capture_logs() as logged:
            for number in range(50):
                routes.deliver(started(1, number))
                routes.deliver(started(2, number))
                await settle()
        assert len(other.received) == 50
        assert busy.received == []
        busy.go_on.set()
        routes.deliver(started(1, 50))
        await settle()
        routes.deliver(started(1, 51))
        await settle()
        assert busy.received == [TrackStarted(f"run-{number}") for number in range(52)]
    # It is said once, not with every event.
    assert [entry["event"] for entry in logged].count("player.busy") == 1


async def test_positions_do_not_wait_for_the_next_one_says_more() -> None:
    busy = Busy()
    root = SupervisorSpec(id="root", children=(player(1, busy, mailbox=1),))
    async with System(root) as system:
        routes = Routing(lambda: system.registry)
        for number in range(10):
            routes.deliver(ForPlayer(1, PositionReported(number, number)))
            await settle()
        routes.deliver(started(1, 1))
        routes.deliver(ForPlayer(1, PositionReported(10, 10)))
        busy.go_on.set()
        await settle()
        assert busy.received == [
            PositionReported(0, 0),
            PositionReported(1, 1),
            TrackStarted("run-1"),
        ]


async def test_a_player_that_is_lost_does_not_fill_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(routing, "LONGEST_LINE", 5)
    busy = Busy()
    root = SupervisorSpec(id="root", children=(player(1, busy, mailbox=1),))
    async with System(root) as system:
        routes = Routing(lambda: system.registry)
        with capture_logs() as logged:
            for number in range(10):
                routes.deliver(started(1, number))
                await settle()
        lost = [entry for entry in logged if entry["event"] == "player.event_lost"]
        assert [(entry["guild"], entry["lost"]) for entry in lost] == [(1, "TrackStarted")] * 3
        busy.go_on.set()
        await settle()
        assert len(busy.received) == 7


async def test_a_player_that_ends_leaves_nobody_in_the_line() -> None:
    busy, after = Busy(), Probe[PlayerMessage]()
    root = SupervisorSpec(id="root", dynamic=True)
    async with System(root) as system:
        guilds = system.supervisor("/root")
        await guilds.start_child(player(1, busy, mailbox=1))
        routes = Routing(lambda: system.registry)
        for number in range(5):
            routes.deliver(started(1, number))
            await settle()
        await guilds.terminate_child("player-1")
        await settle()
        await guilds.start_child(player(1, after))
        routes.deliver(started(1, 5))
        await settle()
        assert after.received == [TrackStarted("run-5")]
