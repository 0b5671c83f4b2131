"""Everything that is due later: one heap and one sleeping task for the whole system.

Ask timeouts, restart delays, shutdown deadlines and actors' timers are entries of the same heap. A
cancel scope with a deadline per ask was measured at twice the price, and a task per timer at more.
Cancelled entries stay until they are due or outnumber the others, so cancelling is cheap and wakes
nobody; and one that is still the last of the heap, as an ask's is when nothing else goes on, is
taken off again at once.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from heapq import heapify, heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, Generic, Never, TypeVar

import anyio

from actors.runtime.latch import Latch, Latches, release

if TYPE_CHECKING:
    from actors.runtime.clock import Clock
    from actors.runtime.incarnation import Incarnation

MessageT_contra = TypeVar("MessageT_contra", contravariant=True)

_TIDY = 64


class Due(ABC):
    """Something that is due at a time. It must neither block nor raise."""

    __slots__ = ("pending",)

    pending: bool
    """Whether it waits for its time, and was not cancelled."""

    @abstractmethod
    def expire(self) -> None:
        """The time has come."""


class Deadline(Due):
    """Something to be called at a time, unless it is cancelled before."""

    __slots__ = ("_call", "_deadlines")

    def __init__(self, deadlines: "Deadlines", call: Callable[[], None]) -> None:
        self._deadlines = deadlines
        self._call: Callable[[], None] | None = call

    def cancel(self) -> None:
        """Never call it. Does nothing once it was called."""
        self._call = None
        self._deadlines.cancel(self)

    def expire(self) -> None:
        """Call it."""
        call, self._call = self._call, None
        if call is not None:
            call()


class Deadlines:
    """The heap, and the task that sleeps until its first entry is due."""

    __slots__ = (
        "_cancelled",
        "_clock",
        "_heap",
        "_idle",
        "_latches",
        "_now",
        "_sequence",
        "_sleep",
        "_wakes_at",
    )

    def __init__(self, clock: "Clock", latches: "Latches") -> None:
        self._clock = clock
        self._now = clock.now
        self._latches = latches
        self._heap: list[tuple[float, int, Due]] = []
        self._sequence = count()
        self._cancelled = 0
        self._wakes_at = math.inf
        self._idle: Latch | None = None
        self._sleep: anyio.CancelScope | None = None

    def after(self, seconds: float, call: Callable[[], None]) -> Deadline:
        """Call `call` in `seconds`; those due at the same time in the order of these calls."""
        deadline = Deadline(self, call)
        self.push(seconds, deadline)
        return deadline

    def push(self, seconds: float, due: Due) -> None:
        """Let `due` expire in `seconds`."""
        due.pending = True
        when = self._now() + seconds
        heappush(self._heap, (when, next(self._sequence), due))
        if when < self._wakes_at:
            self._wake_at(when)

    def _wake_at(self, when: float) -> None:
        self._wakes_at = when
        if self._idle is not None:
            release(self._idle)
        elif self._sleep is not None:
            self._sleep.cancel()

    def __len__(self) -> int:
        return len(self._heap)

    def cancel(self, due: Due) -> None:
        """Never let `due` expire, if it has not; tidy up when most entries are cancelled."""
        if not due.pending:
            return
        due.pending = False
        heap = self._heap
        if heap[-1][2] is due:
            heap.pop()
            return
        self._cancelled += 1
        if self._cancelled > _TIDY and self._cancelled * 2 > len(heap):
            self._heap = [entry for entry in heap if entry[2].pending]
            heapify(self._heap)
            self._cancelled = 0

    async def run(self) -> None:
        """Call what is due, until cancelled."""
        while True:
            self._wakes_at = self._call_due()
            if self._wakes_at == math.inf:
                self._idle = self._latches.new()
                await self._idle
                self._idle = None
            else:
                with anyio.CancelScope() as self._sleep:
                    await self._clock.sleep(max(0.0, self._wakes_at - self._now()))
                self._sleep = None

    def _call_due(self) -> float:
        """Call what is due; return when the next entry is, be it cancelled, or infinity."""
        while self._heap:
            when, _, due = self._heap[0]
            if when > self._now():
                return when
            heappop(self._heap)
            if due.pending:
                due.pending = False
                due.expire()
            else:
                self._cancelled -= 1
        return math.inf


class Tick:
    """A timer's message in a mailbox. It is dropped unless its timer still means it."""

    __slots__ = ("deadline", "key", "message", "timers")

    def __init__(self, timers: "Timers[Never]", key: Hashable, message: object) -> None:
        self.timers = timers
        self.key = key
        self.message = message
        self.deadline: Deadline | None = None

    def due(self) -> None:
        """Queue up; the mailbox's bound is for others."""
        self.timers.incarnation.push(self)

    def claim(self) -> bool:
        """Whether it is still meant, which it is once."""
        return self.timers.claim(self)


class Timers(Generic[MessageT_contra]):
    """An actor's timers, by key. They end with the incarnation.

    A message whose timer was replaced or cancelled is never handled, even if it was already queued.
    """

    __slots__ = ("_ticks", "incarnation")

    def __init__(self, incarnation: "Incarnation") -> None:
        self.incarnation = incarnation
        self._ticks: dict[Hashable, Tick] = {}

    def start(self, key: Hashable, seconds: float, message: MessageT_contra) -> None:
        """Send the actor `message` in `seconds`, instead of what `key` stood for before."""
        self.cancel(key)
        tick = Tick(self, key, message)
        self._ticks[key] = tick
        tick.deadline = self.incarnation.system.deadlines.after(seconds, tick.due)

    def cancel(self, key: Hashable) -> None:
        """Forget `key`'s message, if there is one."""
        tick = self._ticks.pop(key, None)
        if tick is not None and tick.deadline is not None:
            tick.deadline.cancel()

    def cancel_all(self) -> None:
        """Forget all."""
        for key in tuple(self._ticks):
            self.cancel(key)

    def claim(self, tick: Tick) -> bool:
        """Whether `tick` is still what its key stands for; if so, it no longer is."""
        if self._ticks.get(tick.key) is not tick:
            return False
        del self._ticks[tick.key]
        return True

    def __contains__(self, key: Hashable) -> bool:
        return key in self._ticks
