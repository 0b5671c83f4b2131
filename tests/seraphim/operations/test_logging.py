"""The log: one shape for everything, and no secret in it, whatever way it took."""

import io
import json
import logging
from collections.abc import Callable, Iterator

import pytest
import structlog

from seraphim.operations.logging import REDACTED, configure

SECRET = "MTIz.abc.very-secret"


@pytest.fixture(autouse=True)
def restore() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_ours_and_the_libraries_records_have_one_shape():
    stream = io.StringIO()
    configure(level="INFO", style="json", stream=stream)
    structlog.get_logger("actors").info("actor.started", actor="/root")
    logging.getLogger("hikari").warning("logged in as %s", "bot")
    ours, theirs = lines(stream)
    assert ours["event"] == "actor.started"
    assert ours["actor"] == "/root"
    assert theirs["event"] == "logged in as bot"
    for line in (ours, theirs):
        assert str(line["timestamp"]).endswith("Z")
        assert line["level"] in {"info", "warning"}


def raise_with(secret: str) -> None:
    raise RuntimeError(f"cannot log in with {secret}")


def by_message() -> None:
    logging.getLogger("anything").error("token %s", SECRET)


def by_field() -> None:
    structlog.get_logger().error("x", nested={"deep": [SECRET]})


def by_traceback() -> None:
    try:
        raise_with(SECRET)
    except RuntimeError:
        structlog.get_logger().exception("failed")


@pytest.mark.parametrize("log", [by_message, by_field, by_traceback])
@pytest.mark.parametrize("style", ["json", "console"])
def test_a_secret_is_cut_out_whatever_way_it_came(style: str, log: Callable[[], None]):
    stream = io.StringIO()
    configure(
        level="DEBUG",
        style="json" if style == "json" else "console",
        secrets=[SECRET, ""],
        stream=stream,
    )
    log()
    assert SECRET not in stream.getvalue()
    assert REDACTED in stream.getvalue()


def test_what_is_below_the_level_is_not_written():
    stream = io.StringIO()
    configure(level="WARNING", style="json", stream=stream)
    structlog.get_logger().info("quiet")
    logging.getLogger("x").info("quiet")
    assert stream.getvalue() == ""


def test_a_crash_is_one_line_with_its_stack():
    stream = io.StringIO()
    configure(level="INFO", style="json", stream=stream)
    by_traceback()
    (line,) = lines(stream)
    assert "raise_with" in str(line["exception"])
