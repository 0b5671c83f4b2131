"""What the player needs of the world, as small protocols that the edge implements.

Every call may be cancelled at any await: the actor that made it may end. None is retried here.
"""

from dataclasses import dataclass
from typing import Protocol

from actors.guild.player.messages import NodePlayer, VoiceStateChanged
from actors.guild.player.track import Track
from actors.guild.refusal import Refused


class NodeUnavailable(Exception):
    """No node can be reached now; the link says `NodeReady` when one can."""


class NodeRefused(Exception):
    """The node answered, and would not: `args` say what, fit for the log."""


class SourceFailed(Exception):
    """A source would not give what was asked; `refused` is the answer for who asked."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.code)
        self.refused = refused


class JoinRefused(Exception):
    """Discord would not have us in the channel; `refused` is the answer for who asked."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.code)
        self.refused = refused


@dataclass(frozen=True, slots=True)
class VoiceCredentials:
    """All that a node needs to speak in a channel."""

    channel: int
    session: str
    token: str
    endpoint: str

    def __repr__(self) -> str:
        # Session and token are secrets.
        return f"VoiceCredentials(channel={self.channel}, endpoint={self.endpoint!r})"


@dataclass(frozen=True, slots=True)
class Start:
    """Play `track` from `position_ms`; `play` comes back with every event about it."""

    play: str
    track: Track
    position_ms: int = 0


@dataclass(frozen=True, slots=True)
class NodeUpdate:
    """One change of a node's player, carried out as a whole. None: leave as it is.

    `silence` ends the current track without starting another. `following` is to follow the current
    track at once when that ends, in place of what was to before; `alone`: nothing is. Both are lost
    with a new `start`, and on a node that cannot.
    """

    voice: VoiceCredentials | None = None
    start: Start | None = None
    silence: bool = False
    following: Start | None = None
    alone: bool = False
    paused: bool | None = None
    volume: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a query led to; no tracks when it led nowhere. `playlist` is the name of one."""

    tracks: tuple[Track, ...]
    playlist: str | None = None


class AudioNode(Protocol):
    """The nodes and their players, one for each guild."""

    async def update(self, guild: int, node: str, update: NodeUpdate) -> None:
        """Change the guild's player at `node`, creating it when there is none.

        Raises `NodeUnavailable` or `NodeRefused`; then it is not known whether the change happened.
        """
        ...

    async def destroy(self, guild: int, node: str) -> None:
        """End the guild's player at `node`, and its voice connection.

        A node that is away ends it when it is back.
        """
        ...

    async def player(self, guild: int, node: str) -> NodePlayer | None:
        """Return what `node` says of the guild's player. Raises `NodeUnavailable`."""
        ...

    def choose(self, endpoint: str | None, avoid: str | None = None) -> str | None:
        """Return the node to play at: the least loaded near the voice server `endpoint`.

        None where there is none but `avoid`. A node that is being drained is never chosen.
        """
        ...

    @property
    def nodes(self) -> frozenset[str]:
        """The nodes that can be reached now."""
        ...


class VoiceGateway(Protocol):
    """The bot's own voice state at Discord."""

    async def join(self, guild: int, channel: int, *, back: bool = False) -> None:
        """Ask Discord to put the bot into the channel. Raises `JoinRefused`.

        Permissions and room are looked at first, unless it is to come `back`. That it worked is
        said by `VoiceStateChanged` and `VoiceServerChanged`, not by the return of this call.
        """
        ...

    async def leave(self, guild: int) -> bool:
        """Ask Discord to take the bot out of voice; waits for no answer.

        Return whether Discord was asked: not while it cannot be reached. What it says in answer is
        told after the return.
        """
        ...

    async def speak(self, guild: int, channel: int) -> None:
        """Become a speaker of the stage `channel`, or ask to be one."""
        ...

    def state(self, guild: int) -> VoiceStateChanged | None:
        """Return where Discord last said the bot is: what a restarted player starts from.

        None: Discord has said nothing yet, for its session goes on from a process before, and
        what was true then is.
        """
        ...


class Catalogue(Protocol):
    """Where tracks are found."""

    async def load(self, query: str) -> Found:
        """Find `query`: an address, or a search with its prefix.

        A search gives its best match only. Raises `NodeUnavailable` or `SourceFailed`.
        """
        ...

    async def suggest(self, query: str, limit: int) -> tuple[Track, ...]:
        """Return up to `limit` matches of a prefixed search, best first; raises as `load`."""
        ...
