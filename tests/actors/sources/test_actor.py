"""The actor of the sources, in a system."""

from dataclasses import dataclass, field

import anyio
import anyio.lowlevel
import pytest
import structlog

from actors.runtime import ChildSpec, SupervisorSpec, System
from actors.sources.actor import SourcesActor
from actors.sources.board import SourceBoard
from actors.sources.breaker import FEWEST_GUILDS, PAUSE_MS
from actors.sources.messages import SOURCES, SourceHeard

pytestmark = pytest.mark.anyio


@dataclass
class Clock:
    now: int = 1_000_000

    def __call__(self) -> int:
        return self.now


@dataclass
class Town:
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.board = SourceBoard(self.clock)
        child = ChildSpec(
            id="sources", start=lambda: SourcesActor(self.board, self.clock), name=SOURCES
        )
        self.system = System(SupervisorSpec(id="root", children=(child,)))

    async def fails(self, *guilds: int) -> None:
        sources = self.system.registry.whereis(SOURCES)
        assert sources is not None
        for guild in guilds:
            await sources.tell(SourceHeard(guild, "youtube", worked=False))

    async def until_passed_over(self) -> None:
        with anyio.fail_after(10):
            while not self.board.passed_over:
                await anyio.lowlevel.checkpoint()


async def test_the_board_says_what_is_passed_over_until_its_time_is_up():
    town = Town()
    with structlog.testing.capture_logs() as told:
        async with town.system:
            await town.fails(*range(FEWEST_GUILDS))
            await town.until_passed_over()
    assert town.board.passed_over == {"youtube"}
    assert [line["source"] for line in told if line["event"] == "source.degraded"] == ["youtube"]
    town.clock.now += PAUSE_MS
    assert town.board.passed_over == frozenset()


async def test_what_it_has_heard_outlives_its_crash():
    town = Town()
    async with town.system:
        await town.fails(*range(FEWEST_GUILDS - 1))
        town.system.crash("/root/sources", RuntimeError("on purpose"))
        await town.fails(FEWEST_GUILDS)
        await town.until_passed_over()
    assert town.board.passed_over == {"youtube"}
