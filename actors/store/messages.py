"""What the store understands, and what it answers.

Saving is told and never waited for: of what is told about one guild, or under one key, the last
counts. What was told is what is read from then on, written or not. It is written within a second,
all that belongs together at once; while the storage is away it is kept, and written when it is
back. At most that second is lost when the process is killed.

What people ask to be kept (settings, favourites) is asked and waited for: it is written before it
is answered, and whoever hears `Unwritten` may say so. A storage that does not answer at all is for
the ask's own deadline.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from actors.guild.player.state import PlayerState
from actors.guild.player.track import Track
from actors.guild.settings import GuildSettings
from actors.runtime import Ask, Name

ANSWER_SECONDS = 2.5


@dataclass(frozen=True, slots=True)
class Unread:
    """It cannot be said now what is stored: the storage does not answer.

    Whatever it is, it is kept: a save that follows does not overwrite it.
    """


@dataclass(frozen=True, slots=True)
class Save:
    """Keep the player's state; what does not survive the process is left out."""

    state: PlayerState

    def __repr__(self) -> str:
        # In the state are the keys to a voice connection.
        return f"Save(guild={self.state.guild})"


@dataclass(frozen=True, slots=True)
class Recall(Ask[PlayerState | Unread | None]):
    """Return the guild's last saved state, None if there is none.

    Answered within `ANSWER_SECONDS`. What ran in a state that was saved by a process before stands
    still, at the position where it was when that process was last known to live.

    If there is no answer but `Unread`, or none at all, what is stored is put aside at the next
    save; unless it is recalled once more before that.
    """

    guild: int


@dataclass(frozen=True, slots=True)
class Active(Ask[tuple[int, ...]]):
    """Return the guilds whose players are meant to be in a voice channel (`home`).

    Answered as soon as that can be read, however late.
    """


@dataclass(frozen=True, slots=True)
class SetAside:
    """Put the guild's state where nobody recalls it, because of `reason`; it is not deleted."""

    guild: int
    reason: str


@dataclass(frozen=True, slots=True)
class Note:
    """Keep a small fact under `key`; None: forget it.

    It may be a secret: it never stands in a log or an error.
    """

    key: str
    value: str | None

    def __repr__(self) -> str:
        return f"Note({self.key!r})"


@dataclass(frozen=True, slots=True)
class Noted(Ask[str | None]):
    """Return the fact that was kept under `key`, None if there is none or it cannot be read."""

    key: str


@dataclass(frozen=True, slots=True)
class Unwritten:
    """It could not be written: what is stored is as it was."""


@dataclass(frozen=True, slots=True)
class Chosen(Ask[Mapping[int, GuildSettings]]):
    """Return what guilds have chosen, by guild; only those that have chosen something.

    Answered as soon as that can be read, however late.
    """


@dataclass(frozen=True, slots=True)
class KeepSettings(Ask[Unwritten | None]):
    """Keep what the guild has chosen; answered when it is written."""

    guild: int
    settings: GuildSettings


MOST_FAVOURITES = 500
"""How many favourites one person may have."""


@dataclass(frozen=True, slots=True)
class FavouritesOf(Ask[tuple[Track, ...] | Unread]):
    """Return the user's favourites, the newest first."""

    user: int


@dataclass(frozen=True, slots=True)
class Favoured:
    """`added` is False where it was one before, or there is no room for one more (`full`)."""

    added: bool
    full: bool = False


@dataclass(frozen=True, slots=True)
class AddFavourite(Ask[Favoured | Unwritten]):
    """Make the track one of the user's favourites; answered when it is written."""

    user: int
    track: Track


@dataclass(frozen=True, slots=True)
class RemoveFavourite(Ask[bool | Unwritten]):
    """Let the track of that name (`Track.name`) be no favourite; answered with whether it was."""

    user: int
    track: str


@dataclass(frozen=True, slots=True)
class Flush(Ask[None]):
    """Write now all that was told; answered when it is written, however late."""


@dataclass(frozen=True, slots=True)
class StoreHealth:
    """How the store is. `unwritten` counts the guilds and notes that are not written yet.

    `failing_since` is in milliseconds since the epoch, None when all is well; `error` is why.
    """

    unwritten: int
    failing_since: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Health(Ask[StoreHealth]):
    """Tell how the store is."""


StoreMessage = (
    Save
    | Recall
    | Active
    | SetAside
    | Note
    | Noted
    | Chosen
    | KeepSettings
    | FavouritesOf
    | AddFavourite
    | RemoveFavourite
    | Flush
    | Health
)
STORE: Name[StoreMessage] = Name("store")
