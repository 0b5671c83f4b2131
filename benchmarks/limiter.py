"""What every command pays at the door, and what is remembered of who came through it.

A million people come in a day, evenly, each with one command; then as many at once, which is a
flood. The time is what the guard takes for one of them, limiter included, beside its floor: the
same ask of an actor that answers at once and remembers nobody. The day passes by a clock of its
own; what is measured goes by the real one.
"""

import asyncio
import gc
import resource
import statistics
import sys
import time
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path

import uvloop

from actors.rate_limiter.actor import RateLimiterActor
from actors.rate_limiter.buckets import Allowance
from actors.rate_limiter.messages import RATE_LIMITER, RateLimiterMessage, Take
from actors.runtime import Actor, ChildSpec, SupervisorSpec, System
from benchmarks.report import Report
from seraphim.discord.guard import Guard

PEOPLE = 1_000_000
GUILDS = 10_000
DAY_SECONDS = 86_400.0
FIRST_PERSON = 1_200_000_000_000_000_000
RUNS = 3


class DayClock:
    """A clock that is set; who sleeps by it is not woken."""

    def __init__(self) -> None:
        self.time = 0.0

    @property
    def now(self) -> Callable[[], float]:
        return lambda: self.time

    async def sleep(self, seconds: float) -> None:
        await asyncio.Event().wait()


class Nobody(Actor[RateLimiterMessage]):
    """Lets everybody pass."""

    async def receive(self, message: RateLimiterMessage) -> int:
        return 0


def measure() -> Report:
    report = Report("limiter")
    uvloop.run(_measure(report))
    return report


async def _measure(report: Report) -> None:
    # Filled beforehand, so that what holds the figures does not count as memory.
    times = array("d", bytes(8 * PEOPLE))
    floors = [await _mean(Nobody, times) for _ in range(RUNS)]
    report.add("floor", min(floors), "µs")

    day, day_memory, passed = await _come(times, DAY_SECONDS / PEOPLE)
    assert passed == PEOPLE
    report.add("answer", day, "µs", at_most=50)
    report.add("answer_p99", statistics.quantiles(times, n=100)[98], "µs")
    report.add("million_in_a_day", day_memory, "MB", at_most=100)

    flood, flood_memory, passed = await _come(times, 0.0)
    report.add("flood_answer", flood, "µs", at_most=50)
    report.add("million_at_once", flood_memory, "MB", at_most=100)
    report.add("million_at_once_passed", passed, "people")


async def _mean(start: Callable[[], Actor[RateLimiterMessage]], times: "array[float]") -> float:
    async with _system(start, DayClock()) as system:
        guard = Guard(lambda: system.registry)
        count = PEOPLE // 10
        for number, toll in enumerate(_tolls(count)):
            began = time.perf_counter()
            await guard.refusal(toll)
            times[number] = 1e6 * (time.perf_counter() - began)
    return statistics.fmean(times[:count])


async def _come(times: "array[float]", pause: float) -> tuple[float, float, int]:
    """Let all come; return the mean of µs, the MB that memory grew by at worst, who passed."""
    clock = DayClock()
    async with _system(lambda: RateLimiterActor(Allowance()), clock) as system:
        guard = Guard(lambda: system.registry)
        gc.collect()
        before, most, passed = _resident_mb(), 0.0, 0
        for number, toll in enumerate(_tolls(PEOPLE)):
            clock.time += pause
            began = time.perf_counter()
            refused = await guard.refusal(toll)
            times[number] = 1e6 * (time.perf_counter() - began)
            passed += refused is None
            if number % 10_000 == 0:
                most = max(most, _resident_mb() - before)
        most = max(most, _resident_mb() - before)
    return statistics.fmean(times), most, passed


def _system(start: Callable[[], Actor[RateLimiterMessage]], clock: DayClock) -> System:
    child = ChildSpec(id="rate-limiter", start=start, name=RATE_LIMITER, mailbox=4096)
    return System(SupervisorSpec("root", [child]), clock=clock)


def _tolls(count: int) -> Iterator[Take]:
    return (Take(FIRST_PERSON + (number << 22), number % GUILDS) for number in range(count))


def _resident_mb() -> float:
    """Memory in use now; where that cannot be read, the most that ever was."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize() / 1e6
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e6 if sys.platform == "darwin" else most / 1e3
