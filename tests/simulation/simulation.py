"""One seed's simulation: a world, a process after the other, members, and all that goes wrong."""

import asyncio
import gc
import logging
import multiprocessing
import random
import time
import warnings
from collections import Counter
from collections.abc import Collection, Generator, Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from tests.simulation import loop
from tests.simulation.faults import FAULTS
from tests.simulation.judge import Judge, Violation
from tests.simulation.members import Members
from tests.simulation.process import Process
from tests.simulation.sabotage import Sabotage
from tests.simulation.troubles import Troubles
from tests.simulation.world import Size, World

SIZE = Size(guilds=16, nodes=2, hours=3.0)
CALM_SECONDS = 240.0
"""How long nothing more goes wrong at the end."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a seed; `failure` is what was wrong, and `story` the last that happened.

    `told` is how often each thing has happened; `digest` is the same for the same story.
    """

    seed: int
    without: tuple[str, ...]
    hours: float
    hours_of_sound: float
    faults: int
    seconds: float
    told: Counter[str]
    digest: str
    story: tuple[str, ...]
    failure: str | None = None

    @property
    def report(self) -> str:
        """What is to be read when it has failed; the command is for a world of the usual size."""
        command = f"python -m tests.simulation --seed {self.seed}"
        command += "".join(f" --without {fault}" for fault in self.without)
        return "\n".join(
            (*self.story, "", f"seed {self.seed}: {self.failure}", f"again: {command}")
        )


def simulate(
    seed: int, size: Size = SIZE, *, without: Collection[str] = (), whole_story: bool = False
) -> Outcome:
    """Simulate `seed`, leaving out the faults that `without` names."""
    with _undisturbed(seed):
        return Simulation(seed, size, without, whole_story).outcome()


def simulate_all(
    seeds: Iterable[int], jobs: int, *, without: Collection[str] = ()
) -> Generator[Outcome]:
    """Yield what comes of each seed, in their order; `jobs` processes work on them."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        try:
            yield from pool.map(partial(simulate, without=without), seeds)
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def _undisturbed(seed: int) -> Generator[None]:
    """Let chance come from the seed, and nobody complain of what a killed process leaves open."""
    chance = random.getstate()
    # The links draw their delays from it.
    random.seed(seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Unclosed <MemoryObject", ResourceWarning)
        try:
            yield
        finally:
            random.setstate(chance)
            # Now, for later they would.
            gc.collect()


class Simulation:
    """See `simulate`."""

    def __init__(self, seed: int, size: Size, without: Collection[str], whole_story: bool) -> None:
        self._seed = seed
        self._size = size
        self._without = without
        self._whole_story = whole_story
        self._lives = 0
        self.world: World
        self.judge: Judge
        self.troubles: Troubles

    def outcome(self) -> Outcome:
        """Run it."""
        began = time.perf_counter()
        failure = loop.run(self._run())
        world, judge = self.world, self.judge
        return Outcome(
            self._seed,
            tuple(self._without),
            self._size.guilds * world.loop.time() / 3600,
            sum(record.seconds_of_sound for record in judge.records.values()) / 3600,
            self.troubles.struck,
            time.perf_counter() - began,
            world.story.told,
            world.story.digest,
            tuple(world.story.last(judge.failed_guild if failure else None)),
            failure,
        )

    async def _run(self) -> str | None:
        """Return what was wrong, None if nothing was."""
        self.judge = judge = Judge()
        self.world = world = World(
            self._seed, self._size, whole_story=self._whole_story, on_sound=judge.listen
        )
        judge.begin(world)
        self._sabotage = Sabotage(lambda guild, call: self.troubles.tell(guild, "breaks:", call))
        members = {guild: Members(world, judge, guild) for guild in world.guilds}
        self.troubles = Troubles(
            world, judge, self._sabotage, members, self._start, FAULTS, without=self._without
        )
        for node in world.nodes.values():
            node.on_hung = judge.fault
        for tricks in world.tricks.values():
            tricks.on_played = judge.fault
        with _logging_to(judge):
            baseline = asyncio.all_tasks()
            self._start()
            try:
                await self._live(members)
                await self._end(baseline)
            except Violation as error:
                await self._abandon()
                return str(error)
        return None

    async def _live(self, members: dict[int, Members]) -> None:
        """Let everything happen, for the hours that are wanted; then let it calm down."""
        loop, judge = self.world.loop, self.judge
        lives = (life for one in members.values() for life in (one.live(), one.wander()))
        living = [loop.create_task(life) for life in lives]
        happening = loop.create_task(self.troubles.happen())
        try:
            await judge.while_well(asyncio.sleep(self._size.hours * 3600 - CALM_SECONDS))
            happening.cancel()
            self.troubles.end()
            await judge.while_well(asyncio.sleep(CALM_SECONDS / 2))
            for task in living:
                task.cancel()
            await judge.while_well(asyncio.sleep(CALM_SECONDS / 2))
        finally:
            for task in (happening, *living):
                task.cancel()
            await asyncio.gather(happening, *living, return_exceptions=True)

    async def _end(self, baseline: set[asyncio.Task[Any]]) -> None:
        """Stop in order; nothing is left then."""
        process = self.judge.process
        assert process is not None
        await self.judge.judge_calm(process)
        await self.judge.while_well(self.judge.end(process, Process.stop))
        self.judge.judge_end(process, asyncio.all_tasks() - baseline)
        await self.judge.while_well(asyncio.sleep(0))

    async def _abandon(self) -> None:
        """Something was wrong: end what still runs."""
        self.troubles.abandon()
        process = self.judge.process
        if process is not None and not process.killed:
            await process.kill()

    def _start(self) -> None:
        self._lives += 1
        self.judge.began(Process(self.world, self._lives, self._sabotage, self.judge.hook))


@contextmanager
def _logging_to(judge: Judge) -> Generator[None]:
    """Let the judge read the log instead of anybody else."""

    def read(_logger: object, _method: str, event: Any) -> Any:
        judge.log(event)
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(
        processors=[read],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=False,
    )
    try:
        yield
    finally:
        structlog.configure(**before)
