"""A node that says what the test wants, and the real adapter in front of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import WSMsgType, web

from actors.guild.player.messages import PlayerMessage
from actors.guild.player.track import Track
from seraphim.discord.gateway import gateway_bot
from seraphim.lavalink.address import NodeAddress
from seraphim.lavalink.events import ForPlayer, Stats
from seraphim.lavalink.node import LavalinkNode
from seraphim.lavalink.session import Patience

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GaBcDe.0123456789012345678901234567"
PASSWORD = "swordfish-7f3a"
USER = 123456789012345678

TRACK = Track(
    encoded="QAAAjQ",
    identifier="aurora",
    title="Aurora",
    author="The Choir",
    length_ms=185_000,
    seekable=True,
    source="library",
)


def track_json(title: str = "Aurora", **info: object) -> dict[str, Any]:
    return {
        "encoded": f"encoded-{title}",
        "info": {
            "identifier": title.lower(),
            "isSeekable": True,
            "author": "The Choir",
            "length": 185_000,
            "isStream": False,
            "position": 0,
            "title": title,
            "uri": None,
            "sourceName": "library",
            "artworkUrl": None,
            "isrc": None,
            **info,
        },
        "pluginInfo": {},
        "userData": {},
    }


def player_json(guild: int, **changes: object) -> dict[str, Any]:
    return {
        "guildId": str(guild),
        "track": None,
        "volume": 100,
        "paused": False,
        "state": {"time": 1_700_000_000_000, "position": 0, "connected": True, "ping": 3},
        "voice": {"token": "t", "endpoint": "e", "sessionId": "s", "channelId": "5"},
        "filters": {},
        **changes,
    }


@dataclass
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass
class ScriptedNode:
    """A server that speaks Lavalink's protocol, and misbehaves when told to."""

    session: str = "first-session"
    resumes: bool = False
    notices_after: int = 0
    """So many times it takes a client that comes back for a new one."""
    version: str = "4.2.2"
    before_ready: list[str] = field(default_factory=list[str])
    silent: bool = False
    """Accept websockets and say nothing."""
    refuses: int | None = None
    """Answer websockets with this status."""
    deaf: bool = False
    """Leave pings without an answer."""
    asked: list[Asked] = field(default_factory=list[Asked])
    handshakes: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    sockets: list[web.WebSocketResponse] = field(default_factory=list[web.WebSocketResponse])
    answers: dict[tuple[str, str], Callable[[], web.StreamResponse]] = field(
        default_factory=dict[tuple[str, str], Callable[[], web.StreamResponse]]
    )
    """By method and last part of the path that is no number."""
    hangs: Callable[[Asked], bool] = lambda _: False
    """Which requests are never answered."""
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    port: int = 0

    @property
    def address(self) -> NodeAddress:
        return NodeAddress("127.0.0.1", self.port, PASSWORD)

    def asked_for(self, method: str, part: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.method == method and part in asked.path]

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(20), self.changed:
            await self.changed.wait_for(condition)

    async def until_left(self) -> None:
        """Wait until somebody was here, and nobody is any more."""
        await self.until(
            lambda: self.sockets and all(socket.closed for socket in self.sockets),
        )

    async def say(self, *frames: object) -> None:
        for frame in frames:
            if isinstance(frame, bytes):
                await self.sockets[-1].send_bytes(frame)
            else:
                text = frame if isinstance(frame, str) else json.dumps(frame)
                await self.sockets[-1].send_str(text)

    async def drop(self) -> None:
        """End the connection without a word."""
        transport = self.sockets[-1]._req.transport
        transport.abort()

    def answer(self, method: str, part: str, payload: object, status: int = 200) -> None:
        self.answers[method, part] = lambda: web.json_response(payload, status=status)

    def fail(self, method: str, part: str, status: int, message: str) -> None:
        error = {"timestamp": 1, "status": status, "error": "e", "message": message, "path": "/"}
        self.answer(method, part, error, status)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != PASSWORD:
            return web.Response(status=403)
        if request.path == "/v4/websocket":
            return await self._talk(request)
        text = await request.text()
        asked = Asked(
            request.method,
            request.path,
            dict(request.query),
            dict(request.headers),
            json.loads(text) if text else None,
        )
        self.asked.append(asked)
        await self._note()
        if self.hangs(asked):
            await asyncio.Event().wait()
        part = [part for part in request.path.split("/") if not part.isdigit()][-1]
        answer = self.answers.get((asked.method, part))
        return self._usual(asked, part) if answer is None else answer()

    def _usual(self, asked: Asked, part: str) -> web.StreamResponse:
        match asked.method, part:
            case "PATCH", "players":
                return web.json_response(player_json(int(asked.path.rsplit("/", 1)[1])))
            case "DELETE", "players":
                return web.Response(status=204)
            case "PATCH", self.session:
                return web.json_response({"resuming": True, "timeout": 60})
            case "GET", "info":
                return web.json_response({"plugins": []})
            case "GET", "version":
                return web.Response(text=self.version)
            case _:
                return web.Response(status=500)

    async def _talk(self, request: web.Request) -> web.StreamResponse:
        self.handshakes.append(dict(request.headers))
        if self.refuses is not None:
            return web.Response(status=self.refuses)
        socket = web.WebSocketResponse(autoping=not self.deaf)
        await socket.prepare(request)
        self.sockets.append(socket)
        await self._note()
        resumed = self.resumes and request.headers.get("Session-Id") == self.session
        session = self.session
        if resumed and self.notices_after:
            self.notices_after -= 1
            resumed, session = False, f"another-{len(self.handshakes)}"
        if not self.silent:
            ready = {"op": "ready", "resumed": resumed, "sessionId": session}
            await self.say(*self.before_ready, ready)
        async for frame in socket:
            assert frame.type is not WSMsgType.ERROR
        await self._note()
        return socket

    async def _note(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["ScriptedNode"]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port).start()
        self.port = runner.addresses[0][1]
        try:
            yield self
        finally:
            await runner.cleanup()


@pytest.fixture
async def server(anyio_backend: str) -> AsyncIterator[ScriptedNode]:
    async with ScriptedNode().listening() as server:
        yield server


class Events:
    """What came from the node, for whom."""

    def __init__(self) -> None:
        self.all: list[ForPlayer] = []
        self.stats: list[Stats] = []
        self.homes: dict[int, str] = {}
        """Where guilds live, for the nodes that ask."""
        self._arrived = asyncio.Event()

    def take(self, event: ForPlayer) -> None:
        self.all.append(event)
        self._arrived.set()

    def of(self, guild: int) -> list[PlayerMessage]:
        return [event.message for event in self.all if event.guild == guild]

    async def until(self, count: int) -> None:
        async with asyncio.timeout(20):
            while len(self.all) < count:
                self._arrived.clear()
                await self._arrived.wait()


@pytest.fixture
def events() -> Events:
    return Events()


def adapter(
    address: Callable[[], NodeAddress | None], events: Events, patience: Patience | None = None
) -> LavalinkNode:
    return LavalinkNode(
        gateway_bot(TOKEN, None),
        "main",
        address=address,
        user=USER,
        on_event=events.take,
        on_stats=events.stats.append,
        home=events.homes.get,
        patience=patience,
    )


@pytest.fixture
def patience() -> Patience:
    """How long the adapter waits; a test that is about waiting brings its own."""
    return Patience()


@pytest.fixture
async def node(
    server: ScriptedNode, events: Events, patience: Patience
) -> AsyncIterator[LavalinkNode]:
    """The adapter of the scripted node, not yet connected."""
    node = adapter(lambda: server.address, events, patience)
    yield node
    await node.close()
    await node.dispose()


@pytest.fixture
async def connected(node: LavalinkNode, server: ScriptedNode) -> LavalinkNode:
    await node.session.open()
    server.asked.clear()
    return node
