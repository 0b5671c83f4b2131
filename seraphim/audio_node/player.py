"""A guild's player: what it plays, where it is, and the frame it sends in each tick.

Position is counted in frames sent, never read from a clock: it is where the listeners are. A seek
or a change of volume opens a second feed and lets the first play on until the second has a frame,
so that neither leaves a hole. After a change of volume the second feed first skips what was heard
of the first meanwhile.

Everything happens on the event loop, in ticks and in calls that never wait; only `destroy` waits,
for the voice server to take note. What happened is told through `PlayerListener`, in the order in
which it happened, from within the call or tick in which it did.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol, cast

import structlog

from seraphim.audio_node.feed import Feed, OpenFeed
from seraphim.audio_node.media import MediaError, MediaSource
from seraphim.audio_node.pacer import Pacer
from seraphim.audio_node.payloads import EndReason, JsonObject, event, exception, track
from seraphim.audio_node.track import TrackInfo
from seraphim.audio_node.voice import Closed, VoiceConnection, VoiceCredentials, VoiceListener
from seraphim.voice import FRAME_MS, SILENCE, SILENCE_FRAMES, CloseCode

STUCK_MS: Final = 10_000
"""How long a track may stand still before a TrackStuckEvent."""

CLEANUP_MS: Final = 60_000
"""How long a track waits for a voice connection, as lavaplayer's does."""

UNCHANGED_VOLUME: Final = 100
LOUDEST: Final = 1000

ConnectVoice = Callable[[VoiceCredentials, VoiceListener], VoiceConnection]

_log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


class PlayerListener(Protocol):
    """Whom a player tells what happened."""

    def emit(self, happened: JsonObject) -> None:
        """Hear of an event."""
        ...

    def changed(self, player: "Player") -> None:
        """Hear that the player's state is worth a playerUpdate."""
        ...


@dataclass(frozen=True, slots=True)
class Start:
    """What to play, and how."""

    info: TrackInfo
    encoded: str
    user_data: JsonObject
    end_ms: int | None = None


@dataclass(slots=True)
class FrameCount:
    """Frames due since `since`: those that were there and those that were not."""

    since: float | None = None
    sent: int = 0
    nulled: int = 0


@dataclass(slots=True)
class _Playing:
    start: Start
    source: MediaSource
    feed: Feed
    position_ms: int
    user_data: JsonObject
    end_ms: int | None
    next: "_Next | None" = None
    sounded: bool = False
    waited_ms: int = 0
    stuck: bool = False


@dataclass(slots=True)
class _Next:
    """A feed that takes over: by a seek, or `catching_up` with where the other one is by then."""

    feed: Feed
    position_ms: int
    catching_up: bool


class Player:
    """One guild's player. `destroy` it when done; it needs a running loop."""

    def __init__(
        self,
        guild_id: int,
        *,
        pacer: Pacer,
        open_feed: OpenFeed,
        connect_voice: ConnectVoice,
        listener: PlayerListener,
        stuck_ms: int = STUCK_MS,
    ) -> None:
        self.guild_id = guild_id
        self.volume = UNCHANGED_VOLUME
        self.paused = False
        self.filters: JsonObject = {}
        self.credentials: VoiceCredentials | None = None
        self.frames = FrameCount()
        self.turn = asyncio.Lock()
        """Held by who finds out what to play: tracks begin in the order they were asked for."""
        self._pacer = pacer
        self._open_feed = open_feed
        self._connect_voice = connect_voice
        self._listener = listener
        self._stuck_ms = stuck_ms
        self._playing: _Playing | None = None
        self._voice: VoiceConnection | None = None
        self._next_voice: VoiceConnection | None = None
        self._flowing = False
        self._silence_left = 0
        self._farewells: set[asyncio.Task[None]] = set()
        self._log = _log.bind(guild=guild_id)

    @property
    def track(self) -> JsonObject | None:
        """What is being played, at its position; None for nothing."""
        return None if self._playing is None else self._told(self._playing)

    @property
    def is_playing(self) -> bool:
        """Whether it has a track and is not paused."""
        return self._playing is not None and not self.paused

    @property
    def has_track(self) -> bool:
        """Whether it has a track."""
        return self._playing is not None

    @property
    def position_ms(self) -> int:
        """Where the listeners are, or will be when the seek under way is done; 0 for nowhere."""
        playing = self._playing
        if playing is None:
            return 0
        if playing.next is not None and not playing.next.catching_up:
            return playing.next.position_ms
        return playing.position_ms

    @property
    def state(self) -> JsonObject:
        """Position and connection now, as a playerUpdate tells them."""
        voice = self._voice
        return {
            "time": time.time_ns() // 1_000_000,
            "position": self.position_ms,
            "connected": voice is not None and voice.connected,
            "ping": -1 if voice is None else voice.ping_ms,
        }

    # What can be asked of it

    def play(self, start: Start, source: MediaSource | MediaError, *, paused: bool = False) -> None:
        """Begin a track, in place of the one that may be playing.

        `source` is an error when it is known already that nothing can be heard: that is told like
        any failure, so that a client has one way to learn of it.
        """
        self._drop("replaced")
        self.paused = paused
        if isinstance(source, MediaError):
            told = track(start.info, encoded=start.encoded, user_data=start.user_data)
            self._listener.emit(event("TrackStartEvent", self.guild_id, track=told))
            self._tell_end(told, "loadFailed", source)
            return
        position = 0 if start.info.stream else max(0, start.info.position_ms)
        self._playing = playing = _Playing(
            start,
            source,
            self._open_feed(source, position, self._gain),
            position,
            start.user_data,
            start.end_ms,
        )
        self._listener.emit(
            event("TrackStartEvent", self.guild_id, track=self._told(playing)),
        )
        self._listener.changed(self)
        self._pacer.wake(self)

    def stop(self) -> None:
        """End the track, if there is one."""
        self._drop("stopped")

    def pause(self, paused: bool) -> None:
        """Hold the track where it is, or go on."""
        if paused is self.paused:
            return
        self.paused = paused
        playing = self._playing
        if playing is not None and playing.next is not None and not playing.next.catching_up:
            # What is left of the old place must not be heard when the track goes on.
            self._swap(playing, playing.next)
        self._listener.changed(self)
        self._pacer.wake(self)

    def seek(self, position_ms: int) -> None:
        """Go on elsewhere in the track; nothing where there is no track, or one without a length.

        A position past the end ends the track.
        """
        if self._playing is None or self._playing.start.info.stream:
            return
        self._reopen(self._playing, max(0, position_ms), catching_up=False)
        self._listener.changed(self)

    def set_volume(self, volume: int) -> None:
        """Set the volume in percent; what is out of range is taken as the nearest end of it."""
        self._regain(volume=min(max(volume, 0), LOUDEST))

    def set_filters(self, filters: JsonObject) -> None:
        """Set the filters. All are remembered and told again; `volume` is the one that does."""
        self._regain(filters=filters)

    def set_end(self, end_ms: int | None) -> None:
        """End the track at a position, or at its end."""
        if self._playing is not None:
            self._playing.end_ms = end_ms

    def set_user_data(self, user_data: JsonObject) -> None:
        """Replace what the client keeps with the track."""
        if self._playing is not None:
            self._playing.user_data = user_data

    def set_voice(self, credentials: VoiceCredentials) -> None:
        """Speak with these credentials from now on. Returns at once.

        The same again does nothing, unless that connection has ended. A connection that still
        works sends until the new one is ready.
        """
        current = self._voice if self._next_voice is None else self._next_voice
        if current is not None and current.credentials == credentials and not current.ended:
            return
        self.credentials = credentials
        if self._next_voice is not None:
            self._bid_farewell(self._next_voice)
        if self._voice is not None and self._voice.ended:
            self._flowing = False
        self._next_voice = self._connect_voice(credentials, self)

    async def destroy(self) -> None:
        """End the track and leave the channel; says so as Lavalink does."""
        self._drop("stopped")
        self._pacer.forget(self)
        voices = [voice for voice in (self._voice, self._next_voice) if voice is not None]
        self._voice = self._next_voice = None
        if any(not voice.ended for voice in voices):
            self._tell_closed(Closed(CloseCode.NORMAL, "", remote=False))
        for voice in voices:
            self._bid_farewell(voice)
        if self._farewells:
            await asyncio.wait(self._farewells)

    # What the voice connection tells

    def voice_ready(self, connection: VoiceConnection) -> None:
        """Take the new connection into use."""
        if connection is not self._next_voice:
            return
        if self._voice is not None:
            self._bid_farewell(self._voice)
        self._voice, self._next_voice = connection, None
        self._flowing = True
        # A new connection has sent nothing that silence would have to end.
        self._silence_left = 0
        if self._playing is not None:
            self._playing.waited_ms = 0
        self._listener.changed(self)
        self._pacer.wake(self)

    def voice_closed(self, connection: VoiceConnection, closed: Closed) -> None:
        """Tell the client, unless a newer connection is on its way."""
        if connection is self._next_voice:
            self._next_voice = None
        elif connection is not self._voice:
            return
        elif self._next_voice is not None:
            # Discord closes the old one when the new one is let in: wait for that one.
            self._flowing = False
            return
        self._tell_closed(closed)

    # Each 20 ms

    def tick(self) -> bool:
        """Send what is due; returns whether anything will be due after it."""
        try:
            return self._tick()
        except Exception as error:  # noqa: BLE001 - one player's bug must not silence the others
            self._log.exception("player.failed")
            self._fail(MediaError("The audio node failed.", "fault", repr(error)))
            return False

    def _tick(self) -> bool:
        playing = self._playing
        if playing is None or self.paused:
            return self._hush()
        if not self._flowing:
            self._wait_for_voice(playing)
            return True
        feed = self._current_feed(playing)
        frame = feed.take()
        if frame is None:
            self._starve(playing, feed)
            return True
        assert self._voice is not None
        if not self._silence_left:
            self._voice.speak(True)
            if self.frames.since is None:
                self.frames.since = time.monotonic()
        self._silence_left = SILENCE_FRAMES
        self._voice.send(frame)
        self.frames.sent += 1
        playing.sounded = True
        playing.waited_ms = 0
        playing.stuck = False
        playing.position_ms += FRAME_MS
        if playing.end_ms is not None and playing.position_ms >= playing.end_ms:
            self._drop("finished")
        elif feed.ended and (playing.next is None or playing.next.catching_up):
            # Told with the last frame and not after it: the client has a frame's time to go on.
            self._drop("finished")
        return True

    def _hush(self) -> bool:
        """End the sound with silence; returns whether more of it is to come."""
        if self._silence_left and self._voice is not None:
            self._silence_left -= 1
            self._voice.send(SILENCE)
            if not self._silence_left:
                self._voice.speak(False)
        if not self._silence_left:
            self.frames.since = None
        return self._silence_left > 0

    def _starve(self, playing: _Playing, feed: Feed) -> None:
        coming = playing.next
        seeking = coming is not None and not coming.catching_up
        if coming is not None and seeking and (feed.ended or feed.error is not None):
            # There is nothing more at the old place: what the new one says, the next tick says.
            self._swap(playing, coming)
        elif coming is None and feed.error is not None:
            self._fail(feed.error)
        elif feed.ended:
            self._drop("finished")
        else:
            self.frames.nulled += 1
            self._hush()
            playing.waited_ms += FRAME_MS
            if playing.waited_ms >= self._stuck_ms and not playing.stuck:
                playing.stuck = True
                self._log.warning("track.stuck", waited_ms=playing.waited_ms)
                self._listener.emit(
                    event(
                        "TrackStuckEvent",
                        self.guild_id,
                        track=self._told(playing),
                        thresholdMs=self._stuck_ms,
                    )
                )
                self._listener.changed(self)

    def _wait_for_voice(self, playing: _Playing) -> None:
        feed = playing.feed if playing.next is None else playing.next.feed
        if feed.error is not None:
            self._fail(feed.error)
        elif feed.ended:
            self._drop("finished")
        else:
            playing.waited_ms += FRAME_MS
            if playing.waited_ms >= CLEANUP_MS:
                self._drop("cleanup")

    def _current_feed(self, playing: _Playing) -> Feed:
        coming = playing.next
        if coming is not None:
            if playing.start.info.stream:
                # A stream is opened where it is now, and goes on from there.
                coming.position_ms = playing.position_ms
            elif coming.catching_up:
                while coming.position_ms < playing.position_ms and coming.feed.take() is not None:
                    coming.position_ms += FRAME_MS
            level = not coming.catching_up or coming.position_ms >= playing.position_ms
            if (level and coming.feed.ready) or coming.feed.ended or coming.feed.error is not None:
                self._swap(playing, coming)
        return playing.feed

    def _swap(self, playing: _Playing, coming: _Next) -> None:
        playing.feed.close()
        playing.feed = coming.feed
        playing.position_ms = coming.position_ms
        playing.next = None

    # Inside

    @property
    def _gain(self) -> int:
        factor = self.filters.get("volume")
        factor = factor if isinstance(factor, int | float) else 1.0
        return min(max(round(self.volume * factor), 0), LOUDEST)

    def _regain(self, *, volume: int | None = None, filters: JsonObject | None = None) -> None:
        before = self._gain
        if volume is not None:
            self.volume = volume
        if filters is not None:
            self.filters = filters
        playing = self._playing
        if playing is not None and self._gain != before:
            coming = playing.next
            if coming is None or coming.catching_up:
                self._reopen(playing, playing.position_ms, catching_up=True)
            else:
                # A seek is under way: it goes where it went, with the new volume.
                self._reopen(playing, coming.position_ms, catching_up=False)

    def _reopen(self, playing: _Playing, position_ms: int, *, catching_up: bool) -> None:
        """Open the track anew, there. What is heard now is heard until that has a frame."""
        if playing.next is not None:
            playing.next.feed.close()
        stream = playing.start.info.stream
        feed = self._open_feed(playing.source, 0 if stream else position_ms, self._gain)
        coming = _Next(feed, position_ms, catching_up)
        if self.paused or not self._flowing:
            # Nobody hears the old feed: its frames must not be heard later either.
            self._swap(playing, coming)
        else:
            playing.next = coming

    def _told(self, playing: _Playing) -> JsonObject:
        info = replace(playing.start.info, position_ms=self.position_ms)
        return track(info, encoded=playing.start.encoded, user_data=playing.user_data)

    def _drop(self, reason: EndReason, error: MediaError | None = None) -> None:
        playing = self._playing
        if playing is None:
            return
        told = self._told(playing)
        self._playing = None
        playing.feed.close()
        if playing.next is not None:
            playing.next.feed.close()
        self._tell_end(told, reason, error)
        self._pacer.wake(self)

    def _fail(self, error: MediaError) -> None:
        """End the track by an exception: `loadFailed` only when nothing of it was heard."""
        if self._playing is not None:
            self._drop("finished" if self._playing.sounded else "loadFailed", error)

    def _tell_end(self, told: JsonObject, reason: EndReason, error: MediaError | None) -> None:
        if error is not None:
            self._log.warning(
                "track.failed", message=error.message, severity=error.severity, cause=error.cause
            )
            self._listener.emit(
                event("TrackExceptionEvent", self.guild_id, track=told, exception=exception(error))
            )
        self._listener.emit(event("TrackEndEvent", self.guild_id, track=told, reason=reason))

    def _tell_closed(self, closed: Closed) -> None:
        self._listener.emit(
            event(
                "WebSocketClosedEvent",
                self.guild_id,
                code=closed.code,
                reason=closed.reason,
                byRemote=closed.remote,
            )
        )
        self._listener.changed(self)

    def _bid_farewell(self, voice: VoiceConnection) -> None:
        farewell = asyncio.create_task(voice.close())
        self._farewells.add(farewell)
        farewell.add_done_callback(self._farewells.discard)
