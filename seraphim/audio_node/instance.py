"""A node's name card: how a bot that was started anew finds the node that plays on.

The file is written when the node listens and stays when it ends, so that the next one takes the
same port and password and a client's address for it stays good. Neither the file nor a process with
the `pid` proves that the node is there: it is when it answers at the port, and its answers carry
the file's `instance` in the header `Seraphim-Instance`.
"""

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, Self, cast

FILE_NAME: Final = "audio-node.json"
HEADER: Final = "Seraphim-Instance"
PASSWORD_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One start of a node. The password is a secret."""

    instance: str
    host: str
    port: int
    pid: int
    password: str = field(repr=False)

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
        if (
            isinstance(instance, str)
            and isinstance(host, str)
            and isinstance(password, str)
            and isinstance(port, int)
            and isinstance(pid, int)
        ):
            return cls(instance=instance, host=host, port=port, pid=pid, password=password)
        return None

    def save(self, data_dir: Path) -> None:
        """Write the card for its owner alone; whoever reads it meanwhile gets the one before."""
        data_dir.mkdir(parents=True, exist_ok=True)
        written = data_dir / f"{FILE_NAME}.{self.instance}"
        descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(self), file)
        written.replace(data_dir / FILE_NAME)


def new_password() -> str:
    """Return a password that nobody has to type."""
    return secrets.token_urlsafe(PASSWORD_BYTES)


def new_instance_id() -> str:
    """Return a name for one start of a node."""
    return secrets.token_hex(8)
