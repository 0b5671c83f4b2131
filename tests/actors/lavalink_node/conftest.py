from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NoReturn

import anyio
import pytest

from actors.guild.player.messages import PlayerMessage
from actors.lavalink_node.actor import LinkActor
from actors.lavalink_node.messages import LinkMessage, link_name
from actors.lavalink_node.ports import LinkFailed, Opened
from actors.runtime import Actor, ActorRef, ChildSpec, SupervisorSpec, System
from actors.runtime.testing import Probe, VirtualClock
from actors.store.messages import STORE, Note, Noted, StoreMessage


@dataclass
class Node:
    """A node's connection, in memory: there or away, as the test says."""

    now: Callable[[], float]
    reachable: bool = True
    hangs_up: bool = False
    resumed: bool = False
    slow: bool = False
    """Leave whoever calls without an answer."""
    error: LinkFailed = field(default_factory=lambda: LinkFailed("nobody answers"))
    session: str = "session-1"
    adopted: str | None = None
    draining: bool = False
    done: list[str] = field(default_factory=list[str])
    opened: list[float] = field(default_factory=list[float])
    speak: Callable[[str], None] = lambda _: None
    """Called with the first and the last word of a connection."""
    ending: LinkFailed = field(default_factory=lambda: LinkFailed("it hung up"))
    _broken: anyio.Event = field(default_factory=anyio.Event)

    def adopt(self, session: str) -> None:
        self.adopted = session

    def drain(self, draining: bool) -> None:
        self.draining = draining

    async def open(self) -> Opened:
        self.done.append("open")
        self.opened.append(self.now())
        if self.slow:
            await anyio.sleep_forever()
        if not self.reachable:
            raise self.error
        self._broken = anyio.Event()
        return Opened(self.session, self.resumed)

    async def run(self) -> NoReturn:
        self.done.append("run")
        self.speak("first")
        if not self.hangs_up:
            await self._broken.wait()
        self.speak("last")
        raise self.ending

    async def tidy(self, *, thorough: bool) -> None:
        self.done.append("sweep" if thorough else "tidy")

    async def end(self) -> None:
        self.done.append("end")

    async def close(self) -> None:
        self.done.append("close")

    def go(self) -> None:
        """Be away from now on."""
        self.reachable = False
        self.hang_up()

    def hang_up(self) -> None:
        self._broken.set()


class Store(Actor[StoreMessage]):
    """Keeps notes."""

    def __init__(self, notes: dict[str, str]) -> None:
        self.notes = notes
        self.silent = False

    async def receive(self, message: StoreMessage) -> object:
        match message:
            case Noted(key) if self.silent:
                self.context.defer(message)
                return None
            case Noted(key):
                return self.notes.get(key)
            case Note(key, value):
                self.notes[key] = value
            case _:
                raise AssertionError(message)
        return None


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

    async def start_store(self, **notes: str) -> Store:
        store = Store({key.replace("_", "/"): value for key, value in notes.items()})
        spec: ChildSpec[StoreMessage] = ChildSpec(id="store", start=lambda: store, name=STORE)
        await self.system.supervisor("/root/links").start_child(spec)
        return store

    async def start_link(self) -> ActorRef[LinkMessage]:
        spec: ChildSpec[LinkMessage] = ChildSpec(
            id="node",
            start=lambda: LinkActor("node", self.node, lambda: self.players),
            name=link_name("node"),
        )
        return await self.system.supervisor("/root/links").start_child(spec)

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
