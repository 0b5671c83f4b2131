"""No secret stands in the log: every one of them, by every way, at every level, in both styles."""

import base64
import io
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

from seraphim.operations.logging import REDACTED, configure
from seraphim.settings import load

NAME = base64.b64encode(b"1234567890123456789").decode().rstrip("=")
TOKEN = f"{NAME}.Gabcde.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
OURS = {
    "DISCORD_TOKEN": TOKEN,
    "LAVALINK_PASSWORD": "pass \"word\" \\ with 'all' ü in it",
    "DATABASE_URL": "postgresql+psycopg://seraphim:over%20there@db/seraphim",
    "SPOTIFY_CLIENT_ID": "an-id",
    "SPOTIFY_CLIENT_SECRET": "s0me/secret+of=spotify",
    "APPLE_MUSIC_TOKEN": "apple.jwt-token.x",
    "HTTP_TOKEN": 'watch\\me"now',
    "LAVALINK_HOST": "node",
}
SECRETS = load(OURS).secrets
LEVELS = ("debug", "info", "warning", "error", "critical")


@pytest.fixture(autouse=True)
def restore() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


class Shown:
    def __init__(self, secret: str) -> None:
        self.secret = secret

    def __repr__(self) -> str:
        return f"Shown({self.secret!r})"


def fail(secret: str) -> None:
    held = {"in a local": secret}
    raise RuntimeError(f"cannot use {held}")


def event(secret: str, level: str) -> None:
    getattr(structlog.get_logger(), level)(f"with {secret} in it")


def values(secret: str, level: str) -> None:
    getattr(structlog.get_logger(), level)(
        "x", plain=secret, shown=Shown(secret), raw=secret.encode(), path=Path("/x") / secret
    )


def nested(secret: str, level: str) -> None:
    deep = {"list": [{secret: (secret, {secret}, Shown(secret))}], "json": json.dumps([secret])}
    getattr(structlog.get_logger(), level)("x", deep=deep)


def names(secret: str, level: str) -> None:
    getattr(structlog.get_logger(), level)("x", **{secret: 1})


def context(secret: str, level: str) -> None:
    with structlog.contextvars.bound_contextvars(user=secret):
        getattr(structlog.get_logger(), level)("x")


def exception(secret: str, level: str) -> None:
    try:
        fail(secret)
    except RuntimeError as error:
        error.add_note(f"noted {secret}")
        getattr(structlog.get_logger(), level)("failed", exc_info=True, error=repr(error))


def stack(secret: str, level: str) -> None:
    getattr(structlog.get_logger(), level)("x", stack=f"File {secret}", stack_info=True)


def library(secret: str, level: str) -> None:
    getattr(logging.getLogger("theirs"), level)("%s and %r", secret, {"k": Shown(secret)})


def library_exception(secret: str, level: str) -> None:
    try:
        fail(secret)
    except RuntimeError:
        getattr(logging.getLogger("theirs"), level)("failed", exc_info=True, stack_info=True)


WAYS = (event, values, nested, names, context, exception, stack, library, library_exception)


def written(way: Callable[[str, str], None], secret: str, level: str, style: str, to: Path) -> str:
    stream = io.StringIO()
    journal = configure(
        level="DEBUG",
        style="json" if style == "json" else "console",
        secrets=SECRETS,
        stream=stream,
        file=to / "log",
    )
    way(secret, level)
    assert journal.last, "it was logged"
    for line in journal.last:
        json.loads(line)
    return stream.getvalue() + "\n".join(journal.last) + (to / "log").read_text()


def forms(secret: str) -> set[str]:
    return {secret, json.dumps(secret)[1:-1], repr(secret)[1:-1], ascii(secret)[1:-1]}


@pytest.mark.parametrize("style", ["json", "console"])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_none_of_ours_is_written(way: Callable[[str, str], None], style: str, tmp_path: Path):
    for number, secret in enumerate(SECRETS):
        for level in LEVELS:
            text = written(way, secret, level, style, tmp_path)
            assert not [form for form in forms(secret) if form in text], (number, level)
            assert REDACTED in text


def test_every_secret_setting_is_one():
    clear = {name for name in OURS if name in ("SPOTIFY_CLIENT_ID", "LAVALINK_HOST")}
    assert {OURS[name] for name in OURS.keys() - clear} <= set(SECRETS)
    assert "over there" in SECRETS or "over%20there" in SECRETS


OTHERS = (
    ("a bot {}", TOKEN.replace("a", "b")),
    ("POST /webhooks/123456789012345678/{}/messages/@original", "aW50ZXJhY3Rpb246" + "x" * 40),
    ("POST https://discord.com/api/v10/interactions/1234567/{}/callback", "abcdefgh12345678"),
    ("headers {{'Authorization': '{}'}}", "youshallpass"),
    ('{{"authorization": "Bot {}"}}', "something-else"),
    ("Authorization: Bearer {}", "abc.def-ghi"),
    ("voice {{'token': '{}', 'guild_id': '1'}}", "0123456789abcdef"),
    ('{{\\"token\\": \\"{}\\"}}', "0123456789abcdef"),
    ("VoiceServerUpdate(token='{}', endpoint='x')", "0123456789abcdef"),
    ("voice session_id={}", "0123456789abcdef0123456789abcdef"),
    ("redis://user:{}@host/1", "hunter2"),
)


@pytest.mark.parametrize("style", ["json", "console"])
@pytest.mark.parametrize("way", [event, nested, exception, library], ids=lambda way: way.__name__)
@pytest.mark.parametrize(("shape", "secret"), OTHERS)
def test_what_looks_like_a_secret_is_not_written(
    shape: str, secret: str, way: Callable[[str, str], None], style: str, tmp_path: Path
):
    assert secret not in written(way, shape.format(secret), "error", style, tmp_path)


@pytest.mark.parametrize("name", ["token", "authorization", "session_id", "password", "Cookie"])
def test_what_stands_in_a_field_that_is_called_so_is_not_written(name: str, tmp_path: Path):
    def field(secret: str, level: str) -> None:
        getattr(structlog.get_logger(), level)("x", deep=[{name: secret}], **{name: secret})

    assert "zzz" not in written(field, "zzz", "info", "json", tmp_path)


@pytest.mark.parametrize("secret", ["1", "e", '"', "null", "info"])
def test_a_short_secret_does_not_break_the_line(secret: str):
    stream = io.StringIO()
    configure(level="INFO", style="json", secrets=[secret], stream=stream)
    structlog.get_logger().info("started", incarnation=1, none=None)
    assert isinstance(json.loads(stream.getvalue()), dict)


@pytest.mark.parametrize(
    "said",
    ["actor.started", "/play by 1574456171618631686", "DISCORD_TOKEN is missing", "basic training"],
)
def test_what_is_no_secret_stays(said: str, tmp_path: Path):
    assert said in written(event, said, "info", "json", tmp_path)
