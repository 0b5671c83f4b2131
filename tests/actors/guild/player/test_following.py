"""What is next, told to the node in time: it goes on by itself, without a gap."""

from dataclasses import replace

import pytest

from actors.guild.player.core import restored
from actors.guild.player.effects import LookAtNode, Say, StartTimer
from actors.guild.player.messages import (
    EndReason,
    NodePlayer,
    Pause,
    Reconciled,
    Refused,
    Shuffle,
    Skip,
    TimeIsUp,
    TrackEnded,
    TrackFailed,
    TrackStarted,
    UpdateFailed,
)
from actors.guild.player.ports import NodeUpdate, Start
from actors.guild.refusal import Code
from actors.store.ledger import ended
from tests.actors.guild.player.shell import NODE
from tests.actors.guild.player.test_core import ADA, Guild, playing, track


def followed(guild: Guild) -> str:
    assert guild.state.following is not None
    return guild.state.following.sounding


def gone_on(*names: str) -> Guild:
    """The node has ended the first and gone on to the second."""
    guild = playing(*names)
    guild.now += 600_000
    guild.tell(TrackEnded(guild.sounding, EndReason.FINISHED, followed(guild)))
    return guild


def test_what_is_next_is_told_once_the_current_track_sounds():
    guild = Guild().ready().joined().play("first", "second")
    assert guild.updates == []
    guild.started()
    assert guild.updates == [NodeUpdate(following=Start(followed(guild), track("second")))]


def test_what_is_added_behind_it_is_nothing_new():
    guild = playing("first", "second")
    before = guild.state.following
    guild.play("third")
    assert guild.updates == []
    assert guild.state.following == before


def test_the_first_to_wait_is_told_when_it_comes():
    guild = playing("first")
    assert guild.state.following is None
    guild.play("second")
    assert guild.updates == [NodeUpdate(following=Start(followed(guild), track("second")))]


def test_another_order_is_told():
    guild = playing("first", *"abcdefgh")
    guild.tell(Shuffle(ADA, seed=1))
    (update,) = guild.updates
    assert update.following is not None
    assert update.following.track.title == guild.titles[0] != "a"


def test_a_queue_that_is_empty_again_leaves_the_track_alone():
    guild = playing("first", "second")
    guild.state = replace(guild.state, queue=())
    guild.tell(TrackStarted(guild.sounding))
    assert guild.updates == [NodeUpdate(alone=True)]
    assert guild.state.following is None


def test_the_node_goes_on_by_itself_and_is_told_nothing_but_the_one_after():
    guild = gone_on("first", "second", "third")
    assert guild.updates == []
    assert guild.titles == ["third"]
    assert [entry.track.title for entry in guild.state.history] == ["first"]
    assert guild.position() == 0
    guild.started()
    (update,) = guild.updates
    assert update.following is not None
    assert update.following.track.title == "third"
    guild.now += 7_000
    assert guild.position() == 7_000


def test_a_node_that_cannot_is_told_to_start_it():
    guild = playing("first", "second")
    guild.tell(TrackEnded(guild.sounding, EndReason.FINISHED))
    (update,) = guild.updates
    assert update.start == Start(guild.sounding, track("second"))


def test_a_node_that_went_on_to_what_is_no_longer_next_is_told_better():
    guild = playing("first", *"abcdefgh")
    old = followed(guild)
    guild.tell(Shuffle(ADA, seed=1))
    upcoming = guild.titles[0]
    guild.tell(TrackEnded(guild.sounding, EndReason.FINISHED, old))
    (update,) = guild.updates
    assert update.start == Start(guild.sounding, track(upcoming))


def test_a_node_that_went_on_though_nothing_waits_is_silenced():
    guild = playing("first", "second")
    old = followed(guild)
    guild.state = replace(guild.state, queue=(), following=None)
    guild.tell(TrackEnded(guild.sounding, EndReason.FINISHED, old))
    assert guild.updates == [NodeUpdate(silence=True, paused=False)]
    assert guild.state.current is None


def test_a_skip_starts_the_next_under_a_name_of_its_own():
    guild = playing("first", "second", "third")
    old = followed(guild)
    guild.tell(Skip(ADA))
    (update,) = guild.updates
    assert update.start == Start(guild.sounding, track("second"))
    assert guild.sounding != old
    # The end of the first crosses the skip.
    guild.tell(TrackEnded("whatever.1", EndReason.FINISHED, old))
    assert guild.updates == []


def test_what_followed_and_broke_unheard_is_noticed():
    guild = playing("first", "second")
    sounding = followed(guild)
    # They overtake the end of the first.
    guild.tell(TrackFailed(sounding, "404"))
    guild.tell(TrackEnded(sounding, EndReason.LOAD_FAILED))
    guild.tell(TrackEnded(guild.sounding, EndReason.FINISHED, sounding))
    assert StartTimer("look", 2_000) in guild.effects
    guild.tell(TimeIsUp("look"))
    assert LookAtNode(NODE) in guild.effects
    guild.tell(Reconciled(NODE, NodePlayer(None, 0, guild.now, False, 50, True)))
    (update,) = guild.updates
    assert update.start == Start(guild.sounding, track("second"))


def test_a_pause_that_crosses_it_holds_for_what_follows():
    guild = playing("first", "second")
    sounding = followed(guild)
    guild.tell(Pause(ADA))
    guild.tell(TrackEnded(guild.sounding, EndReason.FINISHED, sounding))
    assert guild.sounding == sounding
    assert guild.state.paused
    assert guild.updates == []


def test_what_followed_may_break_as_any_track():
    guild = gone_on("first", "second", "third")
    entry = guild.state.current and guild.state.current.entry
    assert entry is not None
    guild.tell(TrackStarted(guild.sounding))
    guild.tell(TrackFailed(guild.sounding, "404"))
    guild.tell(TrackEnded(guild.sounding, EndReason.LOAD_FAILED))
    assert any(isinstance(effect, Say) for effect in guild.effects)
    (update,) = guild.updates
    assert update.start == Start(guild.sounding, track("third"))


def test_a_change_that_did_not_arrive_harms_nothing():
    guild = playing("first", "second")
    guild.tell(UpdateFailed(NODE, None, Refused(Code.INTERNAL)))
    assert guild.effects == []
    assert guild.state.failures == 0
    assert guild.state.current is not None
    assert guild.state.current.failure is None


def test_a_node_that_went_on_while_nobody_listened_is_followed():
    guild = playing("first", "second", "third")
    sounding = followed(guild)
    guild.now += 700_000
    guild.tell(Reconciled(NODE, NodePlayer(sounding, 40_000, guild.now, False, 50, True)))
    assert [update.start for update in guild.updates] == [None]
    assert guild.sounding == sounding
    assert guild.position() == 40_000
    assert guild.titles == ["third"]
    assert StartTimer("look", 2_000) in guild.effects


def test_a_start_of_what_follows_says_that_the_one_before_has_ended():
    guild = playing("first", "second", "third")
    sounding = followed(guild)
    guild.tell(TrackStarted(sounding))
    assert guild.sounding == sounding
    assert [entry.track.title for entry in guild.state.history] == ["first"]
    (update,) = guild.updates
    assert update.following is not None
    assert update.following.track.title == "third"


def test_a_node_that_went_on_to_the_wrong_one_while_nobody_listened_is_told_better():
    guild = playing("first", *"abcdefgh")
    before = guild.state.following
    guild.tell(Shuffle(ADA, seed=1))
    upcoming = guild.titles[0]
    assert before is not None
    assert guild.state.following is not None
    # The last change did not arrive.
    guild.tell(Reconciled(NODE, NodePlayer(before.sounding, 9, guild.now, False, 50, True)))
    (update, *_) = guild.updates
    assert update.start is not None
    assert update.start.track.title in {"first", upcoming}


@pytest.mark.parametrize("went_on", [False, True])
def test_what_a_node_played_to_nobody_while_the_player_was_away_is_played_again(went_on: bool):
    guild = playing("first", "second", "third")
    sounding = guild.sounding
    following = followed(guild)
    guild.now += 10_000
    # Its process ended here; the next one begins with what was saved.
    guild.state = restored(ended(guild.state, guild.now), None, frozenset({NODE}))
    guild.now += 47_000
    says = NodePlayer(following if went_on else sounding, 47_000, guild.now, False, 50, False)
    guild.tell(Reconciled(NODE, says))
    (update,) = [update for update in guild.updates if update.start is not None]
    assert update.start is not None
    assert update.start.track.title == "first"
    assert update.start.position_ms == 10_000
    assert update.voice is not None
    assert guild.titles == ["second", "third"]


def test_what_a_node_played_on_while_the_bot_came_back_at_once_is_not_played_again():
    guild = playing("first", "second")
    guild.now += 10_000
    guild.state = restored(ended(guild.state, guild.now), None, frozenset({NODE}))
    guild.now += 2_000
    guild.tell(Reconciled(NODE, NodePlayer(guild.sounding, 12_000, guild.now, False, 50, False)))
    assert {update.start.position_ms for update in guild.updates if update.start} <= {12_000}
    assert guild.position() == 12_000
