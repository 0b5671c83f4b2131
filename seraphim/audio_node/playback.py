"""A track as its listeners hear it: the feed that sounds, the one that takes over, the position.

Position is counted in frames taken, never read from a clock: it is where the listeners are. A seek
or another sound opens a second feed, which is to take over a frame or two later, at a frame that is
agreed upon beforehand: its decoder is told what is heard until then, and goes over from that
without a click. Until then the first feed plays on. A feed that comes too late for its frame is
asked for again, further ahead; the decoder has all at hand by then.
"""

from dataclasses import dataclass, replace
from typing import Final

from seraphim.audio_node.feed import Feed
from seraphim.audio_node.filters import Sound
from seraphim.audio_node.media import MediaError
from seraphim.audio_node.payloads import JsonObject, track
from seraphim.audio_node.track import TrackInfo
from seraphim.voice import FRAME_MS

__all__ = ["Playback", "Start"]

MARGIN: Final = 1
"""Frames that the old sound goes on for, so that the decoder has one tick and a bit."""

LONGEST_MARGIN: Final = 16


@dataclass(frozen=True, slots=True)
class Start:
    """What to play, and how."""

    info: TrackInfo
    encoded: str
    user_data: JsonObject
    end_ms: int | None = None

    @property
    def position_ms(self) -> int:
        """Where it begins; what has no length begins where it is."""
        return 0 if self.info.stream else max(0, self.info.position_ms)

    @property
    def told(self) -> JsonObject:
        """The track as a client is told of it before it is played."""
        return track(self.info, encoded=self.encoded, user_data=self.user_data)


@dataclass(slots=True)
class _Next:
    """A feed that takes over: by a seek, or by another sound of where the listeners are then.

    It is due after `due` more frames of the old one, and spliced to them; or, when None, as soon as
    it can be.
    """

    feed: Feed
    sound: Sound
    position_ms: float
    seek: bool
    margin: int
    due: int | None


class Playback:
    """One playing of one track; `close` it when it is over.

    `feed` is of that track, from where `start` says, with that `sound`.

    `heard`, wherever it is asked for, says whether what is taken reaches anybody now: where it does
    not, a new feed takes over at once, since the frames of the old place must not be heard later
    either.
    """

    def __init__(
        self,
        start: Start,
        feed: Feed,
        sound: Sound,
    ) -> None:
        self.user_data = start.user_data
        self.end_ms = start.end_ms
        self.sounded = False
        """Whether a frame of it was taken."""
        self.waited_ms = 0
        """How long it stands still by now."""
        self.stuck = False
        """Whether that was told."""
        self._info: Final = start.info
        self._encoded: Final = start.encoded
        self._sound = sound
        self._position_ms = float(start.position_ms)
        self._feed = feed
        self._step = FRAME_MS * sound.tempo
        self._next: _Next | None = None

    @property
    def position_ms(self) -> int:
        """Where the listeners are, or will be when the seek under way is done."""
        seek = self._seek_under_way
        return round(self._position_ms if seek is None else seek.position_ms)

    @property
    def title(self) -> str | None:
        """What the station says is heard now; None if it says nothing."""
        return self._feed.title

    @property
    def left_ms(self) -> float | None:
        """How long it still sounds, as far as is known."""
        end = self._info.length_ms
        if self.end_ms is not None and (end is None or self.end_ms < end):
            end = self.end_ms
        if end is None:
            return None
        return max(0.0, (end - self.position_ms) / self._newest_sound.tempo)

    @property
    def told(self) -> JsonObject:
        """The track, at its position, as a client is told of it."""
        info = replace(self._info, position_ms=self.position_ms)
        return track(info, encoded=self._encoded, user_data=self.user_data)

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to take."""
        if self._next is None:
            return self._feed.ended
        # What catches up would have nothing more to give either.
        return self._next.feed.ended or (not self._next.seek and self._feed.ended)

    @property
    def past_end(self) -> bool:
        """Whether the position it was to end at is reached."""
        return self.end_ms is not None and self._position_ms >= self.end_ms

    @property
    def error(self) -> MediaError | None:
        """Why there is nothing more to take, if it failed."""
        return self._feed.error if self._next is None else self._next.feed.error

    def take(self) -> bytes | None:
        """Take the next frame; None when there is none now."""
        if self._next is not None:
            self._let_take_over(self._next)
        frame = self._feed.take()
        if frame is None:
            if self._feed.ended or self._feed.error is not None:
                # There is nothing more at the old place: what the new one says counts.
                self.settle()
            return None
        if self._next is not None and self._next.due is not None:
            self._next.due -= 1
        self._position_ms += self._step
        self.sounded = True
        self.waited_ms = 0
        self.stuck = False
        return frame

    def seek(self, position_ms: int, *, heard: bool) -> None:
        """Go on at a position; nothing for what has no length. Past the end is the end."""
        if not self._info.stream:
            self._change(self._newest_sound, float(max(0, position_ms)), MARGIN, heard=heard)

    def change(self, sound: Sound, *, heard: bool) -> None:
        """Go on with another sound: where it is by then, or where the seek under way goes."""
        if sound.alters == self._newest_sound.alters:
            return
        seek = self._seek_under_way
        self._change(sound, None if seek is None else seek.position_ms, MARGIN, heard=heard)

    def settle(self) -> None:
        """Be where the seek under way goes, if there is one, with a frame there or without."""
        if (seek := self._seek_under_way) is not None:
            self._swap(seek)

    def close(self) -> None:
        """Give its feeds up."""
        self._feed.close()
        if self._next is not None:
            self._next.feed.close()

    @property
    def _newest_sound(self) -> Sound:
        return self._sound if self._next is None else self._next.sound

    @property
    def _seek_under_way(self) -> _Next | None:
        return self._next if self._next is not None and self._next.seek else None

    def _change(self, sound: Sound, position_ms: float | None, margin: int, *, heard: bool) -> None:
        """Let another feed take over, at a position or at the one that is reached by then."""
        splice = self._feed.splice(margin) if heard else None
        due = None if splice is None else margin
        at = self._position_ms + (due or 0) * self._step if position_ms is None else position_ms
        before = self._feed if self._next is None else self._next.feed
        feed = before.reopen(round(at), sound, splice=splice or ())
        if self._next is not None:
            self._next.feed.close()
        self._next = _Next(feed, sound, at, position_ms is not None, margin, due)
        if not heard:
            self._swap(self._next)

    def _let_take_over(self, coming: _Next) -> None:
        if coming.feed.ended or coming.feed.error is not None:
            self._swap(coming)
        elif not coming.feed.ready:
            return
        elif coming.due is None or not self._feed.ready:
            self._catch_up(coming)
        elif coming.due == 0:
            self._swap(coming)
        elif coming.due < 0:
            # Too late for what it was spliced to.
            position_ms = coming.position_ms if coming.seek else None
            margin = min(coming.margin * 2, LONGEST_MARGIN)
            self._change(coming.sound, position_ms, margin, heard=True)

    def _catch_up(self, coming: _Next) -> None:
        """Take over as soon as can be: where nothing was heard there is nothing to go on from."""
        step = FRAME_MS * coming.sound.tempo
        if not coming.seek:
            while coming.position_ms + step / 2 < self._position_ms:
                if coming.feed.take() is None:
                    return
                coming.position_ms += step
        if coming.feed.ready:
            self._swap(coming)

    def _swap(self, coming: _Next) -> None:
        self._feed.close()
        self._feed, self._sound = coming.feed, coming.sound
        self._step = FRAME_MS * coming.sound.tempo
        self._position_ms = coming.position_ms
        self._next = None
