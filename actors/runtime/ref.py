"""What one holds of an actor or a supervisor.

A ref names the child, not the incarnation: it and the messages waiting behind it survive restarts.
It is contravariant: who can handle all of `Skip | Pause` may be handed to who sends only `Skip`.

Messages from one sender arrive in the order sent. A tell is admitted or raises; an admitted message
is handled at most once, or becomes a dead letter. An ask always ends.
"""

from asyncio import InvalidStateError
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Never, TypeVar, cast, overload

from actors.runtime.ask import FAILED, Asking, Request, asking
from actors.runtime.dead_letters import DeadLetter
from actors.runtime.errors import (
    ActorStopped,
    AskTimeout,
    ChildNotFound,
    Deadlock,
    MailboxFull,
)
from actors.runtime.latch import release
from actors.runtime.origin import Told, origin

if TYPE_CHECKING:
    from actors.runtime.child import ActorChild
    from actors.runtime.exits import Exit
    from actors.runtime.incarnation import Incarnation
    from actors.runtime.specs import ChildSpec, SupervisorSpec
    from actors.runtime.supervisor import ChildCounts, ChildInfo, Supervisor

MessageT_contra = TypeVar("MessageT_contra", contravariant=True)
ReplyT = TypeVar("ReplyT")


@dataclass(frozen=True, slots=True)
class Statistics:
    """An actor in numbers.

    `mailbox` is how many messages wait, `handled` how many were handled, `crashed` how many
    incarnations ended with an error (failed starts too), and `longest` how many seconds the
    longest message took.
    """

    mailbox: int
    handled: int
    crashed: int
    longest: float


class ActorRef(Generic[MessageT_contra]):
    """An actor that understands `MessageT_contra`. Refs to the same child are the same object."""

    __slots__ = ("_child", "_mailbox")

    def __init__(self, child: "ActorChild") -> None:
        self._child = child
        self._mailbox = child.mailbox

    @property
    def path(self) -> str:
        """Where it stands in the tree, such as ``/root/guilds/guild-1/player``."""
        return self._child.path

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self._child.id

    def __repr__(self) -> str:
        return f"<ActorRef {self._child.path}>"

    async def tell(self, message: MessageT_contra) -> None:
        """Send `message`, waiting for room; returns without yielding when there is some.

        To an actor that has ended it becomes a dead letter. Cancelled while it waits, the message
        was not sent.

        Raises
        ------
        MailboxFull
            There is no room, and the actor's own handler is waiting right here.
        """
        mailbox = self._mailbox
        of = origin.get()
        entry = message if of is None else Told(message, of)
        if mailbox.offer(entry):
            return
        child = self._child
        if mailbox.closed is None:
            if child in asking.get():
                raise MailboxFull(child.path, message)
            place = mailbox.line_up(child.system.latches.new())
            try:
                await place.latch
            except BaseException:
                mailbox.leave(place)
                raise
            if mailbox.enter(place):
                mailbox.put(entry)
                return
        child.system.dead_letters.publish(DeadLetter(child.path, message, "stopped"))

    def tell_nowait(self, message: MessageT_contra) -> None:
        """Send `message` now. To an actor that has ended it becomes a dead letter.

        Raises
        ------
        MailboxFull
            There is no room; the message is in `MailboxFull.refused`.
        """
        mailbox = self._mailbox
        of = origin.get()
        if mailbox.offer(message if of is None else Told(message, of)):
            return
        child = self._child
        if mailbox.closed is None:
            raise MailboxFull(child.path, message)
        child.system.dead_letters.publish(DeadLetter(child.path, message, "stopped"))

    async def ask(
        self, message: Asking[MessageT_contra, ReplyT], *, timeout: float = 5.0
    ) -> ReplyT:
        """Send `message` and return its answer, within `timeout` seconds all in all.

        Cancelled or timed out after it was admitted, the message is handled all the same, and its
        answer becomes a dead letter.

        Raises
        ------
        ActorCrashed
            The actor crashed over this message.
        ActorStopped
            It has ended, or did before it came to this message.
        AskTimeout
            The time is up.
        Deadlock
            The actor itself waits for this answer, directly or through others.
        """
        child = self._child
        mailbox = self._mailbox
        chain = asking.get()
        if chain and child in chain:
            raise Deadlock(child.path, [waiting.path for waiting in chain])
        system = child.system
        # This is the way of every ask: what is written out rather than called has been measured.
        request = Request()
        request.child = child
        request.message = message
        request.chain = chain
        request.origin = origin.get()
        request.timeout = timeout
        request.latch = system.latches.new()
        request.pending = True
        deadlines = system.deadlines
        request.when = when = deadlines.now() + timeout
        unsorted = deadlines.unsorted
        if unsorted and not unsorted[-1].pending:
            unsorted[-1] = request
        else:
            unsorted.append(request)
        if when < deadlines.wakes_at or len(unsorted) > deadlines.many:
            deadlines.look(when)
        try:
            queue = mailbox.queue
            if len(queue) < mailbox.limit:
                # `mailbox.offer`
                queue.append(request)
                receiver = mailbox.receiver
                if receiver is not None:
                    mailbox.receiver = None
                    try:  # noqa: SIM105 - `suppress` takes as long as all the rest
                        receiver.set_result(None)
                    except InvalidStateError:
                        pass  # The actor is being cancelled.
            else:
                await self._put(request)
            reply = await request.latch
        except BaseException:
            release(request.latch)
            raise
        finally:
            request.pending = False
        if reply is FAILED:
            raise request.error
        return reply

    async def _put(self, request: Request) -> None:
        """Admit `request` when there is room, unless it ends before."""
        mailbox = self._mailbox
        if mailbox.closed is not None:
            raise ActorStopped(self._child.path, mailbox.closed)
        place = mailbox.line_up(request.latch)
        try:
            await request.latch
        except BaseException:
            mailbox.leave(place)
            raise
        if not request.pending:
            # Its time came, perhaps when it had just been admitted.
            mailbox.leave(place)
            raise AskTimeout(self._child.path, request.message, request.timeout)
        if not mailbox.enter(place):
            raise ActorStopped(self._child.path, self._child.last_exit)
        request.latch = self._child.system.latches.new()
        mailbox.put(request)

    async def stop(self) -> None:
        """Ask it to stop after the message in hand; returns when `on_stop` is done.

        Its supervisor then does what it does after any end: a permanent child comes back.

        Raises
        ------
        Deadlock
            The actor itself waits for this.
        """
        await self._child.stopped()

    async def drain(self) -> None:
        """Stop it once it has handled what is waiting; from now on it refuses messages.

        A crash meanwhile costs one message, as ever. A permanent actor is open again when it has
        come back.

        Raises
        ------
        Deadlock
            The actor itself waits for this.
        """
        await self._child.drained()

    def statistics(self) -> "Statistics":
        """Return what it has done and what waits for it, over all its incarnations."""
        child = self._child
        return Statistics(
            mailbox=len(child.mailbox),
            handled=child.handled,
            crashed=child.crashed,
            longest=child.longest,
        )

    def report_end(self, watcher: "Incarnation") -> None:
        """Tell `watcher` once when the actor's current, or else next, incarnation ends."""
        self._child.report_end(watcher)


class SupervisorRef:
    """A supervisor, to be told about children."""

    __slots__ = ("_supervisor",)

    def __init__(self, supervisor: "Supervisor") -> None:
        self._supervisor = supervisor

    @property
    def path(self) -> str:
        """Where it stands in the tree."""
        return self._supervisor.path

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self._supervisor.id

    def __repr__(self) -> str:
        return f"<SupervisorRef {self._supervisor.path}>"

    @overload
    async def start_child(
        self, spec: "ChildSpec[MessageT_contra]"
    ) -> ActorRef[MessageT_contra]: ...

    @overload
    async def start_child(self, spec: "SupervisorSpec") -> "SupervisorRef": ...

    async def start_child(
        self, spec: "ChildSpec[MessageT_contra] | SupervisorSpec"
    ) -> "ActorRef[MessageT_contra] | SupervisorRef":
        """Add a child and return its ref when it has started.

        Cancelled meanwhile, no child stays behind.

        Raises
        ------
        StartFailed
            Its start raised; its spec is not kept.
        AlreadyStarted, AlreadyPresent
            The id is in use, or the name is.
        TooManyChildren, InvalidSignificant, NotRunning
            The supervisor cannot take it.
        """
        return cast(
            "ActorRef[MessageT_contra] | SupervisorRef",
            await self._supervisor.start_child(spec),
        )

    async def terminate_child(self, child_id: str) -> None:
        """Stop a child, or cancel its restart; returns when it has ended.

        A static child's spec is kept for `restart_child`; a dynamic or temporary one's is not.

        Raises
        ------
        ChildNotFound
            There is no such child.
        """
        await self._supervisor.terminate_child(child_id)

    async def restart_child(self, child_id: str) -> None:
        """Start a terminated child again.

        Raises
        ------
        ChildNotFound, ChildRunning, ChildRestarting, StartFailed
            As they say.
        """
        await self._supervisor.restart_child(child_id)

    def delete_child(self, child_id: str) -> None:
        """Forget the spec of a terminated child.

        Raises
        ------
        ChildNotFound, ChildRunning, ChildRestarting
            As they say.
        """
        self._supervisor.delete_child(child_id)

    def child(self, child_id: str) -> "ActorRef[Never] | SupervisorRef":
        """Return a child's ref.

        Raises
        ------
        ChildNotFound
            There is no such child.
        """
        child = self._supervisor.children.get(child_id)
        if child is None:
            raise ChildNotFound(f"{self.path}/{child_id}")
        return child.ref

    def which_children(self) -> "tuple[ChildInfo, ...]":
        """Return its children in the order of their start."""
        return self._supervisor.which_children()

    def count_children(self) -> "ChildCounts":
        """Return how many there are, of which kind."""
        return self._supervisor.count_children()

    async def stop(self) -> None:
        """Stop it and its children, in order; returns when all have ended."""
        await self._supervisor.stopped()

    def report_end(self, watcher: "Incarnation") -> None:
        """Tell `watcher` once when its current, or else next, incarnation ends."""
        self._supervisor.report_end(watcher)


@dataclass(frozen=True, slots=True)
class Down:
    """What a monitor tells: an incarnation of `ref` ended for `reason`."""

    ref: "ActorRef[Never] | SupervisorRef"
    reason: "Exit"
