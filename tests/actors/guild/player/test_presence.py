"""Who listens: the bot alone, the bot with nothing to play, what its channel says."""

from dataclasses import replace

from actors.guild.player.core import restored
from actors.guild.player.effects import (
    CancelTimer,
    DestroyPlayer,
    LeaveVoice,
    SetChannelStatus,
    StartTimer,
    UpdateNode,
)
from actors.guild.player.messages import (
    Awake,
    EndReason,
    Join,
    ListenerMoved,
    ListenersChanged,
    Pause,
    SettingsChanged,
    SetVolume,
    Skip,
    TrackEnded,
    VoiceServerChanged,
    VoiceSessionEnded,
    VoiceStateChanged,
)
from actors.guild.player.ports import NodeUpdate
from actors.guild.player.presence import LEAVE, MINUTE_MS, STATUS, STATUS_MS
from actors.guild.player.state import PlayerState
from actors.guild.refusal import Refused
from actors.guild.settings import GuildSettings
from tests.actors.guild.player.hall import ADA, GRACE, LINUS, MARIE, Hall
from tests.actors.guild.player.shell import NODE
from tests.actors.guild.player.test_core import ELSEWHERE, HERE, TEXT

STATUS_ON = GuildSettings(channel_status=True)


def statuses(hall: Hall) -> list[str]:
    return [effect.text for effect in hall.effects if isinstance(effect, SetChannelStatus)]


# --- alone ---


def test_alone_the_music_stands_still_and_goes_on_when_somebody_returns():
    hall = Hall(ADA).with_music("song")
    hall.now += 10_000
    hall.hear()
    assert NodeUpdate(paused=True) in hall.updates
    hall.now += 60_000
    hall.hear(GRACE)
    assert NodeUpdate(paused=False) in hall.updates
    now = hall.state.now_playing(hall.now)
    assert now is not None
    assert (now.paused, now.position_ms) == (False, 10_000)


def test_a_pause_of_somebody_outlasts_being_alone():
    hall = Hall(ADA).with_music("song")
    hall.tell(Pause(ADA))
    hall.hear()
    hall.hear(ADA)
    now = hall.state.now_playing(hall.now)
    assert now is not None
    assert now.paused


def test_that_it_is_not_known_who_listens_stops_nothing():
    hall = Hall(ADA).with_music("song")
    hall.tell(ListenersChanged(None))
    assert hall.updates == []
    assert hall.state.waiting is None


def test_long_alone_it_leaves_and_keeps_the_queue():
    hall = Hall(ADA, settings=GuildSettings(alone_minutes=3)).with_music("song", "next")
    hall.hear()
    assert StartTimer(LEAVE, 3 * MINUTE_MS) in hall.effects
    hall.later(3 * MINUTE_MS, LEAVE)
    assert LeaveVoice() in hall.effects
    assert DestroyPlayer(NODE) in hall.effects
    assert hall.state.home is None
    assert hall.state.current is not None
    assert hall.titles == ["next"]


def test_what_was_left_alone_goes_on_with_the_next_join():
    hall = Hall(ADA).with_music("song", "next")
    hall.hear()
    hall.later(5 * MINUTE_MS, LEAVE)
    hall.tell(Join(GRACE, TEXT))
    hall.tell(VoiceStateChanged(HERE, "another"))
    hall.tell(VoiceServerChanged("token 2", "voice.example:443"))
    hall.hear(GRACE)
    now = hall.state.now_playing(hall.now)
    assert now is not None
    assert not now.paused
    assert now.entry.track.title == "song"


def test_who_returns_before_keeps_it_there():
    hall = Hall(ADA).with_music("song")
    hall.hear()
    hall.hear(ADA)
    assert CancelTimer(LEAVE) in hall.effects
    hall.later(0, LEAVE)
    assert LeaveVoice() not in hall.effects


def test_24_7_stays_alone():
    hall = Hall(ADA, settings=GuildSettings(stay=True)).with_music("song")
    hall.hear()
    assert not any(isinstance(effect, StartTimer) for effect in hall.effects)
    hall.later(MINUTE_MS, LEAVE)
    assert hall.state.home == HERE


def test_moved_to_people_it_goes_on_before_they_are_counted():
    hall = Hall(ADA).with_music("song")
    hall.hear()
    hall.tell(VoiceStateChanged(ELSEWHERE, "session"))
    assert hall.state.listeners is None
    assert not hall.state.still
    hall.hear(GRACE)
    assert not hall.state.still


def test_who_moves_is_counted_where_not_all_are_known_from_the_start():
    hall = Hall(ADA, GRACE).with_music("song")
    hall.tell(ListenerMoved(ADA.id, ELSEWHERE))
    hall.tell(ListenerMoved(GRACE.id, None))
    assert hall.state.alone
    hall.tell(ListenerMoved(GRACE.id, HERE))
    assert hall.state.listeners == {GRACE.id}


def test_who_comes_while_the_bot_is_out_for_a_moment_is_there_when_it_is_back():
    hall = Hall(ADA).with_music("song")
    hall.hear()
    hall.tell(VoiceSessionEnded())
    hall.tell(ListenerMoved(GRACE.id, HERE))
    hall.tell(VoiceStateChanged(HERE, "another"))
    assert hall.state.listeners == {GRACE.id}
    assert not hall.state.still


def test_one_who_moves_says_nothing_about_the_others():
    hall = Hall(ADA).with_music("song")
    hall.tell(ListenersChanged(None))
    hall.tell(ListenerMoved(ADA.id, ELSEWHERE))
    assert hall.state.listeners is None


# --- nothing to play ---


def ended(hall: Hall) -> None:
    hall.tell(TrackEnded(hall.sounding, EndReason.FINISHED))
    assert hall.state.current is None


def test_after_the_queue_it_stays_a_while_and_leaves():
    hall = Hall(ADA).with_music("song")
    ended(hall)
    assert StartTimer(LEAVE, 5 * MINUTE_MS) in hall.effects
    hall.later(5 * MINUTE_MS, LEAVE)
    assert LeaveVoice() in hall.effects


def test_another_track_keeps_it_there():
    hall = Hall(ADA).with_music("song")
    ended(hall)
    hall.play("more")
    assert hall.state.waiting is None
    hall.later(5 * MINUTE_MS, LEAVE)
    assert hall.state.home == HERE


def test_24_7_stays_when_nothing_plays():
    hall = Hall(ADA, settings=GuildSettings(stay=True)).with_music("song")
    ended(hall)
    assert hall.state.waiting is None


def test_a_player_that_wakes_up_alone_still_leaves():
    hall = Hall(ADA).with_music("song")
    hall.hear()
    there = VoiceStateChanged(HERE, "session")
    hall.state = restored(hall.state, there, frozenset({NODE}))
    hall.tell(Awake(rejoin=False))
    assert StartTimer(LEAVE, 5 * MINUTE_MS) in hall.effects


# --- what the channel says ---


def test_the_channel_says_what_plays_where_the_guild_wants_it():
    assert Hall(ADA).with_music("song").state.status is None
    hall = Hall(ADA, settings=STATUS_ON).with_music("song")
    assert hall.state.status is not None
    assert hall.state.status.text == "song"


def test_however_fast_tracks_change_the_channel_is_told_once_in_ten_seconds():
    hall = Hall(ADA, settings=STATUS_ON).with_music("first", "second", "third")
    told: list[str] = []
    timers: list[StartTimer] = []
    for _ in range(2):
        hall.now += 1_000
        hall.tell(Skip(ADA))
        told += statuses(hall)
        timers += [e for e in hall.effects if isinstance(e, StartTimer) and e.key == STATUS]
    assert told == []
    assert timers == [StartTimer(STATUS, STATUS_MS - 1_000)]
    hall.later(STATUS_MS - 2_000, STATUS)
    assert statuses(hall) == ["third"]


def test_the_channel_says_nothing_while_the_music_stands_or_is_over():
    hall = Hall(ADA, settings=STATUS_ON).with_music("song")
    hall.now += STATUS_MS
    hall.tell(Pause(ADA))
    assert statuses(hall) == [""]


def test_the_channel_that_was_left_says_nothing_any_more():
    hall = Hall(ADA, settings=STATUS_ON).with_music("song")
    hall.tell(VoiceStateChanged(ELSEWHERE, "session"))
    texts = [(e.channel, e.text) for e in hall.effects if isinstance(e, SetChannelStatus)]
    assert texts == [(HERE, ""), (ELSEWHERE, "song")]


def test_nothing_is_told_twice():
    hall = Hall(ADA, settings=STATUS_ON).with_music("song")
    hall.now += 60_000
    hall.hear(ADA, GRACE)
    assert statuses(hall) == []
    assert not any(isinstance(effect, UpdateNode) for effect in hall.effects)


def test_who_listens_is_not_alone_in_no_channel():
    assert not replace(PlayerState(guild=1, run="run", volume=50), listeners=frozenset[int]()).alone


# --- what the guild chooses meanwhile ---


def test_24_7_chosen_while_it_is_about_to_leave_keeps_it_there():
    hall = Hall(ADA).with_music("song")
    hall.hear()
    hall.tell(SettingsChanged(GuildSettings(stay=True)))
    assert CancelTimer(LEAVE) in hall.effects
    hall.later(5 * MINUTE_MS, LEAVE)
    assert hall.state.home == HERE


def test_another_patience_counts_from_when_it_was_chosen():
    hall = Hall(ADA).with_music("song")
    hall.hear()
    hall.tell(SettingsChanged(GuildSettings(alone_minutes=30)))
    assert StartTimer(LEAVE, 30 * MINUTE_MS) in hall.effects


def test_what_is_louder_than_is_allowed_from_now_on_becomes_softer():
    hall = Hall(ADA).with_music("song")
    hall.tell(SettingsChanged(GuildSettings(maximum_volume=20)))
    assert NodeUpdate(volume=20) in hall.updates
    refused = hall.tell(SetVolume(ADA, 21))
    assert isinstance(refused, Refused)
    assert refused.facts == {"lowest": 0, "highest": 20}
    hall.tell(SettingsChanged(GuildSettings(maximum_volume=90)))
    assert hall.updates == []


def test_another_share_is_counted_at_once():
    hall = Hall(ADA, GRACE, LINUS, MARIE, settings=GuildSettings(vote_share=100))
    hall.with_music("song", "next")
    hall.tell(Skip(GRACE))
    hall.tell(Skip(LINUS))
    hall.tell(SettingsChanged(GuildSettings(vote_share=50)))
    assert hall.titles == []


def test_it_is_shown_that_nobody_listens():
    hall = Hall(ADA).with_music("song")
    assert not hall.state.view(hall.now).alone
    hall.hear()
    assert hall.state.view(hall.now).alone
