"""The answer to one interaction, within three seconds, always.

Discord forgets an interaction that is not answered in three seconds. Most answers are ready in
milliseconds, so a clock starts with the interaction, and only if it runs out Discord is told that
the answer will come later; what comes then is an edit. A timer costs next to nothing, where a task
for each interaction that waits to defer (arc's way) doubles the work of a light command.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TypedDict

import hikari
import structlog

from actors.rate_limiter.messages import Take
from seraphim.discord.guard import COSTS
from seraphim.discord.presenters.card import Card
from seraphim.discord.witness import BUTTON

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

PATIENCE_SECONDS = 1.5
HEAD_START_SECONDS = 0.01
PROGRESS_SECONDS = 4.0
"""After so long a wait people want to know that it goes on."""
ALREADY_ANSWERED = 40060


class Answer(ABC):
    """The one answer to an interaction. `give` or `turn_away` is called, once.

    `command` is what it answers, as it is counted: a command's name, `button` for all buttons.
    `toll` is what it costs who asked.
    """

    def __init__(
        self, interaction: hikari.PartialInteraction, *, command: str = BUTTON, cost: int = 1
    ) -> None:
        self.command = command
        guild = interaction.guild_id
        # Plain numbers: they are what the limiter remembers.
        self.toll = Take(int(interaction.user.id), None if guild is None else int(guild), cost)
        self._began = time.monotonic()
        self._deferring: asyncio.Task[None] | None = None
        self._progressing: asyncio.TimerHandle | None = None
        self._progress: asyncio.Task[None] | None = None
        self._clock = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self._run_out)

    @property
    def age(self) -> float:
        """How many seconds somebody has waited for it."""
        return time.monotonic() - self._began

    def defer(self) -> None:
        """Tell Discord soon that the answer takes longer; `give` says if that failed.

        Not at once: the work itself is begun first, and what is done in a moment is just answered.
        """
        self._clock.cancel()
        self._clock = asyncio.get_running_loop().call_later(HEAD_START_SECONDS, self._run_out)

    def promise(self, progress: Callable[[], Card]) -> None:
        """Show what `progress` makes where a deferred answer takes long, until it comes."""
        loop = asyncio.get_running_loop()
        self._progressing = loop.call_later(PROGRESS_SECONDS, self._show_progress, progress)

    async def give(self, card: Card) -> None:
        """Answer with `card`. Raises what hikari raises: `NotFoundError` when it is too late."""
        if await self._deferred():
            await self._later(card)
            return
        try:
            await self._first(card)
        except hikari.BadRequestError as error:
            # The first try was lost on its way back, not on its way there.
            if error.code != ALREADY_ANSWERED:
                raise
            await self._later(card)

    async def revise(self, card: Card) -> None:
        """Show `card` in place of the one that was given; raises as `give`."""
        await self._later(card)

    async def turn_away(self, card: Card) -> None:
        """Answer with `card` where nothing was answered yet; raises as `give`.

        Discord says once more what a process before has heard just before it died. What that one
        has answered stands, and is true.
        """
        self._clock.cancel()
        try:
            await self._first(card)
        except hikari.BadRequestError as error:
            if error.code != ALREADY_ANSWERED:
                raise
            if await self._promised():
                await self._later(card)

    async def _deferred(self) -> bool:
        """Stop the clocks, and return whether the first had run out."""
        self._clock.cancel()
        if self._progressing is not None:
            self._progressing.cancel()
        if self._progress is not None:
            # One edit after the other: the answer is the last.
            await self._progress
        if self._deferring is None:
            return False
        await self._deferring
        return True

    def _show_progress(self, progress: Callable[[], Card]) -> None:
        if self._deferring is not None:
            self._progress = asyncio.create_task(self._tell(self._deferring, progress()))

    async def _tell(self, deferring: asyncio.Task[None], card: Card) -> None:
        try:
            await deferring
            await self._later(card)
        except hikari.HTTPError as error:
            # The answer itself will tell whether Discord takes it.
            log.debug("interaction.no_progress", error=type(error).__name__)

    def _run_out(self) -> None:
        if self._deferring is None:
            self._deferring = asyncio.create_task(self._defer())

    @abstractmethod
    async def _defer(self) -> None: ...

    @abstractmethod
    async def _first(self, card: Card) -> None: ...

    @abstractmethod
    async def _later(self, card: Card) -> None: ...

    @abstractmethod
    async def _promised(self) -> bool:
        """Return whether an answer is waited for that somebody else has said would come."""


class CommandAnswer(Answer):
    """The answer to a command: a message. A deferred one is `private` or not from then on."""

    def __init__(self, interaction: hikari.CommandInteraction, *, private: bool = False) -> None:
        name = interaction.command_name
        super().__init__(interaction, command=name, cost=COSTS.get(name, 1))
        self._interaction = interaction
        self._private = private

    async def _defer(self) -> None:
        await self._interaction.create_initial_response(
            hikari.ResponseType.DEFERRED_MESSAGE_CREATE, flags=_flags(self._private)
        )

    async def _first(self, card: Card) -> None:
        await self._interaction.create_initial_response(
            hikari.ResponseType.MESSAGE_CREATE, **_shown(card), flags=_flags(card.private)
        )

    async def _later(self, card: Card) -> None:
        await self._interaction.edit_initial_response(**_shown(card))

    async def _promised(self) -> bool:
        message = await self._interaction.fetch_initial_response()
        return hikari.MessageFlag.LOADING in message.flags


class PressAnswer(Answer):
    """The answer to a button: a message for who pressed, one for everybody, or none at all.

    What everybody may see without an announcement, the panel shows.
    """

    def __init__(self, interaction: hikari.ComponentInteraction, *, cost: int = 1) -> None:
        super().__init__(interaction, cost=cost)
        self._interaction = interaction
        self._followup: hikari.Message | None = None

    async def revise(self, card: Card) -> None:
        """Show `card` in place of the one that was given; raises as `give`."""
        if self._followup is None:
            await self._interaction.edit_initial_response(**_shown(card))
        else:
            await self._interaction.edit_message(self._followup, **_shown(card))

    async def _defer(self) -> None:
        await self._interaction.create_initial_response(hikari.ResponseType.DEFERRED_MESSAGE_UPDATE)

    async def _first(self, card: Card) -> None:
        if not card.private and not card.announced:
            await self._defer()
            return
        await self._interaction.create_initial_response(
            hikari.ResponseType.MESSAGE_CREATE, **_shown(card), flags=_flags(card.private)
        )

    async def _later(self, card: Card) -> None:
        if card.private or card.announced:
            self._followup = await self._interaction.execute(
                **_shown(card), flags=_flags(card.private)
            )

    async def _promised(self) -> bool:
        # A press that is acknowledged waits for nothing that can be seen.
        return False


class ReplacingAnswer(Answer):
    """The answer to a button that takes the place of the message beneath which it stands.

    What is private does so only where that message is; otherwise it is shown to who pressed.
    """

    def __init__(self, interaction: hikari.ComponentInteraction, *, cost: int = 1) -> None:
        super().__init__(interaction, cost=cost)
        self._interaction = interaction
        self._alone = bool(interaction.message.flags & hikari.MessageFlag.EPHEMERAL)

    async def _defer(self) -> None:
        await self._interaction.create_initial_response(hikari.ResponseType.DEFERRED_MESSAGE_UPDATE)

    async def _first(self, card: Card) -> None:
        if card.private and not self._alone:
            await self._interaction.create_initial_response(
                hikari.ResponseType.MESSAGE_CREATE, **_shown(card), flags=_flags(private=True)
            )
        else:
            await self._interaction.create_initial_response(
                hikari.ResponseType.MESSAGE_UPDATE, **_shown(card)
            )

    async def _later(self, card: Card) -> None:
        if card.private and not self._alone:
            await self._interaction.execute(**_shown(card), flags=_flags(private=True))
        else:
            await self._interaction.edit_initial_response(**_shown(card))

    async def _promised(self) -> bool:
        # As with the panel: what was acknowledged waits for nothing that can be seen.
        return False


class _Shown(TypedDict):
    embed: hikari.Embed
    components: Sequence[hikari.api.MessageActionRowBuilder]
    mentions_everyone: bool
    user_mentions: bool
    role_mentions: bool
    attachment: hikari.UndefinedOr[hikari.Bytes]


def _shown(card: Card) -> _Shown:
    """Return the message that shows `card`, and calls nobody."""
    return {
        "embed": card.embed,
        "components": card.rows,
        "mentions_everyone": False,
        "user_mentions": False,
        "role_mentions": False,
        "attachment": hikari.UNDEFINED if card.file is None else card.file,
    }


def _flags(private: bool) -> hikari.MessageFlag:
    return hikari.MessageFlag.EPHEMERAL if private else hikari.MessageFlag.NONE
