"""The one thing that the runtime waits on: set once, waited for once, by one task.

On asyncio it is the loop's own future and nothing around it, since every call on the way of a
message counts; elsewhere it is an event that looks like one. Whatever needs several waiters keeps
several latches.
"""

import asyncio
from collections.abc import Callable, Generator
from typing import Any, Protocol

import anyio

from actors.runtime.clock import on_asyncio


class Latch(Protocol):
    """Set once, waited for once: the part of `asyncio.Future` that the runtime uses."""

    def done(self) -> bool:
        """Whether it is set, or (on asyncio) whoever waited was cancelled."""
        ...

    def set_result(self, result: Any, /) -> None:
        """Let the waiter go, now or when it comes. Not when it is done."""
        ...

    def __await__(self) -> Generator[Any, Any, Any]:
        """Return the result when it is set; at once, without yielding, if it is already."""
        ...


def release(latch: Latch) -> None:
    """Let the waiter go, if it still waits."""
    if not latch.done():
        latch.set_result(None)


class _EventLatch:
    __slots__ = ("_event", "_result")

    def __init__(self) -> None:
        self._event = anyio.Event()
        self._result: Any = None

    def done(self) -> bool:
        return self._event.is_set()

    def set_result(self, result: Any, /) -> None:
        self._result = result
        self._event.set()

    def __await__(self) -> Generator[Any, Any, Any]:
        if not self._event.is_set():
            yield from self._event.wait().__await__()
        return self._result


class Latches:
    """Makes latches for the event loop in which it was made."""

    __slots__ = ("new",)

    def __init__(self) -> None:
        self.new: Callable[[], Latch] = (
            asyncio.get_running_loop().create_future if on_asyncio() else _EventLatch
        )
