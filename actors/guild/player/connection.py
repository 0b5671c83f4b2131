"""The rules of voice: joining, leaving, being moved, and what Discord says in between.

VOICE_STATE_UPDATE is the authority on where the bot is; VOICE_SERVER_UPDATE says through which
server. The node gets both as one set of credentials, once they are complete and whenever they have
changed (Discord, "Voice Connections"). What is done when sound is not sure is in `repair`.
"""

from dataclasses import replace

from actors.guild.panel.messages import JoinLost
from actors.guild.player import playback, queue, repair
from actors.guild.player.effects import (
    Answer,
    CancelTimer,
    JoinVoice,
    LeaveVoice,
    LookAtNode,
    Say,
    Speak,
    StartTimer,
)
from actors.guild.player.messages import (
    Awake,
    Joined,
    JoinFailed,
    Play,
    PositionReported,
    Queued,
    Reconciled,
    VoiceClosed,
    VoiceServerChanged,
    VoiceSessionEnded,
    VoiceStateChanged,
    When,
)
from actors.guild.player.ports import NodeUpdate
from actors.guild.player.repair import JOIN
from actors.guild.player.state import QUEUE_LIMIT, Joining, Request, Voice
from actors.guild.player.track import Entry, Track
from actors.guild.player.turn import Turn
from actors.guild.refusal import Code, Refused

# After so long without a word a join is asked for once more, and then given up.
JOIN_LIMIT_MS = 7_000
SETTLE = "settle"
# After a move the new channel is told at once, its server a moment later.
SETTLE_MS = 400
# A silence that is shorter is not made up for: the music goes on as if it had been heard.
GAP_MS = 1_500

# How long sound may be unsure, by why it is.
CLOSED_MS = 2_000
RESUMING_MS = 5_000
MOVING_MS = 4_000
REALLOCATING_MS = 10_000
UNCONNECTED_MS = 4_000

# Close codes of the voice gateway. VOICE_STATE_UPDATE explains a disconnection (kicked), or
# VOICE_SERVER_UPDATE follows it (moved); after the resumable ones the node goes on by itself.
OUR_OWN = 1000
DISCONNECTED = frozenset({4014, 4022})
RESUMABLE = frozenset({1001, 4015})
NODE_WITHOUT_ENCRYPTION = 4017


def join(turn: Turn, channel: int, *, answer: int | None = None) -> None:
    """Join `channel`; `answer` is an ask that waits for it."""
    attempt = turn.number()
    answers = () if answer is None else (answer,)
    # A server named for a place before is not the one to come.
    turn.change_voice(token=None, endpoint=None)
    turn.change(joining=Joining(attempt, channel, answers), home=channel)
    turn.change_trouble(hopeless=False)
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
    repair.calm(turn)
    repair.left(turn)
    turn.change(voice=Voice(), home=None)
    turn.do(CancelTimer(JOIN))
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
    state, play = turn.state, request.play
    entries, too_long = _wanted(turn, play, outcome.tracks)
    if not entries:
        minutes = state.settings.longest_track_minutes or 0
        turn.do(Answer(request.attempt, Refused(Code.TOO_LONG, {"minutes": minutes})))
        return
    room = state.room
    if room <= 0:
        limit = min(QUEUE_LIMIT, state.settings.longest_queue)
        turn.do(Answer(request.attempt, Refused(Code.QUEUE_FULL, {"limit": limit})))
        return
    first, length = entries[0].start_ms, entries[0].track.length_ms
    if first and not (length and entries[0].track.seekable and 0 < first < length):
        highest = (length or 0) // 1000 if entries[0].track.seekable else 0
        refused = Refused(Code.OUT_OF_RANGE, {"lowest": 0, "highest": highest})
        turn.do(Answer(request.attempt, refused))
        return
    no_room = max(0, len(entries) - room)
    entries = entries[:room]
    turn.change(text_channel=play.text_channel)
    position = _put(turn, play.when, entries)
    queued = Queued(entries, position, outcome.playlist, no_room, too_long)
    turn.do(Answer(request.attempt, queued))


def _wanted(turn: Turn, play: Play, tracks: tuple[Track, ...]) -> tuple[tuple[Entry, ...], int]:
    """Return what is to be queued of what was found, and how many are longer than is wanted."""
    minutes = turn.state.settings.longest_track_minutes
    fitting = tracks
    if minutes is not None:
        fitting = tuple(track for track in tracks if (track.length_ms or 0) <= minutes * 60_000)
    entries = tuple(Entry(track, play.by.id) for track in fitting)
    if play.seed is not None:
        entries = queue.shuffle(entries, play.seed)
    if entries and play.start_ms:
        entries = (replace(entries[0], start_ms=play.start_ms), *entries[1:])
    return entries, len(tracks) - len(fitting)


def _put(turn: Turn, when: When, entries: tuple[Entry, ...]) -> int:
    """Queue `entries`; return the place of the first one, 0 when it plays."""
    state = turn.state
    if when is not When.END:
        order = (*entries, *state.queue)
    elif state.settings.fair:
        playing = None if state.current is None else state.current.entry.requester
        order = queue.take_turns(state.queue, entries, playing)
    else:
        order = (*state.queue, *entries)
    turn.change(queue=order)
    if state.current is None:
        playback.advance(turn)
        return 0
    if when is When.NOW:
        turn.change(failures=0)
        playback.advance_or_silence(turn)
        return 0
    return 1 + next(at for at, entry in enumerate(order) if entry is entries[0])


def on_voice_state(turn: Turn, message: VoiceStateChanged) -> None:
    """Believe Discord: moved, kicked, or where we wanted to be."""
    state = turn.state
    before = state.voice
    if message.channel is None:
        _on_absence(turn)
        return
    if state.home is None and (state.trouble.leaving or state.trouble.echo):
        # Said before our leave was heard.
        return
    turn.change_voice(
        channel=message.channel,
        session=message.session,
        muted=message.muted,
        suppressed=message.suppressed,
    )
    turn.change(home=message.channel)
    if message.suppressed and (before.channel != message.channel or not before.suppressed):
        turn.do(Speak(message.channel))
    if turn.state.voice.hushed != before.hushed:
        playback.heed_stillness(turn)
    if before.channel is None:
        tell_credentials(turn)
        if turn.state.voice.credentials is None and turn.state.joining is None:
            repair.doubt(turn, MOVING_MS, void=True)
    elif (before.channel, before.session) != (message.channel, message.session):
        turn.do(StartTimer(SETTLE, SETTLE_MS))
        repair.doubt(turn, MOVING_MS, void=True)


def _on_absence(turn: Turn) -> None:
    if repair.is_echo(turn):
        return
    state = turn.state
    if state.voice.channel is None:
        if not state.trouble.leaving or state.joining is None:
            return
        # We meant to leave and come back, and somebody was faster: the join must not be sent.
        turn.do(LeaveVoice())
    # Kicked, or the channel is gone. The queue is kept.
    turn.change(voice=Voice(), home=None)
    playback.halt(turn)
    playback.let_go(turn)
    repair.calm(turn)
    turn.do(CancelTimer(JOIN))
    _give_up_joining(turn, Refused(Code.DISCORD_REFUSED))


def on_session_ended(turn: Turn, _: VoiceSessionEnded) -> None:
    """Come back to where the bot was, or was about to be."""
    joining = turn.state.joining
    if joining is not None:
        repair.forget_place(turn)
        turn.do(JoinVoice(joining.attempt, joining.channel, back=joining.back))
    elif turn.state.home is not None:
        repair.come_back(turn)


def on_awake(turn: Turn, message: Awake) -> None:
    """Take up the thread of a time before: the place in voice, and what the node still plays.

    No timer has outlived that time.
    """
    repair.calm(turn)
    # Who was to ask Discord may have ended before it could, or just after.
    leaving = turn.state.trouble.leaving
    if leaving:
        turn.change_trouble(leaving=False, echo=True, left_at=turn.now)
    state = turn.state
    if state.home is None:
        if leaving:
            repair.left(turn)
            turn.do(LeaveVoice())
    else:
        if message.rejoin or leaving or state.voice.channel is None:
            repair.come_back(turn)
        elif state.voice.credentials is None:
            repair.doubt(turn, MOVING_MS, void=True)
        if state.voice.suppressed and state.voice.channel is not None:
            turn.do(Speak(state.voice.channel))
    if state.node is not None and state.node_ready:
        turn.do(LookAtNode(state.node))
    else:
        playback.push(turn)


def on_voice_server(turn: Turn, message: VoiceServerChanged) -> None:
    """Take the new server; without an endpoint the old one is gone and another will be named."""
    if turn.state.home is None:
        return
    before = turn.state.voice
    turn.change_voice(token=message.token, endpoint=message.endpoint)
    turn.do(CancelTimer(SETTLE))
    if message.endpoint is None:
        playback.hold(turn)
        repair.doubt(turn, REALLOCATING_MS, void=True)
        return
    tell_credentials(turn)
    complete = turn.state.voice.credentials is not None
    if complete and (before.token, before.endpoint) != (message.token, message.endpoint):
        repair.explained(turn)


def tell_credentials(turn: Turn) -> None:
    """Give the node the credentials if they are complete and it does not have them."""
    state = turn.state
    credentials, known = state.voice.credentials, state.voice.known
    if credentials is None:
        return
    if known != credentials:
        # Where its node is away, another is looked for.
        if known is None or not state.node_ready or repair.unheard_ms(turn) > GAP_MS:
            repair.step_back(turn)
            playback.push(turn)
        else:
            # The music goes on: only the way it takes is another.
            playback.tell_node(turn, NodeUpdate(voice=credentials))
            turn.change_voice(known=credentials)
    _finish_joining(turn)


def _finish_joining(turn: Turn) -> None:
    joining = turn.state.joining
    if joining is None:
        return
    channel = turn.state.voice.channel
    assert channel is not None
    turn.change(joining=None)
    turn.do(CancelTimer(JOIN))
    current = turn.state.current
    goes_on = None if current is None or turn.state.still else current.entry
    joined = Joined(channel, already=False, goes_on=goes_on)
    turn.do(*(Answer(answer, joined) for answer in joining.answers))
    settle_requests(turn)


def on_join_failed(turn: Turn, message: JoinFailed) -> None:
    """Tell everybody who waits for this join why it did not work."""
    joining = turn.state.joining
    if joining is None or joining.attempt != message.attempt:
        return
    if joining.back and message.refused.code is Code.DISCORD_REFUSED:
        # It was not heard, rather than refused; the next try comes with the timer.
        _answer_waiting(turn, message.refused)
        return
    turn.do(CancelTimer(JOIN))
    if joining.back:
        # Nobody asked for it, so everybody is told.
        playback.halt(turn)
        playback.let_go(turn)
        turn.change(voice=Voice())
        turn.do(Say(JoinLost(message.refused)))
    _give_up_joining(turn, message.refused)


def on_join_timeout(turn: Turn) -> None:
    """Discord said nothing, or not all: ask once more, or for as long as it takes to come back.

    Who gives up leaves, so that a late answer does not leave the bot in a channel.
    """
    joining = turn.state.joining
    if joining is None:
        return
    if joining.back:
        _answer_waiting(turn, Refused(Code.DISCORD_REFUSED))
        repair.rejoin(turn)
    elif not joining.again and repair.cooldown_ms(turn) <= 0:
        attempt = turn.number()
        turn.change(voice=Voice(), joining=replace(joining, attempt=attempt, again=True))
        repair.left(turn)
        turn.do(JoinVoice(attempt, joining.channel, afresh=True), StartTimer(JOIN, JOIN_LIMIT_MS))
    else:
        turn.change(voice=Voice())
        repair.left(turn)
        turn.do(LeaveVoice())
        _give_up_joining(turn, Refused(Code.DISCORD_REFUSED))


def _give_up_joining(turn: Turn, refused: Refused) -> None:
    _answer_waiting(turn, refused)
    turn.change(joining=None, home=turn.state.voice.channel)


def _answer_waiting(turn: Turn, refused: Refused) -> None:
    joining = turn.state.joining
    if joining is not None:
        turn.change(joining=replace(joining, answers=()))
        turn.do(*(Answer(attempt, refused) for attempt in joining.answers))
    call_off_requests(turn, refused)


def call_off_requests(turn: Turn, refused: Refused) -> int:
    """Answer every play that waits with `refused`; return how many those were."""
    requests = turn.state.requests
    turn.change(requests=())
    turn.do(*(Answer(request.attempt, refused) for request in requests))
    return len(requests)


def on_voice_closed(turn: Turn, message: VoiceClosed) -> None:
    """Doubt that there is sound; but a node that cannot encrypt will not learn it."""
    if message.code == OUR_OWN:
        return
    if message.code == NODE_WITHOUT_ENCRYPTION:
        _give_up_encryption(turn)
    elif message.code in DISCONNECTED:
        repair.doubt(turn, MOVING_MS, void=True)
    elif message.code in RESUMABLE:
        repair.doubt(turn, RESUMING_MS)
    else:
        repair.doubt(turn, CLOSED_MS)


def _give_up_encryption(turn: Turn) -> None:
    playback.halt(turn)
    repair.calm(turn)
    if not turn.state.trouble.hopeless:
        turn.change_trouble(hopeless=True)
        turn.do(Say(JoinLost(Refused(Code.NODE_TOO_OLD))))


def on_position(turn: Turn, message: PositionReported) -> None:
    """Trust the position, and see whether the node has a connection to play it over."""
    playback.on_position(turn, message)
    if message.connected:
        repair.sure(turn)
    elif turn.state.current is not None and turn.state.node is not None:
        repair.doubt(turn, UNCONNECTED_MS)


def on_reconciled(turn: Turn, message: Reconciled) -> None:
    """Compare what should sound with what the node says, and mend what differs."""
    as_wanted = playback.on_reconciled(turn, message)
    if as_wanted and message.player is not None:
        if message.player.connected:
            repair.sure(turn)
        else:
            repair.remedy(turn)
