"""Backups: whole while the bot writes, and a way back that loses nothing."""

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, inspect

import seraphim.storage
from actors.store.ports import Stored
from seraphim.storage.copies import CannotCopy, backup, restore, revision
from seraphim.storage.database import FILE, database
from seraphim.storage.migration import REVISION
from tests.seraphim.storage.states import batch, guild

pytestmark = pytest.mark.anyio

MIGRATIONS = Path(seraphim.storage.__file__).with_name("migrations")


async def test_what_is_copied_while_it_is_in_use_comes_back_and_the_old_is_kept(
    tmp_path: Path,
) -> None:
    data, copy = tmp_path / "data", tmp_path / "copy.db"
    data.mkdir()
    used = database(data, None)
    await used.write(batch(guild(1, "aurora")))
    assert backup(data, copy) == copy.stat().st_size
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    await used.write(batch(guild(1, "dawn"), guild(2)))
    await used.close()

    aside = restore(data, copy)
    assert aside is not None
    back = database(data, None)
    assert await back.snapshot(1) == Stored(guild(1, "aurora"), ended_at=1_000)
    assert await back.snapshot(2) is None
    await back.close()

    (data / FILE).unlink()
    aside.rename(data / FILE)
    old = database(data, None)
    assert await old.active() == {1, 2}
    await old.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.db", "data"]


async def test_what_a_killed_bot_left_beside_its_file_is_not_mixed_into_the_restored(
    tmp_path: Path,
) -> None:
    used = database(tmp_path, None)
    await used.write(batch(guild(1)))
    backup(tmp_path, tmp_path / "copy.db")
    await used.close()
    (tmp_path / f"{FILE}-wal").write_bytes(b"left")
    aside = restore(tmp_path, tmp_path / "copy.db")
    assert aside is not None
    assert aside.with_name(f"{aside.name}-wal").read_bytes() == b"left"
    assert not (tmp_path / f"{FILE}-wal").exists()


def test_a_copy_replaces_no_file(tmp_path: Path) -> None:
    with pytest.raises(CannotCopy, match="no database"):
        backup(tmp_path, tmp_path / "copy.db")
    (tmp_path / FILE).touch()
    (tmp_path / "copy.db").write_text("mine")
    with pytest.raises(CannotCopy, match="there already"):
        backup(tmp_path, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "mine"


def foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE x (y)")


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE alembic_version (version_num)")
        other.execute("INSERT INTO alembic_version VALUES ('9999')")
        other.commit()


@pytest.mark.parametrize("make", [foreign, newer, lambda path: path.write_text("no database" * 99)])
async def test_what_is_no_backup_of_ours_changes_nothing(make: object, tmp_path: Path) -> None:
    assert callable(make)
    used = database(tmp_path, None)
    await used.write(batch(guild(1)))
    await used.close()
    before = (tmp_path / FILE).read_bytes()
    make(tmp_path / "copy.db")
    with pytest.raises(CannotCopy):
        restore(tmp_path, tmp_path / "copy.db")
    assert (tmp_path / FILE).read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.db", FILE]


async def test_every_step_of_the_migrations_goes_back_and_forth(tmp_path: Path) -> None:
    used = database(tmp_path, None)
    await used.open()
    await used.close()
    path = tmp_path / FILE
    assert revision(path) == REVISION
    engine = create_engine(f"sqlite:///{path}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    tables = set(inspect(engine).get_table_names())
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    assert set(inspect(engine).get_table_names()) == tables
    engine.dispose()
