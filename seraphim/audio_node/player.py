"""A guild's player: what it plays to whom, and the frame it sends in each tick.

Everything happens on the event loop, in ticks and in calls that never wait; only `destroy` waits,
for the voice server to take note. What happened is told through `PlayerListener`, in the order in
which it happened, from within the call or tick in which it did.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, cast

import structlog

from seraphim.audio_node.feed import OpenFeed
from seraphim.audio_node.filters import Filters, Sound
from seraphim.audio_node.following import WARM_MS, Following
from seraphim.audio_node.media import MediaError, MediaSource, Place
from seraphim.audio_node.pacer import Pacer
from seraphim.audio_node.payloads import EndReason, JsonObject, event, exception
from seraphim.audio_node.playback import Playback, Start
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


@dataclass(slots=True)
class FrameCount:
    """Frames due since `since`: those that were there and those that were not."""

    since: float | None = None
    sent: int = 0
    nulled: int = 0


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
        self.filters = Filters()
        self.credentials: VoiceCredentials | None = None
        self.frames = FrameCount()
        self.turn = asyncio.Lock()
        """Held by who finds out what to play: tracks begin in the order they were asked for."""
        self.next_turn = asyncio.Lock()
        """Held by who finds out what comes next."""
        self._pacer = pacer
        self._open_feed = open_feed
        self._connect_voice = connect_voice
        self._listener = listener
        self._stuck_ms = stuck_ms
        self._playback: Playback | None = None
        self._following: Following | None = None
        self._voice: VoiceConnection | None = None
        self._next_voice: VoiceConnection | None = None
        self._flowing = False
        self._told_title: str | None = None
        self._silence_left = 0
        self._farewells: set[asyncio.Task[None]] = set()
        self._log = _log.bind(guild=guild_id)

    @property
    def track(self) -> JsonObject | None:
        """What is being played, at its position; None for nothing."""
        return None if self._playback is None else self._playback.told

    @property
    def playback(self) -> Playback | None:
        """What is being played: another one for each track that was begun."""
        return self._playback

    @property
    def next_track(self) -> JsonObject | None:
        """What it goes on with; None for nothing."""
        return None if self._following is None else self._following.start.told

    @property
    def is_playing(self) -> bool:
        """Whether it has a track and is not paused."""
        return self._playback is not None and not self.paused

    @property
    def has_track(self) -> bool:
        """Whether it has a track."""
        return self._playback is not None

    @property
    def position_ms(self) -> int:
        """Where the listeners are, or will be when the seek under way is done; 0 for nowhere."""
        return 0 if self._playback is None else self._playback.position_ms

    @property
    def state(self) -> JsonObject:
        """Position and connection now, as a playerUpdate tells them."""
        voice = self._voice
        title = None if self._playback is None else self._playback.title
        return {
            "time": time.time_ns() // 1_000_000,
            "position": self.position_ms,
            "connected": voice is not None and voice.connected,
            "ping": -1 if voice is None else voice.ping_ms,
            **({} if title is None else {"streamTitle": title}),
        }

    # What can be asked of it

    def play(
        self, start: Start, source: MediaSource | Place | MediaError, *, paused: bool = False
    ) -> None:
        """Begin a track, in place of the one that may be playing; nothing follows it then.

        `source` is an error when it is known already that nothing can be heard: that is told like
        any failure, so that a client has one way to learn of it.
        """
        beginning = Following(start, source, self._open_feed)
        if self._following is not None and self._following.can_be(start):
            # What is warm already need not be opened again.
            beginning.warm_from(self._following)
        self._drop("replaced")
        self.paused = paused
        self._begin(beginning)

    def follow(self, start: Start, source: MediaSource | Place | MediaError) -> None:
        """Go on with this track, without a gap, when the one that is playing has finished.

        In place of what was to follow before. Nothing where nothing is playing. It begins as if it
        had been asked for in that moment, and whatever is wrong with it is told then.
        """
        self.follow_nothing()
        if self._playback is not None:
            self._following = Following(start, source, self._open_feed)
            self._warm_up(self._playback)

    def follow_nothing(self) -> None:
        """Be silent when the track that is playing has finished."""
        if self._following is not None:
            self._following.close()
            self._following = None

    def stop(self) -> None:
        """End the track, if there is one."""
        self._drop("stopped")

    def pause(self, paused: bool) -> None:
        """Hold the track where it is, or go on."""
        if paused is self.paused:
            return
        self.paused = paused
        if self._playback is not None:
            # What is left of the old place must not be heard when the track goes on.
            self._playback.settle()
        self._listener.changed(self)
        self._pacer.wake(self)

    def seek(self, position_ms: int) -> None:
        """Go on elsewhere in the track; nothing where there is no track, or one without a length.

        A position past the end ends the track.
        """
        if self._playback is not None:
            self._playback.seek(position_ms, heard=self._is_heard)
            self._listener.changed(self)

    def set_volume(self, volume: int) -> None:
        """Set the volume in percent; what is out of range is taken as the nearest end of it."""
        self.volume = min(max(volume, 0), LOUDEST)
        self._change_sound()

    def set_filters(self, filters: Filters) -> None:
        """Set all filters, in place of those that were set before."""
        self.filters = filters
        self._change_sound()
        self._listener.changed(self)

    def set_end(self, end_ms: int | None) -> None:
        """End the track at a position, or at its end."""
        if self._playback is not None:
            self._playback.end_ms = end_ms

    def set_user_data(self, user_data: JsonObject) -> None:
        """Replace what the client keeps with the track."""
        if self._playback is not None:
            self._playback.user_data = user_data

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
        if self._playback is not None:
            self._playback.waited_ms = 0
        self._listener.changed(self)
        self._pacer.begin(self)

    def voice_changed(self, connection: VoiceConnection) -> None:
        """Tell the client how it stands; the sound goes on."""
        if connection is self._voice:
            self._listener.changed(self)

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
        playback = self._playback
        if playback is None or self.paused:
            return self._hush()
        if not self._is_flowing:
            self._wait_for_voice(playback)
            return True
        frame = playback.take()
        if frame is None:
            if not self._finish_if_over(playback):
                self._starve(playback)
                return True
            # What follows it, if anything does, is due now.
            return self._tick() if self._playback is not None else True
        assert self._voice is not None
        if not self._silence_left:
            self._voice.speak(True)
            if self.frames.since is None:
                self.frames.since = time.monotonic()
        self._silence_left = SILENCE_FRAMES
        self._voice.send(frame)
        self.frames.sent += 1
        if playback.title != self._told_title:
            self._told_title = playback.title
            self._listener.changed(self)
        if playback.past_end or playback.ended:
            # Told with the last frame and not after it: the client has a frame's time to go on.
            self._finish()
        elif self._following is not None:
            self._warm_up(playback)
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

    def _starve(self, playback: Playback) -> None:
        self.frames.nulled += 1
        self._hush()
        playback.waited_ms += FRAME_MS
        if playback.waited_ms >= self._stuck_ms and not playback.stuck:
            playback.stuck = True
            self._log.warning("track.stuck", waited_ms=playback.waited_ms)
            self._listener.emit(
                event(
                    "TrackStuckEvent",
                    self.guild_id,
                    track=playback.told,
                    thresholdMs=self._stuck_ms,
                )
            )
            self._listener.changed(self)

    def _wait_for_voice(self, playback: Playback) -> None:
        if self._finish_if_over(playback):
            return
        playback.waited_ms += FRAME_MS
        if playback.waited_ms >= CLEANUP_MS:
            self._drop("cleanup")

    def _finish_if_over(self, playback: Playback) -> bool:
        """End the track if there is nothing more to come; returns whether it was so."""
        if playback.error is not None:
            self._fail(playback.error)
        elif playback.ended:
            self._finish()
        else:
            return False
        return True

    # Inside

    @property
    def _sound(self) -> Sound:
        return Sound(self.volume, self.filters)

    @property
    def _is_flowing(self) -> bool:
        """Whether a frame can be sent: not while there is no group to encrypt it for."""
        return self._flowing and self._voice is not None and self._voice.sendable

    @property
    def _is_heard(self) -> bool:
        return self._is_flowing and not self.paused

    def _change_sound(self) -> None:
        if self._playback is not None:
            self._playback.change(self._sound, heard=self._is_heard)
        if self._following is not None:
            self._following.change(self._sound)

    def _begin(self, beginning: Following) -> None:
        """Play what may have been warmed up."""
        start, source = beginning.start, beginning.source
        if isinstance(source, MediaError):
            told = start.told
            self._listener.emit(event("TrackStartEvent", self.guild_id, track=told))
            self._tell_end(told, "loadFailed", source)
            return
        beginning.warm_up(self._sound)
        feed = beginning.take_feed()
        assert feed is not None
        self._playback = Playback(start, feed, self._sound)
        self._listener.emit(event("TrackStartEvent", self.guild_id, track=self._playback.told))
        self._listener.changed(self)
        self._pacer.wake(self)

    def _warm_up(self, playback: Playback) -> None:
        """Open what follows when its turn is near."""
        following = self._following
        if following is not None and not following.warm:
            left_ms = playback.left_ms
            if left_ms is None or left_ms <= WARM_MS:
                following.warm_up(self._sound)

    def _finish(self) -> None:
        """End the track at its end, and go on with what follows it."""
        following, self._following = self._following, None
        if following is None:
            self._drop("finished")
            return
        self._drop("finished", next=following.start.told)
        self._begin(following)

    def _drop(self, reason: EndReason, error: MediaError | None = None, **more: object) -> None:
        self.follow_nothing()
        playback = self._playback
        if playback is None:
            return
        told = playback.told
        self._playback = None
        playback.close()
        self._tell_end(told, reason, error, **more)
        self._pacer.wake(self)

    def _fail(self, error: MediaError) -> None:
        """End the track by an exception: `loadFailed` only when nothing of it was heard."""
        if self._playback is not None:
            self._drop("finished" if self._playback.sounded else "loadFailed", error)

    def _tell_end(
        self, told: JsonObject, reason: EndReason, error: MediaError | None, **more: object
    ) -> None:
        if error is not None:
            self._log.warning(
                "track.failed", message=error.message, severity=error.severity, cause=error.cause
            )
            self._listener.emit(
                event("TrackExceptionEvent", self.guild_id, track=told, exception=exception(error))
            )
        self._listener.emit(
            event("TrackEndEvent", self.guild_id, track=told, reason=reason, **more)
        )

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
