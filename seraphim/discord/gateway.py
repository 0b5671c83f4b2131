"""hikari's gateway bot as a service: up when every guild has arrived, down when all is answered.

`GatewayBot.run` would own the loop and kill commands in flight, so it is started, joined and
closed piece by piece. What hikari cannot heal by itself ends `run`, and the supervisor decides;
what no restart heals either (a wrong token, wrong intents, a wrong shard) is fatal.

Its sessions outlive it unless the bot says goodbye: they are noted as they go on, and a start goes
on with those that were noted. Then no guild arrives, since Discord tells only what has changed.
"""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

import anyio
import hikari
import structlog
from hikari import snowflakes
from tenacity import AsyncRetrying, retry_if_result, wait_random_exponential

from actors.service import FatalService
from seraphim.discord import people
from seraphim.discord.admission import Admission
from seraphim.discord.commands.client import CommandClient
from seraphim.discord.players import Players
from seraphim.discord.resumption import ResumableBot, ShardSession
from seraphim.discord.sessions import SessionNote, SessionNotes, key, read
from seraphim.discord.whereabouts import Whereabouts

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
LEAVE_SECONDS = 1.0
"""How long leaving voice may take at a stop."""
CLOSE_SECONDS = 5.0
"""How long hikari may take to close."""
NOTE_SECONDS = 1.0
"""How old a note of a session may be. What Discord said since is said once more."""
SLOWEST_RETRY_SECONDS = 300.0

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def gateway_bot(token: str, api_url: str | None) -> ResumableBot:
    """Return a bot that keeps no more of Discord in memory than is used.

    Who is in voice is kept by `whereabouts`; roles and channels are looked up when they matter.
    """
    bot = ResumableBot(
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
        # Neither would it keep a connection, and a handshake is most of what an answer takes.
        http_settings=hikari.impl.HTTPSettings(
            force_close_transports=False,
            timeouts=hikari.impl.HTTPTimeoutSettings(
                acquire_and_connect=10.0, request_socket_connect=10.0, request_socket_read=20.0
            ),
        ),
    )
    bot.keep_pace()
    return bot


async def check(token: str, api_url: str | None) -> None:
    """Return if Discord can be reached and takes the token; raise `FatalService` if it does not.

    Raises hikari's errors where Discord cannot be asked. Nothing is changed by it.
    """
    app = hikari.RESTApp(url=api_url)
    await app.start()
    try:
        async with app.acquire(token, hikari.TokenType.BOT) as rest:
            await rest.fetch_gateway_bot_info()
    except hikari.UnauthorizedError:
        raise FatalService(WRONG_TOKEN) from None
    finally:
        await app.close()


class Gateway:
    """Implements `Service`."""

    def __init__(
        self,
        bot: ResumableBot,
        *,
        admission: Admission,
        commands: CommandClient,
        notes: SessionNotes,
        players: Players,
        whereabouts: Whereabouts,
    ) -> None:
        self._bot = bot
        self._admission = admission
        self._commands = commands
        self._notes = notes
        self._players = players
        self._whereabouts = whereabouts
        self._noted: dict[int, str] = {}
        self._expected: set[int] = set()
        self._ready: set[int] = set()
        self._resumed: set[int] = set()
        self._shards = 0
        self._arrived = asyncio.Event()
        self._published = False
        self._broken_by: Exception | None = None
        self._handed_over = False
        bot.recall_with(self._recall)
        bot.subscribe(hikari.ShardResumedEvent, self._on_resumed)
        bot.subscribe(hikari.ShardReadyEvent, self._on_ready)
        bot.subscribe(hikari.GuildAvailableEvent, self._on_guild)
        bot.subscribe(hikari.GuildLeaveEvent, self._on_guild)
        bot.subscribe(hikari.ExceptionEvent, _on_exception)

    async def start(self) -> None:
        """Return when every shard has its session back, or a new one whose guilds have arrived.

        Commands are published on the way; where that fails it is tried again while running.
        """
        self._expected.clear()
        self._ready.clear()
        self._resumed.clear()
        self._shards = 0
        self._arrived.clear()
        self._broken_by = None
        try:
            # What a new session may cost is looked at before each; to resume one costs nothing.
            await self._bot.start(check_for_updates=False, ignore_session_start_limit=True)
        except hikari.UnauthorizedError:
            raise FatalService(WRONG_TOKEN) from None
        except hikari.GatewayServerClosedConnectionError as error:
            _raise_if_fatal(error)
            raise
        # READY or RESUMED may have been heard already, or is about to be.
        self._shards = len(self._bot.shards)
        await self._note(self._bot.sessions)
        self._look_around()
        try:
            async with asyncio.timeout(GUILDS_SECONDS):
                await self._arrived.wait()
        except TimeoutError:
            log.warning("discord.guilds_missing", count=len(self._expected))
        self._published = await self._publish()
        self._admission.reopen()
        guilds = len(self._bot.cache.get_guilds_view())
        log.info("discord.ready", guilds=guilds, resumed_shards=len(self._resumed))

    async def run(self) -> None:
        """Return when the bot was closed; raise when a shard cannot go on.

        After `hand_over` it does neither.
        """
        tasks = [
            asyncio.create_task(self._publish_at_last()),
            asyncio.create_task(self._keep_notes()),
        ]
        try:
            await self._bot.join()
        except hikari.HikariError as error:
            self._broken_by = error
            _raise_if_fatal(error)
            raise
        finally:
            for task in tasks:
                task.cancel()
        if self._handed_over:
            # Nothing is broken that a restart should mend.
            await asyncio.Event().wait()

    async def stop(self) -> None:
        """Turn away what comes, let answers under way finish, and close; within a deadline.

        The sessions end, and with them the bot's places in voice. They do not where only the
        gateway is about to start again, as the intake shows, which stops before everything else.
        """
        await self.drain()
        if not self._bot.is_alive:
            return
        with anyio.move_on_after(CLOSE_SECONDS, shield=True) as closing:
            with _told_already(self._broken_by):
                if self._players.taking_work and self._broken_by is None:
                    await self._note(await self._bot.leave())
                elif not self._handed_over:
                    await self._leave_voice()
                    await self._forget(self._bot.sessions)
                await self._bot.close()
        if closing.cancelled_caught:
            log.warning("discord.close_timed_out")

    async def _leave_voice(self) -> None:
        """Leave every channel while Discord listens, as far as its rate limit lets us.

        The end of the session does the same, but its close frame may be lost with the connection,
        and then the bot would sit there silently until Discord misses it.
        """
        seats = set(self._whereabouts.seats)
        empty = asyncio.Event()

        async def on_state(event: hikari.VoiceStateUpdateEvent) -> None:
            if event.state.user_id == self._bot.token_id and event.state.channel_id is None:
                seats.discard(event.guild_id)
                if not seats:
                    empty.set()

        if not seats or self._broken_by is not None:
            return
        self._bot.subscribe(hikari.VoiceStateUpdateEvent, on_state)
        try:
            with anyio.move_on_after(LEAVE_SECONDS):
                for guild in tuple(seats):
                    await self._bot.update_voice_state(guild, None)
                await empty.wait()
        except hikari.ComponentStateConflictError:
            # A shard that is reconnecting has nobody to tell.
            return
        finally:
            self._bot.unsubscribe(hikari.VoiceStateUpdateEvent, on_state)

    async def drain(self, within: float = DRAIN_SECONDS) -> None:
        """Turn away what comes, and return when answers under way are given, or time is up.

        May be called again; `reopen` takes it back.
        """
        if self._admission.closed:
            return
        with anyio.move_on_after(within, shield=True) as draining:
            await self._admission.close()
        if draining.cancelled_caught:
            log.warning("discord.answers_cut_off", count=self._admission.inside)

    def reopen(self) -> None:
        """Take interactions again, after a `drain`."""
        self._admission.reopen()

    async def synchronise(self) -> None:
        """Publish the commands if Discord has others. Raises what keeps it from that."""
        await self._commands.synchronise()

    async def hand_over(self) -> None:
        """Hear nothing more, and leave the sessions to the next process, noted as they are then.

        What Discord says from here on, it says to that one. Messages can be sent until `stop`.
        """
        self._handed_over = True
        with anyio.move_on_after(CLOSE_SECONDS, shield=True) as closing:
            sessions = await self._bot.leave()
            await self._note(sessions)
            await self._note_people(sessions)
        if closing.cancelled_caught:
            log.warning("discord.close_timed_out")

    async def _recall(self, shard: int, shard_count: int) -> ShardSession | None:
        note = read(await self._notes.noted(key(shard)))
        if note is None or note.owner != self._bot.identity:
            return None
        if note.session.shard_count != shard_count:
            return None
        self._whereabouts.expect_seats(note.seats)
        who = await self._notes.noted(people.key(shard))
        self._whereabouts.remember(people.read(who, note.session))
        return note.session

    async def _keep_notes(self) -> None:
        while True:
            await asyncio.sleep(NOTE_SECONDS)
            await self._note(self._bot.sessions)

    async def _note(self, sessions: dict[int, ShardSession]) -> None:
        for shard, session in sessions.items():
            seats = sorted(
                guild
                for guild in self._whereabouts.seats
                if snowflakes.calculate_shard_id(session.shard_count, guild) == shard
            )
            text = SessionNote(self._bot.identity, session, tuple(seats)).text()
            if self._noted.get(shard) != text:
                self._noted[shard] = text
                await self._notes.note(key(shard), text)

    async def _note_people(self, sessions: dict[int, ShardSession]) -> None:
        known = self._whereabouts.people()
        for shard, session in sessions.items():
            ours = {
                guild: places
                for guild, places in known.items()
                if snowflakes.calculate_shard_id(session.shard_count, guild) == shard
            }
            await self._notes.note(people.key(shard), people.text(session, ours))

    async def _forget(self, sessions: dict[int, ShardSession]) -> None:
        for shard in sessions:
            self._noted.pop(shard, None)
            await self._notes.note(key(shard), "")

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

    async def _on_resumed(self, event: hikari.ShardResumedEvent) -> None:
        log.info("discord.resumed", shard=event.shard.id)
        self._ready.add(event.shard.id)
        self._resumed.add(event.shard.id)
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
