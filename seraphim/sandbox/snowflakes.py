"""Ids as Discord makes them: the time in the upper bits, so that later ids are greater.

The sandbox counts up from the present moment instead of reading the clock for each: two ids are
never equal and their order is the order in which things were made, also within one millisecond.
"""

import time
from datetime import UTC, datetime

EPOCH_MS = 1_420_070_400_000
"""The first second of 2015, at which Discord's ids begin."""

_TIME_SHIFT = 22


class Snowflakes:
    """An endless source of new ids, strictly increasing."""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> int:
        """A new id, no smaller than what this millisecond gives."""
        present = (time.time_ns() // 1_000_000 - EPOCH_MS) << _TIME_SHIFT
        self._last = max(present, self._last + 1)
        return self._last


def created_at(snowflake: int) -> datetime:
    """When the thing with this id was made."""
    return datetime.fromtimestamp(((snowflake >> _TIME_SHIFT) + EPOCH_MS) / 1000, UTC)


def shard_of(guild_id: int, shard_count: int) -> int:
    """Which of `shard_count` gateway connections hears of this guild."""
    return (guild_id >> _TIME_SHIFT) % shard_count
