"""The real bot, a real node, and a Discord of our own; what counts is what the channel hears.

One bot plays for a whole module, and each test has a guild of its own. With LAVALINK_HOST in the
environment the same tests run against that Lavalink; its Java must trust the certificate that is
written to SANDBOX_CA_FILE.
"""

import asyncio
import math
import os
import socket
import wave
from array import array
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web

from seraphim.operations import operator
from seraphim.sandbox import Message, Sandbox, music, tape
from seraphim.sandbox.bot import COMMAND, BotProcess, environment
from seraphim.sandbox.people import Answer, Member
from seraphim.sandbox.places import Guild

OUTER_NODE = "LAVALINK_HOST" in os.environ
NODE_COMMAND = (*COMMAND[:-1], "audio-node")
"""A node as a process of its own, beside the bot."""
FIRST_SOUND_SECONDS = 10.0
SHORT, SHORT_PITCH, SHORT_SECONDS = "short.wav", 600, 2
TAPE, TAPE_MINUTES = "tape.wav", 4


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def music_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("music")
    music.make(folder)
    with wave.open(str(folder / SHORT), "wb") as file:
        file.setparams((1, 2, 48_000, 0, "NONE", ""))
        turn = 2 * math.pi * SHORT_PITCH / 48_000
        samples = (int(12_000 * math.sin(turn * n)) for n in range(48_000 * SHORT_SECONDS))
        file.writeframes(array("h", samples).tobytes())
    tape.make(folder / TAPE, minutes=TAPE_MINUTES)
    return folder


@dataclass
class MediaServer:
    """A web server with the music, and with what the web has besides music."""

    address: str
    stalls: asyncio.Event

    def url(self, path: str) -> str:
        return f"http://{self.address}/{path}"

    def track(self, title: str) -> str:
        track = music.track(title)
        assert track is not None
        return self.url(track.file)


async def _endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "audio/mpeg"})
    await response.prepare(request)
    noise = bytes(range(256)) * 64
    try:
        while True:
            await response.write(noise)
    except ConnectionError:
        return response


@pytest.fixture(scope="session")
async def media(music_dir: Path) -> AsyncIterator[MediaServer]:
    stalls = asyncio.Event()

    async def stall(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={"Content-Type": "audio/mpeg", "Content-Length": "1000000"}
        )
        await response.prepare(request)
        await response.write(b"ID3")
        await stalls.wait()
        return response

    async def text(_: web.Request) -> web.Response:
        return web.Response(text="not a song\n" * 1000, content_type="audio/mpeg")

    async def broken(_: web.Request) -> web.Response:
        song = (music_dir / "halo.flac").read_bytes()
        return web.Response(body=song[:200] + os.urandom(4096), content_type="audio/flac")

    async def halting(request: web.Request) -> web.StreamResponse:
        song = await asyncio.to_thread((music_dir / SHORT).read_bytes)
        response = web.StreamResponse(
            headers={"Content-Type": "audio/wav", "Content-Length": str(len(song))}
        )
        await response.prepare(request)
        await response.write(song[: len(song) // 2])
        await stalls.wait()
        return response

    async def busy(_: web.Request) -> web.Response:
        raise web.HTTPTooManyRequests

    async def forbidden(_: web.Request) -> web.Response:
        raise web.HTTPForbidden

    app = web.Application()
    app.router.add_get("/endless.mp3", _endless)
    app.router.add_get("/halting.wav", halting)
    app.router.add_get("/busy.mp3", busy)
    app.router.add_get("/forbidden.mp3", forbidden)
    app.router.add_get("/stall.mp3", stall)
    app.router.add_get("/text.mp3", text)
    app.router.add_get("/broken.flac", broken)
    app.router.add_static("/", music_dir)
    runner = web.AppRunner(app, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    yield MediaServer(f"{host}:{port}", stalls)
    stalls.set()
    await runner.cleanup()


@dataclass
class Stage:
    """A sandbox in which a bot runs."""

    sandbox: Sandbox
    bot: BotProcess
    environ: dict[str, str]
    media: MediaServer

    @property
    def data_dir(self) -> Path:
        return Path(self.environ["DATA_DIR"])

    async def crash(self, actor: str) -> None:
        """Order an actor to crash."""
        answer = await operator.ask(
            self.data_dir / operator.SOCKET, {"do": "crash", "actor": actor}
        )
        assert answer == {"crashed": actor}


def bot_environment(
    sandbox: Sandbox, data_dir: Path, music_dir: Path, media: MediaServer, **more: str
) -> dict[str, str]:
    fixed = {
        "TRUSTED_MEDIA_HOSTS": media.address,
        # Tests type faster than people.
        "RATE_LIMIT_COMMANDS": "1000",
    }
    return environment(
        sandbox, data_dir, music_dir=music_dir, your_node=OUTER_NODE, **(fixed | more)
    )


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _ca_file() -> Path | None:
    path = os.environ.get("SANDBOX_CA_FILE")
    return None if path is None else Path(path)


@pytest.fixture(scope="session")
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(ca_file=_ca_file()) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
async def stage(
    sandbox: Sandbox,
    media: MediaServer,
    music_dir: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Stage]:
    environ = bot_environment(sandbox, tmp_path_factory.mktemp("data"), music_dir, media)
    async with BotProcess(environ) as bot:
        await bot.until_log("system.ready")
        stage = Stage(sandbox, bot, environ, media)
        yield stage
        # Another process may have taken over from the first.
        assert await stage.bot.stop() == 0


@dataclass
class Choir:
    """A guild in which Ada sits in a voice channel."""

    stage: Stage
    guild: Guild
    ada: Member

    @property
    def heard(self):
        return self.guild.voice.heard

    @property
    def player(self) -> str:
        """The path of the guild's player in the supervision tree."""
        return f"/root/guilds/guild-{self.guild.id}/player"

    @property
    def panels(self) -> list[Message]:
        """The messages that have buttons."""
        return [message for message in self.guild.text.messages if message.components]

    async def play_tape(self) -> None:
        """Play what tells its own position, and wait until it sounds."""
        await self.ada.command("play", query=self.stage.media.url(TAPE))
        await tape.until_steady(self.heard)

    async def play(self, title: str) -> Answer:
        return await self.ada.command("play", query=self.stage.media.track(title))

    async def hears(self, title: str) -> None:
        """Wait until the channel hears the track, by its pitch."""
        track = music.track(title)
        assert track is not None
        await self.heard.until_pitch(track.pitch, deadline=FIRST_SOUND_SECONDS)


@pytest.fixture
async def choir(stage: Stage) -> AsyncIterator[Choir]:
    guild = stage.sandbox.guild("Choir")
    ada = guild.member("Ada")
    await ada.join(guild.voice)
    yield Choir(stage, guild, ada)
    wrong = sum((channel.heard.violations for channel in guild.voice_channels), Counter())
    guild.remove_bot()
    # What another node does wrong is not for these tests to say.
    assert OUTER_NODE or not wrong


def code(answer: Answer) -> str:
    """The error code that an answer shows; empty where it is no error."""
    return answer.embeds[0].get("footer", {}).get("text", "") if answer.embeds else ""
