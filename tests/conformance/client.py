"""A client of any Lavalink v4 node: REST as bare as it is, and all that its websocket said."""

import asyncio
import base64
import itertools
import json
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

import aiohttp

from seraphim.sandbox.voice import Heard, VoiceServer
from tests.conformance.node import Node

DEADLINE = 20.0

_guilds = itertools.count(200_000_000_000_000_001)
"""Each test has guilds of its own: a node under test is used by all of them."""


class Client:
    """One session at a node. A message is asked for once: what came before it is gone then."""

    USER = 3

    def __init__(self, node: Node, *, user: int = USER) -> None:
        self.node = node
        self.user = user
        self.messages: list[dict[str, Any]] = []
        self.statistics: list[dict[str, Any]] = []
        """They come when they come: no order holds for them."""
        self.session = ""
        self.closed: int | None = None
        self.handshake: Mapping[str, str] = {}
        self.http = aiohttp.ClientSession(headers={"Authorization": node.password})
        self._arrived = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None
        self._websocket: aiohttp.ClientWebSocketResponse | None = None

    async def __aenter__(self) -> "Client":
        await self.connect()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # A session that is to be resumed would play on.
        if self._websocket is not None and not self._websocket.closed:
            await self.resume_later(False)
            await self.disconnect()
        await self.http.close()

    # The websocket

    async def connect(self, **headers: str) -> dict[str, Any]:
        """Open the websocket and return `ready`; headers with a dash are spelled with `_`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._websocket = await self.http.ws_connect(
            f"{self.node.url}/v4/websocket",
            headers={"User-Id": str(self.user), "Client-Name": "conformance/1.0", **named},
        )
        self.handshake = self._websocket._response.headers
        self.closed = None
        self._reading = asyncio.create_task(self._read(self._websocket))
        ready = await self.until(op="ready")
        self.session = ready["sessionId"]
        return ready

    async def disconnect(self) -> None:
        """Close the websocket in order."""
        assert self._websocket is not None
        assert self._reading is not None
        await self._websocket.close()
        await self._reading

    async def _read(self, websocket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in websocket:
            told = json.loads(message.data)
            (self.statistics if told["op"] == "stats" else self.messages).append(told)
            self._arrived.set()
        self.closed = websocket.close_code
        self._arrived.set()

    async def until_true(self, condition: Callable[[], object]) -> None:
        """Wait until something is so, looking after each message."""
        try:
            async with asyncio.timeout(DEADLINE):
                while not condition():
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            raise AssertionError(f"it did not come; what came: {self.messages}") from None

    async def until(self, **fields: object) -> dict[str, Any]:
        """Wait for a message with these fields, from the first that was not yet asked for."""
        found: list[int] = []

        def arrived() -> bool:
            found.extend(
                index
                for index, message in enumerate(self.messages)
                if all(message.get(key) == value for key, value in fields.items())
            )
            return bool(found)

        await self.until_true(arrived)
        message = self.messages[found[0]]
        del self.messages[: found[0] + 1]
        return message

    async def event(self, kind: str, guild: int) -> dict[str, Any]:
        """Wait for an event of a guild's player."""
        return await self.until(op="event", type=kind, guildId=str(guild))

    async def update(
        self, guild: int, condition: Callable[[dict[str, Any]], object] = lambda _: True
    ) -> dict[str, Any]:
        """Wait for a guild's next playerUpdate whose state is like that; returns the state."""
        while True:
            message = await self.until(op="playerUpdate", guildId=str(guild))
            if condition(message["state"]):
                return message["state"]

    def story(self, guild: int) -> list[str]:
        """What came of a guild and was not yet asked for: the ops, and of events the types."""
        own = [one for one in self.messages if one.get("guildId") == str(guild)]
        return [one.get("type", one["op"]) for one in own]

    # REST

    async def call(
        self, method: str, path: str, body: object = None, **query: str
    ) -> tuple[int, Any]:
        """Return the status and the JSON (or the text) of an answer."""
        async with self.http.request(
            method, self.node.url + path, json=body, params=query
        ) as response:
            text = await response.text()
            if response.content_type != "application/json":
                return response.status, text
            return response.status, json.loads(text) if text else None

    def path(self, guild: int | str | None = None) -> str:
        """The path of the session's players, or of one."""
        players = f"/v4/sessions/{self.session}/players"
        return players if guild is None else f"{players}/{guild}"

    async def patch(self, guild: int, body: object, **query: str) -> dict[str, Any]:
        """Change a player."""
        status, answer = await self.call("PATCH", self.path(guild), body, **query)
        assert status == 200, answer
        return answer

    async def player(self, guild: int) -> dict[str, Any]:
        status, answer = await self.call("GET", self.path(guild))
        assert status == 200, answer
        return answer

    async def destroy(self, guild: int) -> None:
        assert (await self.call("DELETE", self.path(guild)))[0] == 204

    async def load(self, identifier: str) -> dict[str, Any]:
        """Return the one track that the identifier leads to."""
        status, answer = await self.call("GET", "/v4/loadtracks", identifier=identifier)
        assert (status, answer["loadType"]) == (200, "track"), answer
        return answer["data"]

    async def load_renamed(self, identifier: str, name: str) -> str:
        """Return a good track's `encoded`, but for its file's name, of the same length.

        Nobody looks at it again before it is played.
        """
        data = base64.b64decode((await self.load(identifier))["encoded"])
        old = identifier[identifier.rindex("/") :].encode()
        assert len(old) == len(name) + 1
        return base64.b64encode(data.replace(old, b"/" + name.encode())).decode()

    async def resume_later(self, resuming: bool = True, timeout: int = 60) -> None:
        path = f"/v4/sessions/{self.session}"
        told = await self.call("PATCH", path, {"resuming": resuming, "timeout": timeout})
        assert told == (200, {"resuming": resuming, "timeout": timeout})


class Seat:
    """A guild with one voice channel, in which the client is expected."""

    def __init__(self, region: VoiceServer, heard: Callable[[int], Heard], user: int) -> None:
        self.region = region
        self.user = user
        self.guild = next(_guilds)
        self.channel = self.guild + 10**15
        self.heard = heard(self.channel)
        self._sessions = itertools.count(1)

    def voice(self) -> dict[str, str]:
        """Be let in with new credentials; gives what Discord would tell."""
        number = next(self._sessions)
        credentials = {
            "session_id": f"session-{number}-{self.guild}",
            "token": f"token-{number}-{self.guild}",
        }
        self.region.expect(
            guild_id=self.guild, channel_id=self.channel, user_id=self.user, **credentials
        )
        return {
            "token": credentials["token"],
            "sessionId": credentials["session_id"],
            "endpoint": self.region.endpoint,
            "channelId": str(self.channel),
        }

    async def until_left(self) -> None:
        """Wait until the client is not connected here any more."""
        await self.heard.until(lambda: not self.region.connected(self.guild, self.user))


def new_guild() -> int:
    return next(_guilds)
