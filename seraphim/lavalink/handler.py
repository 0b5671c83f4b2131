"""ongaku's session handler for one node: it starts nothing, and never sticks to a dead session."""

from collections.abc import Sequence

import hikari
import ongaku
from ongaku import errors
from ongaku.abc.handler import SessionHandler


class OneNode(SessionHandler):
    """Holds the one session; players are held by the node's adapter."""

    def __init__(self, client: ongaku.Client) -> None:
        self._sessions: list[ongaku.Session] = []

    @property
    def sessions(self) -> Sequence[ongaku.Session]:
        """The session, when it was added."""
        return tuple(self._sessions)

    @property
    def players(self) -> Sequence[ongaku.Player]:
        """None: see the class."""
        return ()

    @property
    def is_alive(self) -> bool:
        """True: there is nothing to start."""
        return True

    async def start(self) -> None:
        """Do nothing: the link's actor opens the session."""

    async def stop(self) -> None:
        """Do nothing: the link's actor closes the session."""

    def add_session(self, session: ongaku.Session) -> ongaku.Session:
        """Hold `session`."""
        self._sessions.append(session)
        return session

    def fetch_session(self, name: str | None = None) -> ongaku.Session:
        """Return the session. Raises NoSessionsError where there is none."""
        if not self._sessions:
            raise errors.NoSessionsError
        return self._sessions[0]

    async def delete_session(self, name: str) -> None:
        """Forget the session."""
        self._sessions.clear()

    def add_player(self, player: ongaku.Player) -> ongaku.Player:
        """Hand `player` back."""
        return player

    def fetch_player(self, guild: hikari.SnowflakeishOr[hikari.Guild]) -> ongaku.Player:
        """Raise PlayerMissingError: see the class."""
        raise errors.PlayerMissingError

    async def delete_player(self, guild: hikari.SnowflakeishOr[hikari.Guild]) -> None:
        """Raise PlayerMissingError: see the class."""
        raise errors.PlayerMissingError
