"""The variables that are set: in the environment, in `.env`, in files for secrets.

Where a value comes from has rules of its own; what it may be is for `settings` to say. The audio
node's process reads its few variables here too, without loading what checks the bot's.
"""

import os
from collections.abc import Mapping, MutableMapping, Sequence
from pathlib import Path

from dotenv import dotenv_values

OPENSSL = ("SSL_CERT_FILE", "SSL_CERT_DIR")

SERVICE_SECRETS = ("SPOTIFY_CLIENT_SECRET", "APPLE_MUSIC_TOKEN")
"""What the audio node shows to music services."""

SECRETS = (
    "DISCORD_TOKEN",
    "LAVALINK_PASSWORD",
    "LAVALINK_NODES",
    "DATABASE_URL",
    "HTTP_TOKEN",
    *SERVICE_SECRETS,
)


def variables(
    environ: Mapping[str, str], dotenv: Path | None = None, *, secrets: Sequence[str] = SECRETS
) -> tuple[dict[str, str], list[str]]:
    """Return the variables that are set, and the mistakes in how.

    The environment wins over `.env`; an empty value counts as not set. The `*_FILE` of each of the
    `secrets` is read, without the newline at its end; where that was a mistake the secret is empty.
    """
    values = (
        {name: value for name, value in dotenv_values(dotenv).items() if value}
        if (dotenv is not None)
        else {}
    )
    values |= {name: value for name, value in environ.items() if value}
    mistakes: list[str] = []
    for name in secrets:
        path = values.get(f"{name}_FILE")
        if path is None:
            continue
        if name in values:
            mistakes.append(f"{name} and {name}_FILE are both set: leave one out.")
            continue
        try:
            values[name] = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "not text"
            mistakes.append(f"{name}_FILE: {path} cannot be read ({why}).")
            values[name] = ""
            continue
        if not values[name]:
            mistakes.append(f"{name}_FILE: {path} is empty.")
    return values, mistakes


def hand_to_openssl(environ: MutableMapping[str, str], dotenv: Path | None) -> None:
    """Let OpenSSL, which reads `environ` alone, find the certificates that `dotenv` names."""
    values, _ = variables(environ, dotenv)
    environ.update({name: values[name] for name in OPENSSL if name in values})


def data_dir(environ: Mapping[str, str] = os.environ, dotenv: Path | None = None) -> Path:
    """Return `DATA_DIR` alone: what asks a running bot something needs no token."""
    values, _ = variables(environ, dotenv)
    return Path(values.get("DATA_DIR", "./data"))
