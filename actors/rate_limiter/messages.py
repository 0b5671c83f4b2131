"""What the rate limiter understands."""

from dataclasses import dataclass

from actors.runtime import Ask, Name


@dataclass(frozen=True, slots=True)
class Take(Ask[int]):
    """Answered with how many whole seconds to wait before it is worth asking again; 0: taken.

    `guild` is None outside of guilds. What has no `cost` is never refused.
    """

    user: int
    guild: int | None
    cost: int = 1


@dataclass(frozen=True, slots=True)
class Forget:
    """The limiter's own: a while has passed; forget whoever can be forgotten."""


RateLimiterMessage = Take | Forget

RATE_LIMITER: Name[RateLimiterMessage] = Name("rate-limiter")
"""The rate limiter, in a system."""
