"""What is true in the sandbox, and every way in which it changes.

Pure state. Nothing waits here, nothing is sent: each change is an `Event` told to subscribers at
once, in order, with the payload that Discord would dispatch for it. Whether somebody may do a thing
is asked before (`permissions`), by those who speak for people and for the bot.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from seraphim.sandbox import payloads
from seraphim.sandbox.entities import Channel, ChannelKind, Guild, Member, Role, User, VoiceState
from seraphim.sandbox.errors import unknown
from seraphim.sandbox.json_values import JsonObject
from seraphim.sandbox.messages import Draft, Message, MessageFlag
from seraphim.sandbox.permissions import EVERYONE, INVITED_BOT, Overwrite, Permission, Target
from seraphim.sandbox.snowflakes import Snowflakes, created_at


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, as Discord dispatches it."""

    name: str
    guild_id: int
    payload: JsonObject
    redacted: JsonObject | None = None
    """Instead of `payload`, for those who may not read what people write."""
    about_bot: bool = False


class World:
    """Everything that is there, and every way in which it changes."""

    def __init__(self, bot: User, snowflakes: Snowflakes) -> None:
        self.bot = bot
        self.users: dict[int, User] = {bot.id: bot}
        self.guilds: dict[int, Guild] = {}
        self._snowflakes = snowflakes
        self._subscribers: list[Callable[[Event], None]] = []

    def subscribe(self, subscriber: Callable[[Event], None]) -> None:
        """Have `subscriber` called at each event, within the change itself."""
        self._subscribers.append(subscriber)

    # Finding

    def bots_guilds(self) -> Iterator[Guild]:
        """The guilds that the bot is in."""
        return (guild for guild in self.guilds.values() if self.bot.id in guild.members)

    def bots_guild(self, guild_id: int) -> Guild:
        """A guild that the bot is in; raises 10004."""
        guild = self.guilds.get(guild_id)
        if guild is None or self.bot.id not in guild.members:
            raise unknown("Guild")
        return guild

    def channel(self, channel_id: int) -> Channel:
        """A channel of a guild that the bot is in; raises 10003."""
        for guild in self.bots_guilds():
            if channel := guild.channels.get(channel_id):
                return channel
        raise unknown("Channel")

    # Guilds, roles, channels, members

    def add_guild(self, name: str) -> Guild:
        """A new guild, owned by somebody who is never there."""
        owner = self.add_user(f"{name}'s owner")
        guild_id = self._snowflakes.next()
        guild = Guild(id=guild_id, name=name, owner_id=owner.id, created_at=created_at(guild_id))
        guild.roles[guild_id] = Role(guild_id, "@everyone", EVERYONE, position=0)
        guild.members[owner.id] = Member(owner, guild, joined_at=guild.created_at)
        self.guilds[guild_id] = guild
        return guild

    def invite_bot(self, guild: Guild) -> Member:
        """The bot joins, with the role that its invitation carries."""
        role = Role(
            self._snowflakes.next(), self.bot.name, INVITED_BOT, len(guild.roles), self.bot.id
        )
        guild.roles[role.id] = role
        member = Member(self.bot, guild, joined_at=_now(), roles=[role])
        guild.members[self.bot.id] = member
        self._tell("GUILD_CREATE", guild, payloads.guild_create(guild, self.bot))
        return member

    def remove_bot(self, guild: Guild) -> None:
        """The bot is thrown out, and its role goes with it."""
        member = guild.member(self.bot.id)
        guild.voice_states.pop(self.bot.id, None)
        del guild.members[self.bot.id]
        for role in member.roles:
            if role.bot_id == self.bot.id:
                del guild.roles[role.id]
        self._tell("GUILD_DELETE", guild, {"id": str(guild.id)})

    def add_channel(
        self, guild: Guild, name: str, kind: ChannelKind, *, user_limit: int = 0
    ) -> Channel:
        """A new channel."""
        channel = Channel(
            self._snowflakes.next(), guild, name, kind, len(guild.channels), user_limit
        )
        guild.channels[channel.id] = channel
        self._tell("CHANNEL_CREATE", guild, payloads.channel(channel))
        return channel

    def changed_channel(self, channel: Channel) -> None:
        """Say that `channel` is not as it was."""
        self._tell("CHANNEL_UPDATE", channel.guild, payloads.channel(channel))

    def remove_channel(self, channel: Channel) -> None:
        """Away with a channel and all in it; voice states must have left before."""
        del channel.guild.channels[channel.id]
        for message in channel.messages.values():
            message.deleted = True
        self._tell("CHANNEL_DELETE", channel.guild, payloads.channel(channel))

    def overwrite(
        self, channel: Channel, target: Role | Member, *, allow: Permission, deny: Permission
    ) -> None:
        """Set what `channel` allows and denies; nothing of both takes the overwrite away."""
        if isinstance(target, Role):
            overwrite = Overwrite(target.id, Target.ROLE, allow, deny)
        else:
            overwrite = Overwrite(target.user.id, Target.MEMBER, allow, deny)
        if allow or deny:
            channel.overwrites[overwrite.id] = overwrite
        else:
            channel.overwrites.pop(overwrite.id, None)
        self.changed_channel(channel)

    def add_role(self, guild: Guild, name: str, permissions: Permission) -> Role:
        """A new role."""
        role = Role(self._snowflakes.next(), name, permissions, len(guild.roles))
        guild.roles[role.id] = role
        self._tell("GUILD_ROLE_CREATE", guild, payloads.role_event(guild, role))
        return role

    def permit(self, guild: Guild, role: Role, permissions: Permission) -> None:
        """Set what a role grants."""
        role.permissions = permissions
        self._tell("GUILD_ROLE_UPDATE", guild, payloads.role_event(guild, role))

    def add_user(self, name: str, *, locale: str = "en-US") -> User:
        """A new account."""
        user = User(self._snowflakes.next(), name, locale=locale)
        self.users[user.id] = user
        return user

    def add_member(self, guild: Guild, user: User, roles: list[Role]) -> Member:
        """`user` joins."""
        member = Member(user, guild, joined_at=_now(), roles=roles)
        guild.members[user.id] = member
        self._tell("GUILD_MEMBER_ADD", guild, payloads.member_event(member))
        return member

    def changed_member(self, member: Member) -> None:
        """Say that `member` is not as they were."""
        self._tell(
            "GUILD_MEMBER_UPDATE",
            member.guild,
            payloads.member_event(member),
            about_bot=member.user is self.bot,
        )

    # Voice

    def set_voice_state(self, state: VoiceState) -> None:
        """A member joins, moves, or changes how they are there."""
        state.channel.guild.voice_states[state.member.user.id] = state
        self.changed_voice_state(state)

    def changed_voice_state(self, state: VoiceState) -> None:
        """Say how a member is in voice."""
        self._tell(
            "VOICE_STATE_UPDATE",
            state.member.guild,
            payloads.voice_state(state, with_guild=True),
            about_bot=state.member.user is self.bot,
        )

    def clear_voice_state(self, state: VoiceState) -> None:
        """A member is no longer in voice."""
        guild = state.member.guild
        del guild.voice_states[state.member.user.id]
        self._tell(
            "VOICE_STATE_UPDATE",
            guild,
            payloads.voice_state(state, with_guild=True, left=True),
            about_bot=state.member.user is self.bot,
        )

    def voice_server(self, guild: Guild, *, token: str, endpoint: str | None) -> None:
        """Say where the bot's voice is served; None: being reallocated."""
        self._tell(
            "VOICE_SERVER_UPDATE",
            guild,
            {"guild_id": str(guild.id), "token": token, "endpoint": endpoint},
            about_bot=True,
        )

    # Messages

    def add_message(self, channel: Channel, author: User, draft: Draft) -> Message:
        """A new message of `author`, seen by all in the channel."""
        message = self.compose(channel, author)
        draft.apply(message)
        message.flags = draft.flags
        message.nonce = draft.nonce
        self.post(message)
        return message

    def compose(self, channel: Channel, author: User) -> Message:
        """A message with a place and an author, not posted yet."""
        message_id = self._snowflakes.next()
        return Message(
            id=message_id,
            channel_id=channel.id,
            guild_id=channel.guild.id,
            author_id=author.id,
            created_at=created_at(message_id),
        )

    def post(self, message: Message) -> None:
        """Put a composed message into its channel. Ephemeral ones are nobody else's business."""
        guild = self.guilds[message.guild_id]
        guild.channels[message.channel_id].messages[message.id] = message
        self._tell_message("MESSAGE_CREATE", message)

    def edit_message(self, message: Message, draft: Draft) -> None:
        """Make a message what `draft` says."""
        draft.apply(message)
        if message.loading:
            message.flags &= ~MessageFlag.LOADING
        else:
            message.edited_at = _now()
            message.edits += 1
        self._tell_message("MESSAGE_UPDATE", message)

    def delete_messages(self, channel: Channel, messages: list[Message]) -> None:
        """Away with them: one event each, or a bulk event for several."""
        ids: list[str] = []
        for message in messages:
            del channel.messages[message.id]
            message.deleted = True
            if not message.ephemeral:
                ids.append(str(message.id))
        where = {"channel_id": str(channel.id), "guild_id": str(channel.guild.id)}
        if len(ids) > 1:
            self._tell("MESSAGE_DELETE_BULK", channel.guild, {"ids": ids, **where})
        else:
            for each in ids:
                self._tell("MESSAGE_DELETE", channel.guild, {"id": each, **where})

    def user(self, user_id: int) -> User:
        """Any account; raises 10013."""
        if user := self.users.get(user_id):
            return user
        raise unknown("User")

    def _tell_message(self, name: str, message: Message) -> None:
        if message.ephemeral:
            return
        guild = self.guilds[message.guild_id]
        channel = guild.channels[message.channel_id]
        reader = guild.members.get(self.bot.id)
        if reader and Permission.VIEW_CHANNEL not in reader.permissions(channel):
            return
        author = self.users[message.author_id]
        full = payloads.message(message, author, guild, in_event=True)
        mine = author is self.bot or f"<@{self.bot.id}>" in message.content
        self._tell(name, guild, full, redacted=None if mine else payloads.redacted(full))

    def _tell(
        self,
        name: str,
        guild: Guild,
        payload: JsonObject,
        *,
        redacted: JsonObject | None = None,
        about_bot: bool = False,
    ) -> None:
        event = Event(name, guild.id, payload, redacted, about_bot)
        for subscriber in self._subscribers:
            subscriber(event)


def _now() -> datetime:
    return datetime.now(UTC)
