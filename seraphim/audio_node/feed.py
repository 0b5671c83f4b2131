"""What the player wants of a decoder: frames when they are due, and the truth when there are none.

The player depends on this and not on the decoders, so that pacing can be tested with frames that
are simply there.
"""

from collections.abc import Callable
from typing import Protocol

from seraphim.audio_node.media import MediaError, MediaSource


class Feed(Protocol):
    """One playing of one source, from some position on."""

    @property
    def ready(self) -> bool:
        """Whether a frame can be taken now."""
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

    def close(self) -> None:
        """Give it up. May be called again."""
        ...


OpenFeed = Callable[[MediaSource, int, int], Feed]
"""Opens a source at a position in ms with a volume in percent; returns at once."""
