"""What a press of a button beneath search results does: it plays what stands there."""

from collections.abc import Collection
from dataclasses import replace
from functools import partial

import hikari

from actors.guild.player.messages import Play, Queued
from actors.guild.refusal import Refused
from seraphim.discord.answer import PressAnswer
from seraphim.discord.caller import Arrivals, Caller, unplayable
from seraphim.discord.controls.pick import PICK, PickButton
from seraphim.discord.controls.reception import Reception, Visit
from seraphim.discord.desk import HEAVY_SECONDS, Desk
from seraphim.discord.presenters.card import Card
from seraphim.discord.presenters.refusals import refusal
from seraphim.discord.presenters.replies import reply
from seraphim.discord.provenance import begin
from seraphim.discord.query import identifier


class Picks:
    """Answers presses of the buttons beneath search results; what else is pressed is not ours."""

    def __init__(
        self,
        *,
        arrivals: Arrivals,
        desk: Desk,
        reception: Reception,
        trusted: Collection[str],
    ) -> None:
        self._arrivals = arrivals
        self._desk = desk
        self._reception = reception
        self._trusted = trusted

    async def on_press(self, event: hikari.ComponentInteractionCreateEvent) -> None:
        """Answer a press."""
        interaction = event.interaction
        button = PickButton.parse(interaction.custom_id)
        if button is None:
            return

        async def make(visit: Visit) -> Card:
            asked = self._play(button, interaction, await self._arrivals.located(visit.caller))
            if isinstance(asked, Refused):
                return refusal(asked, visit.audience.asker)
            visit.answer.defer()
            replied = await self._desk.ask(visit.caller, asked, timeout=HEAVY_SECONDS)
            # As with `/play`, everybody sees who has queued what.
            return replace(reply(replied, visit.audience), announced=isinstance(replied, Queued))

        await self._reception.receive(
            interaction, make, begin=partial(begin, f"button {PICK}"), answer=PressAnswer
        )

    def _play(
        self, button: PickButton, interaction: hikari.ComponentInteraction, caller: Caller
    ) -> Play | Refused:
        wanted = identifier(button.query, self._trusted)
        if isinstance(wanted, Refused):
            return wanted
        refused = unplayable(interaction, caller)
        return refused or Play(caller.member, wanted, caller.text_channel)
