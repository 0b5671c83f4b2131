"""hikari's gateway, made to go on with the sessions of a process before.

A voice state lives and dies with the gateway session that asked for it. hikari resumes a session
when a connection breaks, but begins one with each start and ends it with each `close`; so a restart
would put the bot out of every voice channel. Here a shard begins with a session that was kept, and
can leave it behind for whoever comes next.

All that is private in hikari 2.5.0 and used by us is listed in this module. A gateway of our own
was the alternative: it would be ours down to the last event.
"""

import asyncio
import datetime
import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import hikari
import structlog
from hikari.impl import shard as hikari_shard
from hikari.impl.rate_limits import WindowedBurstRateLimiter
from hikari.impl.shard import GatewayShardImpl

from seraphim.discord.pace import PacedBuckets

LIMIT_SECONDS: Final = 5.0
"""How long to ask Discord how many sessions may be started."""
LIMIT_HOLDS_SECONDS: Final = 60.0
"""How long its answer is good for."""
LONGEST_WAIT_SECONDS: Final = 300.0
"""How long a request may wait for the limit of its bucket before it fails."""
SLOWEST_RECONNECT_SECONDS: Final = 10.0
"""How long to wait at most before the next try to reach a gateway that is away."""

# What is relied upon without being promised, by the class that it belongs to.
SHARD_PRIVATES: Final = (
    "_connect",
    "_is_closing",
    "_non_priority_rate_limit",
    "_resume_gateway_url",
    "_seq",
    "_session_id",
    "_total_rate_limit",
    "_user_id",
    "_ws",
)
BOT_PRIVATES: Final = ("_dumps", "_loads", "_rest", "_shards", "_start_one_shard", "_token")

# Of the REST client, of its rate limits (used in `pace`), and of the shard's module.
REST_PRIVATES: Final = ("_bucket_manager",)
BUCKETS_PRIVATES: Final = ("_route_hash_to_bucket_hash",)
SHARD_CONSTANTS: Final = ("_BACKOFF_CAP",)

_RESUMABLE_CLOSE: Final = 3000

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ShardSession:
    """What Discord must be told to go on with a session. `url`: where, None: anywhere."""

    id: str = field(repr=False)
    sequence: int
    url: str | None
    shard_count: int


Recall = Callable[[int, int], Awaitable[ShardSession | None]]
"""Gives the session that the shard of that id, among so many, is to go on with."""


# hikari lets a minute pass, in which every command would fail. To resume costs nothing, and how
# often a session may be begun is looked at each time.
hikari_shard.__dict__["_BACKOFF_CAP"] = SLOWEST_RECONNECT_SECONDS


class SendLimit(WindowedBurstRateLimiter):
    """How often a shard may say something: 120 times a minute, by Discord's rules.

    hikari's own is stuck for good when somebody gives up waiting in it. That is what whoever asks
    for a place in voice does after a while, and more guilds than the limit may ask at once.
    """

    @classmethod
    def like(cls, other: WindowedBurstRateLimiter) -> "SendLimit":
        """Return one with the same limit."""
        return cls(other.name, other.period, other.limit)

    async def throttle(self) -> None:
        """Let go who waits, as many as may in each period."""
        while self.queue:
            await asyncio.sleep(max(0.0, self.get_time_until_increase(time.time())))
            while self.queue and not self.is_rate_limited(time.time()):
                waiting = self.queue.pop(0)
                if not waiting.done():
                    self.remaining -= 1
                    waiting.set_result(None)
        self.throttle_task = None

    def close(self) -> None:
        """Begin anew, for a new connection; who waited for the old one is told that it is gone."""
        queue, self.queue = self.queue, []
        for waiting in queue:
            if not waiting.done():
                waiting.set_exception(hikari.ComponentStateConflictError("reconnected"))
        self.move_at = 0.0
        super().close()


class ResumableShard(GatewayShardImpl):
    """A shard that can begin with a session, and leave one."""

    _leaving = False
    _closing = False
    _may_identify: Callable[[], Awaitable[None]]

    def begin(
        self,
        user: int,
        session: ShardSession | None,
        may_identify: Callable[[], Awaitable[None]],
    ) -> None:
        """Say, before `start`, who we are and with which session to go on.

        A new session is begun where Discord knows that one no more, once `may_identify` returns.
        """
        # After RESUMED there is no READY to tell it.
        self._user_id = hikari.Snowflake(user)
        self._non_priority_rate_limit = SendLimit.like(self._non_priority_rate_limit)
        self._total_rate_limit = SendLimit.like(self._total_rate_limit)
        self._may_identify = may_identify
        if session is not None:
            self._session_id = session.id
            self._seq = session.sequence
            self._resume_gateway_url = session.url

    @property
    def session(self) -> ShardSession | None:
        """The session as it is now; None while there is none."""
        if self._session_id is None or self._seq is None:
            return None
        return ShardSession(self._session_id, self._seq, self._resume_gateway_url, self.shard_count)

    def leave_session(self) -> None:
        """Let the next `close` be one after which Discord keeps the session for a while."""
        self._leaving = True

    def get_user_id(self) -> hikari.Snowflake:
        """Return who we are; also during a replay, when hikari would not say."""
        assert self._user_id is not None
        return self._user_id

    # hikari ends the session in its closing handshake when this is set.
    @property
    def _is_closing(self) -> bool:
        return self._closing and not self._leaving

    @_is_closing.setter
    def _is_closing(self, closing: bool) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]
        self._closing = closing

    async def _connect(self) -> tuple[asyncio.Task[None], ...]:
        resumes = self._seq is not None
        if not resumes:
            await self._may_identify()
        try:
            tasks = await super()._connect()
        except hikari.GatewayConnectionError:
            # Nobody is there any more; any gateway may know the session.
            self._resume_gateway_url = None
            raise
        except hikari.GatewayServerClosedConnectionError as error:
            if error.code == hikari.ShardCloseCode.INVALID_SEQ:
                # hikari would ask for the same again.
                self._forget()
            raise
        if not resumes or self._seq is not None:
            return tasks
        # Refused. hikari would wait before it identifies, and silence would be what it waits in.
        log.info("discord.resume_refused", shard=self.id)
        await self._hang_up(tasks)
        return await self._connect()

    async def _hang_up(self, tasks: tuple[asyncio.Task[None], ...]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        ws, self._ws = self._ws, None
        if ws is not None:
            await ws.send_close(code=_RESUMABLE_CLOSE, message=b"session refused")

    def _forget(self) -> None:
        self._session_id = self._seq = self._resume_gateway_url = None


class ResumableBot(hikari.GatewayBot):
    """A bot whose shards go on with the sessions that are recalled for them."""

    _recall: Recall | None = None
    _starts_left = 0
    _starts_known_until = 0.0

    @property
    def identity(self) -> str:
        """Whose sessions these are, and of which kind; the token cannot be told from it.

        A session that goes on has the intents that it was begun with.
        """
        known = f"{self._token} {int(self.intents)}"
        return hashlib.sha256(known.encode()).hexdigest()[:32]

    @property
    def sessions(self) -> dict[int, ShardSession]:
        """The sessions of the shards that have one."""
        return _sessions(self._resumable)

    def keep_pace(self) -> None:
        """Never ask REST faster than Discord lets us; to be called before it is asked anything."""
        buckets = PacedBuckets(LONGEST_WAIT_SECONDS)
        self._rest._bucket_manager = buckets  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]

    def recall_with(self, recall: Recall) -> None:
        """Say how shards come to know the session to go on with."""
        self._recall = recall

    async def leave(self) -> dict[int, ShardSession]:
        """Close the gateway, leave the sessions to whoever resumes them, and return them.

        They are as they ended: all that was said before was heard here. REST can be used on, until
        `close`.
        """
        shards = self._resumable
        for shard in shards:
            shard.leave_session()
        await asyncio.gather(*(shard.close() for shard in shards if shard.is_alive))
        return _sessions(shards)

    @property
    def _resumable(self) -> list[ResumableShard]:
        return [shard for shard in self._shards.values() if isinstance(shard, ResumableShard)]

    async def _start_one_shard(
        self,
        *,
        activity: hikari.Activity | None,
        afk: bool,
        idle_since: datetime.datetime | None,
        status: hikari.Status,
        large_threshold: int,
        shard_id: int,
        shard_count: int,
        url: str,
    ) -> None:
        shard = ResumableShard(
            http_settings=self.http_settings,
            proxy_settings=self.proxy_settings,
            event_manager=self.event_manager,
            event_factory=self.event_factory,
            intents=self.intents,
            dumps=self._dumps,
            loads=self._loads,
            initial_activity=activity,
            initial_is_afk=afk,
            initial_idle_since=idle_since,
            initial_status=status,
            large_threshold=large_threshold,
            shard_id=shard_id,
            shard_count=shard_count,
            token=self._token,
            url=url,
        )
        session = None if self._recall is None else await self._recall(shard_id, shard_count)
        shard.begin(int(self.token_id), session, self._may_identify)
        await shard.start()
        self._shards[shard_id] = shard

    async def _may_identify(self) -> None:
        """Return when Discord lets one more session be started: more would cost us the token."""
        while True:
            now = time.monotonic()
            if now >= self._starts_known_until:
                try:
                    async with asyncio.timeout(LIMIT_SECONDS):
                        limit = (await self.rest.fetch_gateway_bot_info()).session_start_limit
                except (hikari.HTTPError, TimeoutError) as error:
                    # The gateway itself may well be up; and it says so if the token is wrong.
                    log.warning("discord.session_limit_unknown", error=type(error).__name__)
                    return
                self._starts_left = limit.remaining
                resets = limit.reset_after.total_seconds()
                self._starts_known_until = now + min(resets, LIMIT_HOLDS_SECONDS)
                if not limit.remaining:
                    log.error("discord.sessions_used_up", seconds=round(resets, 1))
            if self._starts_left > 0:
                self._starts_left -= 1
                return
            await asyncio.sleep(max(0.0, self._starts_known_until - now))


def _sessions(shards: list[ResumableShard]) -> dict[int, ShardSession]:
    return {shard.id: session for shard in shards if (session := shard.session) is not None}
