"""Bringing a database to the newest revision, in one transaction: all steps, or none.

What it has is looked up with a plain query. Alembic and SQLAlchemy take longer to import than all
the rest of the storage, and 20 MB of memory: so they are only when there is something to migrate.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from seraphim.storage.source import Connection, Source

if TYPE_CHECKING:
    from sqlalchemy import Connection as Migrated

REVISION = "0002"
"""The newest migration: a database that has it needs no other."""

_NEWER = "the database was made by a newer Seraphim: run that one, or name another database"

FOLDER = Path(__file__).with_name("migrations")


class UnknownRevision(Exception):
    """The database is of a version that this one does not know; it is not touched."""


def look(source: Source, connection: Connection) -> None:
    """Raise `UnknownRevision` if the database is of a newer Seraphim; change nothing."""
    found = source.revision(connection)
    if found is not None and found > REVISION:
        raise UnknownRevision(_NEWER)


def migrate(source: Source, connection: Connection) -> None:
    """Migrate the database of `source`; `connection` is one to it, in no transaction.

    Raises
    ------
    UnknownRevision
        It is of a newer Seraphim.
    Exception
        One of the `source.errors`.
    """
    if source.revision(connection) == REVISION:
        return
    from sqlalchemy.exc import DBAPIError

    engine = source.engine()
    try:
        with engine.begin() as migrated:
            source.prepare_migration(migrated)
            _upgrade(migrated)
    except DBAPIError as error:
        # SQLAlchemy's own words quote the statement.
        raise error if error.orig is None else error.orig from None
    finally:
        engine.dispose()


def _upgrade(connection: "Migrated") -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError:
        raise UnknownRevision(_NEWER) from None
