"""Which of several nodes is to play: pure, but for the time that `Workload` is given.

Everything is said in players. What a node finds hard counts as that many players more, by the
formula that Lavalink's own client library uses, so that what is known of it holds here: half of the
CPU in use weighs as much as a hundred players, and a node that does not keep up with its frames
soon weighs more than any number of them. Distance is no absolute: a near node that is overrun loses
against a far one that is idle.

A node tells its figures once a minute. A hundred guilds that lose their node in one instant choose
within that minute, so what was chosen since counts from the moment of the choice.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from seraphim.lavalink.events import Stats

FRAMES_PER_MINUTE = 3000
FAR = 500.0
"""Players that a near node may have more than a far one. Without regions a node is half way."""
PROMISE_SECONDS = 10.0
"""How long a choice counts that nobody has made use of."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A node that could play; `connected`: its link is up at this moment, not just coming back."""

    name: str
    load: float
    regions: Sequence[str] = ()
    connected: bool = True


def ranked(candidates: Iterable[Candidate], endpoint: str | None) -> list[Candidate]:
    """Return the candidates, best first; of equals, the one that came first."""
    return sorted(
        candidates,
        key=lambda one: (not one.connected, one.load + distance(one.regions, endpoint)),
    )


def distance(regions: Sequence[str], endpoint: str | None) -> float:
    """Return how far it is from a node in `regions` to the voice server, in players.

    A voice server's name begins with its region, as in `rotterdam1234.discord.media:443` and
    `c-ams05-12ab34cd.discord.media:443`.
    """
    if not regions or endpoint is None:
        return FAR / 2
    host = endpoint.lower().removeprefix("c-")
    return 0.0 if host.startswith(tuple(map(str.lower, regions))) else FAR


def load(stats: Stats) -> float:
    """Return what a node has to do, in players."""
    cpu = 10 * (1.05 ** (100 * stats.system_load) - 1)
    deficit = 600 * (1.03 ** (500 * min(1.0, stats.deficit / FRAMES_PER_MINUTE)) - 1)
    nulled = 600 * (1.03 ** (500 * min(1.0, stats.nulled / FRAMES_PER_MINUTE)) - 1)
    return stats.playing + cpu + deficit + nulled


class Workload:
    """What one node has to do, as far as it is known here. `now` is a time in seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._stats: Stats | None = None
        self._players = 0
        self._since = 0
        self._promised: deque[float] = deque()

    @property
    def load(self) -> float:
        """The load, in players."""
        while self._promised and self._promised[0] <= self._now() - PROMISE_SECONDS:
            self._promised.popleft()
        if self._stats is None:
            return self._players + len(self._promised)
        # A node that has been left by many may have told its figures before.
        return max(0.0, load(self._stats) + self._since) + len(self._promised)

    @property
    def told(self) -> Stats:
        """What the node said last, nothing where it has said nothing."""
        return self._stats or Stats()

    def hear(self, stats: Stats) -> None:
        """Take the node's word: it counts whatever was there when it spoke."""
        self._stats = stats
        self._since = 0

    def promise(self) -> None:
        """A guild has chosen the node, and will come."""
        self._promised.append(self._now())

    def come(self) -> None:
        """A guild is here now, most likely the one that was promised first."""
        if self._promised:
            self._promised.popleft()
        self._players += 1
        self._since += 1

    def go(self) -> None:
        """A guild that was here is not any more."""
        self._players -= 1
        self._since -= 1
