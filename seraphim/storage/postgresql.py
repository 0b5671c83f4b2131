"""A PostgreSQL server.

Whatever it is asked ends within seconds: a server that hangs is as good as one that is away.
"""

from sqlalchemy import Connection, Engine, create_engine, text

ANSWER_SECONDS = 2
# Any number that no other program uses on the same database.
_MIGRATING = 0x5E7A_9817


class PostgresServer:
    """The database at `url`. Used by one thread at a time."""

    def __init__(self, url: str) -> None:
        milliseconds = ANSWER_SECONDS * 1000
        self._engine = create_engine(
            url,
            pool_size=1,
            max_overflow=0,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={
                "application_name": "seraphim",
                "connect_timeout": ANSWER_SECONDS,
                # How long what was sent may stay without the other side's acknowledgement.
                "tcp_user_timeout": milliseconds,
                "options": f"-c statement_timeout={milliseconds} -c lock_timeout={milliseconds}",
            },
        )

    def engine(self) -> Engine:
        """Return the engine."""
        return self._engine

    def failed(self) -> None:
        """Begin with a new connection."""
        self._engine.dispose()

    def close(self) -> None:
        """Close the connection."""
        self._engine.dispose()

    def prepare_migration(self, connection: Connection) -> None:
        """Wait until no other process migrates; a migration may take its time."""
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATING})
