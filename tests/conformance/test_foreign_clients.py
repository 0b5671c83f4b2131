"""Clients that we did not write play a song from its start to its end on Seraphim's node.

discord.py logs in to the sandbox and joins; lavalink.py, mafic and wavelink hand its voice
credentials to the node, load, play and listen, each in its own idea of the protocol. Nothing about
them is changed but addresses.
"""

import asyncio
import contextlib
import logging
import ssl
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Protocol

import aiohttp
import discord
import lavalink
import pytest
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from seraphim.sandbox import Guild, Sandbox
from tests.conformance import node as nodes
from tests.conformance.media import LONG, LONG_PITCH, SHORT, SHORT_PITCH, Media
from tests.conformance.node import Node

with warnings.catch_warnings():
    # mafic asks setuptools' old interface which libraries there are.
    warnings.simplefilter("ignore")
    import mafic
    import wavelink

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(nodes.OUTER, reason="what is tried here is whether they take ours for one"),
]

DEADLINE = 30.0


@pytest.fixture(scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def node(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with nodes.own(tmp_path_factory.mktemp("node"), sandbox.ca_file) as node:
        yield node


@pytest.fixture
def guild(sandbox: Sandbox) -> Guild:
    return sandbox.guild("Choir")


@pytest.fixture
async def bot(
    sandbox: Sandbox, guild: Guild, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[discord.Client]:
    """Logged in, with nothing changed but addresses and whom it trusts."""
    monkeypatch.setattr(Route, "BASE", sandbox.api_url)
    trust = ssl.create_default_context(cafile=sandbox.ca_file)
    bot = discord.Client(
        intents=discord.Intents(guilds=True, voice_states=True),
        guild_ready_timeout=0.1,
        connector=aiohttp.TCPConnector(ssl=trust),
    )
    async with bot, asyncio.TaskGroup() as tasks:
        await bot.login(sandbox.token)
        _, gateway, _ = await bot.http.get_bot_gateway()
        monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(gateway))
        tasks.create_task(bot.connect())
        async with asyncio.timeout(DEADLINE):
            await bot.wait_until_ready()
        yield bot
        await bot.close()


class Events:
    """What a library told of the player, in its own words."""

    def __init__(self) -> None:
        self._told: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    def tell(self, kind: str, detail: object = "") -> None:
        self._told.put_nowait((kind, str(detail).rsplit(".", maxsplit=1)[-1].lower()))

    async def until(self, kind: str) -> str:
        async with asyncio.timeout(DEADLINE):
            while True:
                told, detail = await self._told.get()
                if told == kind:
                    return detail


class Library(Protocol):
    """A library's player in a channel, as far as each of them goes."""

    events: Events

    async def load(self, url: str) -> Any: ...

    async def play(self, track: Any) -> None: ...

    async def pause(self, paused: bool) -> None: ...

    async def seek(self, position: int) -> None: ...

    async def volume(self, volume: int) -> None: ...

    async def stop(self) -> None: ...

    async def leave(self) -> None: ...


class LavalinkPy:
    """`lavalink`, which leaves the connection to Discord to its user."""

    class Voice(discord.VoiceProtocol):
        client: Any

        async def connect(self, **_: object) -> None:
            await self.channel.guild.change_voice_state(channel=self.channel)  # type: ignore

        async def on_voice_server_update(self, data: Any) -> None:
            told = {"t": "VOICE_SERVER_UPDATE", "d": data}
            await self.client.lavalink.voice_update_handler(told)

        async def on_voice_state_update(self, data: Any) -> None:
            told = {"t": "VOICE_STATE_UPDATE", "d": data}
            await self.client.lavalink.voice_update_handler(told)

    def __init__(self, client: Any, player: Any, voice: Any, events: Events) -> None:
        self.events = events
        self._client, self._player, self._voice = client, player, voice

    @classmethod
    @contextlib.asynccontextmanager
    async def join(cls, bot: Any, node: Node, channel: Any) -> AsyncIterator[Library]:
        client = bot.lavalink = lavalink.Client(bot.user.id)
        events = Events()

        async def heard(event: object) -> None:
            match event:
                case lavalink.TrackStartEvent():
                    events.tell("start")
                case lavalink.TrackEndEvent():
                    events.tell("end", event.reason.value)
                case lavalink.TrackExceptionEvent():
                    events.tell("exception", event.message)
                case lavalink.NodeReadyEvent():
                    events.tell("ready")
                case lavalink.PlayerUpdateEvent():
                    events.tell("update")
                case _:
                    events.tell(type(event).__name__)

        client.add_event_hook(heard)
        client.add_node(node.host, node.port, node.password, "eu", "main")
        await events.until("ready")
        player = client.player_manager.create(channel.guild.id)
        voice = await channel.connect(cls=cls.Voice)
        yield cls(client, player, voice, events)
        await client.close()

    async def load(self, url: str) -> Any:
        found = await self._client.get_tracks(url)
        assert found.load_type is lavalink.LoadType.TRACK
        decoded = await self._client.decode_track(found.tracks[0].track)
        assert decoded.uri == url
        return found.tracks[0]

    async def play(self, track: Any) -> None:
        await self._player.play(track)

    async def pause(self, paused: bool) -> None:
        await self._player.set_pause(paused)

    async def seek(self, position: int) -> None:
        await self._player.seek(position)

    async def volume(self, volume: int) -> None:
        await self._player.set_volume(volume)

    async def stop(self) -> None:
        await self._player.stop()

    async def leave(self) -> None:
        await self._client.player_manager.destroy(self._player.guild_id)
        await self._voice.channel.guild.change_voice_state(channel=None)
        self._voice.cleanup()


class Mafic:
    """`mafic`, whose player is discord.py's voice protocol."""

    def __init__(self, player: Any, events: Events) -> None:
        self.events = events
        self._player = player

    @classmethod
    @contextlib.asynccontextmanager
    async def join(cls, bot: Any, node: Node, channel: Any) -> AsyncIterator[Library]:
        events = Events()
        listen(bot, "track_start", lambda _: events.tell("start"))
        listen(bot, "track_end", lambda event: events.tell("end", event.reason))
        listen(bot, "track_exception", lambda event: events.tell("exception", event.exception))
        pool = mafic.NodePool(bot)
        with warnings.catch_warnings():
            # It was made for 4.0, and says so of every later one.
            warnings.simplefilter("ignore", mafic.UnsupportedVersionWarning)
            made = await pool.create_node(
                host=node.host, port=node.port, label="MAIN", password=node.password
            )
        player = await channel.connect(cls=mafic.Player)
        yield cls(player, events)
        await pool.close()
        assert made not in pool.nodes

    async def load(self, url: str) -> Any:
        (track,) = await self._player.fetch_tracks(url)
        decoded = await self._player.node.decode_track(track.id)
        assert decoded.uri == url
        return track

    async def play(self, track: Any) -> None:
        await self._player.play(track)

    async def pause(self, paused: bool) -> None:
        await self._player.pause(paused)

    async def seek(self, position: int) -> None:
        await self._player.seek(position)

    async def volume(self, volume: int) -> None:
        await self._player.set_volume(volume)

    async def stop(self) -> None:
        await self._player.stop()

    async def leave(self) -> None:
        await self._player.disconnect(force=True)


class Wavelink:
    """`wavelink`, likewise."""

    def __init__(self, player: Any, events: Events) -> None:
        self.events = events
        self._player = player

    @classmethod
    @contextlib.asynccontextmanager
    async def join(cls, bot: Any, node: Node, channel: Any) -> AsyncIterator[Library]:
        events = Events()
        listen(bot, "wavelink_node_ready", lambda _: events.tell("ready"))
        listen(bot, "wavelink_track_start", lambda _: events.tell("start"))
        listen(bot, "wavelink_track_end", lambda payload: events.tell("end", payload.reason))
        listen(bot, "wavelink_track_exception", lambda payload: events.tell("exception", payload))
        made = wavelink.Node(uri=node.url, password=node.password)
        await wavelink.Pool.connect(nodes=[made], client=bot)
        await events.until("ready")
        player = await channel.connect(cls=wavelink.Player)
        yield cls(player, events)
        await wavelink.Pool.close()

    async def load(self, url: str) -> Any:
        (track,) = await wavelink.Pool.fetch_tracks(url)
        return track

    async def play(self, track: Any) -> None:
        await self._player.play(track)

    async def pause(self, paused: bool) -> None:
        await self._player.pause(paused)

    async def seek(self, position: int) -> None:
        await self._player.seek(position)

    async def volume(self, volume: int) -> None:
        await self._player.set_volume(volume)

    async def stop(self) -> None:
        await self._player.skip()

    async def leave(self) -> None:
        await self._player.disconnect()


def listen(bot: Any, name: str, act: Callable[[Any], None]) -> None:
    """Hear an event, as a `discord.Client` hears them: by a method of that name."""

    async def heard(event: Any) -> None:
        act(event)

    setattr(bot, f"on_{name}", heard)


Join = Callable[[Any, Node, Any], contextlib.AbstractAsyncContextManager[Library]]


@pytest.mark.parametrize("library", [LavalinkPy, Mafic, Wavelink], ids=lambda one: one.__name__)
async def test_it_plays_a_song_to_its_end(
    library: Any,
    bot: discord.Client,
    guild: Guild,
    media: Media,
    node: Node,
    caplog: pytest.LogCaptureFixture,
) -> None:
    heard = guild.voice.heard
    channel = bot.get_channel(guild.voice.id)
    async with library.join(bot, node, channel) as player:
        # A song as a whole.
        begin = heard.mark()
        await player.play(await player.load(media.url(SHORT)))
        await player.events.until("start")
        await heard.until_pitch(SHORT_PITCH, deadline=DEADLINE)
        assert await player.events.until("end") == "finished"
        await heard.until_silent()
        continuity = heard.continuity(since=begin)
        assert (continuity.lost, continuity.timestamp_jumps) == (0, 0)
        assert not heard.violations

        # What is done to one meanwhile.
        await player.play(await player.load(media.url(LONG)))
        await player.events.until("start")
        await heard.until_pitch(LONG_PITCH, deadline=DEADLINE)
        await player.volume(40)
        await player.pause(True)
        await heard.until_silent()
        await player.pause(False)
        await heard.until_pitch(LONG_PITCH, deadline=DEADLINE)
        await player.seek(19_000)
        assert await player.events.until("end") == "finished"

        await player.play(await player.load(media.url(LONG)))
        await player.events.until("start")
        await heard.until_pitch(LONG_PITCH, deadline=DEADLINE)
        await player.stop()
        assert await player.events.until("end") == "stopped"
        await player.leave()
        await until(lambda: guild.bot.voice is None)
        assert not heard.violations
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert not errors, [record.getMessage() for record in errors]


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not condition():  # noqa: ASYNC110 - the sandbox has no event for our eyes
            await asyncio.sleep(0.02)
