"""Guilds and channels, as tests and people use them."""

from collections.abc import Sequence

from seraphim.sandbox import entities
from seraphim.sandbox.discord import Discord
from seraphim.sandbox.entities import ChannelKind, Role
from seraphim.sandbox.errors import CannotDo
from seraphim.sandbox.messages import Message
from seraphim.sandbox.people import Bot, Member
from seraphim.sandbox.permissions import Permission
from seraphim.sandbox.voice import Group, Heard


class _Channel:
    """What text and voice channels have in common."""

    def __init__(self, discord: Discord, entity: entities.Channel) -> None:
        self.entity = entity
        self._discord = discord

    @property
    def id(self) -> int:
        """Its id."""
        return self.entity.id

    @property
    def name(self) -> str:
        """Its name."""
        return self.entity.name

    @property
    def messages(self) -> list[Message]:
        """What everybody sees here, oldest first."""
        return [each for each in self.entity.messages.values() if not each.ephemeral]

    def seen_by(self, member: Member) -> list[Message]:
        """What `member` sees here: with the answers that are only for them."""
        if Permission.VIEW_CHANNEL not in member.entity.permissions(self.entity):
            return []
        return [
            message
            for message in self.entity.messages.values()
            if message.visible_to in (None, member.id)
        ]

    def delete(self, message: Message) -> None:
        """A moderator deletes a message."""
        self._discord.world.delete_messages(self.entity, [message])

    def overwrite(
        self,
        target: Role | Member | Bot,
        *,
        allow: Permission = Permission.NONE,
        deny: Permission = Permission.NONE,
    ) -> None:
        """Set what this channel allows and denies a role or member; nothing: as in the guild."""
        whom = target if isinstance(target, Role) else target.entity
        self._discord.world.overwrite(self.entity, whom, allow=allow, deny=deny)
        self._discord.voice_states.permissions_changed(self.entity.guild)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


class TextChannel(_Channel):
    """A channel to write in."""


class VoiceChannel(_Channel):
    """A channel to be heard in (with a chat of its own); a stage, too."""

    @property
    def heard(self) -> Heard:
        """What was heard here, decrypted and decoded."""
        return self._discord.heard[self.id]

    @property
    def encryption(self) -> Group:
        """Who may hear what is said here, and how far its keys have come."""
        return self._discord.voice_states.region(self.entity.guild).group(self.id)

    @property
    def present(self) -> list[str]:
        """The names of those who are here, in the order of their coming."""
        return [state.member.user.name for state in self.entity.guild.in_voice(self.entity)]

    @property
    def status(self) -> str:
        """What it says beneath its name."""
        return self.entity.status

    def limit(self, users: int) -> None:
        """Let only so many in; 0: any number."""
        self.entity.user_limit = users
        self._discord.world.changed_channel(self.entity)


class Guild:
    """A server, with a text channel and a voice channel from the start."""

    def __init__(self, discord: Discord, entity: entities.Guild) -> None:
        self.entity = entity
        self.text = TextChannel(
            discord, discord.world.add_channel(entity, "general", ChannelKind.TEXT)
        )
        self.voice = VoiceChannel(
            discord, discord.world.add_channel(entity, "General", ChannelKind.VOICE)
        )
        self._discord = discord
        self.add_bot()

    @property
    def id(self) -> int:
        """Its id."""
        return self.entity.id

    @property
    def name(self) -> str:
        """Its name."""
        return self.entity.name

    @property
    def everyone(self) -> Role:
        """The role that everybody has."""
        return self.entity.everyone

    @property
    def bot(self) -> Bot:
        """The bot in this guild; raises CannotDo when it is not."""
        if self._discord.bot.id not in self.entity.members:
            raise CannotDo(f"the bot is not in {self.name}")
        return Bot(self._discord, self.entity.members[self._discord.bot.id])

    @property
    def voice_channels(self) -> list[VoiceChannel]:
        """All that one can be heard in, stages included."""
        channels = self.entity.channels.values()
        return [VoiceChannel(self._discord, one) for one in channels if one.kind.spoken]

    def text_channel(self, name: str) -> TextChannel:
        """A new text channel."""
        entity = self._discord.world.add_channel(self.entity, name, ChannelKind.TEXT)
        return TextChannel(self._discord, entity)

    def voice_channel(self, name: str, *, user_limit: int = 0) -> VoiceChannel:
        """A new voice channel."""
        entity = self._discord.world.add_channel(
            self.entity, name, ChannelKind.VOICE, user_limit=user_limit
        )
        return VoiceChannel(self._discord, entity)

    def stage_channel(self, name: str) -> VoiceChannel:
        """A new stage: whoever joins is in its audience, and not heard before they speak."""
        entity = self._discord.world.add_channel(self.entity, name, ChannelKind.STAGE)
        return VoiceChannel(self._discord, entity)

    def role(self, name: str, permissions: Permission = Permission.NONE) -> Role:
        """A new role."""
        return self._discord.world.add_role(self.entity, name, permissions)

    def permit(self, role: Role, permissions: Permission) -> None:
        """Set what a role grants: `guild.everyone`, `guild.bot.role`, or one of `guild.role`."""
        self._discord.world.permit(self.entity, role, permissions)
        self._discord.voice_states.permissions_changed(self.entity)

    def member(
        self,
        name: str,
        *,
        roles: Sequence[Role] = (),
        permissions: Permission = Permission.NONE,
        locale: str = "en-US",
    ) -> Member:
        """Somebody joins the guild; `permissions` come by a role of their own."""
        world = self._discord.world
        given = list(roles)
        if permissions:
            given.append(world.add_role(self.entity, f"{name}'s", permissions))
        entity = world.add_member(self.entity, world.add_user(name, locale=locale), given)
        return Member(self._discord, entity, self.text.entity)

    def remove_bot(self) -> None:
        """Throw the bot out of the guild."""
        self._discord.voice_states.forget(self.entity)
        self._discord.world.remove_bot(self.entity)

    def add_bot(self) -> None:
        """Invite the bot, with the permissions that its invitation names."""
        self._discord.world.invite_bot(self.entity)

    def __repr__(self) -> str:
        return f"<Guild {self.name}>"
