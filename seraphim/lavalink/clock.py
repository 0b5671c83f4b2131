"""A node's clock, which need not go as ours does.

A node says when a position was true by its own clock. Half a minute off, as machines are that
nobody keeps in time, and a song would go on half a minute too far after the next outage.
"""

import math
import time

WINDOW_MS = 30_000


class NodeClock:
    """Tells when, by our clock, it was that a node says.

    What it says of itself arrives a little later than it was said. The least that its clock was
    ever behind ours at an arrival is how far it is behind, but for the fastest of the ways; the
    last minute counts alone, so that a clock which was put right is believed soon.
    """

    __slots__ = ("_before", "_least", "_since")

    def __init__(self) -> None:
        self._since = -math.inf
        self._before = self._least = math.inf

    def ours(self, theirs: int, now: int | None = None) -> int:
        """Return the time of our clock for `theirs`, which has just arrived; both in ms.

        Never later than `now`, which is the machine's unless a test says another.
        """
        now = time.time_ns() // 1_000_000 if now is None else now
        if not self._since <= now < self._since + WINDOW_MS:
            self._since, self._before, self._least = now, self._least, math.inf
        self._least = min(self._least, now - theirs)
        return theirs + int(min(self._before, self._least))
