"""How Seraphim is, as JSON: for HTTP, for the operator's socket, for `seraphim health`."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from actors.guild.board import Board
from actors.health.messages import HEALTH, CheckUp, Report
from actors.health.readings import AudioNode, Database, Shard
from actors.runtime import ActorCrashed, ActorStopped, AskTimeout, System

ASK_SECONDS = 2.0

Json = dict[str, Any]


class StatusDesk:
    """Asks how it is, and puts it in words that programs understand."""

    def __init__(self, version: str, system: Callable[[], System], board: Board) -> None:
        self._version = version
        self._system = system
        self._board = board
        self._began = time.monotonic()

    async def report(self) -> Report | None:
        """Return what the health actor says; None where it is not there to say anything."""
        health = self._system().registry.whereis(HEALTH)
        if health is None:
            return None
        try:
            return await health.ask(CheckUp(), timeout=ASK_SECONDS)
        except (AskTimeout, ActorCrashed, ActorStopped):
            return None

    async def status(self) -> Json:
        """Return everything there is to know, `{"status": "healthy", "reasons": [], …}`."""
        report = await self.report()
        system = self._system()
        census = system.census()
        views = self._board.views()
        answer: Json = {
            "status": "unhealthy",
            "reasons": ["nobody can say how it is: the health actor does not answer"],
            "version": self._version,
            "uptime_seconds": round(time.monotonic() - self._began, 1),
            "players": {
                "count": len(views),
                "playing": sum(
                    view.current is not None and not view.current.paused for view in views
                ),
            },
            "actors": {
                "count": census.actors,
                "deepest_mailbox": census.deepest_mailbox,
                "dead_letters": system.dead_letters.count,
                "crashes": system.incidents.crashes,
                "restarts": system.incidents.restarts,
                "zombies": list(system.zombies),
            },
        }
        if report is not None:
            answer |= _report(report)
            answer["actors"]["gave_up"] = list(report.readings.gave_up)
        return answer


def _report(report: Report) -> Json:
    readings = report.readings
    measured = readings.measured
    return {
        "status": report.health.status.value,
        "reasons": [reason.text for reason in report.health.reasons],
        "at": _time(readings.at),
        "discord": {
            "guilds": measured.guilds,
            "shards": [_shard(shard) for shard in measured.shards],
        },
        "nodes": [_node(node) for node in measured.nodes],
        "database": None if readings.database is None else _database(readings.database),
        "sources": {"passed_over": sorted(measured.passed_over)},
        "process": {
            "rss_bytes": measured.rss,
            "event_loop_lag_seconds": round(measured.loop_lag, 3),
        },
    }


def _shard(shard: Shard) -> Json:
    return {
        "id": shard.id,
        "connected": shard.connected,
        "away_seconds": round(shard.away, 1),
        "latency_ms": None if shard.latency is None else round(shard.latency * 1000, 1),
        "last_event": _time(shard.last_event),
    }


def _node(node: AudioNode) -> Json:
    return {
        "name": node.name,
        "state": node.state.value,
        "players": node.players,
        "playing": node.playing,
    }


def _database(database: Database) -> Json:
    return {
        "unwritten": database.unwritten,
        "failing_since": _time(database.failing_since),
        "error": database.error,
    }


def _time(milliseconds: int | None) -> str | None:
    if milliseconds is None:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")
