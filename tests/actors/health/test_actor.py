"""The health actor, in a system; on trio hours pass in milliseconds."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace

import anyio
import pytest
import structlog

from actors.health.actor import GAVE_UP_SECONDS, HealthActor
from actors.health.assessment import Health, Status
from actors.health.messages import HEALTH, CheckUp, Report
from actors.health.readings import AudioNode, Measured, Shard
from actors.lavalink_node.messages import LinkState
from actors.runtime import Actor, ChildSpec, SupervisorSpec, System
from actors.runtime.testing import VirtualClock, settle
from actors.store.messages import STORE, StoreHealth
from actors.store.messages import Health as AskStore

pytestmark = pytest.mark.anyio

WELL = Measured(
    shards=(Shard(0, connected=True),), nodes=(AudioNode("main", LinkState.READY),), rss=1
)
NO_NODE = replace(WELL, nodes=())
TOO_BIG = replace(WELL, rss=1_500_000_000)
INTERVAL = 6.0


class Store(Actor[AskStore]):
    def __init__(self, told: Callable[[], StoreHealth | None]) -> None:
        self._told = told

    async def receive(self, message: AskStore) -> StoreHealth:
        told = self._told()
        if told is None:
            await anyio.sleep_forever()
            raise AssertionError
        return told


class Fragile(Actor[None]):
    async def receive(self, message: None) -> None:
        pass


@dataclass
class Ward:
    """A system with a health actor, and the log that it writes."""

    measured: Measured | Exception = WELL
    store: StoreHealth | None = field(default_factory=lambda: StoreHealth(0))
    fed: list[Health | None] = field(default_factory=list)
    log: list[structlog.typing.EventDict] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = VirtualClock()
        guild = SupervisorSpec(
            "guild-1", [ChildSpec("player", Fragile)], intensity=0, restart="temporary"
        )
        self.system = System(
            SupervisorSpec(
                "root",
                [
                    ChildSpec("store", lambda: Store(lambda: self.store), name=STORE, shutdown=0.0),
                    SupervisorSpec("guilds", [guild]),
                    ChildSpec("health", self._actor, name=HEALTH),
                ],
            ),
            clock=self.clock,
        )

    def _actor(self) -> HealthActor:
        return HealthActor(self, self, lambda: 1_000, interval=INTERVAL)

    def read(self) -> Measured:
        if isinstance(self.measured, Exception):
            raise self.measured
        return self.measured

    def alive(self, health: Health | None) -> None:
        self.fed.append(health)

    async def later(self, seconds: float) -> None:
        """Let time go by."""
        await self.clock.advance(seconds)
        await settle()

    async def report(self) -> Report:
        health = self.system.registry.whereis(HEALTH)
        assert health is not None
        return await health.ask(CheckUp())

    @property
    def said(self) -> list[tuple[str, str]]:
        return [
            (line["log_level"], line["event"]) for line in self.log if "health." in line["event"]
        ]


@pytest.fixture
async def ward() -> AsyncIterator[Ward]:
    ward = Ward()
    with structlog.testing.capture_logs() as ward.log:
        async with ward.system:
            await ward.later(0)
            yield ward


async def test_it_says_once_that_all_is_well_and_again_after_the_interval(ward: Ward):
    await ward.later(INTERVAL - 1)
    assert ward.said == [("debug", "health.healthy")]
    await ward.later(1)
    assert ward.said == [("debug", "health.healthy")] * 2


async def test_trouble_is_said_at_the_next_look_with_its_reasons(ward: Ward):
    ward.measured = TOO_BIG
    await ward.later(1)
    ward.measured = replace(TOO_BIG, nodes=())
    await ward.later(1)
    assert ward.said[1:] == [("warning", "health.degraded"), ("error", "health.unhealthy")]
    assert ward.log[-1]["reasons"] == ["no audio node can be reached", "memory is at 1.50 GB"]


async def test_lasting_trouble_is_said_again_after_the_interval_only(ward: Ward):
    ward.measured = NO_NODE
    await ward.later(INTERVAL)
    assert ward.said[1:] == [("error", "health.unhealthy")]
    await ward.later(1)
    assert ward.said[1:] == [("error", "health.unhealthy")] * 2


async def test_growing_figures_are_no_news(ward: Ward):
    for rss in (1_100_000_000, 1_200_000_000, 1_300_000_000):
        ward.measured = replace(WELL, rss=rss)
        await ward.later(1)
    assert ward.said[1:] == [("warning", "health.degraded")]


async def test_the_end_of_trouble_is_said(ward: Ward):
    ward.measured = NO_NODE
    await ward.later(1)
    ward.measured = WELL
    await ward.later(1)
    assert ward.said[1:] == [("error", "health.unhealthy"), ("info", "health.recovered")]


async def test_who_asks_is_told_what_is_true_now_not_at_the_last_look(ward: Ward):
    ward.measured = NO_NODE
    assert (await ward.report()).health.status is Status.UNHEALTHY


async def test_a_failing_database_degrades_it(ward: Ward):
    ward.store = StoreHealth(4, 900, "database is locked")
    await ward.later(1)
    report = await ward.report()
    assert [one.text for one in report.health.reasons] == [
        "database fails: database is locked (4 unwritten)"
    ]
    assert report.readings.database is not None
    assert report.readings.database.failing_since == 900


async def test_a_store_that_does_not_answer_degrades_it_and_delays_nothing(ward: Ward):
    ward.store = None
    await ward.later(1)
    fed = len(ward.fed)
    await ward.later(4)
    assert len(ward.fed) == fed + 4
    assert ward.said[1:] == [("warning", "health.degraded")]
    assert "does not answer" in ward.log[-1]["reasons"][0]


async def test_instruments_that_break_degrade_it_and_bring_nothing_down(ward: Ward):
    ward.measured = AttributeError("no such part")
    await ward.later(60)
    assert ward.said[1] == ("warning", "health.degraded")
    report = await ward.report()
    assert [one.text for one in report.health.reasons] == [
        "instruments cannot be read: AttributeError('no such part')"
    ]
    assert report.readings.crashes == 0
    ward.measured = WELL
    assert (await ward.report()).health.status is Status.HEALTHY


async def test_a_supervisor_that_gave_up_degrades_it_for_a_while(ward: Ward):
    ward.system.crash("/root/guilds/guild-1/player", ValueError("poison"))
    await ward.later(1)
    report = await ward.report()
    assert report.readings.gave_up == ("/root/guilds/guild-1",)
    assert report.readings.crashes == 1
    assert ward.said[1:] == [("warning", "health.degraded")]
    await ward.later(GAVE_UP_SECONDS)
    assert (await ward.report()).health.status is Status.HEALTHY


async def test_the_warden_is_fed_with_every_look_and_hears_how_it_is(ward: Ward):
    before = len(ward.fed)
    ward.measured = NO_NODE
    await ward.later(3)
    assert len(ward.fed) == before + 3
    last = ward.fed[-1]
    assert last is not None
    assert last.status is Status.UNHEALTHY


async def test_after_a_crash_it_looks_on_and_says_nothing_twice(ward: Ward):
    ward.measured = NO_NODE
    await ward.later(1)
    ward.system.crash("/root/health", ValueError("ordered"))
    await ward.later(2)
    assert ward.said[1:] == [("error", "health.unhealthy")]
    await ward.later(INTERVAL)
    assert ward.said[1:] == [("error", "health.unhealthy")] * 2


async def test_a_warden_is_left_hungry_once_the_tree_has_stopped(ward: Ward):
    await ward.system.stop()
    before = len(ward.fed)
    await ward.later(5)
    assert len(ward.fed) == before
