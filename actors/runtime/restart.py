"""When to restart, and after what delay: pure, with the time as an argument.

Intensity counts per supervisor, as in OTP: more than `intensity` restarts within `period` seconds,
whichever children they were, and the supervisor gives up. The delay before a restart grows with
the child's own attempts and starts anew after a period without a failure. A delay is a tenacity
wait object, used as a function of the attempt's number alone, or a plain sequence whose last
element repeats.
"""

from collections import deque
from collections.abc import Sequence
from typing import TypeAlias

from tenacity import RetryCallState, Retrying
from tenacity.wait import wait_base

Backoff: TypeAlias = wait_base | Sequence[float] | None

_retrying = Retrying()


def delay_before(attempt: int, backoff: Backoff) -> float:
    """Seconds to wait before restart number `attempt` (1, 2, …)."""
    if backoff is None:
        return 0.0
    if isinstance(backoff, wait_base):
        state = RetryCallState(_retrying, None, (), {})
        state.attempt_number = attempt
        return max(0.0, backoff(state))
    return backoff[min(attempt, len(backoff)) - 1]


class RestartWindow:
    """The restarts of one supervisor within the last `period` seconds."""

    __slots__ = ("_restarts", "intensity", "period")

    def __init__(self, intensity: int, period: float) -> None:
        self.intensity = intensity
        self.period = period
        self._restarts: deque[float] = deque()

    def admits(self, now: float) -> bool:
        """Count a restart at `now`; false when it is one too many."""
        restarts = self._restarts
        restarts.append(now)
        while restarts[0] <= now - self.period:
            restarts.popleft()
        return len(restarts) <= self.intensity


class ChildHistory:
    """One child's crashes and attempts, for its context and for the delay of its next restart."""

    __slots__ = ("_attempt", "_crashes")

    def __init__(self) -> None:
        self._attempt = 0
        self._crashes: list[float] = []

    def attempt(self, now: float, *, started: float, period: float) -> int:
        """Count a restart: 1 for the first one, and again after `period` quiet seconds."""
        self._attempt = 1 if now - started >= period else self._attempt + 1
        return self._attempt

    def crashed(self, now: float) -> None:
        """Remember a crash at `now`."""
        self._crashes.append(now)

    def crashes(self, now: float, period: float) -> int:
        """How many crashes lie within `period` seconds before `now`."""
        self._crashes = [at for at in self._crashes if at > now - period]
        return len(self._crashes)
