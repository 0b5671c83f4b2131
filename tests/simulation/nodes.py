"""All the nodes as the bot has them: an `AudioNode` and a `Catalogue`."""

import asyncio
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import contextmanager
from random import Random
from typing import TypeVar

from actors.guild.player.messages import (
    NodePlayer,
)
from actors.guild.player.ports import (
    Found,
    NodeRefused,
    NodeUnavailable,
    NodeUpdate,
    SourceFailed,
)
from actors.guild.player.track import Track
from actors.guild.refusal import Code, Refused
from actors.runtime import Registry
from seraphim.lavalink.events import ForPlayer
from seraphim.lavalink.routing import Routing
from tests.simulation.link import REQUEST_SECONDS, Link
from tests.simulation.loop import Spawn
from tests.simulation.node import Node
from tests.simulation.player import Frame
from tests.simulation.sabotage import Sabotage

T = TypeVar("T")

NODES_TO_ASK = 2


class Names(frozenset[str]):
    """A set of names that is gone through in the same order whatever their hashes are."""

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(super().__iter__()))


class Nodes:
    """All the nodes: an `AudioNode` and a `Catalogue`."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        chance: Random,
        nodes: Collection[Node],
        sabotage: Sabotage,
        catalogue: Callable[[str], Found],
        elsewhere: Callable[[Track, str], tuple[Track, ...]],
        registry: Callable[[], Registry],
        spawn: Spawn,
    ) -> None:
        self._sabotage = sabotage
        self._catalogue = catalogue
        self._elsewhere = elsewhere
        self._chance = chance
        self._routing = Routing(registry)
        self._homes: dict[int, str] = {}
        self.links = {
            node.name: Link(
                loop, chance, node, spawn, on_frame=self._on_frame, home=self._homes.get
            )
            for node in nodes
        }

    @property
    def nodes(self) -> frozenset[str]:
        return Names(name for name, link in self.links.items() if link.reachable)

    def choose(self, endpoint: str | None, avoid: str | None = None) -> str | None:
        for name in self._ranked():
            if name != avoid:
                return name
        return None

    def _ranked(self, *, draining: bool = False) -> list[str]:
        homes = list(self._homes.values())
        return sorted(
            (
                name
                for name, link in self.links.items()
                if link.reachable and link.draining is draining
            ),
            key=lambda name: (not self.links[name].connected, homes.count(name), name),
        )

    async def update(self, guild: int, node: str, update: NodeUpdate) -> None:
        with self._sabotaged(guild, "update"):
            self._homes[guild] = node
            await self.links[node].update(guild, update)

    async def destroy(self, guild: int, node: str) -> None:
        with self._sabotaged(guild, "destroy"):
            if self._homes.get(guild) == node:
                del self._homes[guild]
            await self.links[node].destroy(guild)

    async def player(self, guild: int, node: str) -> NodePlayer | None:
        with self._sabotaged(guild, "player"):
            player = await self.links[node].player(guild)
        if player is not None:
            self._homes.setdefault(guild, node)
        return player

    async def load(self, query: str, sources: Sequence[str] = ()) -> Found:
        return await self._ask(int(query.split("-")[0]), lambda: self._catalogue(query))

    async def _ask(self, guild: int, what: Callable[[], T]) -> T:
        with self._sabotaged(guild, "load"):
            for name in (*self._ranked(), *self._ranked(draining=True))[:NODES_TO_ASK]:
                link = self.links[name]
                await asyncio.sleep(self._chance.uniform(0.05, 1.5))
                try:
                    return await link.ask(what, REQUEST_SECONDS, link.suspect)
                except NodeUnavailable:
                    continue
                except NodeRefused:
                    raise SourceFailed(Refused(Code.SOURCE_BUSY)) from None
        raise NodeUnavailable

    async def suggest(
        self, query: str, limit: int, sources: Sequence[str] = ()
    ) -> tuple[Track, ...]:
        return (await self.load(query)).tracks[:limit]

    async def alternatives(self, track: Track, source: str) -> tuple[Track, ...]:
        guild = int(track.identifier.split("-")[0])
        return await self._ask(guild, lambda: self._elsewhere(track, source))

    async def related(self, recent: Sequence[Track]) -> tuple[Track, ...]:
        return ()

    def _on_frame(self, node: str, guild: int, frame: Frame) -> None:
        if self._homes.get(guild, node) == node:
            self._routing.deliver(ForPlayer(guild, frame))

    @contextmanager
    def _sabotaged(self, guild: int, call: str) -> Generator[None]:
        self._sabotage.strike(guild, call)
        yield
        self._sabotage.strike(guild, call, after=True)
