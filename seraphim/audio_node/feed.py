"""What the player wants of a decoder: frames when they are due, and the truth when there are none.

The player depends on this and not on the decoders, so that pacing can be tested with frames that
are simply there.
"""

from collections.abc import Callable
from typing import Protocol

from seraphim.audio_node.filters import Sound
from seraphim.audio_node.media import MediaError, MediaSource, Place


class Feed(Protocol):
    """One playing of one source, from some position on."""

    @property
    def ready(self) -> bool:
        """Whether a frame can be taken now."""
        ...

    @property
    def title(self) -> str | None:
        """What the station says of the frame that was taken last; None if it says nothing."""
        ...

    @property
    def ended(self) -> bool:
        """Whether the media is over and all its frames were taken."""
        ...

    @property
    def error(self) -> MediaError | None:
        """Why there will be no more frames, once those before the failure were taken."""
        ...

    def take(self) -> bytes | None:
        """Take the next 20 ms of Opus; None when there are none now. Never waits."""
        ...

    def splice(self, margin: int) -> tuple[bytes, ...] | None:
        """Give the latest frames, up to the one that will be taken after `margin` more.

        None when that one is not there yet.
        """
        ...

    def reopen(self, start_ms: int, sound: Sound, *, splice: tuple[bytes, ...] = ()) -> "Feed":
        """Open the same source again; returns at once.

        This feed's work is left for that: it keeps the frames it has and gets no more, and is to be
        closed all the same. With a `splice` the new sound goes over from the sound of these frames,
        and its first frame belongs in the place of the last of them.
        """
        ...

    def close(self) -> None:
        """Give it up. May be called again."""
        ...


OpenFeed = Callable[[MediaSource | Place, int, Sound], Feed]
"""Opens a source at a position in ms, found out where it is first if need be; returns at once."""
