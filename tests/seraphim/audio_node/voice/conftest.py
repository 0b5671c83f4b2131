import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import aiohttp
import pytest

from seraphim.audio_node.voice import Closed, VoiceConnection, VoiceCredentials
from seraphim.sandbox.voice import VoiceServer

GUILD, CHANNEL, USER = 1, 2, 3
TONE = b"\xf8\x11\x22\x33"

T = TypeVar("T")


class Listener:
    def __init__(self) -> None:
        self.ready = asyncio.Event()
        self.closed: asyncio.Future[Closed] = asyncio.get_running_loop().create_future()
        self.changes: list[bool] = []

    def voice_ready(self, connection: VoiceConnection) -> None:
        assert connection.ready
        assert connection.sendable
        assert not self.ready.is_set()
        self.ready.set()

    def voice_changed(self, connection: VoiceConnection) -> None:
        self.changes.append(connection.connected)

    def voice_closed(self, connection: VoiceConnection, closed: Closed) -> None:
        self.closed.set_result(closed)


Connect = Callable[..., tuple[VoiceConnection, Listener]]


async def within(awaitable: Awaitable[T]) -> T:
    async with asyncio.timeout(20):
        return await awaitable


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - what it looks at tells nobody
            await asyncio.sleep(0.005)


@pytest.fixture
async def connect(region: VoiceServer, tls: ssl.SSLContext) -> AsyncIterator[Connect]:
    """Connects to the region, where it is expected."""
    made: list[VoiceConnection] = []
    async with aiohttp.ClientSession() as http:

        def connect(
            *,
            token: str = "t",
            endpoint: str | None = None,
            seconds: float = 20,
            keep_alive: float = 5,
        ) -> tuple[VoiceConnection, Listener]:
            region.expect(
                guild_id=GUILD, channel_id=CHANNEL, user_id=USER, session_id="s", token="t"
            )
            listener = Listener()
            connection = VoiceConnection(
                VoiceCredentials(CHANNEL, endpoint or region.endpoint, "s", token),
                guild_id=GUILD,
                user_id=USER,
                http=http,
                tls=tls,
                listener=listener,
                connect_seconds=seconds,
                keep_alive_seconds=keep_alive,
            )
            made.append(connection)
            return connection, listener

        yield connect
        for connection in made:
            await connection.close()
