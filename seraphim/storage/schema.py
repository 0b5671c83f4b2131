"""The tables, as the newest migration leaves them.

Contents are bytes: a database that checks or converts texts (PostgreSQL refuses some, SQLite gives
back what nobody can decode) would turn one damaged row into a failure of all that are read.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

REVISION = "0002"
"""The newest migration: a database that has it needs no other."""

# In SQLite only a key of exactly this type is the row's own number.
Key = BigInteger().with_variant(Integer(), "sqlite")

metadata = MetaData()

snapshots = Table(
    "snapshots",
    metadata,
    Column("guild", Key, primary_key=True, autoincrement=False),
    # The voice channel that the bot comes back to by itself.
    Column("home", BigInteger, nullable=True),
    # Which process saved it.
    Column("life", String(16), nullable=False),
    # Last, so that SQLite need not read it for the others.
    Column("body", LargeBinary, nullable=False),
)

set_aside = Table(
    "set_aside",
    metadata,
    Column("id", Key, primary_key=True),
    Column("guild", BigInteger, nullable=False),
    Column("reason", String, nullable=False),
    # Milliseconds since the epoch.
    Column("at", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

notes = Table(
    "notes",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

# Only of guilds that have chosen something.
settings = Table(
    "settings",
    metadata,
    Column("guild", Key, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
)

favourites = Table(
    "favourites",
    metadata,
    # The newest has the highest.
    Column("id", Key, primary_key=True),
    Column("user", BigInteger, nullable=False),
    # The SHA-256 of the track's name, which may be longer than what an index takes.
    Column("track", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("user", "track", name="one_favourite_a_track"),
)

# The processes that have saved something, and when each was last alive.
lives = Table(
    "lives",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("alive_at", BigInteger, nullable=False),
)
