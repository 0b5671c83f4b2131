"""One websocket to the voice gateway: typed messages in and out, and the close code that was sent.

aiohttp's client answers a CLOSE by itself and then reports 1006 more often than the code that came
(7 of 10 closes with 4014). With `autoclose=False` the CLOSE is read here like any message.

Replies are kept small: JSON or a binary frame in, `Message` out, unknown opcodes handed on like all
others, for the reader to ignore.
"""

import asyncio
import contextlib
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self, cast

import aiohttp

from seraphim.voice import GATEWAY_VERSION, CloseCode, Opcode

ABNORMAL: Final = 1006
"""The code of a connection that ended without a CLOSE."""

LARGEST_MESSAGE: Final = 1 << 20
CLOSING_SECONDS: Final = 1.0
SEQUENCE_BYTES: Final = 2
LONG: Final = 2**63


class Closed(Exception):
    """The websocket ended. `remote`: the voice server closed it."""

    def __init__(self, code: int, reason: str, *, remote: bool) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason
        self.remote = remote


@dataclass(frozen=True, slots=True)
class Message:
    """What the voice server said. `sequence` is None for what need not be acknowledged.

    The readers raise `Closed` with 4002 where something else is there than should be.
    """

    opcode: int
    data: Mapping[str, object]
    sequence: int | None
    payload: bytes = b""
    """Of a binary frame."""

    def integer(self, key: str) -> int:
        """Return a whole number of no more than 64 bits."""
        value = self.data.get(key)
        if not isinstance(value, int | float) or not -LONG <= value < LONG:
            raise self._unreadable(key)
        return int(value)

    def text(self, key: str) -> str:
        """Return a string."""
        value = self.data.get(key)
        if not isinstance(value, str):
            raise self._unreadable(key)
        return value

    def items(self, key: str) -> list[object]:
        """Return a list."""
        value = self.data.get(key)
        if not isinstance(value, list):
            raise self._unreadable(key)
        return cast("list[object]", value)

    def _unreadable(self, key: str) -> Closed:
        return Closed(
            CloseCode.DECODE_ERROR, f"opcode {self.opcode} has no usable {key}", remote=False
        )


class Gateway:
    """A connected websocket. Made by `connect`; `close` when done."""

    def __init__(self, websocket: aiohttp.ClientWebSocketResponse) -> None:
        self._websocket = websocket

    @classmethod
    async def connect(cls, http: aiohttp.ClientSession, endpoint: str, tls: ssl.SSLContext) -> Self:
        """Connect to `endpoint` (`host` or `host:port`). Raises `Closed` with 1006."""
        try:
            websocket = await http.ws_connect(
                f"wss://{endpoint}/?v={GATEWAY_VERSION}",
                ssl=tls,
                autoclose=False,
                max_msg_size=LARGEST_MESSAGE,
            )
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Closed(ABNORMAL, f"{endpoint}: {_why(error)}", remote=False) from error
        return cls(websocket)

    async def send(self, opcode: Opcode, data: Mapping[str, object] | bytes) -> None:
        """Send a message, in a binary frame if it is bytes. Raises `Closed` when it cannot."""
        try:
            if isinstance(data, bytes):
                await self._websocket.send_bytes(bytes((opcode,)) + data)
            else:
                await self._websocket.send_str(json.dumps({"op": opcode, "d": data}))
        except (aiohttp.ClientError, OSError) as error:
            raise Closed(ABNORMAL, "the connection was lost", remote=True) from error

    async def receive(self) -> Message:
        """Return the next message. Raises `Closed` at the end, with the code that was sent."""
        frame = await self._websocket.receive()
        if frame.type is aiohttp.WSMsgType.TEXT:
            return _message(cast("str", frame.data))
        if frame.type is aiohttp.WSMsgType.BINARY:
            data = cast("bytes", frame.data)
            if len(data) > SEQUENCE_BYTES:
                sequence = int.from_bytes(data[:SEQUENCE_BYTES], "big")
                return Message(
                    data[SEQUENCE_BYTES], {}, sequence, payload=data[SEQUENCE_BYTES + 1 :]
                )
            raise Closed(CloseCode.DECODE_ERROR, "an empty binary frame", remote=False)
        if frame.type is aiohttp.WSMsgType.CLOSE:
            raise Closed(cast("int", frame.data) or ABNORMAL, frame.extra or "", remote=True)
        raise Closed(ABNORMAL, "the connection was lost", remote=True)

    async def close(self, code: int = CloseCode.NORMAL) -> None:
        """Close with `code`, or answer the CLOSE that came; waits a second for the other side."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_SECONDS):
                await self._websocket.close(code=code)


def _why(error: Exception) -> str:
    # aiohttp's own text has the TLS context's address in it.
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return str(error.certificate_error)
    return str(error.os_error) if isinstance(error, aiohttp.ClientConnectorError) else str(error)


def _message(text: str) -> Message:
    try:
        envelope: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Closed(CloseCode.DECODE_ERROR, "not JSON", remote=False) from error
    fields = _object(envelope)
    opcode, sequence = fields.get("op"), fields.get("seq")
    if not isinstance(opcode, int):
        raise Closed(CloseCode.DECODE_ERROR, "a message without an opcode", remote=False)
    return Message(
        opcode, _object(fields.get("d")), sequence if isinstance(sequence, int) else None
    )


def _object(value: object) -> Mapping[str, object]:
    # HEARTBEAT_ACK's data may be a bare number; nothing is read from it.
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}
