"""The node under test: Seraphim's own, as a process, or the one that the environment names."""

import json
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

OUTER = "LAVALINK_HOST" in os.environ
LAVALINK_PORT = "2333"
START_SECONDS = 30
STOP_SECONDS = 20

FAILURES = frozenset({"request.failed", "player.failed", "decoder.died"})
"""What the node says of itself that must not happen in any of these tests."""


@dataclass(frozen=True, slots=True)
class Node:
    """Where a node is. `ours` tells whether what Lavalink does wrong may be expected of it."""

    host: str
    port: int
    password: str = field(repr=False)
    ours: bool

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"


def outer() -> Node:
    """The node that LAVALINK_HOST, LAVALINK_PORT and LAVALINK_PASSWORD name."""
    environ = os.environ
    return Node(
        environ["LAVALINK_HOST"],
        int(environ.get("LAVALINK_PORT", LAVALINK_PORT)),
        environ.get("LAVALINK_PASSWORD", "youshallnotpass"),
        ours=False,
    )


class _Log:
    """What the process says, read as it comes: it must never wait for us."""

    def __init__(self, stream: IO[str]) -> None:
        self.lines: list[dict[str, Any]] = []
        self._stream = stream
        self._arrived = threading.Condition()
        self._over = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def until(self, event: str) -> dict[str, Any]:
        with self._arrived:
            self._arrived.wait_for(lambda: self._over or self._find(event), START_SECONDS)
        found = self._find(event)
        assert found is not None, f"it never said {event}: {self.lines}"
        return found

    def rest(self) -> list[dict[str, Any]]:
        self._thread.join()
        return self.lines

    def _find(self, event: str) -> dict[str, Any] | None:
        return next((line for line in self.lines if line["event"] == event), None)

    def _read(self) -> None:
        for line in self._stream:
            with self._arrived:
                self.lines.append(json.loads(line))
                self._arrived.notify()
        with self._arrived:
            self._over = True
            self._arrived.notify()


@contextmanager
def own(data_dir: Path, ca_file: Path) -> Iterator[Node]:
    """Start Seraphim's node by its command; one that fails at anything, or at ending, fails us."""
    password = secrets.token_urlsafe(8)
    environ = {
        "PATH": os.environ["PATH"],
        "DATA_DIR": str(data_dir),
        "LAVALINK_PORT": "0",
        "LAVALINK_PASSWORD": password,
        "TRUSTED_MEDIA_HOSTS": "127.0.0.1",
        "SSL_CERT_FILE": str(ca_file),
    }
    with subprocess.Popen(
        [sys.executable, "-m", "seraphim", "audio-node"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=data_dir,
        env=environ,
    ) as process:
        assert process.stdout is not None
        try:
            log = _Log(process.stdout)
            yield Node("127.0.0.1", log.until("audio-node.listening")["port"], password, ours=True)
            process.send_signal(signal.SIGTERM)
            assert process.wait(STOP_SECONDS) == 0
        finally:
            process.kill()
        said = log.rest()
    failed = [line for line in said if line["event"] in FAILURES]
    assert not failed, failed
    assert not any(password in json.dumps(line) for line in said)
