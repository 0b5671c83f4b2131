"""What the judge knows of a guild, and how it looks at a player's state."""

import asyncio
import math
from dataclasses import dataclass, field

from actors.guild.player.state import PlayerState


@dataclass
class Heard:
    """How much of a playing has come out of the channel, and how many faults it met.

    `slack_ms` is what may go unheard, or be heard twice, for other reasons than faults.
    """

    ms: float = 0.0
    faults: int = 0
    slack_ms: float = 0.0


@dataclass
class Record:
    """What is known of a guild. Times are seconds of the loop's; `life` is the last process's."""

    guild: int
    life: int = 0
    state: PlayerState | None = None
    known: set[str] = field(default_factory=set[str])
    heard: dict[str, Heard] = field(default_factory=dict[str, Heard])
    fault_at: float = 0.0
    command_at: float = 0.0
    changed_at: float = math.inf
    sent_away_at: float = -math.inf
    sound: str | None = None
    sound_since: float = 0.0
    silent_since: float | None = None
    check: asyncio.TimerHandle | None = None
    looped: bool = False
    gave_up_at: float | None = None
    seconds_of_sound: float = 0.0


def names(state: PlayerState) -> list[str]:
    """Return every track of the guild once, from the first that was heard to the last to come."""
    tracks = [entry.original.identifier for entry in state.history]
    if state.current is not None:
        tracks.append(state.current.entry.original.identifier)
    tracks.extend(entry.original.identifier for entry in state.queue)
    return tracks


def durable(state: PlayerState) -> tuple[object, ...]:
    """Return what people would miss."""
    play = None if state.current is None else state.current.play
    return play, state.home, state.paused, state.queue, state.history, state.volume, state.loop


def guild_at(path: str) -> int:
    """Return the guild that the actor at `path` is one of, 0 if none."""
    parts = path.split("/")
    if len(parts) > 3 and parts[3].startswith("guild-"):
        return int(parts[3].removeprefix("guild-"))
    return 0
