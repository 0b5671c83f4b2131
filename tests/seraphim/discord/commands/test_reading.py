"""What Discord's apps would never send is answered like anything else."""

from typing import Any

import pytest

from actors.guild.player.messages import Loop as Looping
from actors.guild.player.messages import LoopSet, SetLoop, SetVolume
from actors.guild.refusal import Code
from seraphim.discord.commands import reading
from seraphim.sandbox import Answer, Guild, Member, OptionKind, Permission
from tests.seraphim.discord.house import House, Script

pytestmark = pytest.mark.anyio


@pytest.fixture
async def script(house: House, guild: Guild, ada: Member) -> Script:
    await ada.join(guild.voice)
    return house.script(guild)


async def use(
    house: House, guild: Guild, ada: Member, name: str, *options: dict[str, Any], **more: Any
) -> Answer:
    command = next(each for each in house.sandbox.commands(guild) if each.name == name)
    data = {"id": str(command.id), "name": name, "type": 1, "options": list(options), **more}
    return await ada.forge_command(data)


def option(name: str, kind: OptionKind, value: object) -> dict[str, Any]:
    return {"name": name, "type": int(kind), "value": value}


def said(answer: Answer) -> str:
    return answer.embeds[0].get("footer", {}).get("text", "")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        pytest.param("loop", [], id="one that is missing"),
        pytest.param("loop", [option("what", OptionKind.INTEGER, 1)], id="one of another type"),
        pytest.param("loop", [option("what", OptionKind.STRING, 1)], id="one that is none"),
        pytest.param("loop", [option("what", OptionKind.STRING, "all")], id="one not offered"),
        pytest.param("volume", [option("level", OptionKind.INTEGER, 1.5)], id="half a number"),
        pytest.param("volume", [option("level", OptionKind.INTEGER, True)], id="a truth"),
        pytest.param("stay", [option("on", OptionKind.BOOLEAN, 1)], id="a number"),
        pytest.param(
            "play-file", [option("attachment", OptionKind.ATTACHMENT, "5")], id="a file that is not"
        ),
    ],
)
async def test_an_option_that_cannot_be_read_is_refused_and_nothing_is_done(
    house: House, script: Script, guild: Guild, ada: Member, name: str, options: list[Any]
) -> None:
    answer = await use(house, guild, ada, name, *options)
    assert said(answer) == Code.FORBIDDEN_QUERY
    assert answer.ephemeral
    assert not script.received


@pytest.mark.parametrize("level", [-1, 101, 2**60])
async def test_a_number_out_of_its_options_range_is_refused_with_the_range(
    house: House, script: Script, guild: Guild, ada: Member, level: int
) -> None:
    answer = await use(house, guild, ada, "volume", option("level", OptionKind.INTEGER, level))
    assert said(answer) == Code.OUT_OF_RANGE
    assert "from 0 to 100" in str(answer.embeds)
    assert not script.got(SetVolume)


async def test_a_number_without_a_range_is_one_that_discord_takes(
    house: House, script: Script, guild: Guild, ada: Member
) -> None:
    page = option("page", OptionKind.INTEGER, 2**53)
    answer = await use(house, guild, ada, "queue", page)
    assert said(answer) == Code.OUT_OF_RANGE
    assert f"{reading.LARGEST:,}" in str(answer.embeds)


@pytest.mark.parametrize(("kind", "refused"), [(0, False), (4, True), (2, True)])
async def test_a_channel_is_of_a_kind_that_the_option_takes(
    house: House, guild: Guild, kind: int, refused: bool
) -> None:
    dee = guild.member("Dee", permissions=Permission.MANAGE_GUILD)
    channel = option("request_channel", OptionKind.CHANNEL, "5000")
    told = {"id": "5000", "type": kind, "name": "music", "permissions": "0"}
    resolved = {"channels": {"5000": told}}
    answer = await use(house, guild, dee, "settings", channel, resolved=resolved)
    assert (said(answer) == Code.FORBIDDEN_QUERY) is refused


async def test_an_option_that_is_not_known_is_passed_over(
    house: House, script: Script, guild: Guild, ada: Member
) -> None:
    script.replies[SetLoop] = LoopSet(Looping.TRACK, changed=True)
    what = option("what", OptionKind.STRING, "track")
    answer = await use(house, guild, ada, "loop", option("x", OptionKind.USER, "1"), what)
    assert not said(answer)
    assert script.got(SetLoop)


# --- completion ---

TYPING = option("start", OptionKind.STRING, "1") | {"focused": True}


@pytest.mark.parametrize(
    ("name", "options"),
    [
        pytest.param("play", [], id="nothing is typed"),
        pytest.param(
            "play",
            [option("start", OptionKind.STRING, "1") | {"focused": True}],
            id="not completed",
        ),
        pytest.param("dance", [], id="a command of before"),
    ],
)
async def test_where_nothing_can_be_offered_that_is_the_answer(
    house: House, guild: Guild, ada: Member, name: str, options: list[Any]
) -> None:
    data = {"id": "1", "name": name, "type": 1, "options": options}
    assert await ada.forge_autocomplete(data) == []
