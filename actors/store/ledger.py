"""What the store knows and has not written yet, and what each message makes of it.

It holds one change for each guild and one value for each key, however long the storage is away.
What is being written stays in it until that is known to have worked; what comes meanwhile waits.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from actors.guild.player.queue import still
from actors.guild.player.state import PlayerState, Trouble
from actors.guild.settings import GuildSettings
from actors.store.ports import Batch, Change

BEGAN_EMPTY = "it could not be read when its player began"


def durable(state: PlayerState) -> PlayerState:
    """Return what of `state` survives its process: not who waits, and not what can be reached."""
    current = state.current
    return replace(
        state,
        current=None
        if current is None
        else replace(current, stuck=False, live_title=None, ran_on=False),
        joining=None,
        trouble=Trouble(),
        requests=(),
        failures=0,
        mending=None,
        choosing=None,
        nodes=frozenset[str](),
        idle=False,
        ends_at=None,
        settings=GuildSettings(),
        ballots=(),
        closes_at=None,
        waiting=None,
        status=None,
        unshuffled=still(state.unshuffled, state.queue),
        filtered=False,
        changeover=None,
    )


def ended(state: PlayerState, at_ms: int) -> PlayerState:
    """Return the `state` of a process that ended at `at_ms`: what ran stands where it was then."""
    current = state.current
    if current is None or not current.running:
        return state
    at_ms = max(at_ms, current.at_ms)
    stopped = replace(current, position_ms=current.position(at_ms), at_ms=at_ms, running=False)
    return replace(state, current=stopped)


@dataclass(slots=True)
class Unwritten:
    """Changes by guild and notes by key."""

    changes: dict[int, Change] = field(default_factory=dict[int, Change])
    notes: dict[str, str | None] = field(default_factory=dict[str, str | None], repr=False)

    def __len__(self) -> int:
        return len(self.changes) + len(self.notes)

    def add(self, newer: Change) -> None:
        """Take one more change."""
        older = self.changes.get(newer.guild)
        self.changes[newer.guild] = newer if older is None else older.then(newer)


@dataclass(slots=True)
class Ledger:
    """What waits, and what is being written.

    `running` are the guilds whose last save says that music runs. `unread` are those whose recall
    has had no answer: what is stored of them is put aside, not overwritten. It changes in place: a
    copy for each save would cost the more the more guilds there are.
    """

    waiting: Unwritten = field(default_factory=Unwritten)
    writing: Unwritten = field(default_factory=Unwritten)
    running: set[int] = field(default_factory=set[int])
    unread: set[int] = field(default_factory=set[int])

    def __len__(self) -> int:
        return len(self.waiting) + len(self.writing)

    def save(self, state: PlayerState) -> None:
        """Take `state` as the guild's last one."""
        guild = state.guild
        aside = BEGAN_EMPTY if guild in self.unread else None
        self._change(Change(guild, durable(state), aside))
        if state.current is not None and state.current.running:
            self.running.add(guild)
        else:
            self.running.discard(guild)

    def set_aside(self, guild: int, reason: str) -> None:
        """Have nothing to recall of the guild."""
        self._change(Change(guild, aside=reason))
        self.running.discard(guild)

    def take_note(self, key: str, value: str | None) -> None:
        """Take `value` as what stands under `key`."""
        self.waiting.notes[key] = value

    def ask(self, guild: int) -> None:
        """Remember that a recall of the guild is under way."""
        self.unread.add(guild)

    def answer(self, guild: int) -> None:
        """Remember that it was answered."""
        self.unread.discard(guild)

    def begin(self, now: int) -> Batch:
        """Let all that waits be written, and return what to write. Nothing is being written yet."""
        self.writing, self.waiting = self.waiting, Unwritten()
        return Batch(tuple(self.writing.changes.values()), self.writing.notes, now)

    def written(self) -> None:
        """Nothing is being written any more: that is done."""
        self.writing = Unwritten()

    def unwritten(self) -> None:
        """Nothing is being written any more: that waits again."""
        # The batch may still be looked at by whoever was to write it.
        again = Unwritten(dict(self.writing.changes), {**self.writing.notes, **self.waiting.notes})
        for change in self.waiting.changes.values():
            again.add(change)
        self.waiting, self.writing = again, Unwritten()

    def taken_over(self) -> "Ledger":
        """Return what is left to whoever comes after a crash, who shares nothing with this one."""
        left = Ledger(self.waiting, self.writing, set(self.running), set(self.unread))
        left.unwritten()
        return left

    def change(self, guild: int) -> Change | None:
        """Return what the storage does not know of the guild; None where it knows all."""
        return self.waiting.changes.get(guild) or self.writing.changes.get(guild)

    def knows_note(self, key: str) -> bool:
        """Whether the storage may have something older under `key`."""
        return key in self.waiting.notes or key in self.writing.notes

    def note(self, key: str) -> str | None:
        """Return the note that is not stored yet."""
        notes = self.waiting.notes if key in self.waiting.notes else self.writing.notes
        return notes.get(key)

    def active(self, stored: Iterable[int]) -> tuple[int, ...]:
        """Return the guilds that have a home, where `stored` are those that it is stored of."""
        active = set(stored)
        for unwritten in (self.writing, self.waiting):
            for guild, change in unwritten.changes.items():
                active.discard(guild)
                if change.state is not None and change.state.home is not None:
                    active.add(guild)
        return tuple(sorted(active))

    def _change(self, change: Change) -> None:
        self.waiting.add(change)
        self.unread.discard(change.guild)
