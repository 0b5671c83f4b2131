"""A SQLite file of our own.

Write-ahead logging, so that who reads waits for nobody, and a sync for each transaction: what was
written outlives a power cut. The file is its owner's alone, for it holds the keys to voice
connections.

Somebody may remove the file while it is in use. SQLite would go on writing into what no longer has
a name, and all of it would be gone with the process; so the file is looked at before each use, and
written anew from the connection that still holds it.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import structlog

from seraphim.storage.source import Connection

if TYPE_CHECKING:
    from sqlalchemy import Connection as Migrated
    from sqlalchemy import Engine

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

BUSY_SECONDS = 1.0
OWNER_ONLY = 0o600


class SqliteFile:
    """The database in the file at `path`. Used by one thread at a time."""

    errors: tuple[type[Exception], ...] = (sqlite3.Error,)

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None

    def connection(self) -> Connection:
        """Return the connection: another one than before when the file is another.

        Raises `OSError` and what sqlite3 raises.
        """
        there = self._identity()
        if self._connection is not None and there is None:
            self._restore(self._connection)
        if self._connection is not None and there == self._opened:
            return self._connection
        self.close()
        if self._identity() is None:
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, OWNER_ONLY))
        # SQLite gives the files beside it the same permissions.
        self._path.chmod(OWNER_ONLY)
        self._opened = self._identity()
        self._connection = self._connect()
        return self._connection

    def failed(self) -> None:
        """Begin with a new connection, unless this one is all that is left of the file."""
        try:
            there = self._identity()
        except OSError:
            return
        if there is not None:
            self.close()

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def revision(self, connection: Connection) -> str | None:
        """Return the migration that the database has, None before the first."""
        return stored_revision(connection)

    def engine(self) -> "Engine":
        """Return an engine of connections of its own."""
        from sqlalchemy import NullPool, create_engine, event

        engine = create_engine(
            "sqlite://", creator=self._connect, poolclass=NullPool, hide_parameters=True
        )
        # sqlite3 itself would begin transactions too late, and none for a change of tables.
        event.listen(engine, "begin", _begin)
        return engine

    def prepare_migration(self, connection: "Migrated") -> None:
        """Do nothing: this process is the only one that uses the file."""

    def _identity(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return None
        return status.st_dev, status.st_ino

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            # It never makes a file that was removed in this moment.
            f"file:{quote(str(self._path.absolute()))}?mode=rw",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            connection.execute("PRAGMA journal_mode = WAL").close()
            connection.execute("PRAGMA synchronous = FULL").close()
        except BaseException:
            connection.close()
            raise
        return connection

    def _restore(self, held: sqlite3.Connection) -> None:
        """Write the removed file anew, with all that it held."""
        copy = self._path.with_name(f"{self._path.name}.restored")
        copy.unlink(missing_ok=True)
        os.close(os.open(copy, os.O_RDWR | os.O_CREAT | os.O_EXCL, OWNER_ONLY))
        with closing(sqlite3.connect(copy)) as target:
            held.backup(target)
        self.close()
        for beside in ("-wal", "-shm"):
            self._path.with_name(self._path.name + beside).unlink(missing_ok=True)
        copy.replace(self._path)
        log.warning("database.restored", file=str(self._path))


def stored_revision(connection: Connection) -> str | None:
    """Return the migration that a SQLite database has, None before the first."""
    tables = "SELECT 1 FROM sqlite_schema WHERE name = 'alembic_version'"
    if connection.execute(tables).fetchone() is None:
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])


def _begin(connection: "Migrated") -> None:
    connection.exec_driver_sql("BEGIN")
