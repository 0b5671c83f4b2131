"""A node's name card: how a bot that was started anew finds the node that plays on.

The file is written when the node listens and stays when it ends, so that the next one takes the
same port and password and a client's address for it stays good. Neither the file nor a process with
the `pid` proves that the node is there: it is when it answers at the port, and its answers carry
the file's `instance` in the header `Seraphim-Instance`.

The card also tells which settings the node was started with, so that a bot whose own are others by
now can replace it. They are hashed: the file has one secret in it, and needs no more.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, Self, cast

FILE_NAME: Final = "audio-node.json"
HEADER: Final = "Seraphim-Instance"
PASSWORD_BYTES: Final = 32

CA_FILE: Final = "SSL_CERT_FILE"
SETTINGS: Final = (
    "MUSIC_DIR",
    "TRUSTED_MEDIA_HOSTS",
    "SPOTIFY_CLIENT_ID",
    "SPOTIFY_CLIENT_SECRET",
    "APPLE_MUSIC_TOKEN",
    CA_FILE,
    "SSL_CERT_DIR",
)
"""What a node reads once, when it is started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One start of a node. The password is a secret; `settings` are `fingerprints`."""

    instance: str
    host: str
    port: int
    pid: int
    password: str = field(repr=False)
    settings: Mapping[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def load(cls, data_dir: Path) -> Self | None:
        """Read the last node's card; None when there is none, or nothing that is one."""
        try:
            read: object = json.loads((data_dir / FILE_NAME).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        if not isinstance(read, dict):
            return None
        fields = cast("dict[str, object]", read)
        instance, host, password = (fields.get(key) for key in ("instance", "host", "password"))
        port, pid = fields.get("port"), fields.get("pid")
        settings = fields.get("settings", {})
        if (
            isinstance(instance, str)
            and isinstance(host, str)
            and isinstance(password, str)
            and isinstance(port, int)
            and 0 < port < 65536
            and isinstance(pid, int)
            and pid > 0
            and isinstance(settings, dict)
        ):
            return cls(
                instance=instance,
                host=host,
                port=port,
                pid=pid,
                password=password,
                settings=cast("dict[str, str]", settings),
            )
        return None

    def save(self, data_dir: Path) -> None:
        """Write the card for its owner alone; whoever reads it meanwhile gets the one before."""
        data_dir.mkdir(parents=True, exist_ok=True)
        written = data_dir / f"{FILE_NAME}.{self.instance}"
        descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(self), file)
        written.replace(data_dir / FILE_NAME)


def fingerprints(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that a node with this environment has, by name, each hashed.

    Of the CA bundle it is what stands in it, as far as it can be read, and not only its name.
    """
    given = {name: environ[name] for name in SETTINGS if environ.get(name)}
    return {
        name: hashlib.sha256(_content(name, value)).hexdigest() for name, value in given.items()
    }


def _content(name: str, value: str) -> bytes:
    content = value.encode("utf-8", "surrogateescape")
    if name == CA_FILE:
        try:
            content += b"\0" + Path(value).read_bytes()
        except OSError:
            # Whoever connects with it will say so.
            return content
    return content


def new_password() -> str:
    """Return a password that nobody has to type."""
    return secrets.token_urlsafe(PASSWORD_BYTES)


def new_instance_id() -> str:
    """Return a name for one start of a node."""
    return secrets.token_hex(8)
