"""Answers that are remembered for a while, and asked for once however many want them at once.

Whoever asks may stop waiting; the others, and whoever asks next, get the answer all the same.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")

__all__ = ["Memory"]


class Memory(Generic[Key, Value]):
    """The answers of a slow question.

    Parameters
    ----------
    ask
        Asks it. What it raises is raised for all who wait, and not remembered.
    keep_seconds
        How long an answer is good for, from now on.
    most
        How many are remembered; the one that was not wanted for longest goes first.
    """

    def __init__(
        self,
        ask: Callable[[Key], Awaitable[Value]],
        *,
        keep_seconds: Callable[[Value], float],
        most: int,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._keep_seconds = keep_seconds
        self._most = most
        self._now = now
        self._answers: OrderedDict[Key, tuple[Value, float]] = OrderedDict()
        self._asking: dict[Key, asyncio.Task[Value]] = {}

    async def get(self, key: Key) -> Value:
        """Give the answer; raises what asking raises."""
        known = self._answers.get(key)
        if known is not None and self._now() < known[1]:
            self._answers.move_to_end(key)
            return known[0]
        asking = self._asking.get(key)
        if asking is None:
            asking = self._asking[key] = asyncio.create_task(self._find(key))
            asking.add_done_callback(lambda _: self._asking.pop(key, None))
            # Of a failure that nobody waits for any more, nobody need hear.
            asking.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await asyncio.shield(asking)

    def forget(self, key: Key) -> None:
        """Ask anew next time."""
        self._answers.pop(key, None)

    async def _find(self, key: Key) -> Value:
        value = await self._ask(key)
        self._answers[key] = value, self._now() + self._keep_seconds(value)
        self._answers.move_to_end(key)
        while len(self._answers) > self._most:
            self._answers.popitem(last=False)
        return value
