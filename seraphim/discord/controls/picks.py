"""What a press of a button beneath search results does: it plays what stands there."""

from collections.abc import Collection
from dataclasses import replace

import hikari

from actors.guild.player.messages import Play, Queued
from actors.guild.refusal import Refused
from seraphim.discord.admission import Admission
from seraphim.discord.answer import PressAnswer
from seraphim.discord.caller import Arrivals, Caller, unplayable
from seraphim.discord.controls.pick import PICK, PickButton
from seraphim.discord.desk import HEAVY_SECONDS, Desk
from seraphim.discord.interpreter import Interpreter
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
        admission: Admission,
        arrivals: Arrivals,
        desk: Desk,
        interpreter: Interpreter,
        trusted: Collection[str],
    ) -> None:
        self._admission = admission
        self._arrivals = arrivals
        self._desk = desk
        self._interpreter = interpreter
        self._trusted = trusted

    async def on_press(self, event: hikari.ComponentInteractionCreateEvent) -> None:
        """Answer a press."""
        interaction = event.interaction
        button = PickButton.parse(interaction.custom_id)
        if button is None:
            return
        # Before anything is awaited: a press means the moment it was made.
        caller = self._arrivals.caller(interaction)
        begin(f"button {PICK}", interaction)
        answer = PressAnswer(interaction)
        audience = self._interpreter.audience(interaction)
        if not self._admission.open:
            await self._desk.turn_away(answer, audience.asker)
            return

        async def make() -> Card:
            if isinstance(caller, Refused):
                return refusal(caller, audience.asker)
            asked = self._play(button, interaction, await self._arrivals.located(caller))
            if isinstance(asked, Refused):
                return refusal(asked, audience.asker)
            answer.defer()
            replied = await self._desk.ask(caller, asked, timeout=HEAVY_SECONDS)
            # As with `/play`, everybody sees who has queued what.
            return replace(reply(replied, audience), announced=isinstance(replied, Queued))

        with self._admission.counted():
            await self._desk.serve(answer, audience.asker, make)

    def _play(
        self, button: PickButton, interaction: hikari.ComponentInteraction, caller: Caller
    ) -> Play | Refused:
        wanted = identifier(button.query, self._trusted)
        if isinstance(wanted, Refused):
            return wanted
        refused = unplayable(interaction, caller)
        return refused or Play(caller.member, wanted, caller.text_channel)
