"""A player, its feeds, its channel, and what it told. Its frames say which 20 ms they are."""

import asyncio
import ssl
import struct
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple, cast

import aiohttp

from seraphim.audio_node.filters import Sound
from seraphim.audio_node.media import MediaError, MediaSource
from seraphim.audio_node.pacer import Pacer
from seraphim.audio_node.payloads import JsonObject
from seraphim.audio_node.playback import Start
from seraphim.audio_node.player import Player
from seraphim.audio_node.track import TrackInfo, encode
from seraphim.audio_node.voice import VoiceConnection, VoiceCredentials, VoiceListener
from seraphim.sandbox.voice import Heard, VoiceServer
from seraphim.voice import FRAME_MS, Speaking

GUILD, CHANNEL, USER = 1, 2, 3
STUCK_MS = 200


class Frame(NamedTuple):
    """What was in a packet."""

    feed: int
    position_ms: int


class Feed:
    """Frames that name their feed and position, as many as are there."""

    def __init__(self, stage: "Stage", start_ms: int, sound: Sound) -> None:
        self.stage = stage
        self.number = len(stage.feeds)
        self.start_ms = start_ms
        self.sound = sound
        self.available = stage.available
        self.splices: tuple[bytes, ...] = ()
        """What it is to go on from."""
        stage.feeds.append(self)
        self.taken = 0
        self.last: int | None = None
        self.failure: MediaError | None = None
        self.closed = False
        self.title: str | None = None

    @property
    def ready(self) -> bool:
        return self.taken < self.available and self.taken != self.last

    @property
    def ended(self) -> bool:
        return self.taken == self.last

    @property
    def error(self) -> MediaError | None:
        return self.failure if not self.ready else None

    def take(self) -> bytes | None:
        if self.closed or not self.ready:
            return None
        self.taken += 1
        return self._frame(self.taken - 1)

    def _frame(self, number: int) -> bytes:
        position = self.start_ms + round(FRAME_MS * number * self.sound.tempo)
        return b"\xf8" + struct.pack(">BI", self.number, position)

    def splice(self, margin: int) -> tuple[bytes, ...] | None:
        last = self.taken + margin
        if last >= min(self.available, self.available if self.last is None else self.last):
            return None
        return tuple(self._frame(number) for number in range(max(0, last - 5), last + 1))

    def reopen(self, start_ms: int, sound: Sound, *, splice: tuple[bytes, ...] = ()) -> "Feed":
        feed = Feed(self.stage, start_ms, sound)
        feed.splices = splice
        return feed

    def close(self) -> None:
        self.closed = True


class Stage:
    """A player, its feeds, its channel, and what it told."""

    def __init__(
        self, region: VoiceServer, ears: Heard, http: aiohttp.ClientSession, tls: ssl.SSLContext
    ) -> None:
        self.region = region
        self.ears = ears
        self.feeds: list[Feed] = []
        self.available = 1_000_000
        self.told: list[JsonObject] = []
        self.updates: list[JsonObject] = []
        self._arrived = asyncio.Event()

        def open_feed(source: MediaSource, start_ms: int, sound: Sound) -> Feed:
            return Feed(self, start_ms, sound)

        def connect(voice: VoiceCredentials, listener: VoiceListener) -> VoiceConnection:
            return VoiceConnection(
                voice,
                guild_id=GUILD,
                user_id=USER,
                http=http,
                tls=tls,
                listener=listener,
                connect_seconds=5,
            )

        self.player = Player(
            GUILD,
            pacer=Pacer(),
            open_feed=open_feed,
            connect_voice=connect,
            listener=self,
            stuck_ms=STUCK_MS,
        )

    def emit(self, happened: JsonObject) -> None:
        self.told.append(happened)
        self._arrived.set()

    def changed(self, player: Player) -> None:
        self.updates.append(player.state)
        self._arrived.set()

    def voice(self, session: str = "s", region: VoiceServer | None = None) -> VoiceCredentials:
        region = region or self.region
        region.expect(
            guild_id=GUILD, channel_id=CHANNEL, user_id=USER, session_id=session, token="t"
        )
        return VoiceCredentials(CHANNEL, region.endpoint, session, "t")

    def play(self, name: str = "song", *, paused: bool = False, **options: Any) -> None:
        source = options.pop("source", MediaSource("file", name))
        self.player.play(start(name, **options), source, paused=paused)

    def follow(self, name: str = "next", **options: Any) -> None:
        """Let the player go on with a track."""
        source = options.pop("source", MediaSource("file", name))
        self.player.follow(start(name, **options), source)

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                self._arrived.clear()
                await self._arrived.wait()

    async def hears(self, count: int) -> None:
        """Wait for so many more frames of sound."""
        enough = len(self.sound) + count
        await self.ears.until(lambda: len(self.sound) >= enough, what=f"{count} frames")

    @property
    def sound(self) -> list[Frame]:
        """All frames of sound that were heard."""
        return [
            Frame(*struct.unpack(">BI", packet.opus[1:]))
            for packet in self.ears.packets
            if not packet.silence
        ]

    @property
    def events(self) -> list[str]:
        """What was told, in short."""
        return [
            f"{cast('str', one['type']).removesuffix('Event')} {one.get('reason', '')}".strip()
            for one in self.told
        ]

    @property
    def speaking(self) -> Speaking | None:
        """What the channel was told last."""
        return next(iter(self.region._sessions_of(GUILD, USER))).speaking

    def whole(self) -> bool:
        """Whether sequence and timestamp never broke."""
        found = self.ears.continuity()
        return (found.lost, found.reordered, found.timestamp_jumps) == (0, 0, 0)


def start(name: str, *, end_ms: int | None = None, **options: Any) -> Start:
    """A track of a minute, unless told otherwise."""
    about = {"identifier": name, "title": name, "author": "a", "source": "library"}
    info = TrackInfo(**{"length_ms": 60_000, **about, **options})
    return Start(info, encode(info), {"id": name}, end_ms)


def follows(frames: list[Frame]) -> bool:
    """Whether each frame is 20 ms of the track after the one before, from whatever feed."""
    return all(b.position_ms - a.position_ms == FRAME_MS for a, b in pairwise(frames))
