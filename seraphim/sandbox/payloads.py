"""How Discord writes things down: state in, JSON out.

Complete where hikari is strict (it raises KeyError at a missing field), and otherwise as short as
Discord's own documents allow.
"""

from datetime import datetime

from seraphim.sandbox.entities import Channel, ChannelKind, Guild, Member, Role, User, VoiceState
from seraphim.sandbox.intents import Intent
from seraphim.sandbox.json_values import Json, JsonObject
from seraphim.sandbox.messages import Attachment, Message, MessageKind
from seraphim.sandbox.permissions import Permission


def user(who: User) -> JsonObject:
    """Anybody's account."""
    return {
        "id": str(who.id),
        "username": who.name,
        "discriminator": "0",
        "global_name": None if who.bot else who.name,
        "avatar": None,
        "bot": who.bot,
        "public_flags": 0,
    }


def own_user(bot: User) -> JsonObject:
    """The bot's account, as the bot sees it."""
    return {
        **user(bot),
        "mfa_enabled": True,
        "verified": True,
        "email": None,
        "flags": 0,
        "locale": bot.locale,
    }


def member(who: Member, *, with_user: bool = True) -> JsonObject:
    """A member of a guild."""
    rest: dict[str, Json] = {
        "nick": who.nick,
        "avatar": None,
        "roles": [str(role.id) for role in who.roles],
        "joined_at": iso(who.joined_at),
        "premium_since": None,
        "deaf": who.deaf,
        "mute": who.mute,
        "pending": False,
        "flags": 0,
    }
    return {"user": user(who.user), **rest} if with_user else rest


def member_event(who: Member) -> JsonObject:
    """A member who joined or changed."""
    return {"guild_id": str(who.guild.id), **member(who)}


def role(what: Role) -> JsonObject:
    """A role."""
    payload: dict[str, Json] = {
        "id": str(what.id),
        "name": what.name,
        "color": 0,
        "hoist": False,
        "position": what.position,
        "permissions": bits(what.permissions),
        "managed": what.bot_id is not None,
        "mentionable": False,
        "flags": 0,
    }
    if what.bot_id is not None:
        payload["tags"] = {"bot_id": str(what.bot_id)}
    return payload


def role_event(guild: Guild, what: Role) -> JsonObject:
    """A role that is new or changed."""
    return {"guild_id": str(guild.id), "role": role(what)}


def channel(what: Channel, *, with_guild: bool = True) -> JsonObject:
    """A channel."""
    payload: dict[str, Json] = {
        "id": str(what.id),
        "type": what.kind,
        "name": what.name,
        "position": what.position,
        "parent_id": None,
        "nsfw": False,
        "flags": 0,
        "last_message_id": str(max(what.messages)) if what.messages else None,
        "rate_limit_per_user": 0,
        "permission_overwrites": [
            {
                "id": str(overwrite.id),
                "type": overwrite.target,
                "allow": bits(overwrite.allow),
                "deny": bits(overwrite.deny),
            }
            for overwrite in what.overwrites.values()
        ],
    }
    if with_guild:
        payload["guild_id"] = str(what.guild.id)
    if what.kind.spoken:
        payload |= {"bitrate": what.bitrate, "user_limit": what.user_limit, "rtc_region": None}
    if what.kind is not ChannelKind.VOICE:
        payload["topic"] = None
    return payload


def partial_channel(what: Channel, permissions: Permission) -> JsonObject:
    """A channel in an interaction, with what the member may do there."""
    return {
        "id": str(what.id),
        "type": what.kind,
        "name": what.name,
        "guild_id": str(what.guild.id),
        "parent_id": None,
        "position": what.position,
        "permissions": bits(permissions),
    }


def voice_state(state: VoiceState, *, with_guild: bool, left: bool = False) -> JsonObject:
    """Where in voice a member is; `left`: nowhere, any more."""
    asked = None if left else state.asked_to_speak_at
    payload: dict[str, Json] = {
        "channel_id": None if left else str(state.channel.id),
        "user_id": str(state.member.user.id),
        "session_id": state.session_id,
        "deaf": state.member.deaf,
        "mute": state.member.mute,
        "self_deaf": state.self_deaf,
        "self_mute": state.self_mute,
        "self_video": False,
        "suppress": not left and state.suppressed,
        "request_to_speak_timestamp": None if asked is None else iso(asked),
    }
    if with_guild:
        payload["guild_id"] = str(state.member.guild.id)
        payload["member"] = member(state.member)
    return payload


def guild(what: Guild) -> JsonObject:
    """A guild, as REST gives it."""
    return {
        "id": str(what.id),
        "name": what.name,
        "icon": None,
        "splash": None,
        "discovery_splash": None,
        "owner_id": str(what.owner_id),
        "afk_channel_id": None,
        "afk_timeout": 300,
        "verification_level": 0,
        "default_message_notifications": 1,
        "explicit_content_filter": 0,
        "roles": [role(each) for each in what.roles.values()],
        "emojis": [],
        "stickers": [],
        "features": [],
        "mfa_level": 0,
        "application_id": None,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "vanity_url_code": None,
        "description": None,
        "banner": None,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "preferred_locale": what.locale,
        "public_updates_channel_id": None,
        "max_members": 500_000,
        "max_presences": None,
        "max_video_channel_users": 25,
        "nsfw_level": 0,
    }


def guild_create(
    what: Guild,
    bot: User,
    *,
    intents: Intent = Intent.GUILD_VOICE_STATES,
    available_again: bool = False,
) -> JsonObject:
    """A guild, as the gateway gives it: members are only the bot and those in voice.

    `available_again` marks the guilds that were listed in READY: the bot did not just join them.
    """
    states = what.voice_states if Intent.GUILD_VOICE_STATES in intents else {}
    present = {bot.id, *states}
    payload: dict[str, Json] = {
        **guild(what),
        "joined_at": iso(what.members[bot.id].joined_at),
        "large": False,
        "member_count": len(what.members),
        "voice_states": [voice_state(state, with_guild=False) for state in states.values()],
        "members": [member(each) for each in what.members.values() if each.user.id in present],
        "channels": [channel(each, with_guild=False) for each in what.channels.values()],
        "threads": [],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }
    if available_again:
        payload["unavailable"] = False
    return payload


def message(what: Message, author: User, guild: Guild, *, in_event: bool) -> JsonObject:
    """A message; the gateway's events carry guild and member, REST's answers do not."""
    payload: dict[str, Json] = {
        "id": str(what.id),
        "channel_id": str(what.channel_id),
        "type": what.kind,
        "author": user(author),
        "content": what.content,
        "timestamp": iso(what.created_at),
        "edited_timestamp": None if what.edited_at is None else iso(what.edited_at),
        "tts": False,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": [attachment(each) for each in what.attachments],
        "embeds": [{"type": "rich", **embed} for embed in what.raw_embeds],
        "components": what.components,
        "pinned": False,
        "flags": what.flags,
    }
    if what.nonce is not None:
        payload["nonce"] = what.nonce
    if author.bot:
        payload["application_id"] = str(author.id)
    if what.cause:
        payload["webhook_id"] = str(author.id)
        payload["interaction_metadata"] = _interaction_metadata(what, guild)
    if in_event:
        payload["guild_id"] = str(guild.id)
        if writer := guild.members.get(author.id):
            payload["member"] = member(writer, with_user=False)
    return payload


def redacted(full: JsonObject) -> JsonObject:
    """A message for those who may not read what people write."""
    return {**full, "content": "", "embeds": [], "components": [], "attachments": []}


def _interaction_metadata(what: Message, guild: Guild) -> JsonObject:
    cause = what.cause
    assert cause is not None
    payload: dict[str, Json] = {
        "id": str(cause.interaction_id),
        "type": cause.kind,
        "user": user(guild.member(cause.user_id).user),
        "authorizing_integration_owners": {"0": str(guild.id)},
    }
    if what.kind is MessageKind.CHAT_INPUT_COMMAND:
        payload["name"] = cause.command
    if cause.pressed_message_id is not None:
        payload["interacted_message_id"] = str(cause.pressed_message_id)
    return payload


def attachment(what: Attachment) -> JsonObject:
    """A file at a message."""
    address = f"https://cdn.discordapp.com/attachments/{what.id}/{what.filename}"
    return upload(what.id, what.filename, what.content_type, len(what.content), address)


def upload(number: int, filename: str, content_type: str, size: int, address: str) -> JsonObject:
    """A file that is kept at `address`."""
    return {
        "id": str(number),
        "filename": filename,
        "size": size,
        "content_type": content_type,
        "url": address,
        "proxy_url": address,
    }


def application(bot: User, guild_count: int) -> JsonObject:
    """The bot's application."""
    return {
        "id": str(bot.id),
        "name": bot.name,
        "icon": None,
        "description": "",
        "bot_public": True,
        "bot_require_code_grant": False,
        "owner": user(bot),
        "verify_key": "00" * 32,
        "team": None,
        "flags": 0,
        "approximate_guild_count": guild_count,
        "approximate_user_install_count": 0,
    }


def bits(permissions: Permission) -> str:
    """Permissions as Discord writes them: a number in a string."""
    return str(int(permissions))


def iso(moment: datetime) -> str:
    """A moment, as ISO 8601 with its offset."""
    return moment.isoformat()
