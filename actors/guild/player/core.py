"""The player's core: `decide(state, message, now)`, pure.

No await, no clock, no randomness: whatever happened to a player can be replayed from its messages.
What people ask of the music is decided here, what of the queue in `arrangement`, what of the sound
in `mixing`; the rules that these call are in `playback` and `connection`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from actors.guild.player import (
    access,
    arrangement,
    connection,
    following,
    mixing,
    playback,
    presence,
    repair,
    votes,
)
from actors.guild.player.access import misplaced
from actors.guild.player.effects import (
    CancelTimer,
    Effect,
    End,
    Later,
    Load,
    StartTimer,
)
from actors.guild.player.messages import (
    Awake,
    Back,
    Clean,
    Clear,
    Command,
    Dedupe,
    Departed,
    FoundElsewhere,
    Join,
    Joined,
    JoinFailed,
    Leave,
    Left,
    ListenerMoved,
    ListenersChanged,
    Loaded,
    LoadFailed,
    Loop,
    Member,
    Move,
    NodeDown,
    NodeDraining,
    NodeFound,
    NodeReady,
    NowPlaying,
    Outdated,
    Pause,
    Paused,
    Play,
    PlayerMessage,
    PositionReported,
    Proposed,
    Reconciled,
    Remove,
    Replay,
    Replayed,
    Resume,
    Resumed,
    Seek,
    SetAutoplay,
    SetFilter,
    SetLoop,
    SetPitch,
    SetSpeed,
    SetStay,
    SettingsChanged,
    SetVolume,
    Show,
    Shuffle,
    Skip,
    Skipped,
    SkipTo,
    Sought,
    Stop,
    Stopped,
    Swap,
    TimeIsUp,
    TrackEnded,
    TrackFailed,
    TrackStarted,
    TrackStuck,
    Unshuffle,
    UpdateFailed,
    VoiceClosed,
    VoiceServerChanged,
    VoiceSessionEnded,
    VoiceStateChanged,
    VolumeSet,
    Vote,
    Voted,
    VotePassed,
    WentBack,
)
from actors.guild.player.ports import NodeUpdate
from actors.guild.player.queue import place
from actors.guild.player.state import (
    HISTORY_LIMIT,
    QUEUE_LIMIT,
    Changeover,
    Current,
    Found,
    PlayerState,
    Request,
    Voice,
)
from actors.guild.player.track import Entry
from actors.guild.player.turn import Turn
from actors.guild.refusal import Code, Refused

IDLE = "idle"
IDLE_MS = 600_000
MAXIMUM_VOLUME = 100
UNHEARD_MS = 1_000
"""How long it takes at least until what plays now has been heard and somebody could mind it."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from a message: the state after it, what to do, and the reply to an ask."""

    state: PlayerState
    effects: tuple[Effect, ...] = ()
    reply: object = None


def decide(state: PlayerState, message: PlayerMessage, now: int) -> Decision:
    """Return what follows from `message` in `state` at `now` (milliseconds since the epoch).

    A command that is refused changes nothing. An event about a play, an attempt or a timer that is
    over changes nothing.
    """
    turn = Turn(state, now)
    reply = _answer(turn, message) if isinstance(message, Command) else _obey(turn, message)
    if turn.state.home != state.home:
        presence.moved(turn)
    votes.watch(turn, _obey)
    presence.watch(turn)
    _watch_idleness(turn)
    following.announce(turn)
    playback.watch_end(turn)
    return Decision(turn.state, tuple(turn.effects), reply)


def restored(
    state: PlayerState, voice: VoiceStateChanged | None, nodes: frozenset[str]
) -> PlayerState:
    """Return the state that a player begins with: its last one, as far as it holds.

    The asks of the player before have failed, so nothing waits any more; `voice` is where Discord
    says the bot is, None where what the state says still holds; `nodes` are those in reach.
    """
    known = state.voice if voice is None else _seen(state.voice, voice)
    return replace(
        state,
        joining=None,
        requests=(),
        mending=None,
        choosing=None,
        idle=False,
        ends_at=None,
        ballots=(),
        closes_at=None,
        waiting=None,
        status=None,
        voice=known,
        nodes=nodes,
    )


def _seen(voice: Voice, said: VoiceStateChanged) -> Voice:
    """Return the voice state under what Discord says now; a place before has other credentials."""
    if said.channel is None:
        return Voice()
    if (said.channel, said.session) != (voice.channel, voice.session):
        voice = Voice(said.channel, said.session, known=voice.known)
    return replace(voice, muted=said.muted, suppressed=said.suppressed)


def _watch_idleness(turn: Turn) -> None:
    """Let a player that is out of voice end after a while: what it has is saved."""
    state = turn.state
    idle = not (state.home or state.voice.channel or state.joining or state.requests)
    if idle != state.idle:
        turn.change(idle=idle)
        turn.do(StartTimer(IDLE, IDLE_MS) if idle else CancelTimer(IDLE))


# --- who may ---


def _answer(turn: Turn, message: Command) -> object:
    """Carry out a command, if it is one that its member may give alone."""
    # A vote on it, and whoever is asked whether they mean it, must find the same tracks later.
    message = arrangement.pinned(turn.state, message)
    verdict = access.permit(turn.state, message)
    if verdict is None:
        return _obey(turn, message)
    if isinstance(verdict, Refused):
        return verdict
    # Nobody is asked about what cannot be done.
    trial = _obey(Turn(turn.state, turn.now), message)
    if isinstance(trial, Refused | Outdated):
        return trial
    if isinstance(verdict, access.VoteNeeded):
        assert not isinstance(message, Show)
        return votes.ask(turn, message, message.by, verdict, _obey)
    return verdict


def _obey(turn: Turn, message: PlayerMessage) -> object:
    """Carry out what nothing stands in the way of."""
    return _RULES[type(message)](turn, message)


def _misplaced(state: PlayerState, by: Member) -> Refused | None:
    return misplaced(state.joining.channel if state.joining else state.voice.channel, by)


Precise = Pause | Resume | Skip | SkipTo | Back | Replay | Seek


def _meant(turn: Turn, message: Precise) -> Current | Outdated | Refused:
    """Return the current track if it is the one that is meant."""
    refused = _misplaced(turn.state, message.by)
    if refused is not None:
        return refused
    current = turn.state.current
    if message.play is not None and (current is None or current.play != message.play):
        return Outdated(turn.state.now_playing(turn.now))
    return current if current is not None else Refused(Code.NOTHING_PLAYING)


def _meant_to_end(turn: Turn, message: Skip | SkipTo | Back) -> Current | Outdated | Refused:
    """Return the current track if it is the one that is not wanted any more.

    What somebody else has just made play was not heard yet by whoever wants it gone: they meant
    the one before, and two who skip at the same moment skip one track.
    """
    meant = _meant(turn, message)
    last = turn.state.changeover
    if isinstance(meant, Current) and last is not None and last.by != message.by.id:
        unheard = 0 <= turn.now - last.at_ms < UNHEARD_MS
        return Outdated(turn.state.now_playing(turn.now)) if unheard else meant
    return meant


# --- commands ---


def _play(turn: Turn, message: Play) -> Later | Refused:
    refused = _misplaced(turn.state, message.by)
    if refused is not None:
        return refused
    attempt = turn.number()
    # Tracks that are given need no search, but wait for those that were asked for before.
    found = Found(message.tracks, message.playlist) if message.tracks else None
    turn.change(requests=(*turn.state.requests, Request(attempt, message, found)))
    if found is None:
        turn.do(Load(attempt, message.query))
    channel = message.by.voice_channel
    # A channel whose server nobody names has to be asked for again.
    state = turn.state
    cut_off = state.voice.credentials is None and state.trouble.due_at is None
    if channel is not None and cut_off and state.joining is None:
        connection.join(turn, channel)
    connection.settle_requests(turn)
    return Later(attempt)


def _pause(turn: Turn, message: Pause) -> Paused | Outdated | Refused:
    meant = _meant(turn, message)
    if not isinstance(meant, Current):
        return meant
    changed = not turn.state.paused
    if changed:
        turn.change(paused=True)
        playback.heed_stillness(turn)
    now = turn.state.now_playing(turn.now)
    assert now is not None
    return Paused(now, changed)


def _resume(turn: Turn, message: Resume) -> Resumed | Outdated | Refused:
    meant = _meant(turn, message)
    if not isinstance(meant, Current):
        return meant
    changed = turn.state.paused
    if changed:
        turn.change(paused=False)
        playback.heed_stillness(turn)
    now = turn.state.now_playing(turn.now)
    assert now is not None
    return Resumed(now, changed)


def _skip(turn: Turn, message: Skip) -> Skipped | Outdated | Refused:
    meant = _meant_to_end(turn, message)
    if not isinstance(meant, Current):
        return meant
    if not 1 <= message.count <= QUEUE_LIMIT:
        return Refused(Code.OUT_OF_RANGE, {"lowest": 1, "highest": QUEUE_LIMIT})
    return _pass_over(turn, message.by, meant.entry, message.count - 1)


def _skip_to(turn: Turn, message: SkipTo) -> Skipped | Outdated | Refused:
    meant = _meant_to_end(turn, message)
    if not isinstance(meant, Current):
        return meant
    queue = turn.state.queue
    if not queue:
        return Refused(Code.QUEUE_EMPTY)
    position = place(queue, message.position, message.entry)
    if position is None:
        return Refused(Code.OUT_OF_RANGE, {"lowest": 1, "highest": len(queue)})
    return _pass_over(turn, message.by, meant.entry, position - 1)


def _pass_over(turn: Turn, by: Member, entry: Entry, waiting: int) -> Skipped:
    """Skip `entry`, the current track, and so many of those that wait."""
    playback.come_round(turn)
    playback.remember(turn)
    passed = turn.state.queue[:waiting]
    turn.change(queue=turn.state.queue[waiting:], failures=0)
    turn.change(changeover=Changeover(by.id, turn.now))
    playback.pass_over(turn, passed)
    return Skipped(entry, playback.advance_or_silence(turn), 1 + len(passed))


def _back(turn: Turn, message: Back) -> WentBack | Outdated | Refused:
    meant = _meant_to_end(turn, message)
    # Back is the one control that makes sense when everything has been played.
    if isinstance(meant, Outdated) or (
        isinstance(meant, Refused) and meant.code is not Code.NOTHING_PLAYING
    ):
        return meant
    if not turn.state.history:
        return Refused(Code.QUEUE_EMPTY)
    if turn.state.voice.credentials is None:
        return Refused(Code.NOTHING_PLAYING)
    if len(turn.state.queue) >= QUEUE_LIMIT + HISTORY_LIMIT:
        # Going round in loops and back again would let it grow for ever.
        return Refused(Code.QUEUE_FULL, {"limit": QUEUE_LIMIT})
    entry = _take_back(turn)
    if isinstance(meant, Current):
        turn.change(queue=(meant.entry, *turn.state.queue))
    turn.change(changeover=Changeover(message.by.id, turn.now))
    playback.start(turn, entry)
    return WentBack(entry)


def _take_back(turn: Turn) -> Entry:
    """Take the last track out of the history; and where it waits to come round, from there."""
    *earlier, entry = turn.state.history
    turn.change(history=tuple(earlier))
    queue = turn.state.queue
    if turn.state.loop is Loop.QUEUE and entry in queue:
        last = len(queue) - queue[::-1].index(entry)
        turn.change(queue=(*queue[: last - 1], *queue[last:]))
    return entry


def _replay(turn: Turn, message: Replay) -> Replayed | Outdated | Refused:
    meant = _meant(turn, message)
    if isinstance(meant, Current):
        entry = meant.entry
        if entry.track.seekable:
            playback.seek(turn, 0)
        else:
            playback.start_over(turn)
    elif isinstance(meant, Outdated) or meant.code is not Code.NOTHING_PLAYING:
        return meant
    elif turn.state.history and turn.state.voice.credentials is not None:
        entry = replace(_take_back(turn), start_ms=0)
        playback.start(turn, entry)
    else:
        return meant
    # One that broke before may be over already; that it broke again is told by itself.
    play = "" if turn.state.current is None else turn.state.current.play
    return Replayed(NowPlaying(play, entry, 0, turn.now, turn.state.still))


def _seek(turn: Turn, message: Seek) -> Sought | Outdated | Refused:
    meant = _meant(turn, message)
    if not isinstance(meant, Current):
        return meant
    track, before = meant.entry.track, meant.position(turn.now)
    length = track.length_ms if track.seekable and track.length_ms is not None else 0
    wanted = message.position_ms
    if message.relative:
        wanted = min(max(0, before + wanted), length)
    if not length or not 0 <= wanted <= length:
        return Refused(Code.OUT_OF_RANGE, {"lowest": 0, "highest": length // 1000})
    playback.seek(turn, wanted)
    now = turn.state.now_playing(turn.now)
    assert now is not None
    return Sought(now, before)


def _stop(turn: Turn, message: Stop) -> Stopped | Refused:
    refused = _misplaced(turn.state, message.by)
    if refused is not None:
        return refused
    state = turn.state
    idle = state.current is None and not state.queue and not state.requests
    if idle and state.choosing is None:
        return Refused(Code.NOTHING_PLAYING)
    # What is still being searched was asked for before, so it ends with the rest.
    called_off = connection.call_off_requests(turn, Refused(Code.NOTHING_PLAYING))
    cleared = len(turn.state.queue) + called_off
    playback.remember(turn)
    turn.change(queue=(), unshuffled=(), failures=0, choosing=None)
    playback.silence(turn)
    return Stopped(cleared)


def _set_volume(turn: Turn, message: SetVolume) -> VolumeSet | Refused:
    refused = _misplaced(turn.state, message.by)
    if refused is not None:
        return refused
    highest = min(turn.state.settings.maximum_volume, MAXIMUM_VOLUME)
    if not 0 <= message.volume <= highest:
        return Refused(Code.OUT_OF_RANGE, {"lowest": 0, "highest": highest})
    before = turn.state.volume
    _change_volume(turn, message.volume)
    return VolumeSet(message.volume, before)


def _change_volume(turn: Turn, volume: int) -> None:
    if turn.state.volume != volume:
        turn.change(volume=volume)
        if turn.state.current is not None:
            playback.tell_node(turn, NodeUpdate(volume=volume))


def _settings_changed(turn: Turn, message: SettingsChanged) -> None:
    turn.change(settings=message.settings)
    _change_volume(turn, min(turn.state.volume, message.settings.maximum_volume))


def _join(turn: Turn, message: Join) -> Joined | Later | Refused:
    refused = _misplaced(turn.state, message.by)
    if refused is not None:
        return refused
    channel = message.by.voice_channel
    assert channel is not None
    if turn.state.joining is None and turn.state.voice.credentials is not None:
        return Joined(channel, already=True)
    attempt = turn.number()
    turn.change(text_channel=message.text_channel)
    if turn.state.joining is not None:
        connection.wait_for_join(turn, attempt)
    else:
        connection.join(turn, channel, answer=attempt)
    return Later(attempt)


def _leave(turn: Turn, message: Leave) -> Left | Refused:
    refused = _misplaced(turn.state, message.by)
    if refused is not None:
        return refused
    joining = turn.state.joining
    channel = joining.channel if joining else turn.state.voice.channel
    if channel is None:
        return Refused(Code.NOTHING_PLAYING)
    connection.leave(turn)
    return Left(channel)


def _vote(turn: Turn, message: Vote) -> Voted | VotePassed | Outdated:
    return votes.on_vote(turn, message, _obey)


def _show(turn: Turn, _: Show) -> object:
    return turn.state.view(turn.now)


# --- what became of attempts ---


def _loaded(turn: Turn, message: Loaded) -> None:
    found = Found(message.tracks, message.playlist)
    _settle_request(turn, message.attempt, found if found.tracks else Refused(Code.NOTHING_FOUND))


def _load_failed(turn: Turn, message: LoadFailed) -> None:
    _settle_request(turn, message.attempt, message.refused)


def _settle_request(turn: Turn, attempt: int, outcome: Found | Refused) -> None:
    requests = tuple(
        replace(request, outcome=outcome) if request.attempt == attempt else request
        for request in turn.state.requests
    )
    turn.change(requests=requests)
    connection.settle_requests(turn)


def _time_is_up(turn: Turn, message: TimeIsUp) -> None:
    match message.key:
        case repair.JOIN:
            connection.on_join_timeout(turn)
        case connection.SETTLE:
            connection.tell_credentials(turn)
        case repair.REPAIR:
            repair.on_due(turn)
        case playback.RETRY:
            repair.on_hung(turn)
        case playback.LOOK:
            playback.on_look(turn)
        case playback.END:
            playback.on_end_due(turn)
        case votes.VOTE:
            votes.on_time_up(turn)
        case presence.LEAVE:
            presence.on_leave_due(turn)
        case presence.STATUS:
            presence.on_status_due(turn)
        case _ if turn.state.idle:
            turn.do(End())
        case _:
            pass


# Keyed by the message's class; the type checker cannot follow that each rule gets its own.
_RULES: dict[type, Callable[..., object]] = {
    Play: _play,
    Pause: _pause,
    Resume: _resume,
    Skip: _skip,
    Back: _back,
    Stop: _stop,
    SkipTo: _skip_to,
    Replay: _replay,
    Seek: _seek,
    Shuffle: arrangement.shuffle,
    Unshuffle: arrangement.unshuffle,
    Remove: arrangement.remove,
    Move: arrangement.move,
    Swap: arrangement.swap,
    Clear: arrangement.clear,
    Dedupe: arrangement.dedupe,
    Clean: arrangement.clean,
    SetLoop: mixing.set_loop,
    SetFilter: mixing.set_filter,
    SetSpeed: mixing.set_speed,
    SetPitch: mixing.set_pitch,
    SetAutoplay: mixing.set_autoplay,
    SetStay: mixing.set_stay,
    SetVolume: _set_volume,
    Join: _join,
    Leave: _leave,
    Show: _show,
    Vote: _vote,
    VoiceStateChanged: connection.on_voice_state,
    VoiceSessionEnded: connection.on_session_ended,
    VoiceServerChanged: connection.on_voice_server,
    ListenersChanged: presence.on_listeners,
    ListenerMoved: presence.on_listener_moved,
    SettingsChanged: _settings_changed,
    VoiceClosed: connection.on_voice_closed,
    NodeReady: playback.on_node_ready,
    NodeDown: playback.on_node_down,
    NodeDraining: playback.on_node_draining,
    NodeFound: playback.on_node_found,
    PositionReported: connection.on_position,
    TrackStarted: playback.on_track_started,
    TrackEnded: playback.on_track_ended,
    TrackFailed: playback.on_track_failed,
    TrackStuck: playback.on_track_stuck,
    UpdateFailed: playback.on_update_failed,
    Loaded: _loaded,
    LoadFailed: _load_failed,
    FoundElsewhere: playback.on_elsewhere,
    Proposed: playback.on_proposed,
    JoinFailed: connection.on_join_failed,
    Reconciled: connection.on_reconciled,
    Awake: connection.on_awake,
    Departed: repair.on_departed,
    TimeIsUp: _time_is_up,
}
