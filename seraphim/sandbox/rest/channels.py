"""Channels and their messages, with the permissions that each act needs."""

from collections.abc import Iterator

from aiohttp import web

from seraphim.sandbox import payloads
from seraphim.sandbox.discord import Discord
from seraphim.sandbox.entities import Channel
from seraphim.sandbox.errors import (
    empty_message,
    invalid,
    missing_access,
    missing_permissions,
    not_the_author,
    unknown,
    wrong_kind_of_channel,
)
from seraphim.sandbox.json_values import JsonObject, as_list, text
from seraphim.sandbox.messages import Draft, Message
from seraphim.sandbox.permissions import Permission
from seraphim.sandbox.rest.requests import (
    no_content,
    number,
    query,
    read_message,
    read_object,
    reply,
)
from seraphim.sandbox.rest.routing import Route
from seraphim.sandbox.validation import one_mistake, read_draft

_PAGE = 50
_LARGEST_PAGE = 100
_LONGEST_STATUS = 500
_BULK = range(2, 101)


class ChannelRoutes:
    """`/channels`. Ephemeral messages do not exist here: only their webhook reaches them."""

    def __init__(self, discord: Discord) -> None:
        self._discord = discord

    def routes(self) -> Iterator[Route]:
        """The routes of this group."""
        yield "GET", "/channels/{channel}", self._channel
        yield "POST", "/channels/{channel}/typing", self._typing
        yield "PUT", "/channels/{channel}/voice-status", self._set_status
        yield "GET", "/channels/{channel}/messages", self._messages
        yield "POST", "/channels/{channel}/messages", self._create
        yield "POST", "/channels/{channel}/messages/bulk-delete", self._bulk_delete
        yield "GET", "/channels/{channel}/messages/{message}", self._message
        yield "PATCH", "/channels/{channel}/messages/{message}", self._edit
        yield "DELETE", "/channels/{channel}/messages/{message}", self._delete

    async def _channel(self, request: web.Request) -> web.Response:
        return reply(payloads.channel(self._place(request)))

    async def _typing(self, request: web.Request) -> web.Response:
        self._place(request, Permission.SEND_MESSAGES)
        return no_content()

    async def _set_status(self, request: web.Request) -> web.Response:
        channel = self._place(request, Permission.SET_VOICE_CHANNEL_STATUS)
        if not channel.kind.spoken:
            raise wrong_kind_of_channel()
        bot = channel.guild.voice_states.get(self._discord.bot.id)
        if bot is None or bot.channel is not channel:
            self._need(channel, Permission.MANAGE_CHANNELS)
        status = text(await read_object(request), "status") or ""
        if len(status) > _LONGEST_STATUS:
            raise invalid(
                one_mistake(
                    ("status",),
                    "BASE_TYPE_MAX_LENGTH",
                    f"Must be {_LONGEST_STATUS} or fewer in length.",
                )
            )
        channel.status = status
        return no_content()

    async def _messages(self, request: web.Request) -> web.Response:
        channel = self._place(request, Permission.READ_MESSAGE_HISTORY)
        newest_first = [each for each in channel.messages.values() if not each.ephemeral][::-1]
        limit = query(request, "limit") or _PAGE
        if not 1 <= limit <= _LARGEST_PAGE:
            raise invalid(
                one_mistake(
                    ("limit",),
                    "NUMBER_TYPE_MAX",
                    f"int value should be less than or equal to {_LARGEST_PAGE}.",
                )
            )
        if before := query(request, "before"):
            page = [each for each in newest_first if each.id < before][:limit]
        elif after := query(request, "after"):
            page = [each for each in newest_first if each.id > after][-limit:]
        elif around := query(request, "around"):
            older = [each for each in newest_first if each.id <= around][: limit // 2 + 1]
            newer = [each for each in newest_first if each.id > around][-(limit // 2) :]
            page = newer + older
        else:
            page = newest_first[:limit]
        return reply([self._payload(message) for message in page])

    async def _message(self, request: web.Request) -> web.Response:
        channel = self._place(request, Permission.READ_MESSAGE_HISTORY)
        return reply(self._payload(self._find(channel, number(request, "message"))))

    async def _create(self, request: web.Request) -> web.Response:
        channel = self._place(request, Permission.SEND_MESSAGES)
        draft = read_draft(*await read_message(request, self._discord.snowflakes))
        self._need_for(channel, draft)
        if draft.empty:
            raise empty_message()
        message = self._discord.world.add_message(channel, self._discord.bot, draft)
        return reply(self._payload(message))

    async def _edit(self, request: web.Request) -> web.Response:
        channel = self._place(request)
        draft = read_draft(*await read_message(request, self._discord.snowflakes))
        message = self._find(channel, number(request, "message"))
        if message.author_id != self._discord.bot.id:
            raise not_the_author()
        self._need_for(channel, draft)
        if draft.would_empty(message):
            raise empty_message()
        self._discord.world.edit_message(message, draft)
        return reply(self._payload(message))

    async def _delete(self, request: web.Request) -> web.Response:
        channel = self._place(request)
        message = self._find(channel, number(request, "message"))
        if message.author_id != self._discord.bot.id:
            self._need(channel, Permission.MANAGE_MESSAGES)
        self._discord.world.delete_messages(channel, [message])
        return no_content()

    async def _bulk_delete(self, request: web.Request) -> web.Response:
        channel = self._place(request, Permission.MANAGE_MESSAGES)
        ids = {str(each) for each in as_list((await read_object(request)).get("messages"))}
        if len(ids) not in _BULK:
            raise invalid(
                one_mistake(
                    ("messages",), "BASE_TYPE_BAD_LENGTH", "Must be between 2 and 100 in length."
                )
            )
        found = [each for each in channel.messages.values() if str(each.id) in ids]
        self._discord.world.delete_messages(
            channel, [message for message in found if not message.ephemeral]
        )
        return no_content()

    def _place(self, request: web.Request, *needed: Permission) -> Channel:
        """The channel of the request, where the bot sees and may do what is needed."""
        channel = self._discord.world.channel(number(request, "channel"))
        if Permission.VIEW_CHANNEL not in self._permissions(channel):
            raise missing_access()
        for permission in needed:
            self._need(channel, permission)
        return channel

    def _permissions(self, channel: Channel) -> Permission:
        return channel.guild.members[self._discord.bot.id].permissions(channel)

    def _need(self, channel: Channel, permission: Permission) -> None:
        if permission not in self._permissions(channel):
            raise missing_permissions()

    def _need_for(self, channel: Channel, draft: Draft) -> None:
        if draft.embeds:
            self._need(channel, Permission.EMBED_LINKS)
        if draft.files:
            self._need(channel, Permission.ATTACH_FILES)

    def _find(self, channel: Channel, message_id: int) -> Message:
        message = channel.messages.get(message_id)
        if message is None or message.ephemeral:
            raise unknown("Message")
        return message

    def _payload(self, message: Message) -> JsonObject:
        return self._discord.interactions.message_payload(message)
