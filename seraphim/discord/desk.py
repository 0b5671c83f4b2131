"""The desk: an interaction comes in, the guild's player is asked, a card goes out.

One way for commands and buttons, so that both have the same manners: every question has a
deadline, every failure has an answer, and an answer that Discord does not take is logged, not
raised, for nobody is left to be told. It is logged in parts: hikari's errors name the address, and
an interaction's address holds the token that lets anybody answer it.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import hikari
import structlog

from actors.guild.player.messages import PlayerMessage, Voted
from actors.runtime.ask import Asking
from seraphim.discord.answer import Answer
from seraphim.discord.caller import Caller
from seraphim.discord.guard import Guard
from seraphim.discord.incidents import refused_by
from seraphim.discord.language.language import Language
from seraphim.discord.players import NotTakingWork, Players
from seraphim.discord.polls import Polls
from seraphim.discord.presenters.card import Card
from seraphim.discord.presenters.refusals import refusal, stopping, unkept
from seraphim.discord.shelf import Unkept
from seraphim.discord.witness import DONE, UNANSWERED, Witness

R = TypeVar("R")

LIGHT_SECONDS = 10.0
"""How long a player may think about a control; its answer is deferred long before."""
HEAVY_SECONDS = 45.0
"""How long a search and a join together may take."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Desk:
    """Where interactions are answered."""

    def __init__(self, guard: Guard, players: Players, polls: Polls, witness: Witness) -> None:
        self._guard = guard
        self._players = players
        self._polls = polls
        self._witness = witness

    async def ask(
        self,
        caller: Caller,
        message: Asking[PlayerMessage, R],
        *,
        timeout: float,
    ) -> R:
        """Return what the caller's player answers; raises as `Players.ask`."""
        return await self._players.ask(caller.guild, message, timeout=timeout)

    def follow(self, answer: Answer, guild: int, reply: object, say: Language) -> None:
        """Keep the answer's message true, where `reply` says that a vote was opened with it."""
        if isinstance(reply, Voted) and reply.opened:
            self._polls.follow(guild, reply.vote, answer, say)

    async def serve(
        self, answer: Answer, say: Language, make: Callable[[], Awaitable[Card]]
    ) -> None:
        """Answer with the card that `make` makes, or with the one for what went wrong.

        Who is too fast is told so, and nothing is made.
        """
        await self.give(answer, await self._card(answer, say, make))

    async def give(self, answer: Answer, card: Card) -> None:
        """Answer with `card`; what keeps Discord from taking it is logged."""
        taken = await self._hand_out(answer.give(card))
        outcome = (card.code or DONE) if taken else UNANSWERED
        self._witness.answered(answer.command, outcome, answer.age)

    async def turn_away(self, answer: Answer, say: Language) -> None:
        """Say that nothing is taken now, where a process before has not answered already."""
        await self._hand_out(answer.turn_away(stopping(say)))

    async def _hand_out(self, handing: Awaitable[None]) -> bool:
        """Return whether Discord has taken it."""
        try:
            await handing
        except hikari.NotFoundError as error:
            log.warning("interaction.expired", error=error.message)
        except hikari.HTTPResponseError as error:
            log.error("interaction.unanswerable", status=int(error.status), error=error.message)
        except hikari.HTTPError as error:
            log.error("interaction.unanswerable", error=type(error).__name__)
        else:
            return True
        return False

    async def _card(
        self, answer: Answer, say: Language, make: Callable[[], Awaitable[Card]]
    ) -> Card:
        try:
            refused = await self._guard.refusal(answer.toll)
            return refusal(refused, say) if refused else await make()
        except NotTakingWork:
            return stopping(say)
        except Unkept as error:
            log.warning("interaction.unkept", cause=repr(error.__cause__))
            return unkept(say)
        # Whatever it is, somebody waits for an answer; `refused_by` logs what nobody foresaw.
        except Exception as error:  # noqa: BLE001
            return refusal(refused_by(error), say)
