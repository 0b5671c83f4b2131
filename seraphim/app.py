"""The composition root: settings in, running tree out.

Everything is put together here and nowhere else. Nothing connects before the tree starts, and the
tree is all that runs.
"""

import secrets
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata

import anyio
import hikari
import structlog

from actors.guild.board import Board
from actors.guild.names import players
from actors.guild.player.actor import PlayerPorts
from actors.lavalink_node.actor import LinkActor
from actors.lavalink_node.messages import LinkMessage, link_name
from actors.rate_limiter.buckets import Allowance
from actors.root import House, Watch, link_id, root_tree
from actors.runtime import ChildSpec, System
from actors.service import FatalService
from actors.sources.board import SourceBoard
from actors.store.messages import STORE, Flush
from actors.store.ports import StorageFailed
from seraphim.discord import edge, gateway
from seraphim.lavalink.embedded import EmbeddedNode
from seraphim.lavalink.events import ForPlayer
from seraphim.lavalink.nodes import Nodes, NodeSite
from seraphim.lavalink.routing import Routing
from seraphim.life import FAILED, WRONG_CONFIGURATION, Door, Life
from seraphim.operations import logging
from seraphim.operations.endpoints import endpoints
from seraphim.operations.handover import Handover, HandoverRefused, HandoverStuck, take_over
from seraphim.operations.http import HttpServer
from seraphim.operations.journal import Journal
from seraphim.operations.lock import DataLock
from seraphim.operations.metrics import Metrics
from seraphim.operations.operator import SOCKET, OperatorSocket
from seraphim.operations.status import StatusDesk
from seraphim.operations.systemd import Systemd
from seraphim.operations.vitals import LoopPulse, Vitals
from seraphim.settings import DISCORD_API, ONLY_NODE, NodeSettings, Settings
from seraphim.storage.database import Database, database

log = structlog.get_logger(__name__)

CHECK_SECONDS = 10.0
DRAIN_SECONDS = 3.0
FLUSH_SECONDS = 5.0
LAST_BREATH_SECONDS = 10.0
"""What a process that hands over may take beyond its time for stopping, to end."""


def run(settings: Settings, *, handover: bool = False) -> int:
    """Run the bot until it is told to stop, and return the process's exit code.

    `handover`: take over from the process that uses the data folder, if there is one.

    0: stopped in order. 1: it did not start. 70: the tree gave up. 78: the configuration is wrong,
    or another process uses the data folder.
    """
    development = settings.environment == "development"
    try:
        journal = logging.configure(
            level=settings.log_level or ("DEBUG" if development else "INFO"),
            style=settings.log_format or ("console" if development else "json"),
            secrets=settings.secrets,
            file=settings.log_file,
        )
    except OSError as error:
        return _refuse(
            f"Seraphim cannot write to LOG_FILE {settings.log_file} ({error.strerror}):"
            " let it, or choose another file."
        )
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        lock = DataLock(settings.data_dir)
        free = lock.take()
    except OSError as error:
        return _refuse(
            f"Seraphim cannot write to DATA_DIR {settings.data_dir} ({error.strerror}):"
            " let it, or choose another folder."
        )
    if not free and not handover:
        return _refuse(
            f"Another Seraphim runs with DATA_DIR {settings.data_dir}: stop it, take over from it"
            " with run --handover, or give this one a folder of its own."
        )
    try:
        return anyio.run(
            _run, settings, lock, journal, not free, backend_options={"use_uvloop": True}
        )
    finally:
        lock.release()


def _refuse(mistake: str) -> int:
    print(f"SYS-001 {mistake}", file=sys.stderr)
    return WRONG_CONFIGURATION


async def _run(settings: Settings, lock: DataLock, journal: Journal, takes_over: bool) -> int:
    systemd = Systemd.of()
    life = Life(settings.shutdown_timeout_seconds, systemd)
    parts = _build(settings, life, systemd, journal, takes_over=takes_over)

    async def inherit() -> None:
        await _inherit(settings, lock)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(life.watch_signals)
        try:
            with parts.pulse.beating():
                await life.live(
                    parts.system, parts.discord.service, first=inherit if takes_over else None
                )
        except HandoverRefused as refused:
            life.code = FAILED
            print(f"The Seraphim that runs goes on: {refused}.", file=sys.stderr)
        except HandoverStuck:
            life.code = FAILED
            print(
                "The Seraphim that ran is ending, and does not come to an end."
                " Start this one again when its process is gone.",
                file=sys.stderr,
            )
        tasks.cancel_scope.cancel()
    await parts.nodes.close()
    log.info("system.stopped", code=life.code)
    return life.code


async def _inherit(settings: Settings, lock: DataLock) -> None:
    """Take over from the process that has the data folder.

    Raises `HandoverRefused` or `HandoverStuck`.

    What could keep this process from playing is found out before that one is asked to go.
    """
    log.info("handover.asking")
    try:
        with anyio.fail_after(CHECK_SECONDS):
            await gateway.check(settings.token, _discord_api(settings))
    except FatalService as error:
        raise HandoverRefused(error.message) from error
    except (hikari.HikariError, TimeoutError) as error:
        raise HandoverRefused(f"Discord cannot be asked ({type(error).__name__})") from error
    storage = _database(settings)
    try:
        await storage.look()
    except StorageFailed as error:
        raise HandoverRefused(str(error)) from error
    finally:
        await storage.close()
    await take_over(settings.data_dir / SOCKET)
    try:
        await lock.wait(settings.shutdown_timeout_seconds + LAST_BREATH_SECONDS)
    except TimeoutError:
        raise HandoverStuck from None
    log.info("handover.taken_over")


def _database(settings: Settings) -> Database:
    url = settings.database_url
    return database(settings.data_dir, None if url is None else url.reveal())


@dataclass(frozen=True, slots=True)
class _Parts:
    """What was put together, as far as the process itself has to do with it."""

    system: System
    discord: edge.Edge
    nodes: Nodes
    pulse: LoopPulse


def _handover(
    system: Callable[[], System], door: Door, life: Life, embedded: EmbeddedNode | None
) -> Handover:
    """How this process hands over to the next one."""

    async def prepare() -> None:
        await door.drain(DRAIN_SECONDS)
        store = system().registry.whereis(STORE)
        if store is not None:
            await store.ask(Flush(), timeout=FLUSH_SECONDS)

    def go() -> None:
        if embedded is not None:
            embedded.leave_running = True
        life.hand_over()

    return Handover(prepare=prepare, resume=door.reopen, go=go)


def _discord_api(settings: Settings) -> str | None:
    return None if settings.discord_api_url == DISCORD_API else settings.discord_api_url


def _now() -> int:
    return time.time_ns() // 1_000_000


def _build(
    settings: Settings, life: Life, systemd: Systemd, journal: Journal, *, takes_over: bool
) -> _Parts:
    """Put the house together."""
    board = Board()
    sources = SourceBoard(_now)
    embedded = None if settings.nodes else _embedded_node(settings, may_replace=not takes_over)
    sites = [NodeSite(ONLY_NODE, embedded.address)] if embedded else _sites(settings)
    bot = gateway.gateway_bot(settings.token, _discord_api(settings))
    pulse = LoopPulse()
    routing = Routing(lambda: system.registry)

    def deliver(event: ForPlayer) -> None:
        metrics.heard(event)
        routing.deliver(event)

    nodes = Nodes(
        bot,
        sites,
        user=settings.application_id,
        deliver=deliver,
        passed_over=lambda: sources.passed_over,
    )
    vitals = Vitals(bot, nodes, pulse, lambda: sources.passed_over, now=_now)
    version = metadata.version("seraphim")
    status = StatusDesk(version, lambda: system, board)
    metrics = Metrics(
        version=version,
        board=board,
        system=lambda: system,
        read=vitals.read,
        tell_health=status.report,
    )
    discord = edge.build(
        bot,
        registry=lambda: system.registry,
        board=board,
        catalogue=nodes,
        ping_node=nodes.ping,
        trusted_media_hosts=settings.trusted_media_hosts,
        inside_allowed=settings.talks_to_loopback,
        witness=metrics,
    )

    def link(name: str) -> ChildSpec[LinkMessage]:
        return ChildSpec(
            id=link_id(name),
            start=lambda: LinkActor(
                name,
                nodes.link(name),
                lambda: players(system.registry),
                ends=lambda: life.ending and not life.hands_over(),
            ),
            name=link_name(name),
        )

    house = House(
        storage=_database(settings),
        allowance=Allowance(
            settings.rate_limit_commands, round(1000 * settings.rate_limit_window_seconds)
        ),
        discord=discord.service,
        audio_node=embedded,
        links=[link(name) for name in nodes.names],
        operator=OperatorSocket(
            settings.data_dir / SOCKET,
            lambda: system,
            may_crash=settings.environment == "development",
            handover=_handover(lambda: system, discord.service, life, embedded),
            status=status.status,
            journal=journal,
            synchronise=discord.service.synchronise,
        ),
        watch=Watch(
            instruments=vitals,
            warden=systemd,
            http=HttpServer(
                settings.http_host,
                settings.http_port,
                None if settings.http_token is None else settings.http_token.reveal(),
                endpoints(
                    desk=status,
                    metrics=metrics,
                    stage=lambda: life.stage,
                    system=lambda: system,
                ),
            ),
            interval=settings.health_interval_seconds,
        ),
        sources=sources,
        ports=PlayerPorts(
            node=nodes,
            voice=discord.voice,
            catalogue=nodes,
            announcer=discord.announcer,
            board=board,
            now=_now,
            new_run=lambda: secrets.token_hex(4),
            hands_over=life.hands_over,
        ),
        volume=settings.default_volume,
        on_awake=discord.voice.sweep,
        on_fatal=life.on_fatal,
    )
    system = System(root_tree(house), hooks=[logging.name_the_actor])
    system.incidents.subscribe(metrics.went_wrong)
    return _Parts(system, discord, nodes, pulse)


def _embedded_node(settings: Settings, *, may_replace: bool) -> EmbeddedNode:
    environment: dict[str, str] = {
        "TRUSTED_MEDIA_HOSTS": ",".join(settings.trusted_media_hosts),
    }
    if settings.music_dir is not None:
        environment["MUSIC_DIR"] = str(settings.music_dir.absolute())
    environment |= settings.service_keys
    return EmbeddedNode(settings.data_dir.absolute(), environment, may_replace=may_replace)


def _sites(settings: Settings) -> list[NodeSite]:
    def site(node: NodeSettings) -> NodeSite:
        return NodeSite(node.name, lambda: node.address, node.regions)

    return [site(node) for node in settings.nodes]
