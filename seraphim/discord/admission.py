"""Whether interactions are taken, and how many are being answered.

hikari's listeners and arc's callbacks are tasks that belong to nobody: no task group could wait
for them at a stop. They are counted instead, from arrival to answer.
"""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager

from seraphim.discord.players import Players


class Admission:
    """The door: open while there is somebody inside to ask, and until it is closed."""

    def __init__(self, players: Players) -> None:
        self._players = players
        self._closed = False
        self._inside = 0
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def open(self) -> bool:
        """Whether interactions are taken. Closed, or with no intake up, they are turned away."""
        return not self._closed and self._players.taking_work

    @property
    def closed(self) -> bool:
        """Whether `close` was called last, and not `reopen`."""
        return self._closed

    @property
    def inside(self) -> int:
        """How many interactions are being answered."""
        return self._inside

    def reopen(self) -> None:
        """Take interactions again."""
        self._closed = False

    async def close(self) -> None:
        """Take none any more, and return when those under way are answered."""
        self._closed = True
        await self._empty.wait()

    def enter(self) -> None:
        """Count one more under way. An admitted command enters here and leaves in a hook."""
        self._inside += 1
        self._empty.clear()

    def leave(self) -> None:
        """Count one less; once for each `enter`."""
        self._inside -= 1
        if not self._inside:
            self._empty.set()

    @contextmanager
    def counted(self) -> Generator[None]:
        """Count one while the block runs."""
        self.enter()
        try:
            yield
        finally:
            self.leave()
