"""Skipping several, going to a place or a moment, and what is asked for with a play."""

from dataclasses import replace

import pytest

from actors.guild.player.effects import Later, Load, Say
from actors.guild.player.messages import (
    Back,
    EndReason,
    Loaded,
    Loop,
    Outdated,
    Play,
    PositionReported,
    Queued,
    Replay,
    Replayed,
    Seek,
    SetLoop,
    Skip,
    Skipped,
    SkipTo,
    Sought,
    TrackEnded,
    TrackFailed,
    TrackStarted,
    WentBack,
    When,
)
from actors.guild.player.ports import NodeUpdate
from actors.guild.player.track import Track
from actors.guild.refusal import Code, Refused
from actors.guild.settings import GuildSettings
from tests.actors.guild.player.hall import ADA, DJ, GRACE, LINUS, Hall
from tests.actors.guild.player.test_core import TEXT, track


def title(guild: Hall) -> str:
    current = guild.state.current
    assert current is not None
    return current.entry.track.title


def history(guild: Hall) -> list[str]:
    return [entry.track.title for entry in guild.state.history]


def hall(*names: str) -> Hall:
    return Hall(ADA).with_music(*names)


def ask(guild: Hall, play: Play, *found: Track) -> object:
    later = guild.tell(play)
    assert isinstance(later, Later)
    if found:
        guild.tell(Loaded(later.attempt, found))
    [answer] = guild.answers
    return answer


# --- skipping ---


def test_several_are_skipped_at_once_and_can_be_had_back():
    guild = hall("a", "b", "c", "d")
    reply = guild.tell(Skip(ADA, guild.playing, count=3))
    assert isinstance(reply, Skipped)
    assert reply.count == 3
    assert (title(guild), guild.titles, history(guild)) == ("d", [], ["a", "b", "c"])
    guild.tell(Back(ADA))
    assert (title(guild), guild.titles) == ("c", ["d"])


def test_more_than_there_are_are_skipped_as_far_as_there_are():
    guild = hall("a", "b")
    reply = guild.tell(Skip(ADA, None, count=9))
    assert isinstance(reply, Skipped)
    assert (reply.count, reply.upcoming, guild.state.current) == (2, None, None)
    assert NodeUpdate(silence=True, paused=False) in guild.updates


@pytest.mark.parametrize("count", [0, -1, 1_001])
def test_a_count_out_of_range_is_refused(count: int):
    guild = hall("a", "b")
    reply = guild.tell(Skip(ADA, None, count))
    assert reply == Refused(Code.OUT_OF_RANGE, {"lowest": 1, "highest": 1_000})
    assert title(guild) == "a"


def test_two_who_skip_the_same_play_skip_once():
    guild = hall("a", "b", "c")
    meant = guild.playing
    assert isinstance(guild.tell(Skip(ADA, meant, count=2)), Skipped)
    assert isinstance(guild.tell(Skip(ADA, meant, count=2)), Outdated)
    assert title(guild) == "c"


@pytest.mark.parametrize("second", [Skip(DJ), SkipTo(DJ, 1), Back(DJ)])
def test_what_another_has_just_made_play_was_not_meant(second: Skip | SkipTo | Back):
    guild = Hall(ADA, DJ).with_music("a", "b", "c", "d")
    guild.tell(Skip(ADA))
    guild.now += 900
    reply = guild.tell(second)
    assert isinstance(reply, Outdated)
    assert reply.now is not None
    assert reply.now.entry.track.title == "b"
    guild.now += 100
    assert not isinstance(guild.tell(second), Outdated)


def test_going_back_is_done_once_by_two_at_the_same_moment():
    guild = Hall(ADA, DJ).with_music("a", "b", "c")
    guild.tell(Skip(ADA))
    guild.now += 5_000
    assert isinstance(guild.tell(Back(ADA)), WentBack)
    assert isinstance(guild.tell(Back(DJ)), Outdated)
    assert title(guild) == "a"


def test_whoever_skips_again_means_it():
    guild = Hall(ADA).with_music("a", "b", "c")
    assert isinstance(guild.tell(Skip(ADA)), Skipped)
    assert isinstance(guild.tell(Skip(ADA)), Skipped)
    assert title(guild) == "c"


def test_a_clock_that_was_put_back_keeps_nobody_from_skipping():
    guild = Hall(ADA, DJ).with_music("a", "b", "c")
    guild.tell(Skip(ADA))
    guild.now -= 60_000
    assert isinstance(guild.tell(Skip(DJ)), Skipped)


def test_a_place_is_gone_to_and_what_was_before_it_is_history():
    guild = hall("a", "b", "c", "d")
    reply = guild.tell(SkipTo(ADA, 2))
    assert isinstance(reply, Skipped)
    assert (title(guild), guild.titles, history(guild)) == ("c", ["d"], ["a", "b"])


def test_the_track_that_is_meant_is_gone_to_wherever_it_waits_by_now():
    guild = hall("a", "b", "c", "d")
    meant = guild.state.queue[2]
    guild.tell(Skip(ADA))
    assert isinstance(guild.tell(SkipTo(ADA, 3, entry=meant)), Skipped)
    assert title(guild) == "d"


def test_a_place_where_nothing_waits_is_refused():
    guild = hall("a", "b")
    assert guild.tell(SkipTo(ADA, 2)) == Refused(Code.OUT_OF_RANGE, {"lowest": 1, "highest": 1})
    assert hall("a").tell(SkipTo(ADA, 1)) == Refused(Code.QUEUE_EMPTY)


# --- moments ---


def test_a_moment_is_gone_to_and_the_node_is_told():
    guild = hall("a")
    guild.now += 10_000
    reply = guild.tell(Seek(ADA, 30_000))
    assert isinstance(reply, Sought)
    assert (reply.now.position_ms, reply.before_ms) == (30_000, 10_000)
    assert guild.updates == [NodeUpdate(position_ms=30_000)]
    # What the node said before is no longer so.
    guild.tell(PositionReported(10_000, guild.now - 1))
    guild.now += 1_000
    now = guild.state.now_playing(guild.now)
    assert now is not None
    assert now.position_ms == 31_000


@pytest.mark.parametrize(
    ("by", "to"), [(15_000, 25_000), (-5_000, 5_000), (-60_000, 0), (99_000, 60_000)]
)
def test_a_step_is_within_the_track(by: int, to: int):
    guild = hall("a")
    guild.now += 10_000
    reply = guild.tell(Seek(ADA, by, relative=True))
    assert isinstance(reply, Sought)
    assert reply.now.position_ms == to


@pytest.mark.parametrize("moment", [-1, 60_001])
def test_a_moment_outside_the_track_is_refused(moment: int):
    guild = hall("a")
    reply = guild.tell(Seek(ADA, moment))
    assert reply == Refused(Code.OUT_OF_RANGE, {"lowest": 0, "highest": 60})
    assert guild.updates == []


def test_a_stream_has_no_moments_and_says_what_it_plays():
    guild = Hall(ADA)
    stream = replace(track("radio"), length_ms=None, seekable=False)
    ask(guild, Play(ADA, "q", TEXT), stream)
    guild.tell(TrackStarted(guild.sounding))
    assert guild.tell(Seek(ADA, 1)) == Refused(Code.OUT_OF_RANGE, {"lowest": 0, "highest": 0})
    guild.tell(PositionReported(1, guild.now, live_title="x" * 999))
    now = guild.state.now_playing(guild.now)
    assert now is not None
    assert now.live_title == "x" * 200
    assert isinstance(guild.tell(Replay(ADA)), Replayed)
    assert guild.updates[0].start is not None


def test_a_track_is_played_again_from_its_beginning():
    guild = hall("a")
    guild.now += 10_000
    reply = guild.tell(Replay(ADA, guild.playing))
    assert isinstance(reply, Replayed)
    assert reply.now.position_ms == 0
    assert guild.updates == [NodeUpdate(position_ms=0)]


def test_when_all_has_been_played_the_last_is_played_again():
    guild = hall("a")
    guild.tell(TrackEnded(guild.sounding, EndReason.FINISHED))
    assert isinstance(guild.tell(Replay(ADA)), Replayed)
    assert (title(guild), history(guild)) == ("a", [])


def test_a_broken_track_that_is_nowhere_else_is_not_played_again():
    guild = hall("a")
    guild.tell(TrackFailed(guild.sounding, "it broke"))
    guild.tell(TrackEnded(guild.sounding, EndReason.FINISHED))
    assert isinstance(guild.tell(Replay(ADA)), Replayed)
    assert guild.state.current is None
    assert any(isinstance(effect, Say) for effect in guild.effects)


# --- plays ---


def test_next_is_before_all_that_waits():
    guild = hall("a", "b")
    reply = ask(guild, Play(ADA, "q", TEXT, When.NEXT), track("c"), track("d"))
    assert isinstance(reply, Queued)
    assert (reply.position, guild.titles) == (1, ["c", "d", "b"])


def test_now_is_instead_of_what_plays():
    guild = hall("a", "b")
    reply = ask(guild, Play(ADA, "q", TEXT, When.NOW), track("c"))
    assert isinstance(reply, Queued)
    assert (reply.position, title(guild), guild.titles, history(guild)) == (0, "c", ["b"], ["a"])


def test_nobody_interrupts_the_others_but_who_decides():
    guild = hall("a")
    guild.hear(ADA, GRACE, LINUS)
    assert guild.tell(Play(GRACE, "q", TEXT, When.NOW)) == Refused(Code.DJ_ONLY)
    assert isinstance(guild.tell(Play(ADA, "q", TEXT, When.NOW)), Later)
    assert isinstance(guild.tell(Play(DJ, "q", TEXT, When.NOW)), Later)


def test_known_tracks_need_no_search_and_wait_their_turn():
    guild = Hall(ADA)
    first = guild.tell(Play(ADA, "slow", TEXT))
    assert isinstance(first, Later)
    guild.tell(Play(ADA, "", TEXT, tracks=(track("b"),), playlist="mine"))
    assert not any(isinstance(effect, Load) for effect in guild.effects)
    assert guild.answers == []
    guild.tell(Loaded(first.attempt, (track("a"),)))
    assert [type(answer) for answer in guild.answers] == [Queued, Queued]
    assert (title(guild), guild.titles) == ("a", ["b"])


def test_a_track_begins_where_it_is_wanted_to():
    guild = Hall(ADA)
    ask(guild, Play(ADA, "q", TEXT, start_ms=20_000), track("a"))
    [update] = [update for update in guild.updates if update.start is not None]
    assert update.start is not None
    assert update.start.position_ms == 20_000


def test_a_beginning_behind_the_end_is_refused():
    reply = ask(Hall(ADA), Play(ADA, "q", TEXT, start_ms=60_000), track("a"))
    assert reply == Refused(Code.OUT_OF_RANGE, {"lowest": 0, "highest": 60})


def test_what_is_found_is_shuffled_on_demand():
    guild = Hall(ADA)
    found = tuple(track(name) for name in "abcdefgh")
    reply = ask(guild, Play(ADA, "q", TEXT, seed=7), *found)
    assert isinstance(reply, Queued)
    order = [entry.track for entry in reply.entries]
    assert set(order) == set(found)
    assert order != list(found)


def test_what_is_too_long_or_too_much_is_left_out_and_counted():
    guild = Hall(ADA, settings=GuildSettings(longest_track_minutes=2, longest_queue=2))
    long = track("long", length_ms=120_001)
    found = (track("a"), long, track("b"), track("c"), long)
    reply = ask(guild, Play(ADA, "q", TEXT), *found)
    assert isinstance(reply, Queued)
    assert (len(reply.entries), reply.no_room, reply.too_long) == (2, 1, 2)
    assert ask(guild, Play(ADA, "q", TEXT), long) == Refused(Code.TOO_LONG, {"minutes": 2})
    ask(guild, Play(ADA, "q", TEXT), track("d"))
    reply = ask(guild, Play(ADA, "q", TEXT), track("e"))
    assert reply == Refused(Code.QUEUE_FULL, {"limit": 2})


def test_in_a_fair_queue_everybody_gets_their_turn():
    guild = Hall(ADA, GRACE, settings=GuildSettings(fair=True))
    ask(guild, Play(ADA, "q", TEXT), track("a"), track("b"), track("c"))
    reply = ask(guild, Play(GRACE, "q", TEXT), track("x"), track("y"))
    assert isinstance(reply, Queued)
    assert (reply.position, guild.titles) == (1, ["x", "b", "y", "c"])
    guild.hear(ADA, GRACE, LINUS)
    assert guild.tell(Play(GRACE, "q", TEXT, When.NEXT)) == Refused(Code.DJ_ONLY)


# --- loops ---


def finish(guild: Hall) -> None:
    guild.tell(TrackStarted(guild.sounding))
    guild.now += 60_000
    guild.tell(TrackEnded(guild.sounding, EndReason.FINISHED))


def test_a_looped_track_plays_again_until_it_is_skipped():
    guild = hall("a", "b")
    guild.tell(SetLoop(ADA, Loop.TRACK))
    first = guild.playing
    finish(guild)
    assert guild.playing != first
    assert (title(guild), guild.titles, history(guild)) == ("a", ["b"], [])
    guild.tell(Skip(ADA))
    assert (title(guild), history(guild)) == ("b", ["a"])


def test_a_looped_track_that_ends_as_it_begins_does_not_spin():
    guild = hall("a", "b")
    guild.tell(SetLoop(ADA, Loop.TRACK))
    guild.tell(TrackEnded(guild.sounding, EndReason.FINISHED))
    assert title(guild) == "b"


def test_a_looped_queue_comes_round_and_can_be_gone_back_in():
    guild = hall("a", "b")
    guild.tell(SetLoop(ADA, Loop.QUEUE))
    finish(guild)
    assert (title(guild), guild.titles) == ("b", ["a"])
    guild.tell(Back(ADA))
    assert (title(guild), guild.titles) == ("a", ["b"])
    guild.tell(Skip(ADA, count=2))
    assert (title(guild), guild.titles) == ("a", ["b"])


def test_a_looped_queue_of_one_plays_it_again():
    guild = hall("a")
    guild.tell(SetLoop(ADA, Loop.QUEUE))
    assert guild.state.current is not None
    assert guild.state.view(guild.now).upcoming == guild.state.current.entry
    finish(guild)
    assert (title(guild), guild.titles) == ("a", [])


def test_the_node_is_told_what_a_loop_makes_next():
    guild = hall("a", "b")
    guild.tell(SetLoop(ADA, Loop.TRACK))
    assert guild.state.following is not None
    assert guild.state.following.entry.track.title == "a"
    told = guild.state.following.sounding
    guild.now += 60_000
    guild.tell(TrackEnded(guild.sounding, EndReason.FINISHED, told))
    assert (guild.sounding, title(guild), guild.titles) == (told, "a", ["b"])
    guild.tell(TrackStarted(guild.sounding))
    guild.tell(SetLoop(ADA, Loop.OFF))
    assert guild.state.following is not None
    assert guild.state.following.entry.track.title == "b"
