"""How fast Discord's REST is asked, over all of its routes.

Discord takes fifty requests a second from a bot, and for an hour none at all from where it had to
refuse ten thousand within ten minutes. hikari slows down only once it is refused, lets go all at
once what it held back, and for a bucket that it does not know yet (after a start: each of them) it
does not even wait. A start with many guilds was a storm of refusals.

So nothing is asked that could be one too many. Only what carries the bot's token counts: the
answers to interactions never wait here.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Final

import hikari
from hikari.impl.buckets import RESTBucket, RESTBucketManager
from hikari.internal.routes import CompiledRoute, Route

# Their sum is the most that is asked within one second. The rest of Discord's fifty is for the
# process before or after this one.
PER_SECOND: Final = 25
AT_ONCE: Final = 20


class Pace:
    """Gives out turns in the order in which they are asked for.

    A cancelled wait leaves its turn unused. (In hikari's own limiter it stops all that wait behind
    it, for good.)
    """

    def __init__(self) -> None:
        self._next_turn = 0.0
        self._shut_until = 0.0
        self._closings = 0

    async def turn(self) -> None:
        """Return when one more may be asked.

        Raises `ComponentStateConflictError` where `close` was called meanwhile.
        """
        closings = self._closings
        while True:
            now = self._now()
            shut = self._shut_until
            if now >= shut:
                start = max(self._next_turn, now - (AT_ONCE - 1) / PER_SECOND)
                self._next_turn = start + 1 / PER_SECOND
                await asyncio.sleep(max(0.0, start - now))
            else:
                await asyncio.sleep(shut - now)
            if self._closings != closings:
                raise hikari.ComponentStateConflictError("REST was closed")
            if now >= shut and shut == self._shut_until:
                return

    def shut(self, seconds: float) -> None:
        """Give out no turn for so long."""
        self._shut_until = max(self._shut_until, self._now() + seconds)

    def close(self) -> None:
        """Let what waits now fail when its turn comes."""
        self._closings += 1

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


class PacedBuckets(RESTBucketManager):
    """hikari's rate limits, bucket by bucket, and the pace for all of them together.

    The first request of a route goes alone: hikari takes all that come before its answer for one
    bucket, and makes them wait for the limit of that one channel.
    """

    def __init__(self, max_rate_limit: float) -> None:
        super().__init__(max_rate_limit)
        self._pace = Pace()
        self._firsts: dict[Route, asyncio.Lock] = {}

    @asynccontextmanager
    async def acquire_bucket(
        self, compiled_route: CompiledRoute, authentication: str | None
    ) -> AsyncGenerator[None]:
        """Enter when the request may be made; leave when its answer is known."""
        route = compiled_route.route
        async with AsyncExitStack() as held:
            if not self._knows(route):
                await held.enter_async_context(self._firsts.setdefault(route, asyncio.Lock()))
                if self._knows(route):
                    await held.aclose()
            bucket = super().acquire_bucket(compiled_route, authentication)
            await _enter(bucket)
            held.push_async_exit(bucket)
            if authentication is not None:
                await self._pace.turn()
            yield

    def throttle(self, retry_after: float) -> None:
        """Ask nothing for so many seconds: Discord has refused one over its global limit."""
        self._pace.shut(retry_after)

    async def close(self) -> None:
        """Let go of everything that is known, and of what waits."""
        self._pace.close()
        await super().close()

    def _knows(self, route: Route) -> bool:
        return hash(route) in self._route_hash_to_bucket_hash


async def _enter(bucket: AbstractAsyncContextManager[None]) -> None:
    """Enter `bucket`. Who gives up waiting enters all the same, and leaves at once.

    One that is cancelled while it waits would stop hikari's bucket, too.
    """

    def leave(entered: asyncio.Future[None]) -> None:
        if not entered.cancelled() and entered.exception() is None:
            assert isinstance(bucket, RESTBucket)
            bucket.release()

    entering = asyncio.ensure_future(bucket.__aenter__())
    try:
        await asyncio.shield(entering)
    except asyncio.CancelledError:
        entering.add_done_callback(leave)
        raise
