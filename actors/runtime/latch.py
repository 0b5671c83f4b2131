"""The one thing that the runtime waits on: set once, waited for once, by one task.

On asyncio it is the loop's own future and nothing around it, since every call on the way of a
message counts; on trio it parks the task that waits. An `anyio.Event` was measured at twice the
price on both. Whatever needs several waiters keeps several latches.
"""

import asyncio
from asyncio import InvalidStateError
from collections.abc import Callable, Generator
from functools import partial
from typing import Any, Protocol

from actors.runtime.loop import TrioLowlevel, on_asyncio, trio_lowlevel


class Latch(Protocol):
    """Set once, waited for once: the part of `asyncio.Future` that the runtime uses."""

    def done(self) -> bool:
        """Whether it is set, or (on asyncio) whoever waited was cancelled."""
        ...

    def set_result(self, result: Any, /) -> None:
        """Let the waiter go, now or when it comes; raises `InvalidStateError` if it is done."""
        ...

    def __await__(self) -> Generator[Any, Any, Any]:
        """Return the result when it is set; at once, without yielding, if it is already."""
        ...


def release(latch: Latch) -> None:
    """Let the waiter go, if it still waits."""
    if not latch.done():
        latch.set_result(None)


class _ParkedTask:
    """A latch on trio."""

    __slots__ = ("_done", "_result", "_task", "_trio")

    def __init__(self, trio: TrioLowlevel) -> None:
        self._trio = trio
        self._task: object = None
        self._done = False
        self._result: Any = None

    def done(self) -> bool:
        return self._done

    def set_result(self, result: Any, /) -> None:
        if self._done:
            raise InvalidStateError
        self._done = True
        self._result = result
        task, self._task = self._task, None
        if task is not None:
            self._trio.reschedule(task)

    def __await__(self) -> Generator[Any, Any, Any]:
        if not self._done:
            self._task = self._trio.current_task()
            yield from self._trio.wait_task_rescheduled(self._abort).__await__()
        return self._result

    def _abort(self, _: object) -> object:
        self._task = None
        return self._trio.Abort.SUCCEEDED


class Latches:
    """Makes latches for the event loop in which it was made."""

    __slots__ = ("new",)

    def __init__(self) -> None:
        self.new: Callable[[], Latch] = (
            asyncio.get_running_loop().create_future
            if on_asyncio()
            else partial(_ParkedTask, trio_lowlevel())
        )
