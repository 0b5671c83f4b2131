"""Snapshots, those that were set aside, notes, and the lives of processes.

Contents are bytes: a database that checks or converts texts (PostgreSQL refuses some, SQLite gives
back what nobody can decode) would turn one damaged row into a failure of all that are read.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create them."""
    # In SQLite only a key of exactly this type is the row's own number.
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "snapshots",
        sa.Column("guild", key, primary_key=True, autoincrement=False),
        # The voice channel that the bot comes back to by itself.
        sa.Column("home", sa.BigInteger, nullable=True),
        # Which process saved it.
        sa.Column("life", sa.String(16), nullable=False),
        # Last, so that SQLite need not read it for the others.
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "set_aside",
        sa.Column("id", key, primary_key=True),
        sa.Column("guild", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        # Milliseconds since the epoch.
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "notes",
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("value", sa.LargeBinary, nullable=False),
    )
    # The processes that have saved something, and when each was last alive.
    op.create_table(
        "lives",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("alive_at", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("lives", "notes", "set_aside", "snapshots"):
        op.drop_table(table)
