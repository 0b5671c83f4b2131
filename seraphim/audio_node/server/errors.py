"""How a request that went wrong is answered: Lavalink's error object, always JSON."""

import http
import time
from typing import Final, cast

import structlog
from aiohttp import web
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
        return refusal(request, error.status, error.text or error.reason)
    except Exception:  # noqa: BLE001 - told in the log; the client gets an answer in any case
        _log.exception("request.failed", method=request.method, path=request.path)
        return refusal(request, SERVER_ERRORS, "The audio node failed")
