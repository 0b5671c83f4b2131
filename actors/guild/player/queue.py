"""What may be done to the tracks that wait: pure operations on a tuple of entries.

Places count from 1, as people do. Nothing here makes a track or loses one that it does not return.
"""

import random
from collections import Counter
from collections.abc import Iterable, Sequence

from actors.guild.player.track import Entry

Queue = tuple[Entry, ...]


def holds(queue: Queue, position: int) -> bool:
    """Whether a track waits at `position`."""
    return 1 <= position <= len(queue)


def place(queue: Queue, position: int, entry: Entry | None) -> int | None:
    """Return where `entry` waits, which stood at `position`: there, or else where it is first.

    Without an entry it is the position itself. None: nothing that is meant waits.
    """
    if holds(queue, position) and entry in (None, queue[position - 1]):
        return position
    if entry is not None and entry in queue:
        return queue.index(entry) + 1
    return None


def places(queue: Queue, positions: Sequence[int], entries: Sequence[Entry]) -> tuple[int, ...]:
    """Return where `entries` wait, which stood at `positions`; each place once, in order."""
    if not entries:
        return tuple(sorted({position for position in positions if holds(queue, position)}))
    found: set[int] = set()
    astray: list[Entry] = []
    for position, entry in zip(positions, entries, strict=False):
        if holds(queue, position) and queue[position - 1] == entry and position not in found:
            found.add(position)
        else:
            astray.append(entry)
    missing = Counter(astray)
    for position, entry in enumerate(queue, 1):
        if missing[entry] and position not in found:
            missing[entry] -= 1
            found.add(position)
    return tuple(sorted(found))


def asked_by(queue: Queue, member: int) -> tuple[int, ...]:
    """Return where the tracks wait that `member` asked for."""
    return tuple(at for at, entry in enumerate(queue, 1) if entry.requester == member)


def remove(queue: Queue, positions: Iterable[int]) -> tuple[Queue, Queue]:
    """Return what still waits without the tracks at `positions`, and those."""
    gone = frozenset(positions)
    kept = tuple(entry for at, entry in enumerate(queue, 1) if at not in gone)
    return kept, tuple(entry for at, entry in enumerate(queue, 1) if at in gone)


def move(queue: Queue, position: int, target: int) -> Queue:
    """Return the queue with what waits at `position` at `target`."""
    entry = queue[position - 1]
    others = (*queue[: position - 1], *queue[position:])
    return (*others[: target - 1], entry, *others[target - 1 :])


def swap(queue: Queue, first: int, second: int) -> Queue:
    """Return the queue with two tracks in each other's place."""
    order = list(queue)
    order[first - 1], order[second - 1] = order[second - 1], order[first - 1]
    return tuple(order)


def doubles(queue: Queue, current: Entry | None) -> tuple[int, ...]:
    """Return where tracks wait that play now or wait further ahead, whoever asked for them."""
    seen = set[str]() if current is None else {current.original.name}
    found: list[int] = []
    for at, entry in enumerate(queue, 1):
        if entry.original.name in seen:
            found.append(at)
        seen.add(entry.original.name)
    return tuple(found)


def deserted(queue: Queue, listeners: frozenset[int], nobody: int) -> tuple[int, ...]:
    """Return where tracks wait that somebody asked for who does not listen."""
    here = listeners | {nobody}
    return tuple(at for at, entry in enumerate(queue, 1) if entry.requester not in here)


def shuffle(queue: Queue, seed: int) -> Queue:
    """Return the queue in an order drawn from `seed`."""
    order = list(queue)
    # Not a secret, only an order; it comes from a seed so that it can be replayed.
    random.Random(seed).shuffle(order)  # noqa: S311
    return tuple(order)


def still(before: Queue, queue: Queue) -> Queue:
    """Return what of `before` still waits, in that order."""
    if not before:
        return ()
    left = Counter(queue)
    waiting: list[Entry] = []
    for entry in before:
        if left[entry]:
            left[entry] -= 1
            waiting.append(entry)
    return tuple(waiting)


def unshuffle(queue: Queue, before: Queue) -> Queue:
    """Return the queue in the order of `before`; what is not in that is behind, as it stands."""
    places: dict[Entry, list[int]] = {}
    for at in range(len(queue) - 1, -1, -1):
        # Of tracks that are the same the last ones came later.
        places.setdefault(queue[at], []).append(at)
    ordered: list[int] = []
    for entry in before:
        waiting = places.get(entry)
        if waiting:
            ordered.append(waiting.pop())
    taken = frozenset(ordered)
    rest = (entry for at, entry in enumerate(queue) if at not in taken)
    return (*(queue[at] for at in ordered), *rest)


def take_turns(queue: Queue, added: Queue, playing: int | None) -> Queue:
    """Return the queue with `added` in it, so that those who ask take turns (round robin).

    What waits already keeps its order. Each track belongs to a round: the first of everybody, the
    second, and so on; a new one waits behind the others of its round. Who is `playing` has had
    theirs of the first.
    """
    rounds = Counter[int]() if playing is None else Counter({playing: 1})
    waiting: list[tuple[int, Entry]] = []
    for entry in queue:
        waiting.append((rounds[entry.requester], entry))
        rounds[entry.requester] += 1
    for entry in added:
        turn = rounds[entry.requester]
        rounds[entry.requester] += 1
        later = (at for at, (other, _) in enumerate(waiting) if other > turn)
        waiting.insert(next(later, len(waiting)), (turn, entry))
    return tuple(entry for _, entry in waiting)
