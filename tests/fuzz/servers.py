"""The two HTTP sides, each as a process of its own: what they hold and say can be looked at.

`python -m tests.fuzz.servers [TOKEN]` is the bot's side, with all of its endpoints and no Discord.
"""

import asyncio
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from actors.guild.board import Board
from actors.health.actor import HealthActor
from actors.health.messages import HEALTH
from actors.health.readings import AudioNode, Measured, Shard
from actors.lavalink_node.messages import LinkState
from actors.runtime import ChildSpec, SupervisorSpec, System
from seraphim.operations.endpoints import endpoints
from seraphim.operations.http import HttpServer
from seraphim.operations.metrics import Metrics
from seraphim.operations.status import StatusDesk
from seraphim.operations.systemd import Systemd
from tests.fuzz.corpus import seeds

ROOT = Path(__file__).parents[2]
START_SECONDS = 30.0
STOP_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Server:
    """One that listens on loopback. `key` is what it wants to see as `Authorization`."""

    name: str
    port: int
    key: str | None = field(repr=False)
    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    @property
    def headers(self) -> Mapping[str, str]:
        return {} if self.key is None else {"Authorization": self.key}

    @property
    def memory(self) -> int:
        """What it holds, in bytes."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    @property
    def complaints(self) -> list[str]:
        """What it logged as an error, and what is no log."""
        return [
            line
            for line in self.log.read_text("utf-8", "replace").splitlines()
            if '"level": "error"' in line or not line.startswith("{")
        ]


@contextmanager
def node(folder: Path) -> Iterator[Server]:
    """The audio node by its command, with a music folder."""
    music = folder / "music"
    music.mkdir()
    for seed in seeds():
        if seed.plays:
            (music / f"song.{seed.name}").write_bytes(seed.data)
    key = secrets.token_urlsafe(8)
    environ = {
        "DATA_DIR": str(folder),
        "MUSIC_DIR": str(music),
        "LAVALINK_PORT": "0",
        "LAVALINK_PASSWORD": key,
        "TRUSTED_MEDIA_HOSTS": "127.0.0.1,localhost",
    }
    command = ("-m", "seraphim", "audio-node")
    with _process("node", command, key, folder, environ, "audio-node.listening") as server:
        yield server


@contextmanager
def bot(folder: Path, *, token: bool) -> Iterator[Server]:
    """The bot's side, with or without a token."""
    key = secrets.token_urlsafe(8) if token else None
    command = ("-m", "tests.fuzz.servers", *(() if key is None else (key,)))
    shown = None if key is None else f"Bearer {key}"
    name = "bot, with a token" if token else "bot"
    with _process(name, command, shown, folder, {}, "http.listening") as server:
        yield server


@contextmanager
def _process(
    name: str,
    command: tuple[str, ...],
    key: str | None,
    folder: Path,
    environ: Mapping[str, str],
    begun: str,
) -> Iterator[Server]:
    log = folder / "log"
    with (
        log.open("wb") as written,
        subprocess.Popen(
            [sys.executable, *command],
            stdout=written,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], **environ},
        ) as process,
    ):
        try:
            yield Server(name, _port(process, log, begun), key, process, log)
            process.terminate()
            process.wait(STOP_SECONDS)
        finally:
            process.kill()


def _port(process: "subprocess.Popen[bytes]", log: Path, begun: str) -> int:
    give_up = monotonic() + START_SECONDS
    while process.poll() is None and monotonic() < give_up:
        for line in log.read_text("utf-8").splitlines():
            said: Any = json.loads(line)
            if said["event"] == begun:
                return int(said["port"])
        sleep(0.05)
    raise RuntimeError(f"it never listened: {log.read_text('utf-8')}")


# --- the bot's side ---

_WELL = Measured(
    shards=(Shard(0, connected=True),), nodes=(AudioNode("main", LinkState.READY),), rss=1
)


class _Watched:
    def read(self) -> Measured:
        return _WELL


async def _serve(token: str | None) -> None:
    watched = _Watched()

    def start() -> HealthActor:
        return HealthActor(watched, Systemd(None), lambda: 1, interval=300.0)

    system = System(SupervisorSpec("root", [ChildSpec("health", start, name=HEALTH)]))
    board = Board()
    desk = StatusDesk("1.2.3", lambda: system, board)
    metrics = Metrics(
        version="1.2.3",
        board=board,
        system=lambda: system,
        read=watched.read,
        tell_health=desk.report,
    )
    pages = endpoints(desk=desk, metrics=metrics, stage=lambda: "ready", system=lambda: system)
    server = HttpServer("127.0.0.1", 0, token, pages)
    async with system:
        await server.start()
        await server.run()


if __name__ == "__main__":
    import structlog

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
    )
    asyncio.run(_serve(sys.argv[1] if len(sys.argv) > 1 else None))
