"""What there is to see over HTTP.

    /livez      whether the process answers at all
    /readyz     whether commands are taken: not while it starts, and not while it stops
    /healthz    healthy, degraded (200 both) or unhealthy (503)
    /status     how everything is, with reasons
    /tree       the live supervision tree
    /metrics    figures for Prometheus

The first three say one word and are open to everybody; the others show guilds, and want the token
where there is one.
"""

import asyncio
import dataclasses
import json
from collections.abc import Callable, Mapping

from actors.health.assessment import Status
from actors.runtime import System
from seraphim.life import Stage
from seraphim.operations.http import Endpoint, Page
from seraphim.operations.metrics import Metrics
from seraphim.operations.status import StatusDesk


def endpoints(
    *,
    desk: StatusDesk,
    metrics: Metrics,
    stage: Callable[[], Stage],
    system: Callable[[], System],
) -> Mapping[str, Endpoint]:
    """Return the endpoints by path."""

    async def livez() -> Page:
        return _said("alive")

    async def readyz() -> Page:
        return _said(stage(), code=200 if stage() == "ready" else 503)

    async def healthz() -> Page:
        report = await desk.report()
        status = Status.UNHEALTHY if report is None else report.health.status
        return _said(status, code=503 if status is Status.UNHEALTHY else 200)

    async def status() -> Page:
        return Page(json.dumps(await desk.status()))

    async def tree() -> Page:
        shown = system().tree()
        # Thousands of actors take a while to write down: the loop has better things to do.
        return Page(await asyncio.to_thread(lambda: json.dumps(dataclasses.asdict(shown))))

    return {
        "/livez": Endpoint(livez, open=True),
        "/readyz": Endpoint(readyz, open=True),
        "/healthz": Endpoint(healthz, open=True),
        "/status": Endpoint(status),
        "/tree": Endpoint(tree),
        "/metrics": Endpoint(metrics.page),
    }


def _said(status: str, *, code: int = 200) -> Page:
    return Page(json.dumps({"status": status}), code)
