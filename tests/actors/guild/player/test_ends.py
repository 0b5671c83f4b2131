"""A track ends, also where nobody says so."""

from dataclasses import replace

from actors.guild.player.core import decide
from actors.guild.player.effects import CancelTimer, LookAtNode, StartTimer
from actors.guild.player.messages import (
    EndReason,
    NodePlayer,
    Pause,
    PositionReported,
    Reconciled,
    TimeIsUp,
    TrackEnded,
)
from actors.guild.player.playback import END, END_GRACE_MS
from tests.actors.guild.player.shell import NODE
from tests.actors.guild.player.test_core import ADA, Guild, playing

LENGTH_MS = 60_000


def watched(guild: Guild, message: object) -> list[object]:
    """What becomes of the watch over the track's end at this message."""
    decision = decide(guild.state, message, guild.now)  # pyright: ignore[reportArgumentType]
    guild.state = decision.state
    return [
        effect
        for effect in decision.effects
        if (isinstance(effect, StartTimer | CancelTimer) and effect.key == END)
        or isinstance(effect, LookAtNode)
    ]


def test_an_end_that_nobody_tells_is_asked_for_and_the_next_track_plays():
    guild = playing("first", "second")
    guild.now += LENGTH_MS + END_GRACE_MS
    assert watched(guild, TimeIsUp(END))[0] == LookAtNode(NODE)
    guild.tell(Reconciled(NODE, NodePlayer(None, 0, guild.now, False, 50, True)))
    (update,) = guild.updates
    assert update.start is not None
    assert update.start.position_ms == LENGTH_MS
    guild.tell(TrackEnded(guild.sounding, EndReason.FINISHED))
    assert guild.titles == []


def test_a_node_that_does_not_answer_is_asked_again():
    guild = playing("first")
    guild.now += LENGTH_MS + END_GRACE_MS
    assert watched(guild, TimeIsUp(END)) == [LookAtNode(NODE), StartTimer(END, END_GRACE_MS)]


def test_a_position_that_runs_on_moves_no_timer_and_one_that_jumps_does():
    guild = playing("first")
    guild.now += 5_000
    assert watched(guild, PositionReported(5_040, guild.now)) == []
    guild.now += 5_000
    assert watched(guild, PositionReported(40_000, guild.now)) == [
        StartTimer(END, LENGTH_MS - 40_000 + END_GRACE_MS)
    ]


def test_what_stands_still_has_no_end():
    guild = playing("first")
    assert watched(guild, Pause(ADA)) == [CancelTimer(END)]


def test_a_beginning_that_nobody_tells_is_asked_for():
    guild = Guild().ready().joined().play("first")
    assert guild.state.current is not None
    assert not guild.state.current.running
    guild.now += 5_000
    assert watched(guild, PositionReported(4_900, guild.now)) == [LookAtNode(NODE)]
    guild.tell(Reconciled(NODE, NodePlayer(guild.sounding, 4_900, guild.now, False, 50, True)))
    assert guild.state.current.running


def test_a_stream_has_no_end_to_be_watched():
    guild = playing("first")
    assert guild.state.current is not None
    track = replace(guild.state.current.entry.track, length_ms=None)
    entry = replace(guild.state.current.entry, track=track)
    guild.state = replace(guild.state, current=replace(guild.state.current, entry=entry))
    assert watched(guild, PositionReported(5_000, guild.now + 5_000)) == [CancelTimer(END)]
