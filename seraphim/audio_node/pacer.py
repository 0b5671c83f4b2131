"""The one clock of all players: a tick each 20 ms, for as long as anybody has something to send.

One timer for all instead of a task each: half the CPU at sixty players. The ticks are due at fixed
times (the n-th 20 ms x n after the first), so that a late one does not make the next ones late too.
After a delay the missed ticks are made up for at twice the speed, which a listener's jitter buffer
takes for ordinary network weather; they are never sent in one burst. A delay longer than
`FORGIVEN_SECONDS` (a machine that slept) is not made up for: the clock starts anew.
"""

import asyncio
from typing import Final, Protocol

from seraphim.voice import FRAME_MS

PERIOD: Final = FRAME_MS / 1000
SHORTEST: Final = PERIOD / 2
FORGIVEN_SECONDS: Final = 0.5


class Paced(Protocol):
    """What has something to do each 20 ms."""

    def tick(self) -> bool:
        """Do it; returns whether there will be more. Must neither wait nor raise."""
        ...


class Pacer:
    """Ticks for all who asked to be woken. Belongs to the running event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._paced: dict[Paced, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    def wake(self, paced: Paced) -> None:
        """Tick for `paced` until it says that there is no more; the first tick comes soon."""
        self._paced[paced] = None
        if self._timer is None:
            self._start()

    def begin(self, paced: Paced) -> None:
        """The same for who has sent nothing yet: who is alone need not wait for the next tick."""
        if self._timer is not None and self._paced.keys() <= {paced}:
            self._timer.cancel()
            self._timer = None
        self.wake(paced)

    def forget(self, paced: Paced) -> None:
        """Tick for it no more."""
        self._paced.pop(paced, None)

    def close(self) -> None:
        """Tick for nobody."""
        self._paced.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _start(self) -> None:
        self._due = self._loop.time()
        self._timer = self._loop.call_at(self._due, self._tick)

    def _tick(self) -> None:
        started = self._loop.time()
        if started - self._due > FORGIVEN_SECONDS:
            self._due = started
        self._due += PERIOD
        # Set before anybody is asked: one that raised all the same would stop the clock for all.
        at = max(self._due, started + SHORTEST)
        self._timer = self._loop.call_at(at, self._tick)
        for paced in tuple(self._paced):
            if not paced.tick():
                self._paced.pop(paced, None)
        if not self._paced:
            self._timer.cancel()
            self._timer = None
