"""Why something was refused: the stable codes, and the value that carries one.

A refusal is an answer, not an exception: nothing went wrong inside, somebody has to be told what to
do next. The words for each code are the edge's business; here are the code and the facts they need.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Code(StrEnum):
    """The codes people see and may look up; one never changes its meaning."""

    SERVER_ONLY = "VAL-001"
    JOIN_A_CHANNEL = "VAL-002"
    SAME_CHANNEL = "VAL-003"
    QUERY_TOO_SHORT = "VAL-004"
    QUERY_TOO_LONG = "VAL-005"
    FORBIDDEN_QUERY = "VAL-006"
    OUT_OF_RANGE = "VAL-007"
    CANNOT_SPEAK = "PERM-001"
    CANNOT_WRITE = "PERM-002"
    DJ_ONLY = "PERM-003"
    CHANNEL_NOT_ALLOWED = "PERM-004"
    NOTHING_PLAYING = "PLAY-001"
    QUEUE_EMPTY = "PLAY-002"
    NOTHING_FOUND = "PLAY-003"
    TRACK_FAILED = "PLAY-004"
    TRACK_STUCK = "PLAY-005"
    QUEUE_FULL = "PLAY-006"
    TOO_LONG = "PLAY-007"
    TOO_FAST = "RATE-001"
    NO_NODE = "NET-001"
    SOURCE_BUSY = "NET-002"
    SOURCE_REFUSED = "NET-003"
    DISCORD_REFUSED = "NET-004"
    NODE_TOO_OLD = "NET-005"
    CONFIGURATION = "SYS-001"
    PLAYER_RESTARTING = "SYS-002"
    INTERNAL = "SYS-003"


@dataclass(frozen=True, slots=True)
class Refused:
    """A request that was turned down, whole: nothing of it was done.

    `facts` are what the words need: ids of channels, names of missing permissions, limits.
    """

    code: Code
    facts: Mapping[str, str | int] = field(default_factory=dict[str, str | int])
