"""What a panel needs of the world."""

from typing import Protocol

from actors.guild.panel.messages import Notice
from actors.guild.player.messages import PlayerView


class PanelGone(Exception):
    """The message or its channel is no longer there, or may not be written to."""


class Announcer(Protocol):
    """The text channel, as far as a panel and a player need it."""

    async def post(self, channel: int, view: PlayerView) -> int:
        """Post a panel and return its message's id. Raises `PanelGone`."""
        ...

    async def edit(self, channel: int, message: int, view: PlayerView) -> None:
        """Show another view in a panel that was posted. Raises `PanelGone`."""
        ...

    async def delete(self, channel: int, message: int) -> None:
        """Take a panel away; one that is gone already is no error."""
        ...

    async def say(self, guild: int, channel: int, notice: Notice) -> None:
        """Tell a channel of the guild something once.

        A channel that cannot be written to is no error.
        """
        ...
