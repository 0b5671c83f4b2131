"""A song whose server dies goes on from elsewhere, and people hear nothing else of it.

The web has the tape under a name and an artist; so has the library, and the tape tells by itself
where in it the song went on.
"""

import asyncio
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from seraphim.sandbox import Sandbox, tape
from seraphim.sandbox.bot import BotProcess
from tests.end_to_end.conftest import (
    OUTER_NODE,
    TAPE,
    Choir,
    MediaServer,
    Stage,
    bot_environment,
)

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(OUTER_NODE, reason="the library is the embedded node's"),
]

SECOND = 2 * tape.RATE
"""Bytes of the tape."""


def tagged(wav: bytes, **tags: str) -> bytes:
    """Return the WAV file with a title and an artist in it."""
    told = b"INFO"
    for name, text in tags.items():
        value = text.encode() + b"\0"
        told += name.encode() + struct.pack("<I", len(value)) + value + b"\0" * (len(value) % 2)
    chunks = wav[12:] + b"LIST" + struct.pack("<I", len(told)) + told
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks


@dataclass
class FragileServer:
    """Sends a song about as fast as it plays, until it dies."""

    plain: bytes
    song: bytes
    dead: asyncio.Event = field(default_factory=asyncio.Event)
    address: str = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if self.dead.is_set():
            raise web.HTTPNotFound
        start = request.http_range.start or 0
        size = len(self.song)
        response = web.StreamResponse(
            status=206,
            headers={
                "Content-Type": "audio/wav",
                "Content-Length": str(size - start),
                "Content-Range": f"bytes {start}-{size - 1}/{size}",
            },
        )
        await response.prepare(request)
        try:
            for at in range(start, size, SECOND):
                await response.write(self.song[at : at + SECOND])
                if at < start + 8 * SECOND:
                    continue
                try:
                    async with asyncio.timeout(0.9):
                        await self.dead.wait()
                except TimeoutError:
                    continue
                if request.transport is not None:
                    request.transport.abort()
                break
        except ConnectionError:
            pass
        return response


@pytest.fixture
async def server(music_dir: Path) -> AsyncIterator[FragileServer]:
    plain = await asyncio.to_thread((music_dir / TAPE).read_bytes)
    song = tagged(plain, INAM="Tape Measure", IART="The Sandbox Choir")
    server = FragileServer(plain, song)
    app = web.Application()
    app.router.add_get("/measure.wav", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    server.address = f"{host}:{port}"
    yield server
    server.dead.set()
    await runner.cleanup()


@pytest.fixture
async def choir(
    sandbox: Sandbox, server: FragileServer, media: MediaServer, tmp_path: Path
) -> AsyncIterator[Choir]:
    """A guild of a bot whose library is a folder of its own."""
    library = tmp_path / "library"
    library.mkdir()
    (library / "measure.wav").write_bytes(server.song)
    at = MediaServer(server.address, asyncio.Event())
    environ = bot_environment(sandbox, tmp_path / "data", library, at)
    async with BotProcess(environ) as bot:
        await bot.until_log("system.ready")
        guild = sandbox.guild("Choir")
        ada = guild.member("Ada")
        await ada.join(guild.voice)
        yield Choir(Stage(sandbox, bot, environ, at), guild, ada)
        guild.remove_bot()
        assert await bot.stop() == 0


@pytest.mark.parametrize("waiting", [False, True], ids=["alone", "with the next one ready"])
async def test_a_song_whose_server_dies_goes_on_from_the_library_where_it_broke(
    choir: Choir, server: FragileServer, waiting: bool
) -> None:
    await choir.ada.command("play", query=f"http://{server.address}/measure.wav")
    if waiting:
        # The node goes on to it by itself, and is called back.
        await choir.ada.command("play", query="tape measure")
    await tape.until_steady(choir.heard)
    said = len(choir.guild.text.messages)

    async def die() -> None:
        server.dead.set()
        # What was read ahead is played first.
        await choir.stage.bot.until_log("track.sought", deadline=40.0)

    heard, _ = await tape.listen_through(choir.heard, die)
    assert heard.off_s <= 2
    assert len(choir.guild.text.messages) == said


async def test_a_song_that_is_nowhere_else_is_said_once_and_the_next_one_plays(
    choir: Choir, server: FragileServer
) -> None:
    [copy] = (choir.stage.data_dir.parent / "library").iterdir()
    copy.write_bytes(tagged(server.plain, INAM="Another Song", IART="The Sandbox Choir"))
    await choir.ada.command("play", query=f"http://{server.address}/measure.wav")
    await choir.ada.command("play", query="another song")
    await tape.until_steady(choir.heard)
    server.dead.set()

    def notices() -> list[str]:
        told = [str(message.embeds) for message in choir.guild.text.messages]
        return [embeds for embeds in told if "PLAY-004" in embeds]

    await choir.stage.sandbox.until(lambda: bool(notices()), timeout=40.0)
    await tape.until_steady(choir.heard)
    [notice] = notices()
    assert "Tape Measure" in notice


async def test_when_the_queue_is_over_autoplay_goes_on_with_the_library(
    choir: Choir, server: FragileServer
) -> None:
    await choir.ada.command("autoplay", on=True)
    library = choir.stage.data_dir.parent / "library"
    await asyncio.to_thread((library / "other.wav").write_bytes, server.plain[:44] + bytes(16_000))
    await choir.ada.command("play", query="other")
    await tape.until_steady(choir.heard)
    now = await choir.ada.command("nowplaying")
    assert "Tape Measure" in str(now.embeds)
    assert "<@0>" not in str(now.embeds)
