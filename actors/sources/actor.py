"""The actor that hears from all guilds how their sources do, and says which to pass over.

An actor, and not a value that players share: what it knows is bounded, what goes wrong with it is
seen and mended, and no player can be held up by it.
"""

from collections.abc import Callable

import structlog

from actors.runtime import Actor
from actors.sources.board import SourceBoard
from actors.sources.breaker import Breaker
from actors.sources.messages import SourcesMessage

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class SourcesActor(Actor[SourcesMessage]):
    """Writes the board. After a crash it begins with what it knew."""

    def __init__(self, board: SourceBoard, now: Callable[[], int]) -> None:
        self._board = board
        self._now = now
        self._breaker = Breaker()

    async def on_start(self) -> None:
        """Begin with what is known."""
        if isinstance(self.context.kept, Breaker):
            self._breaker = self.context.kept

    async def receive(self, message: SourcesMessage) -> None:
        """Hear one guild."""
        now, source = self._now(), message.source
        before = self._breaker.until(source)
        self._breaker = self._breaker.heard(message.guild, source, worked=message.worked, now=now)
        self.context.keep(self._breaker)
        until = self._breaker.until(source)
        if until != before:
            self._board.put(source, until)
            log.warning("source.degraded", source=source, seconds=(until - now) // 1000)
