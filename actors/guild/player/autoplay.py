"""What plays when the queue is over and the guild wants the music to go on.

The library is asked for what goes with the tracks played last, by their tags; where it has nothing
fresh, the guild's own history has it: what was not heard for longest comes first in line. Pure: the
instant of the choice is chance enough.
"""

import random

from actors.guild.player.effects import Propose
from actors.guild.player.track import Entry, Track
from actors.guild.player.turn import Turn

NOBODY = 0
"""Who asked for what autoplay chose."""
RECENT = 5
"""So many tracks played last say what is liked."""
FRESH = 20
"""What is among so many played last is not proposed again."""


def begin(turn: Turn) -> None:
    """Ask for what to play, now that nothing waits."""
    state = turn.state
    if not state.autoplay or not state.history:
        return
    attempt = turn.number()
    turn.change(choosing=attempt)
    recent = tuple(entry.original for entry in reversed(state.history[-RECENT:]))
    turn.do(Propose(attempt, recent))


def choose(history: tuple[Entry, ...], tracks: tuple[Track, ...], *, seed: int) -> Track | None:
    """Return what to play after `history`, of `tracks` if one of them was not heard lately.

    None: there is nothing else than what has just been played.
    """
    # Not a secret, only a choice.
    chance = random.Random(seed)  # noqa: S311
    lately = {name for entry in history[-FRESH:] for name in _names(entry)}
    fresh = [track for track in tracks if track.name not in lately]
    if fresh:
        return chance.choice(fresh)
    played = dict[str, Track]()
    for entry in history:
        # The place of a track is that of the last time it was played.
        played.pop(entry.track.name, None)
        if not entry.is_broken:
            played[entry.track.name] = entry.track
    heard = list(played.values())
    if heard and history[-1].track.name == heard[-1].name:
        heard.pop()
    # The longer ago, the better: one of the older half.
    return chance.choice(heard[: (len(heard) + 1) // 2]) if heard else None


def _names(entry: Entry) -> tuple[str, ...]:
    return (entry.track.name, entry.original.name, *entry.broken)
