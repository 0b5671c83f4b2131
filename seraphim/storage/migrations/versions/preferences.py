"""What guilds have chosen, and people's favourites."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create them."""
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    # Only of guilds that have chosen something.
    op.create_table(
        "settings",
        sa.Column("guild", key, primary_key=True, autoincrement=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "favourites",
        # The newest has the highest.
        sa.Column("id", key, primary_key=True),
        sa.Column("user", sa.BigInteger, nullable=False),
        # The SHA-256 of the track's name, which may be longer than what an index takes.
        sa.Column("track", sa.String(64), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("user", "track", name="one_favourite_a_track"),
    )


def downgrade() -> None:
    """Drop them, with all that is in them."""
    op.drop_table("favourites")
    op.drop_table("settings")
