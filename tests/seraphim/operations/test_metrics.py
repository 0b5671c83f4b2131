"""The figures for Prometheus, and everything that relies on their names."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from actors.guild.board import Board
from actors.guild.player.messages import (
    EndReason,
    TrackEnded,
    TrackFailed,
    TrackStarted,
    TrackStuck,
)
from actors.health.assessment import Health, Status, assess
from actors.health.messages import Report
from actors.health.readings import AudioNode, Database, Measured, Readings, Shard
from actors.lavalink_node.messages import LinkState
from actors.runtime import ChildSpec, Incident, SupervisorSpec, System
from actors.runtime.testing import Probe
from seraphim.lavalink.events import ForPlayer
from seraphim.operations.metrics import Metrics, actor_kind
from tests.seraphim.discord.house import playing, view

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[3]
OPERATIONS = ROOT / "docs" / "operations.md"
ALERTS = ROOT / "config" / "prometheus" / "alerts.yml"
DASHBOARD = ROOT / "config" / "grafana" / "seraphim.json"

MEASURED = Measured(
    shards=(
        Shard(0, connected=True, latency=0.04, last_event=1_700_000_000_500),
        Shard(1, connected=False, away=9.0),
    ),
    nodes=(
        AudioNode("one", LinkState.READY, 7, 5),
        AudioNode("two", LinkState.DRAINING, 1, 0),
        AudioNode("three", LinkState.DOWN),
    ),
    passed_over=frozenset({"youtube"}),
    loop_lag=0.02,
    rss=123_000_000,
    guilds=9,
)
READINGS = Readings(1, MEASURED, Database(3, 1, "locked"), 2, 1)
# No label may grow with guilds or users.
LABELS = {"actor", "code", "command", "le", "node", "outcome", "shard", "source", "version"}


class Bureau:
    """The metrics of a house that stands still."""

    def __init__(self) -> None:
        self.board = Board()
        self.system = System(
            SupervisorSpec("root", [ChildSpec("probe", lambda: Probe[str]())]),
        )
        self.report: Report | None = Report(assess(READINGS), READINGS)
        self.metrics = Metrics(
            version="1.2.3",
            board=self.board,
            system=lambda: self.system,
            read=lambda: MEASURED,
            tell_health=self._tell,
        )

    async def _tell(self) -> Report | None:
        return self.report

    async def figures(self) -> dict[tuple[str, ...], float]:
        """All figures, by name and the values of their labels."""
        page = await self.metrics.page()
        return {
            (sample.name, *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(page.body)
            for sample in family.samples
        }

    async def happen(self) -> None:
        """Let everything happen once that is counted."""
        self.metrics.answered("play", "done", 0.02)
        self.metrics.answered("play", "PLAY-003", 0.7)
        self.metrics.answered("button", "RATE-001", 0.001)
        self.metrics.joined("done")
        self.metrics.joined("PERM-001")
        for event in (
            TrackStarted("p"),
            TrackFailed("p", "it broke"),
            TrackStuck("p", 10_000),
            TrackEnded("p", EndReason.FINISHED),
        ):
            self.metrics.heard(ForPlayer(1, event))
        for what in ("crashed", "restarted", "gave_up"):
            self.metrics.went_wrong(Incident("/root/guilds/guild-123/player", what, 0.0))


@pytest.fixture
def bureau() -> Bureau:
    return Bureau()


async def test_what_happens_is_counted(bureau: Bureau):
    await bureau.happen()
    async with bureau.system:
        figures = await bureau.figures()
    assert figures["seraphim_commands_total", "play", "done"] == 1
    assert figures["seraphim_commands_total", "play", "PLAY-003"] == 1
    assert figures["seraphim_commands_total", "button", "RATE-001"] == 1
    assert figures["seraphim_rate_limited_total",] == 1
    assert figures["seraphim_command_seconds_bucket", "play", "0.01"] == 0
    assert figures["seraphim_command_seconds_bucket", "play", "0.025"] == 1
    assert figures["seraphim_command_seconds_count", "play"] == 2
    assert figures["seraphim_voice_joins_total", "done"] == 1
    assert figures["seraphim_voice_joins_total", "PERM-001"] == 1
    assert figures["seraphim_tracks_started_total",] == 1
    assert figures["seraphim_tracks_failed_total", "PLAY-004"] == 1
    assert figures["seraphim_tracks_failed_total", "PLAY-005"] == 1
    assert figures["seraphim_actor_crashes_total", "player"] == 1
    assert figures["seraphim_actor_restarts_total", "player"] == 1
    assert figures["seraphim_supervisors_gave_up_total", "player"] == 1


async def test_what_is_there_is_read_when_it_is_asked_for(bureau: Bureau):
    bureau.board.put(view(1, playing()))
    bureau.board.put(view(2, playing(paused=True)))
    bureau.board.put(view(3))
    async with bureau.system:
        figures = await bureau.figures()
    assert figures["seraphim_build_info", "1.2.3"] == 1
    assert figures["seraphim_health",] == 1
    assert figures["seraphim_players",] == 3
    assert figures["seraphim_players_playing",] == 1
    assert figures["seraphim_guilds",] == 9
    assert figures["seraphim_gateway_connected", "0"] == 1
    assert figures["seraphim_gateway_connected", "1"] == 0
    assert figures["seraphim_gateway_latency_seconds", "0"] == 0.04
    assert ("seraphim_gateway_latency_seconds", "1") not in figures
    assert figures["seraphim_gateway_last_event_time_seconds", "0"] == 1_700_000_000.5
    assert [figures["seraphim_node_up", node] for node in ("one", "two", "three")] == [1, 1, 0]
    assert [figures["seraphim_node_draining", node] for node in ("one", "two")] == [0, 1]
    assert figures["seraphim_node_players", "one"] == 7
    assert figures["seraphim_node_playing", "one"] == 5
    assert figures["seraphim_source_passed_over", "youtube"] == 1
    assert figures["seraphim_actors",] == 1
    assert figures["seraphim_mailbox_depth_max",] == 0
    assert figures["seraphim_dead_letters_total",] == 0
    assert figures["seraphim_event_loop_lag_seconds",] == 0.02
    assert figures["seraphim_resident_memory_bytes",] == 123_000_000
    assert figures["seraphim_store_unwritten",] == 3
    assert figures["seraphim_store_failing",] == 1


async def test_health_is_a_number_and_the_worst_where_nobody_knows(bureau: Bureau):
    async with bureau.system:
        for status, number in ((Status.HEALTHY, 0), (Status.DEGRADED, 1), (Status.UNHEALTHY, 2)):
            bureau.report = Report(Health(status), READINGS)
            assert (await bureau.figures())["seraphim_health",] == number
        bureau.report = None
        assert (await bureau.figures())["seraphim_health",] == 2


async def test_what_has_not_gone_wrong_yet_is_zero_and_not_absent(bureau: Bureau):
    async with bureau.system:
        figures = await bureau.figures()
    assert figures["seraphim_supervisors_gave_up_total", "guild"] == 0
    assert figures["seraphim_tracks_failed_total", "PLAY-004"] == 0


async def test_no_label_grows_with_guilds_or_users(bureau: Bureau):
    await bureau.happen()
    async with bureau.system:
        page = await bureau.metrics.page()
    for family in text_string_to_metric_families(page.body):
        for sample in family.samples:
            assert set(sample.labels) <= LABELS, sample.name
    before = page.body.count("\n")
    for guild in range(1_000):
        bureau.metrics.went_wrong(Incident(f"/root/guilds/guild-{guild}/player", "crashed", 0.0))
        bureau.board.put(view(guild, playing()))
    async with bureau.system:
        assert (await bureau.metrics.page()).body.count("\n") == before


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/root", "root"),
        ("/root/store", "store"),
        ("/root/guilds/guild-123456789012345678", "guild"),
        ("/root/guilds/guild-123456789012345678/player", "player"),
        ("/root/guilds/guild-1/panel-keeper/panel", "panel"),
        ("/root/lavalink", "lavalink"),
        ("/root/lavalink/audio-node", "audio-node"),
        ("/root/lavalink/node-main", "node"),
        ("/root/lavalink/node-eu-2", "node"),
    ],
)
def test_an_actors_kind_has_no_id_in_it(path: str, kind: str):
    assert actor_kind(path) == kind


# --- those who rely on the names ---


async def names() -> set[str]:
    """The names of all series, as queries name them."""
    bureau = Bureau()
    await bureau.happen()
    async with bureau.system:
        page = await bureau.metrics.page()
    return {
        sample.name
        for family in text_string_to_metric_families(page.body)
        for sample in family.samples
    }


async def test_every_name_begins_alike():
    assert all(name.startswith("seraphim_") for name in await names())


async def test_every_metric_is_documented_and_no_other():
    documented = set(re.findall(r"^\| `(seraphim_\w+)`", OPERATIONS.read_text(), re.MULTILINE))
    histogram = {f"seraphim_command_seconds_{part}" for part in ("bucket", "count", "sum")}
    assert documented == (await names()) - histogram | {"seraphim_command_seconds"}


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def queries(of: object) -> Iterator[str]:
    """All queries anywhere in a dashboard."""
    if isinstance(of, dict):
        for key, value in cast("dict[str, object]", of).items():
            if key in ("expr", "definition") and isinstance(value, str):
                yield value
            else:
                yield from queries(value)
    elif isinstance(of, list):
        for value in cast("list[object]", of):
            yield from queries(value)


def named(query: str) -> set[str]:
    return set(re.findall(r"\bseraphim_\w+", query))


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
async def test_an_alert_asks_for_what_there_is_and_says_what_to_do(alert: dict[str, Any]):
    asked = named(alert["expr"])
    assert asked <= await names()
    assert asked or "up{" in alert["expr"]
    assert alert["labels"]["severity"] in ("critical", "warning")
    assert alert["annotations"]["summary"]
    assert alert["for"]
    name = alert["alert"]
    assert alert["annotations"]["runbook"] == f"docs/operations.md#{name.lower()}"
    entry = re.search(
        rf"^### {name}\n(.*?)(?=^#|\Z)", OPERATIONS.read_text(), re.MULTILINE | re.DOTALL
    )
    assert entry, f"{name} has no entry in the runbook"
    for part in ("**Symptom.**", "**Cause.**", "**Remedy.**"):
        assert part in entry[1]


def test_the_runbook_has_no_entry_without_an_alert():
    entries = re.findall(r"^### (Seraphim\w+)$", OPERATIONS.read_text(), re.MULTILINE)
    assert sorted(entries) == sorted(alert["alert"] for alert in alerts())


async def test_the_dashboard_asks_for_what_there_is():
    dashboard = json.loads(DASHBOARD.read_text())
    asked = list(queries(dashboard))
    assert len(asked) > 20
    there = await names()
    for query in asked:
        assert named(query), query
        assert named(query) <= there, query


def test_the_dashboards_panels_are_told_apart_and_do_not_overlap():
    panels = json.loads(DASHBOARD.read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        grid = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(grid["x"], grid["x"] + grid["w"])
            for y in range(grid["y"], grid["y"] + grid["h"])
        }
        assert not cells & taken, panel["title"]
        assert grid["x"] + grid["w"] <= 24
        taken |= cells
