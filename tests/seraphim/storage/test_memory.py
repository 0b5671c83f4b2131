"""What is imported, for what is imported stays in memory."""

import subprocess
import sys
from pathlib import Path

import pytest

from seraphim.storage.database import database

pytestmark = pytest.mark.anyio

USE = """
import sys
from pathlib import Path
import anyio
from seraphim.storage.database import database

async def main():
    made = database(Path(sys.argv[1]), None)
    await made.open()
    await made.active()
    await made.close()

anyio.run(main)
print(*sys.modules)
"""


def modules(code: str, *arguments: str) -> set[str]:
    """The modules that are imported when `code` has run in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    return set(done.stdout.split())


def test_the_package_and_the_check_of_an_address_import_no_database() -> None:
    code = "import sys, seraphim.storage.address; print(*sys.modules)"
    assert not {"sqlalchemy", "alembic", "psycopg", "sqlite3"} & modules(code)


async def test_a_database_that_needs_no_migration_is_used_without_alembic(
    tmp_path: Path,
) -> None:
    made = database(tmp_path, None)
    await made.open()
    await made.close()
    imported = modules(USE, str(tmp_path))
    assert "sqlite3" in imported
    assert not {"sqlalchemy", "alembic", "mako", "psycopg"} & imported


def test_a_new_database_is_migrated_by_alembic(tmp_path: Path) -> None:
    assert "alembic" in modules(USE, str(tmp_path))
