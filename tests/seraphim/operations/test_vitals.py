"""The instruments."""

import asyncio
import math
import mmap
import time
from dataclasses import dataclass
from typing import cast

import pytest

from seraphim.discord.resumption import ResumableShard, ShardSession
from seraphim.operations.vitals import WINDOW_SECONDS, LoopPulse, ShardWatch, resident_bytes

pytestmark = pytest.mark.anyio


def test_the_memory_is_read_in_bytes():
    before = resident_bytes()
    # Pages of its own: what the allocator has left over from other tests is resident already.
    with mmap.mmap(-1, 50_000_000) as held:
        for page in range(0, 50_000_000, mmap.PAGESIZE):
            held[page] = 1
        assert 40_000_000 < resident_bytes() - before < 100_000_000


async def test_a_loop_that_is_held_up_is_late():
    pulse = LoopPulse()
    with pulse.beating():
        await asyncio.sleep(0)
        time.sleep(0.6)  # noqa: ASYNC251
        await asyncio.sleep(0.01)
        # At most one beat of it is not seen.
        assert 0.3 < pulse.lag < 5


async def test_nobody_watches_the_loop_afterwards():
    pulse = LoopPulse()
    with pulse.beating():
        pass
    time.sleep(0.3)  # noqa: ASYNC251
    await asyncio.sleep(0.01)
    assert pulse.lag == 0.0


def test_the_worst_is_remembered_for_a_while_and_then_forgotten():
    now = 100.0
    pulse = LoopPulse(lambda: now)
    pulse.late(0.5)
    pulse.late(0.1)
    assert pulse.lag == 0.5
    now += WINDOW_SECONDS
    pulse.late(0.2)
    assert pulse.lag == 0.5
    now += WINDOW_SECONDS
    pulse.late(0.1)
    assert pulse.lag == 0.2
    now += 10 * WINDOW_SECONDS
    pulse.late(0.0)
    assert pulse.lag == 0.0


@dataclass
class Connection:
    """As much of a shard as is looked at."""

    is_connected: bool = True
    heartbeat_latency: float = 0.04
    session: ShardSession | None = None

    def speak(self, sequence: int) -> None:
        self.session = ShardSession("id", sequence, None, 1)


def look(watch: ShardWatch, shard: Connection | None, seconds: float):
    return watch.look(cast("ResumableShard | None", shard), 3, int(seconds * 1000), seconds)


def test_a_shard_says_how_it_is():
    shard = Connection()
    shard.speak(7)
    read = look(ShardWatch(), shard, 100.0)
    assert (read.id, read.connected, read.latency, read.away) == (3, True, 0.04, 0.0)
    assert read.last_event == 100_000


def test_a_shard_has_said_something_when_its_sequence_has_moved():
    watch, shard = ShardWatch(), Connection()
    assert look(watch, shard, 99.0).last_event is None
    shard.speak(7)
    look(watch, shard, 100.0)
    assert look(watch, shard, 150.0).last_event == 100_000
    shard.speak(8)
    assert look(watch, shard, 160.0).last_event == 160_000


def test_a_shard_is_away_since_it_was_seen_last():
    watch, shard = ShardWatch(), Connection()
    look(watch, shard, 100.0)
    shard.is_connected = False
    assert look(watch, shard, 104.0).away == 4.0
    assert look(watch, None, 110.0).away == 10.0
    shard.is_connected = True
    assert look(watch, shard, 111.0).away == 0.0


def test_a_latency_that_is_not_known_is_none():
    shard = Connection(heartbeat_latency=math.nan)
    assert look(ShardWatch(), shard, 1.0).latency is None
    # An old one says nothing about now.
    assert look(ShardWatch(), Connection(is_connected=False), 1.0).latency is None
