"""What a link needs of the world."""

from dataclasses import dataclass
from typing import NoReturn, Protocol

from actors.guild.refusal import Code


class LinkFailed(Exception):
    """The node could not be reached, or the connection broke; `args` say how, without secrets.

    `code` is the code of what people have to change before it can be used. `dead`: what it was
    asked is not answered any more, so that there is nothing to go on with.
    """

    def __init__(self, reason: str, *, code: Code | None = None, dead: bool = False) -> None:
        super().__init__(reason)
        self.code = code
        self.dead = dead


@dataclass(frozen=True, slots=True)
class Opened:
    """A connection: the `session` it is for, and whether that is the old one, playing on."""

    session: str
    resumed: bool


class NodeConnection(Protocol):
    """The connection to one node. Only its link opens and closes it."""

    def adopt(self, session: str) -> None:
        """Let the first `open` ask for `session`: a process before has left it behind."""
        ...

    def drain(self, draining: bool) -> None:
        """Be chosen by no guild that looks for a node, or be chosen again."""
        ...

    async def open(self) -> Opened:
        """Connect, in place of what was connected before, and ask for the last session.

        The node's address is asked for anew each time. From then on requests are made, until
        `close`: that a connection is broken does not stop them. Raises `LinkFailed`.
        """
        ...

    async def run(self) -> NoReturn:
        """Take in what the node says until the connection ends; raises `LinkFailed` then."""
        ...

    async def tidy(self, *, thorough: bool) -> None:
        """End the players of a resumed session that belong to guilds that live elsewhere by now.

        `thorough`: also those that no guild has claimed since. A node that does not answer keeps
        them.
        """
        ...

    async def end(self) -> None:
        """End the session, and with it all players, as far as the node can be reached; `close`."""
        ...

    async def close(self) -> None:
        """End the connection, if there is one, and give up the requests that are under way.

        Session and players stay, for whoever asks for them in time.
        """
        ...
