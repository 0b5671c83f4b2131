"""Where the bot is, when people, moderators and Discord disagree about it."""

import asyncio

import pytest

from tests.end_to_end.conftest import Choir, code

pytestmark = pytest.mark.anyio


async def test_the_music_comes_back_when_the_gateway_session_is_invalidated(choir: Choir) -> None:
    await choir.play("Aurora")
    await choir.hears("Aurora")
    choir.stage.sandbox.faults.invalidate_session()
    await choir.stage.sandbox.until(lambda: choir.guild.bot.voice is not None)
    back = choir.heard.mark()
    await choir.heard.until_audible(since=back)
    await choir.hears("Aurora")


async def test_a_track_begun_between_two_voice_servers_is_heard(choir: Choir) -> None:
    await choir.play("Aurora")
    await choir.hears("Aurora")
    discord = choir.stage.sandbox
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(discord.faults.move_voice_server(choir.guild, gap=1.0))
        await choir.heard.until_silent()
        await choir.ada.command("skip")
        await choir.play("Ember")
    await choir.hears("Ember")


async def test_a_bot_that_is_sent_away_while_it_joins_does_not_stay(choir: Choir) -> None:
    discord = choir.stage.sandbox
    discord.faults.delay_next("VOICE_SERVER_UPDATE", 1.0, choir.guild)
    async with asyncio.TaskGroup() as tasks:
        joining = tasks.create_task(choir.ada.command("join"))
        await discord.until(lambda: choir.guild.bot.voice is not None)
        assert code(await choir.ada.command("leave")) == ""
    assert code(await joining) != ""
    await discord.until(lambda: choir.guild.bot.voice is None)


async def test_after_three_crashes_the_music_goes_on_and_nothing_is_lost(choir: Choir) -> None:
    await choir.play("Aurora")
    await choir.hears("Aurora")
    bot = choir.stage.bot
    for _ in range(3):
        logged = bot.mark()
        await choir.stage.crash(choir.player)
        await bot.until_log("actor.started", since=logged, actor=choir.player)
    assert code(await choir.play("Ember")) == ""
    await choir.hears("Aurora")
    assert code(await choir.ada.command("skip")) == ""
    await choir.hears("Ember")


async def test_invited_again_the_bot_has_its_queue_and_a_join_brings_it_back(choir: Choir) -> None:
    await choir.play("Aurora")
    await choir.hears("Aurora")
    choir.guild.remove_bot()
    choir.guild.add_bot()
    assert choir.guild.bot.voice is None
    assert code(await choir.ada.command("join")) == ""
    await choir.hears("Aurora")
