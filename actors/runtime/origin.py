"""Whose work is under way: a mapping of names to values that stands in its log lines.

Whoever begins a piece of work sets it in its own task. From there it goes with every message that
is asked or told, for as long as the handler works on it, and with the tasks that the handler
starts; so what is logged at the far end still names who wanted it. Work that nobody ordered (a
timer, a `Down`, an actor's own start) has none.

A context variable alone would not do: an actor handles messages in a task of its own.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import TypeAlias

Origin: TypeAlias = Mapping[str, object]

origin: ContextVar[Origin | None] = ContextVar("origin", default=None)


class Told:
    """A message in a mailbox that was told within a piece of work."""

    __slots__ = ("message", "origin")

    def __init__(self, message: object, of: Origin) -> None:
        self.message = message
        self.origin = of
