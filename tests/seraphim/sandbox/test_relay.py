import asyncio
from collections.abc import AsyncIterator

import pytest

from seraphim.sandbox.relay import Relay

pytestmark = pytest.mark.anyio

DEADLINE = 15.0


@pytest.fixture
async def relay(anyio_backend: str) -> AsyncIterator[Relay]:
    """To a server that says everything twice."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line + line)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with Relay(server.sockets[0].getsockname()[1]) as relay:
        yield relay
    server.close()


class Caller:
    """Whoever connects through the relay."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, relay: Relay) -> "Caller":
        return cls(*await asyncio.open_connection("127.0.0.1", relay.port))

    async def ask(self, word: bytes) -> bytes:
        self.writer.write(word + b"\n")
        return await self.hear()

    async def hear(self) -> bytes:
        async with asyncio.timeout(DEADLINE):
            return await self.reader.readline() + await self.reader.readline()

    async def is_cut_off(self) -> bool:
        try:
            async with asyncio.timeout(DEADLINE):
                return await self.reader.read() == b""
        except ConnectionError:
            return True

    def leave(self) -> None:
        self.writer.close()


async def test_what_is_said_is_carried_both_ways(relay: Relay) -> None:
    caller = await Caller.connect(relay)
    assert await caller.ask(b"a") == b"a\na\n"
    assert await caller.ask(b"b") == b"b\nb\n"
    caller.leave()


async def test_a_cut_breaks_what_there_is_and_lets_new_ones_through(relay: Relay) -> None:
    first = await Caller.connect(relay)
    await first.ask(b"a")
    relay.cut()
    assert await first.is_cut_off()
    second = await Caller.connect(relay)
    assert await second.ask(b"b") == b"b\nb\n"
    first.leave()
    second.leave()


async def test_nobody_gets_through_what_is_not_passable(relay: Relay) -> None:
    relay.passable = False
    caller = await Caller.connect(relay)
    assert await caller.is_cut_off()
    caller.leave()


async def test_in_the_dark_nothing_arrives_and_nothing_breaks(relay: Relay) -> None:
    caller = await Caller.connect(relay)
    await caller.ask(b"a")
    relay.darken()
    caller.writer.write(b"b\n")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(caller.reader.readline(), 0.05)
    relay.lighten()
    assert await caller.hear() == b"b\nb\n"
    caller.leave()
