"""What a press of a vote's button does, and of those beneath a question.

Their answer takes the place of the message itself, so a vote shows its count to everybody at once,
and a question is gone when it was answered.
"""

from functools import partial

import hikari

from actors.guild.player.messages import (
    Clear,
    Leave,
    Outdated,
    PlayerMessage,
    Stop,
    Vote,
    Voted,
    VoteKind,
    VoteOutcome,
    VotePassed,
)
from actors.guild.refusal import Refused
from actors.runtime.ask import Asking
from seraphim.discord.answer import ReplacingAnswer
from seraphim.discord.caller import Arrivals, Caller
from seraphim.discord.controls.consent import SureButton, VoteButton
from seraphim.discord.controls.reception import Reception, Visit
from seraphim.discord.desk import LIGHT_SECONDS, Desk
from seraphim.discord.guard import COSTS
from seraphim.discord.language.languages import Audience
from seraphim.discord.presenters.card import Card
from seraphim.discord.presenters.replies import Reply, reply
from seraphim.discord.presenters.votes import forgotten, left_alone, vote, voted
from seraphim.discord.provenance import begin


class Decisions:
    """Answers presses of the buttons of votes and questions; what else is pressed is not ours."""

    def __init__(self, *, arrivals: Arrivals, desk: Desk, reception: Reception) -> None:
        self._arrivals = arrivals
        self._desk = desk
        self._reception = reception

    async def on_press(self, event: hikari.ComponentInteractionCreateEvent) -> None:
        """Answer a press."""
        name = event.interaction.custom_id
        button = VoteButton.parse(name) or SureButton.parse(name)
        if button is None:
            return

        async def make(visit: Visit) -> Card:
            if isinstance(button, VoteButton):
                return await self._vote(button, visit.caller, visit.audience)
            return await self._answer(button, visit.caller, visit.audience)

        await self._reception.receive(
            event.interaction,
            make,
            begin=partial(begin, f"button {name}"),
            answer=partial(ReplacingAnswer, cost=_cost(button)),
        )

    async def _vote(self, button: VoteButton, caller: Caller, audience: Audience) -> Card:
        located = await self._arrivals.located(caller)
        message = Vote(located.member, button.vote)
        outcome = await self._desk.ask(caller, message, timeout=LIGHT_SECONDS)
        match outcome:
            case Voted(view, counted):
                if counted or view.outcome is not VoteOutcome.OPEN:
                    return vote(view, audience.guild)
                return voted(outcome, audience.asker)
            case Outdated():
                return forgotten(audience.guild)
            case VotePassed() | Refused():
                return reply(outcome, audience)

    async def _answer(self, button: SureButton, caller: Caller, audience: Audience) -> Card:
        located = await self._arrivals.located(caller)
        message = None if button.kind is None else _confirmed(button.kind, located)
        if message is None:
            return left_alone(audience.asker)
        return reply(await self._desk.ask(caller, message, timeout=LIGHT_SECONDS), audience)


def _cost(button: VoteButton | SureButton) -> int:
    """Return what a press costs: as much as the command that it repeats."""
    kind = button.kind if isinstance(button, SureButton) else None
    return 1 if kind is None else COSTS.get(kind, 1)


def _confirmed(kind: VoteKind, caller: Caller) -> Asking[PlayerMessage, Reply] | None:
    """Return the command that was asked about, as one that is meant; None: there is none such."""
    match kind:
        case VoteKind.STOP:
            return Stop(caller.member, confirmed=True)
        case VoteKind.CLEAR:
            return Clear(caller.member, confirmed=True)
        case VoteKind.LEAVE:
            return Leave(caller.member, confirmed=True)
        case _:
            return None
