"""A place in the tree: what a ref names, over all its incarnations.

A child's states::

    stopped ──start──▶ starting ──▶ running ──▶ stopping ──▶ stopped
       ▲                  │            │           │
       └───────────── restarting ◀─────┴───────────┘  when its supervisor will start it again

Every step is a plain function, called where it happens: by the task that ends, by the supervisor,
or by a deadline. Only waiting for a step is a coroutine; to cancel the wait never undoes the step.
"""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from actors.runtime.ask import Request, asking
from actors.runtime.dead_letters import DeadLetter
from actors.runtime.errors import ActorStopped, AlreadyStarted, Deadlock, NotRunning, StartFailed
from actors.runtime.exits import NORMAL, SHUTDOWN, Exit
from actors.runtime.incarnation import Drain, Incarnation, Notice
from actors.runtime.incidents import Incident
from actors.runtime.latch import Latch, release
from actors.runtime.mailbox import Mailbox
from actors.runtime.origin import Told
from actors.runtime.ref import ActorRef, Down, SupervisorRef
from actors.runtime.restart import ChildHistory
from actors.runtime.timers import Deadline, Tick

if TYPE_CHECKING:
    from actors.runtime.specs import ChildSpec, SupervisorSpec
    from actors.runtime.supervisor import Supervisor
    from actors.runtime.system import System

State: TypeAlias = Literal["starting", "running", "stopping", "restarting", "stopped"]
Doom: TypeAlias = Literal["terminate", "regroup"]
"""What the supervisor means by stopping a child: for good, or to start it again with others."""


class Child(ABC):
    """What actors and supervisors have in common as children."""

    __slots__ = (
        "_ends",
        "_failure",
        "_start",
        "crashed",
        "doom",
        "history",
        "id",
        "ignored",
        "incarnation",
        "last_exit",
        "parent",
        "path",
        "restarts",
        "retry",
        "since",
        "state",
        "static",
        "system",
        "watchers",
    )

    def __init__(self, system: "System", parent: "Supervisor | None", child_id: str) -> None:
        self.system = system
        self.parent = parent
        self.id = child_id
        self.path = f"{parent.path}/{child_id}" if parent is not None else f"/{child_id}"
        self.static = False
        self.state: State = "stopped"
        self.incarnation = 0
        self.restarts = 0
        self.crashed = 0
        self.since = 0.0
        self.history: ChildHistory | None = None
        self.last_exit = NORMAL
        self.ignored = False
        self.doom: Doom | None = None
        self.retry: Deadline | None = None
        self.watchers: dict[Incarnation, None] | None = None
        self._start: Latch | None = None
        self._failure: StartFailed | None = None
        self._ends: list[Latch] | None = None

    @property
    @abstractmethod
    def spec(self) -> "ChildSpec[Any] | SupervisorSpec":
        """What it was started from."""

    @property
    @abstractmethod
    def ref(self) -> "ActorRef[Any] | SupervisorRef":
        """Its ref, always the same."""

    @abstractmethod
    def launch(self) -> None:
        """Start the task of a new incarnation."""

    @abstractmethod
    def order_stop(self, within: float | None) -> None:
        """Order the incarnation to end, and kill it after `within` seconds."""

    @abstractmethod
    def order_crash(self, error: Exception) -> None:
        """Order the incarnation to end as if it had raised `error`."""

    @abstractmethod
    def open(self) -> None:
        """Become reachable, before the first start of a life."""

    @abstractmethod
    def close(self, reason: Exit) -> None:
        """Become unreachable, after the last end of a life."""

    @property
    def alive(self) -> bool:
        """Whether an incarnation is there."""
        return self.state not in ("stopped", "restarting")

    def recent_crashes(self) -> int:
        """How many of its crashes lie within its supervisor's period before now."""
        if self.history is None or self.parent is None:
            return 0
        return self.history.crashes(self.system.clock.now(), self.parent.spec.period)

    @property
    def attended(self) -> bool:
        """Whether somebody waits for its start, and decides what follows if it fails."""
        return self._start is not None

    # Starting

    def spawn(self) -> None:
        """Start the next incarnation."""
        self.retry = None
        self.doom = None
        self.ignored = False
        self.state = "starting"
        self.incarnation += 1
        self.since = self.system.clock.now()
        self.launch()

    async def start(self) -> None:
        """Start the next incarnation, and wait until it runs or was ignored.

        If it fails, it is left `restarting`: who waits here decides what becomes of it.

        Raises
        ------
        AlreadyStarted
            Its name belongs to another.
        StartFailed
            It did not start.
        """
        self.open()
        self._failure = None
        self._start = latch = self.system.latches.new()
        self.spawn()
        try:
            await latch
        except BaseException:
            self._start = None
            raise
        if self._failure is not None:
            raise self._failure

    def _start_failure(self, reason: Exit) -> StartFailed:
        error = reason.error
        if isinstance(error, StartFailed):
            return error
        cause = error if error is not None else ActorStopped(self.path, reason)
        failure = StartFailed(self.path, cause)
        failure.__cause__ = cause
        return failure

    def running(self) -> None:
        """Note that the start is done."""
        if self.state == "starting":
            self.state = "running"
        self.system.log.info("actor.started", actor=self.path, incarnation=self.incarnation)
        self._end_start()

    def _end_start(self) -> None:
        start, self._start = self._start, None
        if start is not None:
            release(start)

    # Ending

    def dismiss(self, doom: Doom) -> None:
        """Stop it on its supervisor's behalf: the end, when it comes, is treated as `doom` says."""
        if self.alive:
            if self.doom != "terminate":
                self.doom = doom
            self.state = "stopping"
            assert self.parent is not None
            self.order_stop(0.0 if self.parent.killing else self.spec.shutdown)
        elif self.state == "restarting" and doom == "terminate":
            self.retire(self.last_exit)

    def ended(self, reason: Exit, *, started: bool) -> None:
        """Note the end of the incarnation; its supervisor decides what follows."""
        self.last_exit = reason
        self.state = "restarting"
        if reason.kind == "crashed":
            self.crashed += 1
            if self.history is None:
                self.history = ChildHistory()
            now = self.system.clock.now()
            self.history.crashed(now)
            self.system.incidents.publish(Incident(self.path, "crashed", now))
        if started:
            self._tell_watchers(reason)
        if self.parent is None:
            self.retire(reason)
        else:
            self.parent.child_ended(self, reason, started=started)
        if self._start is not None and not self.ignored:
            self._failure = self._start_failure(reason)
        self._end_start()
        ends, self._ends = self._ends, None
        for latch in ends or ():
            release(latch)

    def retire(self, reason: Exit) -> None:
        """End for good: nothing will be started again unless somebody says so."""
        if self.retry is not None:
            self.retry.cancel()
            self.retry = None
        self.state = "stopped"
        self.last_exit = reason
        self.history = None
        self.close(reason)
        self._tell_watchers(reason)
        if self.parent is not None:
            self.parent.child_retired(self)

    async def until_ended(self) -> None:
        """Return when no incarnation is there, or the one that was there has ended."""
        if self.alive:
            latch = self.system.latches.new()
            if self._ends is None:
                self._ends = []
            self._ends.append(latch)
            await latch

    async def stopped(self) -> None:
        """Stop on an outsider's behalf, and return when it has ended.

        Raises
        ------
        Deadlock
            The caller runs in, or is waited for by, an actor that is to end here.
        """
        self.refuse_deadlock()
        if self.alive:
            self.state = "stopping"
            self.order_stop(self.spec.shutdown)
            await self.until_ended()
        elif self.state == "restarting" and self.spec.restart != "permanent":
            assert self.parent is not None
            self.parent.conclude(self, SHUTDOWN)

    def refuse_deadlock(self) -> None:
        """Raise if waiting here for its end would keep it from ending."""
        chain = asking.get()
        for waiting in chain:
            above: Child | None = waiting
            while above is not None:
                if above is self:
                    raise Deadlock(self.path, [actor.path for actor in chain])
                above = above.parent

    # Watching

    def report_end(self, watcher: Incarnation) -> None:
        """Report the next end to `watcher`, once; at once if it has ended for good."""
        if self.state == "stopped":
            watcher.report(Down(self.ref, self.last_exit), self)
            return
        if self.watchers is None:
            self.watchers = {}
        if watcher.watch(self):
            self.watchers[watcher] = None

    def forget(self, watcher: Incarnation) -> None:
        """Report nothing to `watcher`."""
        if self.watchers is not None:
            self.watchers.pop(watcher, None)

    def _tell_watchers(self, reason: Exit) -> None:
        watchers, self.watchers = self.watchers, None
        for watcher in watchers or ():
            watcher.report(Down(self.ref, reason), self)


class ActorChild(Child):
    """An actor's place: its mailbox, its name and what its incarnations hand on."""

    __slots__ = (
        "_drains",
        "_incarnation",
        "_ref",
        "_spec",
        "draining",
        "handled",
        "kept",
        "longest",
        "mailbox",
    )

    def __init__(self, system: "System", parent: "Supervisor", spec: "ChildSpec[Any]") -> None:
        super().__init__(system, parent, spec.id)
        self._spec = spec
        self.mailbox = Mailbox(spec.mailbox)
        self.kept: object = None
        self.handled = 0
        self.longest = 0.0
        self.draining = False
        self._drains: list[Latch] | None = None
        self._incarnation: Incarnation | None = None
        self._ref: ActorRef[Any] = ActorRef(self)

    @property
    def spec(self) -> "ChildSpec[Any]":
        """What it was started from."""
        return self._spec

    @property
    def ref(self) -> ActorRef[Any]:
        """Its ref."""
        return self._ref

    def launch(self) -> None:
        """Start the task of a new incarnation."""
        if not self.draining:
            self.mailbox.open()
            self._end_drain()
        self._incarnation = Incarnation(self, self.incarnation)
        self._incarnation.launch()

    def order_stop(self, within: float | None) -> None:
        """Order the incarnation to end, and kill it after `within` seconds."""
        assert self._incarnation is not None
        self._incarnation.stop(SHUTDOWN, within)

    def order_crash(self, error: Exception) -> None:
        """Order the incarnation to end as if its handler had raised `error`."""
        if not self.alive or self._incarnation is None:
            raise NotRunning(self.path)
        self._incarnation.order(Exit("crashed", error))

    def kill(self) -> None:
        """Cancel the incarnation, if there is one."""
        if self.alive and self._incarnation is not None:
            self._incarnation.kill()

    def open(self) -> None:
        """Take the name."""
        name = self._spec.name
        if name is not None:
            holder = self.system.registry.claim(name, self._ref)
            if holder is not self._ref:
                raise AlreadyStarted(self.path, holder)

    def close(self, reason: Exit) -> None:
        """Release the name, fail what was asked, and dead-letter what was told."""
        self._incarnation = None
        self.kept = None
        self.draining = False
        if self._spec.name is not None:
            self.system.registry.release(self._spec.name, self._ref)
        for entry in self.mailbox.close(reason):
            if isinstance(entry, Request):
                entry.fail(ActorStopped(self.path, reason))
            elif not isinstance(entry, Tick | Notice | Drain):
                message = entry.message if isinstance(entry, Told) else entry
                self.system.dead_letters.publish(DeadLetter(self.path, message, "stopped"))
        self._end_drain()

    async def drained(self) -> None:
        """Refuse new messages, and return when it has handled the old ones and ended."""
        self.refuse_deadlock()
        if self.state == "stopped":
            return
        if not self.draining:
            self.draining = True
            self.mailbox.seal(SHUTDOWN)
            self.mailbox.put(Drain())
        latch = self.system.latches.new()
        if self._drains is None:
            self._drains = []
        self._drains.append(latch)
        await latch

    def _end_drain(self) -> None:
        drains, self._drains = self._drains, None
        for latch in drains or ():
            release(latch)
