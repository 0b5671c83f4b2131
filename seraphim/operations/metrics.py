"""The figures that Prometheus fetches.

Nearly all of them are read when it asks: the tree, the instruments and the boards have them
already, and who does not ask pays nothing. Counted as they happen are only the few things that
leave no trace: answers, joins, tracks, and what went wrong in the tree. The registry is our own, so
that nothing stands in it but what is named here and in `docs/operations.md`.

No label grows with guilds or users: commands, error codes, nodes, shards, sources, and kinds of
actors are few.
"""

import re
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from actors.guild.board import Board
from actors.guild.player.messages import TrackFailed, TrackStarted, TrackStuck
from actors.guild.refusal import Code
from actors.health.assessment import Status
from actors.health.messages import Report
from actors.health.readings import Measured
from actors.lavalink_node.messages import LinkState
from actors.runtime import Incident, System
from seraphim.discord.witness import DONE
from seraphim.lavalink.events import ForPlayer
from seraphim.operations.http import Page

KIND: Final = "text/plain; version=0.0.4; charset=utf-8"
# Discord waits for three seconds, and people for less.
COMMAND_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0)

SUPERVISORS: Final = ("root", "lavalink", "guilds", "guild", "panel-keeper")

_LEVELS: Final = {Status.HEALTHY: 0, Status.DEGRADED: 1, Status.UNHEALTHY: 2}
_NAMED: Final = re.compile(r"-\d+$")

# Twice as many series, for when each began: Prometheus does not use them.
disable_created_metrics()


def actor_kind(path: str) -> str:
    """Return what kind of actor is at `path`, whichever of its kind it is.

    `/root/guilds/guild-123/player` is a `player`, and `/root/lavalink/node-two` a `node`.
    """
    _, _, parent_and_name = path.rpartition("/lavalink/node-")
    if parent_and_name != path and "/" not in parent_and_name:
        return "node"
    return _NAMED.sub("", path.rpartition("/")[2])


class Metrics:
    """All figures of one process. `tell_health` asks how it is, None where nobody says."""

    def __init__(
        self,
        *,
        version: str,
        board: Board,
        system: Callable[[], System],
        read: Callable[[], Measured],
        tell_health: Callable[[], Awaitable[Report | None]],
    ) -> None:
        self._tell_health = tell_health
        self._live = _Live(version, board, system, read)
        self.registry = CollectorRegistry()
        self.registry.register(self._live)
        registry = self.registry
        self._commands = Counter(
            "seraphim_commands",
            "Commands and buttons that were answered, by what became of them: done, an error code,"
            " or unanswered where Discord did not take the answer.",
            ("command", "outcome"),
            registry=registry,
        )
        self._seconds = Histogram(
            "seraphim_command_seconds",
            "Seconds from a command's arrival to its answer.",
            ("command",),
            buckets=COMMAND_SECONDS,
            registry=registry,
        )
        self._limited = Counter(
            "seraphim_rate_limited",
            "Commands and buttons that were turned away because they came too fast.",
            registry=registry,
        )
        self._joins = Counter(
            "seraphim_voice_joins",
            "Places in voice channels that were asked for: done, or the code of why not.",
            ("outcome",),
            registry=registry,
        )
        self._started = Counter(
            "seraphim_tracks_started", "Tracks that began to play.", registry=registry
        )
        self._failed = Counter(
            "seraphim_tracks_failed",
            "Tracks that a node could not play on: PLAY-004 broke, PLAY-005 got stuck.",
            ("code",),
            registry=registry,
        )
        self._crashes = Counter(
            "seraphim_actor_crashes",
            "Crashes of actors, by kind of actor.",
            ("actor",),
            registry=registry,
        )
        self._restarts = Counter(
            "seraphim_actor_restarts",
            "Restarts of actors by their supervisors, by kind of actor.",
            ("actor",),
            registry=registry,
        )
        self._gave_up = Counter(
            "seraphim_supervisors_gave_up",
            "Supervisors that gave up, by kind.",
            ("actor",),
            registry=registry,
        )

        # What has not happened yet is 0, so that its first time is seen as a change.
        for supervisor in SUPERVISORS:
            self._gave_up.labels(supervisor)
        for code in (Code.TRACK_FAILED, Code.TRACK_STUCK):
            self._failed.labels(code.value)
        self._joins.labels(DONE)

    async def page(self) -> Page:
        """Return all figures as they are now."""
        self._live.report = await self._tell_health()
        return Page(generate_latest(self.registry).decode(), kind=KIND)

    def answered(self, command: str, outcome: str, seconds: float) -> None:
        """Count one answer; `outcome` is `done`, a code, or `unanswered`."""
        self._commands.labels(command, outcome).inc()
        self._seconds.labels(command).observe(seconds)
        if outcome == Code.TOO_FAST:
            self._limited.inc()

    def joined(self, outcome: str) -> None:
        """Count one place in voice that was asked for."""
        self._joins.labels(outcome).inc()

    def heard(self, event: ForPlayer) -> None:
        """Count what a node says of a track."""
        match event.message:
            case TrackStarted():
                self._started.inc()
            case TrackFailed():
                self._failed.labels(Code.TRACK_FAILED.value).inc()
            case TrackStuck():
                self._failed.labels(Code.TRACK_STUCK.value).inc()
            case _:
                return

    def went_wrong(self, incident: Incident) -> None:
        """Count what went wrong in the tree."""
        counter = {
            "crashed": self._crashes,
            "restarted": self._restarts,
            "gave_up": self._gave_up,
        }[incident.what]
        counter.labels(actor_kind(incident.path)).inc()


class _Live(Collector):
    """What is read when Prometheus asks."""

    def __init__(
        self,
        version: str,
        board: Board,
        system: Callable[[], System],
        read: Callable[[], Measured],
    ) -> None:
        self.report: Report | None = None
        self._version = version
        self._board = board
        self._system = system
        self._read = read
        self._began = time.time()

    def describe(self) -> Iterator[Metric]:
        """Say nothing before there is something: registering reads nothing."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Read everything."""
        measured = self._read()
        yield from self._process(measured)
        yield from self._health()
        yield from self._discord(measured)
        yield from self._nodes(measured)
        yield from self._tree()

    def _process(self, measured: Measured) -> Iterator[Metric]:
        build = GaugeMetricFamily(
            "seraphim_build_info", "Which version runs; always 1.", labels=("version",)
        )
        build.add_metric((self._version,), 1)
        yield build
        yield GaugeMetricFamily(
            "seraphim_start_time_seconds", "When the process began (Unix time).", self._began
        )
        yield CounterMetricFamily(
            "seraphim_cpu_seconds", "CPU time that the process has used.", time.process_time()
        )
        yield GaugeMetricFamily(
            "seraphim_resident_memory_bytes", "Memory in use (RSS).", measured.rss
        )
        yield GaugeMetricFamily(
            "seraphim_event_loop_lag_seconds",
            "By how much the event loop was late at worst, in the last half minute.",
            measured.loop_lag,
        )

    def _health(self) -> Iterator[Metric]:
        report = self.report
        # Nobody who can say how it is: that is no health.
        level = 2 if report is None else _LEVELS[report.health.status]
        yield GaugeMetricFamily("seraphim_health", "0 healthy, 1 degraded, 2 unhealthy.", level)
        database = None if report is None else report.readings.database
        if database is not None:
            yield GaugeMetricFamily(
                "seraphim_store_unwritten",
                "Guilds and notes that are not written to the database yet.",
                database.unwritten,
            )
            yield GaugeMetricFamily(
                "seraphim_store_failing",
                "1 while the database fails.",
                float(database.error is not None),
            )

    def _discord(self, measured: Measured) -> Iterator[Metric]:
        connected = GaugeMetricFamily(
            "seraphim_gateway_connected",
            "1 where the shard is connected to Discord.",
            labels=("shard",),
        )
        latency = GaugeMetricFamily(
            "seraphim_gateway_latency_seconds",
            "How long Discord took to answer the shard's last heartbeat.",
            labels=("shard",),
        )
        spoke = GaugeMetricFamily(
            "seraphim_gateway_last_event_time_seconds",
            "When the shard heard something last (Unix time).",
            labels=("shard",),
        )
        for shard in measured.shards:
            label = (str(shard.id),)
            connected.add_metric(label, float(shard.connected))
            if shard.latency is not None:
                latency.add_metric(label, shard.latency)
            if shard.last_event is not None:
                spoke.add_metric(label, shard.last_event / 1000)
        yield from (connected, latency, spoke)
        yield GaugeMetricFamily(
            "seraphim_guilds",
            "Guilds that Discord has told of since the start; a start that resumes hears of none.",
            measured.guilds,
        )
        players = playing = 0
        for view in self._board.views():
            players += 1
            playing += view.current is not None and not view.current.paused
        yield GaugeMetricFamily("seraphim_players", "Guilds with a player.", players)
        yield GaugeMetricFamily("seraphim_players_playing", "Players that play now.", playing)

    def _nodes(self, measured: Measured) -> Iterator[Metric]:
        up = GaugeMetricFamily(
            "seraphim_node_up", "1 where the audio node can be used.", labels=("node",)
        )
        draining = GaugeMetricFamily(
            "seraphim_node_draining", "1 where the node takes no new guilds.", labels=("node",)
        )
        players = GaugeMetricFamily(
            "seraphim_node_players", "Players that the node says it has.", labels=("node",)
        )
        playing = GaugeMetricFamily(
            "seraphim_node_playing", "Players that the node says play now.", labels=("node",)
        )
        for node in measured.nodes:
            label = (node.name,)
            up.add_metric(label, float(not node.down))
            draining.add_metric(label, float(node.state is LinkState.DRAINING))
            players.add_metric(label, node.players)
            playing.add_metric(label, node.playing)
        yield from (up, draining, players, playing)
        over = GaugeMetricFamily(
            "seraphim_source_passed_over",
            "1 for each source of music that fails for many guilds, and is passed over now.",
            labels=("source",),
        )
        for source in measured.passed_over:
            over.add_metric((source,), 1)
        yield over

    def _tree(self) -> Iterator[Metric]:
        system = self._system()
        census = system.census()
        yield GaugeMetricFamily("seraphim_actors", "Actors in the supervision tree.", census.actors)
        yield GaugeMetricFamily(
            "seraphim_mailbox_depth_max",
            "Messages that wait in the fullest mailbox.",
            census.deepest_mailbox,
        )
        yield GaugeMetricFamily(
            "seraphim_zombies",
            "Actors that could not be ended and still have a task.",
            len(system.zombies),
        )
        yield CounterMetricFamily(
            "seraphim_dead_letters",
            "Messages that nobody handled, and answers that came too late.",
            system.dead_letters.count,
        )
