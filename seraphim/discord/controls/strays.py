"""What a press of a button does that means nothing any more: whoever pressed is told so.

Such a button stands beneath a message of an earlier version, or was never ours. Without an answer
Discord would say that the application has failed.
"""

from collections.abc import Callable, Collection

import hikari
import structlog

from actors.guild.board import Board
from actors.guild.player.messages import Outdated
from actors.guild.refusal import Refused
from seraphim.discord.admission import Admission
from seraphim.discord.answer import PressAnswer
from seraphim.discord.caller import Arrivals
from seraphim.discord.desk import Desk
from seraphim.discord.interpreter import Interpreter
from seraphim.discord.presenters.card import Card
from seraphim.discord.presenters.refusals import refusal
from seraphim.discord.presenters.replies import reply


class Strays:
    """Answers presses that nobody else does: those whose name none of `parsers` knows."""

    def __init__(
        self,
        parsers: Collection[Callable[[str], object | None]],
        *,
        admission: Admission,
        arrivals: Arrivals,
        board: Board,
        desk: Desk,
        interpreter: Interpreter,
    ) -> None:
        self._parsers = parsers
        self._admission = admission
        self._arrivals = arrivals
        self._board = board
        self._desk = desk
        self._interpreter = interpreter

    async def on_press(self, event: hikari.ComponentInteractionCreateEvent) -> None:
        """Answer a press."""
        interaction = event.interaction
        if any(parse(interaction.custom_id) is not None for parse in self._parsers):
            return
        caller = self._arrivals.caller(interaction)
        structlog.contextvars.bind_contextvars(
            command="button", guild=interaction.guild_id, user=interaction.user.id
        )
        answer = PressAnswer(interaction)
        audience = self._interpreter.audience(interaction)
        if not self._admission.open:
            await self._desk.turn_away(answer, audience.asker)
            return

        async def make() -> Card:
            if isinstance(caller, Refused):
                return refusal(caller, audience.asker)
            view = self._board.get(caller.guild)
            return reply(Outdated(view.current if view else None), audience)

        with self._admission.counted():
            await self._desk.serve(answer, audience.asker, make)
