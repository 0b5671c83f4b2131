"""Settings: environment variables, `.env`, and `*_FILE` variants for secrets, checked together.

Everything is looked at before anything connects, and every mistake is named at once with its
remedy. `environment` says where a value comes from, `values` what it may be; what they mean
together is checked here. A library for this would take 8 MB for as long as the bot runs.
"""

import base64
import binascii
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

from yarl import URL

from actors.rate_limiter.buckets import COMMANDS, WINDOW_MS
from seraphim.addresses import is_loopback
from seraphim.environment import SECRETS, variables
from seraphim.lavalink.address import NodeAddress
from seraphim.storage.address import database_url
from seraphim.values import (
    Secret,
    entries,
    entry,
    flag,
    number,
    one_of,
    path,
    printable,
    printable_secret,
    read,
    secret,
    text,
    texts,
)

DISCORD_API = "https://discord.com/api/v10"
# A Unix socket's address holds about a hundred bytes (unix(7)).
LONGEST_SOCKET_PATH = 100
ONLY_NODE = "main"
# A node's name stands in paths of actors, in keys of the store and in the log.
NODE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}", re.IGNORECASE)


class SettingsError(Exception):
    """The settings cannot work; `mistakes` names each, with what to do. It holds no secret."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


def _api_url(given: object) -> str:
    value = text(given)
    url = URL(value)
    local = url.host is not None and is_loopback(url.host)
    if url.scheme != "https" and not (url.scheme == "http" and local):
        raise ValueError("must be https, because the token is sent there")
    return value.rstrip("/")


def _hosts(given: object) -> tuple[str, ...]:
    hosts = tuple(host.strip().lower() for host in text(given).split(",") if host.strip())
    for host in hosts:
        try:
            plain = URL(f"http://{host}").raw_authority == host and "@" not in host
        except ValueError:
            plain = False
        if not plain:
            raise ValueError(f"{host!r} is neither a host nor host:port")
    return hosts


def _application_id(token: str) -> int | None:
    """Return the id of the application that a token begins with, None if it is no token."""
    first, _, rest = token.partition(".")
    if rest.count(".") != 1:
        return None
    try:
        return int(base64.b64decode(first + "=" * (-len(first) % 4), validate=True))
    except (binascii.Error, ValueError):
        return None


def _token(given: object) -> Secret:
    if _application_id(text(given)) is None:
        raise ValueError("is not a bot's token")
    return secret(given)


def _database_url(given: object) -> Secret:
    return Secret(database_url(text(given)))


def _node_name(given: object) -> str:
    if NODE_NAME.fullmatch(text(given)) is None:
        raise ValueError("must be 1 to 32 letters, digits, - and _")
    return text(given)


def _host(given: object) -> str:
    host = "" if given == "" else text(given).removeprefix("[").removesuffix("]")
    # An IPv6 address has more than one colon.
    if not host or re.search(r"[/@\s\[\]]", host) or host.count(":") == 1:
        raise ValueError("must be a host alone, without scheme and port")
    return host


def _clear(value: Secret | None) -> str | None:
    return None if value is None else value.reveal()


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSettings:
    """A Lavalink node. `regions` begin the names of the voice servers near it."""

    name: str = field(metadata=entry("name", _node_name))
    host: str = field(metadata=entry("host", _host))
    port: int = field(default=2333, metadata=entry("port", number(1, 65535)))
    password: Secret = field(metadata=entry("password", secret))
    secure: bool = field(default=False, metadata=entry("secure", flag))
    regions: tuple[str, ...] = field(default=(), metadata=entry("regions", texts))

    @property
    def address(self) -> NodeAddress:
        """Where it is."""
        return NodeAddress(self.host, self.port, self.password.reveal(), self.secure)


def _nodes(given: object) -> tuple[NodeSettings, ...]:
    """Return the nodes of a JSON list. What is wrong is said without what was given: passwords."""
    try:
        listed: object = json.loads(text(given))
    except (ValueError, RecursionError):
        raise ValueError("is not JSON") from None
    if not isinstance(listed, list) or not listed:
        raise ValueError("is no list of nodes")
    nodes: list[NodeSettings] = []
    problems: list[str] = []
    for place, described in enumerate(cast("list[object]", listed), 1):
        if not isinstance(described, dict):
            problems.append(f"node {place} is no object")
            continue
        fields = cast("dict[str, object]", described)
        values, wrong = read(NodeSettings, fields)
        problems += _problems(place, fields, wrong)
        if not wrong:
            nodes.append(NodeSettings(**values))
    if problems:
        raise ValueError("; ".join(problems))
    names = [node.name.lower() for node in nodes]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"names two nodes alike: {', '.join(twice)}")
    return tuple(nodes)


def _problems(place: int, node: Mapping[str, object], wrong: Mapping[str, str]) -> Iterator[str]:
    for name, problem in wrong.items():
        if name in node:
            yield f"the {name} of node {place} {problem}"
        else:
            yield f"node {place} has no {name}"
    known = {name for _, name, _ in entries(NodeSettings)}
    for name in node:
        if name not in known:
            yield f"node {place} has a {name}, which means nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that can be set, each under its variable's name."""

    discord_token: Secret = field(
        metadata=entry(
            "DISCORD_TOKEN",
            _token,
            "the token from the Bot page of your application in Discord's developer portal",
        )
    )
    client_id: int | None = field(
        default=None,
        metadata=entry(
            "CLIENT_ID",
            number(0, 2**63 - 1),
            "your application's id; leave it out: the token has it",
        ),
    )
    discord_api_url: str = field(
        default=DISCORD_API,
        metadata=entry(
            "DISCORD_API_URL",
            _api_url,
            "the root of Discord's REST API; https, or http on loopback",
        ),
    )
    lavalink_host: str | None = field(
        default=None,
        metadata=entry(
            "LAVALINK_HOST",
            _host,
            "a Lavalink node's host; without one the embedded audio node runs",
        ),
    )
    lavalink_port: int = field(
        default=2333, metadata=entry("LAVALINK_PORT", number(1, 65535), "a port, 1 to 65535")
    )
    lavalink_password: Secret | None = field(
        default=None,
        metadata=entry(
            "LAVALINK_PASSWORD", secret, "the password in your Lavalink's application.yml"
        ),
    )
    lavalink_secure: bool = field(
        default=False,
        metadata=entry("LAVALINK_SECURE", flag, "true if the node is reached over TLS"),
    )
    database_url: Secret | None = field(
        default=None,
        metadata=entry(
            "DATABASE_URL",
            _database_url,
            "a PostgreSQL database, postgresql+psycopg://user:password@host/name; leave it out for"
            " a file in DATA_DIR",
        ),
    )
    lavalink_nodes: tuple[NodeSettings, ...] = field(
        default=(),
        metadata=entry(
            "LAVALINK_NODES",
            _nodes,
            "several Lavalink nodes instead of LAVALINK_HOST, as a JSON list of objects with name,"
            " host, port, password, secure and regions; name, host and password are needed",
        ),
    )
    data_dir: Path = field(
        default=Path("./data"),
        metadata=entry("DATA_DIR", path, "a folder that Seraphim may write to"),
    )
    music_dir: Path | None = field(
        default=None, metadata=entry("MUSIC_DIR", path, "an existing folder with your own music")
    )
    trusted_media_hosts: tuple[str, ...] = field(
        default=(),
        metadata=entry(
            "TRUSTED_MEDIA_HOSTS",
            _hosts,
            "your own media servers, host or host:port, separated by commas",
        ),
    )
    spotify_client_id: str | None = field(
        default=None,
        metadata=entry(
            "SPOTIFY_CLIENT_ID",
            printable,
            "the client id of your application in Spotify's developer dashboard",
        ),
    )
    spotify_client_secret: Secret | None = field(
        default=None,
        metadata=entry(
            "SPOTIFY_CLIENT_SECRET",
            printable_secret,
            "the client secret of your application in Spotify's developer dashboard",
        ),
    )
    apple_music_token: Secret | None = field(
        default=None,
        metadata=entry(
            "APPLE_MUSIC_TOKEN", printable_secret, "a developer token for Apple Music's API"
        ),
    )
    default_volume: int = field(
        default=50, metadata=entry("DEFAULT_VOLUME", number(0, 100), "a number from 0 to 100")
    )
    rate_limit_commands: int = field(
        default=COMMANDS,
        metadata=entry(
            "RATE_LIMIT_COMMANDS",
            number(1, 10_000),
            "how many commands and buttons one person may use at once, 1 to 10000",
        ),
    )
    rate_limit_window_seconds: float = field(
        default=WINDOW_MS / 1000,
        metadata=entry(
            "RATE_LIMIT_WINDOW_SECONDS",
            number(1, 3600, float),
            "in how many seconds they may use as many again, 1 to 3600",
        ),
    )
    environment: Literal["production", "development"] = field(
        default="production",
        metadata=entry(
            "ENVIRONMENT", one_of("production", "development"), "production or development"
        ),
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] | None = field(
        default=None,
        metadata=entry(
            "LOG_LEVEL",
            one_of("DEBUG", "INFO", "WARNING", "ERROR"),
            "DEBUG, INFO, WARNING or ERROR",
        ),
    )
    log_format: Literal["json", "console"] | None = field(
        default=None, metadata=entry("LOG_FORMAT", one_of("json", "console"), "json or console")
    )
    log_file: Path | None = field(
        default=None,
        metadata=entry(
            "LOG_FILE",
            path,
            "a file for the log, such as data/seraphim.log; a new one at 10 MB, for 7 days",
        ),
    )
    health_interval_seconds: float = field(
        default=300.0,
        metadata=entry("HEALTH_INTERVAL_SECONDS", number(1, 86_400, float), "seconds, 1 to 86400"),
    )
    http_host: str = field(
        default="127.0.0.1",
        metadata=entry(
            "HTTP_HOST",
            _host,
            "the address to listen on for whoever watches: 127.0.0.1, or 0.0.0.0 for all",
        ),
    )
    http_port: int = field(
        default=8080,
        metadata=entry("HTTP_PORT", number(0, 65535), "a port, 0 to 65535; 0 is any free one"),
    )
    http_token: Secret | None = field(
        default=None,
        metadata=entry(
            "HTTP_TOKEN",
            printable_secret,
            "a long random word that whoever watches has to show, without spaces",
        ),
    )
    shutdown_timeout_seconds: float = field(
        default=20.0,
        metadata=entry(
            "SHUTDOWN_TIMEOUT_SECONDS",
            number(0.001, 600, float),
            "seconds, more than 0, at most 600",
        ),
    )

    @property
    def token(self) -> str:
        """The token in the clear: hand it on, never keep or log it."""
        return self.discord_token.reveal()

    @property
    def application_id(self) -> int:
        """The application's id."""
        application = _application_id(self.token)
        assert application is not None
        return application

    @property
    def talks_to_loopback(self) -> bool:
        """Whether the Discord that is used runs on this machine, as the sandbox does."""
        return is_loopback(URL(self.discord_api_url).host or "")

    @property
    def nodes(self) -> tuple[NodeSettings, ...]:
        """The Lavalink nodes; none: the embedded audio node is to run."""
        if self.lavalink_host is None or self.lavalink_password is None:
            return self.lavalink_nodes
        return (
            NodeSettings(
                name=ONLY_NODE,
                host=self.lavalink_host,
                port=self.lavalink_port,
                password=self.lavalink_password,
                secure=self.lavalink_secure,
            ),
        )

    @property
    def service_keys(self) -> dict[str, str]:
        """What opens music services, by variable, in the clear: for the embedded node alone."""
        keys = {
            "SPOTIFY_CLIENT_ID": self.spotify_client_id,
            "SPOTIFY_CLIENT_SECRET": _clear(self.spotify_client_secret),
            "APPLE_MUSIC_TOKEN": _clear(self.apple_music_token),
        }
        return {name: key for name, key in keys.items() if key is not None}

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret, for the log to leave out."""
        values = (
            self.discord_token,
            self.lavalink_password,
            *(node.password for node in self.lavalink_nodes),
            self.database_url,
            self.spotify_client_secret,
            self.apple_music_token,
            self.http_token,
        )
        secrets = [value.reveal() for value in values if value is not None]
        if self.database_url is not None:
            password = URL(self.database_url.reveal()).password
            secrets += [password] if password else []
        return tuple(secrets)

    def contradictions(self) -> list[str]:
        """Return what cannot be together, each with what to do."""
        mistakes: list[str] = []
        if self.client_id is not None and self.client_id != self.application_id:
            mistakes.append("CLIENT_ID contradicts the token: leave it out.")
        if self.lavalink_host is not None and self.lavalink_password is None:
            mistakes.append(
                "LAVALINK_PASSWORD is missing: set it to the password in your Lavalink's"
                " application.yml, or leave LAVALINK_HOST out to use the embedded audio node."
            )
        if self.lavalink_host is not None and self.lavalink_nodes:
            mistakes.append(
                "LAVALINK_HOST and LAVALINK_NODES are both set: leave LAVALINK_HOST out, and let"
                " its node be one of LAVALINK_NODES."
            )
        if (self.spotify_client_id is None) is not (self.spotify_client_secret is None):
            mistakes.append("SPOTIFY_CLIENT_ID and SPOTIFY_CLIENT_SECRET: set both, or neither.")
        if self.http_token is None and not is_loopback(self.http_host):
            mistakes.append(
                f"HTTP_TOKEN is missing: with HTTP_HOST {self.http_host} others can reach it. Set"
                " it to a long random word, or leave HTTP_HOST out to be reached from this machine"
                " alone."
            )
        if self.music_dir is not None and not self.music_dir.is_dir():
            mistakes.append(f"MUSIC_DIR: there is no folder {self.music_dir}.")
        if self.log_file is not None and self.log_file.is_dir():
            mistakes.append(f"LOG_FILE: {self.log_file} is a folder.")
        if self.data_dir.exists() and not self.data_dir.is_dir():
            mistakes.append(f"DATA_DIR: {self.data_dir} is not a folder.")
        if len(os.fsencode(self.data_dir.absolute() / "operator.sock")) > LONGEST_SOCKET_PATH:
            mistakes.append("DATA_DIR: the path is too long for a socket; choose a shorter one.")
        return mistakes


def load(environ: Mapping[str, str] = os.environ, dotenv: Path | None = None) -> Settings:
    """Return the settings. Raises `SettingsError` with every mistake that they have."""
    given, mistakes = variables(environ, dotenv)
    unreadable = {name for name in SECRETS if given.get(name) == ""}
    values, wrong = read(Settings, given)
    wants = {name: wanted for _, name, wanted in entries(Settings)}
    mistakes += [
        f"{name} {problem}. It wants: {wants[name]}."
        for name, problem in wrong.items()
        if name not in unreadable
    ]
    if mistakes:
        raise SettingsError(mistakes)
    settings = Settings(**values)
    if contradictions := settings.contradictions():
        raise SettingsError(contradictions)
    return settings
