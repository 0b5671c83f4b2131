"""What DATABASE_URL may be. Imports no database, so that settings can be checked without one."""

from yarl import URL

SCHEME = "postgresql+psycopg"
"""As SQLAlchemy, which migrates, wants it."""
DRIVER = "postgresql"
"""As psycopg itself does."""


def database_url(value: str) -> str:
    """Return `value` if it names a PostgreSQL database.

    Raises
    ------
    ValueError
        It does not. What is wrong is said without the address: it may hold a password.
    """
    try:
        url = URL(value)
        port = url.explicit_port
    except ValueError:
        raise ValueError("is no address") from None
    if url.scheme != SCHEME:
        raise ValueError(f"must begin with {SCHEME}://")
    if port == 0 or not url.path.strip("/"):
        raise ValueError("names no database")
    return value
