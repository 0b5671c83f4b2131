import asyncio
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import hikari
import orjson
import pytest
from backports import zstd

from seraphim.sandbox import Guild, Intent, Sandbox, Timing
from seraphim.sandbox.voice import DavePolicy

PATIENCE = 15.0
INTENTS = hikari.Intents.GUILDS | hikari.Intents.GUILD_VOICE_STATES | hikari.Intents.GUILD_MESSAGES


class GatewayClient:
    """A gateway client of the tests' own, for what hikari never does."""

    def __init__(self, sandbox: Sandbox, ws: aiohttp.ClientWebSocketResponse, compress: str | None):
        self.sandbox = sandbox
        self.ws = ws
        self.sequence: int | None = None
        self.session_id = ""
        self._inflate: Callable[[bytes], bytes] | None = None
        if compress == "zlib-stream":
            self._inflate = zlib.decompressobj().decompress
        elif compress == "zstd-stream":
            self._inflate = zstd.ZstdDecompressor().decompress

    async def send(self, op: int, data: Any) -> None:
        await self.ws.send_bytes(orjson.dumps({"op": op, "d": data}))

    async def receive(self) -> dict[str, Any]:
        """The next message; an op 0 without a name stands for the end, with its close code."""
        async with asyncio.timeout(PATIENCE):
            message = await self.ws.receive()
        if message.type is aiohttp.WSMsgType.TEXT:
            assert self._inflate is None
            raw = message.data
        elif message.type is aiohttp.WSMsgType.BINARY:
            assert self._inflate is not None
            raw = self._inflate(message.data)
        else:
            return {"op": None, "close": self.ws.close_code}
        payload = orjson.loads(raw)
        if payload["s"] is not None:
            self.sequence = payload["s"]
        return payload

    async def until(self, name: str) -> dict[str, Any]:
        """The data of the next event of this name."""
        while True:
            payload = await self.receive()
            assert payload["op"] is not None, f"closed with {payload['close']}, wanted {name}"
            if payload.get("t") == name:
                return payload["d"]

    async def until_closed(self) -> int | None:
        while (payload := await self.receive())["op"] is not None:
            pass
        return payload["close"]

    async def identify(self, **changes: Any) -> dict[str, Any]:
        """Say HELLO back; returns READY's data and waits for all guilds."""
        await self.send_identify(**changes)
        ready = await self.until("READY")
        self.session_id = ready["session_id"]
        for _ in ready["guilds"]:
            await self.until("GUILD_CREATE")
        return ready

    async def send_identify(self, **changes: Any) -> None:
        data = {
            "token": self.sandbox.token,
            "intents": int(INTENTS),
            "properties": {},
            "shard": [0, 1],
        }
        await self.send(2, data | changes)

    async def resume(self, session_id: str, sequence: int | None) -> None:
        data = {"token": self.sandbox.token, "session_id": session_id, "seq": sequence}
        await self.send(6, data)

    async def join_voice(self, guild: Guild, channel_id: int | None, **flags: bool) -> None:
        await self.send(
            4,
            {
                "guild_id": str(guild.id),
                "channel_id": None if channel_id is None else str(channel_id),
                "self_mute": False,
                "self_deaf": True,
            }
            | flags,
        )

    def abort(self) -> None:
        transport = self.ws._response.connection
        assert transport is not None
        assert transport.transport is not None
        transport.transport.abort()


@pytest.fixture
def timing() -> Timing:
    return Timing()


@pytest.fixture
def granted() -> Intent:
    return Intent.NONE


@pytest.fixture
async def sandbox(anyio_backend: object, timing: Timing, granted: Intent) -> AsyncIterator[Sandbox]:
    async with Sandbox(timing=timing, granted_intents=granted, dave=DavePolicy.OFFERED) as sandbox:
        yield sandbox


@pytest.fixture
def guild(sandbox: Sandbox) -> Guild:
    return sandbox.guild("Choir")


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def connect(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> AsyncIterator[Callable[..., Any]]:
    async with AsyncExitStack() as stack:

        async def connect(compress: str | None = None, url: str | None = None) -> GatewayClient:
            if url is None:
                async with http.get(f"{sandbox.api_url}/gateway") as response:
                    url = (await response.json())["url"]
            query = {"v": "10", "encoding": "json"} | ({"compress": compress} if compress else {})
            ws = await stack.enter_async_context(http.ws_connect(url, params=query))
            client = GatewayClient(sandbox, ws, compress)
            hello = await client.receive()
            assert hello["op"] == 10
            return client

        yield connect


@pytest.fixture
async def rest(sandbox: Sandbox) -> AsyncIterator[hikari.impl.RESTClientImpl]:
    app = hikari.RESTApp(url=sandbox.api_url)
    await app.start()
    async with app.acquire(sandbox.token, hikari.TokenType.BOT) as client:
        yield client
    await app.close()


@pytest.fixture
async def bot(sandbox: Sandbox) -> AsyncIterator[hikari.GatewayBot]:
    """A real bot, not started yet: tests add listeners first."""
    bot = hikari.GatewayBot(
        sandbox.token, rest_url=sandbox.api_url, intents=INTENTS, banner=None, logs=None
    )
    yield bot
    if bot.is_alive:
        await bot.close()


@pytest.fixture
def start(bot: hikari.GatewayBot) -> Callable[[], Any]:
    """Starts the bot and returns when its shards are ready."""
    return lambda: bot.start(check_for_updates=False)
