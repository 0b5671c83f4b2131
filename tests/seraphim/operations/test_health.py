"""What `seraphim health` says of what the operator's socket has answered."""

import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from actors.guild.board import Board
from actors.health.actor import HealthActor
from actors.health.messages import HEALTH
from actors.health.readings import AudioNode, Measured, Shard
from actors.lavalink_node.messages import LinkState
from actors.runtime import ChildSpec, SupervisorSpec, System
from seraphim import cli
from seraphim.operations import health
from seraphim.operations.health import show
from seraphim.operations.operator import SOCKET
from seraphim.operations.status import StatusDesk
from seraphim.operations.systemd import Systemd

pytestmark = pytest.mark.anyio

SECONDS = 10.0

WELL = Measured(
    shards=(Shard(0, connected=True, latency=0.0423, last_event=1_700_000_000_000),),
    nodes=(AudioNode("one", LinkState.READY, 7, 5), AudioNode("two", LinkState.DRAINING)),
    loop_lag=0.0123,
    rss=123_400_000,
    guilds=9,
)
DEGRADED = replace(WELL, passed_over=frozenset({"youtube"}))
UNHEALTHY = replace(WELL, nodes=(AudioNode("one", LinkState.DOWN),))


@dataclass
class Fixed:
    measured: Measured

    def read(self) -> Measured:
        return self.measured


async def status(measured: Measured, spec: Callable[[Measured], SupervisorSpec]) -> dict[str, Any]:
    async with System(spec(measured)) as system:
        return await StatusDesk("1.2.3", lambda: system, Board()).status()


def ward(measured: Measured) -> SupervisorSpec:
    def start() -> HealthActor:
        return HealthActor(Fixed(measured), Systemd(None), lambda: 1_000, interval=300)

    return SupervisorSpec("root", [ChildSpec("health", start, name=HEALTH)])


def nobody(_: Measured) -> SupervisorSpec:
    return SupervisorSpec("root", dynamic=True)


async def test_the_status_has_everything_that_is_looked_at():
    told = await status(DEGRADED, ward)
    assert told["status"] == "degraded"
    assert told["reasons"] == ["source youtube fails for many, and is passed over"]
    assert told["version"] == "1.2.3"
    assert told["discord"]["guilds"] == 9
    assert told["discord"]["shards"] == [
        {
            "id": 0,
            "connected": True,
            "away_seconds": 0.0,
            "latency_ms": 42.3,
            "last_event": "2023-11-14T22:13:20.000+00:00",
        }
    ]
    assert told["nodes"] == [
        {"name": "one", "state": "ready", "players": 7, "playing": 5},
        {"name": "two", "state": "draining", "players": 0, "playing": 0},
    ]
    assert told["sources"] == {"passed_over": ["youtube"]}
    assert told["process"] == {"rss_bytes": 123_400_000, "event_loop_lag_seconds": 0.012}
    assert told["actors"]["count"] == 1
    assert told["actors"]["crashes"] == told["actors"]["restarts"] == 0
    assert told["actors"]["gave_up"] == []
    # It is what JSON can say.
    assert json.loads(json.dumps(told)) == told


async def test_where_nobody_can_say_how_it_is_it_is_unhealthy():
    told = await status(WELL, nobody)
    assert told["status"] == "unhealthy"
    assert "does not answer" in told["reasons"][0]


@pytest.mark.parametrize(
    ("measured", "code"), [(WELL, 0), (DEGRADED, 1), (UNHEALTHY, 3)], ids=["0", "1", "3"]
)
async def test_the_exit_code_says_how_it_is(
    measured: Measured, code: int, capsys: pytest.CaptureFixture[str]
):
    told = await status(measured, ward)
    capsys.readouterr()
    assert show(told, as_json=True) == code
    assert json.loads(capsys.readouterr().out) == told
    assert show(told, as_json=False, console=Console(file=StringIO())) == code


async def test_people_read_a_line_for_each_thing():
    out = StringIO()
    show(await status(DEGRADED, ward), as_json=False, console=Console(file=out, width=200))
    lines = [" ".join(line.split()) for line in out.getvalue().splitlines()]
    assert lines[0].startswith("degraded, up ")
    assert lines[1:] == [
        "source youtube fails for many, and is passed over",
        "shard 0 connected, 42 ms",
        "node one ready, 7 players, 5 playing",
        "node two draining, 0 players, 0 playing",
        "actors 1, 0 crashes, 0 restarts",
        "process 123 MB, event loop 12 ms late at worst",
    ]


async def test_people_read_it_also_where_nobody_can_say_how_it_is():
    out = StringIO()
    told = await status(WELL, nobody)
    assert show(told, as_json=False, console=Console(file=out, width=200)) == 3
    assert "does not answer" in out.getvalue()


@pytest.mark.parametrize("hangs_up", [False, True], ids=["it hangs", "it hangs up"])
def test_a_bot_that_does_not_answer_is_unhealthy(
    hangs_up: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setattr(health, "ASK_SECONDS", SECONDS if hangs_up else 0.1)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    with socket.socket(socket.AF_UNIX) as bot:
        bot.bind(str(tmp_path / SOCKET))
        bot.listen()

        def hang_up() -> None:
            connection, _ = bot.accept()
            connection.recv(100)
            connection.close()

        thread = threading.Thread(target=hang_up)
        if hangs_up:
            thread.start()
        assert cli.main(["health"]) == 3
        if hangs_up:
            thread.join()
    said = capsys.readouterr().out.splitlines()
    assert said == ["unhealthy", "  it has hung up" if hangs_up else "  it does not answer in 0 s"]


def test_a_bot_that_does_not_run_is_4(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    assert cli.main(["health", "--json"]) == 4
    said = capsys.readouterr()
    assert said.out == ""
    assert "No bot runs" in said.err
