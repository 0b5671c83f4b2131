"""One websocket of the voice gateway: the order in which a client may say things.

    HELLO -> IDENTIFY, READY -> (IP discovery) -> SELECT_PROTOCOL, SESSION_DESCRIPTION -> SPEAKING …
    HELLO -> RESUME, RESUMED, and what was missed
    HEARTBEAT at any time
    end-to-end encryption, once there is a session: see group.py

What goes out is queued and written by one task, so that anything may send and close without
awaiting, in an order that holds. A misstep closes with the code that Discord has for it.
"""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from aiohttp import ClientConnectionError, WSMsgType, web

from seraphim.sandbox.voice.group import Group
from seraphim.sandbox.voice.messages import Fields, UndecodableMessageError
from seraphim.sandbox.voice.mls import MalformedMlsError
from seraphim.sandbox.voice.session import Session
from seraphim.voice import GATEWAY_VERSION, CloseCode, Mode, Opcode, Speaking

HEARTBEATS_GRACE = 1.5
"""How many intervals may pass without a heartbeat."""

CLOSE_SECONDS = 2.0
"""How long the client may take to answer a close."""

ENDS_SESSION = frozenset({CloseCode.NORMAL, CloseCode.GOING_AWAY})
"""Codes by which a client says that it will not come back."""


class RefusedError(Exception):
    """The client may not do this; the connection closes with a code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Region(Protocol):
    """What a connection asks of its server."""

    @property
    def heartbeat_interval(self) -> float:
        """Seconds."""
        ...

    @property
    def silent(self) -> bool:
        """Whether nothing is answered at all."""
        ...

    @property
    def acknowledges_heartbeats(self) -> bool:
        """Whether heartbeats are answered."""
        ...

    def identify(
        self,
        *,
        guild_id: int,
        user_id: int,
        session_id: str,
        token: str,
        dave_version: int,
        link: "Connection",
    ) -> Session:
        """Admit a client and tell the others; raises `RefusedError`."""
        ...

    def ready(self, session: Session) -> dict[str, object]:
        """READY's data."""
        ...

    def joined(self, session: Session) -> None:
        """After READY: introduce client and channel to each other."""
        ...

    def resume(
        self, *, guild_id: int, session_id: str, token: str, sequence: int, link: "Connection"
    ) -> tuple[Session, list[str | bytes]]:
        """Find a session and what its client missed; raises `RefusedError`."""
        ...

    def select(self, session: Session, mode: str) -> tuple[Mode, bytes, int]:
        """Agree on a mode, make a key for it, and say which version of DAVE is spoken.

        Raises `RefusedError`.
        """
        ...

    def group_of(self, session: Session) -> Group:
        """Who is told what a client says of end-to-end encryption."""
        ...

    def spoke(self, session: Session, speaking: Speaking) -> None:
        """A client said whether it speaks."""
        ...

    def disconnected(self, session: Session, link: "Connection", *, ended: bool) -> None:
        """The socket is gone; `ended` says that the session is too."""
        ...


class Connection:
    """A client's websocket. See `Link` for what a session does with it."""

    def __init__(self, region: Region, request: web.Request) -> None:
        self._region = region
        self._request = request
        self._socket = web.WebSocketResponse(timeout=CLOSE_SECONDS, max_msg_size=64 * 1024)
        self._outgoing: asyncio.Queue[str | bytes | tuple[int, str] | None] = asyncio.Queue()
        self._closing = False
        self._session: Session | None = None
        self._ended = False
        self._overdue: asyncio.TimerHandle | None = None
        self._handlers: dict[int, Callable[[Fields], None]] = {
            Opcode.IDENTIFY: self._identify,
            Opcode.SELECT_PROTOCOL: self._select_protocol,
            Opcode.HEARTBEAT: self._heartbeat,
            Opcode.SPEAKING: self._speaking,
            Opcode.RESUME: self._resume,
            Opcode.DAVE_TRANSITION_READY: self._ready_for_transition,
            Opcode.DAVE_MLS_INVALID_COMMIT_WELCOME: self._invalid_commit,
        }

    # Outgoing

    def send(self, message: str | bytes) -> None:
        """Queue a text or a binary frame."""
        if not self._closing and not self._region.silent:
            self._outgoing.put_nowait(message)

    def close(self, code: int, reason: str = "") -> None:
        """Queue a close; what is sent later is dropped."""
        if not self._closing:
            self._closing = True
            self._outgoing.put_nowait((code, reason))

    def abort(self) -> None:
        """Break off without a close frame, as a network does."""
        self._closing = True
        self._outgoing.put_nowait(None)
        if self._request.transport is not None:
            self._request.transport.abort()

    def _say(self, opcode: Opcode, data: object) -> None:
        self.send(json.dumps({"op": opcode, "d": data}))

    async def _write(self) -> None:
        with suppress(ClientConnectionError):
            while True:
                match await self._outgoing.get():
                    case str(text):
                        await self._socket.send_str(text)
                    case bytes(frame):
                        await self._socket.send_bytes(frame)
                    case (code, reason):
                        await self._socket.close(code=code, message=reason.encode())
                        return
                    case None:
                        return

    # Incoming

    async def serve(self) -> web.WebSocketResponse:
        """Speak with the client until one of the two closes."""
        await self._socket.prepare(self._request)
        writer = asyncio.create_task(self._write(), name="voice gateway writer")
        try:
            interval = round(1000 * self._region.heartbeat_interval)
            self._say(Opcode.HELLO, {"v": GATEWAY_VERSION, "heartbeat_interval": interval})
            self._expect_heartbeat()
            await self._read()
            if self._closing:
                await writer
        finally:
            writer.cancel()
            if self._overdue is not None:
                self._overdue.cancel()
            if self._session is not None:
                self._ended |= self._socket.close_code in ENDS_SESSION and not self._closing
                self._region.disconnected(self._session, self, ended=self._ended)
        return self._socket

    async def _read(self) -> None:
        async for message in self._socket:
            if self._region.silent or self._closing:
                continue
            try:
                if message.type is WSMsgType.TEXT:
                    self._text(Fields.parse(message.data))
                elif message.type is WSMsgType.BINARY:
                    self._binary(message.data)
            except UndecodableMessageError as error:
                self.close(CloseCode.DECODE_ERROR, f"Failed to decode payload: {error}")
            except RefusedError as refusal:
                self.close(refusal.code, str(refusal))

    def _text(self, message: Fields) -> None:
        opcode = message.integer("op")
        handler = self._handlers.get(opcode)
        if handler is None:
            raise RefusedError(CloseCode.UNKNOWN_OPCODE, f"Unknown opcode: {opcode}")
        handler(message.fields("d"))

    def _binary(self, message: bytes) -> None:
        if not message:
            raise UndecodableMessageError("an empty frame")
        opcode, payload = message[0], message[1:]
        if opcode not in (Opcode.DAVE_MLS_KEY_PACKAGE, Opcode.DAVE_MLS_COMMIT_WELCOME):
            raise RefusedError(CloseCode.UNKNOWN_OPCODE, f"Unknown opcode: {opcode}")
        session = self._authenticated()
        group = self._region.group_of(session)
        said = group.key_package if opcode == Opcode.DAVE_MLS_KEY_PACKAGE else group.commit
        try:
            said(session, payload)
        except MalformedMlsError as error:
            raise RefusedError(CloseCode.BAD_REQUEST, f"Opcode {opcode}: {error}") from error

    def _identify(self, data: Fields) -> None:
        if self._session is not None:
            raise RefusedError(CloseCode.ALREADY_AUTHENTICATED, "Already authenticated")
        self._session = self._region.identify(
            guild_id=data.snowflake("server_id"),
            user_id=data.snowflake("user_id"),
            session_id=data.text("session_id"),
            token=data.text("token"),
            dave_version=data.integer_or("max_dave_protocol_version", 0),
            link=self,
        )
        self._say(Opcode.READY, self._region.ready(self._session))
        self._region.joined(self._session)

    def _select_protocol(self, data: Fields) -> None:
        session = self._authenticated()
        protocol = data.text("protocol")
        if protocol != "udp":
            raise RefusedError(CloseCode.UNKNOWN_PROTOCOL, f"Unknown protocol: {protocol}")
        choice = data.fields("data")
        choice.text("address")
        choice.integer("port")
        mode, key, version = self._region.select(session, choice.text("mode"))
        session.send(
            Opcode.SESSION_DESCRIPTION,
            {
                "mode": mode,
                "secret_key": list(key),
                "audio_codec": "opus",
                "media_session_id": f"{session.ssrc:08x}",
                "dave_protocol_version": version,
            },
        )

    def _heartbeat(self, data: Fields) -> None:
        time = data.integer("t")
        self._expect_heartbeat()
        if self._session is not None:
            self._session.acknowledge(data.integer_or("seq_ack", -1))
        if self._region.acknowledges_heartbeats:
            self._say(Opcode.HEARTBEAT_ACK, {"t": time})

    def _speaking(self, data: Fields) -> None:
        session = self._authenticated()
        if data.integer_or("ssrc", session.ssrc) != session.ssrc:
            raise RefusedError(CloseCode.BAD_REQUEST, "Invalid SSRC")
        self._region.spoke(session, Speaking(data.integer("speaking")))

    def _ready_for_transition(self, data: Fields) -> None:
        session = self._authenticated()
        self._region.group_of(session).ready(session, data.integer("transition_id"))

    def _invalid_commit(self, data: Fields) -> None:
        session = self._authenticated()
        self._region.group_of(session).invalid(session, data.integer("transition_id"))

    def _resume(self, data: Fields) -> None:
        if self._session is not None:
            raise RefusedError(CloseCode.ALREADY_AUTHENTICATED, "Already authenticated")
        self._session, missed = self._region.resume(
            guild_id=data.snowflake("server_id"),
            session_id=data.text("session_id"),
            token=data.text("token"),
            sequence=data.integer_or("seq_ack", -1),
            link=self,
        )
        self._say(Opcode.RESUMED, None)
        for message in missed:
            self.send(message)

    def _authenticated(self) -> Session:
        if self._session is None:
            raise RefusedError(CloseCode.NOT_AUTHENTICATED, "Not authenticated")
        return self._session

    # Heartbeats

    def _expect_heartbeat(self) -> None:
        if self._overdue is not None:
            self._overdue.cancel()
        patience = HEARTBEATS_GRACE * self._region.heartbeat_interval
        self._overdue = asyncio.get_running_loop().call_later(patience, self._timed_out)

    def _timed_out(self) -> None:
        if self._region.silent:
            self._expect_heartbeat()
            return
        self._ended = True
        self.close(CloseCode.SESSION_TIMEOUT, "Session timed out")
