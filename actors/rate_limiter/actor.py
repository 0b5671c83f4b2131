"""The actor that says who is too fast.

One for all guilds, since people are the same in all of them. It goes by the system's clock, which
outlives it as its buckets do: after a crash nobody has more than they had before.
"""

import structlog

from actors.rate_limiter.buckets import Allowance, Limit, RateLimiter
from actors.rate_limiter.messages import Forget, RateLimiterMessage, Take
from actors.runtime import Actor

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

FORGET_SECONDS = 60.0


class RateLimiterActor(Actor[RateLimiterMessage]):
    """Answers `Take`. `allowance` is what one person may do."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self._limiter: RateLimiter
        self._told: set[Limit] = set()

    async def on_start(self) -> None:
        """Begin with the buckets that there are.

        They are kept as they are, not as a copy each time: they change in one step at the end of
        an answer, which cannot fail half-way, and a copy would cost more than all the rest.
        """
        kept = self.context.kept
        self._limiter = kept if isinstance(kept, RateLimiter) else RateLimiter(self._allowance)
        self.context.keep(self._limiter)
        self._forget_later()

    async def receive(self, message: RateLimiterMessage) -> int | None:
        """Answer one question."""
        now = int(1000 * self.context.system.clock.now())
        match message:
            case Take(user, guild, cost):
                wait_ms, limit = self._limiter.take(user, guild, cost, now)
                if limit is not None and limit is not Limit.USER:
                    self._tell(limit, guild)
                return -(-wait_ms // 1000)
            case Forget():
                self._limiter.forget(now)
                self._told.clear()
                self._forget_later()
                return None

    def _forget_later(self) -> None:
        self.context.timers.start("forget", FORGET_SECONDS, Forget())

    def _tell(self, limit: Limit, guild: int | None) -> None:
        """Say that there is a flood; once a minute is enough."""
        if limit in self._told:
            return
        self._told.add(limit)
        whose = {"guild": guild} if limit is Limit.GUILD else {}
        log.warning("rate.flooded", limit=str(limit), **whose)
