"""The board: the last view that each guild's player has shown.

The edge reads it at the instant an interaction arrives, before any await, so that a command names
the play it means; asking the player would find out too late. Panels read it when they start again.
"""

from collections.abc import Collection

from actors.guild.player.messages import PlayerView
from actors.guild.settings import GuildSettings

UNCHOSEN = GuildSettings()


class Board:
    """Views by guild id. Only the guild's player writes; anybody may read."""

    def __init__(self) -> None:
        self._views: dict[int, PlayerView] = {}
        self._settings: dict[int, GuildSettings] = {}

    def put(self, view: PlayerView) -> None:
        """Show `view` in place of the guild's last one."""
        self._views[view.guild] = view

    def remove(self, guild: int) -> None:
        """Forget the guild; one that is not there is no error."""
        self._views.pop(guild, None)

    def get(self, guild: int) -> PlayerView | None:
        """Return the guild's view, None where no player runs."""
        return self._views.get(guild)

    def views(self) -> Collection[PlayerView]:
        """Return the views of all guilds whose player runs."""
        return self._views.values()

    def settings(self, guild: int) -> GuildSettings:
        """Return what the guild has chosen, as far as it is known yet."""
        return self._settings.get(guild, UNCHOSEN)

    def choose(self, guild: int, settings: GuildSettings) -> None:
        """Show what the guild has chosen; by whoever has saved or read it."""
        if settings == UNCHOSEN:
            self._settings.pop(guild, None)
        else:
            self._settings[guild] = settings
