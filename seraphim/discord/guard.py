"""The guard: asks whether somebody is too fast before their player is asked.

It is there against floods and must never be what keeps people from their music: while the limiter
hangs or fails, everybody passes, 50 ms later at most. What costs nothing is asked about as well, so
that nobody's command overtakes the one that they gave before.
"""

from collections.abc import Callable, Mapping
from typing import Final

import structlog

from actors.guild.refusal import Code, Refused
from actors.rate_limiter.messages import RATE_LIMITER, Take
from actors.runtime import DeliveryError, Registry

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

TIMEOUT_SECONDS: Final = 0.05
FREE: Final = 0
COSTS: Final[Mapping[str, int]] = {
    # Whoever wants it quiet is never told to wait.
    "stop": FREE,
    "leave": FREE,
    # It has the sources asked for a whole list of songs.
    "import": 2,
}
"""What commands cost that do not cost 1. A button costs what its command does."""


class Guard:
    """Asks the limiter. The registry comes as a function, as for `Players`."""

    def __init__(self, registry: Callable[[], Registry]) -> None:
        self._registry = registry
        self._failed: int | None = None

    async def refusal(self, toll: Take) -> Refused | None:
        """Return the refusal of who is too fast; None: they may go on. It takes at most 50 ms."""
        limiter = self._registry().whereis(RATE_LIMITER)
        if limiter is None:
            self._tell(-1, "unregistered")
            return None
        try:
            wait = await limiter.ask(toll, timeout=TIMEOUT_SECONDS)
        except DeliveryError as error:
            self._tell(limiter.statistics().crashed, type(error).__name__)
            return None
        return Refused(Code.TOO_FAST, {"seconds": wait}) if wait else None

    def _tell(self, crashes: int, error: str) -> None:
        """Say that everybody passes, once for each incarnation of the limiter."""
        if crashes != self._failed:
            self._failed = crashes
            log.warning("rate.unlimited", error=error)
