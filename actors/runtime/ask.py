"""Messages that are answered, and an answer under way.

`Ask[R]` gives a message the type of its answer, and `Asking` is how `ActorRef.ask` demands both at
once: that the actor understands the message, and what it answers with. Python has no intersection
types; a method that returns both, and exists for the type checker only, does the same.

An ask ends exactly once: whoever comes second (a late answer, a late crash) finds it ended.
"""

from asyncio import InvalidStateError
from contextvars import ContextVar
from types import UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Generic,
    Protocol,
    Self,
    TypeVar,
    Union,
    cast,
    get_args,
)
from typing import get_origin as origin_of

from actors.runtime.dead_letters import DeadLetter
from actors.runtime.errors import AlreadyReplied, AskTimeout
from actors.runtime.latch import Latch
from actors.runtime.origin import Origin
from actors.runtime.timers import Due

if TYPE_CHECKING:
    from actors.runtime.child import ActorChild

MessageT_co = TypeVar("MessageT_co", covariant=True)
ReplyT = TypeVar("ReplyT")
ReplyT_co = TypeVar("ReplyT_co", covariant=True)
ReplyT_contra = TypeVar("ReplyT_contra", contravariant=True)


class Asking(Protocol[MessageT_co, ReplyT_co]):
    """A message of type `MessageT_co` that is answered with `ReplyT_co`."""

    def _asks(self) -> tuple[MessageT_co, ReplyT_co]: ...


class Ask(Generic[ReplyT_co]):
    """Root of the messages that are answered with `ReplyT_co`.

    Where that is a class or a union of classes, answers are checked when they are given.
    """

    __slots__ = ()

    reply_type: ClassVar[type | UnionType] = object
    """What `isinstance` can tell of the answer's type; `object` when that is nothing."""

    if TYPE_CHECKING:

        def _asks(self) -> tuple[Self, ReplyT_co]: ...

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        bases = cast("tuple[Any, ...]", getattr(cls, "__orig_bases__", ()))
        for base in bases:
            if origin_of(base) is Ask:
                cls.reply_type = _checkable(get_args(base)[0])


def _checkable(reply: Any) -> type | UnionType:
    if reply is None:
        return type(None)
    if reply is float:
        return float | int  # as type checkers have it
    if origin_of(reply) in (Union, UnionType):
        first, *others = (_checkable(part) for part in get_args(reply))
        for other in others:
            first = first | other
        return first
    try:
        isinstance(None, reply)
    except TypeError:
        return object
    return cast("type", reply)


asking: ContextVar[tuple["ActorChild", ...]] = ContextVar("asking", default=())
"""The actors whose handlers wait for whatever is running now."""


FAILED = object()
"""Instead of an answer: the request's `error` is to be raised."""


class Request(Due):
    """One ask under way: the message, who waits for it, and how it ended.

    Its latch carries the answer, and has ended with it. It is its own entry in the heap of
    deadlines.
    """

    __slots__ = ("chain", "child", "error", "latch", "message", "origin", "timeout")

    error: Exception
    """Set when it failed."""

    child: "ActorChild"
    message: object
    chain: tuple["ActorChild", ...]
    """The actors that wait for whoever asks."""
    origin: Origin | None
    """Whose work it is part of."""
    timeout: float
    latch: Latch

    def answer(self, value: object) -> None:
        """End with `value`, or make it a dead letter if it is late."""
        try:
            self.latch.set_result(value)
        except InvalidStateError:
            self.late(value)

    def late(self, value: object) -> None:
        """Make `value` a dead letter."""
        letter = DeadLetter(self.child.path, value, "late_reply")
        self.child.system.dead_letters.publish(letter)

    def fail(self, error: Exception) -> None:
        """End with `error`, if it has not ended."""
        if not self.latch.done():
            self.error = error
            self.latch.set_result(FAILED)

    def expire(self) -> None:
        """End with `AskTimeout`, if it has not ended."""
        self.fail(AskTimeout(self.child.path, self.message, self.timeout))


class Deferred(Generic[ReplyT_contra]):
    """The right to answer an ask after its handler has returned.

    If the incarnation ends first, the ask fails. Asked by `tell`, nobody waits, and the answer is
    dropped.
    """

    __slots__ = ("_replied", "_request", "_waiting")

    def __init__(self, request: Request | None, waiting: set[Request]) -> None:
        self._request = request
        self._waiting = waiting
        self._replied = False
        if request is not None:
            waiting.add(request)

    @property
    def awaited(self) -> bool:
        """Whether somebody waits for the answer: not if it was told, or if who asked gave up."""
        return self._request is not None and not self._request.latch.done()

    def reply(self, value: ReplyT_contra) -> None:
        """Answer with `value`, once.

        Raises
        ------
        AlreadyReplied
            It was answered before.
        """
        if self._replied:
            raise AlreadyReplied("a deferred answer was given twice")
        self._replied = True
        if self._request is not None:
            self._waiting.discard(self._request)
            self._request.answer(value)
