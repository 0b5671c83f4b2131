"""What SQLite and PostgreSQL have in common here: connections of Python's DB-API, and SQL in words
that both understand. Values stand in a statement as `:name`.

SQLAlchemy would take 14 MB of memory to send these dozen statements.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from sqlalchemy import Connection as Migrated
    from sqlalchemy import Engine

NOTHING: Mapping[str, object] = {}


class Cursor(Protocol):
    """What came of a statement."""

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""
        ...

    def fetchone(self) -> Any:
        """Return the next row, None if there is none."""
        ...

    def fetchall(self) -> list[Any]:
        """Return all rows that are left."""
        ...


class Connection(Protocol):
    """A connection that begins no transaction by itself."""

    def execute(self, statement: str, values: Mapping[str, object] = ..., /) -> Cursor:
        """Run one statement."""
        ...

    def executemany(self, statement: str, values: Iterable[Mapping[str, object]], /) -> object:
        """Run one statement for each of the values."""
        ...


class Source(Protocol):
    """Where the database is. All of it is called in the worker thread, one call at a time."""

    errors: tuple[type[Exception], ...]
    """What the driver raises. The first line of one quotes no rows."""

    def connection(self) -> Connection:
        """Return a connection that works, in no transaction; the same one as long as it does."""
        ...

    def failed(self) -> None:
        """Hear that a transaction failed: the connection may be why."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...

    def revision(self, connection: Connection) -> str | None:
        """Return the migration that the database has, None before the first."""
        ...

    def engine(self) -> "Engine":
        """Return SQLAlchemy's way to the same database, for a migration alone."""
        ...

    def prepare_migration(self, connection: "Migrated") -> None:
        """Keep other processes from migrating the same database until the transaction ends."""
        ...
