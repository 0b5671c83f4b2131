"""From the node's websocket into mailboxes: one dictionary lookup by guild, one message.

A player whose mailbox is full must not lose the end of a track: it would stand still for ever. So
what finds no room waits outside, in order, for that guild alone; positions do not wait, for the
next one says more.
"""

import asyncio
from collections import deque
from collections.abc import Callable

import structlog

from actors.guild.names import player_name
from actors.guild.player.messages import PlayerMessage, PositionReported
from actors.runtime import ActorRef, MailboxFull, Registry
from seraphim.lavalink.events import ForPlayer, PlayerEvent

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

LONGEST_LINE = 256
"""What may wait for one guild; beyond that its player is lost in any case."""


class Routing:
    """Tells players what the nodes say of them.

    The registry comes as a function, since the tree that it belongs to is built around the nodes.
    """

    def __init__(self, registry: Callable[[], Registry]) -> None:
        self._registry = registry
        self._lines: dict[int, deque[PlayerEvent]] = {}
        self._carrying: set[asyncio.Task[None]] = set()

    def deliver(self, event: ForPlayer) -> None:
        """Tell the guild's player; where none runs, nobody needs to know."""
        line = self._lines.get(event.guild)
        if line is None:
            player = self._player(event.guild)
            if player is None:
                return
            try:
                player.tell_nowait(event.message)
            except MailboxFull:
                self._line_up(event)
        elif not isinstance(event.message, PositionReported):
            if len(line) < LONGEST_LINE:
                line.append(event.message)
            else:
                lost = type(event.message).__name__
                log.error("player.event_lost", guild=event.guild, lost=lost)

    def _player(self, guild: int) -> ActorRef[PlayerMessage] | None:
        return self._registry().whereis(player_name(guild))

    def _line_up(self, event: ForPlayer) -> None:
        if isinstance(event.message, PositionReported):
            return
        log.warning("player.busy", guild=event.guild)
        line = self._lines[event.guild] = deque((event.message,))
        carrying = asyncio.create_task(self._carry(event.guild, line), name="player-events")
        self._carrying.add(carrying)
        carrying.add_done_callback(self._carrying.discard)

    async def _carry(self, guild: int, line: deque[PlayerEvent]) -> None:
        """Bring what waits to the guild's player, as long as there is one."""
        try:
            while line:
                player = self._player(guild)
                if player is None:
                    return
                await player.tell(line[0])
                line.popleft()
        finally:
            del self._lines[guild]
