"""Databases: a SQLite file each; where TEST_DATABASE_URL names a PostgreSQL, a schema each too."""

import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sqlalchemy import Engine, NullPool, create_engine, text

from seraphim.storage.database import FILE, Database, database

POSTGRESQL = os.environ.get("TEST_DATABASE_URL")


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param(
            "postgresql",
            marks=pytest.mark.skipif(POSTGRESQL is None, reason="TEST_DATABASE_URL is not set"),
        ),
    ]
)
def url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """What DATABASE_URL is; the database behind it is empty."""
    if request.param == "sqlite":
        yield None
        return
    assert POSTGRESQL is not None
    schema = f"seraphim_{secrets.token_hex(8)}"
    engine = create_engine(POSTGRESQL, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
        name = connection.scalar(text("SELECT current_user"))
        connection.execute(text(f"CREATE ROLE {schema} LOGIN SUPERUSER PASSWORD 'x'"))
        connection.execute(text(f"ALTER ROLE {schema} SET search_path = {schema}"))
    assert name
    yield engine.url.set(username=schema, password="x").render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = :name"),
            {"name": schema},
        )
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
        connection.execute(text(f"DROP ROLE {schema}"))
    engine.dispose()


@pytest.fixture
async def process(
    tmp_path: Path, url: str | None, anyio_backend: object
) -> AsyncIterator[Callable[[], Database]]:
    """Make the database of a new process; all of them are the same database."""
    async with AsyncExitStack() as closing:

        def start() -> Database:
            made = database(tmp_path, url)
            closing.push_async_callback(made.close)
            return made

        yield start


@pytest.fixture
def outside(tmp_path: Path, url: str | None) -> Engine:
    """A way into the same database past Seraphim. Nothing is kept open."""
    return create_engine(url or f"sqlite:///{tmp_path / FILE}", poolclass=NullPool)
