"""Snapshots, those that were set aside, notes, and the lives of processes."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create them."""
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "snapshots",
        sa.Column("guild", key, primary_key=True, autoincrement=False),
        sa.Column("home", sa.BigInteger, nullable=True),
        sa.Column("life", sa.String(16), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "set_aside",
        sa.Column("id", key, primary_key=True),
        sa.Column("guild", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "notes",
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("value", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "lives",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("alive_at", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("lives", "notes", "set_aside", "snapshots"):
        op.drop_table(table)
