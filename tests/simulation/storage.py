"""A database that outlives processes, and is now and then away.

It keeps what it was given; a process of its own that reads it gets what Seraphim's own codec makes
of that, so that nothing survives here that would not survive there.
"""

import asyncio
import math
from random import Random

from actors.guild.player.state import PlayerState
from actors.guild.player.track import Track
from actors.guild.settings import GuildSettings
from actors.store.ports import Batch, Damaged, StorageFailed, Stored
from seraphim.storage.snapshot import decode, encode

SECONDS = (0.001, 0.02)


class Disk:
    """What is stored. It is there whether processes are or not."""

    def __init__(self, loop: asyncio.AbstractEventLoop, chance: Random) -> None:
        self.loop = loop
        self.chance = chance
        self.snapshots: dict[int, tuple[PlayerState, int]] = {}
        self.aside: list[tuple[int, PlayerState | None, str]] = []
        self.notes: dict[str, str] = {}
        self.settings: dict[int, GuildSettings] = {}
        self.favourites: dict[int, dict[str, Track]] = {}
        self.alive: dict[int, int] = {}
        self.damaged: set[int] = set()
        self.failing = False
        self.outages: list[tuple[float, float]] = []
        """When it was away, from and until; the last may go on."""
        self._answers = asyncio.Event()
        self._answers.set()

    @property
    def well(self) -> bool:
        return self._answers.is_set() and not self.failing

    def fail(self) -> None:
        """Answer everybody with an error."""
        self.failing = True
        self.outages.append((self.loop.time(), math.inf))

    def hang(self) -> None:
        """Answer nobody."""
        self._answers.clear()
        self.outages.append((self.loop.time(), math.inf))

    def recover(self) -> None:
        """Work again, and answer whoever waited."""
        if self.well:
            return
        self.failing = False
        self._answers.set()
        self.outages[-1] = self.outages[-1][0], self.loop.time()

    def was_away(self, since: float, until: float) -> bool:
        """Return whether it was, at any time between the two."""
        return any(begin < until and end > since for begin, end in self.outages)

    async def answers(self) -> None:
        """Return as soon as it does not hang."""
        await self._answers.wait()


class Database:
    """Implements `Storage` for the process number `life`."""

    def __init__(self, disk: Disk, life: int) -> None:
        self._disk = disk
        self._life = life
        self._one_at_a_time = asyncio.Lock()

    async def open(self) -> None:
        await self._transact()

    async def write(self, batch: Batch) -> None:
        await self._transact()
        disk = self._disk
        for change in batch.changes:
            guild = change.guild
            if change.aside is not None:
                stored = disk.snapshots.pop(guild, None)
                disk.aside.append((guild, stored[0] if stored else None, change.aside))
                if change.discarded is not None:
                    disk.aside.append((guild, change.discarded, change.aside))
                disk.damaged.discard(guild)
            if change.state is not None:
                disk.snapshots[guild] = change.state, self._life
                disk.damaged.discard(guild)
        for key, value in batch.notes.items():
            if value is None:
                disk.notes.pop(key, None)
            else:
                disk.notes[key] = value
        disk.alive[self._life] = batch.alive_at

    async def snapshot(self, guild: int) -> Stored | Damaged | None:
        await self._transact()
        disk = self._disk
        if guild in disk.damaged:
            return Damaged("it is no JSON")
        found = disk.snapshots.get(guild)
        if found is None:
            return None
        state, life = found
        if life == self._life:
            return Stored(state, None)
        return Stored(decode(encode(state)), disk.alive.get(life, 0))

    async def active(self) -> frozenset[int]:
        await self._transact()
        snapshots = self._disk.snapshots
        return frozenset(guild for guild, (state, _) in snapshots.items() if state.home is not None)

    async def note(self, key: str) -> str | None:
        await self._transact()
        return self._disk.notes.get(key)

    async def settings(self) -> dict[int, GuildSettings | Damaged]:
        await self._transact()
        return dict(self._disk.settings)

    async def keep_settings(self, guild: int, settings: GuildSettings) -> None:
        await self._transact()
        self._disk.settings[guild] = settings

    async def favourites(self, user: int) -> list[Track | Damaged]:
        await self._transact()
        return list(reversed(self._disk.favourites.get(user, {}).values()))

    async def add_favourite(self, user: int, track: Track, *, most: int) -> bool | None:
        await self._transact()
        theirs = self._disk.favourites.setdefault(user, {})
        if track.name in theirs:
            return False
        if len(theirs) >= most:
            return None
        theirs[track.name] = track
        return True

    async def remove_favourite(self, user: int, track: str) -> bool:
        await self._transact()
        return self._disk.favourites.get(user, {}).pop(track, None) is not None

    async def close(self) -> None:
        return

    async def _transact(self) -> None:
        """Take the time of a transaction; from its end on, all of it is done."""
        disk = self._disk
        async with self._one_at_a_time:
            await asyncio.sleep(disk.chance.uniform(*SECONDS))
            await disk.answers()
            if disk.failing:
                raise StorageFailed("OperationalError: database is locked")
