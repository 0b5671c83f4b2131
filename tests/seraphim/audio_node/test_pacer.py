import asyncio
import random
import selectors
import time
from collections.abc import Mapping
from typing import Any

import pytest

from seraphim.audio_node.pacer import Pacer

pytestmark = pytest.mark.anyio

PERIOD = 0.02


class Counter:
    """Ticks `count` times and remembers when."""

    def __init__(self, count: int, *, blocks: float = 0, at: int = -1) -> None:
        self.times: list[float] = []
        self.done = asyncio.Event()
        self._count = count
        self._blocks = blocks
        self._at = at

    def tick(self) -> bool:
        self.times.append(asyncio.get_running_loop().time())
        if len(self.times) == self._at:
            time.sleep(self._blocks)
        if len(self.times) == self._count:
            self.done.set()
        return len(self.times) < self._count


async def test_ticks_come_at_fixed_times_however_late_single_ones_are() -> None:
    pacer, counter = Pacer(), Counter(50)
    pacer.wake(counter)
    async with asyncio.timeout(20):
        await counter.done.wait()
    # Late ones are ordinary on a busy machine, early ones and a drift are not.
    offsets = [at - counter.times[0] - PERIOD * n for n, at in enumerate(counter.times)]
    assert min(offsets) > -0.005
    assert min(offsets[-10:]) < PERIOD


async def test_what_has_no_more_to_do_is_not_asked_again() -> None:
    pacer, short, long = Pacer(), Counter(2), Counter(6)
    pacer.wake(short)
    pacer.wake(long)
    async with asyncio.timeout(20):
        await long.done.wait()
    assert len(short.times) == 2


async def test_a_delay_is_made_up_for_at_no_more_than_twice_the_speed() -> None:
    pacer, counter = Pacer(), Counter(40, blocks=0.2, at=5)
    pacer.wake(counter)
    async with asyncio.timeout(20):
        await counter.done.wait()
    gaps = [b - a for a, b in zip(counter.times, counter.times[1:], strict=False)]
    assert max(gaps) >= 0.2
    assert min(gaps) >= PERIOD / 2 - 0.002
    caught_up = counter.times[-1] - counter.times[0] - PERIOD * (len(counter.times) - 1)
    assert caught_up < 0.1


async def test_a_long_delay_is_not_made_up_for() -> None:
    pacer, counter = Pacer(), Counter(12, blocks=0.6, at=5)
    pacer.wake(counter)
    async with asyncio.timeout(20):
        await counter.done.wait()
    after = counter.times[5:]
    assert after[-1] - after[0] >= PERIOD * (len(after) - 1) - 0.005


async def test_who_begins_alone_does_not_wait_for_the_next_tick() -> None:
    pacer, alone = Pacer(), Counter(2)
    loop = asyncio.get_running_loop()
    pacer.wake(alone)
    async with asyncio.timeout(20):
        while not alone.times:  # noqa: ASYNC110 - the first tick, one turn of the loop away
            await asyncio.sleep(0)
    begun = loop.time()
    pacer.begin(alone)
    async with asyncio.timeout(20):
        await alone.done.wait()
    assert alone.times[1] - begun < PERIOD / 2


async def test_who_begins_keeps_step_with_those_who_are_there() -> None:
    pacer, first, second = Pacer(), Counter(20), Counter(5)
    pacer.wake(first)
    async with asyncio.timeout(20):
        while len(first.times) < 3:  # noqa: ASYNC110 - between two ticks
            await asyncio.sleep(PERIOD / 4)
        pacer.begin(second)
        await first.done.wait()
    # In the same ticks, one right after the other.
    assert all(min(abs(at - other) for other in first.times) < PERIOD / 4 for at in second.times)
    offsets = [at - first.times[0] - PERIOD * n for n, at in enumerate(first.times)]
    assert min(offsets) > -0.005


async def test_who_was_forgotten_is_not_asked() -> None:
    pacer, forgotten, other = Pacer(), Counter(9), Counter(3)
    pacer.wake(forgotten)
    pacer.forget(forgotten)
    pacer.wake(other)
    async with asyncio.timeout(20):
        await other.done.wait()
    assert forgotten.times == []


async def test_a_closed_pacer_ticks_for_nobody() -> None:
    closed, forgotten = Pacer(), Counter(3)
    closed.wake(forgotten)
    closed.close()
    other, counter = Pacer(), Counter(3)
    other.wake(counter)
    async with asyncio.timeout(20):
        await counter.done.wait()
    assert forgotten.times == []


class SimulatedClock(selectors.BaseSelector):
    """Lets an event loop wait for nothing: its clock goes on by as much as it would have waited.

    And by a bit more, as on a machine that has other things to do; now and then by a lot.
    """

    def __init__(self, lateness: random.Random) -> None:
        self.now = 0.0
        self._lateness = lateness
        self._registered: dict[int, selectors.SelectorKey] = {}

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "nothing would ever happen"
        late = self._lateness
        self.now += max(timeout, 0) + (0.4 if late.random() < 0.0001 else late.expovariate(500))
        return []

    def register(self, fileobj: Any, events: int, data: object = None) -> selectors.SelectorKey:
        number = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        key = self._registered[number] = selectors.SelectorKey(fileobj, number, events, data)
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._registered.pop(fileobj if isinstance(fileobj, int) else fileobj.fileno())

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return {key.fileobj: key for key in self._registered.values()}


class SimulatedLoop(asyncio.SelectorEventLoop):
    def __init__(self, clock: SimulatedClock) -> None:
        self._simulated = clock
        super().__init__(clock)

    def time(self) -> float:
        return self._simulated.now


@pytest.mark.parametrize("seed", [1, 2])
def test_an_hour_ends_on_the_frame(seed: int) -> None:
    """However late single ticks are: after an hour as many frames were due as an hour has."""
    loop = SimulatedLoop(SimulatedClock(random.Random(seed)))
    frames = 3600 * 50

    async def play() -> list[float]:
        pacer, counter = Pacer(), Counter(frames)
        began = loop.time()
        pacer.wake(counter)
        await counter.done.wait()
        return [at - began for at in counter.times]

    try:
        times = loop.run_until_complete(play())
    finally:
        loop.close()
    lateness = [at - PERIOD * n for n, at in enumerate(times)]
    assert len(times) == frames
    assert min(lateness) > -1e-6, "never early"
    assert lateness[-1] < PERIOD, "the last one is on its frame"
    # What was late is made up for, and then all is as if it had not been.
    assert sorted(lateness)[len(lateness) // 2] < 0.005
    assert max(lateness) < 0.5
