"""Xoscar: actors of large clusters, here all in the pool of one process; a tell is a task."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import xoscar

from benchmarks.actors.measuring import TIMEOUT, resident_bytes, tick, timed, together


class Echoing(xoscar.Actor):
    async def echo(self, message: str) -> str:
        return message


class Counting(xoscar.Actor):
    def __init__(self, messages: int) -> None:
        super().__init__()
        self.left = messages
        self.done = asyncio.Event()

    async def count(self, message: int) -> None:
        self.left -= 1
        if not self.left:
            self.done.set()

    def event(self) -> asyncio.Event:
        return self.done


class Gated(xoscar.Actor):
    def __init__(self, gate: asyncio.Event) -> None:
        super().__init__()
        self.gate = gate

    async def wait(self, message: int) -> None:
        if not self.gate.is_set():
            await self.gate.wait()


@asynccontextmanager
async def _pool() -> AsyncIterator[str]:
    pool = await xoscar.create_actor_pool("127.0.0.1:0", n_process=0)
    async with pool:
        yield pool.external_address


async def tell(messages: int) -> float:
    async with _pool() as address:
        ref = await xoscar.create_actor(Counting, messages, address=address, uid="a")
        done = await ref.event()
        began = time.perf_counter()
        for number in range(messages):
            await ref.count.tell(number)
        await done.wait()
        return messages / (time.perf_counter() - began)


def _asking(ref: Any) -> Any:
    async def ask(message: str) -> str:
        async with asyncio.timeout(TIMEOUT):
            return await ref.echo(message)

    return ask


async def ask(asks: int) -> list[float]:
    async with _pool() as address:
        ref = await xoscar.create_actor(Echoing, address=address, uid="a")
        return await timed(asks, _asking(ref), "message")


async def ask_together(asks: int, width: int) -> float:
    async with _pool() as address:
        ref = await xoscar.create_actor(Echoing, address=address, uid="a")
        return await together(asks, width, _asking(ref), "message")


async def start_and_stop(children: int) -> float:
    async with _pool() as address:
        began = time.perf_counter()
        for _ in range(children):
            ref = await xoscar.create_actor(Echoing, address=address, uid="a")
            await xoscar.destroy_actor(ref)
        return children / (time.perf_counter() - began)


async def idle(children: int) -> float:
    async with _pool() as address:
        await xoscar.create_actor(Echoing, address=address, uid="first")
        before = resident_bytes()
        for number in range(children):
            await xoscar.create_actor(Echoing, address=address, uid=str(number))
        return (resident_bytes() - before) / children


async def beside_backlog(messages: int) -> float:
    async with _pool() as address:
        gate = asyncio.Event()
        ref = await xoscar.create_actor(Gated, gate, address=address, uid="a")
        for number in range(messages):
            await ref.wait.tell(number)
        return await tick(gate.set)


async def stop_all(children: int) -> float:
    async with _pool() as address:
        refs = [
            await xoscar.create_actor(Echoing, address=address, uid=str(number))
            for number in range(children)
        ]
        began = time.perf_counter()
        for ref in reversed(refs):
            await xoscar.destroy_actor(ref)
        return time.perf_counter() - began
