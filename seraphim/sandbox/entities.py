"""Who and what there is: guilds with their roles, channels, members and voice states.

Things are found by id only where a client names them; inside, they hold each other. They change
only through `world.World`, which tells who wants to know.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from seraphim.sandbox.errors import unknown
from seraphim.sandbox.messages import Message
from seraphim.sandbox.permissions import Overwrite, Permission, in_channel, in_guild


@dataclass(slots=True, eq=False)
class User:
    """An account: a person's, or the bot's."""

    id: int
    name: str
    bot: bool = False
    locale: str = "en-US"


@dataclass(slots=True, eq=False)
class Role:
    """A set of permissions that members can be given; everyone's has the guild's own id."""

    id: int
    name: str
    permissions: Permission
    position: int
    bot_id: int | None = None


class ChannelKind(IntEnum):
    """What a channel is for."""

    TEXT = 0
    VOICE = 2
    STAGE = 13

    @property
    def spoken(self) -> bool:
        """Whether people can be in it, and heard."""
        return self in (ChannelKind.VOICE, ChannelKind.STAGE)


@dataclass(slots=True, eq=False)
class Channel:
    """A place in a guild. Voice channels have a text chat too."""

    id: int
    guild: "Guild"
    name: str
    kind: ChannelKind
    position: int
    user_limit: int = 0
    bitrate: int = 64_000
    status: str = ""
    overwrites: dict[int, Overwrite] = field(default_factory=dict[int, Overwrite])
    messages: dict[int, Message] = field(default_factory=dict[int, Message])


@dataclass(slots=True, eq=False)
class Member:
    """A user in a guild."""

    user: User
    guild: "Guild"
    joined_at: datetime
    roles: list[Role] = field(default_factory=list[Role])
    nick: str | None = None
    mute: bool = False
    deaf: bool = False

    def permissions(self, channel: Channel | None = None) -> Permission:
        """What they may do in the guild, or in one of its channels."""
        guild = self.guild
        base = in_guild(
            owner=guild.owner_id == self.user.id,
            roles=[guild.everyone.permissions, *(role.permissions for role in self.roles)],
        )
        if channel is None:
            return base
        return in_channel(
            base,
            channel.overwrites.values(),
            everyone_id=guild.id,
            role_ids=[role.id for role in self.roles],
            member_id=self.user.id,
        )


@dataclass(slots=True, eq=False)
class VoiceState:
    """Where in voice a member is. On a stage everybody begins in the audience."""

    member: Member
    channel: Channel
    session_id: str
    self_mute: bool = False
    self_deaf: bool = False
    on_stage: bool = False
    """Whether they are one of a stage channel's speakers."""
    asked_to_speak_at: datetime | None = None
    speaks_dave: bool = True
    """Whether their app knows end-to-end encryption."""

    @property
    def suppressed(self) -> bool:
        """Whether the channel does not let them speak."""
        if self.channel.kind is ChannelKind.STAGE:
            return not self.on_stage
        return Permission.SPEAK not in self.member.permissions(self.channel)


@dataclass(slots=True, eq=False)
class Guild:
    """A server."""

    id: int
    name: str
    owner_id: int
    created_at: datetime
    locale: str = "en-US"
    channels: dict[int, Channel] = field(default_factory=dict[int, Channel])
    roles: dict[int, Role] = field(default_factory=dict[int, Role])
    members: dict[int, Member] = field(default_factory=dict[int, Member])
    voice_states: dict[int, VoiceState] = field(default_factory=dict[int, VoiceState])

    @property
    def everyone(self) -> Role:
        """The role that everyone has."""
        return self.roles[self.id]

    def channel(self, channel_id: int) -> Channel:
        """A channel here; raises 10003."""
        if channel := self.channels.get(channel_id):
            return channel
        raise unknown("Channel")

    def member(self, user_id: int) -> Member:
        """A member here; raises 10007."""
        if member := self.members.get(user_id):
            return member
        raise unknown("Member")

    def in_voice(self, channel: Channel) -> list[VoiceState]:
        """Who is in a voice channel."""
        return [state for state in self.voice_states.values() if state.channel is channel]
