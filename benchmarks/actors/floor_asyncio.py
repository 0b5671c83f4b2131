"""The floor on asyncio and uvloop: the same work by hand, with deques, futures and tasks."""

import asyncio
import heapq
import time
from collections import deque
from itertools import count

from benchmarks.actors.measuring import CAPACITY, TIMEOUT, timed, together

FEW = 128


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


class Server:
    """A task that answers what it is sent with the same, and one heap of deadlines for all."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.entries: deque[tuple[object, asyncio.Future[object]]] = deque()
        self.reader: asyncio.Future[None] | None = None
        self.heap: list[tuple[float, int, asyncio.Future[object]]] = []
        self.sequence = count()
        self.cancelled = 0

    async def serve(self) -> None:
        while True:
            while self.entries:
                message, reply = self.entries.popleft()
                if not reply.done():
                    reply.set_result(message)
            self.reader = self.loop.create_future()
            await self.reader

    async def ask(self, message: object) -> object:
        reply: asyncio.Future[object] = self.loop.create_future()
        heapq.heappush(self.heap, (time.monotonic() + TIMEOUT, next(self.sequence), reply))
        self.entries.append((message, reply))
        reader = self.reader
        if reader is not None:
            self.reader = None
            reader.set_result(None)
        try:
            return await reply
        finally:
            self.forget(reply)

    def forget(self, reply: asyncio.Future[object]) -> None:
        """Cancel the deadline: it counts for nothing once the future is done."""
        heap = self.heap
        if heap and heap[-1][2] is reply:
            heap.pop()
            return
        self.cancelled += 1
        if self.cancelled > FEW and self.cancelled * 2 > len(heap):
            self.heap = [entry for entry in heap if not entry[2].done()]
            heapq.heapify(self.heap)
            self.cancelled = 0


async def ask(asks: int) -> list[float]:
    server = Server()
    task = asyncio.create_task(server.serve())
    taken = await timed(asks, server.ask, "message")
    task.cancel()
    return taken


async def ask_together(asks: int, width: int) -> float:
    server = Server()
    task = asyncio.create_task(server.serve())
    rate = await together(asks, width, server.ask, "message")
    task.cancel()
    return rate
