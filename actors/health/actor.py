"""The actor that looks after everything else, and says how it is.

It looks once a second rather than to be told: what has died tells nobody, and a look costs
microseconds. What it finds is said at once where it is news, and now and then where it is not. The
warden hears of each look, and so knows that the loop runs and the tree with it; a database that
hangs does not keep it from hearing that.
"""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from actors.health.assessment import Health, Status, assess
from actors.health.messages import CheckUp, HealthMessage, Report
from actors.health.ports import Instruments, Warden
from actors.health.readings import Database, Measured, Readings
from actors.runtime import Actor, ActorCrashed, ActorStopped, AskTimeout
from actors.store.messages import STORE
from actors.store.messages import Health as AskStore

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0
STORE_SECONDS = 2.0
"""How long the store may take to say how it is: it waits for nothing itself."""
GAVE_UP_SECONDS = 900.0
"""How long it counts that a supervisor gave up. A guild that did may well play again by then."""


@dataclass(frozen=True, slots=True)
class _Look:
    """It is time to look."""


@dataclass(frozen=True, slots=True)
class _StoreSaid:
    """How the database is."""

    database: Database | None


@dataclass(frozen=True, slots=True)
class _SayAgain:
    """It is time to say how it is, news or not."""


class HealthActor(Actor[HealthMessage | _Look | _StoreSaid | _SayAgain]):
    """Says how it is every `interval` seconds, and at once when that changes.

    `now` is the time in milliseconds since the epoch.
    """

    def __init__(
        self,
        instruments: Instruments,
        warden: Warden,
        now: Callable[[], int],
        *,
        interval: float,
    ) -> None:
        self._instruments = instruments
        self._warden = warden
        self._now = now
        self._interval = interval
        self._said: Health | None = None
        self._database: Database | None = None
        self._asking = False

    async def on_start(self) -> None:
        """Begin to look. What was said by the incarnation before is no news."""
        if isinstance(self.context.kept, Health):
            self._said = self.context.kept
            self.context.timers.start("say", self._interval, _SayAgain())
        self.context.timers.start("look", 0.0, _Look())

    async def receive(
        self, message: HealthMessage | _Look | _StoreSaid | _SayAgain
    ) -> Report | None:
        """Look, or tell what there is to see."""
        match message:
            case CheckUp():
                return self._report()
            case _Look():
                self.context.timers.start("look", LOOK_SECONDS, _Look())
                # The first look knows nothing of the database yet: that is not said.
                self._warden.alive(self._said)
                if not self._asking:
                    self._asking = True
                    self.context.start_task(self._ask_store, name="store")
            case _StoreSaid(database):
                self._asking = False
                self._database = database
                self._say_news()
            case _SayAgain():
                self._say(self._report())
        return None

    def _report(self) -> Report:
        incidents = self.context.system.incidents
        earliest = self.context.system.clock.now() - GAVE_UP_SECONDS
        measured, blind = Measured(), None
        try:
            measured = self._instruments.read()
        # What looks must not bring down what plays, as crashes of this actor in a row would.
        except Exception as error:  # noqa: BLE001
            blind = repr(error)
        readings = Readings(
            at=self._now(),
            measured=measured,
            blind=blind,
            database=self._database,
            crashes=incidents.crashes,
            restarts=incidents.restarts,
            gave_up=tuple(
                dict.fromkeys(one.path for one in incidents.gave_up if one.at >= earliest)
            ),
        )
        return Report(assess(readings), readings)

    def _say_news(self) -> None:
        report = self._report()
        if self._said is None or report.health.troubles != self._said.troubles:
            self._say(report)

    def _say(self, report: Report) -> None:
        health, before = report.health, self._said
        self._said = health
        self.context.keep(health)
        self.context.timers.start("say", self._interval, _SayAgain())
        fields: dict[str, object] = {"reasons": [reason.text for reason in health.reasons]}
        match health.status:
            case Status.UNHEALTHY:
                log.error("health.unhealthy", **fields)
            case Status.DEGRADED:
                log.warning("health.degraded", **fields)
            case Status.HEALTHY if before is not None and before.status is not health.status:
                log.info("health.recovered")
            case Status.HEALTHY:
                log.debug("health.healthy")

    async def _ask_store(self) -> None:
        store = self.context.system.registry.whereis(STORE)
        database: Database | None = None
        if store is not None:
            try:
                said = await store.ask(AskStore(), timeout=STORE_SECONDS)
                database = Database(said.unwritten, said.failing_since, said.error)
            except (AskTimeout, ActorCrashed, ActorStopped) as error:
                unanswered = f"the store does not answer ({type(error).__name__})"
                database = Database(error=unanswered)
        await self.context.ref.tell(_StoreSaid(database))
