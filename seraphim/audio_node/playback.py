"""A track as its listeners hear it: the feed that sounds, the one that takes over, the position.

Position is counted in frames taken, never read from a clock: it is where the listeners are. A seek
or a change of volume opens a second feed and lets the first play on until the second has a frame,
so that neither leaves a hole. After a change of volume the second feed first skips what was heard
of the first meanwhile.
"""

from dataclasses import dataclass, replace
from typing import Final

from seraphim.audio_node.feed import Feed, OpenFeed
from seraphim.audio_node.media import MediaError, MediaSource
from seraphim.audio_node.payloads import JsonObject, track
from seraphim.audio_node.track import TrackInfo
from seraphim.voice import FRAME_MS

__all__ = ["Playback", "Start"]


@dataclass(frozen=True, slots=True)
class Start:
    """What to play, and how."""

    info: TrackInfo
    encoded: str
    user_data: JsonObject
    end_ms: int | None = None


@dataclass(slots=True)
class _Next:
    """A feed that takes over: by a seek, or `catching_up` with where the other one is by then."""

    feed: Feed
    position_ms: int
    catching_up: bool


class Playback:
    """One playing of one track, from its start on; `close` it when it is over.

    `gain` is the volume in percent. `heard` says whether what is taken reaches anybody now: where
    it does not, a new feed takes over at once, since the frames of the old place must not be heard
    later either.
    """

    def __init__(
        self, start: Start, source: MediaSource, open_feed: OpenFeed, *, gain: int
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
        self._source: Final = source
        self._open_feed: Final = open_feed
        self._position_ms = 0 if start.info.stream else max(0, start.info.position_ms)
        self._feed = open_feed(source, self._position_ms, gain)
        self._next: _Next | None = None

    @property
    def position_ms(self) -> int:
        """Where the listeners are, or will be when the seek under way is done."""
        seek = self._seek_under_way
        return self._position_ms if seek is None else seek.position_ms

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
        return self._next.feed.ended or (self._next.catching_up and self._feed.ended)

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
        self._let_take_over()
        frame = self._feed.take()
        if frame is None:
            if self._feed.ended or self._feed.error is not None:
                # There is nothing more at the old place: what the new one says counts.
                self.settle()
            return None
        self._position_ms += FRAME_MS
        self.sounded = True
        self.waited_ms = 0
        self.stuck = False
        return frame

    def seek(self, position_ms: int, *, gain: int, heard: bool) -> None:
        """Go on at a position; nothing for what has no length. Past the end is the end."""
        if not self._info.stream:
            self._reopen(max(0, position_ms), gain, catching_up=False, heard=heard)

    def regain(self, gain: int, *, heard: bool) -> None:
        """Go on at another volume: where it is by then, or where the seek under way goes."""
        catching_up = self._seek_under_way is None
        self._reopen(self.position_ms, gain, catching_up=catching_up, heard=heard)

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
    def _seek_under_way(self) -> _Next | None:
        return None if self._next is None or self._next.catching_up else self._next

    def _reopen(self, position_ms: int, gain: int, *, catching_up: bool, heard: bool) -> None:
        if self._next is not None:
            self._next.feed.close()
        feed = self._open_feed(self._source, 0 if self._info.stream else position_ms, gain)
        self._next = _Next(feed, position_ms, catching_up)
        if not heard:
            self._swap(self._next)

    def _let_take_over(self) -> None:
        coming = self._next
        if coming is None:
            return
        if self._info.stream:
            # A stream is opened where it is now, and goes on from there.
            coming.position_ms = self._position_ms
        elif coming.catching_up:
            while coming.position_ms < self._position_ms and coming.feed.take() is not None:
                coming.position_ms += FRAME_MS
        level = not coming.catching_up or coming.position_ms >= self._position_ms
        if (level and coming.feed.ready) or coming.feed.ended or coming.feed.error is not None:
            self._swap(coming)

    def _swap(self, coming: _Next) -> None:
        self._feed.close()
        self._feed, self._position_ms = coming.feed, coming.position_ms
        self._next = None
