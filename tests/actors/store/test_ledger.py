"""The ledger against a model: whatever is told, written and not written, nothing is lost."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from actors.guild.player.state import PlayerState
from actors.store.ledger import Ledger
from actors.store.ports import Batch

GUILDS = (1, 2)
KEYS = ("gateway/0", "lavalink/main")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("save"), st.sampled_from(GUILDS)),
        st.tuples(st.just("set aside"), st.sampled_from(GUILDS)),
        st.tuples(st.just("note"), st.sampled_from(KEYS)),
        st.tuples(st.just("recall in vain"), st.sampled_from(GUILDS)),
        st.tuples(st.just("recall"), st.sampled_from(GUILDS)),
        st.tuples(st.just("write"), st.none()),
        st.tuples(st.just("succeed"), st.none()),
        st.tuples(st.just("fail"), st.none()),
        st.tuples(st.just("crash"), st.none()),
    ),
    max_size=40,
)


@dataclass
class World:
    """A ledger, the storage behind it, and what both together should say."""

    ledger: Ledger = field(default_factory=Ledger)
    batch: Batch | None = None
    stored: dict[int, PlayerState] = field(default_factory=dict[int, PlayerState])
    aside: list[PlayerState] = field(default_factory=list[PlayerState])
    notes: dict[str, str] = field(default_factory=dict[str, str])
    told: dict[int, PlayerState] = field(default_factory=dict[int, PlayerState])
    told_notes: dict[str, str] = field(default_factory=dict[str, str])
    precious: list[PlayerState] = field(default_factory=list[PlayerState])
    """What was recalled no more, or could not be recalled, but was stored."""

    def step(self, what: str, whom: int | str | None, number: int) -> None:
        match what, whom:
            case "save", int(guild):
                state = PlayerState(guild, "run", number)
                if guild in self.ledger.unread and guild in self.stored:
                    self.precious.append(self.stored[guild])
                self.ledger.save(state)
                self.told[guild] = state
            case "set aside", int(guild):
                self.ledger.set_aside(guild, "poison")
                last = self.told.pop(guild, None)
                if last is not None:
                    self.precious.append(last)
            case "note", str(key):
                self.ledger.take_note(key, str(number))
                self.told_notes[key] = str(number)
            case "recall in vain", int(guild):
                if self.ledger.change(guild) is None:
                    self.ledger.ask(guild)
            case "recall", int(guild):
                if self.ledger.change(guild) is None:
                    self.ledger.ask(guild)
                    self.ledger.answer(guild)
            case "write", _ if self.batch is None:
                self.batch = self.ledger.begin(number)
            case "succeed", _ if self.batch is not None:
                self.commit(self.batch)
                self.ledger.written()
                self.batch = None
            case "fail", _ if self.batch is not None:
                self.ledger.unwritten()
                self.batch = None
            case "crash", _:
                self.ledger, self.batch = self.ledger.taken_over(), None
            case _:
                pass

    def commit(self, batch: Batch) -> None:
        for change in batch.changes:
            if change.aside is not None:
                old = self.stored.pop(change.guild, None)
                self.aside += [state for state in (old, change.discarded) if state is not None]
            if change.state is not None:
                self.stored[change.guild] = change.state
        for key, value in batch.notes.items():
            assert value is not None
            self.notes[key] = value

    def check(self) -> None:
        for guild in GUILDS:
            change = self.ledger.change(guild)
            known = self.stored.get(guild) if change is None else change.state
            assert known == self.told.get(guild)
        for key in KEYS:
            newer = self.ledger.knows_note(key)
            known_note = self.ledger.note(key) if newer else self.notes.get(key)
            assert known_note == self.told_notes.get(key)
        assert len(self.ledger) <= 2 * (len(GUILDS) + len(KEYS))


@given(STEPS)
def test_what_was_told_last_is_known_whatever_became_of_the_writes(
    steps: list[tuple[str, int | str | None]],
) -> None:
    world = World()
    for number, (what, whom) in enumerate(steps):
        world.step(what, whom, number)
        world.check()


@given(STEPS)
def test_in_the_end_all_of_it_is_stored_and_what_was_once_stored_is_there_or_aside(
    steps: list[tuple[str, int | str | None]],
) -> None:
    world = World()
    once_stored: list[PlayerState] = []
    for number, (what, whom) in enumerate(steps):
        world.step(what, whom, number)
        once_stored += world.stored.values()
    for what in ("succeed", "write", "succeed"):
        world.step(what, None, len(steps))

    assert len(world.ledger) == 0
    assert world.stored == world.told
    assert world.notes == world.told_notes
    # Only the last of several that nobody has read was ever replaced.
    for state in world.precious:
        if state in once_stored:
            assert state in world.aside
