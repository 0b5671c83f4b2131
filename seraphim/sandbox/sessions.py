"""A gateway session: what outlives its socket.

Everything dispatched is numbered and kept for a while, so that a client that lost its socket can
ask for what it missed. The socket comes and goes; the session ends when the client says so (it
closes with 1000 or 1001), when Discord does, or when nobody resumes it in time.
"""

import asyncio
import secrets
from collections import deque
from dataclasses import dataclass, field
from enum import IntEnum

from aiohttp import WSCloseCode, web

from seraphim.sandbox.compression import Squeeze
from seraphim.sandbox.intents import Intent, hears
from seraphim.sandbox.json_values import Json, JsonObject, dump
from seraphim.sandbox.snowflakes import shard_of
from seraphim.sandbox.world import Event

_KEPT_EVENTS = 1000


class Opcode(IntEnum):
    """The `op` of a gateway message."""

    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE_UPDATE = 3
    VOICE_STATE_UPDATE = 4
    RESUME = 6
    RECONNECT = 7
    REQUEST_GUILD_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


class GatewayClose(IntEnum):
    """Why Discord closes a gateway connection."""

    UNKNOWN_ERROR = 4000
    UNKNOWN_OPCODE = 4001
    DECODE_ERROR = 4002
    NOT_AUTHENTICATED = 4003
    AUTHENTICATION_FAILED = 4004
    ALREADY_AUTHENTICATED = 4005
    INVALID_SEQUENCE = 4007
    RATE_LIMITED = 4008
    SESSION_TIMEOUT = 4009
    INVALID_SHARD = 4010
    SHARDING_REQUIRED = 4011
    INVALID_VERSION = 4012
    INVALID_INTENTS = 4013
    DISALLOWED_INTENTS = 4014


ENDING_CLOSES = frozenset(
    code
    for code in GatewayClose
    if code is GatewayClose.AUTHENTICATION_FAILED or code >= GatewayClose.INVALID_SEQUENCE
) - {GatewayClose.RATE_LIMITED}
"""Closes by Discord that end the session; after the others it can be resumed."""


class Socket:
    """One connection. Sending never waits: a writer of its own keeps the order."""

    def __init__(
        self,
        websocket: web.WebSocketResponse,
        transport: asyncio.Transport,
        squeeze: Squeeze | None,
    ) -> None:
        self._websocket = websocket
        self._transport = transport
        self._squeeze = squeeze
        self._outgoing: asyncio.Queue[str | tuple[int, bytes]] = asyncio.Queue()
        self.closed_by_discord: int | None = None

    def send(self, text: str) -> None:
        """Send a payload after those before it."""
        self._outgoing.put_nowait(text)

    def send_op(self, opcode: Opcode, data: Json) -> None:
        """Send a message that is no event."""
        self.send(dump({"op": opcode, "d": data, "s": None, "t": None}))

    def close(self, code: int, reason: str) -> None:
        """Close after all that was sent before."""
        self.closed_by_discord = code
        self._outgoing.put_nowait((code, reason.encode()))

    def abort(self) -> None:
        """Cut the wire: no close frame, what was not sent is lost."""
        self._transport.abort()

    async def write(self) -> None:
        """Write what is sent until the connection is closed or gone."""
        try:
            while True:
                item = await self._outgoing.get()
                if isinstance(item, tuple):
                    await self._websocket.close(code=item[0], message=item[1])
                    return
                if self._squeeze:
                    await self._websocket.send_bytes(self._squeeze(item.encode()))
                else:
                    await self._websocket.send_str(item)
        except ConnectionError:
            # The reader sees the end of the connection too, and acts on it.
            return


@dataclass(slots=True, eq=False)
class Session:
    """What a client identified for."""

    shard: int
    shard_count: int
    intents: Intent
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    sequence: int = 0
    socket: Socket | None = None
    ended: bool = False
    expiry: asyncio.TimerHandle | None = None
    """Ends the session when nobody has resumed it by then."""
    _sent: deque[tuple[int, str]] = field(
        default_factory=lambda: deque[tuple[int, str]](maxlen=_KEPT_EVENTS)
    )

    def concerns(self, guild_id: int) -> bool:
        """Whether a guild's events come over this shard."""
        return shard_of(guild_id, self.shard_count) == self.shard

    def hears(self, event: Event) -> bool:
        """Whether `event` is for this session."""
        return self.concerns(event.guild_id) and hears(
            self.intents, event.name, about_itself=event.about_bot
        )

    def payload_of(self, event: Event) -> JsonObject:
        """What this session may read of `event`."""
        if event.redacted is None or Intent.MESSAGE_CONTENT in self.intents:
            return event.payload
        return event.redacted

    def dispatch(self, name: str, payload: Json) -> None:
        """Number, keep and, if somebody is connected, send an event."""
        self.sequence += 1
        text = dump({"op": Opcode.DISPATCH, "t": name, "s": self.sequence, "d": payload})
        self._sent.append((self.sequence, text))
        if self.socket:
            self.socket.send(text)

    def can_replay(self, sequence: int) -> bool:
        """Whether everything after `sequence` is still kept."""
        return sequence >= self.sequence - len(self._sent)

    def replay(self, sequence: int) -> None:
        """Send all that came after `sequence` once more."""
        assert self.socket is not None
        for number, text in self._sent:
            if number > sequence:
                self.socket.send(text)

    def attach(self, socket: Socket) -> None:
        """Go on over `socket`; one that was still there is closed."""
        if self.expiry:
            self.expiry.cancel()
            self.expiry = None
        if self.socket:
            self.socket.close(WSCloseCode.POLICY_VIOLATION, "resumed elsewhere")
        self.socket = socket
