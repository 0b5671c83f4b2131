"""The rules of playback: what plays, what comes next, and what the node must be told of it.

The state says what should sound; the node is brought there whenever a link is up and the voice
credentials are complete. So every way into a song (a skip, a node that is back, a move to another
voice server, a restarted player) ends in the same update.
"""

from dataclasses import replace

from actors.guild.panel.messages import TooManyBroke, TrackBroke
from actors.guild.player import autoplay, fallback
from actors.guild.player.effects import (
    CancelTimer,
    DestroyPlayer,
    FindNode,
    LookAtNode,
    Say,
    StartTimer,
    UpdateNode,
)
from actors.guild.player.messages import (
    EndReason,
    FoundElsewhere,
    Loop,
    NodeDown,
    NodeDraining,
    NodeFound,
    NodePlayer,
    NodeReady,
    PositionReported,
    Proposed,
    Reconciled,
    TrackEnded,
    TrackFailed,
    TrackStarted,
    TrackStuck,
    UpdateFailed,
)
from actors.guild.player.ports import NodeUpdate, Start
from actors.guild.player.sound import PLAIN, UNCHANGED, Sound
from actors.guild.player.state import DRIFT_MS, HISTORY_LIMIT, Current, PlayerState
from actors.guild.player.track import Entry
from actors.guild.player.turn import Turn
from actors.guild.refusal import Code

FAILURES_IN_A_ROW = 5
RETRY = "retry"
LOOK = "look"
END = "end"
# So long after a track should be over its end must have been told.
END_GRACE_MS = 5_000
# So long after a start its beginning must have been told.
UNSTARTED_MS = 3_000
RETRY_DELAY_MS = 2_000
SHORTEST_LOOP_MS = 1_000
MOST_UNHEARD_MS = 5_000
"""What a node played to nobody is not played again if it is little: the song went on for as long as
it takes to come back, and where it was is known to two seconds anyway."""
LIVE_TITLE_LIMIT = 200


def start(turn: Turn, entry: Entry) -> None:
    """Make `entry` the current track, whatever was; never paused."""
    play = f"{turn.state.run}-{turn.number()}"
    current = Current(play, entry, entry.start_ms, turn.now, tempo=_tempo(turn.state, entry))
    # What autoplay has asked for comes too late.
    turn.change(current=current, paused=False, choosing=None)
    push(turn)


def _tempo(state: PlayerState, entry: Entry) -> int:
    """Return how fast `entry` runs, in percent; a stream runs as it comes."""
    return UNCHANGED if entry.track.length_ms is None else state.sound.tempo


def push(turn: Turn) -> None:
    """Bring the player's node to the current track, if there is one that can be told.

    Where none can, one is looked for; it is told all when it is found.
    """
    state = turn.state
    credentials = state.voice.credentials
    if state.current is None:
        return
    if credentials is None or not state.node_ready:
        # Whatever the node knows, it does not know this track: tell it all when that can be done.
        turn.change_voice(known=None)
        if credentials is not None:
            turn.do(FindNode(credentials.endpoint))
        return
    if state.current.entry.is_broken:
        _mend(turn)
        return
    # Stopped until the node says that it started: a slow start costs no second of the song.
    current = replace(
        state.current,
        position_ms=state.current.position(turn.now),
        at_ms=turn.now,
        running=False,
        ran_on=False,
        starts=state.current.starts + 1,
        tempo=_tempo(state, state.current.entry),
    )
    track = current.entry.track
    position = current.position_ms if track.seekable else 0
    anew = state.voice.known != credentials
    # Whatever was to follow is lost with it.
    turn.change(current=current, following=None)
    tell_node(
        turn,
        NodeUpdate(
            voice=credentials if anew else None,
            start=Start(current.sounding, track, position),
            paused=state.still,
            volume=state.volume,
            filters=state.sound if anew and (state.filtered or state.sound != PLAIN) else None,
        ),
    )
    turn.change(filtered=state.filtered or state.sound != PLAIN)
    turn.change_voice(known=credentials)


def tell_node(turn: Turn, update: NodeUpdate) -> None:
    """Change the node's player, if it can be told; otherwise it is compared when it can."""
    state = turn.state
    if state.node is not None and state.node_ready:
        current = state.current
        turn.do(UpdateNode(state.node, update, current.sounding if current else None))


def start_over(turn: Turn) -> None:
    """Let the node start the current track anew."""
    current = turn.state.current
    assert current is not None
    turn.change(current=replace(current, position_ms=0, at_ms=turn.now))
    push(turn)


def seek(turn: Turn, position_ms: int) -> None:
    """Let the current track go on from `position_ms`; tell the node."""
    current = turn.state.current
    assert current is not None
    turn.change(current=replace(current, position_ms=position_ms, at_ms=turn.now))
    if current.entry.is_broken:
        # What is found in its place begins there.
        return
    if turn.state.voice.known is not None:
        tell_node(turn, NodeUpdate(position_ms=position_ms))


def sound(turn: Turn, wanted: Sound) -> None:
    """Let everything sound so from now on; tell the node."""
    state = turn.state
    turn.change(sound=wanted)
    current = state.current
    if current is None:
        # The node's player, if there is one, is told with the next track.
        turn.change_voice(known=None)
        return
    current = replace(
        current,
        position_ms=current.position(turn.now),
        at_ms=turn.now,
        tempo=_tempo(turn.state, current.entry),
    )
    turn.change(current=current)
    if not state.node_ready or state.voice.known is None:
        turn.change_voice(known=None)
        return
    # With a position the change is heard at once, and the node's clock is right again.
    seekable = current.entry.track.seekable and not current.entry.is_broken
    position = current.position_ms if seekable else None
    turn.change(filtered=True)
    tell_node(turn, NodeUpdate(position_ms=position, filters=wanted))


def let_go(turn: Turn) -> None:
    """End the node's player: whatever is to sound next starts at the node that is best then."""
    if turn.state.node is not None:
        turn.do(DestroyPlayer(turn.state.node))
    turn.change(node=None, following=None, filtered=False)
    turn.change_voice(known=None)
    if turn.state.current is not None:
        # Should the end never reach the node, what it says of that start is meant no more.
        turn.change(current=replace(turn.state.current, starts=turn.state.current.starts + 1))


def freeze(current: Current, now: int) -> Current:
    """Return `current` with its position standing still where it is."""
    return replace(current, position_ms=current.position(now), at_ms=now, running=False)


def halt(turn: Turn) -> None:
    """Let the current track stand still without telling the node."""
    if turn.state.current is not None:
        turn.change(current=freeze(turn.state.current, turn.now))


def hold(turn: Turn) -> None:
    """Let the current track stand still, at the node too, until the node is told all anew."""
    if turn.state.current is not None and turn.state.current.running:
        tell_node(turn, NodeUpdate(paused=True))
    halt(turn)
    turn.change_voice(known=None)


def heed_stillness(turn: Turn) -> None:
    """Let the current track stand or go on, as the state says now; tell the node."""
    state = turn.state
    if state.current is None or state.current.entry.is_broken:
        return
    sounds = not state.still and state.node_ready and state.voice.known is not None
    turn.change(current=replace(freeze(state.current, turn.now), running=sounds))
    tell_node(turn, NodeUpdate(paused=state.still))


def remember(turn: Turn) -> None:
    """Put the current track into the history; then nothing is current."""
    if turn.state.current is not None:
        history = (*turn.state.history, turn.state.current.entry)[-HISTORY_LIMIT:]
        turn.change(history=history, current=None, following=None, paused=False)


def pass_over(turn: Turn, entries: tuple[Entry, ...]) -> None:
    """Put `entries`, which waited and will not play now, where they can be had back."""
    turn.change(history=(*turn.state.history, *entries)[-HISTORY_LIMIT:])
    if turn.state.loop is Loop.QUEUE:
        turn.change(queue=(*turn.state.queue, *entries))


def come_round(turn: Turn) -> None:
    """Let the current track wait again, behind all others, where the queue is looped."""
    current = turn.state.current
    if turn.state.loop is Loop.QUEUE and current is not None and not current.entry.is_broken:
        turn.change(queue=(*turn.state.queue, current.entry))


def advance(turn: Turn) -> Entry | None:
    """Go on to the next track, and return it; the current one becomes history.

    When none waits, nothing is current any more; the node still has to be told, if it plays.
    """
    come_round(turn)
    remember(turn)
    if not turn.state.queue:
        autoplay.begin(turn)
        return None
    upcoming, *waiting = turn.state.queue
    turn.change(queue=tuple(waiting))
    if not waiting:
        turn.change(unshuffled=())
    start(turn, upcoming)
    return upcoming


def repeats(turn: Turn) -> bool:
    """Whether the current track plays again now that it has ended; as it is, it does not.

    One that ends as soon as it begins would do nothing else for ever.
    """
    state = turn.state
    current = state.current
    if current is None or state.loop is not Loop.TRACK or current.entry.is_broken:
        return False
    return max(current.position(turn.now), turn.now - current.at_ms) >= SHORTEST_LOOP_MS


def silence(turn: Turn) -> None:
    """Tell the node to end what it plays."""
    if turn.state.voice.known is not None:
        tell_node(turn, NodeUpdate(silence=True, paused=False))


def advance_or_silence(turn: Turn) -> Entry | None:
    """Go on to the next track although the current one still sounds."""
    upcoming = advance(turn)
    if upcoming is None:
        silence(turn)
    return upcoming


def on_track_started(turn: Turn, message: TrackStarted) -> None:
    """From here on the position counts."""
    told = turn.state.following
    if told is not None and told.sounding == message.play:
        # That the one before has ended was lost.
        _on_gone_on(turn, told.sounding)
    current = turn.state.current
    if current is None or current.entry.is_broken:
        return
    if current.sounding == message.play:
        sounds = not turn.state.still and turn.state.voice.known is not None
        turn.change(current=replace(current, at_ms=turn.now, running=sounds))


def on_position(turn: Turn, message: PositionReported) -> None:
    """Trust the node's position, unless it is older than the start of the track."""
    current = turn.state.current
    if current is None:
        return
    if current.entry.track.length_ms is None and message.live_title is not None:
        title = message.live_title[:LIVE_TITLE_LIMIT] or None
        current = replace(current, live_title=title)
        turn.change(current=current)
    if message.at_ms < current.at_ms:
        return
    if current.running and current.tempo != UNCHANGED:
        # A node counts such a track as if it ran at its own speed.
        return
    if current.running:
        turn.change(current=replace(current, position_ms=message.position_ms, at_ms=message.at_ms))
    elif (
        message.connected
        and message.at_ms - current.at_ms >= UNSTARTED_MS
        and message.position_ms > current.position_ms
        and not turn.state.still
    ):
        # It plays, and nobody has said that it began.
        turn.do(*_look(turn.state))


def watch_end(turn: Turn) -> None:
    """See to it that a track ends, also when nobody says so."""
    state = turn.state
    current = state.current
    length = None if current is None else current.entry.track.length_ms
    ends_at = None
    if current is not None and current.running and length is not None:
        left_ms = (length - current.position_ms) * UNCHANGED // max(1, current.tempo)
        ends_at = current.at_ms + left_ms
    before = state.ends_at
    if ends_at is None or before is None:
        differs = ends_at is not before
    else:
        differs = abs(ends_at - before) > DRIFT_MS
    if differs:
        turn.change(ends_at=ends_at)
        if ends_at is None:
            turn.do(CancelTimer(END))
        else:
            turn.do(StartTimer(END, max(0, ends_at - turn.now) + END_GRACE_MS))


def on_end_due(turn: Turn) -> None:
    """Ask the node how it stands with a track that should be over; and again, if it is silent."""
    turn.change(ends_at=None)
    turn.do(*_look(turn.state))


def _look(state: PlayerState) -> tuple[LookAtNode, ...]:
    return (LookAtNode(state.node),) if state.node is not None and state.node_ready else ()


def on_track_failed(turn: Turn, message: TrackFailed) -> None:
    """Note the failure: that the track ended is said by the `TrackEnded` that follows.

    Should that be lost, the node is asked.
    """
    current = turn.state.current
    if current is not None and current.sounding == message.play:
        turn.change(current=replace(current, failure=message.message))
        turn.do(StartTimer(LOOK, RETRY_DELAY_MS))


def on_track_stuck(turn: Turn, message: TrackStuck) -> None:
    """Go on: the node does not end a stuck track by itself."""
    current = turn.state.current
    if current is not None and current.sounding == message.play:
        # Nothing was heard since the node last said where it is.
        turn.change(current=replace(current, failure="", stuck=True, running=False))
        _after_end(turn, still_sounding=True)


def on_track_ended(turn: Turn, message: TrackEnded) -> None:
    """Go on, unless the end was ours or is about a play that is over already."""
    current = turn.state.current
    if current is None or current.sounding != message.play:
        return
    if message.reason in {EndReason.STOPPED, EndReason.REPLACED}:
        return
    if message.reason is EndReason.LOAD_FAILED and current.failure is None:
        turn.change(current=replace(current, failure=""))
    _on_gone_on(turn, message.following)


def _on_gone_on(turn: Turn, sounding: str | None) -> None:
    """The current track is over, and the node has gone on to `sounding`, None: to nothing."""
    state = turn.state
    told = state.following
    broke = state.current is not None and state.current.failure is not None
    if broke or told is None or told.sounding != sounding or state.upcoming != told.entry:
        _after_end(turn, still_sounding=sounding is not None)
        return
    if not repeats(turn):
        if state.loop is Loop.TRACK:
            _after_end(turn, still_sounding=True)
            return
        come_round(turn)
        remember(turn)
        turn.change(queue=turn.state.queue[1:])
    # A pause that crossed the node's going on holds there, for what plays now.
    current = Current(
        told.play,
        told.entry,
        told.entry.start_ms,
        turn.now,
        starts=1,
        tempo=_tempo(state, told.entry),
    )
    turn.change(current=current, following=None, failures=0, paused=state.paused)
    # Should nobody say that it began, or that it broke, the node is asked.
    turn.do(StartTimer(LOOK, RETRY_DELAY_MS))


def _after_end(turn: Turn, *, still_sounding: bool) -> None:
    current = turn.state.current
    assert current is not None
    turn.do(CancelTimer(LOOK))
    if current.failure is None:
        fallback.judge(turn, worked=True)
    elif not fallback.heard_out(current, turn.now):
        _mend(turn, still_sounding=still_sounding)
        return
    turn.change(failures=0)
    if current.failure is None and repeats(turn):
        start(turn, current.entry)
        return
    _go_on(turn, still_sounding=still_sounding)


def _go_on(turn: Turn, *, still_sounding: bool) -> None:
    if still_sounding:
        advance_or_silence(turn)
    else:
        advance(turn)


def _mend(turn: Turn, *, still_sounding: bool = False) -> None:
    """Go on with another recording of the current track; without one, with the next track."""
    hope = fallback.mend(turn)
    _after_mending(turn, hope=hope, still_sounding=still_sounding)


def on_elsewhere(turn: Turn, message: FoundElsewhere) -> None:
    """Play what was found in place of the track that broke."""
    hope = fallback.take(turn, message)
    if hope is not None:
        _after_mending(turn, hope=hope)


def on_proposed(turn: Turn, message: Proposed) -> None:
    """Play what autoplay chooses, if nobody was faster."""
    state = turn.state
    if state.choosing != message.attempt:
        return
    turn.change(choosing=None)
    if not state.autoplay or state.home is None or state.current is not None or state.queue:
        return
    track = autoplay.choose(state.history, message.tracks, seed=turn.now)
    if track is not None:
        start(turn, Entry(track, autoplay.NOBODY))


def _after_mending(turn: Turn, *, hope: bool, still_sounding: bool = False) -> None:
    current = turn.state.current
    assert current is not None
    if hope and not current.entry.is_broken:
        push(turn)
        return
    if hope:
        if still_sounding:
            silence(turn)
        return
    code = Code.TRACK_STUCK if current.stuck else Code.TRACK_FAILED
    failures = turn.state.failures + 1
    turn.change(failures=failures)
    asked = Entry(current.entry.original, current.entry.requester)
    turn.do(Say(TrackBroke(asked, current.failure or "", code)))
    if failures >= FAILURES_IN_A_ROW:
        # Whatever breaks five tracks breaks the sixth: stop, rather than burn the queue.
        turn.change(queue=(), unshuffled=(), failures=0)
        turn.do(Say(TooManyBroke(failures)))
        remember(turn)
        if still_sounding:
            silence(turn)
    else:
        _go_on(turn, still_sounding=still_sounding)


def on_node_ready(turn: Turn, message: NodeReady) -> None:
    """Go on where the music was: a resumed session played on, a new one starts there."""
    turn.change(nodes=turn.state.nodes | {message.node})
    if message.node != turn.state.node:
        if not turn.state.node_ready:
            # The player's own node is away, or it has none yet.
            push(turn)
        return
    if message.resumed:
        # What was wanted in the meantime has not reached it; what runs, and where, it says itself.
        turn.do(LookAtNode(message.node))
        if turn.state.voice.known is not None:
            return
    turn.change_voice(known=None)
    push(turn)


def on_node_down(turn: Turn, message: NodeDown) -> None:
    """Go on at another node; without one, stand still until one is back. The queue is untouched."""
    turn.change(nodes=turn.state.nodes - {message.node})
    if message.node != turn.state.node:
        return
    turn.do(CancelTimer(RETRY), CancelTimer(LOOK))
    # `running` ends but the instant stays: should the session resume, the time between counts.
    if turn.state.current is not None and turn.state.current.running:
        turn.change(current=replace(freeze(turn.state.current, turn.now), ran_on=True))
    _look_elsewhere(turn, message.node)


def on_node_draining(turn: Turn, message: NodeDraining) -> None:
    """Go elsewhere while it still plays."""
    if message.node == turn.state.node:
        _look_elsewhere(turn, message.node)


def _look_elsewhere(turn: Turn, node: str) -> None:
    credentials = turn.state.voice.credentials
    if turn.state.current is not None and credentials is not None:
        turn.do(FindNode(credentials.endpoint, avoid=node))


def on_node_found(turn: Turn, message: NodeFound) -> None:
    """Play there from now on, and end the player where it was."""
    before = turn.state.node
    # A node whose readiness has not been told yet is told all when it has been.
    if message.node is None or message.node == before or message.node not in turn.state.nodes:
        return
    turn.change(node=message.node)
    turn.change_voice(known=None)
    push(turn)
    if before is not None:
        # After that: until the new one speaks, the old one still does.
        turn.do(DestroyPlayer(before))


def _has_run_out(current: Current, now: int) -> bool:
    """Whether it has ended by now, if its node went on with it while it was away."""
    went_on = replace(current, running=current.ran_on)
    return current.ran_on and went_on.position(now) == current.entry.track.length_ms


def on_reconciled(turn: Turn, message: Reconciled) -> bool:
    """Compare what should sound with what the node says; touch what differs.

    Return whether the node was at what should sound, with the credentials that it should have.
    """
    if message.node != turn.state.node:
        return False
    player = message.player
    turn.change(nodes=turn.state.nodes | {message.node})
    if player is None:
        turn.change_voice(known=None)
    state = turn.state
    current = state.current
    if current is None:
        if player is not None and player.play is not None:
            tell_node(turn, NodeUpdate(silence=True))
        if player is None or not player.connected:
            turn.change_voice(known=None)
        return False
    if current.entry.is_broken:
        # It is looked for elsewhere; whatever plays is not it.
        if player is not None and player.play is not None:
            tell_node(turn, NodeUpdate(silence=True))
        # Who looked for it may have crashed.
        _mend(turn)
        return False
    over = current.failure is not None or _has_run_out(current, turn.now)
    if over and player is not None and player.play is None:
        # It broke or came to its end, and nobody has said so.
        _after_end(turn, still_sounding=False)
        return False
    if player is not None and _unheard_ms(state, current, player) > MOST_UNHEARD_MS:
        # It has played on to nobody while this player was away: back to what was heard last.
        turn.change_voice(known=None)
        push(turn)
        return False
    told = state.following
    if player is not None and told is not None and player.play == told.sounding:
        # Nobody has said that it went on.
        _on_gone_on(turn, told.sounding)
        state, current = turn.state, turn.state.current
        if current is None or current.sounding != told.sounding:
            return False
    stale = state.voice.credentials not in (None, state.voice.known)
    if player is None or player.play != current.sounding or stale:
        turn.change_voice(known=None)
        push(turn)
        return False
    # The node's word on pausing loses: what people last asked for is in our state.
    if current.tempo != UNCHANGED and current.running:
        # A node counts such a track as if it ran at its own speed.
        current = replace(current, position_ms=current.position(turn.now), at_ms=turn.now)
    else:
        current = replace(current, position_ms=player.position_ms, at_ms=player.at_ms)
    turn.change(current=replace(current, running=not state.still, ran_on=False))
    # Whether a change of the sound has arrived is not looked at; to say it again does nothing.
    refiltered = state.sound != PLAIN or state.filtered
    if player.paused != state.still or player.volume != state.volume or refiltered:
        filters = state.sound if refiltered else None
        tell_node(turn, NodeUpdate(paused=state.still, volume=state.volume, filters=filters))
    return True


def _unheard_ms(state: PlayerState, current: Current, player: NodePlayer) -> int:
    """How much the node has played to nobody since this player last knew where it was."""
    told = state.following
    if player.connected or current.running or state.still:
        return 0
    if player.play == current.sounding:
        return player.position_ms - current.position_ms
    if told is not None and player.play == told.sounding:
        length = current.entry.track.length_ms or 0
        return length - current.position_ms + player.position_ms
    return 0


def on_update_failed(turn: Turn, message: UpdateFailed) -> None:
    """Retry what did not reach the node; count what it refused as a broken track."""
    if message.node != turn.state.node:
        return
    if message.voice:
        # It may not have connected. Credentials that it has, given again, do nothing.
        turn.change_voice(known=None)
    state = turn.state
    current = state.current
    if current is None or current.sounding != message.play:
        return
    if message.refused.code is Code.NO_NODE:
        # Without a link `NodeReady` will come. With one the update hung or was lost; one that was
        # to connect voice may hang the node's player with it, and only its end frees it.
        if state.node_ready:
            turn.do(StartTimer(RETRY if message.voice else LOOK, RETRY_DELAY_MS))
        return
    if current.entry.is_broken:
        # It would not be silent; what is found in place of it replaces what sounds.
        return
    turn.change(current=replace(current, failure=""))
    _after_end(turn, still_sounding=False)


def on_look(turn: Turn) -> None:
    """See what of an update has reached the node."""
    turn.do(*_look(turn.state))
