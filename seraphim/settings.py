"""Settings: environment variables, `.env`, and `*_FILE` variants for secrets, checked together.

Everything is looked at before anything connects, and every mistake is named at once with its
remedy. `environment` reads the variables, pydantic checks them.
"""

import base64
import binascii
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from yarl import URL

from actors.rate_limiter.buckets import COMMANDS, WINDOW_MS
from seraphim.addresses import is_loopback
from seraphim.environment import SECRETS, variables
from seraphim.lavalink.address import NodeAddress
from seraphim.storage.address import database_url

DISCORD_API = "https://discord.com/api/v10"
# A Unix socket's address holds about a hundred bytes (unix(7)).
LONGEST_SOCKET_PATH = 100
ONLY_NODE = "main"
PRINTABLE = r"^[!-~]+$"
# A node's name stands in paths of actors, in keys of the store and in the log.
NODE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}", re.IGNORECASE)


class SettingsError(Exception):
    """The settings cannot work; `mistakes` names each, with what to do. It holds no secret."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


def _api_url(value: str) -> str:
    url = URL(value)
    local = url.host is not None and is_loopback(url.host)
    if url.scheme != "https" and not (url.scheme == "http" and local):
        raise ValueError("must be https, because the token is sent there")
    return value.rstrip("/")


def _hosts(value: object) -> object:
    if not isinstance(value, str):
        return value
    hosts = tuple(host.strip().lower() for host in value.split(",") if host.strip())
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


def _token(value: SecretStr) -> SecretStr:
    if _application_id(value.get_secret_value()) is None:
        raise ValueError("is not a bot's token")
    return value


def _printable(value: SecretStr) -> SecretStr:
    # It is sent in a header.
    if re.fullmatch(PRINTABLE, value.get_secret_value()) is None:
        raise ValueError("has spaces, or letters that no key has")
    return value


def _database_url(value: SecretStr) -> SecretStr:
    database_url(value.get_secret_value())
    return value


def _node_name(value: str) -> str:
    if NODE_NAME.fullmatch(value) is None:
        raise ValueError("must be 1 to 32 letters, digits, - and _")
    return value


def _node_host(value: str) -> str:
    host = value.removeprefix("[").removesuffix("]")
    # An IPv6 address has more than one colon.
    if not host or re.search(r"[/@\s\[\]]", host) or host.count(":") == 1:
        raise ValueError("must be a host alone, without scheme and port")
    return host


def _password(value: SecretStr) -> SecretStr:
    if not value.get_secret_value():
        raise ValueError("is empty")
    return value


def _clear(value: SecretStr | None) -> str | None:
    return None if value is None else value.get_secret_value()


class NodeSettings(BaseModel):
    """A Lavalink node. `regions` begin the names of the voice servers near it."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, extra="forbid")

    name: Annotated[str, AfterValidator(_node_name)]
    host: Annotated[str, AfterValidator(_node_host)]
    port: int = Field(2333, ge=1, le=65535)
    password: Annotated[SecretStr, AfterValidator(_password)]
    secure: bool = False
    regions: tuple[str, ...] = ()

    @property
    def address(self) -> NodeAddress:
        """Where it is."""
        return NodeAddress(self.host, self.port, self.password.get_secret_value(), self.secure)


_NODES = TypeAdapter(tuple[NodeSettings, ...])


def _nodes(value: object) -> object:
    """Return the nodes of a JSON list. What is wrong is said without what was given: passwords."""
    if not isinstance(value, str):
        return value
    try:
        given: object = json.loads(value)
    except (ValueError, RecursionError):
        raise ValueError("is not JSON") from None
    if not isinstance(given, list) or not given:
        raise ValueError("is no list of nodes")
    try:
        nodes = _NODES.validate_python(given)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False, include_context=False)
        named = (_node_problem(problem["loc"], problem["msg"]) for problem in problems)
        raise ValueError("; ".join(named)) from None
    names = [node.name.lower() for node in nodes]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"names two nodes alike: {', '.join(twice)}")
    return nodes


def _node_problem(place: tuple[int | str, ...], message: str) -> str:
    message = message.removeprefix("Value error, ")
    number = int(place[0]) + 1
    if len(place) == 1:
        return f"node {number} is no object"
    if message == "Field required":
        return f"node {number} has no {place[1]}"
    if message == "Extra inputs are not permitted":
        return f"node {number} has a {place[1]}, which means nothing"
    return f"the {place[1]} of node {number}: {message[0].lower()}{message[1:]}"


class Settings(BaseModel):
    """All that can be set. The aliases are the variables' names."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, populate_by_name=False)

    discord_token: Annotated[SecretStr, AfterValidator(_token)] = Field(
        alias="DISCORD_TOKEN",
        description="the token from the Bot page of your application in Discord's developer portal",
    )
    client_id: int | None = Field(
        None, alias="CLIENT_ID", description="your application's id; leave it out: the token has it"
    )
    discord_api_url: Annotated[str, AfterValidator(_api_url)] = Field(
        DISCORD_API,
        alias="DISCORD_API_URL",
        description="the root of Discord's REST API; https, or http on loopback",
    )
    lavalink_host: Annotated[str, AfterValidator(_node_host)] | None = Field(
        None,
        alias="LAVALINK_HOST",
        description="a Lavalink node's host; without one the embedded audio node runs",
    )
    lavalink_port: int = Field(
        2333, alias="LAVALINK_PORT", ge=1, le=65535, description="a port, 1 to 65535"
    )
    lavalink_password: SecretStr | None = Field(
        None,
        alias="LAVALINK_PASSWORD",
        description="the password in your Lavalink's application.yml",
    )
    lavalink_secure: bool = Field(
        False, alias="LAVALINK_SECURE", description="true if the node is reached over TLS"
    )
    database_url: Annotated[SecretStr, AfterValidator(_database_url)] | None = Field(
        None,
        alias="DATABASE_URL",
        description=(
            "a PostgreSQL database, postgresql+psycopg://user:password@host/name; leave it out for"
            " a file in DATA_DIR"
        ),
    )
    lavalink_nodes: Annotated[tuple[NodeSettings, ...], BeforeValidator(_nodes)] = Field(
        (),
        alias="LAVALINK_NODES",
        description=(
            "several Lavalink nodes instead of LAVALINK_HOST, as a JSON list of objects with name,"
            " host, port, password, secure and regions; name, host and password are needed"
        ),
    )
    data_dir: Path = Field(
        Path("./data"), alias="DATA_DIR", description="a folder that Seraphim may write to"
    )
    music_dir: Path | None = Field(
        None, alias="MUSIC_DIR", description="an existing folder with your own music"
    )
    trusted_media_hosts: Annotated[tuple[str, ...], BeforeValidator(_hosts)] = Field(
        (),
        alias="TRUSTED_MEDIA_HOSTS",
        description="your own media servers, host or host:port, separated by commas",
    )
    spotify_client_id: str | None = Field(
        None,
        alias="SPOTIFY_CLIENT_ID",
        pattern=PRINTABLE,
        description="the client id of your application in Spotify's developer dashboard",
    )
    spotify_client_secret: Annotated[SecretStr, AfterValidator(_printable)] | None = Field(
        None,
        alias="SPOTIFY_CLIENT_SECRET",
        description="the client secret of your application in Spotify's developer dashboard",
    )
    apple_music_token: Annotated[SecretStr, AfterValidator(_printable)] | None = Field(
        None,
        alias="APPLE_MUSIC_TOKEN",
        description="a developer token for Apple Music's API",
    )
    default_volume: int = Field(
        50, alias="DEFAULT_VOLUME", ge=0, le=100, description="a number from 0 to 100"
    )
    rate_limit_commands: int = Field(
        COMMANDS,
        alias="RATE_LIMIT_COMMANDS",
        ge=1,
        le=10_000,
        description="how many commands and buttons one person may use at once, 1 to 10000",
    )
    rate_limit_window_seconds: float = Field(
        WINDOW_MS / 1000,
        alias="RATE_LIMIT_WINDOW_SECONDS",
        ge=1,
        le=3600,
        description="in how many seconds they may use as many again, 1 to 3600",
    )
    environment: Literal["production", "development"] = Field(
        "production", alias="ENVIRONMENT", description="production or development"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] | None = Field(
        None, alias="LOG_LEVEL", description="DEBUG, INFO, WARNING or ERROR"
    )
    log_format: Literal["json", "console"] | None = Field(
        None, alias="LOG_FORMAT", description="json or console"
    )
    log_file: Path | None = Field(
        None,
        alias="LOG_FILE",
        description="a file for the log, such as data/seraphim.log; a new one at 10 MB, for 7 days",
    )
    health_interval_seconds: float = Field(
        300.0,
        alias="HEALTH_INTERVAL_SECONDS",
        ge=1,
        le=86_400,
        description="seconds, 1 to 86400",
    )
    http_host: Annotated[str, AfterValidator(_node_host)] = Field(
        "127.0.0.1",
        alias="HTTP_HOST",
        description="the address to listen on for whoever watches: 127.0.0.1, or 0.0.0.0 for all",
    )
    http_port: int = Field(
        8080, alias="HTTP_PORT", ge=0, le=65535, description="a port, 0 to 65535; 0 is any free one"
    )
    http_token: Annotated[SecretStr, AfterValidator(_printable)] | None = Field(
        None,
        alias="HTTP_TOKEN",
        description="a long random word that whoever watches has to show, without spaces",
    )
    shutdown_timeout_seconds: float = Field(
        20.0,
        alias="SHUTDOWN_TIMEOUT_SECONDS",
        gt=0,
        le=600,
        description="seconds, more than 0, at most 600",
    )

    @property
    def token(self) -> str:
        """The token in the clear: hand it on, never keep or log it."""
        return self.discord_token.get_secret_value()

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
        secrets = [value.get_secret_value() for value in values if value is not None]
        if self.database_url is not None:
            password = URL(self.database_url.get_secret_value()).password
            secrets += [password] if password else []
        return tuple(secrets)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
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
        if mistakes:
            raise ValueError("\n".join(mistakes))
        return self


def load(environ: Mapping[str, str] = os.environ, dotenv: Path | None = None) -> Settings:
    """Return the settings. Raises `SettingsError` with every mistake that they have."""
    values, mistakes = variables(environ, dotenv)
    unreadable = {name for name in SECRETS if values.get(name) == ""}
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        mistakes += [
            line
            for problem in error.errors(include_url=False, include_input=False)
            for line in _explain(str(problem["loc"][0]) if problem["loc"] else "", problem["msg"])
            if not (problem["loc"] and problem["loc"][0] in unreadable)
        ]
        raise SettingsError(mistakes) from None
    if mistakes:
        raise SettingsError(mistakes)
    return settings


def _explain(name: str, message: str) -> list[str]:
    message = message.removeprefix("Value error, ")
    if not name:
        return message.splitlines()
    wanted = {field.alias: field.description for field in Settings.model_fields.values()}.get(name)
    problem = "is missing" if message == "Field required" else message[0].lower() + message[1:]
    return [f"{name} {problem}. It wants: {wanted}."]
