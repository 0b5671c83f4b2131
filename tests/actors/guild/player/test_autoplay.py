"""What plays when the queue is over."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from actors.guild.player.autoplay import FRESH, NOBODY, choose
from actors.guild.player.effects import Propose
from actors.guild.player.messages import (
    EndReason,
    Leave,
    Proposed,
    Skip,
    Stop,
    Stopped,
    TrackEnded,
    Voted,
    VoteOutcome,
    VotePassed,
)
from actors.guild.player.track import Entry
from tests.actors.guild.player.hall import ADA, GRACE, LINUS, Hall
from tests.actors.guild.player.test_core import Guild, playing, track


def automatic(*names: str) -> Guild:
    guild = playing(*names)
    guild.state = replace(guild.state, autoplay=True)
    return guild


def over(guild: Guild) -> Propose:
    guild.tell(TrackEnded(guild.sounding, EndReason.FINISHED))
    (question,) = [effect for effect in guild.effects if isinstance(effect, Propose)]
    return question


def test_when_the_queue_is_over_what_goes_with_it_plays():
    guild = automatic("first", "second")
    guild.tell(TrackEnded(guild.sounding, EndReason.FINISHED))
    question = over(guild)
    assert [one.title for one in question.recent] == ["second", "first"]
    guild.tell(Proposed(question.attempt, (track("first"), track("kindred"), track("second"))))
    assert guild.state.current is not None
    assert guild.state.current.entry == Entry(track("kindred"), NOBODY)


def test_a_skip_of_the_last_track_goes_on_too():
    guild = automatic("first")
    guild.tell(Skip(ADA))
    assert any(isinstance(effect, Propose) for effect in guild.effects)


def test_a_stop_is_a_stop():
    guild = automatic("first")
    guild.tell(Stop(ADA, confirmed=True))
    assert not any(isinstance(effect, Propose) for effect in guild.effects)


def test_a_stop_is_a_stop_while_it_is_chosen():
    guild = automatic("first")
    question = over(guild)
    assert guild.tell(Stop(ADA, confirmed=True)) == Stopped(0)
    guild.tell(Proposed(question.attempt, (track("kindred"),)))
    assert guild.state.current is None


def test_a_stop_while_it_is_chosen_may_be_voted_on():
    hall = Hall(ADA, GRACE, LINUS).with_music("first")
    hall.state = replace(hall.state, autoplay=True)
    over(hall)
    reply = hall.tell(Stop(GRACE))
    assert isinstance(reply, Voted)
    assert hall.state.ballots[0].outcome is VoteOutcome.OPEN
    assert isinstance(hall.tell(Stop(LINUS)), VotePassed)
    assert hall.state.choosing is None


def test_a_choice_that_came_too_late_does_not_undo_a_stop():
    guild = automatic("first")
    question = over(guild)
    guild.play("asked for")
    guild.tell(Stop(ADA, confirmed=True))
    guild.tell(Proposed(question.attempt, (track("kindred"),)))
    assert guild.state.current is None


def test_where_it_is_off_nothing_is_asked():
    guild = playing("first")
    guild.tell(TrackEnded(guild.sounding, EndReason.FINISHED))
    assert not any(isinstance(effect, Propose) for effect in guild.effects)


def test_who_was_faster_is_not_interrupted():
    guild = automatic("first")
    question = over(guild)
    guild.play("asked for")
    guild.tell(Proposed(question.attempt, (track("kindred"),)))
    assert guild.state.current is not None
    assert guild.state.current.entry.track.title == "asked for"
    assert guild.titles == []


def test_who_has_left_plays_nothing():
    guild = automatic("first")
    question = over(guild)
    guild.tell(Leave(ADA, confirmed=True))
    guild.tell(Proposed(question.attempt, (track("kindred"),)))
    assert guild.state.current is None


def test_without_a_library_the_history_has_something():
    guild = automatic("first", "second", "third")
    for _ in range(2):
        guild.tell(TrackEnded(guild.sounding, EndReason.FINISHED))
    question = over(guild)
    guild.tell(Proposed(question.attempt, ()))
    assert guild.state.current is not None
    assert guild.state.current.entry.track.title == "first"


def test_nothing_else_than_what_has_just_been_played_is_nothing():
    assert choose((Entry(track("only"), 1),), (track("only"),), seed=1) is None
    assert choose((Entry(track("only"), 1),) * 9, (), seed=1) is None
    assert choose((), (), seed=1) is None


def test_what_is_broken_is_not_chosen():
    broken = Entry(track("broken"), 1, broken=(track("broken").name,))
    history = (broken, Entry(track("last"), 1))
    assert choose(history, (track("broken"),), seed=1) is None


names = st.lists(st.sampled_from([f"song {number}" for number in range(30)]), max_size=50)


@given(names, names, st.integers(0, 2**40))
def test_what_is_chosen_was_not_just_played(played, proposed, seed):
    history = tuple(Entry(track(name), 1) for name in played)
    chosen = choose(history, tuple(map(track, proposed)), seed=seed)
    fresh = set(proposed) - set(played[-FRESH:])
    if fresh:
        assert chosen is not None
        assert chosen.title in fresh
    elif chosen is None:
        assert len(set(played)) <= 1
    else:
        assert chosen.title in played
        assert chosen.title != played[-1]


@given(names, names, st.integers(0, 2**40))
def test_the_same_choice_is_made_twice(played, proposed, seed):
    history = tuple(Entry(track(name), 1) for name in played)
    tracks = tuple(map(track, proposed))
    assert choose(history, tracks, seed=seed) == choose(history, tracks, seed=seed)
