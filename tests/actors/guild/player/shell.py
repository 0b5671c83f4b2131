"""The part of the shell that a test of the core needs: a node is found at once."""

from dataclasses import replace

from actors.guild.player.core import Decision, decide
from actors.guild.player.effects import Effect, FindNode
from actors.guild.player.messages import NodeFound, PlayerMessage
from actors.guild.player.state import PlayerState

NODE, OTHER = "main", "other"


def act(state: PlayerState, message: PlayerMessage, now: int) -> Decision:
    """Decide, and answer each `FindNode` as the next message, as the shell does."""
    decision = decide(state, message, now)
    state, effects = decision.state, list[Effect]()
    for effect in decision.effects:
        effects.append(effect)
        if isinstance(effect, FindNode):
            found = min(state.nodes - {effect.avoid}, default=None)
            then = act(state, NodeFound(found), now)
            state = then.state
            effects += then.effects
    return replace(decision, state=state, effects=tuple(effects))
