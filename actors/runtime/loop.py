"""Which event loop this is, and the little that is asked of it rather than of anyio.

Trio is not imported here, and need not be installed: whoever runs on it has imported it.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol, cast


def on_asyncio() -> bool:
    """Whether the current task is asyncio's (or uvloop's)."""
    try:
        return asyncio.current_task() is not None
    except RuntimeError:
        return False


def monotonic() -> Callable[[], float]:
    """The loop's own clock: the system's on asyncio, trio's, which tests replace, on trio."""
    if on_asyncio():
        return time.monotonic
    return cast("Callable[[], float]", sys.modules["trio"].current_time)


class TrioLowlevel(Protocol):
    """The part of `trio.lowlevel` by which a task is parked and woken."""

    Abort: Any
    current_task: Callable[[], object]
    reschedule: Callable[[object], None]
    wait_task_rescheduled: Callable[[Callable[[object], object]], Any]


def trio_lowlevel() -> TrioLowlevel:
    """Return `trio.lowlevel`, on trio."""
    return cast("TrioLowlevel", sys.modules["trio.lowlevel"])
