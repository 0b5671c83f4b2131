"""What needs the others' consent, how they give it, and when it is over."""

from dataclasses import replace

import pytest

from actors.guild.player.effects import CancelTimer, StartTimer
from actors.guild.player.messages import (
    Back,
    Clear,
    Cleared,
    Command,
    Leave,
    Left,
    Loop,
    LoopSet,
    Member,
    NeedsConfirmation,
    Outdated,
    Pause,
    Paused,
    Play,
    Remove,
    Removed,
    Replay,
    Replayed,
    Seek,
    SetFilter,
    SetLoop,
    SetPitch,
    SetSpeed,
    SetStay,
    SetVolume,
    Shuffle,
    Shuffled,
    Skip,
    Skipped,
    SkipTo,
    Sought,
    SoundSet,
    Stop,
    Stopped,
    VolumeSet,
    Vote,
    Voted,
    VoteKind,
    VoteOutcome,
    VotePassed,
    WentBack,
    When,
)
from actors.guild.player.sound import Preset
from actors.guild.player.state import PlayerState
from actors.guild.player.votes import VOTE, VOTE_MS
from actors.guild.refusal import Code, Refused
from actors.guild.settings import GuildSettings
from tests.actors.guild.player.hall import ADA, DJ, GRACE, LINUS, MARIE, Hall
from tests.actors.guild.player.test_core import ELSEWHERE


def full_hall(*names: str, share: int = 50) -> Hall:
    hall = Hall(ADA, GRACE, LINUS, MARIE, settings=GuildSettings(vote_share=share))
    return hall.with_music(*(names or ("first", "second", "third")))


def opened(hall: Hall, command: Command) -> int:
    reply = hall.tell(command)
    assert isinstance(reply, Voted)
    assert reply.opened
    assert reply.counted
    return reply.vote.id


def outcome(hall: Hall, vote: int = -1) -> VoteOutcome:
    views = hall.state.view(hall.now).votes
    return next((view.outcome for view in views if view.id == vote), views[-1].outcome)


# --- who needs no vote ---


def test_your_own_track_you_may_always_skip():
    assert isinstance(full_hall().tell(Skip(ADA)), Skipped)


def test_who_is_alone_with_the_bot_may_do_everything():
    hall = Hall(GRACE).with_music("first", "second", "third")
    assert isinstance(hall.tell(Shuffle(GRACE, 1)), Shuffled)
    assert isinstance(hall.tell(Skip(GRACE)), Skipped)
    assert isinstance(hall.tell(Back(GRACE)), WentBack)
    assert isinstance(hall.tell(Stop(GRACE)), Stopped)
    assert isinstance(hall.tell(Leave(GRACE)), Left)


def test_a_dj_may_do_everything():
    hall = full_hall()
    assert isinstance(hall.tell(Shuffle(DJ, 1)), Shuffled)
    assert isinstance(hall.tell(Skip(DJ)), Skipped)
    assert isinstance(hall.tell(Back(DJ)), WentBack)


def test_whose_vote_alone_is_enough_is_not_asked_to_vote():
    hall = Hall(ADA, GRACE).with_music("first", "second")
    assert isinstance(hall.tell(Skip(GRACE)), Skipped)


def test_where_it_is_not_known_who_listens_nobody_is_locked_out():
    hall = full_hall()
    hall.state = replace(hall.state, listeners=None)
    assert isinstance(hall.tell(Skip(GRACE)), Skipped)


def test_pausing_and_volume_need_no_vote():
    hall = full_hall()
    assert isinstance(hall.tell(Pause(GRACE)), Paused)
    assert isinstance(hall.tell(SetVolume(GRACE, 30)), VolumeSet)


@pytest.mark.parametrize(
    "command",
    [Remove(ADA, (1, 2)), Remove(ADA, member=ADA.id), Clear(ADA), Seek(ADA, 1), Skip(ADA)],
)
def test_what_concerns_nobody_but_you_you_may_always_do(command: Command):
    assert not isinstance(full_hall().tell(command), Voted | Refused)


@pytest.mark.parametrize(
    "command", [SetStay(GRACE, on=True), Play(GRACE, "library:x", 30, When.NOW)]
)
def test_what_is_a_djs_is_neither_done_nor_voted_on(command: Command):
    hall = full_hall()
    refused = hall.tell(command)
    assert isinstance(refused, Refused)
    assert refused.code is Code.DJ_ONLY
    assert hall.state.ballots == ()
    assert not isinstance(hall.tell(replace(command, by=DJ)), Refused)


def test_a_vote_to_remove_a_track_removes_that_one_wherever_it_waits_by_then():
    hall = full_hall("first", "second", "third", "fourth")
    opened(hall, Remove(GRACE, (2,)))
    hall.tell(Skip(ADA))
    assert hall.titles == ["third", "fourth"]
    assert isinstance(hall.tell(Remove(LINUS, (1,))), VotePassed)
    assert hall.titles == ["fourth"]


def test_a_vote_to_remove_what_has_played_meanwhile_is_over():
    hall = full_hall("first", "second", "third")
    vote = opened(hall, Remove(GRACE, (1,)))
    hall.tell(Skip(ADA))
    reply = hall.tell(Vote(LINUS, vote))
    assert isinstance(reply, Voted)
    assert reply.vote.outcome is VoteOutcome.LAPSED


def test_two_who_want_different_things_of_a_kind_do_not_vote_for_each_other():
    hall = full_hall()
    opened(hall, Seek(GRACE, 5_000))
    other = hall.tell(Seek(LINUS, 9_000))
    assert isinstance(other, Voted)
    assert not other.counted
    assert other.vote.votes == 1


# --- what cannot be done ---


def test_who_is_elsewhere_may_not_vote():
    hall = full_hall()
    vote = opened(hall, Skip(GRACE))
    reply = hall.tell(Vote(Member(9, ELSEWHERE), vote))
    assert isinstance(reply, Refused)
    assert reply.code is Code.SAME_CHANNEL
    assert hall.state.view(hall.now).votes[0].votes == 1


@pytest.mark.parametrize("command", [Skip(GRACE), Stop(GRACE), Shuffle(GRACE, 1)])
def test_nobody_is_asked_about_what_cannot_be_done(command: Command):
    hall = Hall(ADA, GRACE, LINUS, MARIE)
    assert hall.is_refused(command)


def test_a_skip_of_a_play_that_is_over_opens_no_vote():
    hall = full_hall()
    over = hall.playing
    hall.tell(Skip(ADA))
    assert isinstance(hall.tell(Skip(GRACE, over)), Outdated)
    assert hall.state.ballots == ()


# --- the vote ---


@pytest.mark.parametrize(
    ("command", "kind", "reply"),
    [
        (Skip(GRACE), VoteKind.SKIP, Skipped),
        (Stop(GRACE), VoteKind.STOP, Stopped),
        (Leave(GRACE), VoteKind.LEAVE, Left),
        (Shuffle(GRACE, 7), VoteKind.SHUFFLE, Shuffled),
        (SkipTo(GRACE, 2), VoteKind.SKIP, Skipped),
        (Clear(GRACE), VoteKind.CLEAR, Cleared),
        (Remove(GRACE, (2,)), VoteKind.REMOVE, Removed),
        (Remove(GRACE, member=ADA.id), VoteKind.REMOVE, Removed),
        (Seek(GRACE, 5_000), VoteKind.SEEK, Sought),
        (Replay(GRACE), VoteKind.SEEK, Replayed),
        (SetLoop(GRACE, Loop.QUEUE), VoteKind.LOOP, LoopSet),
        (SetFilter(GRACE, Preset.NIGHTCORE), VoteKind.FILTER, SoundSet),
        (SetSpeed(GRACE, 120), VoteKind.FILTER, SoundSet),
        (SetPitch(GRACE, 120), VoteKind.FILTER, SoundSet),
    ],
)
def test_a_vote_passes_with_the_share_of_those_who_listen(
    command: Command, kind: VoteKind, reply: type
):
    hall = full_hall()
    before = hall.state.queue
    vote = opened(hall, command)
    view = hall.state.view(hall.now).votes[0]
    assert (view.kind, view.votes, view.needed, view.by) == (kind, 1, 2, GRACE.id)
    assert hall.state.queue == before
    passed = hall.tell(Vote(LINUS, vote))
    assert isinstance(passed, VotePassed)
    assert isinstance(passed.reply, reply)
    assert (passed.vote.votes, passed.vote.outcome) == (2, VoteOutcome.PASSED)


def test_the_same_command_again_is_a_vote():
    hall = full_hall()
    opened(hall, Skip(GRACE))
    passed = hall.tell(Skip(LINUS))
    assert isinstance(passed, VotePassed)
    assert hall.titles == ["third"]


def test_shuffles_of_two_are_one_wish():
    hall = full_hall()
    opened(hall, Shuffle(GRACE, 1))
    assert isinstance(hall.tell(Shuffle(LINUS, 2)), VotePassed)


def test_nobody_votes_twice():
    hall = full_hall()
    vote = opened(hall, Skip(GRACE))
    for again in (Skip(GRACE), Vote(GRACE, vote)):
        reply = hall.tell(again)
        assert isinstance(reply, Voted)
        assert not reply.counted
        assert reply.vote.votes == 1


def test_a_dj_decides_a_vote():
    hall = full_hall(share=100)
    vote = opened(hall, Stop(GRACE))
    hall.hear(ADA, GRACE, LINUS, MARIE, DJ)
    assert isinstance(hall.tell(Vote(DJ, vote)), VotePassed)


def test_who_asked_for_the_track_decides_whether_it_is_skipped():
    hall = full_hall(share=100)
    vote = opened(hall, Skip(GRACE))
    assert isinstance(hall.tell(Vote(ADA, vote)), VotePassed)


def test_votes_of_two_kinds_are_open_at_once():
    hall = full_hall(share=100)
    skip, stop = opened(hall, Skip(GRACE)), opened(hall, Stop(LINUS))
    assert skip != stop
    assert [view.outcome for view in hall.state.view(hall.now).votes] == [VoteOutcome.OPEN] * 2


@pytest.mark.parametrize("share", [1, 50, 51, 75, 100])
def test_as_many_votes_are_needed_as_the_share_says(share: int):
    needed = {1: 1, 50: 2, 51: 3, 75: 3, 100: 4}[share]
    state = PlayerState(guild=1, run="run", volume=50, settings=GuildSettings(vote_share=share))
    assert replace(state, listeners=frozenset({1, 2, 3, 4})).votes_needed == needed
    assert replace(state, listeners=frozenset({1})).votes_needed == 1


# --- people come and go ---


def test_who_left_the_channel_does_not_count():
    hall = full_hall(share=100)
    opened(hall, Skip(GRACE))
    hall.tell(Skip(LINUS))
    hall.hear(ADA, LINUS, MARIE)
    view = hall.state.view(hall.now).votes[0]
    assert (view.votes, view.needed) == (1, 3)
    hall.hear(ADA, GRACE, LINUS, MARIE)
    view = hall.state.view(hall.now).votes[0]
    assert (view.votes, view.needed) == (2, 4)


def test_a_vote_passes_when_those_who_did_not_vote_leave():
    hall = full_hall(share=75)
    opened(hall, Skip(GRACE))
    assert isinstance(hall.tell(Skip(LINUS)), Voted)
    hall.hear(GRACE, LINUS)
    assert outcome(hall) is VoteOutcome.PASSED
    assert hall.titles == ["third"]


def test_a_vote_passes_though_who_began_it_has_left():
    hall = full_hall()
    opened(hall, Skip(GRACE))
    hall.hear(ADA, LINUS, MARIE)
    hall.tell(Skip(LINUS))
    passed = hall.tell(Skip(MARIE))
    assert isinstance(passed, VotePassed)
    assert isinstance(passed.reply, Skipped)


# --- the end of a vote ---


def test_a_vote_fails_when_its_time_is_up():
    hall = full_hall()
    vote = opened(hall, Skip(GRACE))
    assert StartTimer(VOTE, VOTE_MS) in hall.effects
    hall.later(VOTE_MS, VOTE)
    assert outcome(hall) is VoteOutcome.FAILED
    reply = hall.tell(Vote(LINUS, vote))
    assert isinstance(reply, Voted)
    assert not reply.counted
    assert hall.titles == ["second", "third"]


def test_a_timer_that_is_early_by_the_clock_ends_the_vote_all_the_same():
    hall = full_hall()
    opened(hall, Skip(GRACE))
    hall.later(VOTE_MS - 20, VOTE)
    assert outcome(hall) is VoteOutcome.FAILED


def test_a_vote_that_comes_late_does_not_count_though_the_timer_has_not_come():
    hall = full_hall()
    vote = opened(hall, Skip(GRACE))
    hall.now += VOTE_MS
    reply = hall.tell(Vote(LINUS, vote))
    assert isinstance(reply, Voted)
    assert reply.vote.outcome is VoteOutcome.FAILED


def test_the_same_may_be_asked_again_after_a_vote_failed():
    hall = full_hall()
    first = opened(hall, Skip(GRACE))
    hall.later(VOTE_MS, VOTE)
    assert opened(hall, Skip(GRACE)) != first
    assert len(hall.state.ballots) == 1


def test_a_vote_on_a_play_ends_with_the_play():
    hall = full_hall()
    vote = opened(hall, Skip(GRACE))
    hall.tell(Skip(ADA))
    assert CancelTimer(VOTE) in hall.effects
    reply = hall.tell(Vote(LINUS, vote))
    assert isinstance(reply, Voted)
    assert reply.vote.outcome is VoteOutcome.LAPSED
    assert hall.titles == ["third"]


def test_votes_end_when_the_bot_is_gone():
    hall = full_hall()
    opened(hall, Skip(GRACE))
    hall.kicked()
    assert outcome(hall) is VoteOutcome.LAPSED


def test_a_vote_of_another_life_is_outdated():
    assert isinstance(full_hall().tell(Vote(GRACE, 4711)), Outdated)


# --- what takes away what is others' ---


@pytest.mark.parametrize(
    ("command", "kind"),
    [(Stop(DJ), VoteKind.STOP), (Clear(DJ), VoteKind.CLEAR), (Leave(DJ), VoteKind.LEAVE)],
)
def test_a_dj_is_asked_whether_they_mean_it_while_others_listen(
    command: Stop | Clear | Leave, kind: VoteKind
):
    hall = full_hall()
    before = hall.state
    assert hall.tell(command) == NeedsConfirmation(kind, others=4)
    assert hall.state == before
    assert isinstance(hall.tell(replace(command, confirmed=True)), Stopped | Cleared | Left)


def test_nobody_is_asked_to_confirm_what_cannot_be_done():
    hall = Hall(ADA, GRACE, DJ)
    assert hall.is_refused(Stop(DJ))


def test_a_confirmation_is_no_vote():
    hall = full_hall()
    assert isinstance(hall.tell(Stop(GRACE, confirmed=True)), Voted)
