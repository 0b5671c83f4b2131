"""What the readings mean: pure.

Unhealthy is what nobody can be played to through: no shard, or no node. Degraded is what somebody
should look at while the music goes on. A connection that breaks is back within a moment most of the
times: Discord asks for that several times a day. So a shard counts as away after some seconds only,
and a node that is coming back counts as there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from actors.health.readings import Readings

SHARD_GRACE_SECONDS: Final = 5.0
MOST_MEMORY: Final = 1_000_000_000
LONGEST_LAG_SECONDS: Final = 2.0


class Status(StrEnum):
    """How it is, from best to worst."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why it is not healthy. `about` is what has it: `node two`; `text` also says what and why.

    Two reasons about the same are the same trouble, whatever its figures.
    """

    status: Status
    about: str
    text: str


@dataclass(frozen=True, slots=True)
class Health:
    """How it is, and why it is not better: the worst first."""

    status: Status = Status.HEALTHY
    reasons: tuple[Reason, ...] = ()

    @property
    def troubles(self) -> frozenset[tuple[Status, str]]:
        """What it suffers from, without figures: a change is news."""
        return frozenset((reason.status, reason.about) for reason in self.reasons)


def assess(readings: Readings) -> Health:
    """Return how it is."""
    reasons = (
        *(_blind(readings) or (*_discord(readings), *_nodes(readings))),
        *_database(readings),
        *_process(readings),
    )
    unhealthy = tuple(reason for reason in reasons if reason.status is Status.UNHEALTHY)
    degraded = tuple(reason for reason in reasons if reason.status is Status.DEGRADED)
    if unhealthy:
        return Health(Status.UNHEALTHY, unhealthy + degraded)
    return Health(Status.DEGRADED, degraded) if degraded else Health()


def _blind(readings: Readings) -> tuple[Reason, ...]:
    if readings.blind is None:
        return ()
    return (_degraded("instruments", f"cannot be read: {readings.blind}"),)


def _discord(readings: Readings) -> Iterator[Reason]:
    shards = readings.measured.shards
    away = [shard for shard in shards if shard.away > SHARD_GRACE_SECONDS]
    if len(away) == len(shards):
        yield Reason(Status.UNHEALTHY, "discord", "no shard is connected to Discord")
        return
    for shard in away:
        yield _degraded(f"shard {shard.id}", f"is away for {shard.away:.0f} s")


def _nodes(readings: Readings) -> Iterator[Reason]:
    nodes = readings.measured.nodes
    down = [node for node in nodes if node.down]
    if len(down) == len(nodes):
        yield Reason(Status.UNHEALTHY, "nodes", "no audio node can be reached")
        return
    for node in down:
        yield _degraded(f"node {node.name}", "is down")


def _database(readings: Readings) -> Iterator[Reason]:
    database = readings.database
    if database is None or database.error is None:
        return
    yield _degraded("database", f"fails: {database.error} ({database.unwritten} unwritten)")


def _process(readings: Readings) -> Iterator[Reason]:
    for path in readings.gave_up:
        yield _degraded(path, "gave up")
    for source in sorted(readings.measured.passed_over):
        yield _degraded(f"source {source}", "fails for many, and is passed over")
    if readings.measured.rss > MOST_MEMORY:
        yield _degraded("memory", f"is at {readings.measured.rss / 1e9:.2f} GB")
    if readings.measured.loop_lag > LONGEST_LAG_SECONDS:
        yield _degraded("event loop", f"was held up for {readings.measured.loop_lag:.1f} s")


def _degraded(about: str, what: str) -> Reason:
    return Reason(Status.DEGRADED, about, f"{about} {what}")
