"""The one thing that the runtime waits on: set once, waited for once, by one task.

On asyncio it is the loop's own future, which costs a third of an `anyio.Event`; elsewhere it is
that event. Whatever needs several waiters keeps several latches.
"""

import asyncio
from collections.abc import Awaitable
from typing import Protocol

import anyio

from actors.runtime.clock import on_asyncio


class Latch(Protocol):
    """Set once, waited for once."""

    def set(self) -> None:
        """Let the waiter go, now or when it comes. Setting it again does nothing."""
        ...

    def wait(self) -> Awaitable[object]:
        """Return when it is set; at once, without yielding, if it is already."""
        ...


class _FutureLatch:
    __slots__ = ("_future",)

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._future = loop.create_future()

    def set(self) -> None:
        if not self._future.done():
            self._future.set_result(None)

    def wait(self) -> Awaitable[object]:
        return self._future


class _EventLatch:
    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event = anyio.Event()

    def set(self) -> None:
        self._event.set()

    async def wait(self) -> object:
        if not self._event.is_set():
            await self._event.wait()
        return None


class Latches:
    """Makes latches for the event loop in which it was made."""

    __slots__ = ("_loop",)

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop() if on_asyncio() else None

    def new(self) -> Latch:
        """Return a fresh latch."""
        return _EventLatch() if self._loop is None else _FutureLatch(self._loop)
