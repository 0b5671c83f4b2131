"""What goes wrong, and when: drawn from the seed.

Faults come in bursts, for the worst is what happens while something else is being mended. After
each burst there is calm enough to see whether the music comes back.
"""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from actors.runtime import ChildNotFound, NotRunning
from tests.simulation.judge import Judge
from tests.simulation.members import Members
from tests.simulation.node import Node
from tests.simulation.process import Process
from tests.simulation.sabotage import Sabotage
from tests.simulation.world import World

CRASH_PERIOD, CRASHES_AT_ONCE = 65.0, 3
CALM_SECONDS = (40.0, 600.0)


class Ordered(Exception):
    """A crash that was ordered."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of fault: how often it is drawn, what it does to a guild, and its sign.

    Many come to nothing, because there is nothing to break just then or because they wait for an
    opportunity: `sign` is what the story tells when this one has really happened.
    """

    weight: float
    strike: Callable[["Troubles", int], None]
    sign: str


class Troubles:
    """All that goes wrong with one world."""

    def __init__(
        self,
        world: World,
        judge: Judge,
        sabotage: Sabotage,
        members: dict[int, Members],
        new_process: Callable[[], None],
        kinds: Mapping[str, Fault],
        *,
        without: Collection[str] = (),
    ) -> None:
        self.world = world
        self.judge = judge
        self.sabotage = sabotage
        self.members = members
        self.chance: Random = world.chance("faults")
        self.struck = 0
        self._new_process = new_process
        self._kinds = kinds
        self._names = [name for name in kinds if name not in without]
        self._weights = [kinds[name].weight for name in self._names]
        self._crashes: dict[str, list[float]] = {}
        self._replacing = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def happen(self) -> None:
        """Let things go wrong, for ever; if everything is left out, nothing."""
        chance = self.chance
        await asyncio.sleep(chance.uniform(5, 120))
        while self._names:
            for _ in range(chance.choice((1, 1, 2, 2, 3, 4, 6))):
                self._strike(chance.choices(self._names, self._weights)[0])
                await asyncio.sleep(chance.choice((0.0, 0.1, 1.0, 5.0, 15.0)) * chance.random())
            await asyncio.sleep(chance.uniform(*CALM_SECONDS))

    def _strike(self, name: str) -> None:
        self.struck += 1
        self._kinds[name].strike(self, self.chance.choice(self.world.guilds))

    def end(self) -> None:
        """Let nothing more go wrong, and mend what is broken."""
        world = self.world
        for node in world.nodes.values():
            node.slow = 0.0
            node.hangs = 0
            node.come_back()
            if not node.well:
                # What hangs for good is helped by nothing else.
                node.die()
            node.boot()
        for guild, hall in world.discord.halls.items():
            hall.forbidden = False
            hall.tricks.clear()
            if hall.homeless:
                world.discord.move_region(guild)
            if hall.muted:
                world.discord.mute(guild, False)
        world.discord.up = True
        world.disk.recover()
        world.text.broken = False
        self.sabotage.clear()
        self.judge.armed.clear()
        self.tell(0, "no more")

    def abandon(self) -> None:
        """Leave everything as it is."""
        for task in tuple(self._tasks):
            task.cancel()

    # --- what they have in common ---

    def tell(self, guild: int, what: str, *about: object) -> None:
        """Say that something is done or undone to a guild, to all of them where it is 0."""
        self.world.story.tell(guild, f"FAULT {what}", *about)
        self.judge.fault(guild)

    def later(self, seconds: float, call: Callable[..., object], *args: Any) -> None:
        """Call in so many seconds."""
        self.world.loop.call_later(seconds, call, *args)

    def beside(self, work: Coroutine[Any, Any, None]) -> None:
        """Do this while other things happen."""
        task = self.world.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def node_of(self, guild: int) -> Node:
        """The node at which the guild is, or any."""
        state = self.judge.records[guild].state
        name = state.node if state is not None else None
        if name is None or self.chance.random() < 0.2:
            return self.chance.choice(list(self.world.nodes.values()))
        return self.world.nodes[name]

    def may_crash(self, what: str) -> bool:
        """Whether one more crash would not be more than its supervisor has to bear."""
        now = self.world.loop.time()
        recent = [at for at in self._crashes.get(what, ()) if at > now - CRASH_PERIOD]
        self._crashes[what] = recent
        if len(recent) >= CRASHES_AT_ONCE:
            return False
        recent.append(now)
        return True

    def crash(self, path: str) -> None:
        """Crash the actor at `path`, if there is one."""
        process = self.judge.process
        if process is not None and process.ready:
            try:
                process.system.crash(path, Ordered())
            except (ChildNotFound, NotRunning):
                return

    # --- processes ---

    @property
    def process(self) -> Process | None:
        """The one that runs, unless it is about to be replaced."""
        process = self.judge.process
        return None if self._replacing or process is None or not process.ready else process

    def replace(self, end: Callable[[Process], Coroutine[Any, Any, None]], after: float) -> None:
        """End the process, and start another one after a while."""
        process = self.process
        if process is not None:
            self._replacing = True
            self.beside(self._replace(process, end, after))

    async def _replace(
        self, process: Process, end: Callable[[Process], Coroutine[Any, Any, None]], after: float
    ) -> None:
        await self.judge.end(process, end)
        self.judge.ended()
        self.world.story.tell(0, "process is gone:", process.life)
        await asyncio.sleep(after)
        self.judge.fault(0)
        self._replacing = False
        self._new_process()
