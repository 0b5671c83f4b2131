"""Who is told what becomes of what people ask for: whoever counts it."""

from typing import Final, Protocol

DONE: Final = "done"
UNANSWERED: Final = "unanswered"
BUTTON: Final = "button"


class Witness(Protocol):
    """Hears of answers and joins. Neither method may raise, or take time."""

    def answered(self, command: str, outcome: str, seconds: float) -> None:
        """Hear of one answer, so many seconds after the question came.

        `command` is its name, `button` for all buttons. `outcome` is `done`, the code of a
        refusal, or `unanswered` where Discord did not take the answer.
        """
        ...

    def joined(self, outcome: str) -> None:
        """Hear that a place in voice was asked for: `done`, or the code of why not."""
        ...


class Nobody:
    """Implements `Witness`, and forgets it all."""

    def answered(self, command: str, outcome: str, seconds: float) -> None:
        """Hear of an answer."""

    def joined(self, outcome: str) -> None:
        """Hear of a join."""
