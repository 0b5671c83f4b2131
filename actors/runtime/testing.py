"""What tests of actors need: time to hold in one's hands, a probe, and a way to wait until idle.

Nothing here sleeps for real time. `VirtualClock` works on every event loop; on trio its own
`MockClock` does as well, since the runtime goes by the loop's clock unless told otherwise.
"""

import heapq
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Generic, Never, TypeVar

import anyio
from anyio.lowlevel import checkpoint

from actors.runtime.actor import Actor
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
