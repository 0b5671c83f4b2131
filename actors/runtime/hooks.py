"""What may stand between an actor's mailbox and its `receive`: for logs, for metrics, for faults.

A hook wraps `receive` once for each incarnation, and so sees every message: those told and asked,
timers' messages and `Down`. An actor that no hook wraps is called directly: hooks that are not used
cost nothing. Events that are published for whoever may listen were rejected: each message would pay
for the question whether somebody does.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Never, TypeAlias

if TYPE_CHECKING:
    from actors.runtime.ref import ActorRef

Receive: TypeAlias = Callable[[Any], Awaitable[object]]
"""An actor's `receive`, or what stands in front of it."""

Hook: TypeAlias = "Callable[[ActorRef[Never], Receive], Receive]"
"""Given an actor and its `receive`, return what is to be called instead: `receive` itself, if the
actor is of no interest, or a coroutine function that calls it. What that returns is the answer, and
what it raises is the actor's crash."""
