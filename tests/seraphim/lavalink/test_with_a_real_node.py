"""Link, adapter and embedded node together, as the bot has them: real processes, a real voice."""

import asyncio
import math
import os
import signal
import wave
from array import array
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from actors.guild.names import player_name
from actors.guild.player.messages import (
    EndReason,
    NodeDown,
    NodePlayer,
    NodeReady,
    PlayerMessage,
    PositionReported,
    TrackEnded,
    TrackStarted,
    VoiceClosed,
)
from actors.guild.player.ports import (
    NodeUnavailable,
    NodeUpdate,
    SourceFailed,
    Start,
    VoiceCredentials,
)
from actors.guild.refusal import Code
from actors.lavalink_node.actor import LinkActor
from actors.runtime import ChildSpec, Down, SupervisorSpec, System
from actors.runtime.testing import Probe
from actors.service import FatalService, ServiceActor
from seraphim.audio_node.instance import Instance
from seraphim.discord.gateway import gateway_bot
from seraphim.lavalink.address import NodeAddress
from seraphim.lavalink.embedded import LOG, EmbeddedNode
from seraphim.lavalink.nodes import Nodes, NodeSite
from seraphim.lavalink.routing import Routing
from seraphim.lavalink.session import CLOSE_SECONDS, PAUSE_SECONDS, Patience
from seraphim.sandbox.voice import CertificateAuthority, Heard, VoiceServer
from tests.seraphim.lavalink.conftest import TOKEN, USER

pytestmark = pytest.mark.anyio

GUILD, CHANNEL = 1, 2
NODE = "main"
FRESH, RESUMED, DOWN = NodeReady(NODE, resumed=False), NodeReady(NODE, resumed=True), NodeDown(NODE)
PITCH = 600
DEADLINE = 30.0


class Relay:
    """A network between the link and the node, that can be cut."""

    def __init__(self) -> None:
        self.port = 0
        self.passable = True
        self.swallows = False
        """Let nothing through any more, and close nothing."""
        self._target = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    def address(self, node: NodeAddress | None) -> NodeAddress | None:
        """Where the node is from this side."""
        if node is None:
            return None
        self._target = node.port
        return NodeAddress("127.0.0.1", self.port, node.password)

    async def __aenter__(self) -> "Relay":
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()

    def cut(self) -> None:
        """Break every connection there is; new ones can be made."""
        for writer in self._writers:
            writer.transport.abort()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.passable:
            writer.transport.abort()
            return
        self._writers.add(writer)
        with suppress(OSError):
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
            self._writers.add(back)
            ways = [
                asyncio.create_task(self._carry(reader, back)),
                asyncio.create_task(self._carry(there, writer)),
            ]
            await asyncio.wait(ways)
            self._writers.discard(back)
            back.close()
        self._writers.discard(writer)
        writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(65536):
                if self.swallows:
                    continue
                writer.write(piece)
                await writer.drain()
        writer.transport.abort()


class Player(Probe[PlayerMessage]):
    """A guild's player that only listens."""

    async def until(self, message: PlayerMessage) -> None:
        """Wait for a message, skipping those before it."""
        async with asyncio.timeout(DEADLINE):
            while await self.next() != message:
                pass


class House:
    """The part of the bot that has to do with the node, with two guilds' players."""

    def __init__(
        self, data_dir: Path, relay: Relay, environment: dict[str, str], patience: Patience
    ) -> None:
        self.data_dir = data_dir
        self.embedded = EmbeddedNode(data_dir, environment)
        self.nodes = Nodes(
            gateway_bot(TOKEN, None),
            [NodeSite(NODE, lambda: relay.address(self.embedded.address()))],
            user=USER,
            deliver=Routing(lambda: self.system.registry).deliver,
            patience=patience,
        )
        self.player, self.stranger = Player(), Player()
        self.fatal: list[FatalService] = []
        children = (
            self._player(GUILD, self.player),
            self._player(GUILD + 1, self.stranger),
            ChildSpec(
                id="audio-node", start=lambda: ServiceActor(self.embedded, self.fatal.append)
            ),
            ChildSpec(id="link", start=self._link),
        )
        self.system = System(SupervisorSpec(id="root", intensity=5, children=children))

    def _player(self, guild: int, player: Player) -> ChildSpec[PlayerMessage | Down]:
        return ChildSpec(id=f"player-{guild}", start=lambda: player, name=player_name(guild))

    def _link(self) -> LinkActor:
        return LinkActor(NODE, self.nodes.link(NODE), lambda: [self.player.ref, self.stranger.ref])

    @property
    def instance(self) -> Instance:
        instance = Instance.load(self.data_dir)
        assert instance is not None
        return instance

    async def start(self, play: str, song: str, **changes: Any) -> None:
        """Play a song of the music folder, in voice or wherever the guild's player is."""
        [track] = (await self.nodes.load(f"libsearch:{song}")).tracks
        await self.nodes.update(GUILD, NODE, NodeUpdate(start=Start(play, track), **changes))

    async def look(self) -> NodePlayer | None:
        """What the node says of the guild's player."""
        return await self.nodes.player(GUILD, NODE)

    @property
    def heard(self) -> list[PlayerMessage | Down]:
        """What the player heard, but for the positions that come all the time."""
        return [
            message for message in self.player.received if not isinstance(message, PositionReported)
        ]


def make_song(path: Path, seconds: int) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 48_000, 0, "NONE", ""))
        turn = 2 * math.pi * PITCH / 48_000
        second = array("h", (int(12_000 * math.sin(turn * n)) for n in range(48_000)))
        file.writeframes(second.tobytes() * seconds)


@pytest.fixture
def music_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    make_song(folder / "short.wav", 1)
    make_song(folder / "long.wav", 60)
    return folder


@pytest.fixture
def authority() -> CertificateAuthority:
    return CertificateAuthority()


@pytest.fixture
async def house(
    tmp_path: Path,
    music_dir: Path,
    authority: CertificateAuthority,
    relay: Relay,
    patience: Patience,
) -> AsyncIterator[House]:
    environment = {
        "MUSIC_DIR": str(music_dir),
        "SSL_CERT_FILE": str(authority.ca_file(tmp_path / "ca.pem")),
    }
    house = House(tmp_path / "data", relay, environment, patience)
    async with house.system:
        await house.player.until(FRESH)
        yield house
    await house.nodes.close()
    assert house.fatal == []


@pytest.fixture
async def relay(anyio_backend: str) -> AsyncIterator[Relay]:
    async with Relay() as relay:
        yield relay


async def test_a_song_is_heard_and_every_event_reaches_its_own_guild(
    house: House, authority: CertificateAuthority
) -> None:
    heard: defaultdict[int, Heard] = defaultdict(Heard)
    async with VoiceServer(authority, heard.__getitem__) as region:
        region.expect(guild_id=GUILD, channel_id=CHANNEL, user_id=USER, session_id="s", token="t")
        voice = VoiceCredentials(CHANNEL, "s", "t", region.endpoint)
        await house.start("run-1", "short", voice=voice, volume=100, paused=False)
        await house.player.until(TrackStarted("run-1"))
        await heard[CHANNEL].until_pitch(PITCH)
        await house.player.until(TrackEnded("run-1", EndReason.FINISHED))
        await house.start("run-2", "long")
        await house.player.until(TrackStarted("run-2"))
        told = await house.look()
        assert told is not None
        assert (told.play, told.connected, told.volume, told.paused) == ("run-2", True, 100, False)
        await house.nodes.update(GUILD, NODE, NodeUpdate(paused=True))
        told = await house.look()
        assert told is not None
        assert told.paused
        await house.start("run-3", "long")
        await house.player.until(TrackEnded("run-2", EndReason.REPLACED))
        await house.nodes.update(GUILD, NODE, NodeUpdate(silence=True))
        await house.player.until(TrackEnded("run-3", EndReason.STOPPED))
        await house.nodes.destroy(GUILD, NODE)
        assert await house.look() is None
    assert any(isinstance(message, PositionReported) for message in house.player.received)
    assert house.stranger.received == [FRESH]


async def test_a_dismissal_by_discord_is_told_with_its_code(
    house: House, authority: CertificateAuthority
) -> None:
    heard: defaultdict[int, Heard] = defaultdict(Heard)
    async with VoiceServer(authority, heard.__getitem__) as region:
        region.expect(guild_id=GUILD, channel_id=CHANNEL, user_id=USER, session_id="s", token="t")
        voice = VoiceCredentials(CHANNEL, "s", "t", region.endpoint)
        await house.start("run-1", "long", voice=voice)
        await heard[CHANNEL].until_pitch(PITCH)
        region.dismiss(GUILD, USER, code=4014)
        async with asyncio.timeout(DEADLINE):
            while not isinstance(closed := await house.player.next(), VoiceClosed):
                pass
        assert (closed.code, closed.by_remote) == (4014, True)


async def test_a_link_that_breaks_is_resumed_and_the_music_plays_on(
    house: House, relay: Relay
) -> None:
    await house.start("run-1", "long")
    await house.player.until(TrackStarted("run-1"))
    for _ in range(3):
        relay.cut()
        await house.player.until(RESUMED)
    told = await house.look()
    assert told is not None
    assert told.play == "run-1"
    assert house.heard == [
        FRESH,
        TrackStarted("run-1"),
        *[RESUMED] * 3,
    ]


@pytest.mark.parametrize("patience", [Patience(heartbeat=0.5, connect=1.0)])
async def test_a_black_hole_is_a_node_that_is_down_until_it_is_none(
    house: House, relay: Relay
) -> None:
    await house.start("run-1", "long")
    await house.player.until(TrackStarted("run-1"))
    relay.swallows = True
    await house.player.until(DOWN)
    with pytest.raises(NodeUnavailable):
        await house.look()
    relay.swallows = False
    await house.player.until(RESUMED)
    told = await house.look()
    assert told is not None
    assert told.play == "run-1"


def test_a_black_hole_is_noticed_within_fifteen_seconds() -> None:
    patience = Patience()
    # A ping, half of that for its answer, what aiohttp rounds up; then one attempt to come back.
    noticed = 1.5 * patience.heartbeat + 1
    assert noticed + CLOSE_SECONDS + PAUSE_SECONDS + patience.connect <= 15


async def test_what_a_killed_process_left_plays_on_for_the_next(house: House, relay: Relay) -> None:
    await house.start("run-1", "long")
    await house.player.until(TrackStarted("run-1"))
    session = house.nodes.link(NODE).session.session_id
    assert session is not None
    # Nothing is ended: its connections are gone, that is all.
    await house.system.supervisor("/root").terminate_child("link")
    heirs = Nodes(
        gateway_bot(TOKEN, None),
        [NodeSite(NODE, lambda: relay.address(house.embedded.address()))],
        user=USER,
        deliver=Routing(lambda: house.system.registry).deliver,
    )
    link = heirs.link(NODE)
    link.adopt(session)
    assert (await link.open()).resumed
    told = await heirs.player(GUILD, NODE)
    assert told is not None
    assert told.play == "run-1"
    # What has been claimed is no stray.
    await link.tidy(thorough=True)
    assert await heirs.player(GUILD, NODE) is not None
    await link.close()
    await heirs.close()


async def test_what_happened_while_the_link_was_broken_is_heard_of_afterwards(
    house: House, relay: Relay, authority: CertificateAuthority
) -> None:
    heard: defaultdict[int, Heard] = defaultdict(Heard)
    async with VoiceServer(authority, heard.__getitem__) as region:
        region.expect(guild_id=GUILD, channel_id=CHANNEL, user_id=USER, session_id="s", token="t")
        voice = VoiceCredentials(CHANNEL, "s", "t", region.endpoint)
        begun = heard[CHANNEL].mark()
        await house.start("run-1", "short", voice=voice)
        await house.player.until(TrackStarted("run-1"))
        relay.passable = False
        relay.cut()
        await heard[CHANNEL].until_audible(since=begun)
        await heard[CHANNEL].until_silent()
        relay.passable = True
        await house.player.until(RESUMED)
        await house.player.until(TrackEnded("run-1", EndReason.FINISHED))


async def test_a_node_that_is_killed_is_back_at_the_same_place_with_a_new_session(
    house: House,
) -> None:
    await house.start("run-1", "long")
    await house.player.until(TrackStarted("run-1"))
    before = house.instance
    os.kill(before.pid, signal.SIGKILL)
    await house.player.until(DOWN)
    await house.player.until(FRESH)
    after = house.instance
    assert (after.port, after.password) == (before.port, before.password)
    assert after.instance != before.instance
    assert await house.look() is None
    await house.start("run-2", "long")
    await house.player.until(TrackStarted("run-2"))


async def test_the_link_can_crash_while_the_music_plays(house: House) -> None:
    await house.start("run-1", "long")
    await house.player.until(TrackStarted("run-1"))
    for _ in range(5):
        house.system.crash("/root/link", RuntimeError("ordered"))
        await house.player.until(RESUMED)
    told = await house.look()
    assert told is not None
    assert told.play == "run-1"


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:1/x.mp3", "http://[::ffff:10.0.0.1]/x.mp3", "http://2130706433/x.mp3"],
)
async def test_an_address_that_the_guard_refuses_is_said_to_be_forbidden(
    house: House, address: str
) -> None:
    with pytest.raises(SourceFailed) as failure:
        await house.nodes.load(address)
    assert failure.value.refused.code is Code.FORBIDDEN_QUERY


async def test_searches_are_suggested_best_first(house: House) -> None:
    assert [track.title for track in await house.nodes.suggest("libsearch:long", 5)] == ["long"]
    assert await house.nodes.suggest("libsearch:nothing-like-it", 5) == ()


async def test_the_password_stands_in_no_log(house: House, capsys: Any) -> None:
    await house.start("run-1", "long")
    os.kill(house.instance.pid, signal.SIGKILL)
    await house.player.until(FRESH)
    captured = capsys.readouterr()
    assert "node.down" in captured.out
    assert house.instance.password not in captured.out + captured.err
    assert house.instance.password not in (house.data_dir / LOG).read_text()
