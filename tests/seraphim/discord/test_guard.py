"""Who is too fast, as people see it; and that the limiter never keeps anybody from their music."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
import structlog

from actors.guild.player.messages import (
    Leave,
    Left,
    NeedsConfirmation,
    Play,
    Skip,
    Skipped,
    Stop,
    Stopped,
    Vote,
    Voted,
    VoteKind,
    VoteView,
)
from actors.guild.refusal import Code, Refused
from actors.rate_limiter.actor import RateLimiterActor
from actors.rate_limiter.buckets import COMMANDS, Allowance
from actors.rate_limiter.messages import RATE_LIMITER, RateLimiterMessage, Take
from actors.runtime import Actor, ChildSpec, SupervisorSpec, System
from actors.runtime.testing import VirtualClock, settle
from seraphim.discord.guard import COSTS, FREE, TIMEOUT_SECONDS, Guard
from seraphim.sandbox import Answer, Guild, Member, Message, Sandbox
from tests.seraphim.discord.house import House, Script, entry, playing, track, view

pytestmark = pytest.mark.anyio

TOLL = Take(7, 900)
TOO_FAST = Refused(Code.TOO_FAST, {"seconds": 2})


# --- in a house whose limiter is as strict as everywhere ---


@pytest.fixture
async def house(sandbox: Sandbox, guild: Guild) -> AsyncIterator[House]:
    # In an hour, so that however slow a test is, nobody's bucket fills meanwhile.
    limiter = RateLimiterActor(Allowance(COMMANDS, 3_600_000))
    house = House(sandbox, limiter=lambda: limiter)
    async with house.running():
        yield house


@pytest.fixture
async def script(house: House, guild: Guild, ada: Member) -> Script:
    """The guild's player, with Ada in its voice channel."""
    await ada.join(guild.voice)
    script = house.script(guild)
    script.replies[Skip] = Skipped(entry("Aurora"), entry("Borealis"))
    script.replies[Stop] = Stopped(3)
    script.replies[Leave] = Left(55)
    return script


def told(answer: Answer) -> tuple[str, str]:
    """The code that somebody was told, and in which words."""
    (embed,) = answer.embeds
    return embed.get("footer", {}).get("text", ""), embed.get("description", "")


async def spend(member: Member) -> None:
    """Use up what one person has."""
    for _ in range(COMMANDS):
        assert told(await member.command("skip"))[0] == ""


async def panel(house: House, guild: Guild) -> Message:
    shown = view(guild.id, playing(), queue=(entry("Borealis"),), can_go_back=True)
    house.board.put(shown)
    posted = await house.edge.announcer.post(guild.text.id, shown)
    return next(message for message in guild.text.messages if message.id == posted)


async def test_the_sixth_command_in_a_row_is_told_privately_how_long_to_wait(
    script: Script, guild: Guild, ada: Member
) -> None:
    await spend(ada)
    answer = await ada.command("skip")
    code, words = told(answer)
    assert code == Code.TOO_FAST
    assert "Await 720 seconds" in words or "Await 719 seconds" in words
    assert answer.ephemeral
    assert len(script.got(Skip)) == COMMANDS


async def test_each_person_waits_for_themselves(script: Script, guild: Guild, ada: Member) -> None:
    await spend(ada)
    bob = guild.member("Bob")
    await bob.join(guild.voice)
    assert told(await bob.command("skip"))[0] == ""


async def test_who_is_too_fast_may_still_stop_and_leave(
    house: House, script: Script, guild: Guild, ada: Member
) -> None:
    message = await panel(house, guild)
    await spend(ada)
    assert told(await ada.command("stop"))[0] == ""
    assert told(await ada.command("leave"))[0] == ""
    await ada.press(message, "stop")
    assert len(script.got(Stop)) == 2
    assert len(script.got(Leave)) == 1


async def test_who_is_too_fast_may_say_that_they_mean_it(
    script: Script, guild: Guild, ada: Member
) -> None:
    await spend(ada)
    script.replies[Stop] = NeedsConfirmation(VoteKind.STOP, 2)
    answer = await ada.command("stop")
    assert answer.message is not None
    script.replies[Stop] = Stopped(3)
    await ada.press(answer.message, "sure:stop")
    assert script.got(Stop)[-1].confirmed


async def test_to_stop_takes_nothing_from_who_stops(
    script: Script, guild: Guild, ada: Member
) -> None:
    for _ in range(COMMANDS):
        await ada.command("stop")
    await spend(ada)


async def test_buttons_of_the_panel_count_as_commands_do(
    house: House, script: Script, guild: Guild, ada: Member
) -> None:
    message = await panel(house, guild)
    for _ in range(COMMANDS):
        await ada.press(message, "skip")
    answer = await ada.press(message, "skip")
    assert told(answer)[0] == Code.TOO_FAST
    assert answer.ephemeral
    assert told(await ada.command("skip"))[0] == Code.TOO_FAST
    assert len(script.got(Skip)) == COMMANDS


async def test_picks_count_too(house: House, script: Script, guild: Guild, ada: Member) -> None:
    house.catalogue.tracks = (track(),)
    message = (await ada.command("search", query="song")).message
    assert message is not None
    for _ in range(COMMANDS - 1):
        await ada.command("skip")
    assert told(await ada.press(message, "1"))[0] == Code.TOO_FAST
    assert not script.got(Play)


async def test_votes_count_too(script: Script, guild: Guild, ada: Member) -> None:
    bob = guild.member("Bob")
    await bob.join(guild.voice)
    vote = VoteView(
        id=7, kind=VoteKind.SKIP, by=1, votes=1, needed=3, ends_at=1_700_000_045_000, entry=entry()
    )
    script.replies[Vote] = Voted(vote, counted=True)
    await spend(ada)
    script.replies[Skip] = Voted(vote, counted=True, opened=True)
    message = (await bob.command("skip")).message
    assert message is not None
    assert told(await ada.press(message, "vote:7"))[0] == Code.TOO_FAST
    assert not script.got(Vote)


async def test_what_is_only_typed_does_not_count(
    house: House, script: Script, guild: Guild, ada: Member
) -> None:
    house.catalogue.tracks = (track(),)
    for number in range(COMMANDS + 1):
        assert await ada.autocomplete("play", query=f"song {number}")
    await spend(ada)
    assert await ada.autocomplete("play", query="song")


async def test_no_command_overtakes_the_one_before_even_if_it_is_free(
    script: Script, guild: Guild, ada: Member
) -> None:
    await asyncio.gather(ada.command("skip"), ada.command("stop"))
    assert [type(one) for one in script.received if isinstance(one, Skip | Stop)] == [Skip, Stop]


def test_stop_and_leave_cost_nothing() -> None:
    assert COSTS["stop"] == COSTS["leave"] == FREE


# --- when the limiter does not do its work ---


class Hanging(Actor[RateLimiterMessage]):
    """Answers when it is released, and nobody before."""

    def __init__(self) -> None:
        self.released = asyncio.Event()

    async def receive(self, message: RateLimiterMessage) -> object:
        await self.released.wait()
        return 0


class Crashing(Actor[RateLimiterMessage]):
    async def receive(self, message: RateLimiterMessage) -> object:
        raise RuntimeError("on purpose")


class Refusing(Actor[RateLimiterMessage]):
    async def receive(self, message: RateLimiterMessage) -> object:
        return 2


@dataclass
class Post:
    """A guard before a limiter, and what it writes to the log."""

    guard: Guard
    system: System
    clock: VirtualClock
    log: list[structlog.typing.EventDict]

    @property
    def warnings(self) -> list[str]:
        return [str(line["error"]) for line in self.log if line["event"] == "rate.unlimited"]

    async def passes(self) -> bool:
        """Whether somebody passes, be it after the time that the limiter has."""
        async with asyncio.TaskGroup() as tasks:
            asked = tasks.create_task(self.guard.refusal(TOLL))
            await settle()
            if not asked.done():
                await self.clock.advance(TIMEOUT_SECONDS)
        assert asked.result() in (None, TOO_FAST)
        return asked.result() is None


@asynccontextmanager
async def post(start: Callable[[], Actor[RateLimiterMessage]]) -> AsyncIterator[Post]:
    child = ChildSpec(id="rate-limiter", start=start, name=RATE_LIMITER)
    clock = VirtualClock()
    system = System(SupervisorSpec("root", [child], intensity=100), clock=clock)
    with structlog.testing.capture_logs() as log:
        async with system:
            yield Post(Guard(lambda: system.registry), system, clock, log)


async def test_who_is_too_fast_does_not_pass() -> None:
    async with post(Refusing) as at:
        assert not await at.passes()
        assert at.warnings == []


async def test_everybody_passes_a_limiter_that_hangs_and_it_is_said_once() -> None:
    limiter = Hanging()
    async with post(lambda: limiter) as at:
        for _ in range(3):
            began = at.clock.now()
            assert await at.passes()
            assert at.clock.now() - began == pytest.approx(TIMEOUT_SECONDS)
        assert at.warnings == ["AskTimeout"]
        limiter.released.set()


async def test_everybody_passes_a_limiter_that_crashes_and_it_is_said_once_for_each_life() -> None:
    async with post(Crashing) as at:
        for _ in range(3):
            assert await at.passes()
            await settle()
        assert at.warnings == ["ActorCrashed"] * 3


async def test_a_limiter_that_hangs_again_after_a_restart_is_said_again() -> None:
    lives: list[Hanging] = []

    def live() -> Hanging:
        lives.append(Hanging())
        return lives[-1]

    async with post(live) as at:
        assert await at.passes()
        at.system.crash("/root/rate-limiter", RuntimeError("on purpose"))
        # A fault waits for the handler at work.
        lives[0].released.set()
        await settle()
        assert await at.passes()
        assert at.warnings == ["AskTimeout"] * 2
        lives[1].released.set()


async def test_everybody_passes_where_there_is_no_limiter_and_it_is_said_once() -> None:
    system = System(SupervisorSpec("root", []))
    with structlog.testing.capture_logs() as log:
        async with system:
            guard = Guard(lambda: system.registry)
            assert await guard.refusal(TOLL) is None
            assert await guard.refusal(TOLL) is None
    assert [line["event"] for line in log if line["event"].startswith("rate.")] == [
        "rate.unlimited"
    ]


async def test_people_are_answered_while_the_limiter_hangs(
    sandbox: Sandbox, guild: Guild, ada: Member
) -> None:
    limiter = Hanging()
    house = House(sandbox, limiter=lambda: limiter)
    async with house.running():
        await ada.join(guild.voice)
        house.script(guild).replies[Skip] = Skipped(entry("Aurora"), entry("Borealis"))
        assert told(await ada.command("skip"))[0] == ""
        limiter.released.set()
