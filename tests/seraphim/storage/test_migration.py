from collections.abc import Callable

import anyio
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

from actors.store.ports import StorageFailed, Stored
from seraphim.storage.database import Database
from seraphim.storage.migration import FOLDER, REVISION
from tests.seraphim.storage.states import batch, guild

pytestmark = pytest.mark.anyio


def test_the_newest_migration_is_the_one_that_is_looked_for() -> None:
    assert ScriptDirectory(str(FOLDER)).get_heads() == [REVISION]


async def test_processes_that_start_at_once_migrate_once(
    process: Callable[[], Database], url: str | None
) -> None:
    if url is None:
        pytest.skip("a file of our own is used by one process")
    databases = [process() for _ in range(4)]
    async with anyio.create_task_group() as tasks:
        for number, database in enumerate(databases):
            tasks.start_soon(database.write, batch(guild(number)))
    assert await databases[0].active() == {0, 1, 2, 3}


async def test_a_database_of_a_newer_version_is_not_touched_and_that_is_said(
    process: Callable[[], Database], outside: Engine
) -> None:
    before = process()
    await before.write(batch(guild(1)))
    await before.close()
    with outside.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    after = process()
    for call in (after.look, after.open, lambda: after.write(batch(guild(1, "dawn")))):
        with pytest.raises(StorageFailed, match="made by a newer Seraphim"):
            await call()
    with outside.begin() as connection:
        connection.execute(text(f"UPDATE alembic_version SET version_num = '{REVISION}'"))
    assert await after.snapshot(1) == Stored(guild(1), ended_at=1_000)


async def test_a_look_changes_nothing(process: Callable[[], Database], outside: Engine) -> None:
    await process().look()
    assert inspect(outside).get_table_names() == []


async def test_a_migration_that_fails_leaves_nothing_half_done(
    process: Callable[[], Database], outside: Engine
) -> None:
    with outside.begin() as connection:
        # The last table that the first migration makes.
        connection.execute(text("CREATE TABLE lives (name VARCHAR(3))"))
    database = process()
    with pytest.raises(StorageFailed, match="lives"):
        await database.open()
    assert inspect(outside).get_table_names() == ["lives"]

    with outside.begin() as connection:
        connection.execute(text("DROP TABLE lives"))
    await database.write(batch(guild(1)))
    assert await database.active() == {1}
