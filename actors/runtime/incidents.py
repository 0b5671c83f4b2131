"""What went wrong in the tree since it began: counted, shown to whoever subscribed.

The tree shows what is there now; a child that is gone takes its figures with it. A dynamic
supervisor's children come and go, so what is counted over time is counted here.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

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


class Incidents:
    """Counts, remembers who gave up last, and tells subscribers."""

    __slots__ = ("_subscribers", "crashes", "gave_up", "gave_up_count", "restarts")

    def __init__(self) -> None:
        self.crashes = 0
        self.restarts = 0
        self.gave_up_count = 0
        self.gave_up: deque[Incident] = deque(maxlen=_KEPT)
        self._subscribers: dict[object, Callable[[Incident], None]] = {}

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
        for subscriber in tuple(self._subscribers.values()):
            subscriber(incident)

    def subscribe(self, subscriber: Callable[[Incident], None]) -> Callable[[], None]:
        """Call `subscriber` with each later incident; the returned function ends that.

        It is called synchronously and must not raise.
        """
        key = object()
        self._subscribers[key] = subscriber

        def unsubscribe() -> None:
            self._subscribers.pop(key, None)

        return unsubscribe
