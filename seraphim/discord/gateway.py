"""hikari's gateway bot as a service: up when every guild has arrived, down when all is answered.

`GatewayBot.run` would own the loop and kill commands in flight, so it is started, joined and
closed piece by piece. What hikari cannot heal by itself ends `run`, and the supervisor decides;
what no restart heals either (a wrong token, wrong intents, a wrong shard) is fatal.
"""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

import anyio
import hikari
import structlog
from tenacity import AsyncRetrying, retry_if_result, wait_random_exponential

from actors.service import FatalService
from seraphim.discord.admission import Admission
from seraphim.discord.commands.client import CommandClient

# Discord's close codes after which connecting again ends the same way.
FATAL_CLOSES: Final = {
    4004: "Discord does not know this token: set DISCORD_TOKEN to the one in the developer portal",
    4010: "Discord refused the shard: SHARD_IDS and SHARD_COUNT do not fit together",
    4011: "Discord wants more shards: raise SHARD_COUNT",
    4012: "Discord no longer speaks this version of its gateway: update Seraphim",
    4013: "Discord does not know the intents that were asked for: update Seraphim",
    4014: "Discord does not allow the intents that were asked for: see the developer portal",
}
WRONG_TOKEN: Final = FATAL_CLOSES[4004]

GUILDS_SECONDS = 30.0
"""How long guilds may take to arrive; those in an outage at Discord come when they come."""
DRAIN_SECONDS = 3.0
"""How long answers under way may take at a stop."""
CLOSE_SECONDS = 5.0
"""How long hikari may take to close."""
SLOWEST_RETRY_SECONDS = 300.0

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def gateway_bot(token: str, api_url: str | None) -> hikari.GatewayBot:
    """Return a bot that keeps no more of Discord in memory than is used.

    Who is in voice is kept by `whereabouts`; roles and channels are looked up when they matter.
    """
    return hikari.GatewayBot(
        token,
        rest_url=api_url,
        banner=None,
        logs=None,
        suppress_optimization_warning=True,
        auto_chunk_members=False,
        intents=(
            hikari.Intents.GUILDS
            | hikari.Intents.GUILD_VOICE_STATES
            | hikari.Intents.GUILD_MESSAGES
        ),
        cache_settings=hikari.impl.CacheSettings(
            components=hikari.api.CacheComponents.GUILDS | hikari.api.CacheComponents.ME
        ),
        # hikari's own would let a silent server keep a call for ever. The gateway is not meant:
        # aiohttp applies no reading deadline to a websocket, and hikari watches its heartbeats.
        http_settings=hikari.impl.HTTPSettings(
            timeouts=hikari.impl.HTTPTimeoutSettings(
                acquire_and_connect=10.0, request_socket_connect=10.0, request_socket_read=20.0
            )
        ),
    )


class Gateway:
    """Implements `Service`."""

    def __init__(
        self, bot: hikari.GatewayBot, *, admission: Admission, commands: CommandClient
    ) -> None:
        self._bot = bot
        self._admission = admission
        self._commands = commands
        self._expected: set[int] = set()
        self._ready: set[int] = set()
        self._shards = 0
        self._arrived = asyncio.Event()
        self._published = False
        self._broken_by: Exception | None = None
        bot.subscribe(hikari.ShardReadyEvent, self._on_ready)
        bot.subscribe(hikari.GuildAvailableEvent, self._on_guild)
        bot.subscribe(hikari.GuildLeaveEvent, self._on_guild)
        bot.subscribe(hikari.ExceptionEvent, _on_exception)

    async def start(self) -> None:
        """Return when the gateway is ready and the guilds have arrived.

        Commands are published on the way; where that fails it is tried again while running.
        """
        self._expected.clear()
        self._ready.clear()
        self._shards = 0
        self._arrived.clear()
        try:
            await self._bot.start(check_for_updates=False)
        except hikari.UnauthorizedError:
            raise FatalService(WRONG_TOKEN) from None
        except hikari.GatewayServerClosedConnectionError as error:
            _raise_if_fatal(error)
            raise
        # READY may have been heard already, or is about to be.
        self._shards = len(self._bot.shards)
        self._look_around()
        try:
            async with asyncio.timeout(GUILDS_SECONDS):
                await self._arrived.wait()
        except TimeoutError:
            log.warning("discord.guilds_missing", count=len(self._expected))
        self._published = await self._publish()
        self._admission.reopen()
        log.info("discord.ready", guilds=len(self._bot.cache.get_guilds_view()))

    async def run(self) -> None:
        """Return when the bot was closed; raise when a shard cannot go on."""
        publishing = asyncio.create_task(self._publish_at_last())
        try:
            await self._bot.join()
        except hikari.HikariError as error:
            self._broken_by = error
            _raise_if_fatal(error)
            raise
        finally:
            publishing.cancel()

    async def stop(self) -> None:
        """Turn away what comes, let answers under way finish, and close; within a deadline."""
        with anyio.move_on_after(DRAIN_SECONDS, shield=True) as draining:
            await self._admission.close()
        if draining.cancelled_caught:
            log.warning("discord.answers_cut_off", count=self._admission.inside)
        if not self._bot.is_alive:
            return
        with anyio.move_on_after(CLOSE_SECONDS, shield=True) as closing:
            with _told_already(self._broken_by):
                await self._bot.close()
        if closing.cancelled_caught:
            log.warning("discord.close_timed_out")

    async def _publish(self) -> bool:
        """Publish the commands, and return whether that is done with."""
        try:
            await self._commands.synchronise()
        # Whatever the reason, the commands that Discord has go on working meanwhile.
        except Exception as error:  # noqa: BLE001
            log.warning("discord.commands_unpublished", error=repr(error))
            return False
        return True

    async def _publish_at_last(self) -> None:
        if self._published:
            return
        await AsyncRetrying(
            retry=retry_if_result(_is_false),
            wait=wait_random_exponential(multiplier=2.0, max=SLOWEST_RETRY_SECONDS),
        )(self._publish)

    async def _on_ready(self, event: hikari.ShardReadyEvent) -> None:
        self._ready.add(event.shard.id)
        self._expected.update(event.unavailable_guilds)
        self._look_around()

    async def _on_guild(self, event: hikari.GuildAvailableEvent | hikari.GuildLeaveEvent) -> None:
        self._expected.discard(event.guild_id)
        self._look_around()

    def _look_around(self) -> None:
        if self._shards and len(self._ready) >= self._shards and not self._expected:
            self._arrived.set()


@contextmanager
def _told_already(known: Exception | None) -> Generator[None]:
    """Keep `known` from the loop's exception handler, where hikari reports it when it closes."""
    loop = asyncio.get_running_loop()
    handler = loop.get_exception_handler()

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if known is not None and context.get("exception") is known:
            return
        if handler is None:
            loop.default_exception_handler(context)
        else:
            handler(loop, context)

    loop.set_exception_handler(handle)
    try:
        yield
    finally:
        loop.set_exception_handler(handler)


async def _on_exception(event: hikari.ExceptionEvent[hikari.Event]) -> None:
    log.error(
        "discord.listener_failed",
        event_type=type(event.failed_event).__name__,
        error=repr(event.exception),
        exc_info=event.exception,
    )


def _is_false(published: bool) -> bool:
    return not published


def _raise_if_fatal(error: hikari.HikariError) -> None:
    """Raise `FatalService` for a close after which coming back cannot help."""
    if isinstance(error, hikari.GatewayServerClosedConnectionError) and error.code is not None:
        remedy = FATAL_CLOSES.get(int(error.code))
        if remedy is not None:
            raise FatalService(remedy) from error
