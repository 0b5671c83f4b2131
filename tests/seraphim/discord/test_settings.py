"""What a server chooses with `/settings` and `/stay`: who may, what is offered, what is refused."""

import asyncio
from dataclasses import fields

import anyio
import pytest

from actors.guild.player.messages import SetStay, SettingsChanged, StaySet
from actors.guild.refusal import Code, Refused
from actors.guild.settings import Announcing, GuildSettings
from actors.runtime.testing import settle
from seraphim.discord.presenters.settings import SHOWN
from seraphim.lavalink.searching import PREFIXES
from seraphim.sandbox import Answer, Guild, Member, Sandbox
from seraphim.sandbox.json_values import JsonObject
from seraphim.sandbox.permissions import Permission
from tests.seraphim.discord.house import House, Script

pytestmark = pytest.mark.anyio

STRING, SUBCOMMAND, USER = 3, 1, 6


@pytest.fixture
def grace(guild: Guild) -> Member:
    """Who manages the server."""
    return guild.member("Grace", permissions=Permission.MANAGE_GUILD)


def code(answer: Answer) -> str:
    return answer.embeds[0].get("footer", {}).get("text", "")


def text(answer: Answer) -> str:
    return answer.embeds[0].get("description", "")


async def offered(member: Member, **typed: str) -> list[str | int | float]:
    return [choice.value for choice in await member.autocomplete("settings", **typed)]


# --- who may ---


def named(name: str, *options: JsonObject) -> JsonObject:
    return {"id": "1", "type": 1, "name": name, "options": list(options)}


def below(name: str, *options: JsonObject) -> JsonObject:
    return {"name": name, "type": SUBCOMMAND, "options": list(options)}


def string(name: str, value: str) -> JsonObject:
    return {"name": name, "type": STRING, "value": value}


def governing(ada: Member) -> dict[str, JsonObject]:
    """Return every command that is about a server and no player, as Discord sends it."""
    user = str(ada.id)
    people: JsonObject = {
        "users": {user: {"id": user, "username": "Ada", "discriminator": "0", "avatar": None}}
    }
    member: JsonObject = {"name": "member", "type": USER, "value": user}
    address = string("address", "https://radio.example/night.mp3")
    return {
        "settings": named("settings"),
        "dj add": {**named("dj", below("add", member)), "resolved": people},
        "dj remove": {**named("dj", below("remove", member)), "resolved": people},
        "radio add": named("radio", below("add", string("name", "Night"), address)),
        "radio remove": named("radio", below("remove", string("name", "Night"))),
        "radio list": named("radio", below("list")),
    }


async def test_what_is_about_a_server_is_answered_in_one_only(
    house: House, guild: Guild, ada: Member
) -> None:
    for name, data in governing(ada).items():
        answer = await ada.forge_command(data, directly=True)
        assert (name, code(answer)) == (name, "VAL-001")
    assert house.memory.chosen == {}


async def test_a_dj_keeps_stations_and_who_manages_the_server_decides_the_rest(
    house: House, guild: Guild, ada: Member, grace: Member
) -> None:
    async def refused(by: Member) -> set[str]:
        answers = {name: await by.forge_command(data) for name, data in governing(ada).items()}
        return {name for name, answer in answers.items() if code(answer) == "PERM-003"}

    managing = {"settings", "dj add", "dj remove"}
    assert await refused(ada) == {*managing, "radio add", "radio remove"}
    assert house.memory.chosen == {}
    house.board.choose(guild.id, GuildSettings(djs=(ada.id,)))
    assert await refused(ada) == managing
    assert await refused(grace) == set()


# --- each by its name ---


def test_everything_that_is_chosen_is_shown_but_for_stations_which_have_a_list() -> None:
    assert {field.name for field in fields(GuildSettings)} - {"stations"} == set(SHOWN)


CHOSEN = GuildSettings(
    dj_role=1,
    djs=(2,),
    default_volume=30,
    maximum_volume=80,
    vote_share=70,
    alone_minutes=9,
    stay=True,
    announce=Announcing.NEVER,
    language="de",
    request_channel=3,
    allowed_channels=(4,),
    longest_track_minutes=5,
    longest_queue=6,
    sources=("deezer",),
    fair=True,
    channel_status=True,
)


@pytest.mark.parametrize("setting", SHOWN)
async def test_each_setting_can_be_put_back(
    house: House, guild: Guild, grace: Member, setting: str
) -> None:
    house.board.choose(guild.id, CHOSEN)
    await grace.command("settings", reset=setting)
    now, unchosen = house.board.settings(guild.id), GuildSettings()
    for name in SHOWN:
        assert getattr(now, name) == getattr(unchosen if name == setting else CHOSEN, name)


# --- lists ---


async def test_the_sources_that_there_are_are_offered_for_the_end_of_the_list(
    house: House, guild: Guild, grace: Member
) -> None:
    assert await offered(grace, sources="") == list(PREFIXES)
    choices = await offered(grace, sources="library, sou")
    assert choices == ["library, soundcloud"]
    await grace.command("settings", sources=choices[0])
    assert house.board.settings(guild.id).sources == ("library", "soundcloud")


async def test_a_source_that_does_not_exist_is_refused_with_those_that_do(
    house: House, guild: Guild, grace: Member
) -> None:
    answer = await grace.command("settings", sources="library, napster")
    assert code(answer) == "VAL-006"
    assert "no source napster" in text(answer)
    assert ", ".join(PREFIXES) in text(answer)
    assert house.memory.chosen == {}


async def test_the_servers_text_channels_are_offered_for_the_end_of_the_list(
    house: House, guild: Guild, grace: Member
) -> None:
    songs = guild.text_channel("songs")
    solos = guild.text_channel("solos")
    guild.voice_channel("sopranos")
    here = f"#{guild.text.name}"
    assert await offered(grace, allowed_channels="") == ["all", here, "#songs", "#solos"]
    choices = await offered(grace, allowed_channels="#songs, so")
    assert choices == ["#songs, #solos"]
    await grace.command("settings", allowed_channels=choices[0])
    assert house.board.settings(guild.id).allowed_channels == (songs.id, solos.id)
    everywhere = (await offered(grace, allowed_channels="al"))[0]
    await grace.command("settings", allowed_channels=everywhere)
    assert house.board.settings(guild.id).allowed_channels == ()


async def test_channels_are_asked_for_once_while_somebody_types(
    house: House, sandbox: Sandbox, guild: Guild, grace: Member
) -> None:
    for typed in ("s", "so", "son"):
        await offered(grace, allowed_channels=typed)
    assert sandbox.calls["GET", "/guilds/{guild}/channels"] == 1


async def test_a_channel_that_is_new_is_known_when_it_is_chosen(
    house: House, guild: Guild, grace: Member
) -> None:
    await offered(grace, allowed_channels="s")
    songs = guild.text_channel("songs")
    await grace.command("settings", allowed_channels="songs")
    assert house.board.settings(guild.id).allowed_channels == (songs.id,)


async def test_who_does_not_manage_the_server_is_not_told_its_channels(
    house: House, guild: Guild, ada: Member, grace: Member
) -> None:
    typing = named("settings", {**string("allowed_channels", "gen"), "focused": True})
    assert [each.name for each in await grace.forge_autocomplete(typing)] == ["#general"]
    assert await ada.forge_autocomplete(typing) == []


@pytest.mark.parametrize("channel", ["#nowhere", "<#1>"])
async def test_a_channel_that_is_not_there_is_refused_and_named(
    house: House, guild: Guild, grace: Member, channel: str
) -> None:
    answer = await grace.command(
        "settings", allowed_channels=f"<#{guild.text.id}>, {channel}", fair=True
    )
    assert code(answer) == "VAL-006"
    assert "There is no channel" in text(answer)
    assert channel.strip("<#>") in text(answer)
    assert "offered while you type" in text(answer)
    assert house.memory.chosen == {}


async def test_a_channel_of_another_server_is_not_there(
    house: House, sandbox: Sandbox, guild: Guild, grace: Member
) -> None:
    elsewhere = sandbox.guild("Elsewhere")
    answer = await grace.command("settings", allowed_channels=f"<#{elsewhere.text.id}>")
    assert code(answer) == "VAL-006"


async def test_where_discord_names_no_channels_none_are_offered_and_none_are_chosen(
    house: House, sandbox: Sandbox, guild: Guild, grace: Member
) -> None:
    sandbox.faults.refuse("GET /guilds/*/channels", status=403, times=2)
    assert await offered(grace, allowed_channels="") == []
    answer = await grace.command("settings", allowed_channels="#nowhere")
    assert code(answer) == "NET-004"
    assert house.memory.chosen == {}


# --- volumes ---


@pytest.mark.parametrize(
    ("before", "option"),
    [
        (GuildSettings(maximum_volume=60), {"default_volume": 80}),
        (GuildSettings(default_volume=80), {"maximum_volume": 60}),
        (GuildSettings(), {"default_volume": 80, "maximum_volume": 60}),
        (GuildSettings(default_volume=80, maximum_volume=90), {"maximum_volume": 60}),
    ],
)
async def test_music_may_not_begin_louder_than_it_may_be(
    house: House, guild: Guild, grace: Member, before: GuildSettings, option: dict[str, int]
) -> None:
    house.board.choose(guild.id, before)
    answer = await grace.command("settings", fair=True, **option)
    assert code(answer) == "VAL-007"
    assert "The volume at the start (80%) would be above the highest volume (60%)" in text(answer)
    assert house.board.settings(guild.id) == before
    assert house.memory.chosen == {}


async def test_volumes_that_fit_each_other_are_chosen_together(
    house: House, guild: Guild, grace: Member
) -> None:
    house.board.choose(guild.id, GuildSettings(default_volume=20, maximum_volume=30))
    await grace.command("settings", default_volume=60, maximum_volume=60)
    chosen = GuildSettings(default_volume=60, maximum_volume=60)
    assert house.board.settings(guild.id) == chosen


async def test_volumes_that_were_chosen_before_keep_nobody_from_choosing_something_else(
    house: House, guild: Guild, grace: Member
) -> None:
    house.board.choose(guild.id, GuildSettings(default_volume=80, maximum_volume=60))
    await grace.command("settings", fair=True)
    assert house.board.settings(guild.id).fair


# --- /stay ---


@pytest.fixture
async def script(house: House, guild: Guild, ada: Member) -> Script:
    """The guild's player, which lets Ada decide; she is in its voice channel."""
    await ada.join(guild.voice)
    script = house.script(guild)
    script.replies[SetStay] = lambda asked: StaySet(asked.on, changed=True)
    return script


async def test_staying_is_saved_before_it_is_said_and_holds_from_then_on(
    house: House, script: Script, guild: Guild, ada: Member
) -> None:
    house.board.choose(guild.id, GuildSettings(fair=True))
    answer = await ada.command("stay", on=True)
    chosen = GuildSettings(fair=True, stay=True)
    assert house.memory.chosen == {guild.id: chosen}
    assert "stays in the voice channel" in text(answer)
    await settle()
    assert script.got(SettingsChanged) == [SettingsChanged(chosen)]
    await ada.command("stay", on=False)
    assert house.memory.chosen == {guild.id: GuildSettings(fair=True)}


async def test_staying_survives_the_process(
    house: House, sandbox: Sandbox, script: Script, guild: Guild, ada: Member
) -> None:
    await ada.command("stay", on=True)
    await house.stop_discord()
    after = House(sandbox)
    after.memory.chosen = house.memory.chosen
    async with after.running():
        assert after.board.settings(guild.id).stay


async def test_staying_that_cannot_be_saved_is_said_to_who_asked_alone_and_does_not_hold(
    house: House, script: Script, guild: Guild, ada: Member
) -> None:
    house.memory.away = "disk full"
    answer = await ada.command("stay", on=True)
    assert code(answer) == "SYS-002"
    assert "Nothing was changed" in text(answer)
    assert answer.message.visible_to == ada.id
    assert guild.text.messages == []
    assert house.board.settings(guild.id) == GuildSettings()
    await settle()
    assert script.got(SettingsChanged) == []


async def test_a_database_that_fails_late_is_told_of_to_who_asked_alone_as_well(
    house: House, sandbox: Sandbox, script: Script, guild: Guild, ada: Member
) -> None:
    house.memory.hangs = anyio.Event()
    asking = asyncio.create_task(ada.command("stay", on=True))
    # What stands there while the answer is waited for.
    await sandbox.until(lambda: guild.text.seen_by(ada))
    house.memory.away = "disk full"
    house.memory.hangs.set()
    answer = await asking
    assert code(answer) == "SYS-002"
    assert guild.text.messages == []
    assert house.board.settings(guild.id) == GuildSettings()


async def test_staying_that_the_player_refuses_is_not_saved(
    house: House, script: Script, ada: Member
) -> None:
    script.replies[SetStay] = Refused(Code.DJ_ONLY)
    assert code(await ada.command("stay", on=True)) == "PERM-003"
    assert house.memory.chosen == {}
