"""The floor on asyncio and uvloop: the same work by hand, with deques, futures and tasks."""

import asyncio
import heapq
import time
from collections import deque
from collections.abc import Callable
from itertools import count

from benchmarks.actors.figures import CAPACITY, resident_bytes

TIDY = 64


class Queue:
    """A deque that holds `CAPACITY`, with one event for its reader and one for its writer."""

    def __init__(self) -> None:
        self.entries: deque[object] = deque()
        self.arrived = asyncio.Event()
        self.room = asyncio.Event()

    async def put(self, entry: object) -> None:
        while len(self.entries) >= CAPACITY:
            self.room.clear()
            await self.room.wait()
        self.entries.append(entry)
        if not self.arrived.is_set():
            self.arrived.set()

    async def read(self, messages: int) -> None:
        entries = self.entries
        while messages:
            if not entries:
                self.arrived.clear()
                await self.arrived.wait()
            entries.popleft()
            messages -= 1
            if not self.room.is_set():
                self.room.set()


async def tell(messages: int) -> float:
    queue = Queue()
    reader = asyncio.create_task(queue.read(messages))
    began = time.perf_counter()
    for number in range(messages):
        await queue.put(number)
    await reader
    return messages / (time.perf_counter() - began)


class Deadlines:
    """One heap for all; an entry is cancelled by taking its callback away."""

    def __init__(self) -> None:
        self.heap: list[tuple[float, int, list[Callable[[], None] | None]]] = []
        self.sequence = count()
        self.cancelled = 0

    def after(self, seconds: float, call: Callable[[], None]) -> list[Callable[[], None] | None]:
        entry: list[Callable[[], None] | None] = [call]
        heapq.heappush(self.heap, (time.monotonic() + seconds, next(self.sequence), entry))
        return entry

    def cancel(self, entry: list[Callable[[], None] | None]) -> None:
        entry[0] = None
        self.cancelled += 1
        if self.cancelled > TIDY and self.cancelled * 2 > len(self.heap):
            self.heap = [other for other in self.heap if other[2][0] is not None]
            heapq.heapify(self.heap)
            self.cancelled = 0


class Server:
    """A task that answers what it is sent with the same."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.deadlines = Deadlines()
        self.entries: deque[tuple[object, asyncio.Future[object]]] = deque()
        self.reader: asyncio.Future[None] | None = None

    async def serve(self) -> None:
        while True:
            while self.entries:
                message, reply = self.entries.popleft()
                if not reply.done():
                    reply.set_result(message)
            self.reader = self.loop.create_future()
            await self.reader

    async def ask(self, message: object, timeout: float) -> object:
        reply: asyncio.Future[object] = self.loop.create_future()
        deadline = self.deadlines.after(timeout, reply.cancel)
        self.entries.append((message, reply))
        reader = self.reader
        if reader is not None:
            self.reader = None
            reader.set_result(None)
        try:
            return await reply
        finally:
            self.deadlines.cancel(deadline)


async def ask(asks: int) -> list[float]:
    server = Server()
    task = asyncio.create_task(server.serve())
    taken: list[float] = []
    for number in range(asks):
        began = time.perf_counter()
        await server.ask(number, 5.0)
        taken.append(time.perf_counter() - began)
    task.cancel()
    return taken


async def ask_together(asks: int, width: int) -> float:
    server = Server()
    task = asyncio.create_task(server.serve())

    async def client() -> None:
        for number in range(asks // width):
            await server.ask(number, 5.0)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(width):
            group.create_task(client())
    rate = asks / (time.perf_counter() - began)
    task.cancel()
    return rate
