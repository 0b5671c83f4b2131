"""async-pykka: Pykka's shape on asyncio; the mailbox is an unbounded `asyncio.Queue`."""

import asyncio
import time

import async_pykka

from benchmarks.actors.measuring import TIMEOUT, resident_bytes, tick, timed, together


class Echoing(async_pykka.AsyncioActor):
    async def on_receive(self, message: object) -> object:
        return message


class Starting(async_pykka.AsyncioActor):
    """Says when it has started, which `start` does not wait for."""

    def __init__(self, started: asyncio.Event) -> None:
        super().__init__()
        self.started = started

    async def on_start(self) -> None:
        self.started.set()


class Counting(async_pykka.AsyncioActor):
    def __init__(self, messages: int, done: asyncio.Event) -> None:
        super().__init__()
        self.left = messages
        self.done = done

    async def on_receive(self, message: object) -> None:
        self.left -= 1
        if not self.left:
            self.done.set()


class Gated(async_pykka.AsyncioActor):
    def __init__(self, gate: asyncio.Event) -> None:
        super().__init__()
        self.gate = gate

    async def on_receive(self, message: object) -> None:
        if not self.gate.is_set():
            await self.gate.wait()


async def tell(messages: int) -> float:
    done = asyncio.Event()
    ref = Counting.start(messages, done)
    began = time.perf_counter()
    for number in range(messages):
        ref.tell(number)
    await done.wait()
    rate = messages / (time.perf_counter() - began)
    await ref.stop()
    return rate


async def ask(asks: int) -> list[float]:
    ref = Echoing.start()
    taken = await timed(asks, lambda message: ref.ask(message).get(timeout=TIMEOUT), "message")
    await ref.stop()
    return taken


async def ask_together(asks: int, width: int) -> float:
    ref = Echoing.start()
    rate = await together(
        asks, width, lambda message: ref.ask(message).get(timeout=TIMEOUT), "message"
    )
    await ref.stop()
    return rate


async def start_and_stop(children: int) -> float:
    began = time.perf_counter()
    for _ in range(children):
        started = asyncio.Event()
        ref = Starting.start(started)
        await started.wait()
        await ref.stop()
    return children / (time.perf_counter() - began)


async def idle(children: int) -> float:
    Echoing.start()
    before = resident_bytes()
    for _ in range(children):
        Echoing.start()
    await asyncio.sleep(0)
    size = (resident_bytes() - before) / children
    await async_pykka.ActorRegistry.stop_all()
    return size


async def beside_backlog(messages: int) -> float:
    gate = asyncio.Event()
    ref = Gated.start(gate)
    for number in range(messages):
        ref.tell(number)
    worst = await tick(gate.set)
    await ref.stop()
    return worst


async def stop_all(children: int) -> float:
    refs = [Echoing.start() for _ in range(children)]
    await asyncio.sleep(0)
    began = time.perf_counter()
    for ref in reversed(refs):
        await ref.stop()
    return time.perf_counter() - began
