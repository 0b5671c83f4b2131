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
from typing import cast
from urllib.parse import quote

import structlog
from sqlalchemy import Connection, Engine, QueuePool, create_engine, event

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

BUSY_SECONDS = 1.0
OWNER_ONLY = 0o600


class SqliteFile:
    """The database in the file at `path`. Used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._engine: Engine | None = None
        self._opened: tuple[int, int] | None = None

    def engine(self) -> Engine:
        """Return the engine: another one than before when the file is another.

        Raises `OSError` and what SQLAlchemy and sqlite3 raise.
        """
        there = self._identity()
        if self._engine is not None and there is None:
            self._restore(self._engine)
        if self._engine is not None and there == self._opened:
            return self._engine
        self.close()
        if self._identity() is None:
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, OWNER_ONLY))
        # SQLite gives the files beside it the same permissions.
        self._path.chmod(OWNER_ONLY)
        self._opened = self._identity()
        self._engine = self._make_engine()
        return self._engine

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
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def prepare_migration(self, connection: Connection) -> None:
        """Do nothing: this process is the only one that uses the file."""

    def _identity(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return None
        return status.st_dev, status.st_ino

    def _make_engine(self) -> Engine:
        engine = create_engine(
            "sqlite://",
            creator=self._connect,
            poolclass=QueuePool,
            pool_size=1,
            max_overflow=0,
            hide_parameters=True,
        )
        # sqlite3 itself would begin transactions too late, and none for a change of tables.
        event.listen(engine, "begin", _begin)
        return engine

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

    def _restore(self, engine: Engine) -> None:
        """Write the removed file anew, with all that it held."""
        copy = self._path.with_name(f"{self._path.name}.restored")
        copy.unlink(missing_ok=True)
        os.close(os.open(copy, os.O_RDWR | os.O_CREAT | os.O_EXCL, OWNER_ONLY))
        with closing(sqlite3.connect(copy)) as target, engine.connect() as connection:
            source = cast("sqlite3.Connection", connection.connection.driver_connection)
            source.backup(target)
        self.close()
        for beside in ("-wal", "-shm"):
            self._path.with_name(self._path.name + beside).unlink(missing_ok=True)
        copy.replace(self._path)
        log.warning("database.restored", file=str(self._path))


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
