"""From the node's websocket into mailboxes: one dictionary lookup by guild, one message."""

import structlog

from actors.guild.names import player_name
from actors.runtime import MailboxFull, Registry
from seraphim.lavalink.events import ForPlayer

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def route(registry: Registry, event: ForPlayer) -> None:
    """Tell the guild's player; where none runs, nobody needs to know."""
    player = registry.whereis(player_name(event.guild))
    if player is None:
        return
    try:
        player.tell_nowait(event.message)
    except MailboxFull:
        lost = type(event.message).__name__
        log.error("player.mailbox_full", guild=event.guild, actor=player.path, lost=lost)
