"""What is looked at to say how Seraphim is."""

from dataclasses import dataclass

from actors.lavalink_node.messages import LinkState


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard of Discord's gateway.

    `latency` is in seconds, None while it is not known; `last_event` in milliseconds since the
    epoch, None before the first. `away` is for how many seconds it has not been connected, 0 if it
    is.
    """

    id: int
    connected: bool
    latency: float | None = None
    last_event: int | None = None
    away: float = 0.0


@dataclass(frozen=True, slots=True)
class AudioNode:
    """An audio node. `players` and `playing` are its own figures, as far as it has told them."""

    name: str
    state: LinkState
    players: int = 0
    playing: int = 0

    @property
    def down(self) -> bool:
        """Whether nothing can be played there now."""
        return self.state in (LinkState.DOWN, LinkState.CONNECTING)


@dataclass(frozen=True, slots=True)
class Database:
    """What the store says of its database: how many changes are not written yet.

    `failing_since` is in milliseconds since the epoch, None when all is well; `error` is why.
    """

    unwritten: int = 0
    failing_since: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """What instruments outside of the tree show.

    `passed_over` are the sources of music that fail for many guilds now. `loop_lag` is by how many
    seconds the event loop was late at worst, in the last half minute; `rss` the bytes of memory in
    use. `guilds` counts those that the bot is in.
    """

    shards: tuple[Shard, ...] = ()
    nodes: tuple[AudioNode, ...] = ()
    passed_over: frozenset[str] = frozenset()
    loop_lag: float = 0.0
    rss: int = 0
    guilds: int = 0


@dataclass(frozen=True, slots=True)
class Readings:
    """All of it at one moment. `at` is in milliseconds since the epoch.

    `crashes` and `restarts` count since the process began; `gave_up` are the supervisors that gave
    up not long ago. `database` is None before the store was asked. `blind` is why the instruments
    could not be read; then `measured` says nothing.
    """

    at: int
    measured: Measured
    database: Database | None = None
    crashes: int = 0
    restarts: int = 0
    gave_up: tuple[str, ...] = ()
    blind: str | None = None
