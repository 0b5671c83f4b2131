"""Where messages go that nobody will handle.

Nothing is lost silently: every tell to an actor that has ended, and every answer that came too
late, is counted here, kept for a while and shown to whoever subscribed. Logs name the type only: a
message may hold what a log must not.
"""

from collections import deque
from dataclasses import dataclass
from typing import Literal, TypeAlias

import structlog

from actors.runtime.announcing import Announcing

Undelivered: TypeAlias = Literal["stopped", "late_reply"]

_KEPT = 64

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger("actors")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message for the actor at `path` that was not handled, or an answer by it that came late."""

    path: str
    message: object
    reason: Undelivered


class DeadLetters(Announcing[DeadLetter]):
    """Counts, remembers the latest, and tells subscribers."""

    __slots__ = ("count", "recent")

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.recent: deque[DeadLetter] = deque(maxlen=_KEPT)

    def publish(self, letter: DeadLetter) -> None:
        """Record one."""
        self.count += 1
        self.recent.append(letter)
        _log.debug(
            "actor.dead_letter",
            actor=letter.path,
            message=type(letter.message).__name__,
            reason=letter.reason,
        )
        self._announce(letter)
