"""The system: one tree, one clock, one registry, and the task group that all of it runs in.

The group is flat. Every actor and supervisor is one task in it with a cancel scope of its own, and
the tree is made of references; so that ending a branch is an ordered walk and never a cancellation
of everything at once. The group is shielded: when the surrounding code is cancelled, `System` stops
its tree in order first and lets the cancellation go on then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

import anyio
import structlog
from anyio.abc import TaskGroup, TaskStatus

from actors.runtime.child import ActorChild, Child, State
from actors.runtime.clock import Clock, LoopClock
from actors.runtime.dead_letters import DeadLetters
from actors.runtime.errors import ChildNotFound
from actors.runtime.exits import Exit, leaves
from actors.runtime.hooks import Hook
from actors.runtime.incidents import Incidents
from actors.runtime.latch import Latches
from actors.runtime.ref import SupervisorRef
from actors.runtime.registry import Registry
from actors.runtime.specs import SupervisorSpec
from actors.runtime.supervisor import Supervisor
from actors.runtime.timers import Deadlines

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger


@dataclass(frozen=True, slots=True)
class Node:
    """A child as `System.tree` shows it, with everything below it.

    `crashes` are those within its supervisor's period, `crashed` all of them. `age` is in seconds
    since the start of the incarnation, 0 if there is none. `mailbox` is how many messages wait,
    `handled` how many were handled by all incarnations, and `longest` how many seconds the longest
    took.
    """

    path: str
    kind: Literal["actor", "supervisor"]
    state: State
    incarnation: int
    restarts: int
    crashes: int
    crashed: int
    age: float
    mailbox: int
    handled: int
    longest: float
    children: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Census:
    """The tree in two numbers: how many actors, and how many messages in the fullest mailbox.

    `System.tree` has all the rest, and takes many times as long.
    """

    actors: int
    deepest_mailbox: int


class System:
    """A supervision tree that runs within ``async with``.

    Entering starts the tree from top to bottom; leaving stops it from bottom to top, also when the
    block is cancelled or raises. The block itself is not cancelled when the tree ends by itself:
    it waits for that with `wait_stopped`.

    Parameters
    ----------
    root
        The tree.
    clock
        The time to go by; the event loop's own unless a test brings another.
    grace
        Seconds between a kill and giving up on what swallows it.
    hooks
        Wrapped around every actor's `receive`, the last one outermost.
    """

    def __init__(
        self,
        root: SupervisorSpec,
        *,
        clock: Clock | None = None,
        grace: float = 1.0,
        hooks: Sequence[Hook] = (),
    ) -> None:
        self._given_clock = clock
        self.grace = grace
        self.hooks = tuple(hooks)
        self.registry = Registry()
        self.dead_letters = DeadLetters()
        self.incidents = Incidents()
        self.clock: Clock
        self.latches: Latches
        self.deadlines: Deadlines
        self.tasks: TaskGroup
        self.log: FilteringBoundLogger
        self._root = Supervisor(self, None, root)
        self._host: TaskGroup
        self._finished: anyio.Event
        self._closed: anyio.Event
        self._zombies: list[str] = []

    async def __aenter__(self) -> Self:
        """Start the tree.

        Raises
        ------
        StartFailed
            A child did not start; those before it have been stopped again.
        """
        self.log = structlog.get_logger("actors").bind()
        self.clock = self._given_clock or LoopClock()
        self.latches = Latches()
        self.deadlines = Deadlines(self.clock, self.latches)
        self._finished = anyio.Event()
        self._closed = anyio.Event()
        self._host = anyio.create_task_group()
        await self._host.__aenter__()
        try:
            await self._host.start(self._run)
        except BaseException:
            self._finished.set()
            await self._host.__aexit__(None, None, None)
            raise
        try:
            await self._root.start()
        except BaseException:
            await self._leave()
            raise
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._leave()

    async def _leave(self) -> None:
        with anyio.CancelScope(shield=True):
            await self._root.stopped()
            self._finished.set()
            await self._closed.wait()
        await self._host.__aexit__(None, None, None)

    async def _run(self, *, task_status: TaskStatus[None]) -> None:
        """Hold the task group of all, out of reach of a cancellation from outside."""
        timekeeper = anyio.CancelScope()
        try:
            with anyio.CancelScope(shield=True):
                async with anyio.create_task_group() as self.tasks:
                    self.tasks.start_soon(self._keep_time, timekeeper)
                    task_status.started()
                    await self._finished.wait()
                    timekeeper.cancel()
        finally:
            self._closed.set()

    async def _keep_time(self, scope: anyio.CancelScope) -> None:
        with scope:
            await self.deadlines.run()

    # For everybody

    def supervisor(self, path: str) -> SupervisorRef:
        """Return the supervisor at `path`, such as ``/root/guilds``.

        Raises
        ------
        ChildNotFound
            There is none.
        """
        child = self._find(path)
        if not isinstance(child, Supervisor):
            raise ChildNotFound(path)
        return child.ref

    def crash(self, path: str, error: Exception) -> None:
        """Crash the actor or supervisor at `path` as if its handler had raised `error`.

        The order stands ahead of every message; the handler at work finishes.

        Raises
        ------
        ChildNotFound, NotRunning
            Nothing is there, or nothing that runs.
        """
        self._find(path).order_crash(error)

    def tree(self) -> Node:
        """Return the tree as it is now."""
        built: dict[Child, Node] = {}
        pending: list[Child] = [self._root]
        while pending:
            child = pending[-1]
            below = list(child.children.values()) if isinstance(child, Supervisor) else []
            missing = [other for other in below if other not in built]
            if missing:
                pending.extend(missing)
                continue
            pending.pop()
            built[child] = self._node(child, tuple(built.pop(other) for other in below))
        return built[self._root]

    def census(self) -> Census:
        """Return what can be counted in a moment, however large the tree."""
        actors = deepest = 0
        pending: list[Child] = [self._root]
        while pending:
            child = pending.pop()
            if isinstance(child, Supervisor):
                pending.extend(child.children.values())
            elif isinstance(child, ActorChild):
                actors += 1
                deepest = max(deepest, len(child.mailbox))
        return Census(actors, deepest)

    @property
    def zombies(self) -> tuple[str, ...]:
        """The paths of actors that swallow cancellation and still have a task."""
        return tuple(self._zombies)

    async def stop(self, within: float | None = None) -> Exit:
        """Stop the tree in order; after `within` seconds, cancel what is left.

        Returns when every actor has ended or is a zombie. Leaving the ``async with`` block then
        waits for zombies, since nothing can end their tasks: whoever cannot wait ends the process.
        """
        self._root.refuse_deadlock()
        deadline = None if within is None else self.deadlines.after(within, self._root.kill)
        try:
            await self._root.stopped()
        finally:
            if deadline is not None:
                deadline.cancel()
        return self._root.last_exit

    async def wait_stopped(self) -> Exit:
        """Return how the tree ended, when it has."""
        await self._root.until_ended()
        return self._root.last_exit

    def _find(self, path: str) -> Child:
        _, *parts = path.split("/")
        child: Child | None = self._root if parts and parts[0] == self._root.id else None
        for part in parts[1:]:
            child = child.children.get(part) if isinstance(child, Supervisor) else None
        if child is None:
            raise ChildNotFound(path)
        return child

    def _node(self, child: Child, children: tuple[Node, ...]) -> Node:
        actor = child if isinstance(child, ActorChild) else None
        return Node(
            path=child.path,
            kind="supervisor" if actor is None else "actor",
            state=child.state,
            incarnation=child.incarnation,
            restarts=child.restarts,
            crashes=child.recent_crashes(),
            crashed=child.crashed,
            age=self.clock.now() - child.since if child.alive else 0.0,
            mailbox=0 if actor is None else len(actor.mailbox),
            handled=0 if actor is None else actor.handled,
            longest=0.0 if actor is None else actor.longest,
            children=children,
        )

    # For the runtime

    @property
    def collapsed(self) -> bool:
        """Whether an interrupt of the process has cancelled everything."""
        return self.tasks.cancel_scope.cancel_called

    def is_collapsing(self, error: BaseException) -> bool:
        """Whether `error` is no actor's: an interrupt of the process, or what follows one."""
        return self.collapsed or any(
            isinstance(leaf, KeyboardInterrupt | SystemExit | GeneratorExit)
            for leaf in leaves(error)
        )

    def zombie_found(self, path: str, incarnation: int) -> None:
        """Report an actor that swallowed its cancellation."""
        self._zombies.append(path)
        self.log.error("actor.zombie", actor=path, incarnation=incarnation)

    def zombie_ended(self, path: str) -> None:
        """Note that a zombie's task has ended after all."""
        self._zombies.remove(path)
