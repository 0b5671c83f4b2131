"""How fast Discord's REST is asked, whatever is wanted of it at once."""

import asyncio
from collections import Counter

import hikari
import pytest

from actors.guild.player.messages import Pause, Paused
from seraphim.discord import answer as answering
from seraphim.discord.pace import AT_ONCE, PER_SECOND, Pace
from seraphim.sandbox import Guild
from seraphim.sandbox.rest import rate_limits
from tests.seraphim.discord.house import House, playing, view

pytestmark = pytest.mark.anyio

MANY = 60


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[bool]:
    """How many requests Discord has taken (True), and refused."""
    count = Counter[bool]()
    take = rate_limits.RateLimits.take

    def counting(limits: rate_limits.RateLimits, *request: object) -> rate_limits.Grant | None:
        grant = take(limits, *request)  # pyright: ignore[reportArgumentType]
        count[grant is None or grant.allowed] += 1
        return grant

    monkeypatch.setattr(rate_limits.RateLimits, "take", counting)
    return count


async def post_in(house: House, guild: Guild, channels: int) -> None:
    """Post into so many channels at once, and edit what was posted, likewise."""
    announcer = house.edge.announcer
    places = [guild.text_channel(f"text-{number}").id for number in range(channels)]
    shown = view(guild.id, playing())
    posted = await asyncio.gather(*(announcer.post(place, shown) for place in places))
    await asyncio.gather(
        *(announcer.edit(place, it, shown) for place, it in zip(places, posted, strict=True))
    )


# --- the bot --------------------------------------------------------------------------------


async def test_whatever_is_wanted_at_once_discord_refuses_none_of_it(
    house: House, guild: Guild, asked: Counter[bool]
) -> None:
    # No channel waits for the limit of another, which would take a second for each.
    async with asyncio.timeout(20):
        await post_in(house, guild, MANY)
    assert asked == {True: 2 * MANY}


async def test_a_bot_that_is_refused_all_the_same_waits_with_everything(
    monkeypatch: pytest.MonkeyPatch, house: House, guild: Guild, asked: Counter[bool]
) -> None:
    monkeypatch.setattr(rate_limits, "GLOBAL_LIMIT", 10)
    await post_in(house, guild, 15)
    assert asked[True] == 30
    assert 0 < asked[False] < 60


async def test_a_request_that_is_given_up_keeps_no_other_from_being_made(
    monkeypatch: pytest.MonkeyPatch, house: House, guild: Guild
) -> None:
    monkeypatch.setitem(rate_limits._LIMITS, "POST /channels/{channel}/messages", (2, 0.5))
    shown, announcer = view(guild.id, playing()), house.edge.announcer
    await announcer.post(guild.text.id, shown)
    posts = [asyncio.create_task(announcer.post(guild.text.id, shown)) for _ in range(5)]
    await house.sandbox.until(lambda: len(guild.text.messages) == 2)
    for post in posts:
        post.cancel()
    await asyncio.wait(posts)
    async with asyncio.timeout(20):
        await announcer.post(guild.text.id, shown)


async def test_an_answer_to_an_interaction_never_waits_also_when_it_comes_late(
    monkeypatch: pytest.MonkeyPatch, house: House, guild: Guild
) -> None:
    monkeypatch.setattr(answering, "PATIENCE_SECONDS", 0.0)
    house.bot._rest._bucket_manager.throttle(3_600)
    script, ada = house.script(guild), guild.member("Ada")
    await ada.join(guild.voice)
    script.replies[Pause] = Paused(playing(), changed=True)
    script.hold = asyncio.Event()
    asking = asyncio.create_task(ada.command("pause"))
    await house.sandbox.until(lambda: any(message.loading for message in guild.text.messages))
    script.hold.set()
    assert (await asking).embeds


# --- the pace -------------------------------------------------------------------------------


async def test_turns_come_in_order_and_no_faster_than_they_may() -> None:
    pace, order = Pace(), list[int]()

    async def go(number: int) -> None:
        await pace.turn()
        order.append(number)

    clock = asyncio.get_running_loop().time
    began = clock()
    async with asyncio.TaskGroup() as tasks:
        for number in range(AT_ONCE + 10):
            tasks.create_task(go(number))
    assert clock() - began >= 9 / PER_SECOND
    assert order == sorted(order)


async def test_nothing_goes_while_it_is_shut() -> None:
    pace, clock = Pace(), asyncio.get_running_loop().time
    began = clock()
    for _ in range(AT_ONCE):
        await pace.turn()
    waiting = asyncio.create_task(pace.turn())
    await asyncio.sleep(0)
    # Also what waits already.
    pace.shut(0.3)
    pace.shut(0.1)
    await waiting
    assert clock() - began >= 0.3


async def test_what_waits_when_rest_is_closed_fails_and_what_comes_later_does_not() -> None:
    pace = Pace()
    pace.shut(0.05)
    waiting = asyncio.create_task(pace.turn())
    await asyncio.sleep(0)
    pace.close()
    await pace.turn()
    with pytest.raises(hikari.ComponentStateConflictError):
        await waiting
