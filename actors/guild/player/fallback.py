"""What becomes of a track that broke: another recording of it is found, and goes on in its place.

The sources are asked one after the other, in the guild's order from behind the one that broke; its
own comes last, for it may have another copy. Each tells what it has of the same song, and the best
is played from where the one before broke. When that breaks too, the next is tried, and so on: a
track that was tried in vain is noted in its entry, and nothing with a name in that list is ever
started. So a broken track that comes again, by loop, by going back or after a restart, is looked
for elsewhere at once.

Nothing is said while it is looked for: people hear a short silence, and the song goes on. Rejected:
to ask all sources at once, which gives the answer sooner and loads every source with the troubles
of one.
"""

from collections.abc import Sequence
from dataclasses import replace

from actors.guild.player.effects import FindElsewhere, Judge
from actors.guild.player.messages import FoundElsewhere
from actors.guild.player.state import Current, Mending
from actors.guild.player.track import Entry, Track
from actors.guild.player.turn import Turn

MOST_TRIED = 6
"""How many recordings are tried in vain, the first one included, before it is given up."""
NEAR_END_MS = 3_000
"""A track that breaks so near its end has been heard."""
OWN_SOURCES = frozenset({"http", "local", "library"})
"""What is in them says nothing of each other: no breaker judges them."""
NOBODY = frozenset({"", "unknown", "unknown artist"})


def searchable(track: Track) -> bool:
    """Whether the track can be told from others: a recording of which more than its name is known.

    A live stream is nowhere else, and a title alone is found everywhere.
    """
    if track.length_ms is None:
        return False
    return track.isrc is not None or track.author.strip().casefold() not in NOBODY


def heard_out(current: Current, now: int) -> bool:
    """Whether what is left of the track is not worth a search."""
    length = current.entry.track.length_ms
    return length is not None and 0 < length <= current.position(now) + NEAR_END_MS


def asked_in_turn(source: str, order: Sequence[str]) -> tuple[str, ...]:
    """Return the sources to ask for a track of `source`: from behind it, and it last."""
    if source not in order:
        return tuple(order)
    place = order.index(source) + 1
    return (*order[place:], *order[:place])


def candidates(entry: Entry, found: FoundElsewhere) -> tuple[Track, ...]:
    """Return what was found and not tried yet, the best first, each once."""
    fresh: dict[str, Track] = {}
    for track in found.tracks:
        if track.name not in entry.broken:
            fresh.setdefault(track.name, track)
    return tuple(fresh.values())


def mend(turn: Turn) -> bool:
    """Look for the current track elsewhere, now that it broke; or go on looking.

    Return whether there is hope: then it stands still, or another recording is current, which has
    to be started. Without hope the entry is over.
    """
    current = turn.state.current
    assert current is not None
    entry = current.entry
    if not entry.is_broken:
        judge(turn, worked=False)
        entry = replace(entry, broken=(*entry.broken, entry.track.name))
    position = current.position(turn.now)
    still = replace(current, entry=entry, position_ms=position, at_ms=turn.now, running=False)
    turn.change(current=still, following=None)
    if len(entry.broken) >= MOST_TRIED or not searchable(entry.original):
        return _give_up(turn)
    mending = turn.state.mending
    if mending is None or mending.play != current.play:
        order = asked_in_turn(entry.original.source, turn.state.settings.sources)
        turn.change(mending=Mending(current.play, None, order))
    elif mending.attempt is not None:
        return True
    return _next(turn)


def judge(turn: Turn, *, worked: bool) -> None:
    """Tell of the current track's source whether it gave it."""
    current = turn.state.current
    if current is not None and current.entry.track.source not in OWN_SOURCES:
        turn.do(Judge(current.entry.track.source, worked))


def take(turn: Turn, message: FoundElsewhere) -> bool | None:
    """Take what a source has for the current track; return as `mend`, None: nobody waits for it."""
    current, mending = turn.state.current, turn.state.mending
    if current is None or mending is None or mending.attempt != message.attempt:
        return None
    if mending.play != current.play:
        return None
    found = candidates(current.entry, message)
    turn.change(mending=replace(mending, attempt=None, candidates=found))
    return _next(turn)


def _next(turn: Turn) -> bool:
    """Make the next candidate current; where there is none, ask the next source."""
    current, mending = turn.state.current, turn.state.mending
    assert current is not None
    assert mending is not None
    if mending.candidates:
        best, *others = mending.candidates
        entry = replace(current.entry, track=best, asked=current.entry.original)
        mended = replace(current, entry=entry, failure=None, stuck=False)
        turn.change(current=mended, mending=replace(mending, candidates=tuple(others)))
        return True
    if not mending.sources:
        return _give_up(turn)
    source, *sources = mending.sources
    attempt = turn.number()
    turn.change(mending=replace(mending, attempt=attempt, sources=tuple(sources)))
    turn.do(FindElsewhere(attempt, current.entry.original, source))
    return True


def _give_up(turn: Turn) -> bool:
    """What broke is, for all who hear of it, what was asked for."""
    current = turn.state.current
    assert current is not None
    entry = replace(current.entry, track=current.entry.original, asked=None)
    turn.change(current=replace(current, entry=entry), mending=None)
    return False
