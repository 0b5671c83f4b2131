"""Waiting for the sandbox to come into some state.

Everything that changes says so here, and whoever waits looks again. A condition variable per kind
of change was rejected: predicates of tests span messages, voice states and what was heard, and
looking again costs microseconds. What voice channels hear does not announce itself, being a packet
every 20 ms; it is looked at on the clock.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_LOOK_AGAIN_SECONDS = 0.05


class Changes:
    """Who waits for what."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Event] = set()

    def notify(self) -> None:
        """Something has changed."""
        for event in self._waiting:
            event.set()

    async def until(self, predicate: Callable[[], T], *, timeout: float) -> T:
        """Wait for `predicate` to come true and return what it returned.

        It is asked at once, after each change and on the clock; what it raises is raised here.
        Raises TimeoutError when it is not true within `timeout` seconds.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        changed = asyncio.Event()
        self._waiting.add(changed)
        try:
            while not (value := predicate()):
                left = deadline - loop.time()
                if left <= 0:
                    raise TimeoutError(f"it did not come true within {timeout} s")
                try:
                    async with asyncio.timeout(min(left, _LOOK_AGAIN_SECONDS)):
                        await changed.wait()
                except TimeoutError:
                    continue
                changed.clear()
            return value
        finally:
            self._waiting.discard(changed)
