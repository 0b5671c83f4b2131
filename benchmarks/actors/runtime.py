"""Our own runtime."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio

from actors.runtime import Actor, ActorRef, Ask, ChildSpec, SupervisorRef, SupervisorSpec, System
from benchmarks.actors.measuring import CAPACITY, resident_bytes, tick, timed, together


@dataclass(frozen=True, slots=True)
class Echo(Ask[str]):
    text: str


@dataclass(frozen=True, slots=True)
class Crash:
    pass


class Echoing(Actor[Echo]):
    async def receive(self, message: Echo) -> str:
        return message.text


class Crashing(Actor[Echo | Crash]):
    async def receive(self, message: Echo | Crash) -> str:
        if isinstance(message, Crash):
            raise ValueError("crash")
        return message.text


class Idle(Actor[None]):
    async def receive(self, message: None) -> None:
        pass


class Counting(Actor[int]):
    """Sets an event when it has handled so many."""

    def __init__(self, messages: int) -> None:
        self.left = messages
        self.done = anyio.Event()

    async def receive(self, message: int) -> None:
        self.left -= 1
        if not self.left:
            self.done.set()


class Gated(Actor[None]):
    """Waits at the first message until the gate is opened."""

    def __init__(self, messages: int) -> None:
        self.left = messages
        self.gate = anyio.Event()

    async def receive(self, message: None) -> None:
        self.left -= 1
        if not self.gate.is_set():
            await self.gate.wait()


@asynccontextmanager
async def _pool(*, intensity: int = 1) -> AsyncIterator[SupervisorRef]:
    root = SupervisorSpec("root", (SupervisorSpec("pool", dynamic=True, intensity=intensity),))
    async with System(root) as system:
        yield system.supervisor("/root/pool")


async def tell(messages: int) -> float:
    async with _pool() as pool:
        counting = Counting(messages)
        ref = await pool.start_child(ChildSpec("a", lambda: counting, mailbox=CAPACITY))
        began = time.perf_counter()
        for number in range(messages):
            await ref.tell(number)
        await counting.done.wait()
        return messages / (time.perf_counter() - began)


async def ask(asks: int) -> list[float]:
    async with _pool() as pool:
        ref = await pool.start_child(ChildSpec("a", Echoing))
        return await timed(asks, ref.ask, Echo("message"))


async def ask_together(asks: int, width: int) -> float:
    async with _pool() as pool:
        ref = await pool.start_child(ChildSpec("a", Echoing))
        return await together(asks, width, ref.ask, Echo("message"))


async def start_and_stop(children: int) -> float:
    async with _pool() as pool:
        spec = ChildSpec("a", Idle)
        began = time.perf_counter()
        for _ in range(children):
            await pool.start_child(spec)
            await pool.terminate_child("a")
        return children / (time.perf_counter() - began)


async def idle(children: int) -> float:
    async with _pool() as pool:
        await pool.start_child(ChildSpec("first", Idle))
        before = resident_bytes()
        for number in range(children):
            await pool.start_child(ChildSpec(str(number), Idle))
        return (resident_bytes() - before) / children


async def restart(crashes: int) -> list[float]:
    async with _pool(intensity=crashes) as pool:
        ref: ActorRef[Echo | Crash] = await pool.start_child(ChildSpec("a", Crashing))
        taken: list[float] = []
        for _ in range(crashes):
            began = time.perf_counter()
            ref.tell_nowait(Crash())
            await ref.ask(Echo("message"))
            taken.append(time.perf_counter() - began)
        return taken


async def beside_backlog(messages: int) -> float:
    async with _pool() as pool:
        gated = Gated(messages)
        ref = await pool.start_child(ChildSpec("a", lambda: gated, mailbox=messages))
        for _ in range(messages):
            ref.tell_nowait(None)
        worst = await tick(gated.gate.set)
        assert gated.left == 0
        return worst


async def stop_all(children: int) -> float:
    specs = [ChildSpec(str(number), Idle) for number in range(children)]
    async with System(SupervisorSpec("root", specs)) as system:
        began = time.perf_counter()
        await system.stop()
        return time.perf_counter() - began
