"""What a link needs of the world."""

from typing import NoReturn, Protocol


class LinkFailed(Exception):
    """The node could not be reached, or the connection broke; `args` say how, without secrets."""


class NodeConnection(Protocol):
    """The connection to one node. Only its link opens and closes it."""

    async def open(self) -> bool:
        """Connect; return whether the old session was resumed, its players playing on.

        The node's address is asked for anew each time. Raises `LinkFailed`.
        """
        ...

    async def run(self) -> NoReturn:
        """Take in what the node says until the connection ends; raises `LinkFailed` then."""
        ...

    async def close(self) -> None:
        """End the connection, if there is one."""
        ...
