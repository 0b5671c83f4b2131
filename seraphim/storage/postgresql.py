"""A PostgreSQL server.

Whatever it is asked ends within seconds: a server that hangs is as good as one that is away.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import psycopg

from seraphim.storage.address import DRIVER, SCHEME
from seraphim.storage.source import NOTHING, Connection, Cursor

if TYPE_CHECKING:
    from typing import LiteralString

    from sqlalchemy import Connection as Migrated
    from sqlalchemy import Engine

ANSWER_SECONDS = 2
# Any number that no other program uses on the same database.
_MIGRATING = 0x5E7A_9817
_MILLISECONDS = ANSWER_SECONDS * 1000
_OPTIONS: dict[str, Any] = {
    "application_name": "seraphim",
    "connect_timeout": ANSWER_SECONDS,
    # How long what was sent may stay without the other side's acknowledgement.
    "tcp_user_timeout": _MILLISECONDS,
    "options": f"-c statement_timeout={_MILLISECONDS} -c lock_timeout={_MILLISECONDS}",
}


class PostgresServer:
    """The database at `url`. Used by one thread at a time."""

    errors: tuple[type[Exception], ...] = (psycopg.Error,)

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: _Connection | None = None

    def connection(self) -> Connection:
        """Return a connection, a new one if the server has ended it."""
        if self._connection is not None and not self._connection.answers():
            self.close()
        if self._connection is None:
            address = self._url.replace(f"{SCHEME}://", f"{DRIVER}://", 1)
            raw = psycopg.connect(address, autocommit=True, **_OPTIONS)
            self._connection = _Connection(raw)
        return self._connection

    def failed(self) -> None:
        """Begin with a new connection."""
        self.close()

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def revision(self, connection: Connection) -> str | None:
        """Return the migration that the database has, None before the first."""
        if connection.execute("SELECT to_regclass('alembic_version')").fetchone()[0] is None:
            return None
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return None if row is None else row[0]

    def engine(self) -> "Engine":
        """Return an engine of connections of its own."""
        from sqlalchemy import NullPool, create_engine

        return create_engine(
            self._url, poolclass=NullPool, hide_parameters=True, connect_args=_OPTIONS
        )

    def prepare_migration(self, connection: "Migrated") -> None:
        """Wait until no other process migrates; a migration may take its time."""
        from sqlalchemy import text

        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATING})


class _Connection:
    """A connection that takes the statements as SQLite does."""

    def __init__(self, raw: "psycopg.Connection[tuple[Any, ...]]") -> None:
        self._raw = raw

    def answers(self) -> bool:
        try:
            self._raw.execute("SELECT 1")
        except psycopg.Error:
            return False
        return True

    def close(self) -> None:
        self._raw.close()

    def execute(self, statement: str, values: Mapping[str, object] = NOTHING, /) -> Cursor:
        return self._raw.execute(_translated(statement), values)

    def executemany(self, statement: str, values: Iterable[Mapping[str, object]], /) -> None:
        with self._raw.cursor() as cursor:
            cursor.executemany(_translated(statement), values)


@lru_cache
def _translated(statement: str) -> "LiteralString":
    words = re.sub(r":([a-z]\w*)", r"%(\1)s", statement).replace("AS BLOB", "AS BYTEA")
    # All that comes here stands in `database`: none of it is made of what people type.
    return cast("LiteralString", words)
