"""What the player needs of the world, as small protocols that the edge implements.

Every call may be cancelled at any await: the actor that made it may end. None is retried here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from actors.guild.player.messages import NodePlayer, VoiceStateChanged
from actors.guild.player.sound import Sound
from actors.guild.player.track import Track
from actors.guild.refusal import Refused


class NodeUnavailable(Exception):
    """No node can be reached now; the link says `NodeReady` when one can."""


class NodeRefused(Exception):
    """The node answered, and would not: `args` say what, fit for the log."""


class SourceFailed(Exception):
    """A source would not give what was asked; `refused` is the answer for who asked.

    `failed` are the sources that this says something of: what was asked was a search.
    """

    def __init__(self, refused: Refused, failed: tuple[str, ...] = ()) -> None:
        super().__init__(refused.code)
        self.refused = refused
        self.failed = failed


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
    with a new `start`, and on a node that cannot. `position_ms` is where the current track goes on
    from; `filters` is how all sounds from then on.
    """

    voice: VoiceCredentials | None = None
    start: Start | None = None
    silence: bool = False
    following: Start | None = None
    alone: bool = False
    position_ms: int | None = None
    paused: bool | None = None
    volume: int | None = None
    filters: Sound | None = None


SEARCH = "search:"
"""Before words that are looked for in several sources."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a query led to; no tracks when it led nowhere. `playlist` is the name of one.

    `failed` are the sources that were asked before and did not answer as they should.
    """

    tracks: tuple[Track, ...]
    playlist: str | None = None
    failed: tuple[str, ...] = ()


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

    async def say_status(self, guild: int, channel: int, text: str) -> None:
        """Let the voice channel say `text` beneath its name, nothing if it is empty.

        Where that cannot be done is no error. It has a deadline.
        """
        ...

    def state(self, guild: int) -> VoiceStateChanged | None:
        """Return where Discord last said the bot is: what a restarted player starts from.

        None: Discord has said nothing yet, for its session goes on from a process before, and
        what was true then is.
        """
        ...


class Catalogue(Protocol):
    """Where tracks are found."""

    async def load(self, query: str, sources: Sequence[str] = ()) -> Found:
        """Find `query`: an address, a search with its prefix, or words behind `SEARCH`.

        Those are looked for in one of `sources` after the other, until one has something; those
        that are passed over for now come last. None given: in all that there are. A search gives
        its best match only. Raises `NodeUnavailable` or `SourceFailed`.
        """
        ...

    async def suggest(
        self, query: str, limit: int, sources: Sequence[str] = ()
    ) -> tuple[Track, ...]:
        """Return up to `limit` matches of a search, best first; looks and raises as `load`."""
        ...

    async def alternatives(self, track: Track, source: str) -> tuple[Track, ...]:
        """Return what `source` has of the same song as `track`, best first; raises as `load`.

        Nothing where no node has the source, or it is passed over for now.
        """
        ...

    async def related(self, recent: Sequence[Track]) -> tuple[Track, ...]:
        """Return tracks of the library that go with `recent` by their tags; raises as `load`."""
        ...
