import pytest

from seraphim.storage.address import database_url


@pytest.mark.parametrize(
    "value",
    [
        "postgresql+psycopg://seraphim:secret@db.example:5432/seraphim",
        "postgresql+psycopg://seraphim@localhost/seraphim?sslmode=require",
        "postgresql+psycopg:///seraphim?host=/run/postgresql",
    ],
)
def test_a_postgresql_address_is_taken_as_it_is(value: str) -> None:
    assert database_url(value) == value


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("", "must begin with postgresql"),
        ("secret", "must begin with postgresql"),
        ("sqlite:///secret.db", "must begin with postgresql"),
        ("postgresql://seraphim:secret@db/seraphim", "must begin with postgresql"),
        ("postgres://seraphim:secret@db/seraphim", "must begin with postgresql"),
        ("postgresql+psycopg://seraphim:secret@db", "names no database"),
        ("postgresql+psycopg://seraphim:secret@db/", "names no database"),
        ("postgresql+psycopg://seraphim:secret@db:port/seraphim", "is no address"),
        ("postgresql+psycopg://seraphim:secret@db:99999/seraphim", "is no address"),
        ("postgresql+psycopg://[secret/seraphim", "is no address"),
    ],
)
def test_anything_else_is_refused_with_the_reason_and_without_the_address(
    value: str, why: str
) -> None:
    with pytest.raises(ValueError, match=why) as refused:
        database_url(value)
    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None
