"""The composition root: settings in, running tree out.

Everything is put together here and nowhere else. Nothing connects before the tree starts, and the
tree is all that runs.
"""

import fcntl
import gc
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import anyio
import structlog

from actors.guild.board import Board
from actors.guild.names import players
from actors.guild.player.actor import PlayerPorts
from actors.lavalink_node.actor import LinkActor, LinkMessage
from actors.root import House, root_tree
from actors.runtime import ChildSpec, StartFailed, System
from actors.service import FatalService
from seraphim.discord import edge
from seraphim.discord.gateway import gateway_bot
from seraphim.lavalink.address import NodeAddress
from seraphim.lavalink.embedded import EmbeddedNode
from seraphim.lavalink.node import LavalinkNode
from seraphim.lavalink.routing import route
from seraphim.operations import logging
from seraphim.operations.operator import SOCKET, OperatorSocket
from seraphim.settings import DISCORD_API, Settings

log = structlog.get_logger(__name__)

FAILED = 1
GAVE_UP = 70
WRONG_CONFIGURATION = 78
NODE = "main"


def run(settings: Settings) -> int:
    """Run the bot until it is told to stop, and return the process's exit code.

    0: stopped in order. 70: the tree gave up. 78: the configuration is wrong, or another process
    uses the data folder.
    """
    development = settings.environment == "development"
    logging.configure(
        level=settings.log_level or ("DEBUG" if development else "INFO"),
        style=settings.log_format or ("console" if development else "json"),
        secrets=settings.secrets,
    )
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        lock = _lock(settings.data_dir)
    except OSError as error:
        return _refuse(
            f"Seraphim cannot write to DATA_DIR {settings.data_dir} ({error.strerror}):"
            " let it, or choose another folder."
        )
    if lock is None:
        return _refuse(
            f"Another Seraphim runs with DATA_DIR {settings.data_dir}:"
            " stop it, or give this one a folder of its own."
        )
    try:
        return anyio.run(_run, settings, backend_options={"use_uvloop": True})
    finally:
        os.close(lock)


def _refuse(mistake: str) -> int:
    print(f"SYS-001 {mistake}", file=sys.stderr)
    return WRONG_CONFIGURATION


def _lock(folder: Path) -> int | None:
    """Lock the data folder for this process; None if another has it. The lock ends with us."""
    descriptor = os.open(folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


async def _run(settings: Settings) -> int:
    life = _Life(settings.shutdown_timeout_seconds)
    life.system, node = _build(settings, life.on_fatal)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(life.watch_signals)
        await life.live()
        tasks.cancel_scope.cancel()
    await node.close()
    log.info("system.stopped", code=life.code)
    return life.code


class _Life:
    """The life of the tree, from its start to the process's exit code."""

    system: System

    def __init__(self, stop_seconds: float) -> None:
        self.code = 0
        self._stop_seconds = stop_seconds
        self._started = False
        self._asked_to_stop = anyio.Event()
        self._start = anyio.CancelScope()

    async def live(self) -> None:
        """Start the tree; return when it has stopped."""
        began = time.monotonic()
        try:
            with self._start:
                await self._live(began)
        except StartFailed as error:
            if self.code == 0:
                self.code = FAILED
                log.error("system.start_failed", error=str(error), exc_info=error)

    async def _live(self, began: float) -> None:
        async with self.system as system, anyio.create_task_group() as tasks:
            # What is here now stays: the collector need not walk it again and again.
            gc.collect()
            gc.freeze()
            self._started = True
            log.info("system.ready", seconds=round(time.monotonic() - began, 3))
            tasks.start_soon(self._stop_when_asked)
            ended = await system.wait_stopped()
            tasks.cancel_scope.cancel()
            if ended.kind == "gave_up" and self.code == 0:
                self.code = GAVE_UP
            if system.zombies:
                # Nothing can end them but the end of the process.
                log.error("system.stopped", code=self.code or FAILED, zombies=system.zombies)
                os._exit(self.code or FAILED)

    async def _stop_when_asked(self) -> None:
        await self._asked_to_stop.wait()
        log.info("system.stopping")
        await self.system.stop(within=self._stop_seconds)

    def stop(self) -> None:
        """Stop the tree in order, or do not start it further."""
        self._asked_to_stop.set()
        if not self._started:
            self._start.cancel()

    def on_fatal(self, error: FatalService) -> None:
        """Stop because of an error that no restart can help."""
        log.error("system.fatal", code="SYS-001", error=error.message)
        self.code = WRONG_CONFIGURATION
        if self._started:
            self.stop()

    async def watch_signals(self) -> None:
        """Stop in order at the first signal, and at once at the second."""
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
            async for number in signals:
                if self._asked_to_stop.is_set():
                    log.warning("system.killed", signal=number.name)
                    os._exit(128 + number)
                log.info("system.signal", signal=number.name)
                self.stop()


def _build(
    settings: Settings, on_fatal: Callable[[FatalService], None]
) -> tuple[System, LavalinkNode]:
    """Put the house together."""
    board = Board()
    embedded = None if settings.lavalink_host else _embedded_node(settings)
    bot = gateway_bot(
        settings.token,
        None if settings.discord_api_url == DISCORD_API else settings.discord_api_url,
    )
    node = LavalinkNode(
        bot,
        NODE,
        address=embedded.address if embedded else lambda: _configured_node(settings),
        user=settings.application_id,
        on_event=lambda event: route(system.registry, event),
    )
    discord = edge.build(
        bot,
        registry=lambda: system.registry,
        board=board,
        catalogue=node,
        ping_node=node.ping,
        trusted_media_hosts=settings.trusted_media_hosts,
        inside_allowed=settings.talks_to_loopback,
    )
    link: ChildSpec[LinkMessage] = ChildSpec(
        id=f"node-{NODE}",
        start=lambda: LinkActor(NODE, node.session, lambda: players(system.registry)),
    )
    house = House(
        discord=discord.service,
        audio_node=embedded,
        links=[link],
        operator=OperatorSocket(
            settings.data_dir / SOCKET,
            lambda: system,
            may_crash=settings.environment == "development",
        ),
        ports=PlayerPorts(
            node=node,
            voice=discord.voice,
            catalogue=node,
            announcer=discord.announcer,
            board=board,
            now=lambda: time.time_ns() // 1_000_000,
            new_run=lambda: secrets.token_hex(4),
        ),
        volume=settings.default_volume,
        on_fatal=on_fatal,
    )
    system = System(root_tree(house))
    return system, node


def _embedded_node(settings: Settings) -> EmbeddedNode:
    environment: dict[str, str] = {
        "TRUSTED_MEDIA_HOSTS": ",".join(settings.trusted_media_hosts),
    }
    if settings.music_dir is not None:
        environment["MUSIC_DIR"] = str(settings.music_dir.absolute())
    return EmbeddedNode(settings.data_dir.absolute(), environment)


def _configured_node(settings: Settings) -> NodeAddress:
    assert settings.lavalink_host is not None
    assert settings.lavalink_password is not None
    return NodeAddress(
        settings.lavalink_host,
        settings.lavalink_port,
        settings.lavalink_password.get_secret_value(),
        settings.lavalink_secure,
    )
