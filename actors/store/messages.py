"""What the store understands, and what it answers.

Saving is told and never waited for: of what is told about one guild, or under one key, the last
counts. What was told is what is read from then on, written or not.
"""

from dataclasses import dataclass

from actors.guild.player.state import PlayerState
from actors.runtime import Ask, Name


@dataclass(frozen=True, slots=True)
class Unread:
    """It cannot be said now what is stored: the storage does not answer.

    Whatever it is, it is kept: a save that follows does not overwrite it.
    """


@dataclass(frozen=True, slots=True)
class Save:
    """Keep the player's state; what does not survive the process is left out."""

    state: PlayerState


@dataclass(frozen=True, slots=True)
class Recall(Ask[PlayerState | Unread | None]):
    """Return the guild's last saved state, None if there is none.

    The position of one that was saved by a process before runs on to when that was last alive.
    """

    guild: int


@dataclass(frozen=True, slots=True)
class Active(Ask[tuple[int, ...]]):
    """Return the guilds whose players are meant to be in a voice channel."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """Put the guild's state where nobody recalls it, because of `reason`; it is not deleted."""

    guild: int
    reason: str


@dataclass(frozen=True, slots=True)
class Note:
    """Keep a small fact under `key`. It may be a secret: it never stands in a log or an error."""

    key: str
    value: str

    def __repr__(self) -> str:
        return f"Note({self.key!r})"


@dataclass(frozen=True, slots=True)
class Noted(Ask[str | None]):
    """Return the fact that was kept under `key`, None if there is none or it cannot be read."""

    key: str


@dataclass(frozen=True, slots=True)
class Flush(Ask[None]):
    """Write all that was told; answered when it is written."""


StoreMessage = Save | Recall | Active | SetAside | Note | Noted | Flush
STORE: Name[StoreMessage] = Name("store")
