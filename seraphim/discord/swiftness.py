"""How fast one person may invoke: commands and buttons together, whatever guild they are in.

A bucket that refills: some at once are fine, and then as many as anybody who waits to see what
became of the last one. Nobody is remembered longer than it takes their bucket to be full again.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

AT_ONCE = 20
PER_SECOND = 2.0


class Swiftness:
    """The buckets of all who have invoked something just now."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # When each one's bucket is full again, the least recent first.
        self._full_at: OrderedDict[int, float] = OrderedDict()

    def take(self, user: int) -> int:
        """Take one from the user's bucket; return how many seconds to wait if it is empty."""
        now = self._clock()
        self._forget(now)
        full_at = max(now, self._full_at.get(user, now)) + 1 / PER_SECOND
        over = full_at - now - AT_ONCE / PER_SECOND
        if over > 0:
            return math.ceil(over)
        self._full_at[user] = full_at
        self._full_at.move_to_end(user)
        return 0

    def _forget(self, now: float) -> None:
        """Forget those in front whose buckets are full; the rest is looked at later."""
        while self._full_at and next(iter(self._full_at.values())) <= now:
            self._full_at.popitem(last=False)
