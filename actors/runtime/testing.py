"""What tests of actors need: time in one's hands, a probe, a way to wait until idle, and faults.

Nothing here sleeps for real time. `VirtualClock` works on every event loop; on trio its own
`MockClock` does as well, since the runtime goes by the loop's clock unless told otherwise.
"""

import heapq
from collections import deque
from collections.abc import Awaitable, Callable, Generator
from functools import partial
from itertools import count
from typing import Any, Generic, Never, TypeVar

import anyio
from anyio.lowlevel import checkpoint

from actors.runtime.actor import Actor
from actors.runtime.hooks import Receive
from actors.runtime.ref import ActorRef, Down, SupervisorRef
from actors.runtime.specs import ChildSpec

MessageT = TypeVar("MessageT")

_TURNS = 32
_DEADLINE = 30.0


async def settle() -> None:
    """Return when every other task waits for something that does not come by itself."""
    for _ in range(_TURNS):  # enough for nearly all, and cheaper than looking at every task
        await checkpoint()
    await anyio.wait_all_tasks_blocked()


class VirtualClock:
    """A clock that stands still until `advance`."""

    def __init__(self) -> None:
        self._time = 0.0
        self._sleepers: list[tuple[float, int, anyio.Event]] = []
        self._sequence = count()

    @property
    def now(self) -> Callable[[], float]:
        """The time, in seconds since the clock was made."""
        return self._read

    def _read(self) -> float:
        return self._time

    async def sleep(self, seconds: float) -> None:
        """Return when `seconds` have been advanced."""
        awake = anyio.Event()
        heapq.heappush(self._sleepers, (self._time + seconds, next(self._sequence), awake))
        await awake.wait()

    async def advance(self, seconds: float) -> None:
        """Let `seconds` pass: wake each sleeper at its time, and let all settle in between."""
        end = self._time + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            when, _, awake = heapq.heappop(self._sleepers)
            self._time = max(self._time, when)
            awake.set()
            await settle()
        self._time = end


class Probe(Actor[MessageT | Down], Generic[MessageT]):
    """An actor that only listens: what it is sent is in `received`, and comes from `next`.

    >>> probe = await Probe[str].start(system.supervisor("/root/dynamic"))  # doctest: +SKIP
    """

    def __init__(self) -> None:
        self.received: list[MessageT | Down] = []
        self._unread: deque[MessageT | Down] = deque()
        self._arrived = anyio.Event()

    @classmethod
    async def start(cls, supervisor: SupervisorRef, child_id: str = "probe") -> "Probe[MessageT]":
        """Start one under `supervisor`."""
        probe = cls()
        await supervisor.start_child(
            ChildSpec(id=child_id, start=lambda: probe, restart="temporary")
        )
        return probe

    @property
    def ref(self) -> ActorRef[MessageT | Down]:
        """Where to send what it is to receive."""
        return self.context.ref

    def monitor(self, ref: "ActorRef[Never] | SupervisorRef") -> None:
        """Receive a `Down` when `ref` ends."""
        self.context.monitor(ref)

    async def receive(self, message: MessageT | Down) -> None:
        """Keep `message`."""
        self.received.append(message)
        self._unread.append(message)
        self._arrived.set()

    async def next(self) -> MessageT | Down:
        """Return the first message that was not returned before, waiting for it.

        Raises
        ------
        TimeoutError
            None came within half a minute.
        """
        with anyio.fail_after(_DEADLINE):
            while not self._unread:
                self._arrived = anyio.Event()
                await self._arrived.wait()
        return self._unread.popleft()


class Fault:
    """An error that waits for its moment; see `Faults.at_await`."""

    def __init__(self, number: int, error: Exception) -> None:
        self.number = number
        self.error = error
        self.raised = False
        """Whether the handler came to that await. False at its end: it has fewer."""


class Faults:
    """Makes handlers fail at a chosen await. Give its `hook` to the `System`.

    To crash an actor wherever it can be, count up until the handler has no more awaits::

        for number in count(1):
            fault = faults.at_await(ref.path, number, OSError())
            ...  # send the message; check that nothing was lost
            if not fault.raised:
                break
    """

    def __init__(self) -> None:
        self._planned: dict[str, Fault] = {}

    def at_await(self, path: str, number: int, error: Exception) -> Fault:
        """Raise `error` at the `number`-th await (1, 2, …) of the next handler of `path`'s actor.

        Only awaits that really wait count. What was awaited is cancelled, and its await raises
        `error` instead; the handler may catch it like any other.
        """
        fault = Fault(number, error)
        self._planned[path] = fault
        return fault

    def hook(self, ref: ActorRef[Never], receive: Receive) -> Receive:
        """Stand before `receive`."""
        path = ref.path

        async def faulty(message: object) -> object:
            fault = self._planned.pop(path, None)
            if fault is None:
                return await receive(message)
            return await _Interrupted(receive(message), fault)

        return faulty


class _Interrupted:
    """Drives a handler from one await to the next, as an event loop does."""

    def __init__(self, handler: Awaitable[object], fault: Fault) -> None:
        self._handler = handler
        self._fault = fault

    def __await__(self) -> Generator[Any, Any, object]:
        handler = self._handler.__await__()
        fault = self._fault
        advance: Callable[[], Any] = partial(next, handler)
        for number in count(1):
            try:
                awaited = advance()
            except StopIteration as end:
                return end.value
            try:
                if number == fault.number:
                    # Within the scope the await is cancelled; outside, the handler sees the error.
                    with anyio.CancelScope() as scope:
                        scope.cancel()
                        yield awaited
                    fault.raised = True
                    raise fault.error
                result = yield awaited
            except BaseException as error:  # noqa: BLE001 - it is the handler's
                advance = partial(handler.throw, error)
            else:
                advance = partial(handler.send, result)
        raise AssertionError("a handler ends or raises")
