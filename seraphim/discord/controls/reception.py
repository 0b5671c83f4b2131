"""How every press is received, before what it does and after.

Who pressed is read off the press the moment it arrives, before anything is awaited: a press means
the moment it was made. Then it is turned away, or counted until all that it led to is done.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import hikari

from actors.guild.refusal import Refused
from seraphim.discord.admission import Admission
from seraphim.discord.answer import Answer
from seraphim.discord.caller import Arrivals, Caller
from seraphim.discord.desk import Desk
from seraphim.discord.interpreter import Interpreter
from seraphim.discord.language.languages import Audience
from seraphim.discord.presenters.card import Card
from seraphim.discord.presenters.refusals import refusal


@dataclass(frozen=True, slots=True)
class Visit:
    """A press that was taken: by whom, in which languages it is answered, and its answer."""

    caller: Caller
    audience: Audience
    answer: Answer


class Reception:
    """Where presses come in."""

    def __init__(
        self, *, admission: Admission, arrivals: Arrivals, desk: Desk, interpreter: Interpreter
    ) -> None:
        self._admission = admission
        self._arrivals = arrivals
        self._desk = desk
        self._interpreter = interpreter

    async def receive(
        self,
        interaction: hikari.ComponentInteraction,
        make: Callable[[Visit], Awaitable[Card]],
        *,
        begin: Callable[[hikari.ComponentInteraction], None],
        answer: Callable[[hikari.ComponentInteraction], Answer],
        after: Callable[[Visit], Awaitable[None]] | None = None,
    ) -> None:
        """Answer a press with the card that `make` makes, as `Desk.serve` does.

        `begin` lets what is logged from there on say whose press it is. `after` is done once the
        press is answered, whatever the answer was. Neither `make` nor `after` hears of presses
        that are turned away, or that come from where none are taken.
        """
        caller = self._arrivals.caller(interaction)
        begin(interaction)
        answering = answer(interaction)
        audience = self._interpreter.audience(interaction)
        if not self._admission.open:
            await self._desk.turn_away(answering, audience.asker)
            return
        with self._admission.counted():
            if isinstance(caller, Refused):
                await self._refuse(answering, caller, audience)
                return
            visit = Visit(caller, audience, answering)
            await self._desk.serve(answering, audience.asker, lambda: make(visit))
            if after is not None:
                await after(visit)

    async def _refuse(self, answer: Answer, refused: Refused, audience: Audience) -> None:
        async def make() -> Card:
            return refusal(refused, audience.asker)

        await self._desk.serve(answer, audience.asker, make)
