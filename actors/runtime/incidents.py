"""What went wrong in the tree since it began: counted, shown to whoever subscribed.

The tree shows what is there now; a child that is gone takes its figures with it. A dynamic
supervisor's children come and go, so what is counted over time is counted here.
"""

from collections import deque
from dataclasses import dataclass
from typing import Literal, TypeAlias

from actors.runtime.announcing import Announcing

Mishap: TypeAlias = Literal["crashed", "restarted", "gave_up"]

_KEPT = 64


@dataclass(frozen=True, slots=True)
class Incident:
    """The actor or supervisor at `path` crashed, is being restarted, or gave up, at `at`.

    `at` is a time of the system's clock.
    """

    path: str
    what: Mishap
    at: float


class Incidents(Announcing[Incident]):
    """Counts, remembers who gave up last, and tells subscribers."""

    __slots__ = ("crashes", "gave_up", "gave_up_count", "restarts")

    def __init__(self) -> None:
        super().__init__()
        self.crashes = 0
        self.restarts = 0
        self.gave_up_count = 0
        self.gave_up: deque[Incident] = deque(maxlen=_KEPT)

    def publish(self, incident: Incident) -> None:
        """Record one."""
        match incident.what:
            case "crashed":
                self.crashes += 1
            case "restarted":
                self.restarts += 1
            case "gave_up":
                self.gave_up_count += 1
                self.gave_up.append(incident)
        self._announce(incident)
