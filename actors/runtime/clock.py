"""Time, as the runtime sees it: one small seam, so that a test can hold it in its hands."""

from collections.abc import Callable
from typing import Protocol

import anyio

from actors.runtime.loop import monotonic


class Clock(Protocol):
    """A monotonic clock in seconds, and sleeping by it."""

    @property
    def now(self) -> Callable[[], float]:
        """The time, in seconds since some moment of the past."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        ...


class LoopClock:
    """The event loop's own time: trio's clock on trio, the system's monotonic one on asyncio.

    Make it inside the loop that it is for.
    """

    def __init__(self) -> None:
        self.now: Callable[[], float] = monotonic()

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        await anyio.sleep(seconds)
