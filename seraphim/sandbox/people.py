"""People in a guild, and what they can do to the bot."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from seraphim.sandbox import entities
from seraphim.sandbox.commands import Choice
from seraphim.sandbox.discord import Discord
from seraphim.sandbox.entities import Role
from seraphim.sandbox.errors import CannotDo, NoAnswer
from seraphim.sandbox.filling import Filled, Upload, Value, fill_in
from seraphim.sandbox.interactions import Interaction, InteractionKind
from seraphim.sandbox.json_values import JsonObject
from seraphim.sandbox.messages import BUTTON, Button, ButtonStyle, Draft, Embed, Message
from seraphim.sandbox.permissions import Permission

if TYPE_CHECKING:
    from seraphim.sandbox.places import TextChannel, VoiceChannel

ANSWER_TIMEOUT = 30.0
"""How long a deferred answer is waited for, in seconds."""

Given: TypeAlias = "str | int | float | bool | Member | TextChannel | VoiceChannel | Role | Upload"
"""What can be put into a command's option."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person got to see: as it was when the bot had answered, and the message as it is."""

    content: str
    embeds: list[Embed]
    components: list[JsonObject]
    ephemeral: bool
    message: Message
    """The answer; for a button that changed its own message, that message."""
    followups: list[Message]
    """What the bot said besides; grows when it says more."""
    sent_at: float
    """When the bot was told of it, in seconds of the monotonic clock."""


class _Inhabitant:
    def __init__(self, discord: Discord, entity: entities.Member) -> None:
        self.entity = entity
        self._discord = discord

    @property
    def id(self) -> int:
        """The user's id."""
        return self.entity.user.id

    @property
    def name(self) -> str:
        """The user's name."""
        return self.entity.user.name

    @property
    def voice(self) -> entities.VoiceState | None:
        """Where and how they are in voice; None: not at all."""
        return self.entity.guild.voice_states.get(self.id)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


class Bot(_Inhabitant):
    """The bot in a guild."""

    @property
    def role(self) -> Role:
        """The role that came with its invitation."""
        return next(role for role in self.entity.roles if role.bot_id == self.id)


class Member(_Inhabitant):
    """Somebody in a guild. They write and use commands in `home` unless told otherwise."""

    def __init__(self, discord: Discord, entity: entities.Member, home: entities.Channel) -> None:
        super().__init__(discord, entity)
        self._home = home

    # In voice

    async def join(self, channel: "VoiceChannel", *, dave: bool = True) -> None:
        """Join a voice channel, or move to it; raises CannotDo when it does not let them in.

        Without `dave` their app knows no end-to-end encryption: they are let in only where it is
        not required, and then nothing is encrypted while they are there.
        """
        voice_states = self._discord.voice_states
        too_old = not dave and voice_states.requires_dave(channel.entity)
        if too_old or not voice_states.admits(channel.entity, self.entity):
            raise CannotDo(f"{self.name} cannot join {channel.name}")
        voice_states.join(self.entity, channel.entity, speaks_dave=dave)

    async def leave(self) -> None:
        """Leave voice."""
        self._discord.voice_states.leave(self.entity)

    # In text

    async def say(
        self, content: str, *, channel: "TextChannel | VoiceChannel | None" = None
    ) -> Message:
        """Write a message."""
        where = channel.entity if channel else self._home
        self._need(Permission.SEND_MESSAGES, where)
        return self._discord.world.add_message(where, self.entity.user, Draft(content=content))

    async def command(
        self,
        name: str,
        /,
        *,
        channel: "TextChannel | VoiceChannel | None" = None,
        timeout: float = ANSWER_TIMEOUT,
        **options: Given,
    ) -> Answer:
        """Use a slash command (`"settings volume"` for a subcommand) and wait for its answer.

        A deferred answer is waited for until it is there. Raises CannotDo when Discord's app would
        not send this, NoAnswer when the bot does not answer within Discord's time, or leaves a
        deferred answer open for `timeout` seconds.
        """
        where = channel.entity if channel else self._home
        filled = self._fill_in(name, options, where)
        interaction = self._discord.interactions.send(
            InteractionKind.COMMAND, self.entity, where, filled.data, command=filled.command.name
        )
        return await self._answer(interaction, timeout)

    async def autocomplete(
        self,
        name: str,
        /,
        *,
        channel: "TextChannel | VoiceChannel | None" = None,
        **options: Given,
    ) -> list[Choice]:
        """Type into the last of `options` and see what the bot offers; raises as `command`."""
        where = channel.entity if channel else self._home
        filled = self._fill_in(name, options, where, focused=True)
        interaction = self._discord.interactions.send(
            InteractionKind.AUTOCOMPLETE, self.entity, where, filled.data
        )
        await self._first_answer(interaction)
        return interaction.choices

    async def press(
        self, message: Message, which: str, *, timeout: float = ANSWER_TIMEOUT
    ) -> Answer:
        """Press a button of a message, named by its custom id, the last part of it, or its label.

        Raises CannotDo when it is not there to be pressed, NoAnswer as `command` does.
        """
        button = self._button(message, which)
        interaction = self._discord.interactions.send(
            InteractionKind.COMPONENT,
            self.entity,
            self.entity.guild.channels[message.channel_id],
            {"custom_id": button.custom_id, "component_type": BUTTON},
            pressed=message,
        )
        return await self._answer(interaction, timeout)

    # As Discord's app would not do it

    async def forge_command(
        self, data: JsonObject, *, directly: bool = False, timeout: float = ANSWER_TIMEOUT
    ) -> Answer:
        """Use a command whose interaction has this `data`, which nothing looks at first.

        `directly`: as if in a direct message, though the answer is seen at `home`. Raises NoAnswer
        as `command` does.
        """
        send = self._discord.interactions.send
        kind = InteractionKind.COMMAND
        return await self._answer(
            send(kind, self.entity, self._home, data, directly=directly), timeout
        )

    async def forge_autocomplete(self, data: JsonObject) -> list[Choice]:
        """See what the bot offers where somebody types `data`; raises as `forge_command`."""
        interaction = self._discord.interactions.send(
            InteractionKind.AUTOCOMPLETE, self.entity, self._home, data
        )
        await self._first_answer(interaction)
        return interaction.choices

    async def forge_press(
        self, message: Message, data: JsonObject, *, timeout: float = ANSWER_TIMEOUT
    ) -> Answer:
        """Press what need not be there beneath a message; raises as `forge_command`."""
        interaction = self._discord.interactions.send(
            InteractionKind.COMPONENT, self.entity, self._home, data, pressed=message
        )
        return await self._answer(interaction, timeout)

    def _fill_in(
        self,
        name: str,
        options: Mapping[str, Given],
        channel: entities.Channel,
        *,
        focused: bool = False,
    ) -> Filled:
        self._need(Permission.USE_APPLICATION_COMMANDS, channel)
        guild = self.entity.guild
        if self._discord.bot.id not in guild.members:
            raise CannotDo(f"the bot is not in {guild.name}")
        values: dict[str, Value] = {
            key: value if isinstance(value, str | int | float | Role | Upload) else value.entity
            for key, value in options.items()
        }
        commands = self._discord.commands.in_guild(guild)
        return fill_in(commands, self.entity, name, values, focused=focused)

    def _button(self, message: Message, which: str) -> Button:
        channel = self.entity.guild.channels.get(message.channel_id)
        if (
            message.deleted
            or channel is None
            or message.visible_to not in (None, self.id)
            or Permission.VIEW_CHANNEL not in self.entity.permissions(channel)
        ):
            raise CannotDo(f"{self.name} sees no such message")
        found = [button for button in message.buttons if button.is_called(which)]
        if not found:
            names = ", ".join(button.label or button.custom_id for button in message.buttons)
            raise CannotDo(f"there is no button {which!r}, only: {names or 'none'}")
        button = found[0]
        if button.disabled or button.style is ButtonStyle.LINK:
            raise CannotDo(f"the button {which!r} cannot be pressed")
        return button

    def _need(self, permission: Permission, channel: entities.Channel) -> None:
        if permission not in self.entity.permissions(channel):
            raise CannotDo(f"{self.name} lacks {permission.name} in {channel.name}")

    # Waiting

    async def _first_answer(self, interaction: Interaction) -> None:
        interactions = self._discord.interactions
        await self._discord.changes.until(
            lambda: interaction.callback is not None or not interactions.in_time(interaction),
            timeout=self._discord.timing.first_answer * 2 + 1,
        )
        if interaction.callback is None:
            raise NoAnswer("The application did not respond")

    async def _answer(self, interaction: Interaction, timeout: float) -> Answer:
        await self._first_answer(interaction)
        try:
            await self._discord.changes.until(lambda: interaction.settled, timeout=timeout)
        except TimeoutError:
            raise NoAnswer(f"the application is still thinking after {timeout} s") from None
        message = interaction.original
        assert message is not None
        return Answer(
            content=message.content,
            embeds=message.embeds,
            components=message.components,
            ephemeral=message.ephemeral,
            message=message,
            followups=interaction.followups,
            sent_at=interaction.sent_at,
        )
