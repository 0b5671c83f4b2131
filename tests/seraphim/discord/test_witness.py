"""What becomes of commands and buttons, as it is counted."""

import asyncio

import pytest

from actors.guild.player.messages import Pause, Paused, Skip
from actors.guild.player.ports import JoinRefused
from actors.guild.refusal import Code, Refused
from seraphim.sandbox import Guild, Member
from tests.seraphim.discord.house import House, Script, playing, view

pytestmark = pytest.mark.anyio


@pytest.fixture
async def script(house: House, guild: Guild, ada: Member) -> Script:
    await ada.join(guild.voice)
    house.board.put(view(guild.id, playing()))
    return house.script(guild)


async def test_an_answer_is_counted_by_its_command_and_what_became_of_it(
    house: House, ada: Member, script: Script
):
    script.replies[Pause] = Paused(playing(), changed=True)
    script.replies[Skip] = Refused(Code.NOTHING_PLAYING)
    await ada.command("pause")
    await ada.command("skip")
    script.replies[Skip] = ValueError("poison")
    await ada.command("skip")
    await house.sandbox.until(lambda: len(house.tally.answers) == 3)
    assert house.tally.answers == [("pause", "done"), ("skip", "PLAY-001"), ("skip", "SYS-003")]


async def test_the_seconds_are_those_that_were_waited(house: House, ada: Member, script: Script):
    script.replies[Pause] = Paused(playing(), changed=True)
    script.hold = asyncio.Event()
    asked = asyncio.create_task(ada.command("pause"))
    await house.sandbox.until(lambda: script.got(Pause))
    await asyncio.sleep(0.2)
    script.hold.set()
    await asked
    await house.sandbox.until(lambda: house.tally.waited)
    assert 0.2 <= house.tally.waited[0] < 10


async def test_a_place_in_voice_is_counted_and_one_that_is_refused_by_its_code(
    house: House, guild: Guild
):
    await house.edge.voice.join(guild.id, guild.voice.id)
    narrow = guild.voice_channel("Cell", user_limit=1)
    bea = guild.member("Bea")
    await bea.join(narrow)
    with pytest.raises(JoinRefused) as refused:
        await house.edge.voice.join(guild.id, narrow.id)
    assert house.tally.joins == ["done", refused.value.refused.code]
