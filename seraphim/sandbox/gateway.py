"""The gateway: sessions over websockets, and who hears of what.

Discord's rules that a bot can trip over are enforced here: identify first and once, a token, shard
and intents that are allowed, heartbeats, 120 messages a minute, 4096 bytes a message. A session's
end is told to whoever holds things on its behalf (voice states).
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import WSMsgType, web

from seraphim.sandbox import payloads
from seraphim.sandbox.changes import Changes
from seraphim.sandbox.compression import stream
from seraphim.sandbox.entities import Guild
from seraphim.sandbox.intents import KNOWN, PRIVILEGED, Intent
from seraphim.sandbox.json_values import (
    Json,
    JsonObject,
    as_list,
    as_object,
    integer,
    parse,
    text,
)
from seraphim.sandbox.sessions import ENDING_CLOSES, GatewayClose, Opcode, Session, Socket
from seraphim.sandbox.timing import Timing
from seraphim.sandbox.world import Event, World

VERSION = 10

_PATH = "/gateway"
_RESUME_PATH = "/gateway/resume"
_LARGEST_MESSAGE = 4096
_MESSAGES_A_MINUTE = 120
_MINUTE = 60.0
_MISSED_HEARTBEATS = 2
_CLIENT_ENDS_SESSION = frozenset({1000, 1001})
_CHUNK = 1000


class _Closed(Exception):
    """The connection is to be closed with this code."""

    def __init__(self, code: GatewayClose, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


@dataclass(slots=True, eq=False)
class _Connection:
    """A socket and what it has shown itself to be."""

    socket: Socket
    received: deque[float]
    heartbeat_due: float
    session: Session | None = None


class Gateway:
    """All sessions of the one application."""

    def __init__(
        self,
        world: World,
        changes: Changes,
        timing: Timing,
        *,
        token: str,
        granted: Intent,
        intercept: Callable[[Event], tuple[float, ...]],
    ) -> None:
        """`intercept` says how many seconds late an event comes: once for each time it does."""
        self.sessions: dict[str, Session] = {}
        """By id: those that are connected, and those that can be resumed."""
        self.identified = 0
        """How many sessions were started."""
        self.resumes_refused = 0
        """How many of the next RESUMEs are refused."""
        self._world = world
        self._changes = changes
        self._timing = timing
        self._token = token
        self._granted = granted
        self._intercept = intercept
        self._on_voice: Callable[[Session, JsonObject], None] | None = None
        self._on_end: Callable[[Session], None] | None = None
        self._sockets: set[Socket] = set()
        self.address = ""
        """`ws://host:port`, once the server that has the routes is bound."""
        world.subscribe(self._meet)

    @property
    def url(self) -> str:
        """Where clients connect first."""
        return f"{self.address}{_PATH}"

    def routes(self) -> list[web.RouteDef]:
        """Where clients connect first, and where they come back to."""
        return [web.get(_PATH, self._connect), web.get(_RESUME_PATH, self._connect)]

    def on_voice(
        self,
        handler: Callable[[Session, JsonObject], None],
        on_end: Callable[[Session], None],
    ) -> None:
        """Who takes op 4, and who is told that a session has ended."""
        self._on_voice = handler
        self._on_end = on_end

    # Sending

    def dispatch(self, event: Event) -> None:
        """Send `event` to the sessions that hear it, now."""
        for session in tuple(self.sessions.values()):
            if session.hears(event):
                session.dispatch(event.name, session.payload_of(event))
        self._changes.notify()

    def _meet(self, event: Event) -> None:
        guild = self._world.guilds[event.guild_id]
        outside = self._world.bot.id not in guild.members and event.name != "GUILD_DELETE"
        for delay in () if outside else self._intercept(event):
            if delay > 0:
                asyncio.get_running_loop().call_later(delay, self.dispatch, event)
            else:
                self.dispatch(event)
        self._changes.notify()

    # Sessions

    def connected(self, shard: int | None = None) -> list[Session]:
        """The sessions that have a socket now."""
        return [
            session
            for session in self.sessions.values()
            if session.socket and shard in (None, session.shard)
        ]

    def end(self, session: Session) -> None:
        """The session is over: it cannot be resumed, and what it held is let go."""
        if session.ended:
            return
        session.ended = True
        if session.expiry:
            session.expiry.cancel()
        del self.sessions[session.id]
        if self._on_end:
            self._on_end(session)
        self._changes.notify()

    def close_all(self) -> None:
        """Cut every connection: the sandbox ends."""
        for session in self.sessions.values():
            if session.expiry:
                session.expiry.cancel()
        for socket in self._sockets:
            socket.abort()

    def _leave(self, connection: _Connection, client_code: int | None) -> None:
        """A connection is gone; `client_code`: what the client closed it with, if it did."""
        session, socket = connection.session, connection.socket
        if session is None or session.socket is not socket:
            return
        session.socket = None
        ours = socket.closed_by_discord
        if ours in ENDING_CLOSES or (ours is None and client_code in _CLIENT_ENDS_SESSION):
            self.end(session)
        elif not session.ended:
            loop = asyncio.get_running_loop()
            session.expiry = loop.call_later(self._timing.resume_window, self.end, session)
            self._changes.notify()

    # One connection

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        try:
            squeeze = stream(request.query.get("compress"))
        except ValueError as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        websocket = web.WebSocketResponse(max_msg_size=_LARGEST_MESSAGE * 16)
        await websocket.prepare(request)
        assert request.transport is not None
        socket = Socket(websocket, request.transport, squeeze)
        self._sockets.add(socket)
        writer = asyncio.create_task(socket.write())
        loop = asyncio.get_running_loop()
        connection = _Connection(socket, deque(), loop.time() + self._heartbeat_patience)
        client_code: int | None = None
        try:
            if request.query.get("v", str(VERSION)) != str(VERSION):
                raise _Closed(GatewayClose.INVALID_VERSION, "Invalid API version")
            interval = int(self._timing.heartbeat_interval * 1000)
            socket.send_op(Opcode.HELLO, {"heartbeat_interval": interval})
            client_code = await self._converse(websocket, connection)
        except _Closed as close:
            socket.close(close.code, close.reason)
            await writer
        finally:
            writer.cancel()
            self._sockets.discard(socket)
            self._leave(connection, client_code)
        return websocket

    @property
    def _heartbeat_patience(self) -> float:
        return self._timing.heartbeat_interval * _MISSED_HEARTBEATS

    async def _converse(
        self, websocket: web.WebSocketResponse, connection: _Connection
    ) -> int | None:
        """Take messages until the end; returns the code that the client closed with."""
        while True:
            try:
                async with asyncio.timeout_at(connection.heartbeat_due):
                    message = await websocket.receive()
            except TimeoutError:
                raise _Closed(GatewayClose.SESSION_TIMEOUT, "Session timed out.") from None
            match message.type:
                case WSMsgType.TEXT | WSMsgType.BINARY:
                    self._take(connection, message.data)
                case WSMsgType.CLOSE:
                    return int(message.data)
                case _:
                    return None

    def _take(self, connection: _Connection, raw: str | bytes) -> None:
        now = asyncio.get_running_loop().time()
        connection.received.append(now)
        while connection.received[0] <= now - _MINUTE:
            connection.received.popleft()
        if len(connection.received) > _MESSAGES_A_MINUTE:
            raise _Closed(GatewayClose.RATE_LIMITED, "You are being rate limited.")
        try:
            message = as_object(parse(raw))
        except ValueError:
            raise _Closed(GatewayClose.DECODE_ERROR, "Error while decoding payload.") from None
        if len(raw) > _LARGEST_MESSAGE:
            raise _Closed(GatewayClose.DECODE_ERROR, "Error while decoding payload.")
        opcode = integer(message, "op")
        data = message.get("d")
        session = connection.session
        if session and session.ended:  # Invalidated: this connection may identify anew.
            session = connection.session = None
        match opcode:
            case Opcode.HEARTBEAT:
                connection.heartbeat_due = now + self._heartbeat_patience
                connection.socket.send_op(Opcode.HEARTBEAT_ACK, None)
            case Opcode.IDENTIFY | Opcode.RESUME if session is not None:
                raise _Closed(GatewayClose.ALREADY_AUTHENTICATED, "Already authenticated.")
            case Opcode.IDENTIFY:
                self._identify(connection, as_object(data))
            case Opcode.RESUME:
                self._resume(connection, as_object(data))
            case (
                Opcode.PRESENCE_UPDATE | Opcode.VOICE_STATE_UPDATE | Opcode.REQUEST_GUILD_MEMBERS
            ) if session is None:
                raise _Closed(GatewayClose.NOT_AUTHENTICATED, "Not authenticated.")
            case Opcode.PRESENCE_UPDATE:
                pass
            case Opcode.VOICE_STATE_UPDATE:
                assert session is not None
                if self._on_voice:
                    self._on_voice(session, as_object(data))
            case Opcode.REQUEST_GUILD_MEMBERS:
                assert session is not None
                self._members(session, as_object(data))
            case _:
                raise _Closed(GatewayClose.UNKNOWN_OPCODE, "Unknown opcode.")

    def _identify(self, connection: _Connection, data: JsonObject) -> None:
        if text(data, "token") != self._token:
            raise _Closed(GatewayClose.AUTHENTICATION_FAILED, "Authentication failed.")
        shard, shard_count = _shard(data.get("shard"))
        bits = integer(data, "intents")
        if bits is None or bits & ~KNOWN:
            raise _Closed(GatewayClose.INVALID_INTENTS, "Invalid intent(s).")
        intents = Intent(bits)
        if intents & PRIVILEGED & ~self._granted:
            raise _Closed(GatewayClose.DISALLOWED_INTENTS, "Disallowed intent(s).")
        session = Session(shard, shard_count, intents)
        session.socket = connection.socket
        connection.session = session
        self.sessions[session.id] = session
        self.identified += 1
        guilds = [guild for guild in self._world.bots_guilds() if session.concerns(guild.id)]
        session.dispatch("READY", self._ready(session, guilds))
        if Intent.GUILDS in intents:
            for guild in guilds:
                session.dispatch(
                    "GUILD_CREATE",
                    payloads.guild_create(
                        guild, self._world.bot, intents=intents, available_again=True
                    ),
                )
        self._changes.notify()

    def _ready(self, session: Session, guilds: list[Guild]) -> JsonObject:
        return {
            "v": VERSION,
            "user": payloads.own_user(self._world.bot),
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": f"{self.address}{_RESUME_PATH}",
            "shard": [session.shard, session.shard_count],
            "application": {"id": str(self._world.bot.id), "flags": 0},
            "private_channels": [],
            "_trace": [],
        }

    def _resume(self, connection: _Connection, data: JsonObject) -> None:
        if text(data, "token") != self._token:
            raise _Closed(GatewayClose.AUTHENTICATION_FAILED, "Authentication failed.")
        session = self.sessions.get(text(data, "session_id") or "")
        sequence = integer(data, "seq")
        if session is not None and self.resumes_refused:
            self.resumes_refused -= 1
            self.end(session)
            session = None
        if session is None or sequence is None or not session.can_replay(sequence):
            connection.socket.send_op(Opcode.INVALID_SESSION, False)
            return
        if sequence > session.sequence:
            raise _Closed(GatewayClose.INVALID_SEQUENCE, "Invalid seq.")
        session.attach(connection.socket)
        connection.session = session
        session.replay(sequence)
        session.dispatch("RESUMED", {"_trace": []})
        self._changes.notify()

    def _members(self, session: Session, data: JsonObject) -> None:
        guild = self._world.guilds.get(integer(data, "guild_id") or 0)
        if guild is None or not session.concerns(guild.id):
            return
        query, limit = text(data, "query"), integer(data, "limit") or 0
        if query == "" and limit == 0 and Intent.GUILD_MEMBERS not in session.intents:
            raise _Closed(GatewayClose.DISALLOWED_INTENTS, "Disallowed intent(s).")
        asked = {str(each) for each in as_list(data.get("user_ids"))}
        found = [
            member
            for member in guild.members.values()
            if str(member.user.id) in asked
            or (query is not None and member.user.name.lower().startswith(query.lower()))
        ][: limit or _CHUNK]
        payload: dict[str, Json] = {
            "guild_id": str(guild.id),
            "members": [payloads.member(member) for member in found],
            "chunk_index": 0,
            "chunk_count": 1,
            "not_found": sorted(asked - {str(member.user.id) for member in found}),
        }
        if "nonce" in data:
            payload["nonce"] = data["nonce"]
        session.dispatch("GUILD_MEMBERS_CHUNK", payload)


def _shard(value: Json) -> tuple[int, int]:
    match as_list(value):
        case []:
            return 0, 1
        case [int(shard), int(count)] if 0 <= shard < count:
            return shard, count
        case _:
            raise _Closed(GatewayClose.INVALID_SHARD, "Invalid shard.")
