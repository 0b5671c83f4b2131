"""A PostgreSQL server that hangs, is away, restarts or is locked."""

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import pytest
from sqlalchemy import Engine, text

from actors.store.ports import StorageFailed, Stored
from seraphim.storage.database import Database, database
from tests.seraphim.storage.states import batch, guild

pytestmark = pytest.mark.anyio


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of somebody who takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken: list[socket.socket] = []

        def take() -> None:
            while True:
                try:
                    taken.append(server.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=take)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
        for each in taken:
            each.close()


def at(port: int) -> str:
    return f"postgresql+psycopg://seraphim:the-password@127.0.0.1:{port}/seraphim"


async def test_a_server_that_says_nothing_fails_soon(tmp_path: Path, silent: int) -> None:
    made = database(tmp_path, at(silent))
    with anyio.fail_after(20), pytest.raises(StorageFailed) as failure:
        await made.write(batch(guild(1)))
    assert "the-password" not in str(failure.value)
    await made.close()


async def test_a_server_that_is_away_fails_and_its_password_is_not_said(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        made = database(tmp_path, at(unused.getsockname()[1]))
        with pytest.raises(StorageFailed, match="refused") as failure:
            await made.open()
    assert "the-password" not in f"{failure.value} {failure.value!r}"
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def _only_postgresql(outside: Engine) -> None:
    if outside.dialect.name != "postgresql":
        pytest.skip("it is about a server")


@pytest.mark.usefixtures("_only_postgresql")
async def test_connections_that_the_server_ended_are_made_anew(
    process: Callable[[], Database], outside: Engine
) -> None:
    made = process()
    await made.write(batch(guild(1)))
    with outside.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename = current_user AND pid <> pg_backend_pid()"
            )
        )
    await made.write(batch(guild(2)))
    assert await made.active() == {1, 2}


@pytest.mark.usefixtures("_only_postgresql")
async def test_a_table_that_somebody_has_locked_fails_soon_and_loses_nothing(
    process: Callable[[], Database], outside: Engine
) -> None:
    made = process()
    await made.write(batch(guild(1, "aurora")))
    with outside.begin() as other:
        other.execute(text("LOCK TABLE snapshots IN ACCESS EXCLUSIVE MODE"))
        with anyio.fail_after(20), pytest.raises(StorageFailed, match="timeout"):
            await made.write(batch(guild(1, "dawn")))
    assert await made.snapshot(1) == Stored(guild(1, "aurora"), None)
    await made.write(batch(guild(1, "dawn")))
    assert await made.snapshot(1) == Stored(guild(1, "dawn"), None)
