"""Who listens decides: alone the music waits, and what is everybody's is voted on."""

import pytest

from seraphim.sandbox import Member, Permission
from tests.end_to_end.conftest import Choir

pytestmark = pytest.mark.anyio


async def joined(choir: Choir, *names: str) -> list[Member]:
    members = [choir.guild.member(name) for name in names]
    for member in members:
        await member.join(choir.guild.voice)
    return members


async def test_alone_the_music_waits_and_goes_on_when_somebody_comes(choir: Choir) -> None:
    await choir.play("Vesper")
    await choir.hears("Vesper")
    await choir.ada.leave()
    await choir.heard.until_silent()
    assert choir.guild.bot.voice is not None
    came = choir.heard.mark()
    await joined(choir, "Grace")
    await choir.heard.until_audible(since=came)
    await choir.hears("Vesper")


async def test_what_others_asked_for_is_skipped_by_a_vote(choir: Choir) -> None:
    grace, linus, _ = await joined(choir, "Grace", "Linus", "Marie")
    await choir.play("Aurora")
    await choir.play("Ember")
    await choir.hears("Aurora")
    vote = (await grace.command("skip")).message
    assert "1 of 2" in str(vote.embeds)
    await linus.press(vote, "Vote")
    await choir.hears("Ember")
    assert "2 of 2" in str(vote.embeds)
    assert not vote.components


async def test_a_vote_passes_when_enough_of_the_others_leave(choir: Choir) -> None:
    grace, linus, marie = await joined(choir, "Grace", "Linus", "Marie")
    await choir.play("Aurora")
    await choir.play("Ember")
    await choir.hears("Aurora")
    vote = (await grace.command("skip")).message
    await linus.leave()
    await marie.leave()
    await choir.hears("Ember")
    await choir.stage.sandbox.until(lambda: not vote.components)


async def test_a_dj_ends_the_music_after_a_question(choir: Choir) -> None:
    dj = choir.guild.member("Dee", permissions=Permission.MANAGE_GUILD)
    await dj.join(choir.guild.voice)
    await choir.play("Aurora")
    await choir.hears("Aurora")
    question = await dj.command("stop")
    assert question.ephemeral
    await dj.press(question.message, "Yes")
    await choir.heard.until_silent()


async def test_who_listens_is_still_known_after_the_bot_was_killed(choir: Choir) -> None:
    (grace,) = await joined(choir, "Grace")
    await choir.play("Aurora")
    await choir.play("Ember")
    heard = choir.heard
    await heard.until(lambda: len(heard.packets) > 150, what="music for as long as a save takes")
    bot = choir.stage.bot
    bot.kill()
    await bot.wait()
    await joined(choir, "Linus", "Marie")
    logged = bot.mark()
    await bot.start()
    await bot.until_log("system.ready", since=logged)
    # What happened meanwhile is told when all players are awake.
    count = len(heard.packets)
    await heard.until(lambda: len(heard.packets) > count + 50, what="a second of music")
    answer = await grace.command("skip")
    assert "1 of 2" in str(answer.embeds)
