"""What people do to the tracks that wait."""

import pytest

from actors.guild.player.effects import Later
from actors.guild.player.messages import (
    Clean,
    Clear,
    Cleared,
    Command,
    Dedupe,
    Loaded,
    Member,
    Move,
    Moved,
    NeedsConfirmation,
    Play,
    Remove,
    Removed,
    Shuffle,
    Skip,
    Swap,
    Swapped,
    Unshuffle,
    Unshuffled,
    Voted,
    VotePassed,
)
from actors.guild.refusal import Code, Refused
from tests.actors.guild.player.hall import ADA, DJ, GRACE, LINUS, MARIE, Hall
from tests.actors.guild.player.test_core import TEXT, track


def hall(*names: str) -> Hall:
    """Ada, alone, with the first of them playing."""
    return Hall(ADA).with_music(*names)


def wants(guild: Hall, by: Member, *names: str) -> None:
    later = guild.tell(Play(by, "q", TEXT))
    assert isinstance(later, Later)
    guild.tell(Loaded(later.attempt, tuple(track(name) for name in names)))


def titles(reply: object) -> list[str]:
    assert isinstance(reply, Removed)
    return [entry.track.title for entry in reply.entries]


def test_tracks_are_removed_by_their_places():
    guild = hall("a", "b", "c", "d", "e")
    assert titles(guild.tell(Remove(ADA, (1, 3)))) == ["b", "d"]
    assert guild.titles == ["c", "e"]


def test_one_place_that_is_none_keeps_all():
    guild = hall("a", "b", "c")
    reply = guild.tell(Remove(ADA, (1, 3)))
    assert reply == Refused(Code.OUT_OF_RANGE, {"lowest": 1, "highest": 2})
    assert guild.titles == ["b", "c"]


def test_what_has_moved_is_removed_and_what_is_gone_is_not():
    guild = hall("a", "b", "c", "d")
    meant = guild.state.queue[:2]
    guild.tell(Skip(ADA))
    assert titles(guild.tell(Remove(ADA, (1, 2), entries=meant))) == ["c"]
    assert guild.titles == ["d"]


def test_the_tracks_of_a_member_are_removed():
    guild = Hall(ADA, GRACE).with_music("a", "b")
    wants(guild, GRACE, "x", "y")
    assert titles(guild.tell(Remove(GRACE, member=GRACE.id))) == ["x", "y"]
    assert guild.tell(Remove(ADA, member=GRACE.id)) == Refused(
        Code.OUT_OF_RANGE, {"lowest": 1, "highest": 1}
    )


def test_others_tracks_go_by_a_vote_that_means_what_it_meant():
    guild = hall("a", "b", "c", "d")
    guild.hear(ADA, GRACE, LINUS, MARIE)
    assert isinstance(guild.tell(Remove(GRACE, (2,))), Voted)
    guild.tell(Move(ADA, 2, 1))
    passed = guild.tell(Remove(LINUS, (1,)))
    assert isinstance(passed, VotePassed)
    assert titles(passed.reply) == ["c"]
    assert guild.titles == ["b", "d"]


def test_ones_own_tracks_go_without_a_vote():
    guild = hall("a", "b")
    guild.hear(ADA, GRACE, LINUS, MARIE)
    wants(guild, GRACE, "x")
    assert titles(guild.tell(Remove(GRACE, (2,)))) == ["x"]


def test_all_that_waits_is_cleared_by_who_means_it():
    guild = hall("a", "b", "c")
    guild.hear(ADA, GRACE, LINUS, MARIE)
    assert isinstance(guild.tell(Clear(GRACE)), Voted)
    assert isinstance(guild.tell(Clear(DJ)), NeedsConfirmation)
    assert guild.tell(Clear(DJ, confirmed=True)) == Cleared(2)
    assert guild.state.current is not None
    assert guild.titles == []


def test_doubles_go_and_the_first_stays():
    guild = hall("a", "b", "a", "c", "b")
    assert titles(guild.tell(Dedupe(ADA))) == ["a", "b"]
    assert guild.titles == ["b", "c"]
    assert titles(guild.tell(Dedupe(ADA))) == []


def test_what_people_asked_for_who_left_goes():
    guild = Hall(ADA, GRACE).with_music("a", "b")
    wants(guild, GRACE, "x")
    guild.hear(ADA)
    assert titles(guild.tell(Clean(ADA))) == ["x"]
    assert guild.titles == ["b"]


def test_tracks_are_moved_and_swapped():
    guild = hall("a", "b", "c", "d")
    reply = guild.tell(Move(ADA, 3, 1))
    assert isinstance(reply, Moved)
    assert (reply.entry.track.title, reply.position, guild.titles) == ("d", 1, ["d", "b", "c"])
    reply = guild.tell(Swap(ADA, 3, 1))
    assert isinstance(reply, Swapped)
    assert (reply.first.track.title, reply.second.track.title) == ("c", "d")
    assert guild.titles == ["c", "b", "d"]


@pytest.mark.parametrize(
    "command", [Move(ADA, 0, 1), Move(ADA, 1, 3), Swap(ADA, 1, 3), Swap(ADA, -1, 1)]
)
def test_a_place_that_is_none_is_refused(command: Command):
    guild = hall("a", "b", "c")
    assert guild.tell(command) == Refused(Code.OUT_OF_RANGE, {"lowest": 1, "highest": 2})
    assert guild.titles == ["b", "c"]


@pytest.mark.parametrize(
    "command",
    [Remove(ADA, (1,)), Move(ADA, 1, 1), Swap(ADA, 1, 1), Clear(ADA), Dedupe(ADA), Clean(ADA)],
)
def test_an_empty_queue_is_named(command: Command):
    assert hall("a").tell(command) == Refused(Code.QUEUE_EMPTY)


def test_two_shuffles_are_undone_at_once():
    guild = hall("a", *"bcdefgh")
    guild.tell(Shuffle(ADA, 1))
    guild.play("late")
    guild.tell(Shuffle(ADA, 2))
    assert guild.state.view(0).shuffled
    assert guild.tell(Unshuffle(ADA)) == Unshuffled(8)
    assert guild.titles == [*"bcdefgh", "late"]
    assert not guild.state.view(0).shuffled
    assert guild.tell(Unshuffle(ADA)) == Unshuffled(0)
