"""The websocket on which a client hears of its session; what clients say on it is ignored.

Messages are queued and written by a task of their own, so that a player never waits for a client.
One that does not read is closed when `LONGEST_QUEUE` messages wait for it; its session goes on, if
it is resumable, and keeps the events from then on. One whose client has come back on another
websocket is closed with `TAKEN_OVER`.
"""

import asyncio
from typing import Final, cast

import aiohttp
import structlog
from aiohttp import hdrs, web

from seraphim.audio_node.server.errors import refusal
from seraphim.audio_node.server.updates import snowflake
from seraphim.audio_node.session import Sessions

HEARTBEAT_SECONDS: Final = 30.0
"""Lavalink sends none; a client that vanished without a word would stay for ever."""

LONGEST_QUEUE: Final = 4096
LARGEST_MESSAGE: Final = 1 << 16
LONGEST_NAME: Final = 100
CLOSING_SECONDS: Final = 1.0

TAKEN_OVER: Final = 4000
"""The close code that says: the session goes on, elsewhere."""

_log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


class ClientSocket:
    """One client's websocket: a queue and the task that empties it."""

    def __init__(
        self, websocket: web.WebSocketResponse, transport: asyncio.Transport | None
    ) -> None:
        self._websocket = websocket
        self._transport = transport
        self._code: int = aiohttp.WSCloseCode.TRY_AGAIN_LATER
        self._queue: asyncio.Queue[str] = asyncio.Queue(LONGEST_QUEUE)
        self._writing = asyncio.create_task(self._write(), name="websocket")

    def send(self, text: str) -> None:
        """Queue a message."""
        try:
            self._queue.put_nowait(text)
        except asyncio.QueueFull:
            _log.warning("websocket.too_slow", waiting=LONGEST_QUEUE)
            self._writing.cancel()

    def end(self) -> None:
        """Let go of the client; `listen` returns."""
        self._code = TAKEN_OVER
        self._writing.cancel()

    async def listen(self) -> None:
        """Return when the client is gone, or was let go of."""
        reading = asyncio.create_task(self._read())
        await asyncio.wait((reading, self._writing), return_when=asyncio.FIRST_COMPLETED)
        await self.close(self._code)
        await asyncio.wait((reading,))

    async def close(self, code: int) -> None:
        """Close, with `code` if it is still open; one that does not even read that is cut off."""
        self._writing.cancel()
        try:
            async with asyncio.timeout(CLOSING_SECONDS):
                await self._websocket.close(code=code)
        except TimeoutError:
            if self._transport is not None:
                self._transport.abort()

    async def _write(self) -> None:
        while True:
            try:
                await self._websocket.send_str(await self._queue.get())
            except (ConnectionError, aiohttp.ClientError):
                return

    async def _read(self) -> None:
        async for _ in self._websocket:
            pass


class WebsocketRoute:
    """`GET /v4/websocket`."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._sockets: set[ClientSocket] = set()

    async def close(self) -> None:
        """Let go of all clients: 1001."""
        closing = [
            asyncio.create_task(socket.close(aiohttp.WSCloseCode.GOING_AWAY))
            for socket in self._sockets
        ]
        if closing:
            await asyncio.wait(closing)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one client until it is gone."""
        user = request.headers.get("User-Id")
        if not user:
            return refusal(request, 400, "The header User-Id is missing")
        user_id = snowflake(user, "The header User-Id")
        if not user_id:
            return refusal(request, 400, "The header User-Id is nobody's")
        if not request.headers.get(hdrs.SEC_WEBSOCKET_KEY, "").isascii():
            # aiohttp takes it for base64 and fails, where it refuses every other mistake.
            return refusal(request, 400, "The header Sec-WebSocket-Key is no key")
        name = request.headers.get("Client-Name", "")
        structlog.contextvars.bind_contextvars(client=name[:LONGEST_NAME])
        session_id = request.headers.get("Session-Id")
        websocket = web.WebSocketResponse(
            heartbeat=HEARTBEAT_SECONDS, timeout=CLOSING_SECONDS, max_msg_size=LARGEST_MESSAGE
        )
        resumes = self._sessions.can_resume(user_id, session_id)
        websocket.headers["Session-Resumed"] = "true" if resumes else "false"
        await websocket.prepare(request)
        socket = ClientSocket(websocket, request.transport)
        session = self._sessions.connect(user_id, session_id, socket)
        self._sockets.add(socket)
        try:
            await socket.listen()
        finally:
            self._sockets.discard(socket)
            self._sessions.disconnect(session, socket)
        return websocket
