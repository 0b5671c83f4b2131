"""What has happened, in order: to be read when it went wrong, and compared when it must not differ.

Events are kept as they come, and become text only for who reads them. What guilds do every few
seconds for hours on end, reports of positions and edits of panels, is not written down.
"""

import hashlib
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

LAST = 400
WIDTH = 160


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened; `guild` is 0 where it is about all of them."""

    at: float
    guild: int
    what: str
    about: tuple[object, ...]

    def __str__(self) -> str:
        hours, rest = divmod(self.at, 3600)
        minutes, seconds = divmod(rest, 60)
        where = f"guild {self.guild}" if self.guild else "all"
        about = " ".join(str(part) for part in self.about)[:WIDTH]
        return f"{int(hours)}:{int(minutes):02}:{seconds:06.3f}  {where:8}  {self.what} {about}"


class Story:
    """The events of one seed; `told` is how often each thing has happened."""

    def __init__(self, now: Callable[[], float], *, whole: bool = False) -> None:
        self._now = now
        self._events: deque[Event] = deque(maxlen=None if whole else LAST)
        self._digest = hashlib.blake2b(digest_size=8)
        self.told: Counter[str] = Counter()
        self.closed = False

    def close(self) -> None:
        """What follows is no part of it."""
        self.closed = True

    def tell(self, guild: int, what: str, *about: object) -> None:
        """Write down that this happened now."""
        if self.closed:
            return
        event = Event(self._now(), guild, what, about)
        self._events.append(event)
        self.told[what] += 1
        self._digest.update(str(event).encode())

    @property
    def digest(self) -> str:
        """The same for the same story."""
        return self._digest.hexdigest()

    def last(self, guild: int | None = None) -> Iterator[str]:
        """Yield the last events as lines, of all guilds or as far as they concern one."""
        for event in self._events:
            if guild is None or event.guild in (0, guild):
                yield str(event).rstrip()
