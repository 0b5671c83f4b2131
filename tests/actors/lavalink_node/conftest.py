from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NoReturn

import anyio
import pytest

from actors.guild.player.messages import PlayerMessage
from actors.lavalink_node.actor import LinkActor
from actors.lavalink_node.ports import LinkFailed
from actors.runtime import ActorRef, ChildSpec, SupervisorSpec, System
from actors.runtime.testing import Probe, VirtualClock


@dataclass
class Node:
    """A node's connection, in memory: there or away, as the test says."""

    now: Callable[[], float]
    reachable: bool = True
    hangs_up: bool = False
    resumed: bool = False
    done: list[str] = field(default_factory=list[str])
    opened: list[float] = field(default_factory=list[float])
    speak: Callable[[str], None] = lambda _: None
    """Called with the first and the last word of a connection."""
    _broken: anyio.Event = field(default_factory=anyio.Event)

    async def open(self) -> bool:
        self.done.append("open")
        self.opened.append(self.now())
        if not self.reachable:
            raise LinkFailed("nobody answers")
        self._broken = anyio.Event()
        return self.resumed

    async def run(self) -> NoReturn:
        self.done.append("run")
        self.speak("first")
        if not self.hangs_up:
            await self._broken.wait()
        self.speak("last")
        raise LinkFailed("it hung up")

    async def close(self) -> None:
        self.done.append("close")

    def go(self) -> None:
        """Be away from now on."""
        self.reachable = False
        self.hang_up()

    def hang_up(self) -> None:
        self._broken.set()


class House:
    """A link and the players that it tells."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.node = Node(self.clock.now)
        self.players: list[ActorRef[PlayerMessage]] = []
        self.player = Probe[PlayerMessage]()
        self.system: System

    async def start_player(self, name: str) -> Probe[PlayerMessage]:
        player = await Probe[PlayerMessage].start(self.system.supervisor("/root/players"), name)
        self.players.append(player.ref)
        return player

    async def start_link(self) -> None:
        await self.system.supervisor("/root/links").start_child(
            ChildSpec(id="node", start=lambda: LinkActor("node", self.node, lambda: self.players))
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator["House"]:
        dynamic = {"dynamic": True, "intensity": 100, "period": 1.0}
        root = SupervisorSpec(
            id="root",
            children=(
                SupervisorSpec(id="players", **dynamic),
                SupervisorSpec(id="links", **dynamic),
            ),
        )
        self.system = System(root, clock=self.clock)
        async with self.system:
            self.player = await self.start_player("player")
            yield self


@pytest.fixture
async def house(anyio_backend: object) -> AsyncIterator[House]:
    async with House().running() as house:
        yield house
