"""How much is read of what may be no media at all, before that is known."""

from typing import Final

from seraphim.audio_node.media import MediaError

__all__ = ["PROBE_BYTES", "Probed"]

PROBE_BYTES: Final = 32 << 20


class Probed:
    """A reader whose bytes are counted while they are probed."""

    def __init__(self) -> None:
        self.budget: int | None = PROBE_BYTES
        """Bytes that may still be read; None once the media is open."""

    def _spend(self, size: int) -> None:
        """Count bytes that were read; raises `MediaError` from the one on that is too many."""
        if self.budget is not None:
            self.budget -= size
            if self.budget < 0:
                raise MediaError(
                    "This is not audio that can be played.", "common", "nothing found while probing"
                )
