"""The player's core: `decide(state, message, now)`, pure.

No await, no clock, no randomness: whatever happened to a player can be replayed from its messages.
What people ask for is decided here; the rules that it calls are in `playback` and `connection`.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from actors.guild.player import connection, following, playback, repair
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
    Departed,
    Join,
    Joined,
    JoinFailed,
    Leave,
    Left,
    Loaded,
    LoadFailed,
    Member,
    NodeDown,
    NodeDraining,
    NodeFound,
    NodeReady,
    Outdated,
    Pause,
    Paused,
    Play,
    PlayerMessage,
    PositionReported,
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
from actors.guild.player.ports import NodeUpdate
from actors.guild.player.state import Current, Found, PlayerState, Request, Voice
from actors.guild.player.turn import Turn
from actors.guild.refusal import Code, Refused

IDLE = "idle"
IDLE_MS = 600_000
MAXIMUM_VOLUME = 100


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
    reply = _RULES[type(message)](turn, message)
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
        state, joining=None, requests=(), idle=False, ends_at=None, voice=known, nodes=nodes
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


def _misplaced(state: PlayerState, by: Member) -> Refused | None:
    return misplaced(state.joining.channel if state.joining else state.voice.channel, by)


def _meant(turn: Turn, message: Pause | Resume | Skip | Back) -> Current | Outdated | Refused:
    """Return the current track if it is the one that is meant."""
    refused = _misplaced(turn.state, message.by)
    if refused is not None:
        return refused
    current = turn.state.current
    if message.play is not None and (current is None or current.play != message.play):
        return Outdated(turn.state.now_playing(turn.now))
    return current if current is not None else Refused(Code.NOTHING_PLAYING)


# --- commands ---


def _play(turn: Turn, message: Play) -> Later | Refused:
    refused = _misplaced(turn.state, message.by)
    if refused is not None:
        return refused
    attempt = turn.number()
    turn.change(requests=(*turn.state.requests, Request(attempt, message)))
    turn.do(Load(attempt, message.query))
    channel = message.by.voice_channel
    # A channel whose server nobody names has to be asked for again.
    state = turn.state
    cut_off = state.voice.credentials is None and state.trouble.due_at is None
    if channel is not None and cut_off and state.joining is None:
        connection.join(turn, channel)
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
    meant = _meant(turn, message)
    if not isinstance(meant, Current):
        return meant
    turn.change(failures=0)
    return Skipped(meant.entry, playback.advance_or_silence(turn))


def _back(turn: Turn, message: Back) -> WentBack | Outdated | Refused:
    meant = _meant(turn, message)
    # Back is the one control that makes sense when everything has been played.
    if isinstance(meant, Outdated) or (
        isinstance(meant, Refused) and meant.code is not Code.NOTHING_PLAYING
    ):
        return meant
    if not turn.state.history:
        return Refused(Code.QUEUE_EMPTY)
    if turn.state.voice.credentials is None:
        return Refused(Code.NOTHING_PLAYING)
    *earlier, entry = turn.state.history
    if isinstance(meant, Current):
        turn.change(queue=(meant.entry, *turn.state.queue))
    turn.change(history=tuple(earlier))
    playback.start(turn, entry)
    return WentBack(entry)


def _stop(turn: Turn, message: Stop) -> Stopped | Refused:
    refused = _misplaced(turn.state, message.by)
    if refused is not None:
        return refused
    state = turn.state
    if state.current is None and not state.queue and not state.requests:
        return Refused(Code.NOTHING_PLAYING)
    # What is still being searched was asked for before, so it ends with the rest.
    called_off = connection.call_off_requests(turn, Refused(Code.NOTHING_PLAYING))
    cleared = len(turn.state.queue) + called_off
    playback.remember(turn)
    turn.change(queue=(), failures=0)
    playback.silence(turn)
    return Stopped(cleared)


def _shuffle(turn: Turn, message: Shuffle) -> Shuffled | Refused:
    refused = _misplaced(turn.state, message.by)
    if refused is not None:
        return refused
    if not turn.state.queue:
        return Refused(Code.QUEUE_EMPTY)
    order = list(turn.state.queue)
    # Not a secret, only an order; the seed comes with the message so that it can be replayed.
    random.Random(message.seed).shuffle(order)  # noqa: S311
    turn.change(queue=tuple(order))
    return Shuffled(len(order))


def _set_volume(turn: Turn, message: SetVolume) -> VolumeSet | Refused:
    refused = _misplaced(turn.state, message.by)
    if refused is not None:
        return refused
    if not 0 <= message.volume <= MAXIMUM_VOLUME:
        return Refused(Code.OUT_OF_RANGE, {"lowest": 0, "highest": MAXIMUM_VOLUME})
    before = turn.state.volume
    turn.change(volume=message.volume)
    if turn.state.current is not None and before != message.volume:
        playback.tell_node(turn, NodeUpdate(volume=message.volume))
    return VolumeSet(message.volume, before)


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
    Shuffle: _shuffle,
    SetVolume: _set_volume,
    Join: _join,
    Leave: _leave,
    Show: _show,
    VoiceStateChanged: connection.on_voice_state,
    VoiceSessionEnded: connection.on_session_ended,
    VoiceServerChanged: connection.on_voice_server,
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
    JoinFailed: connection.on_join_failed,
    Reconciled: connection.on_reconciled,
    Awake: connection.on_awake,
    Departed: repair.on_departed,
    TimeIsUp: _time_is_up,
}
