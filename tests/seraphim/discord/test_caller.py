"""Who asks: whether they are a DJ, what they are called, and where they may ask."""

from dataclasses import replace

import pytest

from actors.guild.player.messages import Member as Asker
from actors.guild.player.messages import Pause, Paused
from actors.guild.settings import GuildSettings
from seraphim.sandbox import Guild, Member, Permission
from tests.seraphim.discord.house import House, Script, playing

pytestmark = pytest.mark.anyio


@pytest.fixture
def script(house: House, guild: Guild) -> Script:
    script = house.script(guild)
    script.replies[Pause] = Paused(playing(), changed=True)
    return script


async def asked(script: Script, member: Member) -> Asker:
    await member.command("pause")
    return script.got(Pause)[-1].by


async def test_who_asks_has_the_name_that_they_have_here(script: Script, guild: Guild) -> None:
    by = await asked(script, guild.member("Ada"))
    assert by.name == "Ada"
    assert not by.dj


async def test_who_may_manage_the_server_is_a_dj(script: Script, guild: Guild) -> None:
    for permission in (Permission.MANAGE_GUILD, Permission.ADMINISTRATOR):
        member = guild.member(permission.name or "", permissions=permission)
        assert (await asked(script, member)).dj
    assert not (await asked(script, guild.member("Bob", permissions=Permission.SPEAK))).dj


async def test_who_has_the_role_is_a_dj(house: House, script: Script, guild: Guild) -> None:
    role = guild.role("DJ")
    ada, bob = guild.member("Ada", roles=[role]), guild.member("Bob", roles=[guild.role("Other")])
    assert not (await asked(script, ada)).dj
    house.board.choose(guild.id, GuildSettings(dj_role=role.id))
    assert (await asked(script, ada)).dj
    assert not (await asked(script, bob)).dj


async def test_who_was_made_one_is_a_dj(house: House, script: Script, guild: Guild) -> None:
    ada, bob = guild.member("Ada"), guild.member("Bob")
    house.board.choose(guild.id, GuildSettings(djs=(ada.id,)))
    assert (await asked(script, ada)).dj
    assert not (await asked(script, bob)).dj


async def test_a_dj_stays_one_where_it_had_to_be_asked_where_they_are(
    house: House, script: Script, guild: Guild
) -> None:
    ada = guild.member("Ada", permissions=Permission.MANAGE_GUILD)
    await ada.join(guild.voice)
    by = await asked(script, ada)
    assert by == replace(by, dj=True, name="Ada", voice_channel=guild.voice.id)


async def test_commands_are_taken_only_where_the_guild_wants_them(
    house: House, script: Script, guild: Guild
) -> None:
    ada, music = guild.member("Ada"), guild.text_channel("music")
    house.board.choose(guild.id, GuildSettings(allowed_channels=(music.id,)))
    answer = await ada.command("pause")
    assert answer.ephemeral
    assert "PERM-004" in str(answer.embeds)
    assert str(music.id) in str(answer.embeds)
    assert not script.got(Pause)
    await ada.command("pause", channel=music)
    assert script.got(Pause)


async def test_who_manages_the_server_is_heard_in_every_channel(
    house: House, script: Script, guild: Guild
) -> None:
    house.board.choose(guild.id, GuildSettings(allowed_channels=(4711,)))
    await guild.member("Ada", permissions=Permission.MANAGE_GUILD).command("pause")
    assert script.got(Pause)
