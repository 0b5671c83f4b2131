"""What a node is told when it is started."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from seraphim.audio_node.decoder.address_guard import TrustedHosts
from seraphim.audio_node.instance import fingerprints
from seraphim.audio_node.sources.catalogues import CatalogueKeys
from seraphim.audio_node.sources.spotify import SpotifyCredentials
from seraphim.environment import SERVICE_SECRETS, variables

LAVALINK_PORT: Final = 2333
LARGEST_PORT: Final = 65_535
ALONE_SECONDS: Final = 60.0
STUCK_MS: Final = 10_000


class WrongOptions(ValueError):
    """A node cannot be started like this; `mistakes` names each, with what to do. No secrets."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeOptions:
    """How a node is to be run.

    Parameters
    ----------
    data_dir
        Where the instance file is kept.
    host
        What to listen on.
    port
        0 for the port of the instance file, or any free one when that is taken.
    password
        What clients must know. None for the instance file's, or a new one.
    music_dir
        The music folder that is searched as the source `library`.
    trusted_media_hosts
        `host` or `host:port`, separated by commas: whose private addresses may be played from.
    catalogue_keys
        What opens the APIs of Spotify and Apple Music.
    exit_when_alone_seconds
        The node ends itself when no client was there for so long. None for never.
    stuck_ms
        How long a track may stand still before that is told.
    settings
        `fingerprints` of what it was started with, for the instance file.
    """

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 0
    password: str | None = field(default=None, repr=False)
    music_dir: Path | None = None
    trusted_media_hosts: str = ""
    catalogue_keys: CatalogueKeys = field(default_factory=CatalogueKeys)
    exit_when_alone_seconds: float | None = None
    stuck_ms: int = STUCK_MS
    settings: Mapping[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def embedded(cls, environ: Mapping[str, str]) -> Self:
        """Read what the bot hands over to the node that belongs to it. Raises `WrongOptions`.

        It listens where the last one did or anywhere on loopback, and ends a minute after its last
        client. The bot has checked the settings; `.env` is the bot's to read.
        """
        mistakes: list[str] = []
        options = cls(
            data_dir=_data_dir(environ),
            music_dir=_music_dir(environ),
            trusted_media_hosts=_hosts(environ, mistakes),
            catalogue_keys=_catalogue_keys(environ, mistakes),
            exit_when_alone_seconds=ALONE_SECONDS,
            settings=fingerprints(environ),
        )
        if mistakes:
            raise WrongOptions(mistakes)
        return options

    @classmethod
    def standalone(cls, environ: Mapping[str, str], dotenv: Path | None = None) -> Self:
        """Read the settings of a node of its own. Raises `WrongOptions` with every mistake."""
        values, mistakes = variables(
            environ, dotenv, secrets=("LAVALINK_PASSWORD", *SERVICE_SECRETS)
        )
        if "LAVALINK_PASSWORD" not in values:
            mistakes.append(
                "LAVALINK_PASSWORD is missing: choose one, and set it here and for the bots that"
                " use this node."
            )
        data_dir, music_dir = _data_dir(values), _music_dir(values)
        if data_dir.exists() and not data_dir.is_dir():
            mistakes.append(f"DATA_DIR: {data_dir} is not a folder.")
        if music_dir is not None and not music_dir.is_dir():
            mistakes.append(f"MUSIC_DIR: there is no folder {music_dir}.")
        options = cls(
            data_dir=data_dir,
            host=values.get("LAVALINK_HOST", "127.0.0.1"),
            port=_port(values, mistakes),
            password=values.get("LAVALINK_PASSWORD"),
            music_dir=music_dir,
            trusted_media_hosts=_hosts(values, mistakes),
            catalogue_keys=_catalogue_keys(values, mistakes),
        )
        if mistakes:
            raise WrongOptions(mistakes)
        return options


def _data_dir(values: Mapping[str, str]) -> Path:
    return Path(values.get("DATA_DIR") or "data")


def _music_dir(values: Mapping[str, str]) -> Path | None:
    music_dir = values.get("MUSIC_DIR")
    return Path(music_dir) if music_dir else None


def _hosts(values: Mapping[str, str], mistakes: list[str]) -> str:
    hosts = values.get("TRUSTED_MEDIA_HOSTS", "")
    try:
        TrustedHosts(hosts)
    except ValueError as error:
        mistakes.append(f"TRUSTED_MEDIA_HOSTS: {error}.")
    return hosts


def _catalogue_keys(values: Mapping[str, str], mistakes: list[str]) -> CatalogueKeys:
    id_, secret = values.get("SPOTIFY_CLIENT_ID"), values.get("SPOTIFY_CLIENT_SECRET")
    # Of a secret that is in a file which cannot be read, "", that has been said.
    if (id_ is None) is not (secret is None):
        mistakes.append("SPOTIFY_CLIENT_ID and SPOTIFY_CLIENT_SECRET: set both, or neither.")
    return CatalogueKeys(
        spotify=SpotifyCredentials(id_, secret) if id_ and secret else None,
        apple_music_token=values.get("APPLE_MUSIC_TOKEN") or None,
    )


def _port(values: Mapping[str, str], mistakes: list[str]) -> int:
    text = values.get("LAVALINK_PORT")
    if text is None:
        return LAVALINK_PORT
    if not text.isascii() or not text.isdecimal() or int(text) > LARGEST_PORT:
        mistakes.append(f"LAVALINK_PORT: {text!r} is not a port, 0 to {LARGEST_PORT}.")
        return LAVALINK_PORT
    return int(text)
