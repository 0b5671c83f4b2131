"""Bringing a database to the newest revision, in one transaction: all steps, or none.

What it has is looked up with a plain query. Alembic takes longer to import than all the rest of the
storage and 8 MB of memory, so it is only when there is something to migrate.
"""

from pathlib import Path

from sqlalchemy import Connection, String, column, inspect, select, table

from seraphim.storage.schema import REVISION

_FOLDER = Path(__file__).with_name("migrations")
_STORED = select(column("version_num", String)).select_from(table("alembic_version"))


class UnknownRevision(Exception):
    """The database is of a version that this one does not know; it is not touched."""


def migrate(connection: Connection) -> None:
    """Migrate the database behind `connection`, which has begun a transaction.

    Raises
    ------
    UnknownRevision
        It is of a newer Seraphim.
    """
    has_any = inspect(connection).has_table("alembic_version")
    if has_any and connection.scalar(_STORED) == REVISION:
        return
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError:
        raise UnknownRevision(
            "the database was made by a newer Seraphim: run that one, or name another database"
        ) from None
