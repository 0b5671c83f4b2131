"""A button's name: `player:<play>:<verb>`.

All that a press needs is in the name, so a button works after a restart and nothing has to be
remembered for it. It names the play that it was shown with, so that a press means what was seen.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

PREFIX = "player"


class Verb(StrEnum):
    """What buttons do.

    `PAUSE` and `RESUME` share a place on the panel, and so do those that loop: a name says what is
    to be, not what is to change, so that two who press at once want the same.
    """

    BACK = "back"
    PAUSE = "pause"
    RESUME = "resume"
    SKIP = "skip"
    SHUFFLE = "shuffle"
    STOP = "stop"
    LOOP_TRACK = "loop-track"
    LOOP_QUEUE = "loop-queue"
    LOOP_OFF = "loop-off"
    QUIETER = "quieter"
    LOUDER = "louder"
    FAVOURITE = "favourite"
    QUEUE = "queue"


@dataclass(frozen=True, slots=True)
class Button:
    """A button on the panel of `play`; None: it was shown while nothing played."""

    play: str | None
    verb: Verb

    @property
    def custom_id(self) -> str:
        """The name that Discord hands back when it is pressed."""
        return f"{PREFIX}:{self.play or ''}:{self.verb}"

    @classmethod
    def parse(cls, custom_id: str) -> Self | None:
        """Return the button of that name, None if it is none of ours."""
        prefix, _, rest = custom_id.partition(":")
        play, colon, verb = rest.rpartition(":")
        if prefix != PREFIX or not colon or verb not in set(Verb):
            return None
        return cls(play or None, Verb(verb))
