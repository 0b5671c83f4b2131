"""All the nodes together: what players and commands see of them.

It knows at which node each guild lives, which no node can say: who moves away from a node that
cannot be reached leaves a player behind that plays on. What such a player still says is about
nothing that sounds, and is heard by nobody; it is ended when the node is back.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Final, TypeVar

import anyio
import hikari
import structlog

from actors.guild.player.messages import NodePlayer
from actors.guild.player.ports import (
    SEARCH,
    Found,
    NodeUnavailable,
    NodeUpdate,
    SourceFailed,
)
from actors.guild.player.track import Track
from actors.guild.refusal import Code, Refused
from actors.lavalink_node.messages import LinkState
from seraphim.lavalink.address import NodeAddress
from seraphim.lavalink.balance import Candidate, Workload, ranked
from seraphim.lavalink.events import ForPlayer, Stats
from seraphim.lavalink.node import LavalinkNode
from seraphim.lavalink.searching import PREFIXES, by_isrc, by_name, in_order, manager
from seraphim.lavalink.session import Patience
from seraphim.matching import best_first

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

T = TypeVar("T")

NODES_TO_ASK: Final = 2
"""How many nodes are asked for the same tracks: people wait for the answer."""
SOURCE_SECONDS: Final = 6.0
"""How long one source may take to answer a search."""
MATCHES: Final = 10
"""How many matches are looked at where one recording is looked for."""
LIBRARY: Final = "library"
LINKS: Final = "http"
"""The source that plays what is at any address; to a node without it most are nothing."""
ARTISTS_TO_ASK: Final = 3
MOST_RELATED: Final = 100
AWAITED_SECONDS: Final = 5.0
"""How long what was begun waits to be asked for."""


@dataclass(frozen=True, slots=True)
class NodeSite:
    """A node that is to be used: its name, and what `address` says when it is called up.

    `regions` are the beginnings of the names of the voice servers that are near it.
    """

    name: str
    address: Callable[[], NodeAddress | None]
    regions: Sequence[str] = ()


class Nodes:
    """Implements `AudioNode` and `Catalogue`. `deliver` is given what nodes say of players.

    `link(name)` is the connection that the link of that node opens and closes. `passed_over` are
    the sources, as nodes call them, that fail for many guilds now.
    """

    def __init__(
        self,
        bot: hikari.GatewayBot,
        sites: Sequence[NodeSite],
        *,
        user: int,
        deliver: Callable[[ForPlayer], None],
        passed_over: Callable[[], Collection[str]] = frozenset,
        patience: Patience | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._deliver = deliver
        self._passed_over = passed_over
        self._homes: dict[int, str] = {}
        self._begun: dict[tuple[str, tuple[str, ...]], asyncio.Task[Found]] = {}
        self._regions = {site.name: site.regions for site in sites}
        self._workloads = {site.name: Workload(now) for site in sites}
        self._nodes = {
            site.name: LavalinkNode(
                bot,
                site.name,
                address=site.address,
                user=user,
                on_event=partial(self._on_event, site.name),
                on_stats=self._workloads[site.name].hear,
                home=self._homes.get,
                patience=patience,
            )
            for site in sites
        }

    @property
    def names(self) -> Sequence[str]:
        """The names of all the nodes, in the order in which they were given."""
        return tuple(self._nodes)

    def link(self, name: str) -> LavalinkNode:
        """Return the connection to the node `name`."""
        return self._nodes[name]

    def survey(self) -> Iterator[tuple[str, LinkState, Stats]]:
        """Return how each node is: its name, the state of its link, and what it said last."""
        for name, node in self._nodes.items():
            if not node.reachable:
                yield name, LinkState.DOWN, Stats()
                continue
            if not node.connected:
                state = LinkState.RESUMING
            else:
                state = LinkState.DRAINING if node.draining else LinkState.READY
            yield name, state, self._workloads[name].told

    # --- `AudioNode` ---

    @property
    def nodes(self) -> frozenset[str]:
        """The nodes that can be reached now; see `AudioNode`."""
        return frozenset(name for name, node in self._nodes.items() if node.reachable)

    def choose(self, endpoint: str | None, avoid: str | None = None) -> str | None:
        """Return the node to play at; see `AudioNode`. The choice counts at once."""
        for candidate in self._ranked(endpoint):
            if candidate.name != avoid:
                self._workloads[candidate.name].promise()
                return candidate.name
        return None

    async def update(self, guild: int, node: str, update: NodeUpdate) -> None:
        """Change the guild's player at `node`, where the guild lives from now on."""
        one = self._find(node)
        self._move(guild, node)
        await one.update(guild, update)

    async def destroy(self, guild: int, node: str) -> None:
        """End the guild's player at `node`; see `AudioNode`."""
        if self._homes.get(guild) == node:
            self._move(guild, None)
        one = self._nodes.get(node)
        if one is not None:
            await one.destroy(guild)

    async def player(self, guild: int, node: str) -> NodePlayer | None:
        """Return what `node` says of the guild's player; see `AudioNode`.

        A guild of which nothing was known lives there, if it has a player.
        """
        player = await self._find(node).player(guild)
        if player is not None and guild not in self._homes:
            self._move(guild, node)
        return player

    # --- `Catalogue` ---

    def begin(self, query: str, sources: Sequence[str] = ()) -> None:
        """Begin to find what is about to be asked for by `load`, which then has it sooner."""
        key = query, tuple(sources)
        if key in self._begun:
            return
        begun = self._begun[key] = asyncio.create_task(self._find_tracks(query, sources))
        # It may be that nobody asks: a failure is heard all the same.
        begun.add_done_callback(lambda task: task.cancelled() or task.exception())
        asyncio.get_running_loop().call_later(AWAITED_SECONDS, self._begun.pop, key, None)

    async def load(self, query: str, sources: Sequence[str] = ()) -> Found:
        """Find tracks; see `Catalogue`."""
        begun = self._begun.pop((query, tuple(sources)), None)
        return await (begun or self._find_tracks(query, sources))

    async def _find_tracks(self, query: str, sources: Sequence[str]) -> Found:
        if not query.startswith(SEARCH):
            return await self._ask(lambda node: _load(node, query))
        words = query.removeprefix(SEARCH)
        tracks, failed = await self._search(words, sources, 1)
        return Found(tracks, failed=failed)

    async def suggest(
        self, query: str, limit: int, sources: Sequence[str] = ()
    ) -> tuple[Track, ...]:
        """Return the best matches; see `Catalogue`."""
        if not query.startswith(SEARCH):
            return await self._ask(lambda node: node.suggest(query, limit))
        tracks, _ = await self._search(query.removeprefix(SEARCH), sources, limit)
        return tracks

    async def alternatives(self, track: Track, source: str) -> tuple[Track, ...]:
        """Search `source` for the song; see `Catalogue`.

        By artist and title only where none was found by its number.
        """
        if source not in PREFIXES or manager(source) in self._passed_over():
            return ()
        by_number = by_isrc(track, source)
        if by_number is not None:
            numbered = best_first(track, await self._matches(by_number, source), by_isrc=True)
            if numbered:
                return tuple(numbered)
        return tuple(best_first(track, await self._matches(by_name(track, source), source)))

    async def related(self, recent: Sequence[Track]) -> tuple[Track, ...]:
        """Return tracks of the library by the same artists, else any; see `Catalogue`."""
        heard = {track.name for track in recent}
        found: dict[str, Track] = {}
        for author in list(dict.fromkeys(track.author for track in recent))[:ARTISTS_TO_ASK]:
            for track in await self._matches(f"{PREFIXES[LIBRARY]}{author}", LIBRARY):
                found.setdefault(track.name, track)
        if heard.issuperset(found):
            return await self._matches(PREFIXES[LIBRARY], LIBRARY, limit=MOST_RELATED)
        return tuple(found.values())

    async def _search(
        self, words: str, sources: Sequence[str], limit: int
    ) -> tuple[tuple[Track, ...], tuple[str, ...]]:
        """Return what the first source has that has something, and which ones failed before.

        Where none has, the trouble of one is the answer if it says more than that a track cannot be
        played: there is no track yet, and whoever did answer has none.
        """
        failed: dict[str, SourceFailed] = {}
        answered = False
        for source in in_order(sources, self._passed_over()):
            try:
                tracks = await self._matches(f"{PREFIXES[source]}{words}", source, limit=limit)
            except SourceFailed as error:
                failed[manager(source)] = error
                continue
            if tracks:
                return tracks, tuple(failed)
            answered = answered or any(self._at_hand(manager(source)))
        for error in failed.values():
            if error.refused.code is not Code.TRACK_FAILED or not answered:
                raise SourceFailed(error.refused, tuple(failed)) from error
        return (), tuple(failed)

    async def _matches(self, query: str, source: str, *, limit: int = MATCHES) -> tuple[Track, ...]:
        """Return what `source` has for a search, nothing where no node has the source."""
        name = manager(source)
        if not self.nodes:
            raise NodeUnavailable
        if not any(self._at_hand(name)):
            return ()

        async def ask(node: LavalinkNode) -> tuple[Track, ...]:
            try:
                with anyio.fail_after(SOURCE_SECONDS):
                    return await node.suggest(query, limit)
            except TimeoutError as error:
                node.session.suspect()
                raise SourceFailed(Refused(Code.SOURCE_BUSY)) from error

        try:
            return await self._ask(ask, source=name)
        except SourceFailed as error:
            raise SourceFailed(error.refused, (name,)) from error

    async def _ask(
        self, what: Callable[[LavalinkNode], Awaitable[T]], *, source: str | None = None
    ) -> T:
        """Ask the best node, and where it is not heard the next; of those that have `source`."""
        for node in self._at_hand(source):
            try:
                return await what(node)
            except NodeUnavailable:
                log.info("node.not_heard", node=node.name)
        raise NodeUnavailable

    async def ping(self) -> float:
        """Return the seconds that a small request to the best node takes.

        Raises `NodeUnavailable`.
        """
        for node in self._at_hand():
            return await node.ping()
        raise NodeUnavailable

    async def close(self) -> None:
        """Let go of the HTTP clients, after the links have ended."""
        for begun in self._begun.values():
            begun.cancel()
        for node in self._nodes.values():
            await node.dispose()

    def _find(self, name: str) -> LavalinkNode:
        """Return the node. One that is in the settings no more cannot be reached."""
        node = self._nodes.get(name)
        if node is None:
            raise NodeUnavailable
        return node

    def _ranked(self, endpoint: str | None, *, draining: bool = False) -> list[Candidate]:
        """Return the nodes that can be reached, best first; the drained ones apart."""
        return ranked(
            (
                Candidate(name, self._workloads[name].load, self._regions[name], node.connected)
                for name, node in self._nodes.items()
                if node.reachable and node.draining is draining
            ),
            endpoint,
        )

    def _at_hand(self, source: str | None = None) -> Iterator[LavalinkNode]:
        """Return the nodes to ask, best first; of those that have `source`."""
        candidates = (*self._ranked(None), *self._ranked(None, draining=True))
        nodes = (self._nodes[candidate.name] for candidate in candidates)
        able = (node for node in nodes if source is None or node.has(source))
        return islice(able, NODES_TO_ASK)

    def _move(self, guild: int, node: str | None) -> None:
        before = self._homes.get(guild)
        if before == node:
            return
        if before is not None:
            self._workloads[before].go()
            del self._homes[guild]
        if node is not None:
            self._workloads[node].come()
            self._homes[guild] = node

    def _on_event(self, node: str, event: ForPlayer) -> None:
        if self._homes.get(event.guild, node) == node:
            self._deliver(event)


async def _load(node: LavalinkNode, query: str) -> Found:
    found = await node.load(query)
    address = query.startswith(("http://", "https://"))
    if address and not found.tracks and not node.has(LINKS):
        raise SourceFailed(Refused(Code.SOURCE_REFUSED, {"links": "off"}))
    return found
