"""The part of the shell that a test of the core needs: a node is found at once."""

from dataclasses import replace

from actors.guild.player.core import Decision, decide
from actors.guild.player.effects import (
    CancelTimer,
    Effect,
    FindElsewhere,
    FindNode,
    JoinVoice,
    LeaveVoice,
    StartTimer,
)
from actors.guild.player.messages import Departed, FoundElsewhere, NodeFound, PlayerMessage
from actors.guild.player.playback import END
from actors.guild.player.state import PlayerState

NODE, OTHER = "main", "other"


def act(state: PlayerState, message: PlayerMessage, now: int) -> Decision:
    """Decide, answer each `FindNode` as the next message, and say when Discord was asked to leave.

    What breaks is nowhere else.

    The timer that watches over a track's end follows from every change of its position, and is left
    out: what it does has tests of its own.
    """
    decision = decide(state, message, now)
    state, effects = decision.state, list[Effect]()
    for effect in decision.effects:
        if isinstance(effect, StartTimer | CancelTimer) and effect.key == END:
            continue
        if isinstance(effect, FindElsewhere):
            then = act(state, FoundElsewhere(effect.attempt), now)
            state = then.state
            effects += then.effects
            continue
        effects.append(effect)
        if isinstance(effect, FindNode):
            found = min(state.nodes - {effect.avoid}, default=None)
            then = act(state, NodeFound(found), now)
            state = then.state
            effects += then.effects
        if isinstance(effect, LeaveVoice) or (isinstance(effect, JoinVoice) and effect.afresh):
            then = decide(state, Departed(), now)
            assert not then.effects
            state = then.state
    return replace(decision, state=state, effects=tuple(effects))
