"""What a node's link understands: the operator's orders."""

from dataclasses import dataclass
from enum import StrEnum

from actors.runtime import Ask, Name


class LinkState(StrEnum):
    """What a link is doing.

    `CONNECTING`: for the first time. `READY`: connected, and at work. `DRAINING`: connected, but it
    takes no new guilds. `RESUMING`: the connection broke a moment ago, the node may well play on,
    and nobody was told. `DOWN`: the node is away; it is called again and again.
    """

    CONNECTING = "connecting"
    RESUMING = "resuming"
    READY = "ready"
    DRAINING = "draining"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Drain(Ask[LinkState]):
    """Take no new guilds, and let those that are there move away. It lasts until `Undrain`.

    Answered with the state that follows; to drain what is being drained changes nothing.
    """


@dataclass(frozen=True, slots=True)
class Undrain(Ask[LinkState]):
    """Take guilds again. Answered with the state that follows."""


@dataclass(frozen=True, slots=True)
class Remind:
    """Its own: tell those who could not move away before once more."""


LinkMessage = Drain | Undrain | Remind


def link_name(node: str) -> Name[LinkMessage]:
    """Return the registered name of the node's link."""
    return Name(f"node/{node}/link")
