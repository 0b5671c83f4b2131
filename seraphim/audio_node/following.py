"""The track that a player goes on with by itself, so that no silence is between the two.

Its decoder is started shortly before it is needed and not when it is announced: an announcement
may stand for hours, while an address expires, a connection is dropped, and a radio moves on.
"""

from typing import Final

from seraphim.audio_node.feed import Feed, OpenFeed
from seraphim.audio_node.filters import Sound
from seraphim.audio_node.media import MediaError, MediaSource, Place
from seraphim.audio_node.playback import Start

__all__ = ["WARM_MS", "Following"]

WARM_MS: Final = 20_000
"""How long before its turn it is opened: enough for a slow server, too little to expire."""


class Following:
    """One track that comes next; `close` it unless its feed was taken."""

    def __init__(
        self, start: Start, source: MediaSource | Place | MediaError, open_feed: OpenFeed
    ) -> None:
        self.start: Final = start
        self.source: Final = source
        self._open_feed: Final = open_feed
        self._sound: Sound | None = None
        self._feed: Feed | None = None

    @property
    def warm(self) -> bool:
        """Whether it was opened, as far as it can be."""
        return self._sound is not None

    def warm_up(self, sound: Sound) -> None:
        """Begin to decode it, or begin again with another sound."""
        if self._sound is not None and self._sound.alters == sound.alters:
            return
        self._sound = sound
        if isinstance(self.source, MediaError):
            return
        before, start_ms = self._feed, self.start.position_ms
        if before is None:
            self._feed = self._open_feed(self.source, start_ms, sound)
        else:
            self._feed = before.reopen(start_ms, sound)
            before.close()

    def change(self, sound: Sound) -> None:
        """Have another sound when its turn comes."""
        if self.warm:
            self.warm_up(sound)

    def can_be(self, start: Start) -> bool:
        """Whether another beginning is of the same media at the same place."""
        ours = self.start
        return (start.encoded, start.position_ms) == (ours.encoded, ours.position_ms)

    def warm_from(self, other: "Following") -> None:
        """Take over what another one decoded of the same beginning."""
        self._sound, self._feed = other._sound, other.take_feed()  # noqa: SLF001

    def take_feed(self) -> Feed | None:
        """Give what is decoded, if there is any; it is the caller's to close from now on."""
        feed, self._feed = self._feed, None
        return feed

    def close(self) -> None:
        """Give it up."""
        if (feed := self.take_feed()) is not None:
            feed.close()
