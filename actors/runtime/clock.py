"""Time, as the runtime sees it: one small seam, so that a test can hold it in its hands."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

import anyio


def on_asyncio() -> bool:
    """Whether the current task is asyncio's (or uvloop's)."""
    try:
        return asyncio.current_task() is not None
    except RuntimeError:
        return False


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
        self.now: Callable[[], float] = time.monotonic if on_asyncio() else anyio.current_time

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        await anyio.sleep(seconds)
