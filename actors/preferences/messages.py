"""What the keeper of guilds' settings understands, and what it answers."""

from collections.abc import Callable
from dataclasses import dataclass, field

from actors.guild.settings import GuildSettings
from actors.runtime import Ask, Name

Change = Callable[[GuildSettings], GuildSettings]
"""What becomes of settings; a pure function, that may be called more than once."""


@dataclass(frozen=True, slots=True)
class NotKept:
    """It could not be written, or is not known yet: everything is as it was."""


@dataclass(frozen=True, slots=True)
class Choose(Ask[GuildSettings | NotKept]):
    """Change what the guild has chosen; answered with what holds now, when it is written.

    Changes of one guild follow each other, in the order in which they were asked: none is lost.
    """

    guild: int
    change: Change = field(repr=False)


PreferencesMessage = Choose
PREFERENCES: Name[PreferencesMessage] = Name("preferences")
