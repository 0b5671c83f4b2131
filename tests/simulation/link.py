"""One node as the bot has it: a `NodeConnection` for its link, and requests about players."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any, NoReturn, TypeVar

from actors.guild.player.messages import (
    NodePlayer,
)
from actors.guild.player.ports import (
    NodeRefused,
    NodeUnavailable,
    NodeUpdate,
)
from actors.lavalink_node.ports import LinkFailed, Opened
from tests.simulation.loop import Spawn
from tests.simulation.node import Gone, Node, Socket, Unplayable
from tests.simulation.player import Frame

T = TypeVar("T")

HEARTBEAT_SECONDS = (5.0, 8.5)
CONNECT_SECONDS = 5.0
CHANGE_SECONDS = 5.0
REQUEST_SECONDS = 10.0
VERSION_SECONDS = 3.0
TURN_SECONDS = 30.0
CLOSE_SECONDS = 1.0
PAUSE_SECONDS = 0.1
NOTICE_SECONDS = 0.5
VOICE_CHANGES_AT_ONCE = 4
HANGS_TO_SUSPECT = 3
HANGS_SECONDS = 60.0


class Link:
    """One node, and a `NodeConnection` for its link."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        chance: Random,
        node: Node,
        spawn: Spawn,
        *,
        on_frame: Callable[[str, int, Frame], None],
        home: Callable[[int], str | None],
    ) -> None:
        self.node = node
        self.draining = False
        self.reachable = False
        self.connected = False
        self._loop = loop
        self._chance = chance
        self._spawn = spawn
        self._on_frame = on_frame
        self._home = home
        self._session: str | None = None
        self._socket: Socket | None = None
        self._broken: asyncio.Future[NoReturn] = loop.create_future()
        self._flights: set[asyncio.Future[Any]] = set()
        self._closed_at = -1.0
        self._suspected = False
        self._hangs: list[float] = []
        self._left_behind: set[int] = set()
        self._voice_changes = asyncio.Semaphore(VOICE_CHANGES_AT_ONCE)

    # --- the connection ---

    def adopt(self, session: str) -> None:
        if self._session is None:
            self._session = session

    def drain(self, draining: bool) -> None:
        self.draining = draining

    async def open(self) -> Opened:
        self._hang_up()
        await asyncio.sleep(max(0.0, self._closed_at + PAUSE_SECONDS - self._loop.time()))
        last = self._session
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._request(_nothing)
                session, resumed = await self._connect(last)
            if last is not None and session != last:
                session, resumed = await self._insist(last, session)
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._request(_nothing)
        except TimeoutError:
            self._hang_up()
            raise LinkFailed("it does not answer in time") from None
        except (ConnectionError, Gone):
            self._hang_up()
            raise LinkFailed("nobody answers") from None
        except BaseException:
            self._hang_up()
            raise
        if self._broken.done():
            self._hang_up()
            raise LinkFailed("it closed at once")
        self._session = session
        self.connected = self.reachable = True
        self._hangs.clear()
        if not resumed:
            self._left_behind.clear()
        return Opened(session, resumed)

    async def run(self) -> NoReturn:
        try:
            await self._broken
        finally:
            self.connected = False
        raise AssertionError

    async def tidy(self, *, thorough: bool) -> None:
        try:
            session = self._session or ""
            players = await self.ask(
                lambda: sorted(self.node.find(session).players), REQUEST_SECONDS
            )
            for guild in players:
                home = self._home(guild)
                lost = home is None and (thorough or guild in self._left_behind)
                if lost or home not in (None, self.node.name):
                    self.node.story.tell(guild, "player ended at", self.node.name)
                    await self._end(guild)
        except (NodeUnavailable, NodeRefused):
            return

    async def end(self) -> None:
        session = self._session
        if session is not None and self.reachable:
            with suppress(TimeoutError, ConnectionError, Gone):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._request(lambda: self.node.let_expire(session))
        await self.close()

    async def close(self) -> None:
        self.reachable = False
        for flight in tuple(self._flights):
            if not flight.done():
                flight.set_exception(ConnectionResetError())
        self._hang_up()

    def _hang_up(self) -> None:
        self.connected = False
        socket, self._socket = self._socket, None
        if socket is not None:
            self.node.left(socket)
            self._closed_at = self._loop.time()

    async def _request(self, act: Callable[[], T]) -> T:
        return await self.node.send(act)

    async def _connect(self, last: str | None) -> tuple[str, bool]:
        self._hang_up()
        self._broken = broken = self._loop.create_future()
        given_up = False

        def connect() -> tuple[Socket, str, bool] | None:
            if given_up:
                return None
            opened = self.node.connect(last, self._hear, lambda how: _break(broken, how))
            self._socket = opened[0]
            return opened

        try:
            opened = await self._request(connect)
        except BaseException:
            given_up = True
            raise
        assert opened is not None
        return opened[1:]

    async def _insist(self, last: str, session: str) -> tuple[str, bool]:
        resumed = False
        try:
            async with asyncio.timeout(CHANGE_SECONDS):
                if await self._request(lambda: sorted(self.node.find(last).players)):
                    self._hang_up()
                    await asyncio.sleep(NOTICE_SECONDS)
                    session, resumed = await self._connect(last)
                    if not resumed:
                        left = await self._request(lambda: sorted(self.node.find(last).players))
                        for guild in left:
                            await self._request(lambda guild=guild: self.node.delete(last, guild))
        except Gone:
            pass
        except TimeoutError:
            if self._socket is None:
                raise
        return session, resumed

    def die(self) -> None:
        """Be gone with the process."""
        self.reachable = False
        self._hang_up()

    def _hear(self, guild: int, frame: Frame) -> None:
        self._on_frame(self.node.name, guild, frame)

    def went_black(self) -> None:
        """Nothing is heard any more; the heartbeat notices that."""
        socket = self._socket
        if socket is not None:
            after = self._chance.uniform(*HEARTBEAT_SECONDS)
            self._loop.call_later(after, self._missed_heartbeat, socket, self._broken)

    def _missed_heartbeat(self, socket: Socket, broken: asyncio.Future[NoReturn]) -> None:
        if self.node.black and self._socket is socket:
            _break(broken, "no heartbeat")

    def suspect(self) -> None:
        """Somebody waited in vain for an answer."""
        if not self._suspected and self.connected:
            self._suspected = True
            self._spawn(self._look_whether_it_lives())

    async def _look_whether_it_lives(self) -> None:
        broken = self._broken
        try:
            async with asyncio.timeout(VERSION_SECONDS):
                await self._request(_nothing)
        except TimeoutError:
            _break(broken, "it leaves even /version without an answer", dead=True)
        except ConnectionError:
            pass
        finally:
            self._suspected = False

    # --- players ---

    async def ask(
        self,
        act: Callable[[], T],
        seconds: float,
        on_hung: Callable[[], None] | None = None,
    ) -> T:
        """Make a request; says what goes wrong in the ports' words."""
        if not self.reachable:
            raise NodeUnavailable
        answer = self.node.send(act)
        self._flights.add(answer)
        try:
            async with asyncio.timeout(seconds):
                return await answer
        except TimeoutError:
            if on_hung is not None:
                on_hung()
            raise NodeUnavailable from None
        except (ConnectionError, Gone):
            raise NodeUnavailable from None
        except Unplayable:
            raise NodeRefused("status 500") from None
        finally:
            self._flights.discard(answer)

    async def update(self, guild: int, update: NodeUpdate) -> None:
        self._left_behind.discard(guild)
        session = self._session or ""

        def change() -> object:
            return self.node.update(session, guild, update)

        if update.voice is None:
            await self.ask(change, CHANGE_SECONDS, self.suspect)
            return
        if not self.reachable:
            raise NodeUnavailable
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await self._voice_changes.acquire()
        except TimeoutError:
            raise NodeUnavailable from None
        try:
            await self.ask(change, CHANGE_SECONDS, self._on_hung_voice)
        finally:
            self._voice_changes.release()

    def _on_hung_voice(self) -> None:
        now = self._loop.time()
        self._hangs = [at for at in self._hangs if at >= now - HANGS_SECONDS] + [now]
        if len(self._hangs) >= HANGS_TO_SUSPECT:
            self._hangs.clear()
            self.suspect()

    async def destroy(self, guild: int) -> None:
        self._left_behind.add(guild)
        if not self.reachable:
            return
        try:
            await self._end(guild)
        except (NodeUnavailable, NodeRefused):
            return

    async def _end(self, guild: int) -> None:
        session = self._session or ""
        await self.ask(lambda: self.node.delete(session, guild), REQUEST_SECONDS, self.suspect)
        self._left_behind.discard(guild)

    async def player(self, guild: int) -> NodePlayer | None:
        session = self._session or ""
        return await self.ask(lambda: self.node.look(session, guild), REQUEST_SECONDS, self.suspect)


def _nothing() -> None:
    """The smallest of requests."""


def _break(broken: asyncio.Future[NoReturn], how: str, *, dead: bool = False) -> None:
    if not broken.done():
        broken.set_exception(LinkFailed(how, dead=dead))
        # Nobody may be waiting: the link may have ended.
        broken.exception()
