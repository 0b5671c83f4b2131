"""The instruments on the process and on what it is connected to.

Everything is read when somebody looks, and nothing is counted as it happens: a look a second costs
less than a listener for each event of the gateway. Only the event loop's lateness has to be watched
all the time, by a timer that is due four times a second.
"""

import asyncio
import math
import resource
import sys
import time
from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from actors.health.readings import AudioNode, Measured, Shard
from seraphim.discord.resumption import ResumableBot, ResumableShard
from seraphim.lavalink.nodes import Nodes

BEAT_SECONDS: Final = 0.25
WINDOW_SECONDS: Final = 15.0
_STATM: Final = Path("/proc/self/statm")
_PAGE: Final = resource.getpagesize()


def resident_bytes() -> int:
    """Return how much memory the process uses; where that is not known, the most it ever did."""
    try:
        return int(_STATM.read_bytes().split()[1]) * _PAGE
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


class LoopPulse:
    """How late the event loop is."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._worst = 0.0
        self._worst_before = 0.0
        self._window_ends = 0.0

    @property
    def lag(self) -> float:
        """By how many seconds it was late at worst, in the last 15 to 30 seconds."""
        return max(self._worst, self._worst_before)

    @contextmanager
    def beating(self) -> Generator[None]:
        """Watch the running loop while the block runs."""
        loop = asyncio.get_running_loop()

        def beat(due: float) -> None:
            nonlocal timer
            self.late(self._now() - due)
            timer = loop.call_later(BEAT_SECONDS, beat, self._now() + BEAT_SECONDS)

        timer = loop.call_later(BEAT_SECONDS, beat, self._now() + BEAT_SECONDS)
        try:
            yield
        finally:
            timer.cancel()

    def late(self, seconds: float) -> None:
        """Take note of one beat."""
        now = self._now()
        if now >= self._window_ends:
            quiet = now >= self._window_ends + WINDOW_SECONDS
            self._worst_before = 0.0 if quiet else self._worst
            self._worst = 0.0
            self._window_ends = now + WINDOW_SECONDS
        self._worst = max(self._worst, seconds)


class ShardWatch:
    """What a shard does not tell: since when it has been away, and when it said something last."""

    def __init__(self) -> None:
        self._sequence: int | None = None
        self._spoke: int | None = None
        self._here = 0.0

    def look(self, shard: ResumableShard | None, id: int, now_ms: int, now: float) -> Shard:
        """Return how the shard is; None is one that is not there any more."""
        connected = shard is not None and shard.is_connected
        if connected or not self._here:
            self._here = now
        session = None if shard is None else shard.session
        if session is not None and session.sequence != self._sequence:
            self._sequence = session.sequence
            self._spoke = now_ms
        latency = math.nan if shard is None else shard.heartbeat_latency
        return Shard(
            id=id,
            connected=connected,
            latency=None if math.isnan(latency) or not connected else latency,
            last_event=self._spoke,
            away=0.0 if connected else now - self._here,
        )


class Vitals:
    """Implements `Instruments`. `passed_over` are the sources that fail for many now."""

    def __init__(
        self,
        bot: ResumableBot,
        nodes: Nodes,
        pulse: LoopPulse,
        passed_over: Callable[[], Collection[str]],
        *,
        now: Callable[[], int],
    ) -> None:
        self._bot = bot
        self._nodes = nodes
        self._pulse = pulse
        self._passed_over = passed_over
        self._now = now
        self._watches: dict[int, ShardWatch] = {}

    def read(self) -> Measured:
        """Return what they show now; see `Instruments`."""
        return Measured(
            shards=self._shards(),
            nodes=tuple(
                AudioNode(name, state, stats.players, stats.playing)
                for name, state, stats in self._nodes.survey()
            ),
            passed_over=frozenset(self._passed_over()),
            loop_lag=self._pulse.lag,
            rss=resident_bytes(),
            guilds=len(self._bot.cache.get_guilds_view()),
        )

    def _shards(self) -> tuple[Shard, ...]:
        now_ms, now = self._now(), time.monotonic()
        there = {
            id: shard for id, shard in self._bot.shards.items() if isinstance(shard, ResumableShard)
        }
        for id in there:
            self._watches.setdefault(id, ShardWatch())
        return tuple(
            watch.look(there.get(id), id, now_ms, now)
            for id, watch in sorted(self._watches.items())
        )
