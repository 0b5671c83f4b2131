"""The floor on trio: the same work by hand, with deques, events and tasks."""

import heapq
import time
from collections import deque
from itertools import count

import trio

from benchmarks.actors.measuring import CAPACITY, TIMEOUT, timed, together

FEW = 128


class Queue:
    """A deque that holds `CAPACITY`; trio's events are set once, so each wait has a new one."""

    def __init__(self) -> None:
        self.entries: deque[object] = deque()
        self.arrived: trio.Event | None = None
        self.room: trio.Event | None = None

    async def put(self, entry: object) -> None:
        while len(self.entries) >= CAPACITY:
            self.room = trio.Event()
            await self.room.wait()
        self.entries.append(entry)
        if self.arrived is not None:
            self.arrived.set()
            self.arrived = None

    async def read(self, messages: int) -> None:
        entries = self.entries
        while messages:
            if not entries:
                self.arrived = trio.Event()
                await self.arrived.wait()
            entries.popleft()
            messages -= 1
            if self.room is not None:
                self.room.set()
                self.room = None


async def tell(messages: int) -> float:
    queue = Queue()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(queue.read, messages)
        began = time.perf_counter()
        for number in range(messages):
            await queue.put(number)
    return messages / (time.perf_counter() - began)


class Reply:
    """An event that carries a value."""

    __slots__ = ("answered", "value")

    def __init__(self) -> None:
        self.answered = trio.Event()
        self.value: object = None


class Server:
    """A task that answers what it is sent with the same, and one heap of deadlines for all."""

    def __init__(self) -> None:
        self.entries: deque[tuple[object, Reply]] = deque()
        self.reader: trio.Event | None = None
        self.heap: list[tuple[float, int, Reply]] = []
        self.sequence = count()
        self.cancelled = 0

    async def serve(self) -> None:
        while True:
            while self.entries:
                message, reply = self.entries.popleft()
                reply.value = message
                reply.answered.set()
            self.reader = trio.Event()
            await self.reader.wait()

    async def ask(self, message: object) -> object:
        reply = Reply()
        heapq.heappush(self.heap, (trio.current_time() + TIMEOUT, next(self.sequence), reply))
        self.entries.append((message, reply))
        reader = self.reader
        if reader is not None:
            self.reader = None
            reader.set()
        try:
            await reply.answered.wait()
            return reply.value
        finally:
            self.forget(reply)

    def forget(self, reply: Reply) -> None:
        """Cancel the deadline: it counts for nothing once the event is set."""
        heap = self.heap
        if heap and heap[-1][2] is reply:
            heap.pop()
            return
        self.cancelled += 1
        if self.cancelled > FEW and self.cancelled * 2 > len(heap):
            self.heap = [entry for entry in heap if not entry[2].answered.is_set()]
            heapq.heapify(self.heap)
            self.cancelled = 0


async def ask(asks: int) -> list[float]:
    async with trio.open_nursery() as nursery:
        server = Server()
        nursery.start_soon(server.serve)
        taken = await timed(asks, server.ask, "message")
        nursery.cancel_scope.cancel()
    return taken


async def ask_together(asks: int, width: int) -> float:
    async with trio.open_nursery() as nursery:
        server = Server()
        nursery.start_soon(server.serve)
        rate = await together(asks, width, server.ask, "message")
        nursery.cancel_scope.cancel()
    return rate
