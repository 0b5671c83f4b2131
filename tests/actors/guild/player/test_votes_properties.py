"""Votes under any sequence of wishes, of people who come and go, and of time."""

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.guild.player.effects import CancelTimer, StartTimer
from actors.guild.player.messages import (
    Back,
    Command,
    EndReason,
    Leave,
    Member,
    Pause,
    Resume,
    Shuffle,
    Skip,
    Stop,
    TrackEnded,
    Vote,
    VoteOutcome,
)
from actors.guild.player.votes import VOTE, VOTE_MS
from actors.guild.settings import GuildSettings
from tests.actors.guild.player.hall import ADA, DJ, GRACE, LINUS, MARIE, Hall

PEOPLE = (ADA, GRACE, LINUS, MARIE, DJ)
OPEN = VoteOutcome.OPEN


@dataclass(frozen=True)
class Time:
    """So much time goes by."""

    ms: int


@dataclass(frozen=True)
class Gone:
    """The track is over by itself."""


@dataclass(frozen=True)
class Crowd:
    """These listen now."""

    members: frozenset[Member]


def wishes(members: Sequence[Member]) -> st.SearchStrategy[Command]:
    by = st.sampled_from(members)
    return st.one_of(
        st.builds(Skip, by),
        st.builds(Back, by),
        st.builds(Stop, by, st.booleans()),
        st.builds(Leave, by, st.booleans()),
        st.builds(Shuffle, by, st.integers(0, 3)),
        st.builds(Pause, by),
        st.builds(Resume, by),
        st.builds(Vote, by, st.integers(0, 40)),
    )


STEPS = st.one_of(
    wishes(PEOPLE),
    st.builds(Crowd, st.frozensets(st.sampled_from(PEOPLE))),
    st.builds(Time, st.integers(0, VOTE_MS)),
    st.just(Gone()),
)


class Watch:
    """A hall whose timer for votes goes off when it should."""

    def __init__(self, share: int) -> None:
        self.hall = Hall(*PEOPLE, settings=GuildSettings(vote_share=share))
        self.hall.with_music("first", "second", "third", "fourth")
        self.due: int | None = None

    def take(self, step: object) -> None:
        hall = self.hall
        match step:
            case Time(ms):
                hall.now += ms
                if self.due is not None and self.due <= hall.now:
                    self.due = None
                    hall.later(0, VOTE)
                    self.note()
            case Gone():
                if hall.state.current is not None:
                    hall.tell(TrackEnded(hall.sounding, EndReason.FINISHED))
                    self.note()
            case Crowd(members):
                hall.hear(*members)
                self.note()
            case _:
                hall.tell(step)  # pyright: ignore[reportArgumentType]
                self.note()

    def note(self) -> None:
        for effect in self.hall.effects:
            if isinstance(effect, StartTimer) and effect.key == VOTE:
                self.due = self.hall.now + effect.delay_ms
            elif isinstance(effect, CancelTimer) and effect.key == VOTE:
                self.due = None


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 100), st.lists(STEPS, max_size=25))
def test_votes_are_few_hold_together_and_end(share: int, steps: list[object]) -> None:
    watch = Watch(share)
    for step in steps:
        watch.take(step)
        state, now = watch.hall.state, watch.hall.now
        ballots = state.ballots
        kinds = [ballot.kind for ballot in ballots]
        assert len(kinds) == len(set(kinds))
        open_ones = [ballot for ballot in ballots if ballot.outcome is OPEN]
        for ballot, view in zip(ballots, state.view(now).votes, strict=True):
            assert view.needed >= 1
            if ballot.outcome is OPEN:
                assert view.votes < view.needed or not state.listeners
                assert now < ballot.ends_at <= now + VOTE_MS
                assert ballot.home == state.home
                if ballot.play is not None:
                    assert state.current is not None
                    assert state.current.play == ballot.play
        assert state.closes_at == min((each.ends_at for each in open_ones), default=None)
        assert watch.due == state.closes_at
    watch.take(Time(VOTE_MS))
    watch.take(Time(VOTE_MS))
    assert all(ballot.outcome is not OPEN for ballot in watch.hall.state.ballots)


@settings(max_examples=100, deadline=None)
@given(st.lists(wishes([GRACE]), max_size=12))
def test_one_of_many_changes_nothing_that_is_everybodys(commands: list[Command]) -> None:
    hall = Hall(ADA, GRACE, LINUS, MARIE).with_music("first", "second", "third")
    before = hall.state
    for command in commands:
        hall.tell(command)
        after = hall.state
        assert after.current is not None
        assert before.current is not None
        assert after.current.play == before.current.play
        assert (after.queue, after.history, after.home) == (
            before.queue,
            before.history,
            before.home,
        )


@settings(max_examples=100, deadline=None)
@given(st.lists(wishes(PEOPLE), max_size=12), st.integers(1, 100))
def test_where_nobody_else_listens_nobody_is_ever_asked(
    commands: list[Command], share: int
) -> None:
    for member in PEOPLE:
        hall = Hall(member, settings=GuildSettings(vote_share=share)).with_music("first", "second")
        for command in commands:
            if command.by == member:  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
                hall.tell(command)
        assert hall.state.ballots == ()
