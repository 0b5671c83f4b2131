"""What is kept for guilds and people: what a guild has chosen, and somebody's favourites."""

from collections.abc import Callable
from typing import TypeVar

from actors.guild.player.track import Track
from actors.guild.settings import GuildSettings
from actors.preferences.messages import PREFERENCES, Change, Choose, NotKept
from actors.runtime import ActorCrashed, ActorStopped, AskTimeout, Name, Registry
from actors.runtime.ask import Asking
from actors.store.messages import (
    STORE,
    AddFavourite,
    Favoured,
    FavouritesOf,
    RemoveFavourite,
    Unread,
    Unwritten,
)

M = TypeVar("M")
R = TypeVar("R")

ANSWER_SECONDS = 8.0


class Unkept(Exception):
    """It can neither be read nor written now; what is kept is as it was."""


class Shelf:
    """Asks whoever keeps it. Every method raises `Unkept`."""

    def __init__(self, registry: Callable[[], Registry]) -> None:
        self._registry = registry

    async def choose(self, guild: int, change: Change) -> GuildSettings:
        """Change what the guild has chosen, and return what holds now: it is written."""
        chosen = await self._ask(PREFERENCES, Choose(guild, change))
        if isinstance(chosen, NotKept):
            raise Unkept
        return chosen

    async def favourites(self, user: int, *, within: float = ANSWER_SECONDS) -> tuple[Track, ...]:
        """Return the user's favourites, the newest first; wait for them `within` seconds."""
        found = await self._ask(STORE, FavouritesOf(user), within)
        if isinstance(found, Unread):
            raise Unkept
        return found

    async def favour(self, user: int, track: Track) -> Favoured:
        """Make the track one of the user's favourites."""
        favoured = await self._ask(STORE, AddFavourite(user, track))
        if isinstance(favoured, Unwritten):
            raise Unkept
        return favoured

    async def unfavour(self, user: int, track: str) -> bool:
        """Let the track of that name be no favourite; return whether it was."""
        removed = await self._ask(STORE, RemoveFavourite(user, track))
        if isinstance(removed, Unwritten):
            raise Unkept
        return removed

    async def _ask(
        self, keeper: Name[M], message: Asking[M, R], within: float = ANSWER_SECONDS
    ) -> R:
        ref = self._registry().whereis(keeper)
        if ref is None:
            raise Unkept
        try:
            return await ref.ask(message, timeout=within)
        except (AskTimeout, ActorCrashed, ActorStopped) as error:
            raise Unkept from error
