"""Who starts, watches, restarts and stops children: OTP's supervisor.

Decisions are taken at once, in the task of the child that ended; that is all there is to
one_for_one. What takes several steps (the ordered start and stop, the restart of a group) is done
by the supervisor's own task, one thing at a time, and an order to stop interrupts it. So a
supervisor answers and can be stopped whatever its children do, and starting a child costs no
detour. There is no task group per supervisor: a cancel scope would cancel its children all at once,
and in no order.
"""

from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Never

import anyio

from actors.runtime.ask import asking
from actors.runtime.child import ActorChild, Child, State
from actors.runtime.errors import (
    AlreadyPresent,
    AlreadyStarted,
    ChildError,
    ChildNotFound,
    ChildRestarting,
    ChildRunning,
    NotRunning,
    RestartLimitReached,
    StartFailed,
    TooManyChildren,
)
from actors.runtime.exits import KILLED, SHUTDOWN, Exit
from actors.runtime.incidents import Incident, Mishap
from actors.runtime.latch import Latch, release
from actors.runtime.ref import ActorRef, SupervisorRef
from actors.runtime.restart import ChildHistory, RestartWindow, delay_before
from actors.runtime.specs import ChildSpec, SupervisorSpec
from actors.runtime.timers import Deadline

if TYPE_CHECKING:
    from actors.runtime.system import System


@dataclass(frozen=True, slots=True)
class ChildInfo:
    """A child, as `SupervisorRef.which_children` shows it."""

    id: str
    kind: Literal["actor", "supervisor"]
    state: State
    ref: "ActorRef[Never] | SupervisorRef"


@dataclass(frozen=True, slots=True)
class ChildCounts:
    """How many children a supervisor has; `active` are those with an incarnation right now."""

    specs: int
    active: int
    supervisors: int
    workers: int


class Supervisor(Child):
    """A supervisor in the tree."""

    __slots__ = (
        "_bell",
        "_deadline",
        "_ending",
        "_ref",
        "_regroups",
        "_running",
        "_spec",
        "_window",
        "_work",
        "children",
        "killing",
    )

    def __init__(self, system: "System", parent: "Supervisor | None", spec: SupervisorSpec) -> None:
        super().__init__(system, parent, spec.id)
        self._spec = spec
        self._ref = SupervisorRef(self)
        self.children: dict[str, Child] = {}
        self.killing = False
        self._running = False
        self._ending: Exit | None = None
        self._window = RestartWindow(spec.intensity, spec.period)
        self._regroups: deque[Child] = deque()
        self._bell: Latch | None = None
        self._work: anyio.CancelScope | None = None
        self._deadline: Deadline | None = None

    @property
    def spec(self) -> SupervisorSpec:
        """What it was started from."""
        return self._spec

    @property
    def ref(self) -> SupervisorRef:
        """Its ref."""
        return self._ref

    # What is asked of it

    async def start_child(
        self, spec: "ChildSpec[Any] | SupervisorSpec"
    ) -> "ActorRef[Any] | SupervisorRef":
        """See `SupervisorRef.start_child`."""
        if self.state not in ("starting", "running"):
            raise NotRunning(self.path)
        self._spec.check(spec)
        present = self.children.get(spec.id)
        if present is not None:
            if present.state == "stopped":
                raise AlreadyPresent(present.path)
            raise AlreadyStarted(present.path, present.ref)
        limit = self._spec.limit
        if limit is not None and len(self.children) >= limit:
            raise TooManyChildren(self.path, limit)
        child = self._add(spec)
        try:
            await child.start()
        except ChildError:
            self.children.pop(child.id, None)
            child.retire(child.last_exit)
            raise
        except BaseException:
            self._discard(child)
            raise
        return child.ref

    async def terminate_child(self, child_id: str) -> None:
        """See `SupervisorRef.terminate_child`."""
        child = self._find(child_id)
        child.refuse_deadlock()
        child.dismiss("terminate")
        await child.until_ended()

    async def restart_child(self, child_id: str) -> None:
        """See `SupervisorRef.restart_child`."""
        child = self._find_stopped(child_id)
        if self.state not in ("starting", "running"):
            raise NotRunning(self.path)
        try:
            await child.start()
        except ChildError:
            child.retire(child.last_exit)
            raise
        except BaseException:
            child.dismiss("terminate")
            raise

    def delete_child(self, child_id: str) -> None:
        """See `SupervisorRef.delete_child`."""
        child = self._find_stopped(child_id)
        del self.children[child.id]

    def which_children(self) -> tuple[ChildInfo, ...]:
        """See `SupervisorRef.which_children`."""
        return tuple(
            ChildInfo(
                id=child.id,
                kind="supervisor" if isinstance(child, Supervisor) else "actor",
                state=child.state,
                ref=child.ref,
            )
            for child in self.children.values()
        )

    def count_children(self) -> ChildCounts:
        """See `SupervisorRef.count_children`."""
        children = self.children.values()
        supervisors = sum(isinstance(child, Supervisor) for child in children)
        return ChildCounts(
            specs=len(children),
            active=sum(child.alive for child in children),
            supervisors=supervisors,
            workers=len(children) - supervisors,
        )

    def _find(self, child_id: str) -> Child:
        child = self.children.get(child_id)
        if child is None:
            raise ChildNotFound(f"{self.path}/{child_id}")
        return child

    def _find_stopped(self, child_id: str) -> Child:
        child = self._find(child_id)
        if child.state == "restarting":
            raise ChildRestarting(child.path)
        if child.alive:
            raise ChildRunning(child.path)
        return child

    def _add(self, spec: "ChildSpec[Any] | SupervisorSpec") -> Child:
        child: Child
        if isinstance(spec, SupervisorSpec):
            child = Supervisor(self.system, self, spec)
        else:
            child = ActorChild(self.system, self, spec)
        self.children[spec.id] = child
        return child

    def _discard(self, child: Child) -> None:
        """Stop a child whose starter has gone, and keep nothing of it."""
        if self.children.get(child.id) is child:
            del self.children[child.id]
        child.dismiss("terminate")

    # What its children tell it

    def child_ended(self, child: Child, reason: Exit, *, started: bool) -> None:
        """Decide what follows the end of a child's incarnation."""
        restart = child.spec.restart
        if child.doom == "terminate" or self._ending is not None or self.system.collapsed:
            child.retire(reason)
        elif child.doom == "regroup":
            if restart == "temporary":
                child.retire(reason)
        elif child.ignored:
            child.retire(reason)
        elif child.attended and not started:
            pass
        elif restart == "permanent" or (restart == "transient" and reason.kind == "crashed"):
            self._restart(child)
        else:
            self.conclude(child, reason)

    def child_retired(self, child: Child) -> None:
        """Forget a child whose spec is not kept after its end."""
        forgettable = self._spec.dynamic or child.spec.restart == "temporary"
        if forgettable and self.children.get(child.id) is child:
            del self.children[child.id]

    def _restart(self, child: Child) -> None:
        if self._spec.strategy == "one_for_one":
            if self._may_restart(child):
                delay = self._note_restart(child)
                if delay > 0:
                    child.retry = self.system.deadlines.after(delay, child.spawn)
                else:
                    child.spawn()
        else:
            self._regroups.append(child)
            self._ring()

    def _may_restart(self, child: Child) -> bool:
        """Count a restart; if it is one too many, give up."""
        if self._window.admits(self.system.clock.now()):
            return True
        spec = self._spec
        error = RestartLimitReached(self.path, child.id, spec.intensity, spec.period)
        error.__cause__ = child.last_exit.error
        self.system.log.error(
            "supervisor.gave_up",
            actor=self.path,
            child=child.path,
            reason=str(error),
            error=repr(child.last_exit.error),
        )
        self._report(self.path, "gave_up")
        self.end(Exit("gave_up", error))
        child.retire(child.last_exit)
        return False

    def _report(self, path: str, what: Mishap) -> None:
        self.system.incidents.publish(Incident(path, what, self.system.clock.now()))

    def _note_restart(self, child: Child) -> float:
        """Return the delay before this restart of `child`."""
        if child.history is None:
            child.history = ChildHistory()
        attempt = child.history.attempt(
            self.system.clock.now(), started=child.since, period=self._spec.period
        )
        delay = delay_before(attempt, self._spec.backoff)
        child.restarts += 1
        self._report(child.path, "restarted")
        self.system.log.warning(
            "actor.restarting", actor=child.path, attempt=attempt, delay_ms=round(delay * 1000)
        )
        return delay

    def conclude(self, child: Child, reason: Exit) -> None:
        """Retire a child that ended by itself, and obey `auto_shutdown`."""
        child.retire(reason)
        if not child.spec.significant:
            return
        rule = self._spec.auto_shutdown
        if rule == "any" or not any(
            other.spec.significant and other.state != "stopped" for other in self.children.values()
        ):
            self.end(SHUTDOWN)

    # How it is ended

    def launch(self) -> None:
        """Start the task of a new incarnation."""
        self._ending = None
        self._running = False
        self.killing = False
        self._window = RestartWindow(self._spec.intensity, self._spec.period)
        self._regroups.clear()
        self.system.tasks.start_soon(self.run, name=self.path)

    def open(self) -> None:
        """Do nothing: it is reached through the tree."""

    def close(self, reason: Exit) -> None:
        """Do nothing: its children have ended."""

    def end(self, reason: Exit) -> None:
        """Stop the children and end as `reason` says. The first order counts."""
        if self._ending is None:
            self._ending = reason
            self.state = "stopping"
            if self._work is not None:
                self._work.cancel()
            self._ring()

    def order_stop(self, within: float | None) -> None:
        """Order it to end, and kill what is left after `within` seconds."""
        self.end(SHUTDOWN)
        if within == 0:
            self.kill()
        elif within is not None and self._deadline is None:
            self._deadline = self.system.deadlines.after(within, self.kill)

    def order_crash(self, error: Exception) -> None:
        """Order it to end as if it had raised `error`."""
        if not self.alive:
            raise NotRunning(self.path)
        self.system.log.error(
            "actor.crashed",
            actor=self.path,
            incarnation=self.incarnation,
            reason=repr(error),
            exc_info=error,
        )
        self.end(Exit("crashed", error))

    def kill(self) -> None:
        """Cancel every actor below it; it ends when they have, or are zombies."""
        pending: list[Child] = [self]
        while pending:
            child = pending.pop()
            if isinstance(child, Supervisor):
                if child.alive:
                    child.killing = True
                    child.end(KILLED)
                    pending.extend(child.children.values())
            elif isinstance(child, ActorChild):
                child.kill()

    def _ring(self) -> None:
        if self._bell is not None:
            release(self._bell)

    # Its task

    async def run(self) -> None:
        """Start the children, regroup them when asked to, and stop them."""
        asking.set(())
        reason = KILLED
        try:
            reason = await self._supervise()
        finally:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None
            self.system.log.info("actor.stopped", actor=self.path, reason=reason.kind)
            self.ended(reason, started=self._running)

    async def _supervise(self) -> Exit:
        failure: StartFailed | None = None
        with anyio.CancelScope() as self._work:
            if self._ending is None:
                failure = await self._start_children()
        self._work = None
        if failure is not None:
            self.end(Exit("crashed", failure))
        elif self._ending is None:
            self._running = True
            self.running()
        while self._ending is None:
            if self._regroups:
                with anyio.CancelScope() as self._work:
                    await self._regroup(self._regroups.popleft())
                self._work = None
            else:
                self._bell = self.system.latches.new()
                await self._bell
                self._bell = None
        await self._stop_children()
        return self._ending

    async def _start_children(self) -> StartFailed | None:
        known = self.children
        self.children = {}
        for spec in self._spec.children:
            child = known.get(spec.id)
            if child is None:
                child = self._add(spec)
                child.static = True
            self.children[spec.id] = child
        for child in tuple(self.children.values()):
            try:
                await child.start()
            except StartFailed as error:
                return error
            except ChildError as error:
                failure = StartFailed(child.path, error)
                failure.__cause__ = error
                return failure
        return None

    async def _regroup(self, failed: Child) -> None:
        """Restart `failed` with those that its strategy restarts with it."""
        while failed.state == "restarting" and self._may_restart(failed):
            delay = self._note_restart(failed)
            group = self._group_of(failed)
            for child in reversed(group):
                child.dismiss("regroup")
                await child.until_ended()
            if delay > 0:
                due = self.system.latches.new()
                self.system.deadlines.after(delay, partial(release, due))
                await due
            for child in group:
                if child.state != "restarting":
                    continue
                try:
                    await child.start()
                except ChildError:
                    if child.state == "restarting":
                        failed = child
                        break
            else:
                return

    def _group_of(self, failed: Child) -> list[Child]:
        children = list(self.children.values())
        if self._spec.strategy == "rest_for_one":
            return children[children.index(failed) :]
        return children

    async def _stop_children(self) -> None:
        if self._spec.dynamic:
            living = tuple(self.children.values())
            for child in living:
                child.dismiss("terminate")
            for child in living:
                await child.until_ended()
        else:
            for child in reversed(tuple(self.children.values())):
                child.dismiss("terminate")
                await child.until_ended()
        self.children = {key: child for key, child in self.children.items() if child.static}
