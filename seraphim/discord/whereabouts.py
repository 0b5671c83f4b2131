"""Who is in which voice channel, by what the gateway has said.

hikari's own cache of voice states keeps ghosts: a guild that comes back without anybody in voice
leaves those who were there before. It also changes before its events are delivered. This one
changes in the listeners themselves, none of which awaits, so it is always in step with what they
tell the players.

A guild that has arrived is known as a whole. Where a session goes on from a process before, guilds
do not arrive again: of such a guild only those are known who have moved since, or were looked up.
Whoever leaves there is unknown again, so that this does not grow with everybody who ever came by;
only we ourselves are remembered to be gone. A process that hands over says who was where, and then
all people are known from the start.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import hikari


@dataclass(frozen=True, slots=True)
class Place:
    """A user's voice state. `session` opens voice connections and is kept out of logs.

    `human` unless Discord says that the user is a bot.
    """

    user: int
    channel: int
    session: str
    muted: bool = False
    suppressed: bool = False
    human: bool = True

    @classmethod
    def read(cls, state: hikari.VoiceState) -> "Place | None":
        """Return what Discord says, None where it says that the user is in no channel."""
        if state.channel_id is None:
            return None
        return cls(
            int(state.user_id),
            int(state.channel_id),
            state.session_id,
            muted=state.is_guild_muted,
            suppressed=state.is_suppressed,
            human=state.member is None or not state.member.is_bot,
        )

    def __repr__(self) -> str:
        return f"Place(user={self.user}, channel={self.channel})"


class Whereabouts:
    """Voice states by guild and user; `me` is the bot itself."""

    def __init__(self, me: int) -> None:
        self._me = me
        self._guilds: dict[int, dict[int, Place]] = {}
        self._whole: set[int] = set()
        self._counted: set[int] = set()
        self._gone: set[int] = set()
        self._seats: set[int] = set()
        self._asked: set[tuple[int, int]] = set()

    def arrive(self, guild: int, places: Iterable[Place]) -> None:
        """Take the guild's voice states as a whole: nobody else is in voice there."""
        known = {place.user: place for place in places}
        if known:
            self._guilds[guild] = known
        else:
            self._guilds.pop(guild, None)
        self._whole.add(guild)
        self._counted.discard(guild)
        self._gone.discard(guild)
        self._asked = {asked for asked in self._asked if asked[0] != guild}
        if self._me in known:
            self._seats.add(guild)
        else:
            self._seats.discard(guild)

    def move(self, guild: int, place: Place) -> None:
        """Take one user's new voice state."""
        self._asked.discard((guild, place.user))
        self._guilds.setdefault(guild, {})[place.user] = place
        if place.user == self._me:
            self._gone.discard(guild)
            self._seats.add(guild)

    def leave(self, guild: int, user: int) -> None:
        """Take a user out of voice."""
        self._asked.discard((guild, user))
        known = self._guilds.get(guild)
        if known is not None:
            known.pop(user, None)
            if not known:
                del self._guilds[guild]
        if user == self._me:
            self._seats.discard(guild)
            if guild not in self._whole:
                self._gone.add(guild)

    def knows(self, guild: int, user: int) -> bool:
        """Return whether it is known where the user is, or that they are nowhere."""
        return (
            guild in self._whole
            or user in self._guilds.get(guild, ())
            or (user == self._me and guild in self._gone)
        )

    def place(self, guild: int, user: int) -> Place | None:
        """Return the user's voice state in the guild, None when they are in no known channel."""
        return self._guilds.get(guild, {}).get(user)

    def channel(self, guild: int, user: int) -> int | None:
        """Return the voice channel that the user is known to be in."""
        place = self.place(guild, user)
        return place.channel if place else None

    def crowd(self, guild: int, channel: int) -> int:
        """Return how many are known to be in the channel."""
        return sum(place.channel == channel for place in self._guilds.get(guild, {}).values())

    def listeners(self, guild: int) -> frozenset[int] | None:
        """Return the people in our voice channel; None: we are in none, or not all are known."""
        ours = self.channel(guild, self._me)
        if ours is None or not self.counted(guild):
            return None
        return frozenset(
            place.user
            for place in self._guilds.get(guild, {}).values()
            if place.channel == ours and place.human and place.user != self._me
        )

    def whole(self, guild: int) -> bool:
        """Return whether the guild has arrived, so that nothing of it is unknown."""
        return guild in self._whole

    def counted(self, guild: int) -> bool:
        """Return whether all people who are in voice there are known."""
        return guild in self._whole or guild in self._counted

    @property
    def guilds(self) -> frozenset[int]:
        """The guilds of which anything is known."""
        return frozenset(self._whole | self._guilds.keys() | self._gone)

    # --- what a process before has known --------------------------------------------------------

    def people(self) -> dict[int, dict[int, int]]:
        """Return the channels of all people by guild, of those guilds where all are known."""
        return {
            guild: {
                place.user: place.channel
                for place in self._guilds.get(guild, {}).values()
                if place.human and place.user != self._me
            }
            for guild in self._whole | self._counted
        }

    def remember(self, people: Mapping[int, Mapping[int, int]]) -> None:
        """Take what `people` has returned in a process before, whose session goes on here."""
        for guild, places in people.items():
            if guild not in self._whole:
                self._counted.add(guild)
                for user, channel in places.items():
                    self._guilds.setdefault(guild, {})[user] = Place(user, channel, "")

    # --- what somebody else says ----------------------------------------------------------------

    def ask(self, guild: int, user: int) -> None:
        """Note that somebody else is asked where the user is."""
        self._asked.add((guild, user))

    def answer(self, guild: int, user: int, place: Place | None) -> None:
        """Take the answer, unless the gateway has said something newer since it was asked for."""
        if (guild, user) in self._asked:
            self._asked.discard((guild, user))
            if place is not None:
                self.move(guild, place)

    # --- seats ----------------------------------------------------------------------------------

    @property
    def seats(self) -> frozenset[int]:
        """The guilds in which we have a place in voice, or had one when the session was kept."""
        return frozenset(self._seats)

    def expect_seats(self, guilds: Iterable[int]) -> None:
        """Suppose that we have a place in these guilds, though it is not known where."""
        self._seats.update(guilds)
