"""What follows the current track at the node, without a gap.

A node that can is told beside each track which one is next: it has that one ready, and goes on to
it by itself, 20 ms after the last frame. It says so with the end of the first; a node that cannot
says nothing, and is told then, as ever. The queue stays ours: what it told the node is compared
with it whenever it changes, and a node that went on to what is no longer next is told better.
"""

from actors.guild.player.effects import UpdateNode
from actors.guild.player.ports import NodeUpdate, Start
from actors.guild.player.state import Following
from actors.guild.player.turn import Turn


def announce(turn: Turn) -> None:
    """Tell the node what is next, if that has changed; only beside a track that sounds there."""
    state = turn.state
    if state.current is None or not state.current.running:
        return
    if state.node is None or not state.node_ready or state.voice.known is None:
        return
    told = state.following
    upcoming = state.upcoming
    if upcoming is not None and upcoming.is_broken:
        # It is looked for elsewhere when its time comes.
        upcoming = None
    if upcoming == (told and told.entry):
        return
    if upcoming is None:
        turn.change(following=None)
        update = NodeUpdate(alone=True)
    else:
        following = Following(f"{state.run}-{turn.number()}", upcoming)
        turn.change(following=following)
        update = NodeUpdate(following=Start(following.sounding, upcoming.track, upcoming.start_ms))
    # Named after no play: where it does not arrive, the current track is none the worse for it.
    turn.do(UpdateNode(state.node, update, None))
