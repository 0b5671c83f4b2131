"""What a press of the panel's buttons does.

A press means what its button showed: the play that it names. Of a play that is over nothing is
skipped; whoever pressed is told, and the message is made to show what is true now. A press that
worked is answered without a message, since the panel itself is about to show it.
"""

import secrets
from functools import partial

import hikari

from actors.guild.board import Board
from actors.guild.panel.ports import PanelGone
from actors.guild.player.messages import (
    Back,
    Loop,
    Outdated,
    Pause,
    PlayerMessage,
    PlayerView,
    Resume,
    SetLoop,
    SetVolume,
    Show,
    Shuffle,
    Skip,
    Stop,
)
from actors.runtime.ask import Asking
from seraphim.discord.announcer import RestAnnouncer
from seraphim.discord.answer import PressAnswer
from seraphim.discord.caller import Arrivals, Caller
from seraphim.discord.controls.button import Button, Verb
from seraphim.discord.controls.reception import Reception, Visit
from seraphim.discord.desk import LIGHT_SECONDS, Desk
from seraphim.discord.guard import FREE
from seraphim.discord.language.language import Language
from seraphim.discord.language.languages import Audience
from seraphim.discord.presenters.card import Card
from seraphim.discord.presenters.favourites import favoured_card
from seraphim.discord.presenters.panel import LOUDEST, QUIETEST, gone, panel
from seraphim.discord.presenters.queue import queue_page
from seraphim.discord.presenters.replies import Reply, reply
from seraphim.discord.provenance import begin
from seraphim.discord.shelf import Shelf

VOLUME_STEP = 10


class Presses:
    """Answers presses of the panel's buttons; what else is pressed is not ours."""

    def __init__(
        self,
        *,
        announcer: RestAnnouncer,
        arrivals: Arrivals,
        board: Board,
        desk: Desk,
        reception: Reception,
        shelf: Shelf,
    ) -> None:
        self._announcer = announcer
        self._arrivals = arrivals
        self._board = board
        self._desk = desk
        self._reception = reception
        self._shelf = shelf

    async def on_press(self, event: hikari.ComponentInteractionCreateEvent) -> None:
        """Answer a press."""
        interaction = event.interaction
        button = Button.parse(interaction.custom_id)
        if button is None:
            return
        # Before anything is awaited, as who pressed is: a press means the moment it was made.
        guild = interaction.guild_id
        view = None if guild is None else self._board.get(guild)
        replied: Reply | None = None
        stale = False

        async def make(visit: Visit) -> Card:
            nonlocal replied, stale
            caller, audience = visit.caller, visit.audience
            # Some do what they say whatever plays; what the message shows is old all the same.
            stale = button.play != caller.play
            if button.verb is Verb.QUEUE:
                now = await self._desk.ask(caller, Show(), timeout=LIGHT_SECONDS)
                return queue_page(now, 1, audience.asker)
            if button.verb is Verb.FAVOURITE:
                return await self._favour(button, caller, view, audience)
            replied = await self._act(button, caller, view)
            stale = stale or isinstance(replied, Outdated)
            return reply(replied, audience)

        async def after(visit: Visit) -> None:
            guild, say = visit.caller.guild, visit.audience.guild
            self._desk.follow(visit.answer, guild, replied, say)
            if stale:
                await self._mend(guild, interaction.message, say)

        await self._reception.receive(
            interaction,
            make,
            begin=partial(begin, f"button {button.verb}"),
            answer=partial(PressAnswer, cost=FREE if button.verb is Verb.STOP else 1),
            after=after,
        )

    async def _act(self, button: Button, caller: Caller, view: PlayerView | None) -> Reply:
        # What names no play cannot be found outdated by the player: it is, if another plays now.
        nameless = button.play is None or button.verb is Verb.STOP
        if nameless and caller.play != button.play:
            return Outdated(view.current if view else None)
        located = await self._arrivals.located(caller)
        message = _message(button, located, view)
        return await self._desk.ask(caller, message, timeout=LIGHT_SECONDS)

    async def _favour(
        self, button: Button, caller: Caller, view: PlayerView | None, audience: Audience
    ) -> Card:
        """Make the track that the message shows a favourite of who pressed."""
        now = view.current if view is not None else None
        if now is None or now.play != button.play:
            return reply(Outdated(now), audience)
        track = now.entry.original
        favoured = await self._shelf.favour(caller.member.id, track)
        return favoured_card(track, favoured, audience.asker)

    async def _mend(self, guild: int, message: hikari.Message, say: Language) -> None:
        """Let a message that showed something old show what is true."""
        view = self._board.get(guild)
        try:
            await self._announcer.show(
                message.channel_id, message.id, panel(view, say) if view else gone(say)
            )
        except PanelGone:
            # Somebody deleted it, which mends it too.
            return


def _message(
    button: Button, caller: Caller, view: PlayerView | None
) -> Asking[PlayerMessage, Reply]:
    """Return what a press asks for; `view` is what was true when it was made."""
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
        case Verb.LOOP_TRACK:
            return SetLoop(by, Loop.TRACK)
        case Verb.LOOP_QUEUE:
            return SetLoop(by, Loop.QUEUE)
        case Verb.LOOP_OFF:
            return SetLoop(by, Loop.OFF)
        case Verb.QUIETER | Verb.LOUDER:
            step = VOLUME_STEP if button.verb is Verb.LOUDER else -VOLUME_STEP
            volume = (view.volume if view else LOUDEST) + step
            return SetVolume(by, min(LOUDEST, max(QUIETEST, volume)))
        case Verb.FAVOURITE | Verb.QUEUE:
            raise AssertionError("what is somebody's own asks the player for nothing")
