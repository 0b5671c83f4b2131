"""What each endpoint shows."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from actors.guild.board import Board
from actors.health.actor import HealthActor
from actors.health.messages import HEALTH
from actors.health.readings import AudioNode, Measured, Shard
from actors.lavalink_node.messages import LinkState
from actors.runtime import ChildSpec, SupervisorSpec, System
from seraphim.life import Stage
from seraphim.operations.endpoints import endpoints
from seraphim.operations.http import Page
from seraphim.operations.metrics import Metrics
from seraphim.operations.status import StatusDesk
from seraphim.operations.systemd import Systemd

pytestmark = pytest.mark.anyio

WELL = Measured(
    shards=(Shard(0, connected=True),), nodes=(AudioNode("main", LinkState.READY),), rss=1
)


@dataclass
class Office:
    """All endpoints of a system with a health actor, or without one."""

    measured: Measured = WELL
    stage: Stage = "ready"
    system: System = field(init=False)

    def __post_init__(self) -> None:
        def start() -> HealthActor:
            return HealthActor(self, Systemd(None), lambda: 1, interval=300.0)

        self.system = System(SupervisorSpec("root", [ChildSpec("health", start, name=HEALTH)]))
        board = Board()
        desk = StatusDesk("1.2.3", lambda: self.system, board)
        metrics = Metrics(
            version="1.2.3",
            board=board,
            system=lambda: self.system,
            read=self.read,
            tell_health=desk.report,
        )
        self._endpoints = endpoints(
            desk=desk, metrics=metrics, stage=lambda: self.stage, system=lambda: self.system
        )

    def read(self) -> Measured:
        return self.measured

    @property
    def open(self) -> set[str]:
        return {path for path, endpoint in self._endpoints.items() if endpoint.open}

    @property
    def closed(self) -> set[str]:
        return set(self._endpoints) - self.open

    async def get(self, path: str) -> Page:
        return await self._endpoints[path].make()

    async def said(self, path: str) -> tuple[int, str]:
        page = await self.get(path)
        answer = json.loads(page.body)
        assert list(answer) == ["status"], "a probe says one word"
        return page.code, answer["status"]


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    office = Office()
    async with office.system:
        yield office


def test_the_probes_are_open_to_everybody_and_the_rest_is_not():
    office = Office()
    assert office.open == {"/livez", "/readyz", "/healthz"}
    assert office.closed == {"/status", "/tree", "/metrics"}


@pytest.mark.parametrize(("stage", "code"), [("starting", 503), ("ready", 200), ("stopping", 503)])
async def test_it_is_ready_between_its_start_and_its_stop(office: Office, stage: Stage, code: int):
    office.stage = stage
    assert await office.said("/readyz") == (code, stage)
    # It lives all the while: it must not be killed for taking its time.
    assert await office.said("/livez") == (200, "alive")


@pytest.mark.parametrize(
    ("measured", "said"),
    [
        (WELL, (200, "healthy")),
        (replace(WELL, rss=2_000_000_000), (200, "degraded")),
        (replace(WELL, nodes=()), (503, "unhealthy")),
    ],
    ids=["healthy", "degraded", "unhealthy"],
)
async def test_health_is_one_word_and_a_code(
    office: Office, measured: Measured, said: tuple[int, str]
):
    office.measured = measured
    assert await office.said("/healthz") == said


async def test_where_nobody_can_say_how_it_is_it_is_unhealthy(office: Office):
    await office.system.supervisor("/root").terminate_child("health")
    assert await office.said("/healthz") == (503, "unhealthy")
    assert json.loads((await office.get("/status")).body)["status"] == "unhealthy"


async def test_the_status_says_why(office: Office):
    office.measured = replace(WELL, nodes=())
    page = await office.get("/status")
    assert page.code == 200
    assert json.loads(page.body)["reasons"] == ["no audio node can be reached"]


async def test_the_tree_is_the_one_that_runs(office: Office):
    tree = json.loads((await office.get("/tree")).body)
    assert tree["path"] == "/root"
    assert [(child["path"], child["state"]) for child in tree["children"]] == [
        ("/root/health", "running")
    ]


async def test_the_metrics_are_what_prometheus_reads(office: Office):
    page = await office.get("/metrics")
    assert page.kind == "text/plain; version=0.0.4; charset=utf-8"
    families = {family.name: family for family in text_string_to_metric_families(page.body)}
    assert families["seraphim_health"].samples[0].value == 0
