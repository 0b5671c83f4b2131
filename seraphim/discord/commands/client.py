"""arc's client, with the manners that arc leaves to its user.

- Who asks is read off a command when it arrives, before anything is awaited: a command means the
  play that was current then. arc runs callbacks in tasks of their own; a context variable set here
  is what they see.
- A command that arc does not know, or cannot read, is answered all the same.
- Failures of autocompletion, which arc's hooks and handlers never see, are logged.
- It is started and stopped by the gateway's service, not by hikari's events: arc swallows what
  fails there, the publishing of commands for one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextvars import ContextVar

import arc
import hikari
import structlog

from actors.guild.player.messages import PlayerMessage, PlayerView, Show
from actors.guild.refusal import Code, Refused
from actors.runtime.ask import Asking
from seraphim.discord.admission import Admission
from seraphim.discord.answer import CommandAnswer
from seraphim.discord.caller import Arrivals, Caller
from seraphim.discord.commands.reading import unreadable
from seraphim.discord.desk import HEAVY_SECONDS, LIGHT_SECONDS, Desk
from seraphim.discord.incidents import refused_by
from seraphim.discord.interpreter import Interpreter
from seraphim.discord.language.language import Language
from seraphim.discord.presenters.card import Card
from seraphim.discord.presenters.refusals import refusal
from seraphim.discord.presenters.replies import Reply, gathering, reply
from seraphim.discord.provenance import begin

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_arrived: ContextVar[Caller | Refused] = ContextVar("arrived")

Wanted = Asking[PlayerMessage, Reply] | Refused
"""What a command comes to: a message for the caller's player, or none."""


class CommandClient(arc.GatewayClientBase[hikari.GatewayBot]):
    """The commands of one bot."""

    def __init__(
        self,
        bot: hikari.GatewayBot,
        *,
        admission: Admission,
        arrivals: Arrivals,
        desk: Desk,
        interpreter: Interpreter,
    ) -> None:
        super().__init__(
            bot,
            autosync=False,
            autodefer=False,
            invocation_contexts=[hikari.ApplicationContextType.GUILD],
            provided_locales=interpreter.languages.locales,
        )
        self.set_command_locale_provider(self._command_locale)
        self.set_option_locale_provider(self._option_locale)
        bot.unsubscribe(hikari.StartedEvent, self._on_gatewaybot_startup)
        bot.unsubscribe(hikari.StoppingEvent, self._on_gatewaybot_shutdown)
        self._admission = admission
        self._arrivals = arrivals
        self._desk = desk
        self._interpreter = interpreter

    async def synchronise(self) -> None:
        """Publish the commands if Discord has others. Raises what keeps it from that."""
        if self.application is None:
            await self._on_startup()
        await self.resync_commands()

    async def control(
        self,
        ctx: "Context",
        message: Callable[[Caller], Wanted | Awaitable[Wanted]],
        *,
        heavy: bool = False,
        before: Callable[[Reply], Awaitable[None]] | None = None,
    ) -> Reply | None:
        """Ask the caller's player `message`, answer with its reply, and return that if it came.

        A refusal in place of a message is answered as it is. What `message` needs may be awaited
        first. `heavy`: it takes its time, so the answer is deferred at once. `before`: done with
        the reply before it is answered; if that raises, its failure is answered instead, privately.
        """
        caller = _arrived.get()
        # One that is deferred for everybody could not say privately any more that it has failed.
        answer = CommandAnswer(ctx.interaction, private=before is not None)
        audience = self._interpreter.audience(ctx.interaction)
        replied: Reply | None = None

        async def make() -> Card:
            nonlocal replied
            if isinstance(caller, Refused):
                return refusal(caller, audience.asker)
            if heavy:
                answer.defer()
                answer.promise(lambda: gathering(audience.guild))
            asked = message(await self._arrivals.located(caller))
            if isinstance(asked, Awaitable):
                asked = await asked
            if isinstance(asked, Refused):
                return refusal(asked, audience.asker)
            timeout = HEAVY_SECONDS if heavy else LIGHT_SECONDS
            replied = await self._desk.ask(caller, asked, timeout=timeout)
            if before is not None:
                await before(replied)
            # The music first: what is asked of the node now is written when this goes on.
            await asyncio.sleep(0)
            return reply(replied, audience)

        await self._desk.serve(answer, audience.asker, make)
        if not isinstance(caller, Refused):
            self._desk.follow(answer, caller.guild, replied, audience.guild)
        return replied

    async def show(self, ctx: "Context", present: Callable[[PlayerView, Language], Card]) -> None:
        """Ask for the player's view, and answer with what `present` makes of it, privately."""
        caller = _arrived.get()
        say = self._interpreter.asker(ctx.interaction)

        async def make() -> Card:
            if isinstance(caller, Refused):
                return refusal(caller, say)
            return present(await self._desk.ask(caller, Show(), timeout=LIGHT_SECONDS), say)

        await self._desk.serve(CommandAnswer(ctx.interaction, private=True), say, make)

    async def tell(self, ctx: "Context", make: Callable[[Language], Awaitable[Card]]) -> None:
        """Answer with a card that needs no player, privately; from anywhere."""
        caller = _arrived.get()
        say = self._interpreter.asker(ctx.interaction)

        async def made() -> Card:
            if isinstance(caller, Refused) and caller.code is not Code.SERVER_ONLY:
                return refusal(caller, say)
            return await make(say)

        await self._desk.serve(CommandAnswer(ctx.interaction, private=True), say, made)

    async def tell_server(
        self,
        ctx: "Context",
        make: Callable[[int, Language], Awaitable[Card]],
        *,
        may: Callable[[Caller], bool] | None = None,
    ) -> None:
        """Answer as `tell`, in a server only: `make` is given its id.

        Whoever `may` says no to is told that it is for a DJ.
        """
        caller = _arrived.get()

        async def made(say: Language) -> Card:
            if isinstance(caller, Refused):
                return refusal(caller, say)
            if may is not None and not may(caller):
                return refusal(Refused(Code.DJ_ONLY), say)
            return await make(caller.guild, say)

        await self.tell(ctx, made)

    async def on_command_interaction(self, interaction: hikari.CommandInteraction) -> None:
        """Take a command, or turn it away."""
        if not self._admission.open:
            say = self._interpreter.asker(interaction)
            await self._desk.turn_away(CommandAnswer(interaction), say)
            return
        _arrived.set(self._arrivals.caller(interaction))
        self._admission.enter()
        try:
            command = self.find_command(hikari.CommandType.SLASH, interaction.command_name)
            if command is None:
                raise LookupError(f"no command {interaction.command_name!r}")
            refused = unreadable(command, interaction.options, interaction.resolved)
            if refused is None:
                await super().on_command_interaction(interaction)
                return
        # arc raises here what it cannot read, before any hook or handler could know.
        except Exception as error:  # noqa: BLE001
            refused = refused_by(error)
        self._admission.leave()
        card = refusal(refused, self._interpreter.asker(interaction))
        await self._desk.give(CommandAnswer(interaction), card)

    async def on_autocomplete_interaction(
        self, interaction: hikari.AutocompleteInteraction
    ) -> None:
        """Answer with choices, with none while stopping."""
        try:
            known = self.find_command(hikari.CommandType.SLASH, interaction.command_name)
            if self._admission.open and known is not None:
                await super().on_autocomplete_interaction(interaction)
            else:
                await interaction.create_response([])
        # Not logged whole: the address in it holds the interaction's token.
        except hikari.HTTPError as error:
            log.debug("autocomplete.unanswerable", error=type(error).__name__)
        # A failure here must not be seen: the next letter typed asks again.
        except Exception:
            log.exception("autocomplete.failed", command=interaction.command_name)
            await self._offer_nothing(interaction)

    async def _offer_nothing(self, interaction: hikari.AutocompleteInteraction) -> None:
        """Answer what has failed: without an answer, Discord's app shows that it did."""
        try:
            await interaction.create_response([])
        except hikari.HTTPError as error:
            log.debug("autocomplete.unanswerable", error=type(error).__name__)

    # Discord shows people the descriptions in their own language. What commands and options are
    # called is English everywhere, so that what one person is told to type works for all.
    def _command_locale(self, request: arc.CommandLocaleRequest) -> arc.LocaleResponse:
        say = self._interpreter.languages.of(str(request.locale))
        description = say(command_key(*request.qualified_name))
        return arc.LocaleResponse(request.name, description)

    def _option_locale(self, request: arc.OptionLocaleRequest) -> arc.LocaleResponse:
        say = self._interpreter.languages.of(str(request.locale))
        key = option_key(*request.qualified_name, option=request.name)
        return arc.LocaleResponse(request.name, say(key))


Context = arc.Context[CommandClient]
Command = arc.SlashCommand[CommandClient]
Group = arc.SlashGroup[CommandClient]


def typed_names(commands: Iterable[Command | Group]) -> list[str]:
    """Return what is typed for each command, without the slash, those of groups one by one."""
    names: list[str] = []
    for command in commands:
        if isinstance(command, arc.SlashGroup):
            names += [" ".join(child.qualified_name) for child in command.children.values()]
        else:
            names.append(" ".join(command.qualified_name))
    return names


def command_key(*qualified_name: str) -> str:
    """Return the name of the message that describes a command: `command-favourite-add`."""
    return "-".join(("command", *qualified_name))


def option_key(*qualified_name: str, option: str) -> str:
    """Return the name of the message that describes an option: `option-play-query`."""
    return "-".join(("option", *qualified_name, option.replace("_", "-")))


def command_client(
    bot: hikari.GatewayBot,
    *,
    admission: Admission,
    arrivals: Arrivals,
    desk: Desk,
    interpreter: Interpreter,
) -> CommandClient:
    """Return a client with its hooks and its error handler, and no commands yet."""
    client = CommandClient(
        bot, admission=admission, arrivals=arrivals, desk=desk, interpreter=interpreter
    )

    # arc runs this one whatever became of the callback.
    async def leave(_: Context) -> None:
        admission.leave()

    client.add_hook(_bind)
    client.add_post_hook(leave)
    client.set_error_handler(_unanswered)
    return client


async def _bind(ctx: Context) -> None:
    """Let every log line of this command say whose it is."""
    begin(ctx.command.display_name, ctx.interaction)


async def _unanswered(_: Context, error: Exception) -> None:
    """Log what kept a command from its answer: what it asked has been dealt with at the desk."""
    refused_by(error)
