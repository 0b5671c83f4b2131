"""Which language is spoken to whom.

Who asks is answered in the language of their own Discord. What a whole guild sees (public
answers, panels, notices) is said in the one that it chose, else in its own locale at Discord.
"""

import asyncio
from collections.abc import Callable

import hikari
import structlog

from seraphim.discord.language.language import Language
from seraphim.discord.language.languages import Audience, Languages

LOOK_UP_SECONDS = 5.0

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Interpreter:
    """Finds the languages of answers.

    `chosen` says which language a guild has chosen, if it has. Discord tells the locale of a guild
    that arrives and with every interaction; after a restart that went on with the session before it
    does neither at first, and then it is asked for, once.
    """

    def __init__(
        self,
        bot: hikari.GatewayBot,
        languages: Languages,
        chosen: Callable[[int], str | None],
    ) -> None:
        self.languages = languages
        self._chosen = chosen
        self._rest = bot.rest
        self._locales: dict[int, str] = {}
        bot.subscribe(hikari.GuildAvailableEvent, self._on_guild)
        bot.subscribe(hikari.GuildJoinEvent, self._on_guild)
        bot.subscribe(hikari.GuildUpdateEvent, self._on_guild)
        bot.subscribe(hikari.GuildLeaveEvent, self._on_leave)

    def asker(self, interaction: hikari.PartialInteraction) -> Language:
        """Return the language of who asks."""
        return self.languages.of(str(interaction.locale))

    def audience(self, interaction: hikari.PartialInteraction) -> Audience:
        """Return the languages of the answer to an interaction."""
        asker = self.asker(interaction)
        if interaction.guild_id is None:
            return Audience(asker, asker)
        guild = int(interaction.guild_id)
        if interaction.guild_locale is not None:
            self._locales[guild] = str(interaction.guild_locale)
        return Audience(asker, self._spoken(guild))

    async def guild(self, guild: int) -> Language:
        """Return the language of what is said to a guild unasked."""
        if self._chosen(guild) is None and guild not in self._locales:
            await self._look_up(guild)
        return self._spoken(guild)

    def _spoken(self, guild: int) -> Language:
        return self.languages.of(self._chosen(guild) or self._locales.get(guild))

    async def _look_up(self, guild: int) -> None:
        try:
            async with asyncio.timeout(LOOK_UP_SECONDS):
                found = await self._rest.fetch_guild(guild)
        except (hikari.HTTPError, hikari.ComponentStateConflictError, TimeoutError) as error:
            # English is understood meanwhile.
            log.debug("interpreter.not_looked_up", guild=guild, error=type(error).__name__)
        else:
            self._locales[guild] = str(found.preferred_locale)

    async def _on_guild(
        self, event: hikari.GuildAvailableEvent | hikari.GuildJoinEvent | hikari.GuildUpdateEvent
    ) -> None:
        self._locales[int(event.guild_id)] = str(event.guild.preferred_locale)

    async def _on_leave(self, event: hikari.GuildLeaveEvent) -> None:
        self._locales.pop(int(event.guild_id), None)
