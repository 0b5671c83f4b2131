"""An asyncio event loop whose time jumps to whatever is due next.

All that goes by the loop's clock is virtual with it: anyio's deadlines inside the actors as well as
the world's own timers. The runtime's `VirtualClock` moves only what sleeps by it, and trio, whose
`MockClock` would do, runs ready tasks in an order drawn by chance: the same seed has to be the same
story here. There are no sockets and no threads, so an hour costs what happens in it.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

Spawn = Callable[[Coroutine[Any, Any, object]], object]
"""How to do something beside, for as long as its process lives."""


class Standstill(Exception):
    """Nothing is ready and nothing is due: whoever waits, waits for ever."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs what is ready, then jumps."""

    _scheduled: list[asyncio.TimerHandle]

    def __init__(self) -> None:
        super().__init__()
        self._virtual: float = 0.0
        # `BaseEventLoop` selects on this when nothing is ready.
        self._selector = self

    def time(self) -> float:
        """The virtual time, in seconds."""
        return self._virtual

    def select(self, timeout: float | None) -> tuple[()]:
        """Let time pass until something is due."""
        if timeout is None:
            raise Standstill
        if timeout > 0:
            self._virtual = self._scheduled[0].when()
        return ()

    def _process_events(self, event_list: object) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody calls from another thread."""


class LoopTime:
    """The loop's time as an actors' `Clock`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.now: Callable[[], float] = loop.time

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        await asyncio.sleep(seconds)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` on virtual time, and raise what any callback or task has let drop."""
    dropped: list[dict[str, Any]] = []
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.get_loop().set_exception_handler(lambda _, context: dropped.append(context))
        result = runner.run(main)
    if dropped:
        error = dropped[0].get("exception")
        raise AssertionError(f"nobody took care of this: {dropped[0]['message']}") from error
    return result
