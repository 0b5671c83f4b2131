"""One life of an actor: from its start to its end, in one task.

Orders (stop, crash) stand beside the mailbox and are looked at before every message, so they
outrank whatever waits, and let the handler at work finish. A kill cancels. Python cannot end a task
that swallows cancellation: after a grace it is reported as a zombie, the tree goes on without it,
and nothing that it still does reaches the child that it was.
"""

import time
from asyncio import InvalidStateError
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, cast

import anyio
from anyio import TaskHandle
from anyio.lowlevel import checkpoint

from actors.runtime.actor import Actor, Context
from actors.runtime.ask import Request, asking
from actors.runtime.errors import ActorCrashed, ActorStopped, WrongReply
from actors.runtime.exits import KILLED, SHUTDOWN, Exit, leaves
from actors.runtime.hooks import Receive
from actors.runtime.latch import Latch, release
from actors.runtime.origin import Origin, Told, origin
from actors.runtime.ref import Down
from actors.runtime.timers import Deadline, Tick, Timers

if TYPE_CHECKING:
    from actors.runtime.child import ActorChild, Child

FAIRNESS = 64
"""After so many messages without a pause the scheduler gets its turn."""

_NO_CLEANUP: Callable[..., object] = cast("type[Actor[Any]]", Actor).on_stop


class ActorTask:
    """A task of an actor."""

    __slots__ = ("cancelled", "done", "handle", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.handle: TaskHandle[None] | None = None
        self.cancelled = False
        self.done = False

    def cancel(self) -> None:
        """Cancel it; this is no crash. Does nothing when it is done."""
        self.cancelled = True
        if self.handle is not None:
            self.handle.cancel()


class Drain:
    """The end of a mailbox that is being drained."""

    __slots__ = ()


class Notice:
    """A `Down` in a mailbox; meant for one incarnation only."""

    __slots__ = ("down", "incarnation")

    def __init__(self, incarnation: "Incarnation", down: Down) -> None:
        self.incarnation = incarnation
        self.down = down


class Incarnation:
    """One life of `child`'s actor."""

    __slots__ = (
        "_base",
        "_deadline",
        "_deferred",
        "_detached",
        "_exit",
        "_handle",
        "_in_hand",
        "_killed",
        "_order",
        "_receiver",
        "_started",
        "_tasks",
        "_tasks_ended",
        "_timers",
        "_watched",
        "child",
        "number",
        "system",
    )

    def __init__(self, child: "ActorChild", number: int) -> None:
        self.child = child
        self.system = child.system
        self.number = number
        self._handle: TaskHandle[None] | None = None
        self._base: tuple[ActorChild, ...] = (child,)
        self._order: Exit | None = None
        self._exit: Exit | None = None
        self._started = False
        self._killed = False
        self._receiver: Receive | None = None
        self._detached = False
        self._in_hand: Request | None = None
        self._deferred: set[Request] | None = None
        self._tasks: set[ActorTask] | None = None
        self._tasks_ended: Latch | None = None
        self._timers: Timers[Any] | None = None
        self._watched: set[Child] | None = None
        self._deadline: Deadline | None = None

    # What its context, its supervisor and other actors ask of it

    def order(self, reason: Exit) -> None:
        """End as `reason` says before the next message. The first order counts."""
        if self._order is None:
            self._order = reason
            self.child.mailbox.wake()

    def stop(self, reason: Exit, within: float | None) -> None:
        """Order the end, and kill after `within` seconds (at once at 0, never if None)."""
        self.order(reason)
        if within == 0:
            self.kill()
        elif within is not None and self._deadline is None:
            self._arm(within)

    def kill(self) -> None:
        """Cancel everything in it; report a zombie if it is still there after the grace."""
        if self._killed or self._detached:
            return
        self._killed = True
        if self._exit is not None and self._exit.kind != "crashed":
            self._exit = KILLED
        self._disarm()
        self._deadline = self.system.deadlines.after(self.system.grace, self._abandon)
        if self._handle is not None:
            self._handle.cancel()
        for task in self._tasks or ():
            task.cancel()

    def keep(self, state: object) -> None:
        """Hand `state` to the next incarnation."""
        if not self._detached:
            self.child.kept = state

    @property
    def timers(self) -> Timers[Any]:
        """Its timers."""
        if self._timers is None:
            self._timers = Timers(self)
        return self._timers

    def push(self, entry: "Tick | Notice") -> None:
        """Queue something of the runtime's for this incarnation."""
        if self._exit is None and not self._detached:
            self.child.mailbox.put(entry)

    def defer(self, message: object) -> tuple[Request | None, set[Request]]:
        """Take the ask in hand, if `message` was asked rather than told."""
        if self._deferred is None:
            self._deferred = set()
        request = self._in_hand
        if request is None:
            return None, self._deferred
        if request.message is not message:
            raise ValueError("only the message in hand can be deferred")
        self._in_hand = None
        return request, self._deferred

    def watch(self, child: "Child") -> bool:
        """Remember to stop watching `child`; false if it is too late to begin."""
        if self._exit is not None or self._detached:
            return False
        if self._watched is None:
            self._watched = set()
        self._watched.add(child)
        return True

    def report(self, down: Down, child: "Child") -> None:
        """Queue the `Down` of a watched child."""
        if self._watched is not None:
            self._watched.discard(child)
        self.push(Notice(self, down))

    def start_task(
        self, function: Callable[..., Awaitable[object]], args: tuple[Any, ...], name: str | None
    ) -> ActorTask:
        """Run `function(*args)` as a task of this incarnation."""
        task = ActorTask(name or getattr(function, "__qualname__", repr(function)))
        if self._tasks is None:
            self._tasks = set()
        self._tasks.add(task)
        label = f"{self.child.path}:{task.name}"
        run = self._run_task
        task.handle = self.system.tasks.start_soon(run, task, function, args, name=label)
        if self._exit is not None or self._killed:
            task.cancel()
        return task

    # Its task

    def launch(self) -> None:
        """Start it."""
        self._handle = self.system.tasks.start_soon(self._run, name=self.child.path)

    async def _run(self) -> None:
        asking.set(self._base)
        origin.set(None)
        try:
            if not self._killed:
                try:
                    actor = await self._start()
                    if actor is not None:
                        await self._receive()
                        await self._wind_down(actor)
                except BaseException as error:
                    if not self._killed or self.system.is_collapsing(error):
                        raise
                    if not _is_cancellation(error):
                        self._log_crash(error)
            if self._tasks:
                self._end_tasks()
                with anyio.CancelScope(shield=True):
                    await self._all_tasks_ended()
        finally:
            self._finish(self._exit if self._exit is not None else KILLED)

    async def _start(self) -> Actor[Any] | None:
        """Return the actor when it has started; None if it ignored or failed its start."""
        child = self.child
        try:
            actor = child.spec.start()
            if actor is not None:
                actor.context = Context(self)
                self._receiver = self._hooked(actor)
                await actor.on_start()
        except BaseException as error:
            if self._must_unwind(error):
                raise
            self._exit = Exit("crashed", error)
            await self._wind_down(None)
            return None
        if actor is None:
            self._exit = Exit("normal")
            child.ignored = True
            return None
        self._started = True
        child.running()
        return actor

    async def _receive(self) -> None:
        """Handle messages until there is an order, or one crashes it; leave the reason in `_exit`.

        Every message of the system comes through here; what is written out rather than called has
        been measured.
        """
        child = self.child
        mailbox = child.mailbox
        queue = mailbox.queue
        receive = self._receiver
        assert receive is not None
        new_latch = self.system.latches.new
        clock = time.perf_counter
        turns = FAIRNESS
        work: Origin | None = None
        began = clock()
        try:
            while self._order is None:
                if not queue:
                    mailbox.receiver = latch = new_latch()
                    await latch
                    turns = FAIRNESS
                    began = clock()
                    continue
                entry = queue.popleft()
                if mailbox.line:
                    mailbox.admit()
                kind: type[object] = entry.__class__
                if kind is Request:
                    request: Request = entry
                    message: Any = request.message
                    chain = request.chain
                    if request.origin is not work:
                        work = request.origin
                        origin.set(work)
                    self._in_hand = request
                    if chain:
                        asking.set((*chain, child))
                    reply = await receive(message)
                    if chain:
                        asking.set(self._base)
                    if self._in_hand is request:
                        expected = message.reply_type
                        if expected is not object and not isinstance(reply, expected):
                            raise WrongReply(child.path, message, reply)
                        self._in_hand = None
                        try:
                            request.latch.set_result(reply)
                        except InvalidStateError:
                            request.late(reply)
                elif kind is Told:
                    told: Told = entry
                    if told.origin is not work:
                        work = told.origin
                        origin.set(work)
                    await receive(told.message)
                elif work is not None:
                    # What nobody ordered belongs to no work; it is looked at once more.
                    work = None
                    origin.set(None)
                    queue.appendleft(entry)
                    continue
                elif kind is Tick:
                    tick: Tick = entry
                    if self._timers is tick.timers and tick.claim():
                        await receive(tick.message)
                elif kind is Notice:
                    notice: Notice = entry
                    if notice.incarnation is self:
                        await receive(notice.down)
                elif kind is Drain:
                    child.draining = False
                    self.order(SHUTDOWN)
                else:
                    await receive(entry)
                child.handled += 1
                now = clock()
                if now - began > child.longest:
                    child.longest = now - began
                began = now
                turns -= 1
                if not turns:
                    await checkpoint()
                    turns = FAIRNESS
                    began = clock()
            reason = self._order
        except BaseException as error:
            if self._must_unwind(error):
                raise
            reason = Exit("crashed", error)
        self._exit = KILLED if self._killed else reason

    def _hooked(self, actor: Actor[Any]) -> Receive:
        receive: Receive = actor.receive
        for hook in self.system.hooks:
            receive = hook(self.child.ref, receive)
        return receive

    async def _wind_down(self, actor: Actor[Any] | None) -> None:
        """End what belongs to it, then let it clean up. `actor` is None if it never started."""
        reason = self._exit
        assert reason is not None
        self._release(reason)
        if reason.kind == "crashed":
            self._log_crash(reason.error)
        if self._killed:
            return
        cleans_up = actor is not None and type(actor).on_stop is not _NO_CLEANUP
        if self._deadline is None and (self._tasks or cleans_up):
            within = self.child.spec.shutdown
            if within is not None:
                self._arm(within)
        if self._tasks:
            self._end_tasks()
            await self._all_tasks_ended()
        if actor is not None and cleans_up:
            asking.set(self._base)
            origin.set(None)
            try:
                await actor.on_stop(reason)
            except BaseException as error:
                if self._must_unwind(error):
                    raise
                if reason.kind != "crashed":
                    self._exit = Exit("crashed", error)
                self._log_crash(error)

    def _release(self, reason: Exit) -> None:
        """Fail the asks that it owes an answer, and forget its timers and monitors."""
        owed = list(self._deferred or ())
        if self._in_hand is not None:
            owed.append(self._in_hand)
        self._in_hand = None
        self._deferred = None
        for request in owed:
            if reason.kind == "crashed":
                request.fail(ActorCrashed(self.child.path, reason.error))
            else:
                request.fail(ActorStopped(self.child.path, reason))
        if self._timers is not None:
            self._timers.cancel_all()
        for child in self._watched or ():
            child.forget(self)
        self._watched = None

    def _finish(self, reason: Exit) -> None:
        self._disarm()
        if self._detached:
            self.system.zombie_ended(self.child.path)
            return
        self._release(reason)
        if reason.kind != "crashed":
            self.system.log.info(
                "actor.stopped",
                actor=self.child.path,
                incarnation=self.number,
                reason=reason.kind,
            )
        self.child.ended(reason, started=self._started)

    def _abandon(self) -> None:
        """Go on without it: it did not end within the grace."""
        reason = self._exit if self._exit is not None else KILLED
        self._release(reason)
        self._detached = True
        self._order = KILLED
        self._deadline = None
        self.system.zombie_found(self.child.path, self.number)
        self.child.ended(reason, started=self._started)

    def _arm(self, within: float) -> None:
        self._disarm()
        self._deadline = self.system.deadlines.after(within, self.kill)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    # Its tasks

    async def _run_task(
        self, task: ActorTask, function: Callable[..., Awaitable[object]], args: tuple[Any, ...]
    ) -> None:
        asking.set(())
        try:
            await function(*args)
        except BaseException as error:
            if self.system.is_collapsing(error):
                raise
            if not task.cancelled or not _is_cancellation(error):
                self._task_failed(task, error)
        finally:
            task.done = True
            tasks = self._tasks
            assert tasks is not None
            tasks.discard(task)
            if not tasks and self._tasks_ended is not None:
                release(self._tasks_ended)

    def _task_failed(self, task: ActorTask, error: BaseException) -> None:
        if self._order is None and self._exit is None:
            self.order(Exit("crashed", error))
        else:
            self.system.log.warning(
                "actor.task_failed",
                actor=self.child.path,
                incarnation=self.number,
                task=task.name,
                reason=repr(error),
                exc_info=error,
            )

    def _end_tasks(self) -> None:
        for task in self._tasks or ():
            task.cancel()

    async def _all_tasks_ended(self) -> None:
        while self._tasks:
            self._tasks_ended = self.system.latches.new()
            await self._tasks_ended
            self._tasks_ended = None

    # What an exception means

    def _must_unwind(self, error: BaseException) -> bool:
        """Whether `error` comes of a kill or of an interrupt of the process, not of the actor."""
        return self._killed or self.system.is_collapsing(error)

    def _log_crash(self, error: BaseException | None) -> None:
        self.system.log.error(
            "actor.crashed",
            actor=self.child.path,
            incarnation=self.number,
            reason=repr(error),
            exc_info=error,
        )


def _is_cancellation(error: BaseException) -> bool:
    """Whether there is nothing but cancellation in `error`."""
    cancelled = anyio.get_cancelled_exc_class()
    return all(isinstance(leaf, cancelled) for leaf in leaves(error))
