"""What people type for a moment in a track, or for places in the queue; read, or refused.

Pure, and as lenient as can be without guessing: spaces do not matter, a range may be backwards.
"""

import re
from dataclasses import dataclass

from actors.guild.refusal import Code, Refused

LONGEST = 200
LONGEST_SECONDS = 100 * 3600

_UNREADABLE_MOMENT = Refused(Code.OUT_OF_RANGE, {"lowest": "0:00", "highest": "99:59:59"})
_MOMENT = re.compile(r"([+-]?)(?:(?:(\d{1,3}):)?(\d{1,4}):)?(\d{1,6})", re.ASCII)
_MEMBER = re.compile(r"<@!?(\d{1,20})>", re.ASCII)
_PLACES = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?", re.ASCII)
_DASH = re.compile(r"\s*[-\u2013]\s*")


@dataclass(frozen=True, slots=True)
class Moment:
    """A place in a track, in milliseconds from its beginning; `relative`: from where it is now."""

    milliseconds: int
    relative: bool = False


@dataclass(frozen=True, slots=True)
class Places:
    """Places in the queue, from 1 on, each once, in order."""

    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Asker:
    """The tracks that this member asked for."""

    member: int


def moment(typed: str) -> Moment | Refused:
    """Return the moment that `1:23`, `1:02:03`, `83`, `+30` or `-10` means."""
    text = "".join(typed[:LONGEST].split())
    found = _MOMENT.fullmatch(text)
    if found is None:
        return _UNREADABLE_MOMENT
    sign, hours, minutes, seconds = found.groups()
    # 90 seconds are a minute and a half, but 1:90 is a slip of the finger.
    if (minutes and int(seconds) > 59) or (hours and int(minutes) > 59):
        return _UNREADABLE_MOMENT
    total = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds)
    total = min(total, LONGEST_SECONDS) * 1000
    return Moment(-total if sign == "-" else total, relative=bool(sign))


def places(typed: str, waiting: int) -> Places | Asker | Refused:
    """Return what `3`, `2-5,8` or a mention of a member means, where so many tracks wait.

    A range may reach beyond the last of them, but not begin there.
    """
    text = typed.strip()[:LONGEST]
    member = _MEMBER.fullmatch(text)
    if member is not None:
        return Asker(int(member[1]))
    refused = Refused(Code.OUT_OF_RANGE, {"lowest": 1, "highest": max(1, waiting)})
    numbers: set[int] = set()
    for part in re.split(r"[,;\s]+", _DASH.sub("-", text).strip(",; ")):
        found = _PLACES.fullmatch(part)
        if found is None:
            return refused
        first, last = sorted((int(found[1]), int(found[2] or found[1])))
        if not 1 <= first <= waiting:
            return refused
        numbers.update(range(first, min(last, waiting) + 1))
    return Places(tuple(sorted(numbers)))
