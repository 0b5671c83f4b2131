"""What Alembic runs: the migrations, in the transaction that it was given."""

from typing import cast

from alembic import context
from sqlalchemy import Connection

context.configure(connection=cast("Connection", context.config.attributes["connection"]))
context.run_migrations()
