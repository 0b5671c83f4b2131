"""What the store needs of the world: a place that keeps what it is given.

Every call may be cancelled; one that had begun to write may have written all of it then, or
nothing. None is retried here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from actors.guild.player.state import PlayerState
from actors.guild.player.track import Track
from actors.guild.settings import GuildSettings


class StorageFailed(Exception):
    """The storage cannot be read or written now. What it says is fit for the log: no content."""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a guild's snapshot since it was last written, in this order.

    If there is a reason `aside`, what is stored is put aside with it, and so is `discarded`, which
    was never stored. Then `state` is stored, if there is one.
    """

    guild: int
    state: PlayerState | None = field(default=None, repr=False)
    aside: str | None = None
    discarded: PlayerState | None = field(default=None, repr=False)

    def then(self, newer: "Change") -> "Change":
        """Return this change and the `newer` one as one."""
        if newer.aside is None:
            return replace(self, state=newer.state)
        return replace(newer, discarded=newer.discarded or self.state or self.discarded)


@dataclass(frozen=True, slots=True)
class Batch:
    """All that is to be written at once, or not at all.

    A note of None is deleted. `alive_at` is when this process was last known to live, in
    milliseconds since the epoch.
    """

    changes: tuple[Change, ...]
    notes: Mapping[str, str | None] = field(repr=False)
    alive_at: int


@dataclass(frozen=True, slots=True)
class Stored:
    """A snapshot as it was saved; `ended_at` is when the process that saved it was last alive.

    None: that is this process.
    """

    state: PlayerState = field(repr=False)
    ended_at: int | None


@dataclass(frozen=True, slots=True)
class Damaged:
    """Something stored that cannot be understood; `error` says why without its content."""

    error: str


class Storage(Protocol):
    """A database, or something like it. Every call but `close` raises `StorageFailed`."""

    async def open(self) -> None:
        """Make ready what takes time; it need not be called, and may be called again."""
        ...

    async def write(self, batch: Batch) -> None:
        """Write all of `batch`. When this returns it outlives the process."""
        ...

    async def snapshot(self, guild: int) -> Stored | Damaged | None:
        """Return what is stored of the guild."""
        ...

    async def active(self) -> frozenset[int]:
        """Return the guilds whose snapshots have a `home`."""
        ...

    async def note(self, key: str) -> str | None:
        """Return the note of that key."""
        ...

    async def settings(self) -> Mapping[int, GuildSettings | Damaged]:
        """Return what each guild that has chosen something has chosen."""
        ...

    async def keep_settings(self, guild: int, settings: GuildSettings) -> None:
        """Keep what the guild has chosen. When this returns it outlives the process."""
        ...

    async def favourites(self, user: int) -> Sequence[Track | Damaged]:
        """Return the user's favourites, the newest first."""
        ...

    async def add_favourite(self, user: int, track: Track, *, most: int) -> bool | None:
        """Keep a favourite unless it is one, or there are `most`; as `keep_settings`.

        Return whether it was added, None where there is no room.
        """
        ...

    async def remove_favourite(self, user: int, track: str) -> bool:
        """Forget the favourite of that name, and return whether it was one; as `keep_settings`."""
        ...

    async def close(self) -> None:
        """Let go of it; any other call opens it again."""
        ...
