"""The buttons of votes and of questions: `vote:<number>` and `sure:<kind>`.

As with the panel's buttons all that a press needs is in the name. A number of a vote that is over,
or of a player's life before, finds no vote, and is told so.
"""

from dataclasses import dataclass
from typing import Self

from actors.guild.player.messages import VoteKind

VOTE, SURE, NO = "vote", "sure", "no"
LONGEST_NUMBER = 18


@dataclass(frozen=True, slots=True)
class VoteButton:
    """The button beneath the message of a vote."""

    vote: int

    @property
    def custom_id(self) -> str:
        """The name that Discord hands back when it is pressed."""
        return f"{VOTE}:{self.vote}"

    @classmethod
    def parse(cls, custom_id: str) -> Self | None:
        """Return the button of that name, None if it is none of these."""
        prefix, _, number = custom_id.partition(":")
        known = number.isascii() and number.isdecimal() and len(number) <= LONGEST_NUMBER
        return cls(int(number)) if prefix == VOTE and known else None


@dataclass(frozen=True, slots=True)
class SureButton:
    """A button beneath a question: to do what it was about, None: to leave it."""

    kind: VoteKind | None

    @property
    def custom_id(self) -> str:
        """The name that Discord hands back when it is pressed."""
        return f"{SURE}:{self.kind or NO}"

    @classmethod
    def parse(cls, custom_id: str) -> Self | None:
        """Return the button of that name, None if it is none of these."""
        prefix, _, kind = custom_id.partition(":")
        if prefix != SURE or (kind != NO and kind not in set(VoteKind)):
            return None
        return cls(None if kind == NO else VoteKind(kind))
