"""One turn of the core: the state as it changes, and the effects as they pile up.

The core is pure from outside: a message goes in, a new state and effects come out. Inside a turn
several rules change the state one after the other; threading (state, effects) through each of them
by hand hid the rules, so they share this short-lived accumulator instead.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from actors.guild.player.effects import Effect
from actors.guild.player.state import PlayerState, Voice


class Turn:
    """The work on one message. `now` is in milliseconds since the epoch."""

    def __init__(self, state: PlayerState, now: int) -> None:
        self.state = state
        self.now = now
        self.effects: list[Effect] = []

    def change(self, **fields: Any) -> None:
        """Replace fields of the state."""
        if _differs(self.state, fields):
            self.state = self.state.changed(fields)

    def change_voice(self, **fields: Any) -> Voice:
        """Replace fields of the voice state, and return it."""
        if _differs(self.state.voice, fields):
            self.state = self.state.changed({"voice": replace(self.state.voice, **fields)})
        return self.state.voice

    def change_trouble(self, **fields: Any) -> None:
        """Replace fields of what is wrong with voice."""
        if _differs(self.state.trouble, fields):
            self.state = self.state.changed({"trouble": replace(self.state.trouble, **fields)})

    def do(self, *effects: Effect) -> None:
        """Want effects, in this order, after those wanted before."""
        self.effects += effects

    def number(self) -> int:
        """Return the next number: no attempt and no play has the same one."""
        self.change(counter=self.state.counter + 1)
        return self.state.counter


def _differs(value: object, fields: Mapping[str, object]) -> bool:
    """Whether replacing would change anything: most reports of a position do not."""
    for name, field in fields.items():  # noqa: SIM110 - a generator takes twice as long
        if getattr(value, name) != field:
            return True
    return False
