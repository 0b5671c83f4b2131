"""The player's rules, one message at a time. No event loop: the core is a function."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from actors.guild.panel.messages import JoinLost, TooManyBroke, TrackBroke
from actors.guild.player.core import IDLE, IDLE_MS, restored
from actors.guild.player.effects import (
    Answer,
    CancelTimer,
    DestroyPlayer,
    End,
    JoinVoice,
    Later,
    LeaveVoice,
    Load,
    LookAtNode,
    Say,
    StartTimer,
    UpdateNode,
)
from actors.guild.player.messages import (
    Back,
    Command,
    EndReason,
    Join,
    Joined,
    JoinFailed,
    Leave,
    Left,
    Loaded,
    LoadFailed,
    Member,
    NodeDown,
    NodePlayer,
    NodeReady,
    Outdated,
    Pause,
    Paused,
    Play,
    PlayerMessage,
    PlayerView,
    PositionReported,
    Queued,
    Reconciled,
    Resume,
    Resumed,
    SetVolume,
    Show,
    Shuffle,
    Shuffled,
    Skip,
    Skipped,
    Stop,
    Stopped,
    TimeIsUp,
    TrackEnded,
    TrackFailed,
    TrackStarted,
    TrackStuck,
    UpdateFailed,
    VoiceClosed,
    VoiceServerChanged,
    VoiceSessionEnded,
    VoiceStateChanged,
    VolumeSet,
    WentBack,
)
from actors.guild.player.ports import NodeUpdate, Start, VoiceCredentials
from actors.guild.player.state import QUEUE_LIMIT, PlayerState
from actors.guild.player.track import Track
from actors.guild.refusal import Code, Refused
from tests.actors.guild.player.shell import NODE, act

HERE, ELSEWHERE, TEXT = 10, 20, 30
ADA = Member(1, HERE)
GRACE = Member(2, ELSEWHERE)
LINUS = Member(3, None)
SERVER = VoiceServerChanged("token", "voice.example:443")


def track(name: str, *, length_ms: int = 60_000) -> Track:
    return Track(f"encoded {name}", name, name, "somebody", length_ms, True, "library")


class Guild:
    """A player's core with a clock to turn by hand; remembers all that it wanted done."""

    def __init__(self, *, volume: int = 50) -> None:
        self.state = PlayerState(guild=1, run="run", volume=volume)
        self.now = 1_000_000
        self.effects: list[object] = []

    def tell(self, message: PlayerMessage) -> object:
        """Send one message; return its reply. `effects` are those of this message."""
        decision = act(self.state, message, self.now)
        self.state = decision.state
        self.effects = list(decision.effects)
        return decision.reply

    @property
    def updates(self) -> list[NodeUpdate]:
        return [effect.update for effect in self.effects if isinstance(effect, UpdateNode)]

    @property
    def answers(self) -> list[object]:
        return [effect.reply for effect in self.effects if isinstance(effect, Answer)]

    @property
    def playing(self) -> str:
        assert self.state.current is not None
        return self.state.current.play

    @property
    def sounding(self) -> str:
        assert self.state.current is not None
        return self.state.current.sounding

    @property
    def titles(self) -> list[str]:
        return [entry.track.title for entry in self.state.queue]

    def ready(self) -> "Guild":
        self.tell(NodeReady(NODE, resumed=False))
        return self

    def joined(self) -> "Guild":
        self.tell(Join(ADA, TEXT))
        self.tell(VoiceStateChanged(HERE, "session"))
        self.tell(SERVER)
        return self

    def play(self, *names: str) -> "Guild":
        for name in names:
            later = self.tell(Play(ADA, name, TEXT))
            assert isinstance(later, Later)
            self.tell(Loaded(later.attempt, (track(name),)))
        return self

    def started(self) -> "Guild":
        self.tell(TrackStarted(self.sounding))
        return self

    def position(self) -> int:
        assert self.state.current is not None
        return self.state.current.position(self.now)


def playing(*names: str) -> Guild:
    return Guild().ready().joined().play(*names).started()


# --- play ---


def test_the_first_play_joins_and_searches_at_once():
    guild = Guild().ready()
    reply = guild.tell(Play(ADA, "aurora", TEXT))
    assert isinstance(reply, Later)
    assert Load(reply.attempt, "aurora") in guild.effects
    assert any(isinstance(e, JoinVoice) and e.channel == HERE for e in guild.effects)


@pytest.mark.parametrize("voice_first", [True, False])
def test_play_is_answered_and_heard_when_found_and_joined_in_either_order(voice_first: bool):
    guild = Guild().ready()
    later = guild.tell(Play(ADA, "aurora", TEXT))
    assert isinstance(later, Later)
    found = Loaded(later.attempt, (track("aurora"),))
    voice = [VoiceStateChanged(HERE, "session"), SERVER]
    *before, last = [*voice, found] if voice_first else [found, *voice]
    for message in before:
        guild.tell(message)
        assert guild.answers == []
    guild.tell(last)
    (answer,) = guild.answers
    assert isinstance(answer, Queued)
    assert answer.position == 0
    (update,) = guild.updates
    assert update.voice == VoiceCredentials(HERE, "session", "token", "voice.example:443")
    assert update.start == Start(guild.sounding, track("aurora"))
    assert update.volume == 50
    assert update.paused is False


def test_plays_are_queued_in_the_order_they_were_asked_not_found():
    guild = playing("first")
    slow = guild.tell(Play(ADA, "slow", TEXT))
    quick = guild.tell(Play(ADA, "quick", TEXT))
    assert isinstance(slow, Later)
    assert isinstance(quick, Later)
    guild.tell(Loaded(quick.attempt, (track("quick"),)))
    assert guild.answers == []
    guild.tell(Loaded(slow.attempt, (track("slow"),)))
    assert guild.titles == ["slow", "quick"]
    assert [a.position for a in guild.answers if isinstance(a, Queued)] == [1, 2]


def test_an_empty_search_is_said_and_changes_nothing():
    guild = playing("first")
    later = guild.tell(Play(ADA, "nothing", TEXT))
    assert isinstance(later, Later)
    guild.tell(Loaded(later.attempt, ()))
    assert guild.effects == [Answer(later.attempt, Refused(Code.NOTHING_FOUND))]
    assert guild.titles == []


def test_a_failed_search_is_answered_with_its_reason():
    guild = playing("first")
    later = guild.tell(Play(ADA, "x", TEXT))
    assert isinstance(later, Later)
    guild.tell(LoadFailed(later.attempt, Refused(Code.SOURCE_REFUSED)))
    assert guild.answers == [Refused(Code.SOURCE_REFUSED)]


def test_a_search_that_is_over_changes_nothing():
    guild = playing("first")
    before = guild.state
    guild.tell(Loaded(999, (track("ghost"),)))
    assert guild.state == before


def test_a_refused_join_answers_everybody_who_waited_for_it():
    guild = Guild().ready()
    guild.tell(Play(ADA, "a", TEXT))
    guild.tell(Join(ADA, TEXT))
    assert guild.state.joining is not None
    refused = Refused(Code.CANNOT_SPEAK, {"missing": "Connect"})
    guild.tell(JoinFailed(guild.state.joining.attempt, refused))
    assert guild.answers == [refused, refused]
    assert guild.state.joining is None
    assert guild.state.requests == ()


def test_a_join_that_discord_never_answers_is_asked_for_again_then_ends_and_leaves():
    guild = Guild().ready()
    guild.tell(Join(ADA, TEXT))
    guild.tell(TimeIsUp("join"))
    assert [(e.channel, e.afresh) for e in guild.effects if isinstance(e, JoinVoice)] == [
        (HERE, True)
    ]
    assert guild.answers == []
    guild.now += 7_000
    guild.tell(TimeIsUp("join"))
    assert guild.answers == [Refused(Code.DISCORD_REFUSED)]
    assert LeaveVoice() in guild.effects


def test_a_full_queue_is_said_and_takes_what_fits():
    guild = playing("first")
    later = guild.tell(Play(ADA, "long", TEXT))
    assert isinstance(later, Later)
    many = tuple(track(str(number)) for number in range(QUEUE_LIMIT + 5))
    guild.tell(Loaded(later.attempt, many, "Long list"))
    assert len(guild.state.queue) == QUEUE_LIMIT
    later = guild.tell(Play(ADA, "more", TEXT))
    assert isinstance(later, Later)
    guild.tell(Loaded(later.attempt, (track("more"),)))
    assert guild.answers == [Refused(Code.QUEUE_FULL, {"limit": QUEUE_LIMIT})]


# --- who may ---

CONTROLS = [
    lambda by: Play(by, "x", TEXT),
    lambda by: Pause(by),
    lambda by: Resume(by),
    lambda by: Skip(by),
    lambda by: Back(by),
    lambda by: Stop(by),
    lambda by: Shuffle(by, 1),
    lambda by: SetVolume(by, 10),
    lambda by: Join(by, TEXT),
    lambda by: Leave(by),
]


@pytest.mark.parametrize("control", CONTROLS)
def test_whoever_is_elsewhere_is_refused_and_nothing_happens(control):
    guild = playing("first", "second")
    before = guild.state
    assert guild.tell(control(GRACE)) == Refused(Code.SAME_CHANNEL, {"channel": HERE})
    assert guild.tell(control(LINUS)) == Refused(Code.JOIN_A_CHANNEL)
    assert guild.state == before
    assert guild.effects == []


@pytest.mark.parametrize("control", [Pause, Resume, Skip, Back, Stop, Leave])
def test_with_nothing_playing_controls_say_so(control):
    guild = Guild().ready()
    message: Command = control(ADA)
    reply = guild.tell(message)
    assert isinstance(reply, Refused)
    assert reply.code in {Code.NOTHING_PLAYING, Code.QUEUE_EMPTY}


# --- skip, back, stop ---


def test_skip_starts_the_next_track():
    guild = playing("first", "second")
    reply = guild.tell(Skip(ADA, guild.playing))
    assert isinstance(reply, Skipped)
    assert reply.entry.track.title == "first"
    assert reply.upcoming is not None
    assert reply.upcoming.track.title == "second"
    (update,) = guild.updates
    assert update.start == Start(guild.sounding, track("second"))
    assert update.voice is None


def test_two_skips_of_the_same_play_skip_once():
    guild = playing("first", "second", "third")
    meant = guild.playing
    guild.tell(Skip(ADA, meant))
    reply = guild.tell(Skip(Member(9, HERE), meant))
    assert isinstance(reply, Outdated)
    assert guild.titles == ["third"]
    assert guild.effects == []


def test_skipping_the_last_track_brings_silence():
    guild = playing("only")
    reply = guild.tell(Skip(ADA))
    assert isinstance(reply, Skipped)
    assert reply.upcoming is None
    (update,) = guild.updates
    assert update.silence
    assert guild.state.current is None


def test_the_end_that_a_skip_causes_does_not_advance_again():
    guild = playing("first", "second", "third")
    over = guild.sounding
    guild.tell(Skip(ADA))
    guild.tell(TrackEnded(over, EndReason.REPLACED))
    guild.tell(TrackEnded(over, EndReason.FINISHED))
    assert guild.titles == ["third"]


def test_back_plays_the_track_before_and_keeps_the_current_one_next():
    guild = playing("first", "second", "third")
    guild.tell(Skip(ADA))
    reply = guild.tell(Back(ADA))
    assert isinstance(reply, WentBack)
    assert reply.entry.track.title == "first"
    assert guild.titles == ["second", "third"]


def test_back_works_when_everything_has_been_played():
    guild = playing("only")
    guild.tell(TrackEnded(guild.sounding, EndReason.FINISHED))
    assert isinstance(guild.tell(Back(ADA)), WentBack)
    assert guild.state.current is not None


def test_back_without_a_past_is_refused():
    guild = playing("only")
    assert guild.tell(Back(ADA)) == Refused(Code.QUEUE_EMPTY)


def test_stop_ends_the_music_and_empties_the_queue_but_stays():
    guild = playing("first", "second", "third")
    assert guild.tell(Stop(ADA)) == Stopped(2)
    (update,) = guild.updates
    assert update.silence
    assert guild.state.voice.channel == HERE
    assert guild.titles == []


# --- pause, volume, shuffle ---


def test_the_position_stands_while_paused_and_runs_while_not():
    guild = playing("first")
    guild.now += 5_000
    reply = guild.tell(Pause(ADA))
    assert isinstance(reply, Paused)
    assert reply.changed
    assert guild.updates == [NodeUpdate(paused=True)]
    guild.now += 60_000
    assert guild.position() == 5_000
    reply = guild.tell(Resume(ADA))
    assert isinstance(reply, Resumed)
    assert reply.changed
    assert guild.updates == [NodeUpdate(paused=False)]
    guild.now += 1_000
    assert guild.position() == 6_000


def test_pausing_twice_pauses_once():
    guild = playing("first")
    guild.tell(Pause(ADA))
    reply = guild.tell(Pause(ADA))
    assert isinstance(reply, Paused)
    assert not reply.changed
    assert guild.effects == []


def test_a_paused_track_that_is_skipped_gives_way_to_one_that_plays():
    guild = playing("first", "second")
    guild.tell(Pause(ADA))
    guild.tell(Skip(ADA))
    (update,) = guild.updates
    assert update.paused is False


def test_the_volume_is_set_within_its_range_only():
    guild = playing("first")
    assert guild.tell(SetVolume(ADA, 80)) == VolumeSet(80, 50)
    assert guild.updates == [NodeUpdate(volume=80)]
    for wrong in (-1, 101):
        reply = guild.tell(SetVolume(ADA, wrong))
        assert isinstance(reply, Refused)
        assert reply.code is Code.OUT_OF_RANGE
    assert guild.state.volume == 80


def test_shuffle_keeps_every_track_and_follows_its_seed():
    names = [str(number) for number in range(20)]
    guild, twin = playing("now", *names), playing("now", *names)
    assert guild.tell(Shuffle(ADA, 7)) == Shuffled(20)
    twin.tell(Shuffle(ADA, 7))
    assert guild.titles == twin.titles
    assert guild.titles != names
    assert sorted(guild.titles) == sorted(names)


# --- what the node says ---


@pytest.mark.parametrize("reason", [EndReason.FINISHED, EndReason.CLEANUP, EndReason.UNKNOWN])
def test_an_ended_track_gives_way_to_the_next(reason: EndReason):
    guild = playing("first", "second")
    guild.tell(TrackEnded(guild.sounding, reason))
    (update,) = guild.updates
    assert update.start is not None
    assert update.start.track.title == "second"
    assert [entry.track.title for entry in guild.state.history] == ["first"]


def test_a_broken_track_is_said_and_passed_over():
    guild = playing("broken", "good")
    entry = guild.state.current and guild.state.current.entry
    assert entry is not None
    guild.tell(TrackFailed(guild.sounding, "404"))
    guild.tell(TrackEnded(guild.sounding, EndReason.FINISHED))
    assert Say(TrackBroke(entry, "404")) in guild.effects
    assert guild.state.current is not None
    assert guild.state.current.entry.track.title == "good"


def test_a_stuck_track_is_passed_over_once():
    guild = playing("stuck", "good", "other")
    stuck = guild.sounding
    guild.tell(TrackStuck(stuck, 10_000))
    guild.tell(TrackStuck(stuck, 10_000))
    guild.tell(TrackEnded(stuck, EndReason.FINISHED))
    assert guild.titles == ["other"]


def test_five_broken_tracks_in_a_row_stop_the_queue():
    guild = playing(*(str(number) for number in range(8)))
    for _ in range(5):
        guild.tell(TrackEnded(guild.sounding, EndReason.LOAD_FAILED))
    assert Say(TooManyBroke(5)) in guild.effects
    assert guild.state.current is None
    assert guild.titles == []


def test_a_good_track_between_broken_ones_is_forgiveness():
    guild = playing(*(str(number) for number in range(9)))
    for round_ in range(8):
        reason = EndReason.FINISHED if round_ == 3 else EndReason.LOAD_FAILED
        guild.tell(TrackEnded(guild.sounding, reason))
    assert guild.state.current is not None


def test_the_node_corrects_the_position_but_not_with_old_news():
    guild = playing("first")
    guild.now += 5_000
    guild.tell(PositionReported(4_800, guild.now))
    assert guild.position() == 4_800
    guild.tell(PositionReported(1, guild.now - 10_000))
    assert guild.position() == 4_800


def test_what_the_node_refuses_counts_as_broken():
    guild = playing("first", "second")
    guild.tell(UpdateFailed(NODE, guild.sounding, Refused(Code.TRACK_FAILED)))
    assert guild.state.current is not None
    assert guild.state.current.entry.track.title == "second"


# --- nodes that go and come ---


def test_a_node_that_is_back_goes_on_where_the_music_stopped():
    guild = playing("first", "second")
    guild.now += 7_000
    guild.tell(NodeDown(NODE))
    guild.now += 30_000
    assert guild.position() == 7_000
    guild.tell(NodeReady(NODE, resumed=False))
    (update,) = guild.updates
    assert update.voice is not None
    assert update.start == Start(guild.sounding, track("first"), 7_000)
    assert guild.titles == ["second"]


def test_a_resumed_node_is_left_alone_and_the_position_ran_on():
    guild = playing("first")
    guild.now += 7_000
    guild.tell(NodeDown(NODE))
    guild.now += 3_000
    guild.tell(NodeReady(NODE, resumed=True))
    assert guild.effects == [LookAtNode(NODE)]
    guild.tell(Reconciled(NODE, NodePlayer(guild.sounding, 10_000, guild.now, False, 50, True)))
    assert guild.updates == []
    assert guild.position() == 10_000


def test_a_track_that_never_reached_a_lost_node_begins_when_it_is_back():
    guild = playing("first", "second")
    before = guild.sounding
    guild.tell(NodeDown(NODE))
    guild.tell(Skip(ADA))
    guild.now += 20_000
    guild.tell(NodeReady(NODE, resumed=True))
    guild.tell(Reconciled(NODE, NodePlayer(before, 20_000, guild.now, False, 50, True)))
    (update,) = guild.updates
    assert update.start == Start(guild.sounding, track("second"), 0)


def _unheard_pause(guild: Guild) -> None:
    guild.tell(Pause(ADA))


def _unheard_skip(guild: Guild) -> None:
    guild.tell(Skip(ADA))


def _unheard_stop(guild: Guild) -> None:
    guild.tell(Stop(ADA))


def _unheard_move(guild: Guild) -> None:
    guild.tell(VoiceServerChanged("other", "other.example:443"))


@pytest.mark.parametrize(
    ("ask", "wanted"),
    [
        (_unheard_pause, lambda update: update.paused is True and update.start is None),
        (_unheard_skip, lambda update: update.start.track.title == "second"),
        (_unheard_stop, lambda update: update.silence),
        (_unheard_move, lambda update: update.voice.token == "other"),
    ],
)
def test_what_was_asked_while_the_node_was_away_reaches_a_resumed_one(
    ask: Callable[[Guild], None], wanted: Callable[[NodeUpdate], bool]
):
    guild = playing("first", "second")
    sounding = guild.sounding
    guild.tell(NodeDown(NODE))
    ask(guild)
    guild.tell(NodeReady(NODE, resumed=True))
    updates = guild.updates
    guild.tell(Reconciled(NODE, NodePlayer(sounding, 0, guild.now, False, 50, True)))
    updates += guild.updates
    assert wanted(updates[-1])


def test_a_paused_track_stays_paused_over_a_lost_node():
    guild = playing("first")
    guild.tell(Pause(ADA))
    guild.tell(NodeDown(NODE))
    guild.tell(NodeReady(NODE, resumed=False))
    (update,) = guild.updates
    assert update.paused is True


def test_without_a_node_a_play_waits_in_the_queue_and_sounds_when_one_comes():
    guild = Guild().joined().play("patient")
    assert guild.updates == []
    guild.tell(NodeReady(NODE, resumed=False))
    (update,) = guild.updates
    assert update.start is not None


def test_who_plays_while_the_only_node_takes_no_new_guilds_is_told_that_it_waits():
    guild = Guild().joined().play("patient")
    guild.state = replace(guild.state, nodes=frozenset({NODE}))
    assert guild.state.node is None
    assert not guild.state.view(guild.now).node_ready


def test_an_update_that_hung_frees_the_node_and_is_tried_again():
    guild = playing("first")
    guild.tell(UpdateFailed(NODE, guild.sounding, Refused(Code.NO_NODE), voice=True))
    assert StartTimer("retry", 2_000) in guild.effects
    guild.tell(TimeIsUp("retry"))
    assert guild.effects[0] == DestroyPlayer(NODE)
    (update,) = guild.updates
    assert update.voice is not None


def test_a_track_that_broke_gives_way_to_the_next_also_if_its_end_is_lost():
    guild = playing("first", "second")
    guild.tell(TrackFailed(guild.sounding, "404"))
    assert StartTimer("look", 2_000) in guild.effects
    guild.tell(TimeIsUp("look"))
    assert LookAtNode(NODE) in guild.effects
    guild.tell(Reconciled(NODE, NodePlayer(None, 0, guild.now, False, 50, True)))
    (update,) = guild.updates
    assert update.start == Start(guild.sounding, track("second"), 0)
    assert CancelTimer("look") in guild.effects


# --- what Discord says ---


def test_a_new_voice_server_is_passed_on_while_the_music_plays():
    guild = playing("first")
    guild.tell(VoiceServerChanged("other", "elsewhere.example:443"))
    (update,) = guild.updates
    assert update == NodeUpdate(
        voice=VoiceCredentials(HERE, "session", "other", "elsewhere.example:443")
    )


def test_a_drag_is_followed_and_waits_a_moment_for_its_server():
    guild = playing("first")
    guild.tell(VoiceStateChanged(ELSEWHERE, "session"))
    assert guild.updates == []
    assert StartTimer("settle", 400) in guild.effects
    guild.tell(TimeIsUp("settle"))
    (update,) = guild.updates
    assert update.voice is not None
    assert update.voice.channel == ELSEWHERE
    assert isinstance(guild.tell(Pause(GRACE)), Paused)


def test_kicked_the_queue_is_kept_and_a_join_brings_it_back():
    guild = playing("first", "second")
    guild.now += 5_000
    guild.tell(VoiceStateChanged(None, None))
    assert DestroyPlayer(NODE) in guild.effects
    guild.now += 60_000
    guild.joined()
    (update,) = guild.updates
    assert update.start == Start(guild.sounding, track("first"), 5_000)
    assert guild.titles == ["second"]


def test_kicked_while_joining_the_join_has_failed():
    guild = Guild().ready()
    guild.tell(Join(ADA, TEXT))
    guild.tell(Play(ADA, "aurora", TEXT))
    guild.tell(VoiceStateChanged(HERE, "session"))
    guild.tell(VoiceStateChanged(None, None))
    assert guild.answers == [Refused(Code.DISCORD_REFUSED)] * 2
    assert guild.state.joining is None


def test_kicked_while_a_search_runs_nobody_is_promised_music():
    guild = Guild().ready().joined()
    later = guild.tell(Play(ADA, "aurora", TEXT))
    assert isinstance(later, Later)
    guild.tell(VoiceStateChanged(None, None))
    assert guild.answers == [Refused(Code.DISCORD_REFUSED)]
    guild.tell(Loaded(later.attempt, (track("aurora"),)))
    assert guild.state.current is None


def test_a_place_that_ended_with_its_session_is_taken_again_and_the_music_goes_on():
    guild = playing("first")
    guild.now += 5_000
    guild.tell(VoiceSessionEnded())
    assert [(e.channel, e.back) for e in guild.effects if isinstance(e, JoinVoice)] == [
        (HERE, True)
    ]
    guild.now += 1_000
    guild.tell(VoiceStateChanged(HERE, "another"))
    guild.tell(SERVER)
    (update,) = guild.updates
    assert update.voice is not None
    assert update.voice.session == "another"
    assert update.start is None, "the node never stopped playing"


def test_where_the_way_back_leads_nowhere_the_next_try_is_looked_at_first():
    guild = playing("first")
    guild.tell(VoiceSessionEnded())
    guild.now += 5_000
    guild.tell(TimeIsUp("join"))
    (again,) = (e for e in guild.effects if isinstance(e, JoinVoice))
    assert not again.back
    refused = Refused(Code.CANNOT_SPEAK, {"missing": "Connect"})
    guild.tell(JoinFailed(again.attempt, refused))
    assert Say(JoinLost(refused)) in guild.effects


def test_a_join_that_was_under_way_is_asked_for_again_in_a_new_session():
    guild = Guild().ready()
    guild.tell(Join(ADA, TEXT))
    (asked,) = (e for e in guild.effects if isinstance(e, JoinVoice))
    guild.tell(VoiceStateChanged(HERE, "session"))
    guild.tell(VoiceSessionEnded())
    assert guild.effects == [asked]
    guild.tell(VoiceStateChanged(HERE, "another"))
    guild.tell(SERVER)
    assert guild.answers == [Joined(HERE, already=False)]


def test_leave_calls_off_a_join_that_is_under_way():
    guild = Guild().ready()
    guild.tell(Join(ADA, TEXT))
    assert guild.tell(Leave(ADA)) == Left(HERE)
    assert LeaveVoice() in guild.effects
    assert len(guild.answers) == 1
    assert guild.state.joining is None


def test_stop_calls_off_what_is_still_being_searched():
    guild = playing("first", "second")
    later = guild.tell(Play(ADA, "third", TEXT))
    assert isinstance(later, Later)
    assert guild.tell(Stop(ADA)) == Stopped(2)
    assert guild.answers == [Refused(Code.NOTHING_PLAYING)]
    guild.tell(Loaded(later.attempt, (track("third"),)))
    assert guild.state.current is None


def test_a_track_begun_between_two_voice_servers_is_heard_on_the_second():
    guild = playing("first")
    guild.tell(VoiceServerChanged("token", None))
    guild.tell(Skip(ADA))
    guild.play("second")
    assert not any(update.start for update in guild.updates)
    guild.tell(VoiceServerChanged("other", "other.example:443"))
    (update,) = guild.updates
    assert update.start == Start(guild.sounding, track("second"))
    assert update.voice is not None


def test_new_credentials_make_the_repair_of_the_old_needless():
    guild = playing("first")
    guild.tell(VoiceClosed(4006, "", by_remote=True))
    guild.tell(VoiceServerChanged("other", "other.example:443"))
    assert CancelTimer("repair") in guild.effects


def test_a_position_does_not_run_where_nothing_sounds():
    guild = playing("first")
    guild.tell(Pause(ADA))
    guild.tell(VoiceStateChanged(None, None))
    guild.tell(Resume(ADA))
    guild.now += 9_000
    assert guild.position() == 0


def test_leave_leaves_discord_first_and_keeps_the_queue():
    guild = playing("first", "second")
    assert guild.tell(Leave(ADA)) == Left(HERE)
    assert guild.effects[:2] == [LeaveVoice(), DestroyPlayer(NODE)]
    assert guild.titles == ["second"]
    assert guild.state.voice.channel is None


def test_joining_where_it_is_already_is_said():
    guild = playing("first")
    assert guild.tell(Join(ADA, TEXT)) == Joined(HERE, already=True)
    assert guild.effects == []


def test_an_old_goodbye_does_not_spoil_a_new_join():
    guild = Guild().ready().joined()
    guild.tell(Leave(ADA))
    guild.tell(Join(ADA, TEXT))
    guild.tell(VoiceStateChanged(None, None))
    guild.tell(VoiceStateChanged(HERE, "new"))
    guild.tell(SERVER)
    assert guild.answers == [Joined(HERE, already=False)]


# --- restarts ---


def test_a_restarted_player_that_matches_the_node_changes_nothing():
    guild = playing("first", "second")
    voice = VoiceStateChanged(HERE, "session")
    guild.state = restored(guild.state, voice, guild.state.nodes)
    node = NodePlayer(guild.sounding, 12_000, guild.now, False, 50, True)
    guild.tell(Reconciled(NODE, node))
    assert guild.effects == []
    assert guild.position() == 12_000


def test_a_restarted_player_starts_what_the_node_has_lost():
    guild = playing("first")
    guild.now += 4_000
    guild.state = restored(guild.state, VoiceStateChanged(HERE, "session"), guild.state.nodes)
    guild.tell(Reconciled(NODE, None))
    (update,) = guild.updates
    assert update.voice is not None
    assert update.start == Start(guild.sounding, track("first"), 4_000)


def test_a_restarted_player_waits_for_nobody():
    guild = playing("first")
    guild.tell(Play(ADA, "unanswered", TEXT))
    state = restored(guild.state, VoiceStateChanged(HERE, "session"), guild.state.nodes)
    assert state.requests == ()
    assert state.joining is None
    assert state == replace(guild.state, requests=(), joining=None, idle=False, ends_at=None)


# --- idleness ---


def test_a_player_that_nobody_needs_ends_after_ten_minutes():
    guild = Guild().ready().joined()
    guild.tell(Leave(ADA))
    assert StartTimer(IDLE, IDLE_MS) in guild.effects
    guild.tell(TimeIsUp(IDLE))
    assert guild.effects == [End()]


def test_a_player_that_is_needed_again_lives_on():
    guild = Guild().ready().joined()
    guild.tell(Leave(ADA))
    guild.tell(Play(ADA, "again", TEXT))
    assert CancelTimer(IDLE) in guild.effects
    guild.tell(TimeIsUp(IDLE))
    assert End() not in guild.effects


def test_anybody_may_look():
    guild = playing("first", "second")
    view = guild.tell(Show())
    assert isinstance(view, PlayerView)
    assert view.current is not None
    assert view.current.entry.track.title == "first"
    assert view.text_channel == TEXT
    assert view.volume == 50
