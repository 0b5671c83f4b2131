"""The links to nodes: what a playerUpdate costs, a long playlist, and a node that dies.

The nodes are processes apart that speak Lavalink's protocol over real sockets (`lavalink`); all on
this side is real, from the websocket to the players and their panels, but for Discord. What is
counted is this process's CPU, sockets and event loop included. ongaku's own `Session` and `Player`
get the same frames without a socket, which is in their favour.

A player in five thousand must cost what one in ten does: what is per update is compared at 10,
1,000 and 5,000 players, the best of three runs each.
"""

import asyncio
import gc
import json
import logging
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from typing import cast

import aiohttp
import anyio
import ongaku
import structlog

from actors.guild.board import Board
from actors.guild.names import player_name, players
from actors.guild.panel.actor import EDIT_PAUSE_SECONDS
from actors.guild.panel.messages import Notice
from actors.guild.player.actor import PlayerPorts
from actors.guild.player.messages import (
    Member,
    Play,
    PlayerMessage,
    PlayerView,
    Queued,
    VoiceServerChanged,
    VoiceStateChanged,
)
from actors.guild.player.ports import Found
from actors.guild.player.track import Track
from actors.guild.tree import guild_tree
from actors.lavalink_node.actor import LinkActor
from actors.lavalink_node.messages import LinkMessage
from actors.runtime import ActorRef, ChildSpec, SupervisorSpec, System
from actors.runtime.testing import Probe
from benchmarks.lavalink import LAST_GUILD, PASSWORD
from benchmarks.report import Report
from seraphim.discord.gateway import gateway_bot
from seraphim.lavalink.address import NodeAddress
from seraphim.lavalink.nodes import Nodes, NodeSite
from seraphim.lavalink.routing import Routing

RUNS = 3
FLOODS = 8
SIZES = (10, 1_000, 5_000)
UPDATES = 4_000
ONGAKU_UPDATES = {10: 2_000, 1_000: 200, 5_000: 20}
GROWTH, MOST_MICROSECONDS = 1.2, 100
FAILOVER_PLAYERS = 100
LOADS = 20

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GaBcDe.0123456789012345678901234567"
USER = 123456789012345678
FIRST_GUILD = 1_000
ENDPOINT = "rotterdam1.discord.media:443"
SONG = Track("QAAA", "song", "Song", "The Choir", 3_600_000, True, "http")


def measure() -> Report:
    report = Report("link")
    # Five thousand players have much to say about their start.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    anyio.run(_measure, report, backend_options={"use_uvloop": True})
    return report


async def _measure(report: Report) -> None:
    costs = {size: await _player_update(size) for size in SIZES}
    for size, cost in costs.items():
        gate = MOST_MICROSECONDS if size == SIZES[-1] else None
        report.add(f"player_update_{size}", cost, "us", at_most=gate)
    smallest, largest = costs[SIZES[0]], costs[SIZES[-1]]
    report.add(f"growth_{SIZES[0]}_to_{SIZES[-1]}", largest / smallest, "x", at_most=GROWTH)
    for size, updates in ONGAKU_UPDATES.items():
        report.add(f"ongaku_player_update_{size}", await _ongaku(size, updates), "us")
    await _playlist(report)
    failovers = [await _failover(FAILOVER_PLAYERS) for _ in range(RUNS)]
    report.add(f"failover_{FAILOVER_PLAYERS}_players_best", min(failovers), "ms", at_most=1000)
    report.add(f"failover_{FAILOVER_PLAYERS}_players_worst", max(failovers), "ms")


# --- what is measured ---


async def _player_update(size: int) -> float:
    """CPU per playerUpdate with `size` players, in microseconds."""
    with _lavalink() as node:
        async with _house([node]) as house:
            await house.play(size, node)
            # Until then, panels that were just posted look away, which costs less.
            await anyio.sleep(EDIT_PAUSE_SECONDS + 1)
            runs: list[float] = []
            for _ in range(FLOODS):
                gc.collect()
                began = time.process_time()
                await house.flood(node, UPDATES)
                runs.append(1e6 * (time.process_time() - began) / UPDATES)
    return min(runs)


async def _ongaku(size: int, updates: int) -> float:
    """CPU per playerUpdate of ongaku's own players, in microseconds."""
    bot = gateway_bot(TOKEN, None)
    client = ongaku.Client(bot)
    session = ongaku.Session(client, "main", False, "127.0.0.1", 1, PASSWORD, 1)
    guilds = [FIRST_GUILD + number for number in range(size)]
    held = [ongaku.Player(session, guild) for guild in guilds]
    state = {"time": 1, "position": 1, "connected": True, "ping": 1}
    frames = [
        aiohttp.WSMessage(
            aiohttp.WSMsgType.TEXT,
            json.dumps({"op": "playerUpdate", "state": state, "guildId": str(guild)}),
            None,
        )
        for guild in guilds
    ]
    gc.collect()
    began = time.process_time()
    for number in range(updates):
        session._handle_ws_message(frames[number % size])  # noqa: SLF001
        # Its listeners are tasks, and are done before the next one comes.
        while len(asyncio.all_tasks()) > 1:  # noqa: ASYNC110
            await asyncio.sleep(0)
    cost = time.process_time() - began
    assert len(held) == size
    assert held[0].state is not None
    return 1e6 * cost / updates


async def _playlist(report: Report) -> None:
    """CPU to load a playlist of 1,000 tracks, beside what its bytes and its JSON take alone."""
    with _lavalink() as node:
        async with _house([node]) as house:
            url = f"http://127.0.0.1:{node.port}/v4/loadtracks"

            async def fetch() -> bytes:
                async with house.http.get(url) as response:
                    return await response.read()

            body = await fetch()

            async def decode() -> object:
                return json.loads(body)

            async def load() -> Found:
                return await house.nodes.load("https://music.example/list")

            assert len((await load()).tracks) == 1_000
            for figure, work in (("fetch", fetch), ("json", decode), ("load", load)):
                costs: list[float] = []
                for _ in range(LOADS):
                    began = time.process_time()
                    await work()
                    costs.append(1000 * (time.process_time() - began))
                report.add(f"playlist_1000_{figure}", statistics.median(costs), "ms")


async def _failover(size: int) -> float:
    """From the death of a node to the last of its players started at the other, in ms."""
    with ExitStack() as stack:
        first, second = (stack.enter_context(_lavalink()) for _ in range(2))
        async with _house([first, second]) as house:
            await house.play(size, first)
            assert house.nodes.choose(ENDPOINT) == first.name
            everybody = asyncio.create_task(house.started(second, size))
            # It has been asked before the first of them comes.
            await asyncio.sleep(0.2)
            died = time.monotonic()
            first.kill()
            return 1000 * (await everybody - died)


# --- what it is measured with ---


class Node:
    """A fake Lavalink's process."""

    def __init__(self, process: "subprocess.Popen[str]", port: int) -> None:
        self._process = process
        self.port = port
        self.name = f"node-{port}"

    def address(self) -> NodeAddress:
        return NodeAddress("127.0.0.1", self.port, PASSWORD)

    def kill(self) -> None:
        os.kill(self._process.pid, signal.SIGKILL)


@contextmanager
def _lavalink() -> Iterator[Node]:
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.lavalink"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield Node(process, int(process.stdout.readline()))
        finally:
            process.kill()


class Discord:
    """Discord, as far as players need it: it gives every place, and shows every panel."""

    def __init__(self, tell: Callable[[int, PlayerMessage], None]) -> None:
        self._tell = tell
        self._posted = 0

    async def join(self, guild: int, channel: int, *, back: bool = False) -> None:
        self._tell(guild, VoiceStateChanged(channel, f"session-{guild}"))
        self._tell(guild, VoiceServerChanged("token", ENDPOINT))

    async def leave(self, guild: int) -> None:
        pass

    async def speak(self, guild: int, channel: int) -> None:
        pass

    async def say_status(self, guild: int, channel: int, text: str) -> None:
        pass

    def state(self, guild: int) -> VoiceStateChanged:
        return VoiceStateChanged(None, None)

    async def post(self, channel: int, view: PlayerView) -> int:
        self._posted += 1
        return self._posted

    async def edit(self, channel: int, message: int, view: PlayerView) -> None:
        pass

    async def delete(self, channel: int, message: int) -> None:
        pass

    async def say(self, channel: int, notice: Notice) -> None:
        pass

    async def load(self, query: str, sources: Sequence[str] = ()) -> Found:
        return Found((SONG,))

    async def suggest(
        self, query: str, limit: int, sources: Sequence[str] = ()
    ) -> tuple[Track, ...]:
        return (SONG,)

    async def alternatives(self, track: Track, source: str) -> tuple[Track, ...]:
        return ()

    async def related(self, recent: Sequence[Track]) -> tuple[Track, ...]:
        return ()


class House:
    """The bot without Discord: links to nodes, and players."""

    def __init__(self, sites: list[NodeSite], http: aiohttp.ClientSession) -> None:
        self.http = http
        self.nodes = Nodes(
            gateway_bot(TOKEN, None),
            sites,
            user=USER,
            deliver=Routing(lambda: self.system.registry).deliver,
        )
        self._last: Probe[PlayerMessage] = Probe()
        discord = Discord(self._tell)
        self._ports = PlayerPorts(
            node=self.nodes,
            voice=discord,
            catalogue=discord,
            announcer=discord,
            board=Board(),
            now=lambda: time.time_ns() // 1_000_000,
            new_run=lambda: "run",
            hands_over=lambda: True,
        )
        # A player like any other to the nodes, and the one that says when it is over.
        last: ChildSpec[PlayerMessage] = ChildSpec(
            id="last",
            start=lambda: cast("Probe[PlayerMessage]", self._last),
            name=player_name(LAST_GUILD),
        )
        links = tuple(self._link(site.name) for site in sites)
        guilds = SupervisorSpec(id="guilds", dynamic=True)
        self.system = System(SupervisorSpec(id="root", children=(*links, last, guilds)))

    def _link(self, name: str) -> ChildSpec[LinkMessage]:
        return ChildSpec(
            id=name,
            start=lambda: LinkActor(
                name, self.nodes.link(name), lambda: players(self.system.registry)
            ),
        )

    def _tell(self, guild: int, message: PlayerMessage) -> None:
        player = self.system.registry.whereis(player_name(guild))
        assert player is not None
        player.tell_nowait(message)

    async def play(self, size: int, node: Node) -> None:
        """Let `size` guilds play at `node`, and return when all do."""
        turns = anyio.Semaphore(20)
        async with anyio.create_task_group() as tasks:
            for number in range(size):
                tasks.start_soon(self._play, FIRST_GUILD + number, turns)
        await self.started(node, size)
        await self.flood(node, size)

    async def _play(self, guild: int, turns: anyio.Semaphore) -> None:
        async with turns:
            guilds = self.system.supervisor("/root/guilds")
            await guilds.start_child(guild_tree(guild, self._ports, volume=50))
            player: ActorRef[PlayerMessage] | None
            player = self.system.registry.whereis(player_name(guild))
            assert player is not None
            play = Play(Member(1, guild), "song", text_channel=guild)
            assert isinstance(await player.ask(play, timeout=60), Queued)

    async def flood(self, node: Node, updates: int) -> None:
        """Let the node send so many updates; return when the players have had them."""
        seen = len(self._last.received)
        url = f"http://127.0.0.1:{node.port}/flood"
        async with self.http.post(url, params={"updates": updates}) as response:
            assert response.status == 200
        while len(self._last.received) == seen:
            await self._last.next()
        for _ in range(10):
            await asyncio.sleep(0)

    async def started(self, node: Node, size: int) -> float:
        """Return when the node had started `size` players."""
        url = f"http://127.0.0.1:{node.port}/started"
        async with self.http.get(url, params={"players": size}) as response:
            return float(await response.json())


@asynccontextmanager
async def _house(nodes: list[Node]) -> AsyncIterator[House]:
    """A house that is connected; the first node is the nearest."""
    sites = [
        NodeSite(node.name, node.address, ("rotterdam",) if node is nodes[0] else ("us-east",))
        for node in nodes
    ]
    async with aiohttp.ClientSession() as http:
        house = House(sites, http)
        with suppress(asyncio.CancelledError):
            async with house.system:
                gc.collect()
                gc.freeze()
                yield house
        await house.nodes.close()
        gc.unfreeze()
