"""The floor where anyio itself is it, on every event loop: tasks, restarts, and a bare ticker."""

import time
from collections import deque

import anyio

from benchmarks.actors.measuring import tick


async def start_and_stop(children: int) -> float:
    """Start a task and wait until it runs, tell it to stop and wait until it has."""

    async def child(started: anyio.Event, stop: anyio.Event, stopped: anyio.Event) -> None:
        started.set()
        await stop.wait()
        stopped.set()

    async with anyio.create_task_group() as group:
        began = time.perf_counter()
        for _ in range(children):
            started, stop, stopped = anyio.Event(), anyio.Event(), anyio.Event()
            group.start_soon(child, started, stop, stopped)
            await started.wait()
            stop.set()
            await stopped.wait()
        return children / (time.perf_counter() - began)


async def restart(crashes: int) -> list[float]:
    """Make a task fail that a loop starts again, and ask it something."""
    asked: deque[anyio.Event | None] = deque()
    arrived = anyio.Event()

    async def serve() -> None:
        nonlocal arrived
        while True:
            while asked:
                answered = asked.popleft()
                if answered is None:
                    raise ValueError("crash")
                answered.set()
            arrived = anyio.Event()
            await arrived.wait()

    async def supervise() -> None:
        while True:
            try:
                async with anyio.create_task_group() as incarnation:
                    incarnation.start_soon(serve)
            except* ValueError:
                pass

    taken: list[float] = []
    async with anyio.create_task_group() as group:
        group.start_soon(supervise)
        for number in range(crashes):
            began = time.perf_counter()
            if number:
                asked.append(None)
            asked.append(answered := anyio.Event())
            arrived.set()
            await answered.wait()
            taken.append(time.perf_counter() - began)
        group.cancel_scope.cancel()
    return taken[1:]


async def beside_backlog(_: int) -> float:
    """How late a ticker is in a loop that does nothing else."""
    return await tick()
