"""Discord's rate limits: a bucket per route and major parameter, and one for all together.

Windows are fixed, as Discord's headers describe them: so many requests until a moment at which all
come back. The numbers are those that bots observe; Discord publishes none.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

GLOBAL_LIMIT = 50
GLOBAL_PERIOD = 1.0

_LIMITS: dict[str, tuple[int, float]] = {
    "POST /channels/{channel}/messages": (5, 5.0),
    "PATCH /channels/{channel}/messages/{message}": (5, 5.0),
    "DELETE /channels/{channel}/messages/{message}": (5, 1.0),
    "GET /channels/{channel}/messages": (10, 10.0),
    "POST /channels/{channel}/messages/bulk-delete": (1, 3.0),
    "PUT /applications/{application}/commands": (5, 20.0),
    "PUT /applications/{application}/guilds/{guild}/commands": (5, 20.0),
    "GET /gateway/bot": (5, 5.0),
}
_WEBHOOK_LIMIT = (5, 2.0)
_OTHERS = (50, 10.0)
_MAJOR = ("channel", "guild", "webhook", "token")


@dataclass(frozen=True, slots=True)
class Grant:
    """What a request was told about its bucket."""

    allowed: bool
    bucket: str
    limit: int
    remaining: int
    reset: float
    reset_after: float
    is_global: bool = False

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the response; the global limit has none but its own mark."""
        if self.is_global:
            return {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"}
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": f"{self.reset:.3f}",
            "X-RateLimit-Reset-After": f"{self.reset_after:.3f}",
            "X-RateLimit-Bucket": self.bucket,
        }


@dataclass(slots=True)
class _Window:
    ends: float
    used: int = 0


@dataclass(slots=True)
class RateLimits:
    """What has been used of each bucket."""

    _windows: dict[tuple[str, ...], _Window] = field(default_factory=dict[tuple[str, ...], _Window])

    def take(
        self, method: str, template: str, parameters: Mapping[str, str], now: float
    ) -> Grant | None:
        """Count a request at `now` (seconds since 1970); None where there is no limit."""
        if template.startswith("/interactions/"):
            return None
        by_webhook = template.startswith("/webhooks/")
        if not by_webhook:
            everything = self._count(("global",), "global", GLOBAL_LIMIT, GLOBAL_PERIOD, now)
            if not everything.allowed:
                return Grant(
                    False,
                    "global",
                    GLOBAL_LIMIT,
                    0,
                    everything.reset,
                    everything.reset_after,
                    is_global=True,
                )
        route = f"{method} {template}"
        limit, period = _WEBHOOK_LIMIT if by_webhook else _LIMITS.get(route, _OTHERS)
        bucket = hashlib.sha256(route.encode()).hexdigest()[:32]
        major = tuple(parameters[name] for name in _MAJOR if name in parameters)
        return self._count((bucket, *major), bucket, limit, period, now)

    def _count(
        self, key: tuple[str, ...], bucket: str, limit: int, period: float, now: float
    ) -> Grant:
        window = self._windows.get(key)
        if window is None or window.ends <= now:
            window = self._windows[key] = _Window(now + period)
        allowed = window.used < limit
        window.used += allowed
        after = math.ceil((window.ends - now) * 1000) / 1000
        return Grant(allowed, bucket, limit, limit - window.used, window.ends, after)
