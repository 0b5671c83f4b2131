"""A world for players: ports that are small, honest implementations kept in memory.

The node plays what it is told and forgets it when it is told to; Discord puts the bot where it
asks to be. Everything that is done to them is remembered, and waking up on it needs no sleep.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

import anyio

from actors.guild.board import Board
from actors.guild.names import player_name
from actors.guild.panel.messages import Notice
from actors.guild.panel.ports import PanelGone
from actors.guild.player.actor import PlayerPorts
from actors.guild.player.messages import (
    Departed,
    NodePlayer,
    PlayerMessage,
    PlayerView,
    TrackStarted,
    VoiceServerChanged,
    VoiceStateChanged,
)
from actors.guild.player.ports import Found, NodeUnavailable, NodeUpdate, SourceFailed
from actors.guild.player.track import Track
from actors.guild.refusal import Code, Refused
from actors.runtime import Registry
from actors.sources.messages import SourcesMessage

GUILD, VOICE, TEXT = 1, 10, 30
NODE = "main"


class Changes:
    """Wakes whoever waits for something to become true."""

    def __init__(self) -> None:
        self._changed = anyio.Event()

    def happened(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    async def until(self, condition: Callable[[], bool]) -> None:
        with anyio.fail_after(10):
            while not condition():
                await self._changed.wait()


@dataclass
class World:
    """All ports of a player, and what has become of them."""

    changes: Changes = field(default_factory=Changes)
    registry: Registry | None = None
    ready: bool = True
    updates: list[NodeUpdate] = field(default_factory=list[NodeUpdate])
    destroyed: list[int] = field(default_factory=list[int])
    playing: dict[int, NodePlayer] = field(default_factory=dict[int, NodePlayer])
    voice: dict[int, VoiceStateChanged] = field(default_factory=dict[int, VoiceStateChanged])
    channels: dict[int, int] = field(default_factory=dict[int, int])
    """Where each message was ever posted."""
    posted: dict[int, list[PlayerView]] = field(default_factory=dict[int, list[PlayerView]])
    said: list[Notice] = field(default_factory=list[Notice])
    board: Board = field(default_factory=Board)
    catalogue_error: Exception | None = None
    announcer_error: Exception | None = None
    clock: int = 1_000_000
    hands_over: bool = False
    resumed: bool = False
    session: str = "session"
    looked: int = 0
    woken: tuple[int, ...] | None = None
    elsewhere: dict[str, tuple[Track, ...]] = field(default_factory=dict[str, tuple[Track, ...]])
    hanging: tuple[str, ...] = ()
    troubled: tuple[str, ...] = ()
    asked: list[str] = field(default_factory=list[str])
    heard: list[SourcesMessage] = field(default_factory=list[SourcesMessage])
    library: tuple[Track, ...] = ()

    def ports(self) -> PlayerPorts:
        return PlayerPorts(
            node=self,
            voice=Gateway(self),
            catalogue=self,
            announcer=self,
            board=self.board,
            now=lambda: self.clock,
            new_run=lambda: "run",
            hands_over=lambda: self.hands_over,
        )

    def tell(self, guild: int, message: PlayerMessage) -> None:
        assert self.registry is not None
        player = self.registry.whereis(player_name(guild))
        if player is not None:
            player.tell_nowait(message)

    async def on_awake(self, active: Collection[int]) -> None:
        self.woken = tuple(active)
        self.changes.happened()

    # AudioNode

    async def update(self, guild: int, node: str, update: NodeUpdate) -> None:
        if not self.ready:
            raise NodeUnavailable
        self.updates.append(update)
        if update.start is not None:
            start = update.start
            self.playing[guild] = NodePlayer(
                start.play, start.position_ms, self.clock, bool(update.paused), 50, True
            )
            self.tell(guild, TrackStarted(start.play))
        if update.silence:
            self.playing.pop(guild, None)
        self.changes.happened()

    async def destroy(self, guild: int, node: str) -> None:
        self.destroyed.append(guild)
        self.playing.pop(guild, None)
        self.changes.happened()

    async def player(self, guild: int, node: str) -> NodePlayer | None:
        self.looked += 1
        self.changes.happened()
        return self.playing.get(guild)

    def choose(self, endpoint: str | None, avoid: str | None = None) -> str | None:
        return NODE if self.ready and avoid != NODE else None

    @property
    def nodes(self) -> frozenset[str]:
        return frozenset({NODE} if self.ready else ())

    # Catalogue

    async def load(self, query: str, sources: Sequence[str] = ()) -> Found:
        if self.catalogue_error is not None:
            raise self.catalogue_error
        return Found((Track(query, query, query, "somebody", 60_000, True, "library"),))

    async def suggest(
        self, query: str, limit: int, sources: Sequence[str] = ()
    ) -> tuple[Track, ...]:
        return (await self.load(query)).tracks[:limit]

    async def alternatives(self, track: Track, source: str) -> tuple[Track, ...]:
        self.asked.append(source)
        self.changes.happened()
        if source in self.hanging:
            await anyio.sleep_forever()
        if source in self.troubled:
            raise SourceFailed(Refused(Code.SOURCE_BUSY), (source,))
        return self.elsewhere.get(source, ())

    async def related(self, recent: Sequence[Track]) -> tuple[Track, ...]:
        return self.library

    # Announcer

    async def post(self, channel: int, view: PlayerView) -> int:
        message = len(self.channels) + 1
        self.channels[message] = channel
        self.posted[message] = []
        self._show(message, view)
        return message

    async def edit(self, channel: int, message: int, view: PlayerView) -> None:
        if message not in self.posted:
            raise PanelGone
        self._show(message, view)

    async def delete(self, channel: int, message: int) -> None:
        self.posted.pop(message, None)

    async def say(self, guild: int, channel: int, notice: Notice) -> None:
        self.said.append(notice)
        self.changes.happened()

    def _show(self, message: int, view: PlayerView) -> None:
        if self.announcer_error is not None:
            raise self.announcer_error
        self.posted[message].append(view)
        self.changes.happened()


class Gateway:
    """Discord's side of voice."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def join(self, guild: int, channel: int, *, back: bool = False) -> None:
        state = VoiceStateChanged(channel, self._world.session)
        self._world.voice[guild] = state
        self._world.tell(guild, state)
        self._world.tell(guild, VoiceServerChanged("token", "voice.example:443"))

    async def say_status(self, guild: int, channel: int, text: str) -> None:
        pass

    async def speak(self, guild: int, channel: int) -> None:
        state = self._world.voice[guild]
        self._world.voice[guild] = replace(state, suppressed=False)
        self._world.tell(guild, self._world.voice[guild])

    async def leave(self, guild: int) -> bool:
        # Discord answers after it was asked; here that is said at once.
        self._world.tell(guild, Departed())
        self._world.voice.pop(guild, None)
        self._world.tell(guild, VoiceStateChanged(None, None))
        self._world.changes.happened()
        return True

    def state(self, guild: int) -> VoiceStateChanged | None:
        if self._world.resumed:
            return None
        return self._world.voice.get(guild, VoiceStateChanged(None, None))
