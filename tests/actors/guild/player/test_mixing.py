"""How it sounds, and what of it the node is told."""

import pytest

from actors.guild.player.effects import Propose
from actors.guild.player.messages import (
    AutoplaySet,
    Command,
    EndReason,
    Leave,
    Loop,
    LoopSet,
    NodeDown,
    NodePlayer,
    NodeReady,
    PositionReported,
    Reconciled,
    SetAutoplay,
    SetFilter,
    SetLoop,
    SetPitch,
    SetSpeed,
    SetStay,
    SettingsChanged,
    Skip,
    SoundSet,
    StaySet,
    TrackEnded,
    Voted,
)
from actors.guild.player.ports import NodeUpdate
from actors.guild.player.sound import PLAIN, Preset, Sound
from actors.guild.refusal import Code, Refused
from actors.guild.settings import GuildSettings
from tests.actors.guild.player.hall import ADA, DJ, GRACE, LINUS, MARIE, Hall
from tests.actors.guild.player.shell import NODE

FAST = Sound(speed=200)


def hall(*names: str) -> Hall:
    return Hall(ADA).with_music(*names)


def position(guild: Hall) -> int:
    now = guild.state.now_playing(guild.now)
    assert now is not None
    return now.position_ms


def test_a_filter_is_heard_at_once_where_the_track_is():
    guild = hall("a")
    guild.now += 10_000
    bass = Sound(Preset.BASS_BOOST)
    assert guild.tell(SetFilter(ADA, Preset.BASS_BOOST)) == SoundSet(bass, PLAIN)
    assert guild.updates == [NodeUpdate(position_ms=10_000, filters=bass)]
    guild.tell(SetFilter(ADA, Preset.BASS_BOOST))
    assert guild.updates == []


def test_a_preset_keeps_speed_and_pitch_and_off_ends_all():
    guild = hall("a")
    guild.tell(SetSpeed(ADA, 150))
    guild.tell(SetPitch(ADA, 80))
    guild.tell(SetFilter(ADA, Preset.NIGHTCORE))
    assert guild.state.sound == Sound(Preset.NIGHTCORE, 150, 80)
    assert (guild.state.sound.tempo, guild.state.sound.height) == (180, 96)
    guild.tell(SetFilter(ADA, Preset.OFF))
    assert guild.state.sound == PLAIN


@pytest.mark.parametrize("value", [49, 201, -100])
def test_speed_and_pitch_have_a_range(value: int):
    for command in (SetSpeed(ADA, value), SetPitch(ADA, value)):
        guild = hall("a")
        assert guild.tell(command) == Refused(Code.OUT_OF_RANGE, {"lowest": 50, "highest": 200})
        assert guild.state.sound == PLAIN


def test_the_position_runs_as_fast_as_the_track_whatever_the_node_counts():
    guild = hall("a")
    guild.now += 10_000
    guild.tell(SetSpeed(ADA, 200))
    guild.now += 10_000
    assert position(guild) == 30_000
    guild.tell(PositionReported(20_000, guild.now))
    assert position(guild) == 30_000
    guild.tell(SetSpeed(ADA, 50))
    guild.now += 10_000
    assert position(guild) == 35_000
    guild.tell(SetSpeed(ADA, 100))
    guild.tell(PositionReported(35_200, guild.now))
    assert position(guild) == 35_200


def test_the_end_is_expected_as_much_sooner():
    guild = hall("a")
    guild.tell(SetSpeed(ADA, 200))
    assert guild.state.ends_at == guild.now + 30_000


def test_the_next_track_runs_as_fast():
    guild = hall("a", "b")
    guild.tell(SetSpeed(ADA, 200))
    guild.tell(Skip(ADA))
    assert guild.state.current is not None
    assert guild.state.current.tempo == 200
    assert all(update.filters is None for update in guild.updates)


def test_a_new_player_at_a_node_is_told_how_it_sounds():
    guild = hall("a")
    guild.tell(SetSpeed(ADA, 200))
    guild.tell(NodeDown(NODE))
    guild.tell(NodeReady(NODE, resumed=False))
    [update] = [update for update in guild.updates if update.start is not None]
    assert update.filters == FAST


def test_what_was_changed_while_nothing_played_is_told_with_the_next_track():
    guild = Hall(ADA)
    guild.tell(SetSpeed(ADA, 200))
    assert guild.updates == []
    guild.play("a")
    [update] = [update for update in guild.updates if update.start is not None]
    assert update.filters == FAST


def test_what_the_node_may_have_missed_is_said_again():
    guild = hall("a")
    guild.tell(SetSpeed(ADA, 200))
    guild.now += 5_000
    node = NodePlayer(guild.sounding, 5_000, guild.now, False, 50, True)
    guild.tell(Reconciled(NODE, node))
    assert guild.updates == [NodeUpdate(paused=False, volume=50, filters=FAST)]
    assert position(guild) == 10_000


def test_the_sound_is_kept_while_the_bot_is_out():
    guild = hall("a")
    guild.tell(SetSpeed(ADA, 200))
    guild.tell(Leave(ADA, confirmed=True))
    assert guild.state.sound == FAST


@pytest.mark.parametrize(
    "command",
    [SetLoop(GRACE, Loop.TRACK), SetFilter(GRACE, Preset.POP), SetSpeed(GRACE, 90)],
)
def test_what_everybody_hears_is_voted_on(command: Command):
    guild = hall("a")
    guild.hear(ADA, GRACE, LINUS, MARIE)
    assert isinstance(guild.tell(command), Voted)
    assert guild.state.sound == PLAIN
    assert guild.state.loop is Loop.OFF


def test_a_loop_is_set_and_set_again():
    guild = hall("a")
    assert guild.tell(SetLoop(ADA, Loop.QUEUE)) == LoopSet(Loop.QUEUE, changed=True)
    assert guild.tell(SetLoop(ADA, Loop.QUEUE)) == LoopSet(Loop.QUEUE, changed=False)


def test_autoplay_begins_when_the_music_is_over_already():
    guild = hall("a")
    guild.tell(TrackEnded(guild.sounding, EndReason.FINISHED))
    assert guild.tell(SetAutoplay(ADA, on=True)) == AutoplaySet(on=True, changed=True)
    assert [type(effect) for effect in guild.effects if isinstance(effect, Propose)] == [Propose]
    assert guild.tell(SetAutoplay(ADA, on=True)) == AutoplaySet(on=True, changed=False)
    guild.tell(SetAutoplay(ADA, on=False))
    assert guild.state.choosing is None


def test_staying_is_for_those_who_decide_and_holds_once_it_is_chosen():
    guild = hall("a")
    guild.hear(ADA, GRACE, LINUS, MARIE)
    assert guild.tell(SetStay(GRACE, on=True)) == Refused(Code.DJ_ONLY)
    assert guild.tell(SetStay(DJ, on=True)) == StaySet(on=True, changed=True)
    assert not guild.state.view(0).stay
    guild.tell(SettingsChanged(GuildSettings(stay=True)))
    assert guild.state.view(0).stay
    assert guild.tell(SetStay(DJ, on=True)) == StaySet(on=True, changed=False)
