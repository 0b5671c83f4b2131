"""Who hears it: the bot alone, the bot with nothing to play, and what its channel says of it.

Nobody hears a bot that is alone, so the music stands still; that is no pause of anybody's, and ends
by itself when somebody comes. Whoever is long alone, or long has nothing to play, leaves: the queue
is kept. All of it follows from the state, so it is looked at after every message, in one place,
rather than by every rule that may change it.

That it is not known who listens counts as somebody: better to play to nobody than to stop for
people who are there.
"""

from dataclasses import replace

from actors.guild.player import connection, playback
from actors.guild.player.effects import CancelTimer, SetChannelStatus, StartTimer
from actors.guild.player.messages import ListenerMoved, ListenersChanged
from actors.guild.player.state import ChannelStatus, PlayerState, Waiting, WaitingFor
from actors.guild.player.turn import Turn

LEAVE = "leave"
STATUS = "status"
MINUTE_MS = 60_000
# So long a channel's status stands before it is changed again, however fast tracks change.
STATUS_MS = 10_000


def on_listeners(turn: Turn, message: ListenersChanged) -> None:
    """Take who is in the bot's voice channel, as a whole."""
    _hear(turn, message.listeners)


def on_listener_moved(turn: Turn, message: ListenerMoved) -> None:
    """Take where one person is now; where the others are not known, that is not enough."""
    state = turn.state
    if state.listeners is None:
        return
    # Also while the bot is out of it for a moment: who comes meanwhile is there when it is back.
    here = message.channel is not None and message.channel == state.home
    others = state.listeners - {message.user}
    _hear(turn, others | {message.user} if here else others)


def _hear(turn: Turn, listeners: frozenset[int] | None) -> None:
    was_still = turn.state.still
    turn.change(listeners=listeners)
    if turn.state.still != was_still:
        playback.heed_stillness(turn)


def moved(turn: Turn) -> None:
    """The bot is elsewhere, or nowhere: who is there is not known until it is said."""
    _hear(turn, None)


def watch(turn: Turn) -> None:
    """See to it that a bot that nobody needs leaves, and that its channel says what plays."""
    _watch_waiting(turn)
    _watch_status(turn)


def on_leave_due(turn: Turn) -> None:
    """Leave, if there is still nothing to stay for."""
    if turn.state.waiting is not None and _waiting(turn.state) == turn.state.waiting:
        connection.leave(turn)


def on_status_due(turn: Turn) -> None:
    """Let what has changed meanwhile be said."""
    if turn.state.status is not None:
        turn.change(status=replace(turn.state.status, due=False))


def _watch_waiting(turn: Turn) -> None:
    waiting = _waiting(turn.state)
    if waiting == turn.state.waiting:
        return
    turn.change(waiting=waiting)
    if waiting is None:
        turn.do(CancelTimer(LEAVE))
    else:
        turn.do(StartTimer(LEAVE, waiting.minutes * MINUTE_MS))


def _waiting(state: PlayerState) -> Waiting | None:
    if state.settings.stay or state.voice.channel is None or state.joining is not None:
        return None
    minutes = state.settings.alone_minutes
    if state.alone:
        return Waiting(WaitingFor.LISTENERS, minutes)
    if state.current is None and not state.requests and state.choosing is None:
        return Waiting(WaitingFor.MUSIC, minutes)
    return None


def _watch_status(turn: Turn) -> None:
    told, channel = turn.state.status, turn.state.voice.channel
    if told is not None and told.channel != channel:
        # Discord forgets what a channel says only when everybody has left it.
        if told.text:
            turn.do(SetChannelStatus(told.channel, ""))
        turn.do(CancelTimer(STATUS))
        turn.change(status=None)
        told = None
    text = _status(turn.state)
    if channel is None or text == (told.text if told else "") or (told and told.due):
        return
    left_ms = 0 if told is None else told.at_ms + STATUS_MS - turn.now
    # A clock that was put back must not make it longer.
    if told is not None and 0 < left_ms <= STATUS_MS:
        turn.change(status=replace(told, due=True))
        turn.do(StartTimer(STATUS, left_ms))
        return
    turn.change(status=ChannelStatus(channel, text, turn.now))
    turn.do(SetChannelStatus(channel, text))


def _status(state: PlayerState) -> str:
    """Return what the channel is to say: the track that sounds, nothing otherwise."""
    if not state.settings.channel_status or state.current is None or state.still:
        return ""
    return state.current.entry.track.title
