"""Suggestions: from memory where it can be, and never late."""

import asyncio

import pytest

from actors.guild.board import Board
from actors.runtime import Registry
from seraphim.discord.commands import suggestions
from seraphim.discord.commands.suggestions import Suggestions
from seraphim.discord.language.languages import languages
from seraphim.discord.shelf import Shelf
from tests.seraphim.discord.house import ScriptedCatalogue, track

pytestmark = pytest.mark.anyio

SAY = languages().english
TRACKS = (track("Aurora"), track("Aurora Borealis"), track("Borealis"))
ADA, GUILD = 7, 1


class Bench:
    def __init__(self) -> None:
        self.now = 0.0
        self.catalogue = ScriptedCatalogue()
        self.catalogue.tracks = TRACKS
        self.suggestions = Suggestions(
            self.catalogue, (), Board(), Shelf(Registry), lambda: self.now
        )

    async def type(self, typed: str, member: int = ADA) -> list[str]:
        choices = await self.suggestions.choices(typed, GUILD, member, SAY)
        return [choice.name.partition(" ·")[0] for choice in choices]


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_what_was_searched_once_is_not_searched_again_for_a_while(bench: Bench) -> None:
    first = await bench.type("aurora")
    assert await bench.type("Aurora ") == first
    assert len(bench.catalogue.asked) == 1
    bench.now += suggestions.FRESH_SECONDS + 1
    assert await bench.type("aurora") == first
    assert len(bench.catalogue.asked) == 2


async def test_two_who_type_the_same_ask_once(bench: Bench) -> None:
    bench.catalogue.hold = asyncio.Event()
    typing = [asyncio.create_task(bench.type("aurora", member)) for member in (1, 2)]
    # Both have begun before the source answers.
    for _ in range(5):
        await asyncio.sleep(0)
    bench.catalogue.hold.set()
    assert [len(await task) for task in typing] == [3, 3]
    assert len(bench.catalogue.asked) == 1


async def test_a_slow_source_is_not_waited_for_and_its_answer_serves_the_next_letter(
    monkeypatch: pytest.MonkeyPatch, bench: Bench
) -> None:
    monkeypatch.setattr(suggestions, "PATIENCE_SECONDS", 0.01)
    bench.catalogue.hold = asyncio.Event()
    assert await bench.type("aurora") == []
    bench.catalogue.hold.set()
    await asyncio.gather(*bench.suggestions._asking.values())
    assert len(await bench.type("aurora")) == 3
    assert len(bench.catalogue.asked) == 1


async def test_memory_answers_for_a_slow_source_with_what_fewer_letters_had_found(
    monkeypatch: pytest.MonkeyPatch, bench: Bench
) -> None:
    assert len(await bench.type("bo")) == 3
    monkeypatch.setattr(suggestions, "PATIENCE_SECONDS", 0.01)
    bench.catalogue.hold = asyncio.Event()
    assert await bench.type("bore") == ["Aurora Borealis", "Borealis"]
    bench.catalogue.hold.set()


async def test_what_one_asked_for_lately_is_suggested_to_them_alone(bench: Bench) -> None:
    bench.suggestions.remember(ADA, [track("Corona")])
    bench.suggestions.remember(ADA, [track("Dusk"), track("Corona")])
    assert await bench.type("") == ["Dusk", "Corona"]
    assert await bench.type("", member=8) == []
    bench.catalogue.tracks = ()
    assert await bench.type("choir cor") == ["Corona"]


async def test_nothing_is_suggested_twice(bench: Bench) -> None:
    bench.suggestions.remember(ADA, [track("Aurora")])
    assert (await bench.type("aurora")).count("Aurora") == 1


async def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch, bench: Bench) -> None:
    monkeypatch.setattr(suggestions, "MEMORY", 3)
    monkeypatch.setattr(suggestions, "MEMBERS", 2)
    for number in range(10):
        await bench.type(f"song {number}")
        bench.suggestions.remember(number, [track(f"Song {each}") for each in range(50)])
    assert len(bench.suggestions._found) == 3
    assert len(bench.suggestions._recent) == 2
    assert len(bench.suggestions._recent[9]) == suggestions.RECENT


async def test_too_many_searches_at_once_are_not_begun(
    monkeypatch: pytest.MonkeyPatch, bench: Bench
) -> None:
    monkeypatch.setattr(suggestions, "ASKED_AT_ONCE", 2)
    monkeypatch.setattr(suggestions, "PATIENCE_SECONDS", 0.01)
    bench.catalogue.hold = asyncio.Event()
    for number in range(5):
        assert await bench.type(f"song {number}") == []
    assert len(bench.catalogue.asked) == 2
    bench.catalogue.hold.set()


@pytest.mark.parametrize("failure", [RuntimeError("inside"), TimeoutError()])
async def test_a_source_that_fails_leaves_what_memory_has(bench: Bench, failure: Exception) -> None:
    bench.suggestions.remember(ADA, [track("Aurora")])
    bench.catalogue.failure = failure
    assert await bench.type("aurora") == ["Aurora"]
    assert not bench.suggestions._asking
