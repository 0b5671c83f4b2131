"""Token buckets: pure.

A bucket holds some tokens and fills evenly. It is remembered as one number, the moment at which it
is full again; a full one is as good as none, so nobody is remembered for longer than it takes to
fill a bucket. Forgetting costs nothing: whoever takes is noted among the young; each time that an
empty bucket could have filled, the young become the old and the old are dropped, for theirs are
full by then. No pass looks at everybody, and nothing grows with who was here today.

Time is whole milliseconds, and a moment is counted in parts of one of which all is a multiple, so
that what is promised is exact. Rejected: floats, which after weeks give a token too early or too
late; and a list in the order of who is full first, which takes three times the memory.

Those who share a guild share a bucket, and so do all together, against floods: of many accounts in
one guild, and of many guilds. They are measured in people who invoke as fast as each of them may.
Whoever has used up their own takes nothing from the others' share.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

COMMANDS: Final = 5
WINDOW_MS: Final = 10_000
GUILD_PEOPLE: Final = 30
"""A guild may do what thirty people at full speed can: 150 at once and 15 a second. A hundred
listeners who all vote now fit in; of a raid's thousand accounts the guild's player feels a few."""
ALL_PEOPLE: Final = 300
"""All may do what three hundred people at full speed can: 1,500 at once, which is what a process
answers within the three seconds that Discord waits, and 150 a second, a fifth of the light commands
that it can keep up with. Eight thousand guilds with a command a minute each stay beneath."""


class Limit(StrEnum):
    """Whose bucket has too little."""

    USER = "user"
    GUILD = "guild"
    ALL = "all"


class Verdict(NamedTuple):
    """What became of a question for tokens: taken, or to be asked again in `wait_ms`."""

    wait_ms: int
    limit: Limit | None = None

    @property
    def taken(self) -> bool:
        """Whether they were taken."""
        return not self.wait_ms


TAKEN: Final = Verdict(0)


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much one person may do: `commands` at once, and as many in every `window_ms`."""

    commands: int = COMMANDS
    window_ms: int = WINDOW_MS

    def shared(self, people: int) -> "Buckets":
        """Return buckets that so many people can share, each with this allowance.

        They are never smaller than with the least that is usual: whoever holds people back more
        than that does not want to hold back the crowd.
        """
        commands = max(self.commands, COMMANDS)
        per_ms = max(self.commands / self.window_ms, COMMANDS / WINDOW_MS)
        return Buckets(people * commands, round(commands / per_ms))


class Buckets:
    """Buckets of `tokens`, each of which fills within `fill_ms`; at first all are full.

    `now` never runs backwards.
    """

    __slots__ = ("_fill_ms", "_old", "_tokens", "_turn", "_young")

    def __init__(self, tokens: int, fill_ms: int) -> None:
        self._tokens = tokens
        self._fill_ms = fill_ms
        # When who is full again: milliseconds times `tokens`, of which a token takes `fill_ms`.
        self._young: dict[int, int] = {}
        self._old: dict[int, int] = {}
        self._turn = 0

    def __len__(self) -> int:
        """How many entries are remembered; somebody may have two."""
        return len(self._young) + len(self._old)

    def wait(self, key: int, cost: int, now: int) -> int:
        """Return in how many milliseconds `cost` tokens can be taken, 0 if now.

        What costs more than a bucket holds is had for a full one.
        """
        full = self._young.get(key) or self._old.get(key, 0)
        tokens = self._tokens
        # A bucket is never emptier than empty: that is how far ahead it may be full.
        short = full + (min(cost, tokens) - tokens) * self._fill_ms - now * tokens
        return -(-short // tokens) if short > 0 else 0

    def take(self, key: int, cost: int, now: int) -> None:
        """Take `cost` tokens that are there."""
        if now >= self._turn:
            self.forget(now)
        full = self._young.get(key) or self._old.get(key, 0)
        tokens = self._tokens
        self._young[key] = max(full, now * tokens) + min(cost, tokens) * self._fill_ms

    def forget(self, now: int) -> None:
        """Forget those whose buckets have been full for a while."""
        if now < self._turn:
            return
        late = now >= self._turn + self._fill_ms
        self._old = {} if late else self._young
        self._young = {}
        self._turn = now + self._fill_ms


class RateLimiter:
    """The buckets of people and guilds, and the one of all together.

    A question is answered whole: the tokens are taken from all three, or from none.
    """

    __slots__ = ("_all", "_guilds", "_users")

    def __init__(self, allowance: Allowance) -> None:
        self._users = Buckets(allowance.commands, allowance.window_ms)
        self._guilds = allowance.shared(GUILD_PEOPLE)
        self._all = allowance.shared(ALL_PEOPLE)

    def __len__(self) -> int:
        """How many entries are remembered."""
        return len(self._users) + len(self._guilds) + len(self._all)

    def take(self, user: int, guild: int | None, cost: int, now: int) -> Verdict:
        """Take `cost` tokens for `user` in `guild`, None outside of guilds; or say when to ask."""
        if cost <= 0:
            return TAKEN
        wait, limit = self._users.wait(user, cost, now), Limit.USER
        if guild is not None:
            shared = self._guilds.wait(guild, cost, now)
            if shared > wait:
                wait, limit = shared, Limit.GUILD
        shared = self._all.wait(0, cost, now)
        if shared > wait:
            wait, limit = shared, Limit.ALL
        if wait:
            return Verdict(wait, limit)
        self._users.take(user, cost, now)
        if guild is not None:
            self._guilds.take(guild, cost, now)
        self._all.take(0, cost, now)
        return TAKEN

    def forget(self, now: int) -> None:
        """Forget those whose buckets have been full for a while."""
        for buckets in (self._users, self._guilds, self._all):
            buckets.forget(now)
