"""What people may do to the tracks that wait, on the player's state; the operations are in `queue`.

A place is a moment's truth: the queue moves on while somebody types. So a command carries the
tracks that it means beside their places, and one that comes without is given them on arrival.
"""

from dataclasses import replace

from actors.guild.player import queue
from actors.guild.player.autoplay import NOBODY
from actors.guild.player.messages import (
    Clean,
    Clear,
    Cleared,
    Command,
    Dedupe,
    Move,
    Moved,
    Remove,
    Removed,
    Shuffle,
    Shuffled,
    SkipTo,
    Swap,
    Swapped,
    Unshuffle,
    Unshuffled,
)
from actors.guild.player.state import PlayerState
from actors.guild.player.track import Entry
from actors.guild.player.turn import Turn
from actors.guild.refusal import Code, Refused


def pinned(state: PlayerState, message: Command) -> Command:
    """Return `message` with the tracks that it means, if it names places alone."""
    waiting = state.queue
    if isinstance(message, SkipTo) and message.entry is None:
        if queue.holds(waiting, message.position):
            return replace(message, entry=waiting[message.position - 1])
    elif isinstance(message, Remove) and not message.entries:
        positions = message.positions
        if message.member is not None:
            positions = queue.asked_by(waiting, message.member)
        if all(queue.holds(waiting, position) for position in positions):
            entries = tuple(waiting[position - 1] for position in positions)
            return replace(message, positions=positions, entries=entries)
    return message


def meant(state: PlayerState, message: Remove) -> tuple[Entry, ...]:
    """Return the waiting tracks that `message` would drop."""
    at = queue.places(state.queue, message.positions, message.entries)
    return queue.remove(state.queue, at)[1]


def doubled(state: PlayerState) -> tuple[Entry, ...]:
    """Return the waiting tracks that play, or wait further ahead."""
    return queue.remove(state.queue, _doubles(state))[1]


def deserted(state: PlayerState) -> tuple[Entry, ...]:
    """Return the waiting tracks of people who do not listen; none where that is not known."""
    return queue.remove(state.queue, _deserted(state))[1]


def remove(turn: Turn, message: Remove) -> Removed | Refused:
    """Drop the tracks that are meant."""
    waiting = turn.state.queue
    if not waiting:
        return Refused(Code.QUEUE_EMPTY)
    astray = [at for at in message.positions if not queue.holds(waiting, at)]
    at = queue.places(waiting, message.positions, message.entries)
    if not at or (astray and not message.entries):
        return _out_of_range(waiting)
    return _drop(turn, at)


def dedupe(turn: Turn, _: Dedupe) -> Removed | Refused:
    """Drop what waits more than once, or plays."""
    return _drop(turn, _doubles(turn.state)) if turn.state.queue else Refused(Code.QUEUE_EMPTY)


def clean(turn: Turn, _: Clean) -> Removed | Refused:
    """Drop what people asked for who no longer listen."""
    return _drop(turn, _deserted(turn.state)) if turn.state.queue else Refused(Code.QUEUE_EMPTY)


def clear(turn: Turn, _: Clear) -> Cleared | Refused:
    """Drop all that waits."""
    count = len(turn.state.queue)
    if not count:
        return Refused(Code.QUEUE_EMPTY)
    turn.change(queue=(), unshuffled=())
    return Cleared(count)


def move(turn: Turn, message: Move) -> Moved | Refused:
    """Let a track wait elsewhere."""
    waiting = turn.state.queue
    if not waiting:
        return Refused(Code.QUEUE_EMPTY)
    position = queue.place(waiting, message.position, message.entry)
    if position is None or not queue.holds(waiting, message.target):
        return _out_of_range(waiting)
    turn.change(queue=queue.move(waiting, position, message.target))
    return Moved(waiting[position - 1], message.target)


def swap(turn: Turn, message: Swap) -> Swapped | Refused:
    """Let two tracks change places."""
    waiting = turn.state.queue
    if not waiting:
        return Refused(Code.QUEUE_EMPTY)
    first, second = sorted((message.first, message.second))
    if not queue.holds(waiting, first) or not queue.holds(waiting, second):
        return _out_of_range(waiting)
    turn.change(queue=queue.swap(waiting, first, second))
    return Swapped(waiting[second - 1], waiting[first - 1])


def shuffle(turn: Turn, message: Shuffle) -> Shuffled | Refused:
    """Put what waits into another order, and keep in mind the one that people gave it."""
    waiting = turn.state.queue
    if not waiting:
        return Refused(Code.QUEUE_EMPTY)
    before = queue.unshuffle(waiting, turn.state.unshuffled) if turn.state.unshuffled else waiting
    turn.change(queue=queue.shuffle(waiting, message.seed), unshuffled=before)
    return Shuffled(len(waiting))


def unshuffle(turn: Turn, _: Unshuffle) -> Unshuffled | Refused:
    """Put what waits back into the order that people gave it."""
    waiting, before = turn.state.queue, turn.state.unshuffled
    if not waiting:
        return Refused(Code.QUEUE_EMPTY)
    if not before:
        return Unshuffled(0)
    turn.change(queue=queue.unshuffle(waiting, before), unshuffled=())
    return Unshuffled(len(waiting))


def _doubles(state: PlayerState) -> tuple[int, ...]:
    return queue.doubles(state.queue, None if state.current is None else state.current.entry)


def _deserted(state: PlayerState) -> tuple[int, ...]:
    if state.listeners is None:
        return ()
    return queue.deserted(state.queue, state.listeners, NOBODY)


def _drop(turn: Turn, positions: tuple[int, ...]) -> Removed:
    kept, gone = queue.remove(turn.state.queue, positions)
    turn.change(queue=kept)
    return Removed(gone)


def _out_of_range(waiting: queue.Queue) -> Refused:
    return Refused(Code.OUT_OF_RANGE, {"lowest": 1, "highest": len(waiting)})
