"""A client's session: its players, and the websocket that hears of them.

A session whose client asked for `resuming` outlives its websocket for a while: players play on,
events wait, and a client that comes back with the `Session-Id` gets them after `ready`. Any other
ends with its websocket, players and all. While nobody is connected a session cannot be used over
REST; Lavalink answers 404 then too.

A client may be back before the node has noticed that it left: its old connection broke off without
a word, and looks open here. It takes its session over, and the old connection is closed. Lavalink
gives it a new session instead (`resumed: false`), while the old one's players play on until a
timeout; a client can then only end them and start them anew, which is heard. Nobody but the client
knows the session's id, and it is the same bot's only.

What waits needs no bound of its own: without a client no track is started, so each player has a few
last events and no more.
"""

import asyncio
import secrets
import string
from collections.abc import Callable, Iterator
from typing import Final, Protocol, cast

import structlog

from seraphim.audio_node.payloads import JsonObject, dumps
from seraphim.audio_node.player import Player, PlayerListener
from seraphim.audio_node.statistics import Statistics

UPDATE_SECONDS: Final = 5.0
STATISTICS_SECONDS: Final = 60.0
RESUME_TIMEOUT: Final = 60
ID_LENGTH: Final = 16
ID_LETTERS: Final = string.ascii_lowercase + string.digits

MakePlayer = Callable[[int, int, PlayerListener], Player]
"""Makes a player of a guild for a bot (its user id)."""

_log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


class Socket(Protocol):
    """A client's websocket, as the session sees it."""

    def send(self, text: str) -> None:
        """Queue a message. Never waits; a client that does not read loses its connection."""
        ...

    def end(self) -> None:
        """Let go of the client, which has come back on another websocket. Returns at once."""
        ...


class Session:
    """One client's players. Made and ended by `Sessions`."""

    def __init__(self, user_id: int, make_player: MakePlayer, statistics: Statistics) -> None:
        self.id = "".join(secrets.choice(ID_LETTERS) for _ in range(ID_LENGTH))
        self.user_id = user_id
        self.players: dict[int, Player] = {}
        self.resuming = False
        self.timeout = RESUME_TIMEOUT
        self._make_player = make_player
        self._statistics = statistics
        self._socket: Socket | None = None
        self._waiting: list[str] = []
        self._changed: dict[Player, None] = {}
        self._flush: asyncio.Handle | None = None
        self._periodic: list[asyncio.Task[None]] = []

    def talks_to(self, socket: Socket) -> bool:
        """Whether this is its client's websocket."""
        return self._socket is socket

    def player(self, guild_id: int) -> Player:
        """Return the guild's player, made if there is none."""
        player = self.players.get(guild_id)
        if player is None:
            player = self._make_player(guild_id, self.user_id, self)
            self.players[guild_id] = player
        return player

    async def destroy_player(self, guild_id: int) -> None:
        """End the guild's player, if there is one."""
        player = self.players.pop(guild_id, None)
        if player is not None:
            await player.destroy()

    def emit(self, happened: JsonObject) -> None:
        """Tell the client of an event, or keep it until the client is back."""
        text = dumps(happened)
        if self._socket is None:
            self._waiting.append(text)
            return
        # What is known of the players by now belongs before what happens next.
        self._tell_changes()
        self._socket.send(text)

    def changed(self, player: Player) -> None:
        """Tell the client of a player's state; several changes in one turn of the loop as one."""
        if self._socket is None:
            return
        self._changed[player] = None
        if self._flush is None:
            self._flush = asyncio.get_running_loop().call_soon(self._tell_changes)

    def attach(self, socket: Socket, *, resumed: bool) -> None:
        """Talk to this websocket from now on: `ready`, then what waited, then how things are.

        The one it talked to until now is let go of.
        """
        if self._socket is not None:
            self._socket.end()
            self.detach()
        self._socket = socket
        ready = {"op": "ready", "resumed": resumed, "sessionId": self.id}
        socket.send(dumps(ready))
        waiting, self._waiting = self._waiting, []
        for text in waiting:
            socket.send(text)
        for player in self.players.values():
            self._tell_state(player)
        self._periodic = [
            asyncio.create_task(self._tell_players(), name=f"players-{self.id}"),
            asyncio.create_task(self._tell_statistics(), name=f"statistics-{self.id}"),
        ]

    def detach(self) -> None:
        """Talk to nobody."""
        self._socket = None
        self._changed.clear()
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None
        for task in self._periodic:
            task.cancel()
        self._periodic.clear()

    async def destroy(self) -> None:
        """End all players."""
        self.detach()
        ending = [asyncio.create_task(self.destroy_player(guild)) for guild in self.players]
        if ending:
            await asyncio.wait(ending)
        self._waiting.clear()

    def _tell_changes(self) -> None:
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None
        changed, self._changed = self._changed, {}
        for player in changed:
            self._tell_state(player)

    def _tell_state(self, player: Player) -> None:
        if self._socket is not None:
            update = {"op": "playerUpdate", "state": player.state, "guildId": str(player.guild_id)}
            self._socket.send(dumps(update))

    async def _tell_players(self) -> None:
        while True:
            await asyncio.sleep(UPDATE_SECONDS)
            for player in self.players.values():
                if player.has_track:
                    self._tell_state(player)

    async def _tell_statistics(self) -> None:
        while True:
            if self._socket is not None:
                told = self._statistics.of(self.players.values())
                self._socket.send(dumps({"op": "stats", **told}))
            await asyncio.sleep(STATISTICS_SECONDS)


class Sessions:
    """All sessions of a node, and how many clients are there.

    Parameters
    ----------
    make_player
        Makes the players.
    count_changed
        Called with the number of connected clients whenever it changed.
    """

    def __init__(self, make_player: MakePlayer, count_changed: Callable[[int], None]) -> None:
        self._make_player = make_player
        self._count_changed = count_changed
        self._connected: dict[str, Session] = {}
        self._left: dict[str, tuple[Session, asyncio.TimerHandle]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self.statistics = Statistics(self.players)

    def players(self) -> Iterator[Player]:
        """Give all players, those whose client is away included: they play too."""
        for session in self._all():
            yield from session.players.values()

    def get(self, session_id: str) -> Session | None:
        """Return a connected client's session."""
        return self._connected.get(session_id)

    def can_resume(self, user_id: int, session_id: str | None) -> bool:
        """Whether `connect` with this id would resume."""
        return self._resumable(user_id, session_id) is not None

    def connect(self, user_id: int, session_id: str | None, socket: Socket) -> Session:
        """Give a client its session: the one it names, if it may be resumed, or a new one."""
        session = self._resumable(user_id, session_id)
        resumed = session is not None
        if session is None:
            session = Session(user_id, self._make_player, self.statistics)
        elif session.id in self._left:
            _, timer = self._left.pop(session.id)
            timer.cancel()
        else:
            _log.info("session.taken_over", session=session.id)
        self._connected[session.id] = session
        _log.info("session.opened", session=session.id, user=user_id, resumed=resumed)
        session.attach(socket, resumed=resumed)
        self._count_changed(len(self._connected))
        return session

    def disconnect(self, session: Session, socket: Socket) -> None:
        """Keep a session that may be resumed, for its time; end any other.

        Nothing for one whose client has another websocket by now.
        """
        if not session.talks_to(socket):
            return
        session.detach()
        if self._connected.pop(session.id, None) is None:
            return  # it was ended by `close`
        if session.resuming:
            loop = asyncio.get_running_loop()
            timer = loop.call_later(session.timeout, self._expire, session.id)
            self._left[session.id] = (session, timer)
        else:
            self._end(session)
        _log.info("session.closed", session=session.id, resumable=session.resuming)
        self._count_changed(len(self._connected))

    async def close(self) -> None:
        """End all sessions, without a word to anybody."""
        for _, timer in self._left.values():
            timer.cancel()
        sessions = tuple(self._all())
        self._left.clear()
        self._connected.clear()
        for session in sessions:
            self._end(session)
        if self._ending:
            await asyncio.wait(self._ending)

    def _all(self) -> Iterator[Session]:
        yield from self._connected.values()
        for session, _ in self._left.values():
            yield session

    def _resumable(self, user_id: int, session_id: str | None) -> Session | None:
        """Return the session that a client may go on with."""
        if session_id is None:
            return None
        left = self._left.get(session_id)
        session = self._connected.get(session_id) if left is None else left[0]
        if session is None or not session.resuming or session.user_id != user_id:
            return None
        return session

    def _expire(self, session_id: str) -> None:
        session, _ = self._left.pop(session_id)
        _log.info("session.expired", session=session_id)
        self._end(session)

    def _end(self, session: Session) -> None:
        ending = asyncio.create_task(session.destroy())
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)
