"""What `seraphim health` says: a line for each thing, and an exit code for scripts."""

import asyncio
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, cast

from rich.console import Console
from rich.text import Text

from seraphim.operations import operator
from seraphim.operations.tree import age

ASK_SECONDS: Final = 5.0
EXIT_CODES: Final = {"healthy": 0, "degraded": 1, "unhealthy": 3}
COLORS: Final = {"healthy": "green", "degraded": "yellow", "unhealthy": "red"}


def ask(path: Path) -> Mapping[str, object] | None:
    """Ask the bot that listens on `path` how it is; None, and that is said, if none does.

    One that hangs is unhealthy: whoever asks is not kept waiting with it.
    """
    try:
        return asyncio.run(_ask(path))
    except TimeoutError:
        return {"status": "unhealthy", "reasons": [f"it does not answer in {ASK_SECONDS:.0f} s"]}
    except OSError:
        print(f"No bot runs on {path.parent}.", file=sys.stderr)
        return None
    except ValueError:
        return {"status": "unhealthy", "reasons": ["it has hung up"]}


async def _ask(path: Path) -> Mapping[str, object]:
    async with asyncio.timeout(ASK_SECONDS):
        answer = await operator.ask(path, {"do": "health"})
    return cast("Mapping[str, object]", answer["health"])


def show(told: Mapping[str, Any], *, as_json: bool, console: Console | None = None) -> int:
    """Print what it has answered, and return the exit code."""
    status = str(told["status"])
    if as_json:
        print(json.dumps(told, indent=2))
    else:
        # No line is broken: what is in it may be looked for.
        out = console or Console(highlight=False, soft_wrap=True)
        for line in _lines(told, status):
            out.print(line)
    return EXIT_CODES[status]


def _lines(told: Mapping[str, Any], status: str) -> Iterator[Text]:
    uptime = f", up {age(told['uptime_seconds'])}" if "uptime_seconds" in told else ""
    yield Text.assemble((status, f"bold {COLORS[status]}"), uptime)
    for reason in told["reasons"]:
        yield Text(f"  {reason}", style=COLORS[status])
    for shard in told.get("discord", {}).get("shards", ()):
        latency = "" if shard["latency_ms"] is None else f", {shard['latency_ms']:.0f} ms"
        state = "connected" if shard["connected"] else f"away for {age(shard['away_seconds'])}"
        yield _line(f"shard {shard['id']}", state + latency)
    for node in told.get("nodes", ()):
        state = f"{node['state']}, {node['players']} players, {node['playing']} playing"
        yield _line(f"node {node['name']}", state)
    if database := told.get("database"):
        state = database["error"] or "well"
        yield _line("database", f"{state}, {database['unwritten']} unwritten")
    if actors := told.get("actors"):
        counts = f"{actors['count']}, {actors['crashes']} crashes, {actors['restarts']} restarts"
        yield _line("actors", counts)
    if process := told.get("process"):
        lag = f"event loop {process['event_loop_lag_seconds'] * 1000:.0f} ms late at worst"
        yield _line("process", f"{process['rss_bytes'] / 1e6:.0f} MB, {lag}")


def _line(name: str, state: str) -> Text:
    return Text.assemble((f"  {name:<12}", "bold"), state)
