"""A wire: what goes in comes out a little later, in order, unless somebody plays tricks with it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

TICK = 1e-6


@dataclass(frozen=True, slots=True)
class Trick:
    """What becomes of the next event of `kind`: it arrives after each of these delays, in seconds.

    None of them: it is lost. It does not hold up what comes behind it.
    """

    kind: type
    delays: tuple[float, ...]

    def __str__(self) -> str:
        fate = " and ".join(f"{delay:.3f} s late" for delay in self.delays) or "lost"
        return f"{self.kind.__name__} {fate}"


class Tricks:
    """The tricks that are to be played on one guild's events."""

    def __init__(self, guild: int) -> None:
        self._guild = guild
        self._waiting: list[Trick] = []
        self.on_played: Callable[[int], None] = lambda _: None

    def plan(self, trick: Trick) -> None:
        self._waiting.append(trick)

    def clear(self) -> None:
        self._waiting.clear()

    def take(self, event: object) -> Trick | None:
        """Return the trick that is meant for this event, and forget it."""
        for trick in self._waiting:
            if isinstance(event, trick.kind):
                self._waiting.remove(trick)
                self.on_played(self._guild)
                return trick
        return None

    def __bool__(self) -> bool:
        return bool(self._waiting)


class Wire:
    """Carries calls from one end to the other. One that was cut carries nothing any more."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, chance: Random, fastest: float, slowest: float
    ) -> None:
        self._loop = loop
        self._chance = chance
        self._fastest = fastest
        self._slowest = slowest
        self._busy_until = 0.0
        self.cut = False

    @property
    def idle(self) -> bool:
        """Whether nothing is under way."""
        return self._busy_until <= self._loop.time()

    def carry(self, call: Callable[..., Any], *args: Any, trick: Trick | None = None) -> None:
        """Call at the other end."""
        at = self._loop.time() + self._chance.uniform(self._fastest, self._slowest)
        # Timers of the very same time ring in any order.
        at = max(at, self._busy_until + TICK)
        if trick is None:
            self._busy_until = at
            self._loop.call_at(at, self._arrive, call, args)
            return
        for delay in trick.delays:
            self._loop.call_at(at + delay, self._arrive, call, args)

    def _arrive(self, call: Callable[..., Any], args: tuple[Any, ...]) -> None:
        if not self.cut:
            call(*args)
