import asyncio

import pytest

from seraphim.audio_node.sources.memory import Memory

pytestmark = pytest.mark.anyio


class Oracle:
    """Answers slowly, and each time something else."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asked: list[str] = []
        self.fails = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def ask(self, key: str) -> str:
        self.asked.append(key)
        await self.gate.wait()
        if self.fails:
            raise ValueError(key)
        return f"{key}{len(self.asked)}"

    def memory(self, *, seconds: float = 10, most: int = 3) -> Memory[str, str]:
        return Memory(self.ask, keep_seconds=lambda _: seconds, most=most, now=lambda: self.now)


async def test_what_was_asked_is_not_asked_again_until_it_is_old() -> None:
    oracle = Oracle()
    memory = oracle.memory()
    assert await memory.get("a") == "a1"
    oracle.now = 9.9
    assert await memory.get("a") == "a1"
    oracle.now = 10
    assert await memory.get("a") == "a2"


async def test_what_is_asked_twice_at_once_is_asked_once() -> None:
    oracle = Oracle()
    memory = oracle.memory()
    oracle.gate.clear()
    waiting = [asyncio.create_task(memory.get("a")) for _ in range(3)]
    await asyncio.sleep(0)
    oracle.gate.set()
    assert await asyncio.gather(*waiting) == ["a1"] * 3


async def test_who_stops_waiting_takes_the_answer_from_nobody() -> None:
    oracle = Oracle()
    memory = oracle.memory()
    oracle.gate.clear()
    first, second = (asyncio.create_task(memory.get("a")) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    oracle.gate.set()
    assert await second == "a1"
    assert await memory.get("a") == "a1"


async def test_a_failure_is_told_to_all_and_not_remembered() -> None:
    oracle = Oracle()
    memory = oracle.memory()
    oracle.fails = True
    outcomes = await asyncio.gather(memory.get("a"), memory.get("a"), return_exceptions=True)
    assert [type(one) for one in outcomes] == [ValueError, ValueError]
    oracle.fails = False
    assert await memory.get("a") == "a2"


async def test_the_one_not_wanted_for_longest_is_forgotten_first() -> None:
    oracle = Oracle()
    memory = oracle.memory(most=2)
    for key in ("a", "b", "a", "c", "a"):
        await memory.get(key)
    assert oracle.asked == ["a", "b", "c"]
    await memory.get("b")
    assert oracle.asked == ["a", "b", "c", "b"]


async def test_what_is_forgotten_on_request_is_asked_anew() -> None:
    oracle = Oracle()
    memory = oracle.memory()
    await memory.get("a")
    memory.forget("a")
    memory.forget("never asked")
    assert await memory.get("a") == "a2"
