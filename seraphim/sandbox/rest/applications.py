"""The application itself: who it is, its commands, and where its gateway is."""

from collections.abc import Iterator

from aiohttp import web

from seraphim.sandbox import payloads
from seraphim.sandbox.commands import Command
from seraphim.sandbox.discord import Discord
from seraphim.sandbox.errors import unknown
from seraphim.sandbox.json_values import Json
from seraphim.sandbox.rest.requests import (
    no_content,
    number,
    query,
    read_object,
    read_objects,
    reply,
)
from seraphim.sandbox.rest.routing import Route

_SESSION_STARTS = 1000
_CONCURRENT_STARTS = 16
_DAY_MS = 86_400_000
_GUILDS_PAGE = 200


class ApplicationRoutes:
    """`/applications`, `/oauth2`, `/gateway`, `/users`."""

    def __init__(self, discord: Discord) -> None:
        self._discord = discord

    def routes(self) -> Iterator[Route]:
        """The routes of this group."""
        yield "GET", "/gateway", self._gateway
        yield "GET", "/gateway/bot", self._gateway_bot
        yield "GET", "/oauth2/applications/@me", self._application
        yield "GET", "/applications/@me", self._application
        yield "GET", "/users/@me", self._me
        yield "GET", "/users/@me/guilds", self._my_guilds
        yield "GET", "/users/{user}", self._user
        for scope in ("", "/guilds/{guild}"):
            commands = f"/applications/{{application}}{scope}/commands"
            yield "GET", commands, self._commands
            yield "PUT", commands, self._overwrite_commands
            yield "POST", commands, self._put_command
            yield "GET", f"{commands}/{{command}}", self._command
            yield "DELETE", f"{commands}/{{command}}", self._delete_command

    async def _gateway(self, _: web.Request) -> web.Response:
        return reply({"url": self._discord.gateway.url})

    async def _gateway_bot(self, _: web.Request) -> web.Response:
        return reply(
            {
                "url": self._discord.gateway.url,
                "shards": 1,
                "session_start_limit": {
                    "total": _SESSION_STARTS,
                    "remaining": _SESSION_STARTS - self._discord.gateway.identified,
                    "reset_after": _DAY_MS,
                    "max_concurrency": _CONCURRENT_STARTS,
                },
            }
        )

    async def _application(self, _: web.Request) -> web.Response:
        count = sum(1 for _ in self._discord.world.bots_guilds())
        return reply(payloads.application(self._discord.bot, count))

    async def _me(self, _: web.Request) -> web.Response:
        return reply(payloads.own_user(self._discord.bot))

    async def _my_guilds(self, request: web.Request) -> web.Response:
        bot = self._discord.bot
        after, before = query(request, "after") or 0, query(request, "before")
        guilds: list[Json] = [
            {
                "id": str(guild.id),
                "name": guild.name,
                "icon": None,
                "banner": None,
                "owner": False,
                "permissions": payloads.bits(guild.members[bot.id].permissions()),
                "features": [],
                "approximate_member_count": len(guild.members),
                "approximate_presence_count": len(guild.members),
            }
            for guild in self._discord.world.bots_guilds()
            if guild.id > after and (before is None or guild.id < before)
        ]
        limit = query(request, "limit") or _GUILDS_PAGE
        return reply(guilds[:limit] if before is None else guilds[-limit:])

    async def _user(self, request: web.Request) -> web.Response:
        return reply(payloads.user(self._discord.world.user(number(request, "user"))))

    # Commands

    async def _commands(self, request: web.Request) -> web.Response:
        return self._reply_commands(self._discord.commands.all(self._scope(request)))

    async def _overwrite_commands(self, request: web.Request) -> web.Response:
        bodies = await read_objects(request)
        return self._reply_commands(self._discord.commands.overwrite(self._scope(request), bodies))

    async def _put_command(self, request: web.Request) -> web.Response:
        command, new = self._discord.commands.put(self._scope(request), await read_object(request))
        return reply(command.payload(self._discord.bot.id), 201 if new else 200)

    async def _command(self, request: web.Request) -> web.Response:
        command = self._discord.commands.get(self._scope(request), number(request, "command"))
        return reply(command.payload(self._discord.bot.id))

    async def _delete_command(self, request: web.Request) -> web.Response:
        self._discord.commands.delete(self._scope(request), number(request, "command"))
        return no_content()

    def _scope(self, request: web.Request) -> int | None:
        if number(request, "application") != self._discord.bot.id:
            raise unknown("Application")
        if "guild" not in request.match_info:
            return None
        return self._discord.world.bots_guild(number(request, "guild")).id

    def _reply_commands(self, commands: list[Command]) -> web.Response:
        self._discord.changes.notify()
        return reply([command.payload(self._discord.bot.id) for command in commands])
