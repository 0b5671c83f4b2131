"""Everything that is due later: one heap and one sleeping task for the whole system.

Ask timeouts, restart delays, shutdown deadlines and actors' timers are entries of the same heap. A
cancel scope with a deadline per ask was measured at twice the price, and a task per timer at more.

Nearly every entry is cancelled long before it is due, so both are made cheap, and the sorting is
put off: what comes is appended to a list (or takes the last one's place, if that was cancelled), to
cancel is to say so, and only when the list is long or something is due does whatever still pends go
into the heap.
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

_FEW = 128


class Due(ABC):
    """Something that is due at a time. It must neither block nor raise."""

    __slots__ = ("pending", "when")

    pending: bool
    """Whether it waits for its time. To cancel it is to make this false."""

    when: float

    @abstractmethod
    def expire(self) -> None:
        """The time has come."""


class Deadline(Due):
    """Something to be called at a time, unless it is cancelled before."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable[[], None]) -> None:
        self._call: Callable[[], None] | None = call

    def cancel(self) -> None:
        """Never call it. Does nothing once it was called."""
        self.pending = False
        self._call = None

    def expire(self) -> None:
        """Call it."""
        call, self._call = self._call, None
        if call is not None:
            call()


class Deadlines:
    """The heap, and the task that sleeps until its first entry is due.

    `ActorRef.ask` cannot afford a call, and does what `after` does by itself.
    """

    __slots__ = (
        "_clock",
        "_heap",
        "_idle",
        "_latches",
        "_sequence",
        "_sleep",
        "many",
        "now",
        "unsorted",
        "wakes_at",
    )

    def __init__(self, clock: "Clock", latches: Latches) -> None:
        self._clock = clock
        self.now = clock.now
        self._latches = latches
        self.unsorted: list[Due] = []
        self.many = _FEW
        self._heap: list[tuple[float, int, Due]] = []
        self._sequence = count()
        self.wakes_at = math.inf
        self._idle: Latch | None = None
        self._sleep: anyio.CancelScope | None = None

    def after(self, seconds: float, call: Callable[[], None]) -> Deadline:
        """Call `call` in `seconds`; those due at the same time in the order of these calls."""
        deadline = Deadline(call)
        deadline.pending = True
        deadline.when = when = self.now() + seconds
        unsorted = self.unsorted
        if unsorted and not unsorted[-1].pending:
            unsorted[-1] = deadline
        else:
            unsorted.append(deadline)
        if when < self.wakes_at or len(unsorted) > self.many:
            self.look(when)
        return deadline

    def look(self, when: float) -> None:
        """See to what was put into `unsorted`: it may be much, or due before anything else."""
        if len(self.unsorted) > self.many:
            self._sort()
        if when < self.wakes_at:
            self.wakes_at = when
            if self._idle is not None:
                release(self._idle)
            elif self._sleep is not None:
                self._sleep.cancel()

    def __len__(self) -> int:
        return len(self._heap) + len(self.unsorted)

    def _sort(self) -> None:
        """Put into the heap what is new, and keep in it only what pends.

        As this is done when there is as much that is new as there was in the heap, the price for
        each entry stays the same however many there are.
        """
        heap = [entry for entry in self._heap if entry[2].pending]
        if len(heap) < len(self._heap):
            heapify(heap)
        for due in self.unsorted:
            if due.pending:
                heappush(heap, (due.when, next(self._sequence), due))
        self._heap = heap
        self.unsorted.clear()
        self.many = max(_FEW, len(heap))

    async def run(self) -> None:
        """Call what is due, until cancelled."""
        while True:
            self.wakes_at = self._call_due()
            if self.wakes_at == math.inf:
                self._idle = self._latches.new()
                await self._idle
                self._idle = None
            else:
                with anyio.CancelScope() as self._sleep:
                    await self._clock.sleep(max(0.0, self.wakes_at - self.now()))
                self._sleep = None

    def _call_due(self) -> float:
        """Call what is due; return when the next entry is, or infinity."""
        while True:
            if self.unsorted:
                self._sort()
            if not self._heap:
                return math.inf
            when, _, due = self._heap[0]
            if due.pending and when > self.now():
                return when
            heappop(self._heap)
            if due.pending:
                due.pending = False
                due.expire()


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
