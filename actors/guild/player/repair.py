"""The rules of a voice connection that is lost, or may be.

Discord and the node say in many ways that sound has ended: a close code, a move, a voice server
that is gone, a report that is not connected. They say it late, twice, in another order or not at
all, and often it is about a connection that has long been replaced. So each of them is a doubt, and
no doubt is proof. It is given time, for Discord mostly explains itself a moment later; then the
node is asked; and only a node that is not connected is helped: by its credentials once more, and if
that was no help, by leaving and joining again, for then Discord has to say everything anew.

That is repeated for as long as it takes, because nobody else will do it, at intervals that grow:
Discord counts these requests over all guilds of a shard. Rejected: a remedy for each close code.
The code says why a connection ended, and not whether another one is there already.
"""

from dataclasses import replace

from actors.guild.player import playback
from actors.guild.player.effects import CancelTimer, JoinVoice, LookAtNode, StartTimer
from actors.guild.player.messages import Departed
from actors.guild.player.state import Joining, Trouble, Voice
from actors.guild.player.turn import Turn

JOIN = "join"
REPAIR = "repair"

# How long the node may take to say what it does, and to connect with credentials given again.
ANSWER_MS = 3_000
CONNECT_MS = 4_000
# So long credentials that were given again are not given once more.
ONCE_MS = 30_000
# Between leaving and leaving again; the last holds from then on. In a calm so long it is forgotten.
COOLDOWNS_MS = (5_000, 10_000, 20_000)
CALM_MS = 60_000
# So long after our own leave a word that we are gone is about that leave.
ECHO_MS = 5_000


def doubt(turn: Turn, grace_ms: int, *, void: bool = False) -> None:
    """Make sure of sound in `grace_ms`, unless something is to be done sooner.

    `void`: the credentials are good no more; giving them again would be no help.
    """
    state = turn.state
    if state.home is None or state.trouble.hopeless:
        return
    if state.current is None and state.voice.credentials is not None:
        # Nothing is to be heard. What is to be next takes the whole way.
        turn.change_voice(known=None)
        return
    lost_sound(turn)
    if void:
        turn.change_trouble(pushed_at=turn.now)
    # A server is being waited for: that it closes the connection to the one before is no news.
    awaited = state.voice.credentials is None and state.trouble.due_at is not None
    if state.joining is None and not awaited:
        _step_in(turn, grace_ms)


def lost_sound(turn: Turn) -> None:
    """Remember how far the track was heard."""
    current = turn.state.current
    if turn.state.trouble.heard is None and current is not None and current.running:
        turn.change_trouble(heard=playback.freeze(current, turn.now))


def unheard_ms(turn: Turn) -> int:
    """Return for how long nothing may have been heard."""
    heard = turn.state.trouble.heard
    return 0 if heard is None else max(0, turn.now - heard.at_ms)


def step_back(turn: Turn) -> None:
    """Let the track stand where it was last heard."""
    playback.halt(turn)
    current, heard = turn.state.current, turn.state.trouble.heard
    turn.change_trouble(heard=None)
    if current is not None and heard is not None and current.play == heard.play:
        position = min(current.position_ms, heard.position_ms)
        turn.change(current=replace(current, position_ms=position))


def sure(turn: Turn) -> None:
    """The node is connected: end every doubt, if that is about the credentials in force."""
    state = turn.state
    current_ones = state.voice.known is not None and state.voice.known == state.voice.credentials
    if state.joining is None and current_ones:
        calm(turn)
        turn.change_trouble(hopeless=False)


def calm(turn: Turn) -> None:
    """Let go of every doubt. What was tried, and when, is remembered."""
    if turn.state.trouble.due_at is not None:
        turn.do(CancelTimer(REPAIR))
    turn.change_trouble(heard=None, due_at=None, looked=False)


def explained(turn: Turn) -> None:
    """Discord has named another voice server: what was wrong with the one before is over."""
    calm(turn)
    turn.change_trouble(pushed_at=None)


def on_due(turn: Turn) -> None:
    """Take the next step."""
    state = turn.state
    if state.trouble.due_at is None:
        # It was called off when its time was up.
        return
    turn.change_trouble(due_at=None)
    if state.home is None or state.joining is not None:
        return
    if state.voice.credentials is None:
        rejoin(turn)
    elif state.current is None or state.node is None or not state.node_ready:
        # Whatever comes next, a track or a node, takes the whole way.
        calm(turn)
    elif not state.trouble.looked:
        turn.change_trouble(looked=True)
        turn.do(LookAtNode(state.node))
        _step_in(turn, ANSWER_MS)
    else:
        remedy(turn)


def remedy(turn: Turn) -> None:
    """Help a node that is not connected although it should be."""
    state = turn.state
    if state.home is None or state.joining is not None or state.trouble.hopeless:
        return
    if state.voice.credentials is None:
        return
    turn.change_trouble(looked=False, due_at=None)
    if _pushed_lately(turn):
        rejoin(turn)
        return
    turn.change_trouble(pushed_at=turn.now)
    step_back(turn)
    turn.change_voice(known=None)
    playback.push(turn)
    _step_in(turn, CONNECT_MS)


def on_hung(turn: Turn) -> None:
    """Free the node's player from a voice connection that never came to be, and try another."""
    state = turn.state
    if state.current is None or not state.node_ready:
        return
    if _pushed_lately(turn) and state.home is not None:
        rejoin(turn)
        return
    turn.change_trouble(pushed_at=turn.now)
    playback.let_go(turn)
    playback.push(turn)


def rejoin(turn: Turn) -> None:
    """Leave and join again, as soon as the last time is long enough ago."""
    state = turn.state
    assert state.home is not None
    wait_ms = cooldown_ms(turn)
    if wait_ms > 0:
        if state.joining is None:
            _step_in(turn, wait_ms)
        else:
            turn.do(StartTimer(JOIN, wait_ms))
        return
    calm_since = state.trouble.left_at is None or turn.now - state.trouble.left_at > CALM_MS
    tries = 1 if calm_since else state.trouble.tries + 1
    step_back(turn)
    # It would play on unheard, and end the track for us.
    playback.let_go(turn)
    calm(turn)
    attempt = turn.number()
    answers = () if state.joining is None else state.joining.answers
    turn.change(
        voice=Voice(),
        joining=Joining(attempt, state.home, answers, back=True),
        trouble=Trouble(left_at=turn.now, tries=tries, leaving=True),
    )
    turn.do(JoinVoice(attempt, state.home, afresh=True), StartTimer(JOIN, cooldown_ms(turn)))


def come_back(turn: Turn) -> None:
    """Join again where Discord has forgotten us: nobody made us leave."""
    state = turn.state
    assert state.home is not None
    lost_sound(turn)
    attempt = turn.number()
    turn.change(joining=Joining(attempt, state.home, back=True))
    forget_place(turn)
    turn.do(JoinVoice(attempt, state.home, back=True), StartTimer(JOIN, COOLDOWNS_MS[0]))


def forget_place(turn: Turn) -> None:
    """Be nowhere; what the node has holds until it is given better, for it may play on meanwhile.

    So does the stillness that it was told.
    """
    turn.change_voice(channel=None, session=None, token=None, endpoint=None)


def left(turn: Turn) -> None:
    """Remember that we leave by ourselves."""
    turn.change_trouble(left_at=turn.now, leaving=True, echo=False)


def on_departed(turn: Turn, _: Departed) -> None:
    """Count from here: while Discord was away, so was our leave."""
    if turn.state.trouble.leaving:
        turn.change_trouble(left_at=turn.now, leaving=False, echo=True)


def is_echo(turn: Turn) -> bool:
    """Whether a word that we are gone is about our own leave; asked once for each such word."""
    trouble = turn.state.trouble
    if not trouble.echo:
        return False
    turn.change_trouble(echo=False)
    return trouble.left_at is not None and turn.now - trouble.left_at < ECHO_MS


def cooldown_ms(turn: Turn) -> int:
    """Return how long not to leave yet."""
    trouble = turn.state.trouble
    if trouble.left_at is None:
        return 0
    interval = COOLDOWNS_MS[min(max(trouble.tries, 1), len(COOLDOWNS_MS)) - 1]
    # A clock that was put back must not make it longer.
    return min(interval, trouble.left_at + interval - turn.now)


def _pushed_lately(turn: Turn) -> bool:
    pushed_at = turn.state.trouble.pushed_at
    return pushed_at is not None and turn.now - pushed_at < ONCE_MS


def _step_in(turn: Turn, delay_ms: int) -> None:
    """Take the next step in `delay_ms`, or when it is due already, if that is sooner."""
    due_at, ours = turn.state.trouble.due_at, turn.now + delay_ms
    if due_at is None or not turn.now <= due_at <= ours:
        turn.change_trouble(due_at=ours)
        turn.do(StartTimer(REPAIR, delay_ms))
