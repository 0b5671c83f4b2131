"""What a node says about itself: players, memory, load, and frames that were due.

Lavalink's figures for memory are its heap's; here they are the process's resident memory, of the
machine's. `frameStats` is the average player's last minute, told once one has played all of it.
"""

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from seraphim.audio_node.payloads import JsonObject
from seraphim.audio_node.player import FrameCount, Player
from seraphim.voice import FRAMES_PER_SECOND

MINUTE: Final = 60
FRAMES_PER_MINUTE: Final = MINUTE * FRAMES_PER_SECOND
STATM: Final = Path("/proc/self/statm")


class Statistics:
    """A node's figures since it was started."""

    def __init__(self, players: "Callable[[], Iterable[Player]]") -> None:
        self._players = players
        self._started = time.monotonic()
        self._cpu_at = (self._started, time.process_time())
        self._load = 0.0

    def of(self, players: Iterable[Player]) -> JsonObject:
        """Return the figures a session is told, once a minute; counting frames begins anew."""
        return {"frameStats": self._frames(players), **self.now()}

    def now(self) -> JsonObject:
        """Return the figures of the moment."""
        all_players = tuple(self._players())
        cores = os.cpu_count() or 1
        used = _resident_bytes()
        return {
            "players": len(all_players),
            "playingPlayers": sum(player.is_playing for player in all_players),
            "uptime": round((time.monotonic() - self._started) * 1000),
            "memory": {
                "free": 0,
                "used": used,
                "allocated": used,
                "reservable": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
            },
            "cpu": {
                "cores": cores,
                "systemLoad": min(1.0, os.getloadavg()[0] / cores),
                "lavalinkLoad": min(1.0, self._own_load() / cores),
            },
        }

    def _own_load(self) -> float:
        """Seconds of CPU per second since it was last asked, looked at once a second at most."""
        (before, cpu_before), now, cpu = self._cpu_at, time.monotonic(), time.process_time()
        if now - before >= 1:
            self._load = (cpu - cpu_before) / (now - before)
            self._cpu_at = (now, cpu)
        return self._load

    def _frames(self, players: Iterable[Player]) -> JsonObject | None:
        now = time.monotonic()
        counts: list[FrameCount] = []
        for player in players:
            count = player.frames
            player.frames = FrameCount(count.since)
            if count.since is not None and now - count.since >= MINUTE:
                counts.append(count)
        if not counts:
            return None
        sent = sum(count.sent for count in counts) // len(counts)
        nulled = sum(count.nulled for count in counts) // len(counts)
        return {"sent": sent, "nulled": nulled, "deficit": FRAMES_PER_MINUTE - sent - nulled}


def _resident_bytes() -> int:
    if not STATM.exists():
        return 0
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
