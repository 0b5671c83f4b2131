"""What the store knows and has not written yet: a value, and what each message makes of it.

It holds one change for each guild and one value for each key, however long the storage is away.
What is being written stays in it until that is known to have worked; what comes meanwhile waits.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from actors.guild.player.state import PlayerState, Trouble
from actors.store.ports import Batch, Change

BEGAN_EMPTY = "it could not be read when its player began"


def durable(state: PlayerState) -> PlayerState:
    """Return what of `state` survives its process: not who waits, and not what can be reached."""
    return replace(
        state,
        joining=None,
        trouble=Trouble(),
        requests=(),
        failures=0,
        nodes=frozenset[str](),
        idle=False,
    )


def ended(state: PlayerState, at_ms: int) -> PlayerState:
    """Return the `state` of a process that ended at `at_ms`: what ran stands where it was then."""
    current = state.current
    if current is None or not current.running:
        return state
    at_ms = max(at_ms, current.at_ms)
    stopped = replace(current, position_ms=current.position(at_ms), at_ms=at_ms, running=False)
    return replace(state, current=stopped)


@dataclass(frozen=True, slots=True)
class Unwritten:
    """Changes by guild and notes by key."""

    changes: Mapping[int, Change] = field(default_factory=dict[int, Change])
    notes: Mapping[str, str | None] = field(default_factory=dict[str, str | None], repr=False)

    def __len__(self) -> int:
        return len(self.changes) + len(self.notes)

    def and_change(self, newer: Change) -> "Unwritten":
        """Return this with one more change."""
        older = self.changes.get(newer.guild)
        change = newer if older is None else older.then(newer)
        return replace(self, changes={**self.changes, newer.guild: change})

    def then(self, newer: "Unwritten") -> "Unwritten":
        """Return this and the `newer` as one."""
        both = replace(self, notes={**self.notes, **newer.notes})
        for change in newer.changes.values():
            both = both.and_change(change)
        return both


@dataclass(frozen=True, slots=True)
class Ledger:
    """What waits, and what is being written.

    `running` are the guilds whose last save says that music runs. `unread` are those whose recall
    has had no answer: what is stored of them is put aside, not overwritten.
    """

    waiting: Unwritten = field(default_factory=Unwritten)
    writing: Unwritten = field(default_factory=Unwritten)
    running: frozenset[int] = frozenset()
    unread: frozenset[int] = frozenset()

    def __len__(self) -> int:
        return len(self.waiting) + len(self.writing)

    def saved(self, state: PlayerState) -> "Ledger":
        """Return it with `state` as the guild's last one."""
        guild = state.guild
        aside = BEGAN_EMPTY if guild in self.unread else None
        runs = state.current is not None and state.current.running
        return replace(
            self._changed(Change(guild, durable(state), aside)),
            running=self.running | {guild} if runs else self.running - {guild},
        )

    def set_aside(self, guild: int, reason: str) -> "Ledger":
        """Return it with nothing to recall of the guild."""
        changed = self._changed(Change(guild, aside=reason))
        return replace(changed, running=self.running - {guild})

    def noted(self, key: str, value: str | None) -> "Ledger":
        """Return it with `value` under `key`."""
        notes = {**self.waiting.notes, key: value}
        return replace(self, waiting=replace(self.waiting, notes=notes))

    def asked(self, guild: int) -> "Ledger":
        """Return it with a recall of the guild under way."""
        return replace(self, unread=self.unread | {guild})

    def answered(self, guild: int) -> "Ledger":
        """Return it with that recall answered."""
        return replace(self, unread=self.unread - {guild})

    def begun(self, now: int) -> tuple["Ledger", Batch]:
        """Return it with all that waits being written, and what to write."""
        batch = Batch(tuple(self.waiting.changes.values()), self.waiting.notes, now)
        return replace(self, waiting=Unwritten(), writing=self.waiting), batch

    def written(self) -> "Ledger":
        """Return it with nothing being written: that is done."""
        return replace(self, writing=Unwritten())

    def unwritten(self) -> "Ledger":
        """Return it with nothing being written: that waits again."""
        return replace(self, waiting=self.writing.then(self.waiting), writing=Unwritten())

    def change(self, guild: int) -> Change | None:
        """Return what the storage does not know of the guild; None where it knows all."""
        return self.waiting.changes.get(guild) or self.writing.changes.get(guild)

    def knows_note(self, key: str) -> bool:
        """Whether the storage may have something older under `key`."""
        return key in self.waiting.notes or key in self.writing.notes

    def note(self, key: str) -> str | None:
        """Return the note that is not stored yet."""
        return {**self.writing.notes, **self.waiting.notes}.get(key)

    def active(self, stored: Iterable[int]) -> tuple[int, ...]:
        """Return the guilds that have a home, where `stored` are those that it is stored of."""
        active = set(stored)
        for unwritten in (self.writing, self.waiting):
            for guild, change in unwritten.changes.items():
                active.discard(guild)
                if change.state is not None and change.state.home is not None:
                    active.add(guild)
        return tuple(sorted(active))

    def _changed(self, change: Change) -> "Ledger":
        return replace(
            self, waiting=self.waiting.and_change(change), unread=self.unread - {change.guild}
        )
