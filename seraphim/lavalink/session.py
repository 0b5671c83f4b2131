"""A session with a node: ongaku's, with a websocket that notices, and requests that end.

ongaku's own loop never reconnects, resumes nothing, has no heartbeat (a dead network looks
connected for ever) and ends on the first frame it cannot decode; its requests wait five minutes and
print the password when tracing. This one connects once when told to, says how that ended, and
leaves trying again to the link's actor.
"""

import asyncio
import json as jsons
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn, TypeGuard, cast

import aiohttp
import anyio
import ongaku
import structlog
from ongaku import errors
from ongaku.abc.session import SessionStatus

from actors.guild.player.messages import PositionReported
from actors.guild.refusal import Code
from actors.lavalink_node.ports import LinkFailed, Opened
from seraphim.lavalink.address import NodeAddress
from seraphim.lavalink.client import NodeClient
from seraphim.lavalink.clock import NodeClock
from seraphim.lavalink.events import ForPlayer, Ready, Stats, Unknown, decode

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

CLOSE_SECONDS = 1.0
# A node that has not yet noticed that its client left takes whoever comes for a new one, while the
# players of the old session play on. So it is given this time to notice, and then that.
PAUSE_SECONDS = 0.1
NOTICE_SECONDS = 0.5
# How long the node plays on for a session whose client is gone.
RESUME_SECONDS = 60
LARGEST_FRAME = 4 * 1024 * 1024
# A playlist of ten thousand tracks takes less than half of it.
LARGEST_ANSWER = 32 * 1024 * 1024
COMPLAINTS_LIMIT = 100
# The first Lavalink that speaks Discord's end-to-end encrypted voice.
OLDEST_LAVALINK = (4, 2, 0)
REFUSES_THE_PASSWORD = (401, 403)
FOLLOWS = "seraphim-next"
LOAD = "/loadtracks"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a node is waited for, in seconds.

    `heartbeat` is the time between two pings; one that is not answered for half of it ends the
    connection. `change` is for a change of a player, which hangs for ever in a Lavalink that cannot
    reach the voice server; `turn` for its turn to be sent, behind those of thousands of guilds at
    worst: the one in front takes no longer than `change`. `load` is for finding tracks: a playlist
    of a thousand is ten pages of somebody's site, one after the other. `version` is for the
    smallest of all requests, which a living node answers at once.

    A node behind a black hole is lost after one and a half heartbeats (aiohttp may take a second
    more), and down when connecting again has failed: together within 15 s.
    """

    connect: float = 5.0
    heartbeat: float = 4.0
    request: float = 10.0
    load: float = 20.0
    change: float = 5.0
    turn: float = 120.0
    version: float = 3.0


class NodeSession(ongaku.Session):
    """One node's session. `address` is asked before each connection; None: not known yet."""

    __slots__ = (
        "_address",
        "_asking",
        "_closed_at",
        "_complaints",
        "_flights",
        "_loading",
        "_on_event",
        "_on_stats",
        "_owner",
        "_patience",
        "_reachable",
        "_socket",
        "_suspicion",
        "_user",
        "clock",
        "follows",
        "sources",
    )

    def __init__(
        self,
        client: NodeClient,
        name: str,
        address: Callable[[], NodeAddress | None],
        *,
        user: int,
        on_event: Callable[[ForPlayer], None],
        on_stats: Callable[[Stats], None],
        patience: Patience,
    ) -> None:
        super().__init__(client, name, False, "", 0, "", 1)
        self._owner = client
        self._address = address
        self._user = user
        self._on_event = on_event
        self._on_stats = on_stats
        self._patience = patience
        self._asking = aiohttp.ClientTimeout(total=patience.request)
        self._loading = aiohttp.ClientTimeout(total=patience.load)
        self._reachable = False
        self._suspicion = asyncio.Event()
        self._flights: set[anyio.CancelScope] = set()
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._closed_at = -math.inf
        self._complaints: set[str] = set()
        self.clock = NodeClock()
        self.follows = False
        """Whether the node goes on to a next track by itself, if it is told one."""
        self.sources: frozenset[str] | None = None
        """What the node calls the sources that it has; None: it does not say."""

    def __repr__(self) -> str:
        return f"<NodeSession {self.name} {self.status.name}>"

    @property
    def connected(self) -> bool:
        """Whether the websocket is up."""
        return self._status is SessionStatus.CONNECTED

    @property
    def reachable(self) -> bool:
        """Whether requests are worth making: from `open` to `close`.

        Also while the websocket is broken: a node that plays on hears requests as well.
        """
        return self._reachable

    def adopt(self, session: str) -> None:
        """Let the first `open` resume `session`, which a process before has left behind."""
        if self._session_id is None:
            self._session_id = session

    async def open(self) -> Opened:
        """Connect, wait for the node's first word, and ask it to keep the session for a while.

        Where the last session was not resumed, its players are ended. Raises `LinkFailed`; then,
        and when it is cancelled, no websocket stays open.
        """
        await self._hang_up()
        await anyio.sleep_until(self._closed_at + PAUSE_SECONDS)
        address = self._address()
        if address is None:
            raise LinkFailed("its address is not known yet")
        self._move_to(address)
        last = self._session_id
        try:
            with anyio.fail_after(self._patience.connect):
                await self._check_version()
                await self._get_to_know()
                ready = await self._connect(last)
            if last not in (None, ready.session):
                ready = await self._insist(last, ready)
                if self._socket is None:
                    raise LinkFailed("it does not answer in time")
            with anyio.fail_after(self._patience.connect):
                await self.client.rest.update_session(
                    ready.session, resuming=True, timeout=RESUME_SECONDS, session=self
                )
        except BaseException as error:
            await self._hang_up()
            failure = _failure(error)
            if failure is None:
                raise
            # Not `from error`: aiohttp's knows the request, and with it the password.
            raise failure from None
        self._session_id = ready.session
        self._suspicion.clear()
        self._status = SessionStatus.CONNECTED
        self._reachable = True
        return Opened(ready.session, ready.resumed)

    async def run(self) -> NoReturn:
        """Hand on events until the connection ends. Raises `LinkFailed` then."""
        if self._socket is None:
            raise LinkFailed("not connected")
        reading = asyncio.create_task(self._read(self._socket), name="node-events")
        watching = asyncio.create_task(self._watch(), name="node-watch")
        try:
            # When this is cancelled, reading goes on until the websocket is closed: to cancel it
            # too would make aiohttp cut the connection instead of closing it.
            await asyncio.wait((reading, watching), return_when=asyncio.FIRST_COMPLETED)
        finally:
            watching.cancel()
        if reading.done():
            raise LinkFailed(reading.result())
        raise LinkFailed(watching.result(), dead=True)

    async def close(self) -> None:
        """Close the websocket, and give up what is asked; the node keeps session and players."""
        self._reachable = False
        for flight in tuple(self._flights):
            flight.cancel()
        await self._hang_up()

    async def end(self) -> None:
        """Have the node end the session and its players with the websocket, and close that."""
        if self._session_id is not None and self._reachable:
            try:
                with anyio.fail_after(CLOSE_SECONDS):
                    await self.client.rest.update_session(
                        self._session_id, resuming=False, session=self
                    )
            except Exception as error:  # noqa: BLE001, whatever it is: the node ends it in a while
                log.warning("node.session_left", node=self.name, error=type(error).__name__)
        await self.close()

    def suspect(self) -> None:
        """Somebody waited in vain for an answer: let `run` see whether the node is alive."""
        self._suspicion.set()

    async def players(self, session: str | None = None) -> list[int]:
        """Return the guilds that have a player in `session`, or else in this one.

        Raises what `request` raises; 404 when the session is gone.
        """
        session = session or self._session_id
        told: list[object] = await self.request("GET", f"/sessions/{session}/players", list)
        guilds = [one.get("guildId") for one in told if _is_map(one)]
        return [int(guild) for guild in guilds if isinstance(guild, str) and guild.isdecimal()]

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
        """Make one request, as ongaku's method of this name, within `Patience`.

        Nothing is tried twice. Raises what ongaku raises, aiohttp's errors, and TimeoutError.
        """
        sent = dict(headers or {})
        if not ignore_default_headers:
            sent |= self.auth_headers
        answer: tuple[int, str | None, bytes] | None = None
        # `close` gives up what is under way.
        with anyio.CancelScope() as flight:
            self._flights.add(flight)
            try:
                async with self._owner.http.request(
                    method,
                    f"{self.base_uri}{'/v4' if version else ''}{path}",
                    headers=sent,
                    # ongaku's clients pass {} for none; a GET has no body.
                    json=json or None,
                    params=params,
                    timeout=self._loading if path == LOAD else self._asking,
                ) as response:
                    answer = response.status, response.reason, await _read(response)
            finally:
                self._flights.discard(flight)
        if answer is None:
            raise aiohttp.ClientConnectionError("the link to the node has ended")
        status, reason, body = answer
        if status >= 400:
            raise self._error(status, reason, body)
        if return_type is None:
            return None
        if status == 204 or not body:
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
        self._password = address.password
        self._authorization_headers = {"Authorization": address.password}

    async def _check_version(self) -> None:
        """Raise `LinkFailed` unless it is a Lavalink that can be used, and answers at all."""
        try:
            version = await self.client.rest.fetch_version(session=self)
        except (errors.RestStatusError, errors.RestRequestError) as error:
            raise _refusal(error.status) from None
        found = re.match(r"v?(\d+)\.(\d+)(?:\.(\d+))?", version.strip())
        if found is None:
            # A build of somebody's own has a commit for a version.
            self._complain(f"the version {version[:40]!r}: it should be a Lavalink 4.2 or newer")
        elif tuple(int(part or 0) for part in found.groups()) < OLDEST_LAVALINK:
            raise LinkFailed(
                f"it is Lavalink {found[0]}, too old for Discord's voice encryption:"
                " update it to 4.2.0 or newer",
                code=Code.NODE_TOO_OLD,
            )

    async def _get_to_know(self) -> None:
        """See what the node has of what not every node has."""
        try:
            info: Mapping[str, object] = await self.request("GET", "/info", dict)
        except (errors.OngakuError, aiohttp.ClientPayloadError) as error:
            log.debug("node.uninformative", node=self.name, error=type(error).__name__)
            self.follows, self.sources = False, None
            return
        plugins, managers = info.get("plugins"), info.get("sourceManagers")
        self.follows = isinstance(plugins, list) and any(
            _is_map(plugin) and plugin.get("name") == FOLLOWS
            for plugin in cast("list[object]", plugins)
        )
        self.sources = None
        if isinstance(managers, list):
            names = cast("list[object]", managers)
            self.sources = frozenset(name for name in names if isinstance(name, str))

    async def _connect(self, last: str | None) -> Ready:
        headers = {**self.auth_headers, "User-Id": str(self._user), "Client-Name": "seraphim/0.1"}
        if last is not None:
            headers["Session-Id"] = last
        self._socket = await self._owner.http.ws_connect(
            f"{self.base_uri}/v4/websocket",
            headers=headers,
            heartbeat=self._patience.heartbeat,
            # Else a close code of the node's is lost now and then.
            autoclose=False,
            max_msg_size=LARGEST_FRAME,
        )
        return await self._first_word(self._socket)

    async def _first_word(self, socket: aiohttp.ClientWebSocketResponse) -> Ready:
        while True:
            frame = await socket.receive()
            if not _says_something(frame):
                raise LinkFailed(_ending(frame, socket))
            word = decode(cast("str | bytes", frame.data))
            if isinstance(word, Ready):
                return word
            self._hear(word)

    async def _insist(self, last: str, ready: Ready) -> Ready:
        """Ask once more for the session `last`, if its players play on; else end them.

        It does so where the node has not noticed yet that its client is gone.
        """
        with anyio.move_on_after(self._patience.change):
            try:
                if not await self.players(last):
                    return ready
                await self._hang_up()
                await anyio.sleep(NOTICE_SECONDS)
                ready = await self._connect(last)
                if not ready.resumed:
                    for guild in await self.players(last):
                        await self.client.rest.delete_player(last, guild, session=self)
                        log.info("node.player_ended", node=self.name, guild=guild)
            except (errors.OngakuError, LookupError, TypeError, ValueError) as error:
                # Mostly 404: it is gone, as it should be.
                log.debug("node.session_gone", node=self.name, error=type(error).__name__)
        return ready

    async def _hang_up(self) -> None:
        self._status = SessionStatus.NOT_CONNECTED
        socket, self._socket = self._socket, None
        if socket is not None:
            # Also where the link is cancelled: nobody else knows of the socket.
            with anyio.move_on_after(CLOSE_SECONDS, shield=True):
                await socket.close()
            self._closed_at = anyio.current_time()

    async def _watch(self) -> str:
        """Return when the node is suspected, and does not answer the smallest request either."""
        while True:
            await self._suspicion.wait()
            self._suspicion.clear()
            try:
                async with asyncio.timeout(self._patience.version):
                    await self.client.rest.fetch_version(session=self)
            except TimeoutError:
                return "it leaves even /version without an answer"
            except (aiohttp.ClientError, OSError, errors.OngakuError) as error:
                # It answers, or the websocket will say that it is gone.
                log.debug("node.suspected", node=self.name, error=type(error).__name__)

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
        self._hear(decode(frame))

    def _hear(self, word: Ready | ForPlayer | Stats | Unknown) -> None:
        match word:
            case ForPlayer(guild, PositionReported() as report):
                at_ms = self.clock.ours(report.at_ms)
                self._on_event(ForPlayer(guild, replace(report, at_ms=at_ms)))
            case ForPlayer():
                self._on_event(word)
            case Stats():
                self._on_stats(word)
            case Unknown(what):
                self._complain(what)
            case Ready():
                # It is said once; what comes after the first is nothing new.
                return

    def _complain(self, what: str) -> None:
        if what not in self._complaints and len(self._complaints) < COMPLAINTS_LIMIT:
            self._complaints.add(what)
            log.warning("node.not_understood", node=self.name, what=what)


def _says_something(frame: aiohttp.WSMessage) -> bool:
    return frame.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY)


def _is_map(value: object) -> TypeGuard[Mapping[str, object]]:
    return isinstance(value, dict)


def _failure(error: BaseException) -> LinkFailed | None:
    """Return why there is no connection, without secrets; None: that is another's business."""
    match error:
        case LinkFailed():
            return error
        case aiohttp.WSServerHandshakeError():
            return _refusal(error.status)
        case TimeoutError():
            return LinkFailed("it does not answer in time")
        case errors.RestRequestError() | errors.RestStatusError():
            return LinkFailed(f"it would not keep the session: status {error.status}")
        case aiohttp.ClientConnectionError() | OSError():
            return LinkFailed(f"{type(error).__name__}: {error}")
        case aiohttp.ClientError() | errors.OngakuError() | ValueError() | LookupError():
            # Their words may repeat what was sent.
            return LinkFailed(type(error).__name__)
        case _:
            return None


def _refusal(status: int) -> LinkFailed:
    if status in REFUSES_THE_PASSWORD:
        return LinkFailed(
            "it refuses the password: LAVALINK_PASSWORD, or its entry in LAVALINK_NODES, must be"
            " the password in its application.yml",
            code=Code.CONFIGURATION,
        )
    return LinkFailed(f"it answered with status {status}: is it a Lavalink 4?")


def _ending(frame: aiohttp.WSMessage, socket: aiohttp.ClientWebSocketResponse) -> str:
    code = cast("object", frame.data if frame.type is aiohttp.WSMsgType.CLOSE else None)
    return f"the connection ended ({code or socket.close_code or frame.type.name})"


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > LARGEST_ANSWER:
            raise errors.BuildError(ValueError("the node's answer is too large"))
    return bytes(body)
