"""Who is in which voice channel, by what the gateway has said.

hikari's own cache of voice states keeps ghosts: a guild that comes back without anybody in voice
leaves those who were there before. It also changes before its events are delivered. This one
changes in the listeners themselves, none of which awaits, so it is always in step with what they
tell the players.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A user's voice state. `session` opens voice connections and is kept out of logs."""

    user: int
    channel: int
    session: str

    def __repr__(self) -> str:
        return f"Place(user={self.user}, channel={self.channel})"


class Whereabouts:
    """Voice states by guild and user."""

    def __init__(self) -> None:
        self._guilds: dict[int, dict[int, Place]] = {}

    def arrive(self, guild: int, places: Iterable[Place]) -> None:
        """Take the guild's voice states as a whole: nobody else is in voice there."""
        known = {place.user: place for place in places}
        if known:
            self._guilds[guild] = known
        else:
            self._guilds.pop(guild, None)

    def move(self, guild: int, place: Place) -> None:
        """Take one user's new voice state."""
        self._guilds.setdefault(guild, {})[place.user] = place

    def leave(self, guild: int, user: int) -> None:
        """Forget a user who left voice."""
        known = self._guilds.get(guild)
        if known is not None:
            known.pop(user, None)
            if not known:
                del self._guilds[guild]

    def forget(self, guild: int) -> None:
        """Forget a guild."""
        self._guilds.pop(guild, None)

    def place(self, guild: int, user: int) -> Place | None:
        """Return the user's voice state in the guild, None when they are in no channel."""
        return self._guilds.get(guild, {}).get(user)

    def channel(self, guild: int, user: int) -> int | None:
        """Return the voice channel that the user is in."""
        place = self.place(guild, user)
        return place.channel if place else None

    def crowd(self, guild: int, channel: int) -> int:
        """Return how many are in the channel."""
        return sum(place.channel == channel for place in self._guilds.get(guild, {}).values())
