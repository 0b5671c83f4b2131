"""A Lavalink node: its REST, its websockets, and the sessions that both are about.

It does what Lavalink 4.2 does: a session whose client is gone plays on for a minute; a voice server
that cannot be reached hangs the request, and locks the guild's player until it is deleted.
"""

import asyncio
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final

from actors.guild.player.messages import (
    NodePlayer,
    PositionReported,
)
from actors.guild.player.ports import NodeUpdate
from tests.simulation.discord import Discord
from tests.simulation.player import Fate, Frame, Player
from tests.simulation.story import Story
from tests.simulation.wire import Tricks, Wire

RESUME_SECONDS = 60.0
CLOSE_SECONDS = 0.05
NOTICE_SECONDS = 0.2
REST_SECONDS = (0.002, 0.012)
FRAME_SECONDS = (0.001, 0.004)
HUNG_TO_HANG_ALL = 20
TOO_SLOW_SECONDS = 2.5
"""Two answers that each take so long take longer than a link gives them to open."""

HANGS: Final = object()
"""What a request is answered with that never is."""


class Gone(Exception):
    """404: there is no such session."""


class Unplayable(Exception):
    """500: it cannot make anything of the track."""


class Socket:
    """A websocket to the node: `listener` gets guild and frame, `on_closed` how it ended."""

    def __init__(
        self,
        wire: Wire,
        listener: Callable[[int, Frame], None],
        on_closed: Callable[[str], None],
    ) -> None:
        self.wire = wire
        self.listener = listener
        self.on_closed = on_closed
        self.session: Session | None = None
        self.held: list[tuple[int, Frame]] = []


class Session:
    """What one client has at the node."""

    def __init__(self, node: "Node", name: str) -> None:
        self.node = node
        self.name = name
        self.players: dict[int, Player] = {}
        self.socket: Socket | None = None
        self.missed: list[tuple[int, Frame]] = []
        self.expiry: asyncio.TimerHandle | None = None
        self.resumable = True

    def emit(self, guild: int, frame: Frame) -> None:
        node, socket = self.node, self.socket
        if socket is None:
            if not isinstance(frame, PositionReported):
                self.missed.append((guild, frame))
            return
        if node.black:
            socket.held.append((guild, frame))
            return
        if isinstance(frame, PositionReported):
            # The bulk of all that is said; it overtakes nothing.
            if socket.wire.idle and not socket.wire.cut:
                socket.listener(guild, frame)
            return
        tricks = node.tricks[guild]
        trick = tricks.take(frame) if tricks else None
        if trick is not None:
            node.story.tell(guild, "frame is late:" if trick.delays else "frame is lost:", trick)
        socket.wire.carry(socket.listener, guild, frame, trick=trick)


class Node:
    """`on_sound` is told of each guild whose music may have begun or ended.

    The first of the nodes goes on to a next track by itself, as Seraphim's own does.
    """

    def __init__(
        self,
        name: str,
        loop: asyncio.AbstractEventLoop,
        chance: Random,
        story: Story,
        discord: Discord,
        *,
        now: Callable[[], int],
        fates: Mapping[str, Fate],
        tricks: Mapping[int, Tricks],
        on_sound: Callable[[int], None],
    ) -> None:
        self.name = name
        self.loop = loop
        self.story = story
        self.discord = discord
        self.now = now
        self.fates = fates
        self.tricks = tricks
        self.on_sound = on_sound
        self.follows = name == "north"
        self.up = True
        self.black = False
        self.slow = 0.0
        self.hangs = 0
        self.sessions: dict[str, Session] = {}
        self._chance = chance
        self._names = 0
        self._held: list[tuple[asyncio.Future[Any], Callable[[], Any]]] = []
        self._hanging: list[asyncio.Future[Any]] = []
        self._locked: dict[tuple[str, int], int] = {}
        self.on_hung: Callable[[int], None] = lambda _: None

    @property
    def well(self) -> bool:
        """Whether it can be worked with."""
        return self.up and not self.black and not self._stuck and self.slow < TOO_SLOW_SECONDS

    @property
    def _stuck(self) -> bool:
        return sum(self._locked.values()) >= HUNG_TO_HANG_ALL

    # --- REST ---

    def send(self, act: Callable[[], Any]) -> asyncio.Future[Any]:
        """Make a request: `act` is done here, and its outcome is the answer."""
        answer: asyncio.Future[Any] = self.loop.create_future()
        if not self.up:
            self.loop.call_later(0.001, _fail, answer, ConnectionRefusedError())
        elif self.black:
            self._held.append((answer, act))
        else:
            self.loop.call_later(self._lag(), self._serve, answer, act)
        return answer

    def _lag(self) -> float:
        return self._chance.uniform(*REST_SECONDS) + self.slow / 2

    def _serve(self, answer: asyncio.Future[Any], act: Callable[[], Any]) -> None:
        if not self.up:
            _fail(answer, ConnectionResetError())
            return
        if self.black:
            self._held.append((answer, act))
            return
        if self._stuck:
            self._hanging.append(answer)
            return
        try:
            outcome = act()
        except (Gone, Unplayable) as error:
            self.loop.call_later(self._lag(), _fail, answer, error)
            return
        if outcome is HANGS:
            self._hanging.append(answer)
        else:
            self.loop.call_later(self._lag(), _succeed, answer, outcome)

    def let_expire(self, name: str) -> None:
        """PATCH a session: it is not to be resumed."""
        self.find(name).resumable = False

    def find(self, name: str) -> Session:
        session = self.sessions.get(name)
        if session is None:
            raise Gone
        return session

    def update(self, name: str, guild: int, update: NodeUpdate) -> object:
        """PATCH a player."""
        session = self.find(name)
        if update.start is not None:
            fate = self.fates.get(update.start.track.identifier)
            if fate is not None and fate.how == "refused":
                raise Unplayable
        player = session.players.get(guild)
        if player is None:
            player = session.players[guild] = Player(self, guild, session.emit)
        if update.voice is not None and (self.hangs or (name, guild) in self._locked):
            self.hangs = max(0, self.hangs - 1)
            self._locked[name, guild] = self._locked.get((name, guild), 0) + 1
            self.story.tell(guild, "request hangs at", self.name)
            self.on_hung(guild)
            return HANGS
        player.apply(update)
        return None

    def delete(self, name: str, guild: int) -> None:
        """DELETE a player."""
        session = self.find(name)
        self._locked.pop((name, guild), None)
        player = session.players.pop(guild, None)
        if player is not None:
            player.destroy()

    def look(self, name: str, guild: int) -> NodePlayer | None:
        """GET a player."""
        player = self.find(name).players.get(guild)
        return None if player is None else player.look()

    # --- websockets ---

    def connect(
        self,
        last: str | None,
        listener: Callable[[int, Frame], None],
        on_closed: Callable[[str], None],
    ) -> tuple[Socket, str, bool]:
        """Open a websocket; return it, the session's name, and whether that is `last`."""
        session = None if last is None else self.sessions.get(last)
        resumed = session is not None and session.socket is None
        if session is None or not resumed:
            self._names += 1
            session = Session(self, f"{self.name}-{self._names}")
            self.sessions[session.name] = session
        socket = Socket(Wire(self.loop, self._chance, *FRAME_SECONDS), listener, on_closed)
        socket.session, session.socket = session, socket
        session.resumable = True
        if session.expiry is not None:
            session.expiry.cancel()
            session.expiry = None
        missed, session.missed = session.missed, []
        for guild, frame in missed:
            session.emit(guild, frame)
        if resumed:
            for player in session.players.values():
                if player.start is not None:
                    look = player.look()
                    report = PositionReported(look.position_ms, look.at_ms, look.connected)
                    socket.wire.carry(listener, player.guild, report)
        return socket, session.name, resumed

    def left(self, socket: Socket) -> None:
        """The client has closed the websocket, or is no more; it is noticed in a moment."""
        socket.wire.cut = True
        if not self.black:
            self.loop.call_later(self._chance.uniform(0.0, NOTICE_SECONDS), self._notice, socket)

    def _notice(self, socket: Socket) -> None:
        session = socket.session
        if session is not None and session.socket is socket:
            if self.black:
                return
            session.socket = None
            patience = RESUME_SECONDS if session.resumable else 0.0
            session.expiry = self.loop.call_later(patience, self._expire, session)

    def _expire(self, session: Session) -> None:
        if self.sessions.pop(session.name, None) is None:
            return
        self.story.tell(0, "lavalink session over:", session.name)
        for player in tuple(session.players.values()):
            player.vanish()
        session.players.clear()

    # --- faults ---

    def break_sockets(self) -> None:
        """Every websocket breaks; all else goes on."""
        for session in tuple(self.sessions.values()):
            socket = session.socket
            if socket is not None:
                socket.wire.cut = True
                self._notice(socket)
                self.loop.call_later(CLOSE_SECONDS, socket.on_closed, "it closed (1006)")

    def die(self) -> None:
        """The process ends, and forgets everything."""
        if not self.up:
            return
        self.up = self.black = False
        self.break_sockets()
        for session in self.sessions.values():
            if session.expiry is not None:
                session.expiry.cancel()
            for player in tuple(session.players.values()):
                player.vanish()
            session.players.clear()
        self.sessions.clear()
        self._locked.clear()
        self.hangs = 0
        self.slow = 0.0
        pending = [answer for answer, _ in self._held] + self._hanging
        self._held, self._hanging = [], []
        for answer in pending:
            _fail(answer, ConnectionResetError())

    def boot(self) -> None:
        """It is there again."""
        self.up = True

    def go_black(self) -> None:
        """Nothing gets through any more, and nobody says so."""
        if self.up:
            self.black = True

    def come_back(self) -> None:
        """Everything gets through again, and what was on its way arrives."""
        if not self.black:
            return
        self.black = False
        held, self._held = self._held, []
        for answer, act in held:
            # Who has given up waiting may be heard all the same.
            if not answer.done() or self._chance.random() < 0.5:
                self.loop.call_later(self._lag(), self._serve, answer, act)
        for session in tuple(self.sessions.values()):
            socket = session.socket
            if socket is None:
                continue
            frames, socket.held = socket.held, []
            if socket.wire.cut:
                self.left(socket)
                continue
            for guild, frame in frames:
                session.emit(guild, frame)


def _fail(answer: asyncio.Future[Any], error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)


def _succeed(answer: asyncio.Future[Any], outcome: object) -> None:
    if not answer.done():
        answer.set_result(outcome)
