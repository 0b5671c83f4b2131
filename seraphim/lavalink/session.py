"""A session with a node: ongaku's, with a websocket that notices, and requests that end.

ongaku's own loop never reconnects, resumes nothing, has no heartbeat (a dead network looks
connected for ever) and ends on the first frame it cannot decode; its requests wait five minutes and
print the password when tracing. This one connects once when told to, says how that ended, and
leaves trying again to the link's actor.
"""

import asyncio
import json as jsons
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, cast

import aiohttp
import anyio
import ongaku
import structlog
from ongaku import errors
from ongaku.abc.session import SessionStatus

from actors.lavalink_node.ports import LinkFailed
from seraphim.lavalink.address import NodeAddress
from seraphim.lavalink.client import NodeClient
from seraphim.lavalink.events import ForPlayer, Ready, Unknown, decode

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

CLOSE_SECONDS = 1.0
# A node that has not yet noticed that its client left takes whoever comes for a new one, while the
# players of the old session play on. So it is given this time to notice.
PAUSE_SECONDS = 0.1
# How long the node plays on for a session whose client is gone.
RESUME_SECONDS = 60
LARGEST_FRAME = 4 * 1024 * 1024
COMPLAINTS_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a node is waited for, in seconds.

    `heartbeat` is the time between two pings; one that is not answered for half of it ends the
    connection. `change` is for a change of a player, which hangs for ever in a Lavalink that cannot
    reach the voice server; `turn` for its turn to be sent.
    """

    connect: float = 5.0
    heartbeat: float = 6.0
    request: float = 10.0
    change: float = 5.0
    turn: float = 30.0


class NodeSession(ongaku.Session):
    """One node's session. `address` is asked before each connection; None: not known yet."""

    __slots__ = (
        "_address",
        "_closed_at",
        "_complaints",
        "_on_event",
        "_owner",
        "_patience",
        "_socket",
        "_user",
    )

    def __init__(
        self,
        client: NodeClient,
        name: str,
        address: Callable[[], NodeAddress | None],
        *,
        user: int,
        on_event: Callable[[ForPlayer], None],
        patience: Patience,
    ) -> None:
        super().__init__(client, name, False, "", 0, "", 1)
        self._owner = client
        self._address = address
        self._user = user
        self._on_event = on_event
        self._patience = patience
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._closed_at = -math.inf
        self._complaints: set[str] = set()

    def __repr__(self) -> str:
        return f"<NodeSession {self.name} {self.status.name}>"

    async def open(self) -> bool:
        """Connect, wait for the node's first word, and ask it to keep the session for a while.

        Returns whether the last session was resumed; where it was not, its players are ended.
        Raises `LinkFailed`; then, and when it is cancelled, nothing stays open.
        """
        await self.close()
        await anyio.sleep_until(self._closed_at + PAUSE_SECONDS)
        address = self._address()
        if address is None:
            raise LinkFailed("its address is not known yet")
        self._move_to(address)
        last = self._session_id
        try:
            ready = await self._connect()
            if last not in (None, ready.session):
                await self._end_players_of(last)
        except BaseException as error:
            await self.close()
            reason = _reason(error)
            if reason is None:
                raise
            # Not `from error`: aiohttp's knows the request, and with it the password.
            raise LinkFailed(reason) from None
        self._status = SessionStatus.CONNECTED
        return ready.resumed

    async def run(self) -> NoReturn:
        """Hand on events until the connection ends. Raises `LinkFailed` then."""
        if self._socket is None:
            raise LinkFailed("not connected")
        reading = asyncio.create_task(self._read(self._socket), name="node-events")
        # When this is cancelled, reading goes on until `close`: to cancel it too would make aiohttp
        # cut the connection instead of closing it.
        await asyncio.wait((reading,))
        raise LinkFailed(await reading)

    async def close(self) -> None:
        """Close the websocket; the node keeps the session for `RESUME_SECONDS`."""
        self._status = SessionStatus.NOT_CONNECTED
        socket, self._socket = self._socket, None
        if socket is not None:
            # Also where the link is cancelled: nobody else knows of the socket.
            with anyio.move_on_after(CLOSE_SECONDS, shield=True):
                await socket.close()
            self._closed_at = anyio.current_time()

    async def start(self) -> None:
        """Do nothing: the link's actor opens."""

    async def stop(self) -> None:
        """Close."""
        await self.close()

    async def request(
        self,
        method: str,
        path: str,
        return_type: type[Any] | None,
        *,
        headers: Mapping[str, Any] | None = None,
        json: Mapping[str, Any] | Sequence[Any] | None = None,
        params: Mapping[str, Any] | None = None,
        ignore_default_headers: bool = False,
        version: bool = True,
    ) -> Any:
        """Make one request, as ongaku's method of this name, within `Patience.request`.

        Nothing is tried twice. Raises what ongaku raises, aiohttp's errors, and TimeoutError.
        """
        sent = dict(headers or {})
        if not ignore_default_headers:
            sent |= self.auth_headers
        async with self._owner.http.request(
            method,
            f"{self.base_uri}{'/v4' if version else ''}{path}",
            headers=sent,
            # ongaku's clients pass {} for none; a GET has no body.
            json=json or None,
            params=params,
            timeout=aiohttp.ClientTimeout(total=self._patience.request),
        ) as response:
            body = await response.read()
        if response.status >= 400:
            raise self._error(response.status, response.reason, body)
        if return_type is None:
            return None
        if response.status == 204 or not body:
            raise errors.RestEmptyError
        try:
            if issubclass(return_type, str | int | bool | float):
                return return_type(body.decode())
            return return_type(jsons.loads(body))
        except (ValueError, TypeError, RecursionError) as error:
            raise errors.BuildError(error) from error

    def _error(self, status: int, reason: str | None, body: bytes) -> errors.RestError:
        try:
            return self.client.entity_builder.build_rest_error(jsons.loads(body))
        except (ValueError, LookupError, TypeError, RecursionError):
            return errors.RestStatusError(status, reason)

    def _move_to(self, address: NodeAddress) -> None:
        self._host, self._port, self._ssl = address.host, address.port, address.secure
        host = f"[{address.host}]" if ":" in address.host else address.host
        self._base_uri = f"http{'s' if address.secure else ''}://{host}:{address.port}"
        if self._password != address.password:
            # Another node than before: it knows nothing of our session.
            self._session_id = None
            self._password = address.password
            self._authorization_headers = {"Authorization": address.password}

    async def _connect(self) -> Ready:
        headers = {**self.auth_headers, "User-Id": str(self._user), "Client-Name": "seraphim/0.1"}
        if self._session_id is not None:
            headers["Session-Id"] = self._session_id
        with anyio.fail_after(self._patience.connect):
            self._socket = await self._owner.http.ws_connect(
                f"{self.base_uri}/v4/websocket",
                headers=headers,
                heartbeat=self._patience.heartbeat,
                # Else a close code of the node's is lost now and then.
                autoclose=False,
                max_msg_size=LARGEST_FRAME,
            )
            ready = await self._first_word(self._socket)
            self._session_id = ready.session
            await self.client.rest.update_session(
                ready.session, resuming=True, timeout=RESUME_SECONDS, session=self
            )
        return ready

    async def _first_word(self, socket: aiohttp.ClientWebSocketResponse) -> Ready:
        while True:
            frame = await socket.receive()
            if not _says_something(frame):
                raise LinkFailed(_ending(frame, socket))
            # Stats may come before it.
            word = decode(cast("str | bytes", frame.data))
            if isinstance(word, Ready):
                return word

    async def _end_players_of(self, session: str) -> None:
        """End what another session plays on: a node that has not noticed that it was lost."""
        rest = self.client.rest
        with anyio.move_on_after(self._patience.change):
            try:
                for player in await rest.fetch_players(session, session=self):
                    await rest.delete_player(session, player.guild_id, session=self)
                    log.info("node.player_ended", node=self.name, guild=int(player.guild_id))
            except (errors.OngakuError, LookupError, TypeError, ValueError) as error:
                # Mostly 404: it is gone, as it should be.
                log.debug("node.session_gone", node=self.name, error=type(error).__name__)

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> str:
        """Hand on events until the connection ends; return how it ended."""
        while True:
            frame = await socket.receive()
            if not _says_something(frame):
                if self._socket is socket:
                    self._status = SessionStatus.FAILURE
                return _ending(frame, socket)
            self._take(cast("str | bytes", frame.data))

    def _take(self, frame: str | bytes) -> None:
        event = decode(frame)
        if isinstance(event, ForPlayer):
            self._on_event(event)
        elif (
            isinstance(event, Unknown)
            and event.what not in self._complaints
            and len(self._complaints) < COMPLAINTS_LIMIT
        ):
            self._complaints.add(event.what)
            log.warning("node.not_understood", node=self.name, what=event.what)


def _says_something(frame: aiohttp.WSMessage) -> bool:
    return frame.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY)


def _reason(error: BaseException) -> str | None:
    """Return why there is no connection, without secrets; None: that is another's business."""
    match error:
        case LinkFailed():
            return str(error)
        case aiohttp.WSServerHandshakeError(status=401 | 403):
            return "it refuses the password: LAVALINK_PASSWORD must be the one in its configuration"
        case aiohttp.WSServerHandshakeError():
            return f"it answered with status {error.status}: is it a Lavalink 4?"
        case TimeoutError():
            return "it does not answer in time"
        case errors.RestRequestError() | errors.RestStatusError():
            return f"it would not keep the session: status {error.status}"
        case aiohttp.ClientConnectionError() | OSError():
            return f"{type(error).__name__}: {error}"
        case aiohttp.ClientError() | errors.OngakuError() | ValueError() | LookupError():
            # Their words may repeat what was sent.
            return type(error).__name__
        case _:
            return None


def _ending(frame: aiohttp.WSMessage, socket: aiohttp.ClientWebSocketResponse) -> str:
    code = cast("object", frame.data if frame.type is aiohttp.WSMsgType.CLOSE else None)
    return f"the connection ended ({code or socket.close_code or frame.type.name})"
