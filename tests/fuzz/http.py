"""Requests of all kinds to the two HTTP sides, well and ill, by schemathesis and by hand.

Each side is a process. It must answer each request in time, never with 5xx where that was not
promised, and with what is promised; it must log no error, live, and hold no more at the end than
after the first quarter.
"""

import asyncio
import json
import os
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

from tests.fuzz import servers
from tests.fuzz.hostile import visit
from tests.fuzz.openapi import Schema, bot, node
from tests.fuzz.servers import ROOT, Server

REQUEST_SECONDS = 10
"""How long one answer may take."""

MOST_GROWTH = 24 << 20
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
)
GRACE_SECONDS = 60

Start = Callable[[Path], AbstractContextManager[Server]]


@dataclass(slots=True)
class Outcome:
    """What came of one side."""

    server: str
    requests: int = 0
    hostile: int = 0
    memory: tuple[int, int] = (0, 0)
    """After the first quarter and at the end, in bytes."""
    findings: list[str] = field(default_factory=list[str])


async def run(*, seconds: float, seed: int) -> list[Outcome]:
    """Visit all sides, in about `seconds` altogether."""
    sides: tuple[tuple[Start, str, float], ...] = (
        (servers.node, "/version", 0.5),
        (partial(servers.bot, token=True), "/livez", 0.25),
        (partial(servers.bot, token=False), "/livez", 0.25),
    )
    return [
        await _visit(start, path, seconds=seconds * share, seed=seed)
        for start, path, share in sides
    ]


async def _visit(start: Start, path: str, *, seconds: float, seed: int) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="fuzz-http-") as name, start(Path(name)) as server:
        outcome = Outcome(server.name)
        for share, round_ in ((0.25, seed), (0.75, seed + 1)):
            await _round(server, Path(name), outcome, path, seconds * share, round_)
            first, last = outcome.memory
            outcome.memory = first or last, server.memory if server.alive else 0
            if not outcome.memory[0]:
                outcome.memory = (outcome.memory[1],) * 2
        if not server.alive:
            outcome.findings.append(f"the process ended: {server.process.returncode}")
        first, last = outcome.memory
        if last - first > MOST_GROWTH:
            outcome.findings.append(f"it grew from {first >> 20} to {last >> 20} MB")
        outcome.findings += (f"it logged: {line[:2000]}" for line in server.complaints)
    return outcome


async def _round(
    server: Server, folder: Path, outcome: Outcome, path: str, seconds: float, seed: int
) -> None:
    async with _described(server) as described:
        spec = folder / "openapi.json"
        spec.write_text(json.dumps(described))
        await _schemathesis(server, spec, outcome, max(1, round(seconds * 0.7)), seed)
    visits = await visit(server, path, seconds=seconds * 0.3, seed=seed)
    outcome.hostile += visits.said
    outcome.findings += visits.findings


@asynccontextmanager
async def _described(server: Server) -> AsyncIterator[Schema]:
    """What the side promises. That of the node has a session in it, which is there inside."""
    if server.name != "node":
        yield bot(token=server.key is not None)
        return
    async with aiohttp.ClientSession(server.url, headers=server.headers) as http:
        websocket = await http.ws_connect("/v4/websocket", headers={"User-Id": "3"})
        session = (await websocket.receive_json())["sessionId"]
        reading = asyncio.create_task(_listen(websocket))
        async with http.get("/v4/loadtracks", params={"identifier": "libsearch:song"}) as found:
            tracks: Any = await found.json()
        yield node(session, [track["encoded"] for track in tracks["data"][:5]])
        # Whatever was asked of it, it ends with its client.
        await http.patch(f"/v4/sessions/{session}", json={"resuming": False})
        await websocket.close()
        await reading


async def _listen(websocket: aiohttp.ClientWebSocketResponse) -> None:
    async for _ in websocket:
        pass


async def _schemathesis(
    server: Server, spec: Path, outcome: Outcome, seconds: int, seed: int
) -> None:
    options = {
        "url": server.url,
        "max-time": seconds,
        "seed": seed,
        "phases": "examples,coverage,fuzzing",
        "checks": ",".join(CHECKS),
        "request-timeout": REQUEST_SECONDS,
        "generation-database": "none",
        "suppress-health-check": "all",
        "warnings": "off",
    }
    child = await asyncio.create_subprocess_exec(
        *(str(Path(sys.executable).with_name("schemathesis")), "run", str(spec)),
        *(f"--{name}={value}" for name, value in options.items()),
        *(f"--header={name}:{value}" for name, value in server.headers.items()),
        *("--no-color", "--continue-on-failure"),
        # What it keeps to replay goes the way of the folder.
        cwd=spec.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": "tests.fuzz.loopback"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(seconds + GRACE_SECONDS):
            said = (await child.communicate())[0].decode()
    finally:
        if child.returncode is None:
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    made = re.search(r"^  (\d+) generated", said, re.MULTILINE)
    outcome.requests += int(made[1]) if made else 0
    if child.returncode or made is None:
        # From its first heading on it says what was wrong, with a command for each.
        _, _, told = said.partition("\n===")
        outcome.findings.append(told.partition("= SUMMARY =")[0] or said)


__all__ = ["Outcome", "run"]
