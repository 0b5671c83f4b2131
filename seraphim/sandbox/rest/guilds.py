"""Guilds, and who and what is in them."""

from collections.abc import Iterator

from aiohttp import web

from seraphim.sandbox import payloads
from seraphim.sandbox.discord import Discord
from seraphim.sandbox.entities import Guild, Member
from seraphim.sandbox.errors import unknown
from seraphim.sandbox.rest.requests import number, reply
from seraphim.sandbox.rest.routing import Route


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

    def _find(self, request: web.Request) -> Guild:
        return self._discord.world.bots_guild(number(request, "guild"))

    def _find_member(self, request: web.Request) -> Member:
        me = request.match_info["user"] == "@me"
        user_id = self._discord.bot.id if me else number(request, "user")
        return self._find(request).member(user_id)
