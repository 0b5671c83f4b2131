"""A store with a storage in memory, which is there, away or slow, as a test says."""

from collections.abc import AsyncIterator, Iterator, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import pytest
import structlog

from actors.guild.player.state import Current, PlayerState
from actors.guild.player.track import Entry, Track
from actors.guild.settings import GuildSettings
from actors.runtime import ActorRef, ChildSpec, SupervisorSpec, System
from actors.runtime.testing import VirtualClock
from actors.store.actor import StoreActor
from actors.store.messages import STORE, StoreMessage
from actors.store.ports import Batch, Damaged, StorageFailed, Stored

PATH = "/root/store"


def track(title: str, length_ms: int | None = 200_000) -> Entry:
    return Entry(Track(title, title, title, "somebody", length_ms, True, "library"), requester=7)


def guild(id: int, *titles: str, home: int | None = 5) -> PlayerState:
    """A guild's state with these titles in its queue."""
    return PlayerState(id, "run", 50, home=home, queue=tuple(track(title) for title in titles))


def playing(id: int, at_ms: int, *, position_ms: int = 0, running: bool = True) -> PlayerState:
    current = Current("run.1", track("aurora"), position_ms, at_ms, running=running)
    return PlayerState(id, "run", 50, home=5, current=current)


@dataclass
class Memory:
    """A storage: what is committed to it stays, whoever used it before."""

    stored: dict[int, Stored | Damaged] = field(default_factory=dict[int, Stored | Damaged])
    notes: dict[str, str] = field(default_factory=dict[str, str])
    aside: list[tuple[int, PlayerState | Damaged, str]] = field(default_factory=list[Any])
    chosen: dict[int, GuildSettings | Damaged] = field(default_factory=dict[int, Any])
    favoured: dict[int, list[Track | Damaged]] = field(default_factory=dict[int, list[Any]])
    batches: list[Batch] = field(default_factory=list[Batch])
    away: str | None = None
    """Why every call fails."""
    unreadable: str | None = None
    """Why no snapshot can be read."""
    hangs: anyio.Event | None = None
    """What every call waits for."""
    attempts: int = 0
    closed: int = 0
    at_once: int = 0
    most_at_once: int = 0

    @asynccontextmanager
    async def _call(self) -> AsyncIterator[None]:
        if self.hangs is not None:
            # A thread is not to be interrupted.
            with anyio.CancelScope(shield=True):
                await self.hangs.wait()
        if self.away is not None:
            raise StorageFailed(self.away)
        yield

    async def open(self) -> None:
        async with self._call():
            pass

    async def write(self, batch: Batch) -> None:
        self.attempts += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            async with self._call():
                self._commit(batch)
        finally:
            self.at_once -= 1

    def _commit(self, batch: Batch) -> None:
        self.batches.append(batch)
        for change in batch.changes:
            if change.aside is not None:
                old = self.stored.pop(change.guild, None)
                if old is not None:
                    content = old.state if isinstance(old, Stored) else old
                    self.aside.append((change.guild, content, change.aside))
                if change.discarded is not None:
                    self.aside.append((change.guild, change.discarded, change.aside))
            if change.state is not None:
                self.stored[change.guild] = Stored(change.state, None)
        for key, value in batch.notes.items():
            self.notes.pop(key, None)
            if value is not None:
                self.notes[key] = value

    async def snapshot(self, guild: int) -> Stored | Damaged | None:
        async with self._call():
            if self.unreadable is not None:
                raise StorageFailed(self.unreadable)
            return self.stored.get(guild)

    async def active(self) -> frozenset[int]:
        async with self._call():
            states = (each.state for each in self.stored.values() if isinstance(each, Stored))
            return frozenset(state.guild for state in states if state.home is not None)

    async def note(self, key: str) -> str | None:
        async with self._call():
            return self.notes.get(key)

    async def settings(self) -> dict[int, GuildSettings | Damaged]:
        async with self._call():
            return dict(self.chosen)

    async def keep_settings(self, guild: int, settings: GuildSettings) -> None:
        async with self._call():
            self.chosen[guild] = settings

    async def favourites(self, user: int) -> list[Track | Damaged]:
        async with self._call():
            return list(self.favoured.get(user, ()))

    async def add_favourite(self, user: int, track: Track, *, most: int) -> bool | None:
        async with self._call():
            theirs = self.favoured.setdefault(user, [])
            if track in theirs:
                return False
            if len(theirs) >= most:
                return None
            theirs.insert(0, track)
            return True

    async def remove_favourite(self, user: int, track: str) -> bool:
        async with self._call():
            theirs = self.favoured.get(user, [])
            left = [each for each in theirs if isinstance(each, Damaged) or each.name != track]
            self.favoured[user] = left
            return len(left) < len(theirs)

    async def close(self) -> None:
        self.closed += 1

    def state(self, guild: int) -> PlayerState | None:
        stored = self.stored.get(guild)
        return stored.state if isinstance(stored, Stored) else None


class House:
    """A store under a supervisor, and the time in one's hands."""

    def __init__(self, log: list[MutableMapping[str, Any]]) -> None:
        self.clock = VirtualClock()
        self.memory = Memory()
        self.log = log
        self.system: System
        self.store: ActorRef[StoreMessage]

    def now(self) -> int:
        """Milliseconds since an epoch that began a while ago."""
        return 1_000_000 + round(self.clock.now() * 1000)

    def events(self, *names: str) -> list[MutableMapping[str, Any]]:
        return [line for line in self.log if line["event"] in names]

    @asynccontextmanager
    async def running(self) -> AsyncIterator["House"]:
        spec = ChildSpec(
            id="store", start=lambda: StoreActor(self.memory, self.now), shutdown=5.0, name=STORE
        )
        root = SupervisorSpec("root", (spec,), intensity=100, period=1.0)
        self.system = System(root, clock=self.clock)
        async with self.system:
            store = self.system.registry.whereis(STORE)
            assert store is not None
            self.store = store
            yield self


@pytest.fixture
def stopped() -> Iterator[House]:
    """A house whose store does not run yet."""
    with structlog.testing.capture_logs() as log:
        yield House(log)


@pytest.fixture
async def house(stopped: House, anyio_backend: object) -> AsyncIterator[House]:
    async with stopped.running():
        yield stopped
