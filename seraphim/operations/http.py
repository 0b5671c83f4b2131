"""The HTTP side: a small server for whoever watches, that no client can hurt.

A visitor asks one thing and is shown out: a connection lives for a few seconds and takes in a few
kilobytes, whatever it is doing, and of too many the oldest goes. These three limits are all that
slow, greedy and crowding clients meet; a deadline for each of their tricks was rejected, since the
next trick has none. Whoever has one question is answered in milliseconds.

A port that is taken keeps no music from playing: it is said, and tried again.
"""

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

import structlog
from aiohttp import web

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

VISIT_SECONDS: Final = 10.0
"""How long a connection may last."""
ANSWER_SECONDS: Final = 5.0
"""How long an answer may take to make."""
MOST_VISITORS: Final = 64
MOST_BYTES: Final = 32_768
"""How much one visitor may say. It asks for a path, and no body is ever read."""
LONGEST_LINE: Final = 4_096
MOST_HEADERS: Final = 64
AGAIN_SECONDS: Final = 5.0
"""When to try once more to listen where that failed."""
STOP_SECONDS: Final = 1.0

JSON: Final = "application/json; charset=utf-8"

# aiohttp logs each malformed request as an error with its stack: any client could fill the log.
_silent = logging.getLogger("seraphim.http.visitors")
_silent.setLevel(logging.CRITICAL + 1)


@dataclass(frozen=True, slots=True)
class Page:
    """An answer."""

    body: str
    code: int = 200
    kind: str = JSON


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What is at a path. `open`: everybody may see it, without the token."""

    make: Callable[[], Awaitable[Page]]
    open: bool = False


class HttpServer:
    """Implements `Service`.

    Parameters
    ----------
    host, port
        Where to listen; port 0 is any that is free, and from then on the same.
    token
        What has to be shown as `Authorization: Bearer` where an endpoint is not open; None:
        nothing.
    endpoints
        What there is, by path.
    """

    def __init__(
        self,
        host: str,
        port: int,
        token: str | None,
        endpoints: Mapping[str, Endpoint],
    ) -> None:
        self._host = host
        self._port = port
        self._token = None if token is None else token.encode()
        self._endpoints = endpoints
        self._reception: _Reception | None = None
        self._server: asyncio.Server | None = None

    @property
    def visitors(self) -> int:
        """How many connections there are."""
        return 0 if self._reception is None else self._reception.count

    async def start(self) -> None:
        """Listen, if that can be done now."""
        self._reception = _Reception(self._serve)
        try:
            await self._listen()
        except OSError as error:
            log.error(
                "http.unavailable",
                host=self._host,
                port=self._port,
                error=error.strerror or str(error),
                remedy="free the port, or set HTTP_PORT to another one, or to 0 for any",
            )

    async def run(self) -> None:
        """Serve until cancelled. Where it could not listen it tries again and again."""
        while self._server is None:
            await asyncio.sleep(AGAIN_SECONDS)
            try:
                await self._listen()
            except OSError:
                log.debug("http.unavailable", host=self._host, port=self._port)
        await self._server.serve_forever()

    async def stop(self) -> None:
        """Close, answers under way within a moment included."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        reception, self._reception = self._reception, None
        if reception is not None:
            await reception.close()

    async def _listen(self) -> None:
        assert self._reception is not None
        self._server = await asyncio.get_running_loop().create_server(
            self._reception.visitor, self._host, self._port, backlog=MOST_VISITORS
        )
        for listening in self._server.sockets:
            host, port = listening.getsockname()[:2]
            # Whoever was told of it finds it there after a restart, too.
            self._port = port
            log.info("http.listening", host=host, port=port, url=_url(host, port))

    async def _serve(self, request: web.BaseRequest) -> web.Response:
        page, headers = await self._page(request)
        return _response(page, headers)

    async def _page(self, request: web.BaseRequest) -> tuple[Page, Mapping[str, str]]:
        endpoint = self._endpoints.get(request.path)
        if endpoint is None:
            return _problem("there is nothing here", 404), {}
        if request.method not in ("GET", "HEAD"):
            return _problem("this can be read only", 405), {"Allow": "GET, HEAD"}
        if not endpoint.open and not self._admits(request):
            return _problem("the token is missing or wrong", 401), {"WWW-Authenticate": "Bearer"}
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await endpoint.make(), {}
        except TimeoutError:
            return _problem("there is no answer now", 503), {}
        # Whatever it is, whoever watches hears of it, and what is in it stays here.
        except Exception as error:
            log.exception("http.failed", path=request.path, error=repr(error))
            return _problem("the answer cannot be made; the log says why", 500), {}

    def _admits(self, request: web.BaseRequest) -> bool:
        if self._token is None:
            return True
        scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
        given = shown.strip().encode("utf-8", "surrogateescape")
        # In the same time, however much of it is right.
        return hmac.compare_digest(given, self._token) and scheme.lower() == "bearer"


class _Reception:
    """Lets visitors in, and sees that none stays too long."""

    def __init__(self, serve: Callable[[web.BaseRequest], Awaitable[web.Response]]) -> None:
        self._server = web.Server(serve, handler_cancellation=True)
        self._loop = asyncio.get_running_loop()
        self._visitors: dict[_Visitor, None] = {}

    @property
    def count(self) -> int:
        """How many are in."""
        return len(self._visitors)

    def visitor(self) -> "_Visitor":
        """Return the protocol for a new connection."""
        return _Visitor(self, self._server, self._loop)

    def came(self, visitor: "_Visitor") -> None:
        """Count one more; the oldest goes if it is one too many."""
        if len(self._visitors) >= MOST_VISITORS:
            next(iter(self._visitors)).show_out()
        self._visitors[visitor] = None

    def went(self, visitor: "_Visitor") -> None:
        """Count one less."""
        self._visitors.pop(visitor, None)

    async def close(self) -> None:
        """Let answers under way be given, within a moment, and close all connections."""
        self._server.pre_shutdown()
        await self._server.shutdown(STOP_SECONDS)
        for visitor in tuple(self._visitors):
            visitor.show_out()


class _Visitor(web.RequestHandler):
    """One connection."""

    def __init__(
        self, reception: _Reception, server: web.Server, loop: asyncio.AbstractEventLoop
    ) -> None:
        super().__init__(
            server,
            loop=loop,
            logger=_silent,
            access_log=None,  # pyright: ignore[reportArgumentType]
            max_line_size=LONGEST_LINE,
            max_field_size=LONGEST_LINE,
            max_headers=MOST_HEADERS,
            # What is said beside the question is not listened to.
            lingering_time=0.0,
            auto_decompress=False,
        )
        self._reception = reception
        self._left = MOST_BYTES
        self._clock = loop.call_later(VISIT_SECONDS, self.show_out)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Come in."""
        super().connection_made(transport)
        self._reception.came(self)

    def data_received(self, data: bytes) -> None:
        """Listen, up to a limit."""
        self._left -= len(data)
        if self._left < 0:
            self.show_out()
            return
        try:
            super().data_received(data)
        except ValueError:
            # aiohttp's parser does not foresee every address that none is.
            self.show_out()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what cannot be understood, and say no more than that."""
        if request.writer.output_size > 0:
            raise ConnectionError("an answer is under way already")
        return _response(_problem("this cannot be understood", status), {})

    def connection_lost(self, exc: BaseException | None) -> None:
        """Be gone."""
        self._clock.cancel()
        self._reception.went(self)
        super().connection_lost(exc)

    def show_out(self) -> None:
        """End the connection now, whatever is left to say."""
        self._reception.went(self)
        if self.transport is not None:
            self.transport.abort()


def _response(page: Page, headers: Mapping[str, str]) -> web.Response:
    response = web.Response(
        body=page.body.encode(),
        status=page.code,
        headers={
            **headers,
            "Cache-Control": "no-store",
            "Content-Type": page.kind,
            "Server": "seraphim",
            "X-Content-Type-Options": "nosniff",
        },
    )
    response.force_close()
    return response


def _problem(what: str, code: int) -> Page:
    return Page(f'{{"error": "{what}"}}', code)


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
