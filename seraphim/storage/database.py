"""The storage of `actors.store`: transactions on SQLite or PostgreSQL, one after the other.

The drivers are used as they are, in one worker thread at a time: SQLite has but one writer anyway.
Every connection begins by making sure that the tables are there and new enough, so that a database
that comes back, or is another, needs no other care. What the tables are is said in `migrations`.

Positions in snapshots run on, without being saved again; what tells how far is `alive_at` of the
process that saved them. It is a row for each process rather than one for all: a snapshot that is
not recalled until long after its process has ended still belongs to it.
"""

import hashlib
import secrets
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread

from actors.guild.player.track import Track
from actors.guild.settings import GuildSettings
from actors.store.ports import Batch, Change, Damaged, StorageFailed, Stored
from seraphim.storage import preferences
from seraphim.storage import track as tracks
from seraphim.storage.document import Damage
from seraphim.storage.migration import UnknownRevision, look, migrate
from seraphim.storage.snapshot import decode, encode
from seraphim.storage.source import Connection, Source

P = ParamSpec("P")
T = TypeVar("T")

FILE = "seraphim.db"


def database(data_dir: Path, url: str | None) -> "Database":
    """Return the database at `url`, or the one of our own in `data_dir`."""
    if url is not None:
        from seraphim.storage.postgresql import PostgresServer

        return Database(PostgresServer(url))
    from seraphim.storage.sqlite import SqliteFile

    return Database(SqliteFile(data_dir / FILE))


class Database:
    """A `Storage`. Nothing connects before it is used; all its methods may run at once.

    What has begun is finished also when whoever waits is cancelled: a transaction is written as a
    whole or not at all.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._life = secrets.token_hex(8)
        self._ready: Connection | None = None
        self._one_at_a_time = CapacityLimiter(1)

    async def open(self) -> None:
        """Connect and migrate."""
        await self._transact(self._forget_lives)

    async def look(self) -> None:
        """Raise `StorageFailed` if this Seraphim could not use it; change nothing."""
        await self._in_thread(lambda: look(self._source, self._source.connection()))

    async def write(self, batch: Batch) -> None:
        """Write `batch` in one transaction."""
        await self._transact(self._write, batch)

    async def snapshot(self, guild: int) -> Stored | Damaged | None:
        """Read and decode the guild's snapshot."""
        return await self._transact(self._snapshot, guild)

    async def active(self) -> frozenset[int]:
        """Return the guilds whose snapshots have a home."""
        return await self._transact(self._active)

    async def note(self, key: str) -> str | None:
        """Return the note of that key."""
        return await self._transact(self._note, key)

    async def settings(self) -> dict[int, GuildSettings | Damaged]:
        """Return what guilds have chosen."""
        return await self._transact(self._settings)

    async def keep_settings(self, guild: int, settings: GuildSettings) -> None:
        """Keep what the guild has chosen; what is as with every guild takes no room."""
        await self._transact(self._keep_settings, guild, settings)

    async def favourites(self, user: int) -> list[Track | Damaged]:
        """Return the user's favourites, the newest first."""
        return await self._transact(self._favourites, user)

    async def add_favourite(self, user: int, track: Track, *, most: int) -> bool | None:
        """Keep a favourite unless it is one (False), or there are `most` (None)."""
        return await self._transact(self._add_favourite, user, track, most)

    async def remove_favourite(self, user: int, track: str) -> bool:
        """Forget the favourite of that name, and return whether it was one."""
        return await self._transact(self._remove_favourite, user, track)

    async def close(self) -> None:
        """Close the connection."""
        await to_thread.run_sync(self._close, limiter=self._one_at_a_time)

    # In the worker thread

    async def _transact(
        self,
        work: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        def transaction() -> T:
            with _transaction(self._source, self._connection()) as connection:
                return work(connection, *args, **kwargs)

        return await self._in_thread(transaction)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        def attempt() -> T:
            try:
                return work()
            except UnknownRevision as error:
                raise StorageFailed(str(error)) from None
            except UnicodeError:
                # So sqlite3 says it, quoting what it could not decode.
                self._source.failed()
                raise StorageFailed("the database is damaged") from None
            except (*self._source.errors, OSError) as error:
                self._source.failed()
                # The error itself may quote what was to be written.
                raise StorageFailed(_reason(error)) from None

        return await to_thread.run_sync(attempt, limiter=self._one_at_a_time)

    def _connection(self) -> Connection:
        connection = self._source.connection()
        if connection is not self._ready:
            migrate(self._source, connection)
            self._ready = connection
        return connection

    def _close(self) -> None:
        self._ready = None
        self._source.close()

    def _forget_lives(self, connection: Connection) -> None:
        """Forget the processes of which nothing is stored any more."""
        connection.execute("DELETE FROM lives WHERE id NOT IN (SELECT life FROM snapshots)")

    def _write(self, connection: Connection, batch: Batch) -> None:
        for change in batch.changes:
            if change.aside is not None:
                self._set_aside(connection, change, change.aside, batch.alive_at)
        states = [change.state for change in batch.changes if change.state is not None]
        rows = [
            {
                "guild": state.guild,
                "home": state.home,
                "life": self._life,
                "body": encode(state),
            }
            for state in states
        ]
        _put(connection, "snapshots", "guild", rows, [state.guild for state in states])
        kept = [
            {"key": key, "value": value.encode("utf-8", "surrogatepass")}
            for key, value in batch.notes.items()
            if value is not None
        ]
        _put(connection, "notes", "key", kept, list(batch.notes))
        alive = {"id": self._life, "alive_at": batch.alive_at}
        _put(connection, "lives", "id", [alive], [self._life])

    def _set_aside(self, connection: Connection, change: Change, reason: str, now: int) -> None:
        row = {"guild": change.guild, "reason": reason, "at": now}
        # As it is, whatever it is.
        connection.execute(
            "INSERT INTO set_aside (guild, reason, at, body)"
            " SELECT guild, :reason, :at, body FROM snapshots WHERE guild = :guild",
            row,
        )
        connection.execute("DELETE FROM snapshots WHERE guild = :guild", row)
        if change.discarded is not None:
            _insert(connection, "set_aside", [row | {"body": encode(change.discarded)}])

    def _snapshot(self, connection: Connection, guild: int) -> Stored | Damaged | None:
        # Whatever stands there, it comes as bytes.
        row = connection.execute(
            "SELECT CAST(body AS BLOB), life, alive_at FROM snapshots"
            " LEFT JOIN lives ON id = life WHERE guild = :guild",
            {"guild": guild},
        ).fetchone()
        if row is None:
            return None
        try:
            state = decode(row[0])
        except Damage as error:
            return Damaged(str(error))
        if state.guild != guild:
            return Damaged("it is another guild's")
        # Whatever stands there, as above.
        alive_at = row[2] if isinstance(row[2], int) else 0
        return Stored(state, None if row[1] == self._life else alive_at)

    def _active(self, connection: Connection) -> frozenset[int]:
        rows = connection.execute("SELECT guild FROM snapshots WHERE home IS NOT NULL").fetchall()
        # In a damaged file anything may stand there.
        return frozenset(guild for (guild,) in rows if isinstance(guild, int))

    def _note(self, connection: Connection, key: str) -> str | None:
        row = connection.execute(
            "SELECT CAST(value AS BLOB) FROM notes WHERE key = :key", {"key": key}
        ).fetchone()
        try:
            return None if row is None else row[0].decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return None

    def _settings(self, connection: Connection) -> dict[int, GuildSettings | Damaged]:
        rows = connection.execute("SELECT guild, CAST(body AS BLOB) FROM settings").fetchall()
        return {guild: _understood(preferences.decode, stored) for guild, stored in rows}

    def _keep_settings(self, connection: Connection, guild: int, chosen: GuildSettings) -> None:
        row = {"guild": guild, "body": preferences.encode(chosen)}
        rows = [] if chosen == GuildSettings() else [row]
        _put(connection, "settings", "guild", rows, [guild])

    def _favourites(self, connection: Connection, user: int) -> list[Track | Damaged]:
        newest_first = connection.execute(
            'SELECT CAST(body AS BLOB) FROM favourites WHERE "user" = :user ORDER BY id DESC',
            {"user": user},
        ).fetchall()
        return [_understood(tracks.decode, body) for (body,) in newest_first]

    def _add_favourite(
        self, connection: Connection, user: int, track: Track, most: int
    ) -> bool | None:
        row = {"user": user, "track": _digest(track.name), "body": tracks.encode(track)}
        theirs = 'SELECT count(*) FROM favourites WHERE "user" = :user'
        if connection.execute(f"{theirs} AND track = :track", row).fetchone()[0]:
            return False
        if connection.execute(theirs, row).fetchone()[0] >= most:
            return None
        _insert(connection, "favourites", [row])
        return True

    def _remove_favourite(self, connection: Connection, user: int, track: str) -> bool:
        gone = connection.execute(
            'DELETE FROM favourites WHERE "user" = :user AND track = :track',
            {"user": user, "track": _digest(track)},
        )
        return gone.rowcount > 0


@contextmanager
def _transaction(source: Source, connection: Connection) -> Generator[Connection]:
    connection.execute("BEGIN")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        # What broke the connection broke the transaction too.
        with suppress(*source.errors):
            connection.execute("ROLLBACK")
        raise


def _digest(track: str) -> str:
    return hashlib.sha256(track.encode("utf-8", "surrogatepass")).hexdigest()


def _understood(decode: Callable[[bytes], T], body: bytes) -> T | Damaged:
    try:
        return decode(body)
    except Damage as error:
        return Damaged(str(error))


def _put(
    connection: Connection,
    table: str,
    key: str,
    rows: Sequence[Mapping[str, object]],
    instead_of: Sequence[int | str],
) -> None:
    """Store `rows`, instead of those that have one of the keys `instead_of`."""
    if instead_of:
        old = [{"old": value} for value in instead_of]
        # Names of our own, none of them made of what people type.
        connection.executemany(f"DELETE FROM {table} WHERE {key} = :old", old)  # noqa: S608
    _insert(connection, table, rows)


def _insert(connection: Connection, table: str, rows: Sequence[Mapping[str, object]]) -> None:
    if rows:
        columns = ", ".join(f'"{column}"' for column in rows[0])
        values = ", ".join(f":{column}" for column in rows[0])
        statement = f"INSERT INTO {table} ({columns}) VALUES ({values})"  # noqa: S608
        connection.executemany(statement, rows)


def _reason(error: Exception) -> str:
    """Return why, in the driver's first line: what follows it may quote rows."""
    lines = str(error).splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}"
