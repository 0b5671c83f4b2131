"""The announcer: what a guild is told in its text channel, by REST."""

import hikari
import structlog

from actors.guild.panel.messages import Notice
from actors.guild.panel.ports import PanelGone
from actors.guild.player.messages import PlayerView
from seraphim.discord.interpreter import Interpreter
from seraphim.discord.presenters.card import Card
from seraphim.discord.presenters.notices import notice as notice_card
from seraphim.discord.presenters.panel import panel
from seraphim.discord.scrolling import Scrolling

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class RestAnnouncer:
    """Implements the port `Announcer`.

    A message or channel that is not there, or not ours to write to, is `PanelGone`; every other
    failure of Discord's REST is raised as hikari raises it, after its own retries, but by `say`.
    """

    def __init__(
        self, rest: hikari.api.RESTClient, interpreter: Interpreter, scrolling: Scrolling
    ) -> None:
        self._rest = rest
        self._interpreter = interpreter
        self._scrolling = scrolling

    async def post(self, channel: int, view: PlayerView) -> int:
        """Post a panel and return its message's id. Raises `PanelGone`."""
        say = await self._interpreter.guild(view.guild)
        message = await self._create(channel, panel(view, say))
        self._scrolling.watch(view.guild, channel, message)
        return message

    async def edit(self, channel: int, message: int, view: PlayerView) -> None:
        """Show another view in a panel that was posted. Raises `PanelGone`."""
        say = await self._interpreter.guild(view.guild)
        await self.show(channel, message, panel(view, say))
        self._scrolling.watch(view.guild, channel, message)

    async def show(self, channel: int, message: int, card: Card) -> None:
        """Show a card in place of whatever the message shows. Raises `PanelGone`."""
        try:
            await self._rest.edit_message(
                channel,
                message,
                embed=card.embed,
                components=card.rows,
                mentions_everyone=False,
                user_mentions=False,
                role_mentions=False,
            )
        except (hikari.NotFoundError, hikari.ForbiddenError) as error:
            raise PanelGone from error

    async def delete(self, channel: int, message: int) -> None:
        """Take a panel away; one that is gone already is no error."""
        self._scrolling.forget(channel, message)
        try:
            await self._rest.delete_message(channel, message)
        except (hikari.NotFoundError, hikari.ForbiddenError):
            return

    async def say(self, guild: int, channel: int, notice: Notice) -> None:
        """Tell the channel something once; where that cannot be done is no error.

        What is told is worth a line in a channel, not a crash of whoever tells it.
        """
        say = await self._interpreter.guild(guild)
        try:
            await self._create(channel, notice_card(notice, say))
        except PanelGone:
            return
        except hikari.HTTPError as error:
            log.warning("announcer.unheard", channel=channel, error=type(error).__name__)

    async def _create(self, channel: int, card: Card) -> int:
        try:
            message = await self._rest.create_message(
                channel,
                embed=card.embed,
                components=card.rows,
                mentions_everyone=False,
                user_mentions=False,
                role_mentions=False,
            )
        except (hikari.NotFoundError, hikari.ForbiddenError) as error:
            raise PanelGone from error
        return int(message.id)
