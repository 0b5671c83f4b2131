"""What is ordered to go wrong from now on: events that do not come, requests that are not heard.

Pure bookkeeping that gateway and REST consult; `faults.Faults` is where it is ordered.
"""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from seraphim.sandbox.world import Event

VOICE_EVENTS = frozenset({"VOICE_STATE_UPDATE", "VOICE_SERVER_UPDATE"})


@dataclass(slots=True, eq=False)
class Refusal:
    """Requests of a route that are answered with an error. Ends by itself or by `lift`."""

    route: str
    status: int
    left: int | None
    """How many more; None: until it is lifted."""
    retry_after: float
    met: int = 0
    """How many requests it has refused."""

    def lift(self) -> None:
        """No more of it."""
        self.left = 0

    def applies(self, method: str, path: str) -> bool:
        """Whether it refuses this request."""
        return self.left != 0 and fnmatchcase(f"{method} {path}", self.route)


@dataclass(slots=True, eq=False)
class Detour:
    """The next event of a kind about the bot comes late, twice, or never."""

    event: str
    delays: tuple[float, ...]
    """How many seconds late it comes, once for each time that it does."""
    guild_id: int | None
    left: int = 1
    """How many events it is for."""


@dataclass(slots=True)
class Disruptions:
    """All orders that are still to be carried out."""

    refusals: list[Refusal] = field(default_factory=list[Refusal])
    detours: list[Detour] = field(default_factory=list[Detour])

    def refuses(self, method: str, path: str) -> Refusal | None:
        """The refusal that this request meets, if any; it counts as met."""
        self.refusals = [each for each in self.refusals if each.left != 0]
        for refusal in self.refusals:
            if refusal.applies(method, path):
                refusal.met += 1
                if refusal.left is not None:
                    refusal.left -= 1
                return refusal
        return None

    def delays_of(self, event: Event) -> tuple[float, ...]:
        """How many seconds late `event` comes, once for each time that it does."""
        for detour in self.detours:
            here = detour.guild_id in (None, event.guild_id)
            if event.about_bot and event.name == detour.event and here:
                detour.left -= 1
                if not detour.left:
                    self.detours.remove(detour)
                return detour.delays
        return (0.0,)
