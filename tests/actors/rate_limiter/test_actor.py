from dataclasses import dataclass, field

import anyio
import pytest
import structlog

from actors.rate_limiter.actor import FORGET_SECONDS, RateLimiterActor
from actors.rate_limiter.buckets import COMMANDS, GUILD_PEOPLE, WINDOW_MS, Allowance
from actors.rate_limiter.messages import RATE_LIMITER, RateLimiterMessage, Take
from actors.runtime import ActorCrashed, ActorRef, ChildSpec, SupervisorSpec, System
from actors.runtime.testing import VirtualClock, settle

pytestmark = pytest.mark.anyio

PATH = "/root/rate-limiter"
GUILD = 900


class Limiter(RateLimiterActor):
    @property
    def remembered(self) -> int:
        return len(self._limiter)


@dataclass
class Gate:
    """A system with a limiter, and the time in one's hands."""

    clock: VirtualClock = field(default_factory=VirtualClock)
    actors: list[Limiter] = field(default_factory=list[Limiter])

    def __post_init__(self) -> None:
        child = ChildSpec(id="rate-limiter", start=self._start, name=RATE_LIMITER)
        root = SupervisorSpec(id="root", children=(child,), intensity=5)
        self.system = System(root, clock=self.clock)

    def _start(self) -> RateLimiterActor:
        self.actors.append(Limiter(Allowance()))
        return self.actors[-1]

    @property
    def ref(self) -> ActorRef[RateLimiterMessage]:
        limiter = self.system.registry.whereis(RATE_LIMITER)
        assert limiter is not None
        return limiter

    async def take(self, user: int = 7, guild: int | None = GUILD, cost: int = 1) -> int:
        with anyio.fail_after(20):
            return await self.ref.ask(Take(user, guild, cost))


async def test_the_sixth_command_in_a_row_is_told_the_whole_seconds_to_wait():
    gate = Gate()
    async with gate.system:
        assert [await gate.take() for _ in range(COMMANDS)] == [0] * COMMANDS
        assert await gate.take() == 2
        await gate.clock.advance(0.7)
        assert await gate.take() == 2
        await gate.clock.advance(2)
        assert await gate.take() == 0
        assert await gate.take() == 2


async def test_what_costs_nothing_is_never_told_to_wait():
    gate = Gate()
    async with gate.system:
        for _ in range(COMMANDS + 1):
            await gate.take()
        assert await gate.take(cost=0) == 0


async def test_its_buckets_outlive_its_crashes():
    gate = Gate()
    async with gate.system:
        for _ in range(COMMANDS):
            await gate.take()
            gate.system.crash(PATH, RuntimeError("on purpose"))
            await settle()
            await gate.clock.advance(0.01)
        assert len(gate.actors) > 1
        assert await gate.take() == 2
        assert await gate.take(user=8) == 0


async def test_a_crash_over_a_question_takes_nothing_from_who_asked():
    gate = Gate()
    async with gate.system:
        await gate.take()
        with pytest.raises(ActorCrashed):
            await gate.ref.ask("nonsense")  # pyright: ignore[reportArgumentType]
        assert [await gate.take() for _ in range(COMMANDS - 1)] == [0] * (COMMANDS - 1)
        assert await gate.take() == 2


async def test_the_idle_are_forgotten_with_nobody_asking():
    gate = Gate()
    async with gate.system:
        for user in range(100):
            await gate.take(user=user)
        limiter = gate.actors[0]
        assert limiter.remembered == 102
        await gate.clock.advance(2 * FORGET_SECONDS)
        assert limiter.remembered == 0


async def test_a_flood_is_told_of_once_a_minute():
    gate = Gate()
    with structlog.testing.capture_logs() as told:
        async with gate.system:
            for _ in range(2):
                for user in range(GUILD_PEOPLE * COMMANDS + 50):
                    await gate.take(user=user)
                await gate.clock.advance(FORGET_SECONDS)
    floods = [line for line in told if line["event"] == "rate.flooded"]
    assert [(line["limit"], line["guild"]) for line in floods] == [("guild", GUILD)] * 2
    assert FORGET_SECONDS * 1000 > WINDOW_MS
