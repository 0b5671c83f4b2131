"""What a press of a button does that means nothing any more: whoever pressed is told so.

Such a button stands beneath a message of an earlier version, or was never ours. Without an answer
Discord would say that the application has failed.
"""

from collections.abc import Callable, Collection
from functools import partial

import hikari

from actors.guild.board import Board
from actors.guild.player.messages import Outdated
from seraphim.discord.answer import PressAnswer
from seraphim.discord.controls.reception import Reception, Visit
from seraphim.discord.presenters.card import Card
from seraphim.discord.presenters.replies import reply
from seraphim.discord.provenance import begin


class Strays:
    """Answers presses that nobody else does: those whose name none of `parsers` knows."""

    def __init__(
        self,
        parsers: Collection[Callable[[str], object | None]],
        *,
        board: Board,
        reception: Reception,
    ) -> None:
        self._parsers = parsers
        self._board = board
        self._reception = reception

    async def on_press(self, event: hikari.ComponentInteractionCreateEvent) -> None:
        """Answer a press."""
        name = event.interaction.custom_id
        if any(parse(name) is not None for parse in self._parsers):
            return
        await self._reception.receive(
            event.interaction,
            self._outdated,
            begin=partial(begin, "button"),
            answer=PressAnswer,
        )

    async def _outdated(self, visit: Visit) -> Card:
        view = self._board.get(visit.caller.guild)
        return reply(Outdated(view.current if view else None), visit.audience)
