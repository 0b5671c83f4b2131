"""The way of every request: is it to fail, who asks, how often, and then what.

In Discord's order: a route that does not exist is 404 to anybody, a wrong token 401 before limits
are counted, limits before anything is looked at. Routes of interactions carry their own token.
"""

import time
from collections import Counter
from collections.abc import Awaitable, Callable

from aiohttp import web

from seraphim.sandbox.discord import Discord
from seraphim.sandbox.disruptions import Refusal
from seraphim.sandbox.errors import DiscordError, not_found, unauthorized
from seraphim.sandbox.rest.applications import ApplicationRoutes
from seraphim.sandbox.rest.channels import ChannelRoutes
from seraphim.sandbox.rest.guilds import GuildRoutes
from seraphim.sandbox.rest.rate_limits import Grant, RateLimits
from seraphim.sandbox.rest.requests import refuse, reply
from seraphim.sandbox.rest.responses import ResponseRoutes

PREFIX = "/api/v10"

_OPEN = ("/interactions/", "/webhooks/", "/gateway")
_AUTHENTICATED = "/gateway/bot"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Rest:
    """All routes, and what holds for each."""

    def __init__(self, discord: Discord) -> None:
        self._discord = discord
        self._limits = RateLimits()
        self.calls: Counter[tuple[str, str]] = Counter()
        """How often each route was asked for: method, and path with its variables' names."""
        self._groups = (
            ApplicationRoutes(discord),
            GuildRoutes(discord),
            ChannelRoutes(discord),
            ResponseRoutes(discord),
        )

    def routes(self) -> list[web.RouteDef]:
        """The routes below `PREFIX`."""
        return [
            web.route(method, f"{PREFIX}{path}", handler)
            for group in self._groups
            for method, path, handler in group.routes()
        ]

    @web.middleware
    async def govern(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The middleware around every route; what is not below `PREFIX` is none of its business."""
        if not request.path.startswith(PREFIX):
            return await handler(request)
        path = request.path.removeprefix(PREFIX)
        if refusal := self._discord.disruptions.refuses(request.method, path):
            return _refused(refusal)
        grant: Grant | None = None
        try:
            resource = request.match_info.route.resource
            if resource is None:
                raise not_found()
            self._authorize(request, path)
            template = resource.canonical.removeprefix(PREFIX)
            self.calls[request.method, template] += 1
            grant = self._limits.take(request.method, template, request.match_info, time.time())
            response = _exceeded(grant) if grant and not grant.allowed else await handler(request)
        except DiscordError as error:
            response = refuse(error)
        if grant:
            response.headers.update(grant.headers)
        return response

    def _authorize(self, request: web.Request, path: str) -> None:
        if path != _AUTHENTICATED and path.startswith(_OPEN):
            return
        if request.headers.get("Authorization") != f"Bot {self._discord.token}":
            raise unauthorized()


def _exceeded(grant: Grant) -> web.Response:
    response = reply(
        {
            "message": "You are being rate limited.",
            "retry_after": grant.reset_after,
            "global": grant.is_global,
        },
        429,
    )
    response.headers["Retry-After"] = str(int(grant.reset_after) + 1)
    response.headers["X-RateLimit-Scope"] = "user"
    return response


def _refused(refusal: Refusal) -> web.Response:
    if refusal.status != 429:
        return reply({"message": f"{refusal.status}: Ordered.", "code": 0}, refusal.status)
    response = reply(
        {
            "message": "The resource is being rate limited.",
            "retry_after": refusal.retry_after,
            "global": False,
        },
        429,
    )
    response.headers["Retry-After"] = str(int(refusal.retry_after) + 1)
    response.headers["X-RateLimit-Scope"] = "shared"
    return response
