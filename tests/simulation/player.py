"""A player of a Lavalink node: what it plays, and its own way into a voice channel.

It does what Lavalink 4.2 does: a track plays on, and counts, when the voice connection has broken;
playing without voice stands at 0.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actors.guild.player.messages import (
    EndReason,
    NodePlayer,
    PositionReported,
    TrackEnded,
    TrackFailed,
    TrackStarted,
    TrackStuck,
    VoiceClosed,
)
from actors.guild.player.ports import NodeUpdate, Start, VoiceCredentials

if TYPE_CHECKING:
    from tests.simulation.node import Node

Frame = PositionReported | TrackStarted | TrackEnded | TrackFailed | TrackStuck | VoiceClosed

REPORT_SECONDS = 5.0
CONNECT_SECONDS = 0.06
SELF_RESUME_SECONDS = 0.3
START_SECONDS = 0.02
STUCK_SECONDS = 10.0
BY_ITSELF = (1001, 4015)
"""Close codes after which Lavalink comes back by itself, and tells nobody."""
OWN_GOODBYE = 1000


@dataclass(frozen=True, slots=True)
class Fate:
    """What is wrong with a track, from `at_ms` on: it "breaks", gets "stuck", is "refused"."""

    how: str
    at_ms: int = 0


class Voice:
    """A player's connection to a voice server."""

    def __init__(self, player: "Player", credentials: VoiceCredentials) -> None:
        self.player = player
        self.alive = False
        self._credentials = credentials

    @property
    def credentials(self) -> VoiceCredentials:
        return self._credentials

    def closed(self, code: int) -> None:
        self.alive = False
        if code in BY_ITSELF:
            self.player.node.loop.call_later(SELF_RESUME_SECONDS, self.connect)
        else:
            self.player.emit(VoiceClosed(code, "", by_remote=True))

    def connect(self) -> None:
        player = self.player
        if player.voice is not self or player.over:
            return
        code = player.node.discord.admit(player.guild, self)
        if code is None:
            self.alive = True
            player.connected()
        else:
            player.emit(VoiceClosed(code, "", by_remote=True))


class Player:
    """A guild's player. Positions are milliseconds."""

    def __init__(self, node: "Node", guild: int, emit: Callable[[int, Frame], None]) -> None:
        self.node = node
        self.guild = guild
        self.start: Start | None = None
        self.following: Start | None = None
        self.paused = False
        self.volume = 100
        self.voice: Voice | None = None
        self.has_had_voice = False
        self.stuck = False
        self.over = False
        self._position = 0.0
        self._from = 0.0
        self._at = 0.0
        self._next: asyncio.TimerHandle | None = None
        self._report: asyncio.TimerHandle | None = None
        self._emit = emit

    @property
    def sounds(self) -> bool:
        """Whether music comes out, should anybody be connected to hear it."""
        return self.start is not None and not self.paused and not self.stuck and not self.over

    @property
    def _runs(self) -> bool:
        return self.sounds and self.has_had_voice

    @property
    def position(self) -> float:
        if not self._runs:
            return self._position
        return self._position + (self.node.loop.time() - self._at) * 1000

    def look(self) -> NodePlayer:
        voice = self.voice
        return NodePlayer(
            play=None if self.start is None else self.start.play,
            position_ms=int(self.position),
            at_ms=self.node.now(),
            paused=self.paused,
            volume=self.volume,
            connected=voice is not None and voice.alive,
        )

    def emit(self, frame: Frame) -> None:
        self._emit(self.guild, frame)

    # --- what is done to it ---

    def apply(self, update: NodeUpdate) -> None:
        self._settle()
        if update.voice is not None:
            self._connect(update.voice)
        if update.volume is not None:
            self.volume = update.volume
        if update.paused is not None:
            self.paused = update.paused
        if update.start is not None:
            self._play(update.start)
        elif update.silence and self.start is not None:
            self._end(EndReason.STOPPED)
        elif update.position_ms is not None and self.start is not None:
            self._position = self._from = float(update.position_ms)
        if self.node.follows and self.start is not None and (update.following or update.alone):
            self.following = update.following
        self._plan()

    def destroy(self) -> None:
        """End it without a word but the voice connection's last."""
        self.vanish()
        if self.voice is not None:
            self.emit(VoiceClosed(OWN_GOODBYE, "", by_remote=False))

    def vanish(self) -> None:
        """End it with its node, or its session."""
        self.over = True
        for timer in (self._next, self._report):
            if timer is not None:
                timer.cancel()
        if self.voice is not None:
            self.voice.alive = False
            self.node.discord.hang_up(self.guild, self.voice)
        self.node.on_sound(self.guild)

    def connected(self) -> None:
        self._settle()
        self.has_had_voice = True
        self._plan()

    def _connect(self, credentials: VoiceCredentials) -> None:
        before = self.voice
        if before is not None:
            if before.alive and before.credentials == credentials:
                return
            before.alive = False
            self.node.discord.hang_up(self.guild, before)
        self.voice = voice = Voice(self, credentials)
        self.node.loop.call_later(CONNECT_SECONDS, voice.connect)

    # --- playing ---

    def _settle(self) -> None:
        self._position, self._at = self.position, self.node.loop.time()

    def _play(self, start: Start) -> None:
        fate = self.node.fates.get(start.track.identifier)
        if self.start is not None:
            self._end(EndReason.REPLACED)
        self.start, self.stuck = start, False
        self._position = self._from = float(start.position_ms)
        if fate is not None and fate.how == "breaks" and fate.at_ms == 0:
            self.node.loop.call_later(START_SECONDS, self._break, start, EndReason.LOAD_FAILED)
            return
        self.node.loop.call_later(START_SECONDS, self._started, start)

    def _started(self, start: Start) -> None:
        if self.start is start and not self.over:
            self.emit(TrackStarted(start.play))
            if self._report is not None:
                self._report.cancel()
            self._report = self.node.loop.call_later(REPORT_SECONDS, self._tick)

    def _tick(self) -> None:
        if self.start is None or self.over:
            return
        loop = self.node.loop
        self._report = loop.call_at(loop.time() + REPORT_SECONDS, self._tick)
        if not self.paused:
            voice = self.voice
            connected = voice is not None and voice.alive
            self.emit(PositionReported(int(self.position), self.node.now(), connected))

    def _plan(self) -> None:
        """Be there when what plays comes to its end, or to where it breaks."""
        if self._next is not None:
            self._next.cancel()
            self._next = None
        self.node.on_sound(self.guild)
        start = self.start
        if start is None or not self._runs:
            return
        fate = self.node.fates.get(start.track.identifier)
        length = start.track.length_ms
        if fate is not None and fate.at_ms >= self._from:
            left, then = fate.at_ms - self._position, self._break if fate.how == "breaks" else None
            then = then or self._stick
        elif length is not None:
            left, then = length - self._position, self._finish
        else:
            return
        self._next = self.node.loop.call_later(max(0.0, left / 1000), then, start)

    def _finish(self, start: Start) -> None:
        if self.start is start:
            self._settle()
            following = self.following
            self._end(EndReason.FINISHED, following)
            if following is not None:
                self._play(following)
            self._plan()

    def _break(self, start: Start, reason: EndReason = EndReason.FINISHED) -> None:
        if self.start is start and not self.over:
            self._settle()
            self.node.story.tell(self.guild, "track breaks:", start.track.identifier)
            self.emit(TrackFailed(start.play, "something broke when playing it"))
            self._end(reason)
            self._plan()

    def _stick(self, start: Start) -> None:
        if self.start is not start:
            return
        self._settle()
        self.stuck = True
        self.node.story.tell(self.guild, "track is stuck:", start.track.identifier)
        self.node.loop.call_later(STUCK_SECONDS, self._say_stuck, start)
        self._plan()

    def _say_stuck(self, start: Start) -> None:
        if self.start is start and self.stuck and not self.over:
            self.emit(TrackStuck(start.play, int(STUCK_SECONDS * 1000)))

    def _end(self, reason: EndReason, following: Start | None = None) -> None:
        start, self.start, self.following = self.start, None, None
        assert start is not None
        if self._report is not None:
            self._report.cancel()
            self._report = None
        self.emit(TrackEnded(start.play, reason, None if following is None else following.play))
