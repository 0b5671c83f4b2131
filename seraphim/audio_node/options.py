"""What a node is told when it is started."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from seraphim.audio_node.decoder.address_guard import TrustedHosts

LAVALINK_PORT: Final = 2333
LARGEST_PORT: Final = 65_535
ALONE_SECONDS: Final = 60.0
STUCK_MS: Final = 10_000


class WrongOptions(ValueError):
    """A node cannot be started like this; `args[0]` names the setting and what it must be."""


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
    exit_when_alone_seconds
        The node ends itself when no client was there for so long. None for never.
    stuck_ms
        How long a track may stand still before that is told.
    """

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 0
    password: str | None = field(default=None, repr=False)
    music_dir: Path | None = None
    trusted_media_hosts: str = ""
    exit_when_alone_seconds: float | None = None
    stuck_ms: int = STUCK_MS

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], *, embedded: bool) -> Self:
        """Read the settings that concern a node. Raises `WrongOptions`.

        An embedded node belongs to the bot that started it: it listens where the last one did or
        anywhere on loopback, and ends a minute after its last client.
        """
        own: Mapping[str, str] = {} if embedded else environment
        music_dir = environment.get("MUSIC_DIR")
        trusted = environment.get("TRUSTED_MEDIA_HOSTS", "")
        try:
            TrustedHosts(trusted)
        except ValueError as error:
            raise WrongOptions(f"TRUSTED_MEDIA_HOSTS: {error}") from error
        return cls(
            data_dir=Path(environment.get("DATA_DIR") or "data"),
            host=own.get("LAVALINK_HOST") or "127.0.0.1",
            port=0 if embedded else _port(own.get("LAVALINK_PORT") or str(LAVALINK_PORT)),
            password=own.get("LAVALINK_PASSWORD") or _secret(own, "LAVALINK_PASSWORD_FILE"),
            music_dir=Path(music_dir) if music_dir else None,
            trusted_media_hosts=trusted,
            exit_when_alone_seconds=ALONE_SECONDS if embedded else None,
        )


def _port(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) > LARGEST_PORT:
        raise WrongOptions(f"LAVALINK_PORT must be a number up to {LARGEST_PORT}")
    return int(text)


def _secret(environment: Mapping[str, str], name: str) -> str | None:
    path = environment.get(name)
    if not path:
        return None
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        raise WrongOptions(f"{name} cannot be read") from error
