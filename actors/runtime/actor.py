"""The contract between an actor and its runtime.

An actor is a class with three coroutines, run one at a time by one task::

    on_start()          before any message; if it raises, the start failed
    receive(message)    one message at a time; for an `Ask` its return value is the answer
    on_stop(reason)     after the last message, a crash included; not after a kill

What they may do is in `self.context`: it is set before `on_start`, and is a new one, as the actor
is, in every incarnation.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Generic, Never, TypeVar, TypeVarTuple

from actors.runtime.ask import Ask, Deferred
from actors.runtime.exits import NORMAL
from actors.runtime.timers import Timers

if TYPE_CHECKING:
    from actors.runtime.exits import Exit
    from actors.runtime.incarnation import ActorTask, Incarnation
    from actors.runtime.ref import ActorRef, SupervisorRef
    from actors.runtime.system import System

MessageT_contra = TypeVar("MessageT_contra", contravariant=True)
ReplyT = TypeVar("ReplyT")
ArgsT = TypeVarTuple("ArgsT")


class Context(Generic[MessageT_contra]):
    """What an actor knows and may do. Used by the actor itself only."""

    __slots__ = ("_incarnation",)

    def __init__(self, incarnation: "Incarnation") -> None:
        self._incarnation = incarnation

    @property
    def system(self) -> "System":
        """The system that it runs in."""
        return self._incarnation.system

    @property
    def ref(self) -> "ActorRef[MessageT_contra]":
        """The actor's own ref."""
        return self._incarnation.child.ref

    @property
    def path(self) -> str:
        """Where it stands in the tree."""
        return self._incarnation.child.path

    @property
    def incarnation(self) -> int:
        """1 for the first, one more after every restart."""
        return self._incarnation.number

    @property
    def crashes(self) -> int:
        """How many of its crashes lie within its supervisor's period before now."""
        return self._incarnation.child.recent_crashes()

    @property
    def kept(self) -> object:
        """What an earlier incarnation gave to `keep` last; None if there is nothing."""
        return self._incarnation.child.kept

    def keep(self, state: object) -> None:
        """Hand `state` to the next incarnation, as it is: make it a value that nobody changes.

        It is forgotten when the actor ends without being restarted.
        """
        self._incarnation.keep(state)

    @property
    def timers(self) -> Timers[MessageT_contra]:
        """Keyed messages to itself, later."""
        return self._incarnation.timers

    def start_task(
        self,
        function: Callable[[*ArgsT], Awaitable[object]],
        *args: *ArgsT,
        name: str | None = None,
    ) -> "ActorTask":
        """Run `function(*args)` beside the mailbox.

        It is cancelled when the incarnation ends, and what it raises crashes the actor. To bring a
        result back, it tells the actor a message.
        """
        return self._incarnation.start_task(function, args, name)

    def defer(self, message: Ask[ReplyT]) -> Deferred[ReplyT]:
        """Answer the message in hand later; what `receive` returns for it is ignored."""
        return Deferred(*self._incarnation.defer(message))

    def monitor(self, ref: "ActorRef[Never] | SupervisorRef") -> None:
        """Receive one `Down` when the incarnation behind `ref` ends; at once if it has ended.

        While it is between two incarnations, the next one is meant. Monitoring twice is as good as
        once; after the `Down`, monitor again to hear of the next end. The actor's messages must
        include `Down`.
        """
        ref.report_end(self._incarnation)

    def stop(self) -> None:
        """End normally after the message in hand, before any that is waiting."""
        self._incarnation.order(NORMAL)


class Actor(Generic[MessageT_contra]):
    """State, and one message at a time."""

    context: Context[MessageT_contra]
    """Set before `on_start`."""

    async def on_start(self) -> None:
        """Prepare. Messages wait, and so does whoever started it.

        If it raises, the start failed; `on_stop` is not called.
        """

    async def receive(self, message: MessageT_contra) -> object:
        """Handle one message; return the answer if it is an `Ask`.

        If it raises, the actor crashes: the message is not delivered again, its ask fails with
        `ActorCrashed`, and the supervisor decides.
        """
        raise NotImplementedError

    async def on_stop(self, reason: "Exit") -> None:
        """Clean up, within the spec's `shutdown` seconds. The actor's tasks have ended.

        Not called when the actor is killed. If it raises after anything but a crash, the actor has
        crashed.
        """
