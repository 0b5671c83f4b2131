"""The operator's socket: who may ask, what is answered, and that nobody else can."""

import asyncio
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from actors.runtime import Actor, ChildSpec, SupervisorSpec, System
from seraphim.operations.handover import Handover
from seraphim.operations.journal import Journal
from seraphim.operations.operator import SOCKET, OperatorSocket, ask

pytestmark = pytest.mark.anyio


class Sleeper(Actor[None]):
    async def receive(self, message: None) -> None:
        pass


def operator_socket(path: Path, system: System, *, may_crash: bool) -> OperatorSocket:
    async def prepare() -> None:
        raise AssertionError("nobody asked for a handover")

    handover = Handover(prepare=prepare, resume=lambda: None, go=lambda: None)

    async def status() -> dict[str, object]:
        return {"status": "degraded", "reasons": ["node two is down"]}

    async def synchronise() -> None:
        raise AssertionError("nobody asked for the commands")

    return OperatorSocket(
        path,
        lambda: system,
        may_crash=may_crash,
        handover=handover,
        status=status,
        journal=Journal(),
        synchronise=synchronise,
    )


@pytest.fixture
async def system() -> AsyncIterator[System]:
    sleeper = ChildSpec(id="sleeper", start=Sleeper)
    async with System(SupervisorSpec(id="root", children=(sleeper,))) as system:
        yield system


@pytest.fixture(params=[True, False], ids=["development", "production"])
async def path(
    system: System, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Path]:
    path = tmp_path / SOCKET
    socket = operator_socket(path, system, may_crash=request.param)
    await socket.start()
    yield path
    await socket.stop()
    assert not path.exists()


async def test_only_its_owner_may_open_it(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_it_says_how_everything_is(path: Path) -> None:
    answer = await ask(path, {"do": "health"})
    assert answer == {"health": {"status": "degraded", "reasons": ["node two is down"]}}


async def test_the_tree_is_told(path: Path) -> None:
    answer = await ask(path, {"do": "tree"})
    tree = cast("dict[str, Any]", answer["tree"])
    assert tree["path"] == "/root"
    assert [child["path"] for child in tree["children"]] == ["/root/sleeper"]
    assert tree["children"][0]["state"] == "running"


async def test_a_crash_may_be_ordered_in_development_only(
    path: Path, system: System, request: pytest.FixtureRequest
) -> None:
    answer = await ask(path, {"do": "crash", "actor": "/root/sleeper"})
    if "production" in request.node.name:
        assert answer == {"error": "not understood"}
        assert system.tree().children[0].crashes == 0
    else:
        assert answer == {"crashed": "/root/sleeper"}
        assert await ask(path, {"do": "crash", "actor": "/root/nobody"}) == {
            "error": "no actor /root/nobody"
        }


@pytest.mark.parametrize("line", [b"nonsense\n", b"[]\n", b'{"do": 7}\n', b"x" * 9000 + b"\n"])
async def test_what_is_not_understood_is_refused_and_the_next_is_served(
    path: Path, line: bytes
) -> None:
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(line)
    await writer.drain()
    assert b"error" in await reader.readline()
    writer.close()
    assert "tree" in await ask(path, {"do": "tree"})


async def test_a_socket_that_a_dead_process_left_is_replaced(
    system: System, tmp_path: Path
) -> None:
    path = tmp_path / SOCKET
    path.touch()
    socket = operator_socket(path, system, may_crash=False)
    await socket.start()
    assert "tree" in await ask(path, {"do": "tree"})
    await socket.stop()
