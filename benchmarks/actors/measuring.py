"""What every subject needs to be measured alike: a stopwatch, its size, a ticker beside it."""

import gc
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio

CAPACITY = 128
"""How many messages may wait, where a mailbox is bounded."""

TICK = 0.001
TICKS = 300
TIMEOUT = 5.0


def resident_bytes() -> int:
    """What the process occupies now."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def timed(count: int, function: Callable[[Any], Awaitable[object]], item: Any) -> list[float]:
    """How many seconds each of `count` calls of `function(item)` takes."""
    clock = time.perf_counter
    taken: list[float] = []
    for _ in range(count):
        began = clock()
        await function(item)
        taken.append(clock() - began)
    return taken


async def together(
    count: int, width: int, function: Callable[[Any], Awaitable[object]], item: Any
) -> float:
    """How many calls a second are made by `width` tasks that make `count` in all."""

    async def caller() -> None:
        for _ in range(count // width):
            await function(item)

    began = time.perf_counter()
    async with anyio.create_task_group() as group:
        for _ in range(width):
            group.start_soon(caller)
    return count / (time.perf_counter() - began)


async def tick(begun: Callable[[], object] = lambda: None) -> float:
    """Tick each millisecond, and call `begun` at the first; how late was the latest, in seconds?"""
    worst = 0.0
    for number in range(TICKS):
        due = time.perf_counter() + TICK
        await anyio.sleep(TICK)
        worst = max(worst, time.perf_counter() - due)
        if not number:
            begun()
    return worst
