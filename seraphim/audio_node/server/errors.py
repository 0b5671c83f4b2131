"""How a request that went wrong is answered: Lavalink's error object, always JSON."""

import asyncio
import http
import time
from collections.abc import Mapping
from typing import Any, Final, cast

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from seraphim.audio_node.payloads import dumps
from seraphim.audio_node.server.updates import BadRequest

SERVER_ERRORS: Final = 500

_log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


def refusal(request: web.Request, status: int, message: str) -> web.Response:
    """Return the answer to a request that is not carried out."""
    return web.json_response(
        {
            "timestamp": time.time_ns() // 1_000_000,
            "status": status,
            "error": http.HTTPStatus(status).phrase,
            "message": message,
            "path": request.path,
        },
        status=status,
        dumps=dumps,
    )


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer what handlers raise."""
    try:
        return await handler(request)
    except BadRequest as error:
        return refusal(request, 400, str(error))
    except web.HTTPException as error:
        if error.status < http.HTTPStatus.BAD_REQUEST:
            raise
        response = refusal(request, error.status, error.text or error.reason)
        if hdrs.ALLOW in error.headers:
            response.headers[hdrs.ALLOW] = error.headers[hdrs.ALLOW]
        return response
    except Exception:  # noqa: BLE001 - told in the log; the client gets an answer in any case
        _log.exception("request.failed", method=request.method, path=request.path)
        return refusal(request, SERVER_ERRORS, "The audio node failed")


def unforeseen(loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    """Handle what the loop caught, but for addresses that aiohttp's parser does not expect.

    Their connection has ended by then, and there is nothing to be told of it: whoever wants to
    could fill the log.
    """
    nonsense = isinstance(context.get("exception"), ValueError)
    if not (nonsense and isinstance(context.get("protocol"), web.RequestHandler)):
        loop.default_exception_handler(dict(context))
