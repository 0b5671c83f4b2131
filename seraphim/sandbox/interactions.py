"""Interactions: a person does something, and the bot has three seconds.

Each lives under its id and a token. The first answer goes to the callback, once and in time; after
it the token opens the webhook routes (the original answer, followups) for fifteen minutes. What
Discord does in the corners is done here too: the first followup to a deferred answer becomes that
answer, and a deferred answer keeps the visibility that it was deferred with.
"""

import math
import secrets
import time
from dataclasses import dataclass, field
from enum import IntEnum

from seraphim.sandbox import payloads
from seraphim.sandbox.changes import Changes
from seraphim.sandbox.commands import Choice
from seraphim.sandbox.entities import Channel, Member
from seraphim.sandbox.errors import (
    already_acknowledged,
    empty_message,
    invalid,
    invalid_webhook_token,
    unknown,
)
from seraphim.sandbox.gateway import Gateway
from seraphim.sandbox.json_values import Json, JsonObject, as_object, integer
from seraphim.sandbox.messages import Attachment, Cause, Draft, Message, MessageFlag, MessageKind
from seraphim.sandbox.snowflakes import Snowflakes
from seraphim.sandbox.timing import Timing
from seraphim.sandbox.validation import one_mistake, read_choices, read_draft, wants_ephemeral
from seraphim.sandbox.world import Event, World


class InteractionKind(IntEnum):
    """What somebody did."""

    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4


class CallbackKind(IntEnum):
    """What the bot answered first."""

    MESSAGE = 4
    DEFERRED_MESSAGE = 5
    DEFERRED_UPDATE = 6
    UPDATE = 7
    AUTOCOMPLETE = 8


_ALLOWED = {
    InteractionKind.COMMAND: {CallbackKind.MESSAGE, CallbackKind.DEFERRED_MESSAGE},
    InteractionKind.COMPONENT: set(CallbackKind) - {CallbackKind.AUTOCOMPLETE},
    InteractionKind.AUTOCOMPLETE: {CallbackKind.AUTOCOMPLETE},
}


_OF_GUILDS = frozenset({"guild_id", "guild", "guild_locale", "member"})
_DIRECT_MESSAGE = 1


@dataclass(slots=True, eq=False)
class Interaction:
    """Something a person did, and what the bot made of it."""

    id: int
    kind: InteractionKind
    member: Member
    channel: Channel
    command: str = ""
    pressed: Message | None = None
    token: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)
    sent_at: float = math.inf
    """When Discord has sent it, in seconds of the monotonic clock: its limits count from there."""
    callback: CallbackKind | None = None
    original: Message | None = None
    """What `@original` means: the bot's answer, or the message whose component was used."""
    followups: list[Message] = field(default_factory=list[Message])
    choices: list[Choice] = field(default_factory=list[Choice])

    @property
    def settled(self) -> bool:
        """Whether the person sees an answer and not "… is thinking" any more."""
        if self.callback is not CallbackKind.DEFERRED_MESSAGE:
            return self.callback is not None
        assert self.original is not None
        return self.original.deleted or not self.original.loading


class Interactions:
    """All that are under way or can still be followed up."""

    def __init__(
        self,
        world: World,
        gateway: Gateway,
        changes: Changes,
        snowflakes: Snowflakes,
        timing: Timing,
    ) -> None:
        self._world = world
        self._gateway = gateway
        self._changes = changes
        self._snowflakes = snowflakes
        self._timing = timing
        self._by_token: dict[str, Interaction] = {}

    # People

    def send(
        self,
        kind: InteractionKind,
        member: Member,
        channel: Channel,
        data: JsonObject,
        *,
        command: str = "",
        pressed: Message | None = None,
        directly: bool = False,
    ) -> Interaction:
        """Tell the bot what `member` did in `channel`; `directly`: as if in a direct message."""
        interaction = Interaction(
            id=self._snowflakes.next(),
            kind=kind,
            member=member,
            channel=channel,
            command=command,
            pressed=pressed,
        )
        self._by_token[interaction.token] = interaction
        payload = self._payload(interaction, data)
        if directly:
            payload = _without_guild(payload, member)
        interaction.sent_at = time.monotonic()
        self._gateway.dispatch(Event("INTERACTION_CREATE", channel.guild.id, payload))
        return interaction

    def in_time(self, interaction: Interaction) -> bool:
        """Whether the first answer may still come."""
        return time.monotonic() - interaction.sent_at <= self._timing.first_answer

    def _payload(self, interaction: Interaction, data: JsonObject) -> JsonObject:
        member, channel = interaction.member, interaction.channel
        guild = channel.guild
        bot = guild.members[self._world.bot.id]
        permissions = member.permissions(channel)
        payload: dict[str, Json] = {
            "id": str(interaction.id),
            "application_id": str(self._world.bot.id),
            "type": interaction.kind,
            "token": interaction.token,
            "version": 1,
            "data": data,
            "guild_id": str(guild.id),
            "guild": {"id": str(guild.id), "locale": guild.locale, "features": []},
            "guild_locale": guild.locale,
            "locale": member.user.locale,
            "channel_id": str(channel.id),
            "channel": payloads.partial_channel(channel, permissions),
            "member": {**payloads.member(member), "permissions": payloads.bits(permissions)},
            "app_permissions": payloads.bits(bot.permissions(channel)),
            "entitlements": [],
            "authorizing_integration_owners": {"0": str(guild.id)},
            "context": 0,
            "attachment_size_limit": 10 << 20,
        }
        if interaction.pressed:
            payload["message"] = self.message_payload(interaction.pressed)
        return payload

    # The callback

    def answer(
        self, interaction_id: int, token: str, body: JsonObject, files: list[Attachment]
    ) -> JsonObject:
        """The bot's first answer; raises 10062 too late, 40060 twice, 50035 malformed."""
        interaction = self._by_token.get(token)
        if interaction is None or interaction.id != interaction_id:
            raise unknown("interaction")
        if interaction.callback is not None:
            raise already_acknowledged()
        if not self.in_time(interaction):
            raise unknown("interaction")
        kind = integer(body, "type")
        if kind not in _ALLOWED[interaction.kind]:
            allowed = ", ".join(str(int(each)) for each in sorted(_ALLOWED[interaction.kind]))
            raise invalid(
                one_mistake(("type",), "BASE_TYPE_CHOICES", f"Value must be one of {{{allowed}}}.")
            )
        self._carry_out(interaction, CallbackKind(kind), as_object(body.get("data")), files)
        interaction.callback = CallbackKind(kind)
        self._changes.notify()
        return self._callback_payload(interaction)

    def _carry_out(
        self,
        interaction: Interaction,
        kind: CallbackKind,
        data: JsonObject,
        files: list[Attachment],
    ) -> None:
        match kind:
            case CallbackKind.MESSAGE:
                draft = read_draft(data, files, inside=("data",))
                interaction.original = self._say(interaction, draft, first=True)
            case CallbackKind.DEFERRED_MESSAGE:
                flags = MessageFlag.LOADING
                if wants_ephemeral(data):
                    flags |= MessageFlag.EPHEMERAL
                interaction.original = self._say(interaction, Draft(flags=flags), first=True)
            case CallbackKind.DEFERRED_UPDATE:
                interaction.original = interaction.pressed
            case CallbackKind.UPDATE:
                pressed = _present(interaction.pressed)
                self._world.edit_message(pressed, read_draft(data, files, inside=("data",)))
                interaction.original = pressed
            case CallbackKind.AUTOCOMPLETE:
                interaction.choices = [Choice(name, value) for name, value in read_choices(data)]

    def _callback_payload(self, interaction: Interaction) -> JsonObject:
        about: dict[str, Json] = {"id": str(interaction.id), "type": interaction.kind}
        resource: dict[str, Json] = {"type": interaction.callback}
        if original := interaction.original:
            about["response_message_id"] = str(original.id)
            about["response_message_loading"] = original.loading
            about["response_message_ephemeral"] = original.ephemeral
            resource["message"] = self.message_payload(original)
        return {"interaction": about, "resource": resource}

    # The webhook of an answered interaction

    def find(self, application_id: int, token: str) -> Interaction:
        """An answered interaction whose token is still good; raises 10015 or 50027."""
        interaction = self._by_token.get(token)
        if interaction is None or interaction.callback is None:
            raise unknown("Webhook")
        if application_id != self._world.bot.id:
            raise invalid_webhook_token()
        if time.monotonic() - interaction.sent_at > self._timing.interaction_token:
            raise unknown("Webhook")
        return interaction

    def message(self, interaction: Interaction, name: str) -> Message:
        """`@original`, or one of the answers by id; raises 10008."""
        if name == "@original":
            return _present(interaction.original)
        answers = [*interaction.followups, interaction.original]
        found = next((each for each in answers if each and str(each.id) == name), None)
        return _present(found)

    def edit(self, message: Message, draft: Draft) -> None:
        """Edit one of the answers; raises 50006 when nothing would be left."""
        if draft.would_empty(message):
            raise empty_message()
        self._world.edit_message(message, draft)

    def delete(self, interaction: Interaction, message: Message) -> None:
        """Delete one of the answers."""
        self._world.delete_messages(interaction.channel, [message])

    def follow_up(self, interaction: Interaction, draft: Draft) -> Message:
        """Say more; the first one after a deferred answer becomes that answer."""
        original = interaction.original
        if original and original.loading and not original.deleted:
            self.edit(original, draft)
            return original
        message = self._say(interaction, draft, first=False)
        interaction.followups.append(message)
        self._changes.notify()
        return message

    def message_payload(self, message: Message) -> JsonObject:
        """A message of the bot as REST gives it."""
        guild = self._world.guilds[message.guild_id]
        author = self._world.users[message.author_id]
        return payloads.message(message, author, guild, in_event=False)

    def _say(self, interaction: Interaction, draft: Draft, *, first: bool) -> Message:
        if draft.empty and MessageFlag.LOADING not in draft.flags:
            raise empty_message()
        message = self._world.compose(interaction.channel, self._world.bot)
        draft.apply(message)
        message.flags = draft.flags
        if MessageFlag.EPHEMERAL in draft.flags:
            message.visible_to = interaction.member.user.id
        if first and interaction.kind is InteractionKind.COMMAND:
            message.kind = MessageKind.CHAT_INPUT_COMMAND
        message.cause = Cause(
            interaction_id=interaction.id,
            kind=interaction.kind,
            user_id=interaction.member.user.id,
            command=interaction.command,
            pressed_message_id=interaction.pressed.id if interaction.pressed else None,
        )
        self._world.post(message)
        return message


def _without_guild(payload: JsonObject, member: Member) -> JsonObject:
    """An interaction as it comes from a direct message."""
    kept = {key: value for key, value in payload.items() if key not in _OF_GUILDS}
    return {
        **kept,
        "user": payloads.user(member.user),
        "channel": {"id": kept["channel_id"], "type": _DIRECT_MESSAGE},
        "app_permissions": "0",
        "context": 1,
    }


def _present(message: Message | None) -> Message:
    if message is None or message.deleted:
        raise unknown("Message")
    return message
