"""The buttons beneath the results of a search: `pick:<what to play>`."""

from dataclasses import dataclass
from typing import Self

PICK = "pick"
ROOM = 100 - len(PICK) - 1
"""How long what is to be played may be: Discord's limit for the name of a button."""


@dataclass(frozen=True, slots=True)
class PickButton:
    """The button that plays what `query` finds."""

    query: str

    @property
    def custom_id(self) -> str:
        """The name that Discord hands back when it is pressed."""
        return f"{PICK}:{self.query}"

    @classmethod
    def parse(cls, custom_id: str) -> Self | None:
        """Return the button of that name, None if it is none of these."""
        prefix, colon, query = custom_id.partition(":")
        return cls(query) if prefix == PICK and colon else None
