"""Which panels are out of sight: so much was written behind them.

Only channels that hold a panel are looked at, by their number; nothing that is written is read or
kept, and a panel hears of it once.
"""

from collections.abc import Callable
from dataclasses import dataclass

import hikari

from actors.guild.names import panel_name
from actors.guild.panel.messages import ScrolledAway
from actors.runtime import MailboxFull, Registry

OUT_OF_SIGHT = 8
"""How many messages fill the screen of a phone."""


@dataclass(slots=True)
class _Panel:
    guild: int
    message: int
    written: int = 0
    """How many messages stand behind it."""
    told: bool = False


class Scrolling:
    """Counts what is written behind panels."""

    def __init__(self, bot: hikari.GatewayBot, registry: Callable[[], Registry]) -> None:
        self._registry = registry
        self._panels: dict[int, _Panel] = {}
        bot.subscribe(hikari.GuildMessageCreateEvent, self._on_message)

    def watch(self, guild: int, channel: int, message: int) -> None:
        """Count from here on what is written behind `message`, the guild's panel in `channel`."""
        known = self._panels.get(channel)
        if known is None or known.message != message:
            self._panels[channel] = _Panel(guild, message)

    def forget(self, channel: int, message: int) -> None:
        """The message is no panel any more."""
        known = self._panels.get(channel)
        if known is not None and known.message == message:
            del self._panels[channel]

    async def _on_message(self, event: hikari.GuildMessageCreateEvent) -> None:
        panel = self._panels.get(int(event.channel_id))
        if panel is None or panel.told or event.message_id <= panel.message:
            return
        panel.written += 1
        if panel.written < OUT_OF_SIGHT:
            return
        actor = self._registry().whereis(panel_name(panel.guild))
        if actor is None:
            return
        try:
            actor.tell_nowait(ScrolledAway(panel.message))
        except MailboxFull:
            # The next message says it again.
            return
        panel.told = True
