"""Who may talk to the node: whoever knows the password, on every route.

As Lavalink does: none is 401, a wrong one 403. Passwords are compared in constant time.
"""

import hmac

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from seraphim.audio_node.server.errors import refusal


def authorization(password: str) -> Middleware:
    """Return the middleware that lets only those in who know `password`."""
    expected = password.encode("utf-8")

    @web.middleware
    async def authorize(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization")
        if given is None:
            return refusal(request, 401, "Authorization is missing")
        # Headers come with bytes that are no text as surrogates.
        if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected):
            return refusal(request, 403, "Authorization is wrong")
        return await handler(request)

    return authorize
