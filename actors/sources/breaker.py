"""When a source is passed over: pure.

A broken video is the trouble of who asked for it, and a source that limits us is everybody's. What
tells them apart is for how many guilds a source fails: in the last ten minutes, the last word of
each guild counts. When five guilds or more, and half of all who used it, had no luck, it is passed
over for two minutes; then it has another chance with what is heard from then on, and each time that
it fails again at once it is passed over for twice as long, up to half an hour.

Rejected: to count failures. One guild with a broken playlist makes a hundred of them in a minute.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

WINDOW_MS = 10 * 60_000
FEWEST_GUILDS = 5
SHARE = 0.5
PAUSE_MS = 2 * 60_000
LONGEST_PAUSE_MS = 30 * 60_000
MOST_GUILDS = 10_000
"""Whose words are kept for a source; beyond that the oldest go."""
MOST_SOURCES = 64


@dataclass(frozen=True, slots=True)
class Word:
    """A guild's last word on a source."""

    at_ms: int
    worked: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """How a source stands: the guilds' words in their order, until when it is passed over.

    `pauses` is how often in a row that was so.
    """

    words: Mapping[int, Word] = field(default_factory=dict[int, Word])
    until_ms: int = 0
    pauses: int = 0


@dataclass(frozen=True, slots=True)
class Breaker:
    """All sources of which something was heard."""

    standings: Mapping[str, Standing] = field(default_factory=dict[str, Standing])

    def heard(self, guild: int, source: str, *, worked: bool, now: int) -> "Breaker":
        """Return how things stand now that `source` worked for `guild`, or did not."""
        standing = self.standings.get(source)
        if standing is None:
            if len(self.standings) >= MOST_SOURCES:
                return self
            standing = Standing()
        if now < standing.until_ms:
            # What was begun before may still end badly; that is known.
            return self
        words = dict(standing.words)
        words.pop(guild, None)
        words[guild] = Word(now, worked)
        for oldest in tuple(words):
            if len(words) <= MOST_GUILDS and words[oldest].at_ms > now - WINDOW_MS:
                break
            del words[oldest]
        failing = sum(not word.worked for word in words.values())
        if failing >= FEWEST_GUILDS and failing >= SHARE * len(words):
            pauses = standing.pauses + 1
            pause = min(PAUSE_MS << (pauses - 1), LONGEST_PAUSE_MS)
            standing = Standing(until_ms=now + pause, pauses=pauses)
        else:
            calm = now - standing.until_ms > WINDOW_MS
            standing = replace(standing, words=words, pauses=0 if calm else standing.pauses)
        return Breaker({**self.standings, source: standing})

    def until(self, source: str) -> int:
        """Return until when `source` is passed over; a time gone by: it is not."""
        standing = self.standings.get(source)
        return 0 if standing is None else standing.until_ms
