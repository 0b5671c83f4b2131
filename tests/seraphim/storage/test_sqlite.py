"""A SQLite file that is locked, full, removed, replaced or no database at all."""

import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import anyio
import pytest
from structlog.testing import capture_logs

from actors.store.ports import StorageFailed, Stored
from seraphim.storage.database import FILE, Database, database
from tests.seraphim.storage.states import batch, guild

pytestmark = pytest.mark.anyio


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / "data % #?"
    folder.mkdir()
    return folder / FILE


@pytest.fixture
async def opened(file: Path, anyio_backend: object) -> AsyncIterator[Database]:
    made = database(file.parent, None)
    await made.write(batch(guild(1, "aurora"), key="value"))
    yield made
    await made.close()


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Have somebody else write, and never come to an end."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM snapshots")
        yield
        other.execute("ROLLBACK")


async def next_process(file: Path) -> Database:
    return database(file.parent, None)


# --- the file ---


async def test_the_file_and_those_beside_it_are_the_owners_alone(
    opened: Database, file: Path
) -> None:
    modes = {each.name: each.stat().st_mode & 0o777 for each in file.parent.iterdir()}
    assert modes == {FILE: 0o600, f"{FILE}-wal": 0o600, f"{FILE}-shm": 0o600}


async def test_a_file_that_others_may_read_is_closed_to_them(file: Path) -> None:
    file.touch(0o644)
    file.chmod(0o644)
    made = database(file.parent, None)
    await made.open()
    assert file.stat().st_mode & 0o777 == 0o600
    await made.close()


async def test_each_transaction_is_synced_to_a_write_ahead_log(
    opened: Database, file: Path
) -> None:
    connection = opened._source.connection()
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


async def test_closing_leaves_one_file(opened: Database, file: Path) -> None:
    await opened.close()
    assert [each.name for each in file.parent.iterdir()] == [FILE]
    assert await opened.snapshot(1) == Stored(guild(1, "aurora"), None)


# --- locked ---


async def test_a_locked_database_fails_soon_is_read_meanwhile_and_loses_nothing(
    opened: Database, file: Path
) -> None:
    with locked(file):
        for _ in range(2):
            with pytest.raises(StorageFailed, match="database is locked"):
                await opened.write(batch(guild(1, "dawn"), guild(2)))
        assert await opened.snapshot(1) == Stored(guild(1, "aurora"), None)
    await opened.write(batch(guild(1, "dawn")))
    assert await opened.snapshot(1) == Stored(guild(1, "dawn"), None)
    assert await opened.snapshot(2) is None


async def test_a_database_that_is_locked_at_the_start_is_opened_when_it_is_not(file: Path) -> None:
    before = await next_process(file)
    await before.write(batch(guild(1)))
    await before.close()
    after = await next_process(file)
    with locked(file), pytest.raises(StorageFailed, match="database is locked"):
        await after.write(batch(guild(1, "dawn")))
    assert await after.snapshot(1) == Stored(guild(1), ended_at=1_000)
    await after.close()


async def test_a_write_that_has_begun_is_finished_also_when_nobody_waits(
    opened: Database, file: Path
) -> None:
    scope = anyio.CancelScope()

    async def write() -> None:
        with scope:
            await opened.write(batch(guild(1, "dawn")))

    async with anyio.create_task_group() as tasks:
        with locked(file):
            tasks.start_soon(write)
            while not opened._one_at_a_time.borrowed_tokens:
                await anyio.lowlevel.checkpoint()
            scope.cancel()
    assert await opened.snapshot(1) == Stored(guild(1, "dawn"), None)


# --- full ---


def limit_pages(made: Database, pages: int) -> None:
    """Let the disk be full for as long as the connection lives."""
    made._source.connection().execute(f"PRAGMA max_page_count = {pages}")


async def test_a_full_disk_loses_nothing_and_is_written_to_when_there_is_room(
    opened: Database,
) -> None:
    large = guild(2, *("dusk" * 100 for _ in range(500)))
    for _ in range(2):
        limit_pages(opened, 20)
        with pytest.raises(StorageFailed, match="database or disk is full"):
            await opened.write(batch(guild(1, "dawn"), large, key="other"))
        assert await opened.snapshot(1) == Stored(guild(1, "aurora"), None)
        assert await opened.note("key") == "value"
    await opened.write(batch(guild(1, "dawn"), large, key="other"))
    assert await opened.snapshot(1) == Stored(guild(1, "dawn"), None)
    assert await opened.snapshot(2) == Stored(large, None)


# --- gone ---


@pytest.mark.parametrize("beside", [True, False], ids=["with its log", "alone"])
async def test_a_file_that_is_removed_is_written_anew_with_all_that_it_held(
    opened: Database, file: Path, *, beside: bool
) -> None:
    file.unlink()
    if beside:
        file.with_name(f"{FILE}-wal").unlink()
        file.with_name(f"{FILE}-shm").unlink()
    with capture_logs() as log:
        await opened.write(batch(guild(2)))
    assert [line["event"] for line in log] == ["database.restored"]
    assert file.stat().st_mode & 0o777 == 0o600
    await opened.close()

    after = await next_process(file)
    assert await after.snapshot(1) == Stored(guild(1, "aurora"), ended_at=1_000)
    assert await after.snapshot(2) == Stored(guild(2), ended_at=1_000)
    assert await after.note("key") == "value"
    await after.close()
    assert [each.name for each in file.parent.iterdir()] == [FILE]


async def test_a_removed_file_is_written_anew_when_only_read_too(
    opened: Database, file: Path
) -> None:
    file.unlink()
    assert await opened.snapshot(1) == Stored(guild(1, "aurora"), None)
    assert file.exists()


async def test_a_folder_that_is_gone_fails_and_what_was_in_it_is_written_anew_when_it_is_back(
    opened: Database, file: Path
) -> None:
    shutil.rmtree(file.parent)
    for _ in range(2):
        with pytest.raises(StorageFailed, match="No such file or directory"):
            await opened.write(batch(guild(2)))
    assert not file.parent.exists()

    file.parent.mkdir()
    await opened.write(batch(guild(3)))
    await opened.close()
    after = await next_process(file)
    assert await after.active() == {1, 3}
    await after.close()


async def test_a_failure_before_the_file_was_removed_does_not_let_go_of_what_it_held(
    opened: Database, file: Path
) -> None:
    with locked(file), pytest.raises(StorageFailed):
        await opened.write(batch(guild(2)))
    assert await opened.snapshot(1) is not None
    file.unlink()
    await opened.write(batch(guild(2)))
    assert await opened.active() == {1, 2}


async def test_a_file_that_was_put_in_its_place_is_used(
    opened: Database, file: Path, tmp_path: Path
) -> None:
    other = database(tmp_path, None)
    await other.write(batch(guild(9)))
    await other.close()
    (tmp_path / FILE).replace(file)
    for beside in ("-wal", "-shm"):
        file.with_name(FILE + beside).unlink()

    assert await opened.active() == {9}
    await opened.write(batch(guild(2)))
    assert await opened.active() == {2, 9}


# --- not to be read ---


async def test_what_is_no_database_fails_is_left_as_it_is_and_works_when_it_is_moved(
    file: Path,
) -> None:
    file.write_bytes(b"somebody's diary " * 100)
    made = await next_process(file)
    for _ in range(2):
        with pytest.raises(StorageFailed, match="file is not a database"):
            await made.open()
        with pytest.raises(StorageFailed, match="file is not a database"):
            await made.write(batch(guild(1)))
    assert file.read_bytes() == b"somebody's diary " * 100

    file.rename(file.with_name("diary"))
    await made.write(batch(guild(1)))
    assert await made.snapshot(1) == Stored(guild(1), None)
    await made.close()


async def test_a_folder_in_its_place_fails(file: Path) -> None:
    file.mkdir()
    made = await next_process(file)
    with pytest.raises(StorageFailed, match="unable to open database file"):
        await made.open()
    file.chmod(0o700)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
async def test_a_file_that_may_not_be_written_fails(file: Path) -> None:
    made = await next_process(file)
    file.parent.chmod(0o500)
    with pytest.raises(StorageFailed, match="Permission denied"):
        await made.open()
    file.parent.chmod(0o700)


async def test_a_page_that_is_damaged_fails_and_crashes_nothing(file: Path) -> None:
    before = await next_process(file)
    await before.write(batch(*(guild(id, "aurora" * 100) for id in range(1, 100))))
    await before.close()
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    file.write_bytes(content)

    after = await next_process(file)
    with pytest.raises(StorageFailed):
        await after.snapshot(1)
    with pytest.raises(StorageFailed):
        await after.write(batch(guild(1)))
    await after.close()


async def test_a_schema_that_is_damaged_fails_and_is_not_quoted(file: Path) -> None:
    before = await next_process(file)
    await before.write(batch(guild(1, "aurora")))
    await before.close()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("PRAGMA writable_schema = ON")
        other.execute(
            "UPDATE sqlite_schema SET name = CAST(X'FF' AS TEXT), sql = 'x' WHERE type = 'table'"
        )

    after = await next_process(file)
    for use in (after.open, after.active, lambda: after.snapshot(1)):
        with pytest.raises(StorageFailed, match="the database is damaged"):
            await use()
    await after.close()


async def test_what_is_no_guild_is_not_active(opened: Database, file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("CREATE TABLE damaged AS SELECT * FROM snapshots")
        other.execute("DROP TABLE snapshots")
        other.execute("ALTER TABLE damaged RENAME TO snapshots")
        other.execute("INSERT INTO snapshots (guild, home) VALUES (NULL, 5), ('aurora', 5), (7, 5)")
    assert await opened.active() == {1, 7}


async def test_a_life_that_is_damaged_counts_as_ended_long_ago(file: Path) -> None:
    before = await next_process(file)
    await before.write(batch(guild(1, "aurora")))
    await before.close()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("UPDATE lives SET alive_at = 'dusk'")

    after = await next_process(file)
    assert await after.snapshot(1) == Stored(guild(1, "aurora"), ended_at=0)
    await after.close()
