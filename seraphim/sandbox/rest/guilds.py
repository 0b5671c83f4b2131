"""Guilds, and who and what is in them."""

from collections.abc import Iterator

from aiohttp import web

from seraphim.sandbox import payloads
from seraphim.sandbox.discord import Discord
from seraphim.sandbox.entities import ChannelKind, Guild, Member
from seraphim.sandbox.errors import missing_permissions, unknown, wrong_kind_of_channel
from seraphim.sandbox.json_values import integer
from seraphim.sandbox.permissions import Permission
from seraphim.sandbox.rest.requests import no_content, number, read_object, reply
from seraphim.sandbox.rest.routing import Route
from seraphim.sandbox.validation import read_moment


class GuildRoutes:
    """`/guilds`."""

    def __init__(self, discord: Discord) -> None:
        self._discord = discord

    def routes(self) -> Iterator[Route]:
        """The routes of this group."""
        yield "GET", "/guilds/{guild}", self._guild
        yield "GET", "/guilds/{guild}/channels", self._channels
        yield "GET", "/guilds/{guild}/roles", self._roles
        yield "GET", "/guilds/{guild}/members/{user}", self._member
        yield "GET", "/guilds/{guild}/voice-states/{user}", self._voice_state
        yield "PATCH", "/guilds/{guild}/voice-states/@me", self._speak

    async def _guild(self, request: web.Request) -> web.Response:
        return reply(payloads.guild(self._find(request)))

    async def _channels(self, request: web.Request) -> web.Response:
        channels = self._find(request).channels.values()
        return reply([payloads.channel(channel) for channel in channels])

    async def _roles(self, request: web.Request) -> web.Response:
        return reply([payloads.role(role) for role in self._find(request).roles.values()])

    async def _member(self, request: web.Request) -> web.Response:
        return reply(payloads.member(self._find_member(request)))

    async def _voice_state(self, request: web.Request) -> web.Response:
        member = self._find_member(request)
        state = member.guild.voice_states.get(member.user.id)
        if state is None:
            raise unknown("Voice State")
        return reply(payloads.voice_state(state, with_guild=True))

    async def _speak(self, request: web.Request) -> web.Response:
        guild = self._find(request)
        body = await read_object(request)
        member = guild.member(self._discord.bot.id)
        state = guild.voice_states.get(member.user.id)
        if state is None:
            raise unknown("Voice State")
        if integer(body, "channel_id") not in (None, state.channel.id):
            raise unknown("Channel")
        if state.channel.kind is not ChannelKind.STAGE:
            raise wrong_kind_of_channel()
        permissions = member.permissions(state.channel)
        asked = read_moment(body, "request_to_speak_timestamp")
        if body.get("suppress") is False and Permission.MUTE_MEMBERS not in permissions:
            raise missing_permissions()
        if asked is not None and Permission.REQUEST_TO_SPEAK not in permissions:
            raise missing_permissions()
        if "request_to_speak_timestamp" in body:
            self._discord.voice_states.ask_to_speak(member, asked)
        if "suppress" in body:
            self._discord.voice_states.put_on_stage(member, speaks=body["suppress"] is False)
        return no_content()

    def _find(self, request: web.Request) -> Guild:
        return self._discord.world.bots_guild(number(request, "guild"))

    def _find_member(self, request: web.Request) -> Member:
        me = request.match_info["user"] == "@me"
        user_id = self._discord.bot.id if me else number(request, "user")
        return self._find(request).member(user_id)
