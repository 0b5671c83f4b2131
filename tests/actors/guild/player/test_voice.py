"""Voice, one situation and one event at a time: what follows, and where the player stands then."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from actors.guild.panel.messages import JoinLost
from actors.guild.player.core import IDLE, restored
from actors.guild.player.effects import (
    Answer,
    CancelTimer,
    DestroyPlayer,
    Effect,
    JoinVoice,
    LeaveVoice,
    LookAtNode,
    Say,
    Speak,
    StartTimer,
    UpdateNode,
)
from actors.guild.player.messages import (
    Awake,
    Command,
    Departed,
    Event,
    Join,
    Joined,
    JoinFailed,
    Leave,
    Loaded,
    Member,
    NodePlayer,
    NodeReady,
    Pause,
    Play,
    PositionReported,
    Reconciled,
    Resume,
    TimeIsUp,
    TrackStarted,
    UpdateFailed,
    VoiceClosed,
    VoiceServerChanged,
    VoiceSessionEnded,
    VoiceStateChanged,
)
from actors.guild.player.ports import NodeUpdate, VoiceCredentials
from actors.guild.player.state import PlayerState
from actors.guild.player.track import Entry, Track
from actors.guild.refusal import Code, Refused
from tests.actors.guild.player.shell import NODE, act

HERE, ELSEWHERE, TEXT = 10, 20, 30
ADA = Member(1, HERE)
STATE = VoiceStateChanged(HERE, "session")
SERVER = VoiceServerChanged("token", "voice.example:443")
OTHER_SERVER = VoiceServerChanged("other", "other.example:443")
NO_SERVER = VoiceServerChanged("gone", None)
GONE = VoiceStateChanged(None, None)
DRAGGED = VoiceStateChanged(ELSEWHERE, "session")
MUTED = VoiceStateChanged(HERE, "session", muted=True)
SUPPRESSED = VoiceStateChanged(HERE, "session", suppressed=True)
ENDED = VoiceSessionEnded()
FORBIDDEN = Refused(Code.CANNOT_SPEAK, {"channel": HERE, "missing": "Connect"})
UNHEARD = Refused(Code.DISCORD_REFUSED)
SONG = Track("", "song", "song", "", 600_000, seekable=True, source="library")


def closed(code: int) -> VoiceClosed:
    return VoiceClosed(code, "", by_remote=True)


@dataclass
class Guild:
    """A player's core, whose clock is turned by hand and whose node is found at once."""

    state: PlayerState = field(default_factory=lambda: PlayerState(1, "run", 50))
    now: int = 1_000_000
    effects: list[Effect] = field(default_factory=list[Effect])

    def tell(self, *messages: Command | Event, after_ms: int = 0) -> "Guild":
        """Tell one after the other; `effects` are those of the last."""
        self.now += after_ms
        for message in messages:
            decision = act(self.state, message, self.now)
            self.state, self.effects = decision.state, list(decision.effects)
        return self

    def pass_time(self, ms: int) -> "Guild":
        self.now += ms
        return self

    def start(self) -> "Guild":
        """The node says that it has begun what it was told to play."""
        return self.tell(TrackStarted(self.sounding))

    def node_says(self, *, connected: bool, paused: bool = False) -> "Guild":
        player = NodePlayer(self.sounding, self.position, self.now, paused, 50, connected)
        return self.tell(Reconciled(NODE, player))

    @property
    def sounding(self) -> str:
        assert self.state.current is not None
        return self.state.current.sounding

    @property
    def position(self) -> int:
        assert self.state.current is not None
        return self.state.current.position(self.now)

    @property
    def running(self) -> bool:
        assert self.state.current is not None
        return self.state.current.running

    @property
    def updates(self) -> list[NodeUpdate]:
        return [effect.update for effect in self.effects if isinstance(effect, UpdateNode)]

    @property
    def answers(self) -> list[object]:
        return [effect.reply for effect in self.effects if isinstance(effect, Answer)]

    @property
    def entry(self) -> Entry:
        """What is current."""
        assert self.state.current is not None
        return self.state.current.entry

    @property
    def joins(self) -> list[tuple[int, bool]]:
        """The channels that were asked for, and whether they are left first."""
        return [(e.channel, e.afresh) for e in self.effects if isinstance(e, JoinVoice)]

    @property
    def summary(self) -> list[object]:
        """The effects as the table names them; those that only tidy up are left out."""
        return [named for effect in self.effects if (named := _named(effect)) is not None]


def _named(effect: Effect) -> object:
    match effect:
        case JoinVoice(channel=channel, afresh=afresh):
            return ("rejoin" if afresh else "join", channel)
        case UpdateNode(update=update) if update.start is not None:
            return ("start", update.start.position_ms, update.voice is not None)
        case UpdateNode(update=NodeUpdate(voice=None, paused=bool() as paused)):
            return "pause" if paused else "go on"
        case UpdateNode(update=update) if update.voice is not None:
            return ("reconnect", update.voice.token)
        case StartTimer(key, delay_ms) if key != IDLE:
            return (key, delay_ms)
        case LookAtNode():
            return "look"
        case DestroyPlayer():
            return "destroy"
        case LeaveVoice():
            return "leave"
        case Speak(channel):
            return ("speak", channel)
        case Say(JoinLost(refused)):
            return ("say", refused.code)
        case Answer(reply=reply):
            return ("answer", reply)
        case _:
            return None


# --- situations ---


def apart() -> Guild:
    """In no channel, with nothing to play."""
    return Guild().tell(NodeReady(NODE, resumed=False))


def joining() -> Guild:
    """Asked to join, and Discord has not answered."""
    return apart().tell(Join(ADA, TEXT))


def idle() -> Guild:
    """In the channel, with nothing to play."""
    return joining().tell(STATE, SERVER)


def playing() -> Guild:
    """Ten seconds into a song."""
    guild = idle().tell(Play(ADA, "song", TEXT))
    guild.tell(Loaded(guild.state.requests[0].attempt, (SONG,)))
    return guild.start().pass_time(10_000)


def paused() -> Guild:
    return playing().tell(Pause(ADA))


def muted() -> Guild:
    """Muted by the server ten seconds into a song."""
    return playing().tell(MUTED)


def moving() -> Guild:
    """Dragged into another channel, the server of which is not known yet."""
    return playing().tell(DRAGGED)


def unserved() -> Guild:
    """Between two voice servers."""
    return playing().tell(NO_SERVER)


def doubtful() -> Guild:
    """The connection has been closed."""
    return playing().tell(closed(4006))


def looking() -> Guild:
    """The node has been asked whether it is connected."""
    return doubtful().tell(TimeIsUp("repair"), after_ms=2_000)


def pushed() -> Guild:
    """The node has been given its credentials once more."""
    return looking().node_says(connected=False).start()


def rejoining() -> Guild:
    """Left and asked to join again, because giving them once more was no help."""
    guild = pushed().tell(closed(4006)).tell(TimeIsUp("repair"), after_ms=2_000)
    return guild.node_says(connected=False)


def in_the_old_place() -> Guild:
    """As `rejoining`, and Discord has confirmed that the bot has left."""
    return rejoining().tell(GONE)


def hopeless() -> Guild:
    """The node is too old for Discord's encryption, and that was said."""
    return playing().tell(closed(4017))


def kicked() -> Guild:
    return playing().tell(GONE)


Situation = Callable[[], Guild]

# Situation, event -> what is done. The song stood at 10,000 ms when it was last heard.
TABLE: list[tuple[Situation, Command | Event, list[object]]] = [
    # Joining: whichever comes first.
    (apart, Join(ADA, TEXT), [("join", HERE), ("join", 7_000)]),
    (joining, STATE, []),
    (joining, SERVER, []),
    (joining, NO_SERVER, []),
    (joining, GONE, []),
    (joining, ENDED, [("join", HERE)]),
    (joining, closed(4006), []),
    (joining, TimeIsUp("join"), [("rejoin", HERE), ("join", 7_000)]),
    (joining, TimeIsUp("repair"), []),
    # In the channel, with nothing to be heard: nothing is worth mending.
    (idle, STATE, []),
    (idle, SERVER, []),
    (idle, OTHER_SERVER, []),
    (idle, closed(4006), []),
    (idle, closed(4014), []),
    (idle, closed(4015), []),
    (idle, MUTED, []),
    (idle, SUPPRESSED, [("speak", HERE)]),
    (idle, ENDED, [("join", HERE), ("join", 5_000)]),
    (idle, NO_SERVER, [("repair", 10_000)]),
    (idle, GONE, []),
    # Playing: what is said again changes nothing.
    (playing, STATE, []),
    (playing, SERVER, []),
    (playing, OTHER_SERVER, [("reconnect", "other")]),
    (playing, NO_SERVER, ["pause", ("repair", 10_000)]),
    (playing, DRAGGED, [("settle", 400), ("repair", 4_000)]),
    (playing, VoiceStateChanged(HERE, "another"), [("settle", 400), ("repair", 4_000)]),
    (playing, GONE, ["destroy"]),
    (playing, ENDED, [("join", HERE), ("join", 5_000)]),
    (playing, MUTED, ["pause"]),
    (playing, SUPPRESSED, [("speak", HERE), "pause"]),
    (playing, closed(1000), []),
    (playing, closed(1001), [("repair", 5_000)]),
    (playing, closed(4001), [("repair", 2_000)]),
    (playing, closed(4004), [("repair", 2_000)]),
    (playing, closed(4006), [("repair", 2_000)]),
    (playing, closed(4009), [("repair", 2_000)]),
    (playing, closed(4014), [("repair", 4_000)]),
    (playing, closed(4015), [("repair", 5_000)]),
    (playing, closed(4017), [("say", Code.NODE_TOO_OLD)]),
    (playing, closed(4020), [("repair", 2_000)]),
    (playing, closed(4022), [("repair", 4_000)]),
    (playing, closed(4999), [("repair", 2_000)]),
    (playing, TimeIsUp("repair"), []),
    (playing, TimeIsUp("settle"), []),
    (playing, TimeIsUp("join"), []),
    (playing, JoinFailed(99, FORBIDDEN), []),
    # Paused by people: the connection is kept all the same.
    (paused, closed(4006), [("repair", 2_000)]),
    (paused, OTHER_SERVER, [("reconnect", "other")]),
    (paused, MUTED, ["pause"]),
    # Muted by the server.
    (muted, MUTED, []),
    (muted, STATE, ["go on"]),
    (muted, SUPPRESSED, [("speak", HERE)]),
    (muted, Resume(ADA), []),
    (muted, Pause(ADA), ["pause"]),
    (muted, OTHER_SERVER, [("reconnect", "other")]),
    (muted, GONE, ["destroy"]),
    # Dragged: the new server comes, or must be had by joining again.
    (moving, OTHER_SERVER, [("reconnect", "other")]),
    (moving, DRAGGED, []),
    (moving, closed(4014), []),
    (moving, closed(4006), [("repair", 2_000)]),
    (moving, TimeIsUp("settle"), [("reconnect", "token")]),
    (moving, TimeIsUp("repair"), ["look", ("repair", 3_000)]),
    (moving, GONE, ["destroy"]),
    # Between two voice servers: the song stands, at the node too, and starts where it stood.
    (unserved, OTHER_SERVER, [("start", 10_000, True)]),
    (unserved, NO_SERVER, []),
    (unserved, STATE, []),
    (unserved, closed(4014), []),
    (unserved, closed(4006), []),
    (unserved, TimeIsUp("settle"), []),
    (unserved, TimeIsUp("repair"), ["destroy", ("rejoin", HERE), ("join", 5_000)]),
    (unserved, GONE, ["destroy"]),
    # In doubt: Discord may still explain it.
    (doubtful, closed(4006), []),
    (doubtful, closed(4014), []),
    (doubtful, OTHER_SERVER, [("reconnect", "other")]),
    (doubtful, SERVER, []),
    (doubtful, GONE, ["destroy"]),
    (doubtful, ENDED, [("join", HERE), ("join", 5_000)]),
    (doubtful, TimeIsUp("repair"), ["look", ("repair", 3_000)]),
    (doubtful, closed(4017), [("say", Code.NODE_TOO_OLD)]),
    # The node was asked. Without its answer it counts as not connected.
    (looking, TimeIsUp("repair"), [("start", 10_000, True), ("repair", 4_000)]),
    (looking, OTHER_SERVER, [("start", 10_000, True)]),
    (looking, GONE, ["destroy"]),
    # The credentials were given once more: then the bot leaves and joins again.
    (pushed, closed(4006), [("repair", 2_000)]),
    (pushed, TimeIsUp("repair"), ["look", ("repair", 3_000)]),
    (pushed, OTHER_SERVER, [("reconnect", "other")]),
    # Coming back: our own leave is no kick, and Discord's silence is no end.
    (rejoining, GONE, []),
    (rejoining, STATE, []),
    (rejoining, closed(4014), []),
    (rejoining, ENDED, [("join", HERE)]),
    (rejoining, TimeIsUp("join"), [("join", 5_000)]),
    (in_the_old_place, GONE, []),
    (in_the_old_place, STATE, []),
    (in_the_old_place, OTHER_SERVER, []),
    # Nothing helps a node that cannot encrypt.
    (hopeless, closed(4017), []),
    (hopeless, closed(4006), []),
    (hopeless, TimeIsUp("repair"), []),
    (hopeless, PositionReported(10_000, 1_010_000, connected=False), []),
    # Kicked: people ask it back.
    (kicked, GONE, []),
    (kicked, closed(4014), []),
    (kicked, SERVER, []),
    (kicked, ENDED, []),
    (kicked, TimeIsUp("repair"), []),
    (kicked, TimeIsUp("join"), []),
    (kicked, Join(ADA, TEXT), [("join", HERE), ("join", 7_000)]),
]


def _case(row: tuple[Situation, Command | Event, list[object]]) -> str:
    situation, event, _ = row
    detail = getattr(event, "code", getattr(event, "key", getattr(event, "endpoint", "")))
    if isinstance(event, VoiceStateChanged):
        detail = repr(event)
    return f"{situation.__name__}-{type(event).__name__}-{detail}"


def _is_news(row: tuple[Situation, Command | Event, list[object]]) -> bool:
    """Whether the event is what a network may double; a request is another one the second time."""
    return not isinstance(row[1], VoiceSessionEnded | Join | Pause | Resume | TimeIsUp)


@pytest.mark.parametrize("row", TABLE, ids=_case)
def test_what_follows_from_an_event_in_a_situation(
    row: tuple[Situation, Command | Event, list[object]],
):
    situation, event, wanted = row
    guild = situation()
    guild.tell(event)
    assert guild.summary == wanted


@pytest.mark.parametrize("row", [*filter(_is_news, TABLE)], ids=_case)
def test_an_event_that_is_told_twice_changes_nothing_the_second_time(
    row: tuple[Situation, Command | Event, list[object]],
):
    situation, event, _ = row
    guild = situation()
    guild.tell(event)
    guild.tell(event)
    assert guild.summary == []


# --- leaving ---


def departing(*messages: Command | Event, after_ms: int = 0) -> Guild:
    """A guild that came back by itself, and whose leave Discord has not been asked for yet."""
    guild = rejoining()
    trouble = replace(guild.state.trouble, leaving=True, echo=False)
    guild.state = replace(guild.state, trouble=trouble)
    return guild.tell(*messages, after_ms=after_ms)


def test_a_kick_that_discord_tells_before_our_leave_was_sent_is_no_echo():
    guild = departing(GONE)
    assert guild.state.home is None
    assert guild.state.joining is None
    # The join that was to follow the leave is called off by it.
    assert LeaveVoice() in guild.effects


def test_a_kick_that_comes_after_our_leave_was_sent_is_taken_for_its_echo():
    guild = departing(Departed(), GONE)
    assert guild.state.home == HERE
    assert guild.state.joining is not None


def test_a_leave_that_died_with_its_player_is_asked_for_again():
    guild = playing().tell(Leave(ADA))
    guild.state = replace(guild.state, trouble=replace(guild.state.trouble, leaving=True))
    guild.tell(Awake(rejoin=False))
    assert LeaveVoice() in guild.effects


def test_who_died_while_leaving_to_come_back_comes_back():
    guild = departing(Awake(rejoin=False))
    assert [channel for channel, _ in guild.joins] == [HERE]
    guild.tell(GONE)
    assert guild.state.home == HERE


# --- joining ---


@pytest.mark.parametrize("order", [[STATE, SERVER], [SERVER, STATE], [STATE, STATE, SERVER]])
def test_a_join_is_complete_when_state_and_server_are_known_in_whatever_order(
    order: list[Event],
):
    guild = joining()
    *before, last = order
    guild.tell(*before)
    assert guild.answers == []
    guild.tell(last)
    assert guild.answers == [Joined(HERE, already=False)]


def test_a_server_that_was_named_for_a_place_before_does_not_complete_a_join():
    guild = playing().tell(Leave(ADA)).tell(SERVER).tell(Join(ADA, TEXT))
    guild.tell(GONE, STATE)
    assert guild.answers == []
    guild.tell(OTHER_SERVER)
    assert guild.answers == [Joined(HERE, already=False, goes_on=guild.entry)]


def test_a_lost_server_is_asked_for_by_joining_again_before_the_join_is_given_up():
    guild = joining().tell(STATE).tell(TimeIsUp("join"), after_ms=7_000)
    assert guild.joins == [(HERE, True)]
    guild.tell(GONE, STATE, SERVER)
    assert guild.answers == [Joined(HERE, already=False)]


def test_a_state_from_before_our_leave_does_not_bring_us_back():
    guild = playing().tell(Leave(ADA)).tell(MUTED)
    assert guild.state.home is None
    guild.tell(GONE)
    assert guild.state.voice.channel is None


# --- the way through a repair ---


def test_a_connection_that_is_there_needs_no_help():
    guild = looking().node_says(connected=True)
    assert guild.summary == []
    assert guild.tell(TimeIsUp("repair")).summary == []


@pytest.mark.parametrize("situation", [doubtful, looking, pushed])
def test_a_report_that_is_connected_ends_every_doubt(situation: Situation):
    guild = situation()
    guild.tell(PositionReported(10_000, guild.now))
    assert CancelTimer("repair") in guild.effects
    assert guild.tell(TimeIsUp("repair")).summary == []


def test_a_report_that_is_not_connected_is_a_doubt_where_something_should_sound():
    guild = playing()
    guild.tell(PositionReported(10_000, guild.now, connected=False))
    assert guild.summary == [("repair", 4_000)]
    guild.tell(TimeIsUp("repair"), after_ms=4_000)
    assert guild.node_says(connected=False).summary[0] == ("start", 10_000, True)


def test_the_song_goes_on_where_it_was_last_heard():
    guild = looking()
    assert guild.position == 12_000
    guild.node_says(connected=False)
    assert guild.summary == [("start", 10_000, True), ("repair", 4_000)]


def test_a_start_that_is_told_between_two_servers_is_no_sound():
    guild = idle().tell(Play(ADA, "song", TEXT))
    guild.tell(Loaded(guild.state.requests[0].attempt, (SONG,)))
    guild.tell(NO_SERVER).start().pass_time(5_000)
    assert guild.position == 0
    assert guild.tell(OTHER_SERVER).summary == [("start", 0, True)]


def test_a_short_silence_is_not_made_up_for():
    guild = playing().tell(closed(4014)).tell(OTHER_SERVER, after_ms=1_000)
    assert guild.summary == [("reconnect", "other")]
    guild = playing().tell(closed(4014)).tell(OTHER_SERVER, after_ms=3_000)
    assert guild.summary == [("start", 10_000, True)]


def test_credentials_are_given_again_once_in_a_while_and_not_in_a_loop():
    guild = pushed()
    guild.tell(PositionReported(10_000, guild.now))
    guild.tell(closed(4006)).tell(TimeIsUp("repair"), after_ms=2_000).node_says(connected=False)
    assert guild.joins == [(HERE, True)]


@pytest.mark.parametrize("code", [4014, 4022])
def test_credentials_that_are_void_are_not_given_again(code: int):
    guild = playing().tell(closed(code)).tell(TimeIsUp("repair"), after_ms=4_000)
    guild.node_says(connected=False)
    assert guild.joins == [(HERE, True)]


def test_a_drag_whose_server_is_lost_ends_in_the_new_channel():
    guild = moving().tell(TimeIsUp("settle"), after_ms=400)
    guild.tell(closed(4006)).tell(TimeIsUp("repair"), after_ms=2_000).node_says(connected=False)
    assert guild.joins == [(ELSEWHERE, True)]


def test_after_coming_back_the_song_starts_where_it_was_last_heard():
    guild = rejoining().tell(GONE, STATE, OTHER_SERVER, after_ms=500)
    (update,) = guild.updates
    assert update.voice == VoiceCredentials(HERE, "session", "other", "other.example:443")
    assert update.start is not None
    assert update.start.position_ms == 10_000


def test_our_own_leave_is_no_kick_even_when_it_is_told_last():
    guild = rejoining().tell(STATE, OTHER_SERVER).start().tell(GONE)
    assert guild.summary == []
    assert guild.running


def test_a_kick_that_follows_our_own_return_is_one():
    guild = rejoining().tell(GONE, STATE, OTHER_SERVER).start().tell(GONE)
    assert guild.state.home is None
    assert not guild.running


def test_returns_that_lead_to_nothing_are_tried_at_growing_intervals_without_an_end():
    guild = rejoining()
    waits: list[int] = []
    for _ in range(6):
        (wait,) = [e.delay_ms for e in guild.effects if isinstance(e, StartTimer)]
        waits.append(wait)
        guild.tell(TimeIsUp("join"), after_ms=wait)
        assert guild.joins == [(HERE, True)]
    assert waits == [5_000, 10_000, 20_000, 20_000, 20_000, 20_000]


def test_a_calm_minute_makes_the_intervals_short_again():
    guild = rejoining()
    for wait in (5_000, 10_000, 20_000):
        guild.tell(TimeIsUp("join"), after_ms=wait)
    guild.tell(GONE, STATE, OTHER_SERVER).start().pass_time(61_000)
    guild.tell(closed(4014)).tell(TimeIsUp("repair"), after_ms=4_000).node_says(connected=False)
    assert ("join", 5_000) in guild.summary


def test_a_connection_that_breaks_right_after_the_return_waits_for_the_interval():
    guild = rejoining().tell(GONE, STATE, OTHER_SERVER).start()
    guild.tell(closed(4014)).tell(TimeIsUp("repair"), after_ms=4_000).node_says(connected=False)
    assert guild.summary == [("repair", 1_000)]
    guild.tell(TimeIsUp("repair"), after_ms=1_000)
    assert guild.joins == []
    guild.node_says(connected=False)
    assert guild.joins == [(HERE, True)]


def test_a_clock_that_is_put_back_does_not_make_an_interval_longer():
    guild = rejoining()
    guild.tell(TimeIsUp("join"), after_ms=-3_600_000)
    assert guild.summary == [("join", 5_000)]


# --- what hangs at the node ---


def test_a_node_that_hangs_on_a_voice_server_is_freed_and_then_given_another():
    guild = playing()
    hung = UpdateFailed(NODE, guild.sounding, Refused(Code.NO_NODE), voice=True)
    assert guild.tell(hung).summary == [("retry", 2_000)]
    guild.tell(TimeIsUp("retry"), after_ms=2_000)
    assert guild.summary == ["destroy", ("start", 12_000, True)]
    guild.tell(UpdateFailed(NODE, guild.sounding, Refused(Code.NO_NODE), voice=True))
    guild.tell(TimeIsUp("retry"), after_ms=2_000)
    assert guild.joins == [(HERE, True)]


# --- what cannot be mended ---


def test_lost_permissions_are_named_once_and_the_queue_is_kept():
    guild = rejoining().tell(GONE)
    assert guild.state.joining is not None
    refused = JoinFailed(guild.state.joining.attempt, FORBIDDEN)
    guild.tell(refused)
    assert Say(JoinLost(FORBIDDEN)) in guild.effects
    assert guild.state.home is None
    assert guild.state.current is not None
    assert guild.tell(refused).effects == []
    assert guild.tell(TimeIsUp("join")).joins == []


def test_a_return_that_discord_did_not_hear_is_tried_again():
    guild = rejoining()
    assert guild.state.joining is not None
    assert guild.tell(JoinFailed(guild.state.joining.attempt, UNHEARD)).effects == []
    assert guild.tell(TimeIsUp("join"), after_ms=5_000).joins == [(HERE, True)]


def test_who_asks_while_it_returns_is_told_that_discord_is_silent_and_it_goes_on_trying():
    guild = rejoining().tell(Join(ADA, TEXT), Play(ADA, "another", TEXT))
    guild.tell(TimeIsUp("join"), after_ms=5_000)
    assert guild.answers == [UNHEARD, UNHEARD]
    assert guild.joins == [(HERE, True)]


def test_who_asks_while_it_returns_is_answered_when_it_is_there():
    guild = rejoining().tell(Join(ADA, TEXT)).tell(GONE, STATE, OTHER_SERVER)
    assert guild.answers == [Joined(HERE, already=False, goes_on=guild.entry)]


@pytest.mark.parametrize("situation", [doubtful, looking, pushed, rejoining, unserved, moving])
def test_leave_ends_every_repair(situation: Situation):
    guild = situation()
    by = Member(1, guild.state.home)
    guild.tell(Leave(by))
    assert LeaveVoice() in guild.effects
    for message in (TimeIsUp("repair"), TimeIsUp("join"), closed(4006), GONE, SERVER):
        assert guild.tell(message, after_ms=1_000).summary == []
    assert guild.state.home is None


def test_a_node_that_has_learnt_to_encrypt_is_mended_again():
    guild = hopeless()
    guild.tell(PositionReported(10_000, guild.now))
    assert guild.tell(closed(4006)).summary == [("repair", 2_000)]


# --- not heard ---


def test_a_muted_song_stands_still_and_goes_on_where_it_stood():
    guild = muted().pass_time(60_000)
    assert guild.position == 10_000
    guild.tell(STATE)
    assert guild.summary == ["go on"]
    assert guild.running
    assert guild.pass_time(1_000).position == 11_000


def test_what_people_paused_stays_paused_when_the_server_unmutes():
    guild = muted().tell(Pause(ADA)).tell(STATE)
    assert guild.summary == ["pause"]
    assert not guild.running


def test_what_people_resume_while_it_is_muted_goes_on_when_it_is_not():
    guild = paused().tell(MUTED).tell(Resume(ADA))
    assert guild.summary == ["pause"]
    assert guild.tell(STATE).summary == ["go on"]


def test_a_song_begun_while_muted_begins_paused():
    guild = idle().tell(MUTED).tell(Play(ADA, "song", TEXT))
    guild.tell(Loaded(guild.state.requests[0].attempt, (SONG,)))
    (update,) = guild.updates
    assert update.paused is True
    assert not guild.start().running


def test_on_a_stage_it_asks_once_to_speak_and_plays_when_it_may():
    guild = joining().tell(SUPPRESSED)
    assert guild.summary == [("speak", HERE)]
    guild.tell(SERVER).tell(SUPPRESSED)
    assert guild.summary == []
    guild.tell(Play(ADA, "song", TEXT))
    guild.tell(Loaded(guild.state.requests[0].attempt, (SONG,)))
    assert guild.updates[0].paused is True
    guild.start().tell(STATE)
    assert guild.summary == ["go on"]
    assert guild.running


def test_dragged_to_another_stage_it_asks_there():
    guild = (
        playing().tell(SUPPRESSED).tell(VoiceStateChanged(ELSEWHERE, "session", suppressed=True))
    )
    assert ("speak", ELSEWHERE) in guild.summary


def test_a_muted_player_shows_that_it_stands():
    guild = muted()
    shown = guild.state.now_playing(guild.now)
    assert shown is not None
    assert shown.paused


# --- gateway sessions and restarts ---


@pytest.mark.parametrize("situation", [playing, doubtful, looking, pushed, moving, unserved, muted])
def test_a_new_gateway_session_in_the_middle_of_it_ends_in_the_channel(situation: Situation):
    guild = situation().tell(ENDED)
    home = guild.state.home
    assert home is not None
    assert guild.joins == [(home, False)]
    guild.tell(VoiceStateChanged(home, "another"), OTHER_SERVER)
    assert guild.state.joining is None
    assert guild.state.voice.known == VoiceCredentials(
        home, "another", "other", "other.example:443"
    )


def test_a_takeover_in_an_instant_is_not_heard():
    guild = playing().tell(ENDED)
    guild.tell(VoiceStateChanged(HERE, "another"), OTHER_SERVER, after_ms=500)
    assert guild.summary == [("reconnect", "other")]
    assert guild.running


@pytest.mark.parametrize("situation", [playing, doubtful, looking, pushed, muted, paused])
def test_a_restarted_player_in_its_channel_looks_at_the_node(situation: Situation):
    guild = situation()
    there = VoiceStateChanged(HERE, "session", guild.state.voice.muted)
    guild.state = restored(guild.state, there, frozenset({NODE}))
    assert guild.tell(Awake(rejoin=False)).summary == ["look"]
    assert guild.tell(TimeIsUp("repair")).summary == []


def test_a_player_that_was_restarted_on_its_way_back_goes_on_with_it():
    guild = rejoining()
    guild.state = restored(guild.state, GONE, frozenset({NODE}))
    assert guild.tell(Awake(rejoin=False)).joins == [(HERE, False)]


def test_a_player_that_was_restarted_between_two_servers_waits_for_the_next():
    guild = unserved()
    guild.state = restored(guild.state, STATE, frozenset({NODE}))
    guild.tell(Awake(rejoin=False))
    assert ("repair", 4_000) in guild.summary
    assert guild.tell(OTHER_SERVER).summary == [("start", 10_000, True)]


def test_a_player_that_was_unmuted_while_it_was_restarted_goes_on():
    guild = muted()
    guild.state = restored(guild.state, STATE, frozenset({NODE}))
    guild.tell(Awake(rejoin=False))
    assert guild.node_says(connected=True, paused=True).summary == ["go on"]


def test_a_player_that_was_restarted_in_the_audience_asks_to_speak_again():
    guild = playing().tell(SUPPRESSED)
    guild.state = restored(guild.state, SUPPRESSED, frozenset({NODE}))
    assert ("speak", HERE) in guild.tell(Awake(rejoin=False)).summary
