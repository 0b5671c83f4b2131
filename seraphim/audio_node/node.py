"""The node put together: decoders, sources, pacer and players, and the server towards clients.

Everything in this process runs on one thread and its event loop; what could hold it up (decoding,
reading tags) is done elsewhere. That is what makes one timer good enough to pace every player.
"""

import asyncio
import logging
import os
import ssl
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Final, Self, cast

import aiohttp
import structlog
from aiohttp import web

from seraphim.audio_node.decoders import Decoders
from seraphim.audio_node.extractor import Extractor
from seraphim.audio_node.instance import HEADER, Instance, new_instance_id, new_password
from seraphim.audio_node.options import NodeOptions
from seraphim.audio_node.pacer import Pacer
from seraphim.audio_node.player import Player, PlayerListener
from seraphim.audio_node.server.authorization import authorization
from seraphim.audio_node.server.errors import errors
from seraphim.audio_node.server.rest import Rest
from seraphim.audio_node.server.websocket import WebsocketRoute
from seraphim.audio_node.session import Sessions
from seraphim.audio_node.sources import Sources
from seraphim.audio_node.voice import VoiceConnection, VoiceCredentials, VoiceListener

STOP_SECONDS: Final = 3.0
API_VERSION: Final = "4"

# aiohttp logs each malformed request as an error with its stack: any client could fill the log, and
# needs no password for that. What goes wrong in a route is told by `errors`.
_silent = logging.getLogger("seraphim.http.clients")
_silent.setLevel(logging.CRITICAL + 1)

_log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


class CannotStart(Exception):
    """The port cannot be listened on, or the data folder not written; `args[0]` says why."""


class AudioNode:
    """A running node, as an asynchronous context manager: it listens inside.

    At the end its clients' sockets are closed with 1001, its players leave their channels, and its
    decoders end. Raises `CannotStart` at the start.
    """

    def __init__(self, options: NodeOptions) -> None:
        self._options = options
        self._stack = AsyncExitStack()
        self._alone: asyncio.TimerHandle | None = None
        self._ended = asyncio.Event()
        self._instance: Instance | None = None

    @property
    def instance(self) -> Instance:
        """Where it listens, and with which password."""
        assert self._instance is not None, "the node does not listen yet"
        return self._instance

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await self._start(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    def end(self) -> None:
        """Let `ended` return."""
        self._ended.set()

    async def ended(self) -> None:
        """Wait until `end` was called, or no client was there for long enough."""
        await self._ended.wait()

    async def _start(self, stack: AsyncExitStack) -> None:
        options = self._options
        decoders = await stack.enter_async_context(
            Decoders(trusted_hosts=options.trusted_media_hosts)
        )
        http = await stack.enter_async_context(
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        )
        extractor = Extractor(data_dir=options.data_dir, trusted_hosts=options.trusted_media_hosts)
        stack.push_async_callback(extractor.close)
        sources = Sources(
            decoders,
            music_dir=options.music_dir,
            http=http,
            keys=options.catalogue_keys,
            extractor=extractor,
        )
        tls = ssl.create_default_context()
        pacer = Pacer()
        stack.callback(pacer.close)

        def make_player(guild_id: int, user_id: int, listener: PlayerListener) -> Player:
            def connect(voice: VoiceCredentials, about: VoiceListener) -> VoiceConnection:
                return VoiceConnection(
                    voice, guild_id=guild_id, user_id=user_id, http=http, tls=tls, listener=about
                )

            return Player(
                guild_id,
                pacer=pacer,
                open_feed=decoders.open,
                connect_voice=connect,
                listener=listener,
                stuck_ms=options.stuck_ms,
            )

        sessions = Sessions(make_player, self._count_changed)
        stack.push_async_callback(sessions.close)
        await self._listen(stack, sessions, sources)
        self._count_changed(0)

    async def _listen(self, stack: AsyncExitStack, sessions: Sessions, sources: Sources) -> None:
        options = self._options
        last = Instance.load(options.data_dir)
        password = options.password or (last.password if last else new_password())
        instance_id = new_instance_id()
        application = web.Application(middlewares=(errors, authorization(password)))

        async def sign(_: web.Request, response: web.StreamResponse) -> None:
            response.headers[HEADER] = instance_id
            response.headers["Lavalink-Api-Version"] = API_VERSION

        application.on_response_prepare.append(sign)
        websockets = WebsocketRoute(sessions)
        application.router.add_get("/v4/websocket", websockets.handle)
        Rest(sessions, sources).add_to(application)
        runner = web.AppRunner(
            application,
            access_log=None,
            logger=_silent,
            shutdown_timeout=STOP_SECONDS,
            # No client packs what it says, and unpacked it may be anything.
            auto_decompress=False,
        )
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        stack.push_async_callback(websockets.close)
        await self._bind(runner, last.port if last else 0)
        self._instance = Instance(
            instance=instance_id,
            host=options.host,
            port=cast("int", runner.addresses[0][1]),
            pid=os.getpid(),
            password=password,
            settings=options.settings,
        )
        try:
            self._instance.save(options.data_dir)
        except OSError as error:
            raise CannotStart(f"{options.data_dir}: {error.strerror}") from error

    async def _bind(self, runner: web.AppRunner, last_port: int) -> None:
        host, port = self._options.host, self._options.port
        if not port and last_port:
            try:
                await web.TCPSite(runner, host, last_port).start()
            except OSError:
                _log.info("audio-node.port_taken", port=last_port)
            else:
                return
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise CannotStart(error.strerror or str(error)) from error

    def _count_changed(self, clients: int) -> None:
        if self._alone is not None:
            self._alone.cancel()
            self._alone = None
        seconds = self._options.exit_when_alone_seconds
        if not clients and seconds is not None:
            loop = asyncio.get_running_loop()
            self._alone = loop.call_later(seconds, self._leave)

    def _leave(self) -> None:
        _log.info("audio-node.alone", seconds=self._options.exit_when_alone_seconds)
        self.end()
