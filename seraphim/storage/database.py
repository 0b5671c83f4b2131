"""The storage of `actors.store`: transactions on SQLite or PostgreSQL, one after the other.

SQLAlchemy Core, synchronous, in one worker thread at a time: its asyncio layer would cost more
memory than the thread, and SQLite has but one writer anyway. Every transaction begins by making
sure that the tables are there and new enough, so that a database that comes back, or is another,
needs no other care.

Positions in snapshots run on, without being saved again; what tells how far is `alive_at` of the
process that saved them. It is a row for each process rather than one for all: a snapshot that is
not recalled until long after its process has ended still belongs to it.
"""

import hashlib
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from anyio import CapacityLimiter, to_thread
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    LargeBinary,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal,
    select,
)
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from actors.guild.player.track import Track
from actors.guild.settings import GuildSettings
from actors.store.ports import Batch, Change, Damaged, StorageFailed, Stored
from seraphim.storage import preferences
from seraphim.storage import track as tracks
from seraphim.storage.document import Damage
from seraphim.storage.migration import UnknownRevision, migrate
from seraphim.storage.schema import favourites, lives, notes, set_aside, settings, snapshots
from seraphim.storage.snapshot import decode, encode

P = ParamSpec("P")
T = TypeVar("T")

FILE = "seraphim.db"


class Source(Protocol):
    """Where the database is. All of it is called in the worker thread, one call at a time."""

    def engine(self) -> Engine:
        """Return the engine; it is the same one as long as the database is the same."""
        ...

    def failed(self) -> None:
        """Hear that a transaction failed: the connection may be why."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...

    def prepare_migration(self, connection: Connection) -> None:
        """Keep other processes from migrating the same database until the transaction ends."""
        ...


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
        self._ready: Engine | None = None
        self._one_at_a_time = CapacityLimiter(1)

    async def open(self) -> None:
        """Connect and migrate."""
        await self._transact(self._forget_lives)

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
            try:
                with self._engine().begin() as connection:
                    return work(connection, *args, **kwargs)
            except UnknownRevision as error:
                raise StorageFailed(str(error)) from None
            except UnicodeError:
                # So sqlite3 says it, quoting what it could not decode.
                self._source.failed()
                raise StorageFailed("the database is damaged") from None
            except (SQLAlchemyError, sqlite3.Error, OSError) as error:
                self._source.failed()
                # The error itself may quote what was to be written.
                raise StorageFailed(_reason(error)) from None

        return await to_thread.run_sync(transaction, limiter=self._one_at_a_time)

    def _engine(self) -> Engine:
        engine = self._source.engine()
        if engine is not self._ready:
            with engine.begin() as connection:
                self._source.prepare_migration(connection)
                migrate(connection)
            self._ready = engine
        return engine

    def _close(self) -> None:
        self._ready = None
        self._source.close()

    def _forget_lives(self, connection: Connection) -> None:
        """Forget the processes of which nothing is stored any more."""
        connection.execute(delete(lives).where(lives.c.id.not_in(select(snapshots.c.life))))

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
        _put(connection, snapshots.c.guild, rows, [state.guild for state in states])
        kept = [
            {"key": key, "value": value.encode("utf-8", "surrogatepass")}
            for key, value in batch.notes.items()
            if value is not None
        ]
        _put(connection, notes.c.key, kept, list(batch.notes))
        alive = {"id": self._life, "alive_at": batch.alive_at}
        _put(connection, lives.c.id, [alive], [self._life])

    def _set_aside(self, connection: Connection, change: Change, reason: str, now: int) -> None:
        guild = change.guild
        columns = [set_aside.c.guild, set_aside.c.reason, set_aside.c.at, set_aside.c.body]
        # As it is, whatever it is.
        stored = select(snapshots.c.guild, literal(reason), literal(now), snapshots.c.body)
        moved = stored.where(snapshots.c.guild == guild)
        connection.execute(insert(set_aside).from_select(columns, moved))
        connection.execute(delete(snapshots).where(snapshots.c.guild == guild))
        if change.discarded is not None:
            body = encode(change.discarded)
            row = {"guild": guild, "reason": reason, "at": now, "body": body}
            connection.execute(insert(set_aside), row)

    def _snapshot(self, connection: Connection, guild: int) -> Stored | Damaged | None:
        # Whatever stands there, it comes as bytes.
        body = cast(snapshots.c.body, LargeBinary)
        row = connection.execute(
            select(body, snapshots.c.life, lives.c.alive_at)
            .outerjoin_from(snapshots, lives, lives.c.id == snapshots.c.life)
            .where(snapshots.c.guild == guild)
        ).one_or_none()
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
        guilds: Iterable[object] = connection.scalars(
            select(snapshots.c.guild).where(snapshots.c.home.is_not(None))
        )
        # In a damaged file anything may stand there.
        return frozenset(guild for guild in guilds if isinstance(guild, int))

    def _note(self, connection: Connection, key: str) -> str | None:
        value = connection.scalar(
            select(cast(notes.c.value, LargeBinary)).where(notes.c.key == key)
        )
        try:
            return None if value is None else value.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return None

    def _settings(self, connection: Connection) -> dict[int, GuildSettings | Damaged]:
        body = cast(settings.c.body, LargeBinary)
        rows = connection.execute(select(settings.c.guild, body))
        return {guild: _understood(preferences.decode, stored) for guild, stored in rows}

    def _keep_settings(self, connection: Connection, guild: int, chosen: GuildSettings) -> None:
        row = {"guild": guild, "body": preferences.encode(chosen)}
        rows = [] if chosen == GuildSettings() else [row]
        _put(connection, settings.c.guild, rows, [guild])

    def _favourites(self, connection: Connection, user: int) -> list[Track | Damaged]:
        body = cast(favourites.c.body, LargeBinary)
        newest_first = (
            select(body).where(favourites.c.user == user).order_by(favourites.c.id.desc())
        )
        return [_understood(tracks.decode, body) for body in connection.scalars(newest_first)]

    def _add_favourite(
        self, connection: Connection, user: int, track: Track, most: int
    ) -> bool | None:
        theirs = select(func.count()).select_from(favourites).where(favourites.c.user == user)
        if connection.scalar(theirs.where(favourites.c.track == _digest(track.name))):
            return False
        if (connection.scalar(theirs) or 0) >= most:
            return None
        row = {"user": user, "track": _digest(track.name), "body": tracks.encode(track)}
        connection.execute(insert(favourites), row)
        return True

    def _remove_favourite(self, connection: Connection, user: int, track: str) -> bool:
        theirs = delete(favourites).where(favourites.c.user == user)
        return connection.execute(theirs.where(favourites.c.track == _digest(track))).rowcount > 0


def _digest(track: str) -> str:
    return hashlib.sha256(track.encode("utf-8", "surrogatepass")).hexdigest()


def _understood(decode: Callable[[bytes], T], body: bytes) -> T | Damaged:
    try:
        return decode(body)
    except Damage as error:
        return Damaged(str(error))


def _put(
    connection: Connection,
    key: Column[Any],
    rows: list[dict[str, Any]],
    instead_of: Sequence[int | str],
) -> None:
    """Store `rows`, instead of those that have one of the keys `instead_of`.

    In these words both databases understand it alike.
    """
    if instead_of:
        old = delete(key.table).where(key == bindparam("old"))
        connection.execute(old, [{"old": value} for value in instead_of])
    if rows:
        connection.execute(insert(key.table), rows)


def _reason(error: Exception) -> str:
    """Return why, in the driver's first line: what follows it may quote rows."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    lines = str(cause).splitlines() or [""]
    return f"{type(cause).__name__}: {lines[0]}"
