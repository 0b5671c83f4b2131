"""What a press of the panel's buttons does.

A press means what its button showed: the play that it names. Of a play that is over nothing is
skipped; whoever pressed is told, and the message is made to show what is true now. A press that
worked is answered without a message, since the panel itself is about to show it.
"""

import secrets

import hikari
import structlog

from actors.guild.board import Board
from actors.guild.panel.ports import PanelGone
from actors.guild.player.messages import (
    Back,
    Outdated,
    Pause,
    PlayerMessage,
    Resume,
    Shuffle,
    Skip,
    Stop,
)
from actors.guild.refusal import Refused
from actors.runtime.ask import Asking
from seraphim.discord.admission import Admission
from seraphim.discord.announcer import RestAnnouncer
from seraphim.discord.answer import PressAnswer
from seraphim.discord.caller import Arrivals, Caller
from seraphim.discord.controls.button import Button, Verb
from seraphim.discord.desk import LIGHT_SECONDS, Desk
from seraphim.discord.presenters.card import Card
from seraphim.discord.presenters.panel import gone, panel
from seraphim.discord.presenters.refusals import refusal
from seraphim.discord.presenters.replies import Reply, reply


class Presses:
    """Answers presses of the panel's buttons; what else is pressed is not ours."""

    def __init__(
        self,
        *,
        admission: Admission,
        announcer: RestAnnouncer,
        arrivals: Arrivals,
        board: Board,
        desk: Desk,
    ) -> None:
        self._admission = admission
        self._announcer = announcer
        self._arrivals = arrivals
        self._board = board
        self._desk = desk

    async def on_press(self, event: hikari.ComponentInteractionCreateEvent) -> None:
        """Answer a press."""
        interaction = event.interaction
        button = Button.parse(interaction.custom_id)
        if button is None:
            return
        # Before anything is awaited: a press means the moment it was made.
        caller = self._arrivals.caller(interaction)
        structlog.contextvars.bind_contextvars(
            command=f"button {button.verb}", guild=interaction.guild_id, user=interaction.user.id
        )
        answer = PressAnswer(interaction)
        if not self._admission.open:
            await self._desk.turn_away(answer)
            return
        with self._admission.counted():
            await self._answer(answer, interaction, button, caller)

    async def _answer(
        self,
        answer: PressAnswer,
        interaction: hikari.ComponentInteraction,
        button: Button,
        caller: Caller | Refused,
    ) -> None:
        stale = False

        async def make() -> Card:
            nonlocal stale
            if isinstance(caller, Refused):
                return refusal(caller)
            outcome = await self._act(button, caller)
            stale = isinstance(outcome, Outdated)
            return reply(outcome)

        await self._desk.serve(answer, make)
        if stale and interaction.guild_id is not None:
            await self._mend(interaction.guild_id, interaction.message)

    async def _act(self, button: Button, caller: Caller) -> Reply:
        # What names no play cannot be found outdated by the player: it is, if another plays now.
        nameless = button.play is None or button.verb is Verb.STOP
        if nameless and caller.play != button.play:
            view = self._board.get(caller.guild)
            return Outdated(view.current if view else None)
        located = await self._arrivals.located(caller)
        return await self._desk.ask(caller, _message(button, located), timeout=LIGHT_SECONDS)

    async def _mend(self, guild: int, message: hikari.Message) -> None:
        """Let a message that showed something old show what is true."""
        view = self._board.get(guild)
        try:
            await self._announcer.show(
                message.channel_id, message.id, panel(view) if view else gone()
            )
        except PanelGone:
            # Somebody deleted it, which mends it too.
            return


def _message(button: Button, caller: Caller) -> Asking[PlayerMessage, Reply]:
    by, play = caller.member, button.play
    match button.verb:
        case Verb.BACK:
            return Back(by, play)
        case Verb.PAUSE:
            return Pause(by, play)
        case Verb.RESUME:
            return Resume(by, play)
        case Verb.SKIP:
            return Skip(by, play)
        case Verb.SHUFFLE:
            return Shuffle(by, secrets.randbits(32))
        case Verb.STOP:
            return Stop(by)
