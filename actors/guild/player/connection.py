"""The rules of voice: joining, leaving, being moved, and what Discord says in between.

VOICE_STATE_UPDATE is the authority on where the bot is; VOICE_SERVER_UPDATE says through which
server. The node gets both as one set of credentials, once they are complete and whenever they have
changed (Discord, "Voice Connections").
"""

from dataclasses import replace

from actors.guild.panel.messages import JoinLost
from actors.guild.player import playback
from actors.guild.player.effects import (
    Answer,
    CancelTimer,
    JoinVoice,
    LeaveVoice,
    LookAtNode,
    Say,
    StartTimer,
)
from actors.guild.player.messages import (
    Awake,
    Joined,
    JoinFailed,
    Queued,
    VoiceClosed,
    VoiceServerChanged,
    VoiceSessionEnded,
    VoiceStateChanged,
)
from actors.guild.player.ports import NodeUpdate
from actors.guild.player.state import QUEUE_LIMIT, Joining, Request, Voice
from actors.guild.player.track import Entry
from actors.guild.player.turn import Turn
from actors.guild.refusal import Code, Refused

JOIN = "join"
JOIN_LIMIT_MS = 10_000
SETTLE = "settle"
# After a move the new channel is told at once, its server a moment later.
SETTLE_MS = 400
REPAIR = "repair"
REPAIR_GRACE_MS = 2_000
# Close codes of the voice gateway that leave nothing to repair: our own end, and 4014, which
# VOICE_STATE_UPDATE explains (kicked) or VOICE_SERVER_UPDATE follows (moved).
ORDERLY = frozenset({1000, 4014})
NODE_WITHOUT_ENCRYPTION = 4017


def join(turn: Turn, channel: int, *, answer: int | None = None) -> None:
    """Join `channel`; `answer` is an ask that waits for it."""
    attempt = turn.number()
    answers = () if answer is None else (answer,)
    turn.change(joining=Joining(attempt, channel, answers), home=channel)
    turn.do(JoinVoice(attempt, channel), StartTimer(JOIN, JOIN_LIMIT_MS))


def wait_for_join(turn: Turn, answer: int) -> None:
    """Let one more ask wait for the join that is under way."""
    joining = turn.state.joining
    assert joining is not None
    turn.change(joining=replace(joining, answers=(*joining.answers, answer)))


def leave(turn: Turn) -> None:
    """Leave voice. The current track stands still, and goes on after the next join."""
    playback.halt(turn)
    # Discord first: with the node down the bot must not stay behind in the channel.
    turn.do(LeaveVoice())
    playback.let_go(turn)
    turn.change(voice=Voice(), home=None)
    _give_up_joining(turn, Refused(Code.JOIN_A_CHANNEL))


def settle_requests(turn: Turn) -> None:
    """Answer the plays whose searches are done, in order, as soon as the bot is in voice."""
    while turn.state.requests and turn.state.joining is None:
        request, *others = turn.state.requests
        if request.outcome is None:
            return
        turn.change(requests=tuple(others))
        _settle(turn, request)


def _settle(turn: Turn, request: Request) -> None:
    outcome = request.outcome
    assert outcome is not None
    if isinstance(outcome, Refused):
        turn.do(Answer(request.attempt, outcome))
        return
    room = QUEUE_LIMIT - len(turn.state.queue)
    if room <= 0:
        turn.do(Answer(request.attempt, Refused(Code.QUEUE_FULL, {"limit": QUEUE_LIMIT})))
        return
    entries = tuple(Entry(track, request.play.by.id) for track in outcome.tracks[:room])
    position = len(turn.state.queue) + 1
    turn.change(queue=turn.state.queue + entries, text_channel=request.play.text_channel)
    if turn.state.current is None:
        position = 0
        playback.advance(turn)
    turn.do(Answer(request.attempt, Queued(entries, position, outcome.playlist)))


def on_voice_state(turn: Turn, message: VoiceStateChanged) -> None:
    """Believe Discord: moved, kicked, or where we wanted to be."""
    voice = turn.state.voice
    if message.channel is None:
        _on_absence(turn)
        return
    moved = voice.channel is not None and voice.channel != message.channel
    turn.change_voice(channel=message.channel, session=message.session)
    turn.change(home=message.channel)
    if moved:
        turn.do(StartTimer(SETTLE, SETTLE_MS))
    else:
        tell_credentials(turn)


def _on_absence(turn: Turn) -> None:
    was_there = turn.state.voice.channel is not None
    turn.change(voice=Voice())
    # Otherwise this is the echo of our own leave.
    if was_there:
        turn.change(home=None)
        playback.halt(turn)
        playback.let_go(turn)
        turn.do(CancelTimer(JOIN))
        _give_up_joining(turn, Refused(Code.DISCORD_REFUSED))


def on_session_ended(turn: Turn, _: VoiceSessionEnded) -> None:
    """Come back to where the bot was, or was about to be."""
    joining = turn.state.joining
    channel = turn.state.home
    # What the node has holds until it is given better: it may play on meanwhile.
    turn.change(voice=Voice(known=turn.state.voice.known))
    if joining is not None:
        turn.do(JoinVoice(joining.attempt, joining.channel))
    elif channel is not None:
        join(turn, channel)


def on_awake(turn: Turn, message: Awake) -> None:
    """Take up the thread of a time before: the place in voice, and what the node still plays."""
    state = turn.state
    if message.rejoin and state.home is not None:
        turn.change(voice=Voice(known=state.voice.known))
        join(turn, state.home)
    if state.node is not None and state.node_ready:
        turn.do(LookAtNode(state.node))
    else:
        playback.push(turn)


def on_voice_server(turn: Turn, message: VoiceServerChanged) -> None:
    """Take the new server; without an endpoint the old one is gone and another will be named."""
    turn.change_voice(token=message.token, endpoint=message.endpoint)
    turn.do(CancelTimer(SETTLE))
    tell_credentials(turn)


def tell_credentials(turn: Turn) -> None:
    """Give the node the credentials if they are complete and it does not have them."""
    voice = turn.state.voice
    credentials = voice.credentials
    if credentials is None:
        return
    if voice.known is not None and voice.known != credentials and turn.state.node_ready:
        # The music goes on: only the way it takes is another.
        playback.tell_node(turn, NodeUpdate(voice=credentials))
        turn.do(CancelTimer(REPAIR))
        turn.change_voice(known=credentials)
    elif voice.known is None and turn.state.current is not None:
        playback.push(turn)
    _finish_joining(turn)


def _finish_joining(turn: Turn) -> None:
    joining = turn.state.joining
    if joining is None:
        return
    channel = turn.state.voice.channel
    assert channel is not None
    turn.change(joining=None)
    turn.do(CancelTimer(JOIN))
    turn.do(*(Answer(answer, Joined(channel, already=False)) for answer in joining.answers))
    settle_requests(turn)


def on_join_failed(turn: Turn, message: JoinFailed) -> None:
    """Tell everybody who waits for this join why it did not work."""
    if turn.state.joining is not None and turn.state.joining.attempt == message.attempt:
        turn.do(CancelTimer(JOIN))
        _give_up_joining(turn, message.refused)


def on_join_timeout(turn: Turn) -> None:
    """Discord said nothing: leave, so that a late answer does not leave the bot in a channel."""
    if turn.state.joining is not None:
        turn.change(voice=Voice())
        turn.do(LeaveVoice())
        _give_up_joining(turn, Refused(Code.DISCORD_REFUSED))


def _give_up_joining(turn: Turn, refused: Refused) -> None:
    joining = turn.state.joining
    waiting = [] if joining is None else list(joining.answers)
    turn.change(joining=None, home=turn.state.voice.channel)
    turn.do(*(Answer(attempt, refused) for attempt in waiting))
    call_off_requests(turn, refused)


def call_off_requests(turn: Turn, refused: Refused) -> int:
    """Answer every play that waits with `refused`; return how many those were."""
    requests = turn.state.requests
    turn.change(requests=())
    turn.do(*(Answer(request.attempt, refused) for request in requests))
    return len(requests)


def on_voice_closed(turn: Turn, message: VoiceClosed) -> None:
    """Give Discord a moment to explain; then give the node its credentials again."""
    if message.code == NODE_WITHOUT_ENCRYPTION:
        playback.halt(turn)
        turn.do(Say(JoinLost(Code.NODE_TOO_OLD)))
    elif message.code not in ORDERLY and turn.state.voice.credentials is not None:
        turn.do(StartTimer(REPAIR, REPAIR_GRACE_MS))


def on_repair(turn: Turn) -> None:
    """Start the node's player anew with the credentials that we have."""
    if turn.state.voice.credentials is not None:
        turn.change_voice(known=None)
        playback.push(turn)
