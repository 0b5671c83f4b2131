"""`/search`: what is found, and what a press of its number plays."""

import pytest

from actors.guild.player.messages import Play, Queued
from actors.guild.player.ports import NodeUnavailable, SourceFailed
from actors.guild.refusal import Code, Refused
from seraphim.discord.language.languages import languages
from seraphim.discord.presenters.search import results
from seraphim.sandbox import Answer, Guild, Member, Upload
from tests.seraphim.discord.house import House, Script, entry, track

pytestmark = pytest.mark.anyio


@pytest.fixture
async def script(house: House, guild: Guild, ada: Member) -> Script:
    """The guild's player, with Ada in its voice channel."""
    await ada.join(guild.voice)
    return house.script(guild)


def code(answer: Answer) -> str:
    return answer.embeds[0].get("footer", {}).get("text", "")


async def test_the_track_whose_number_is_pressed_is_played_for_all_to_see(
    house: House, script: Script, guild: Guild, ada: Member
) -> None:
    house.catalogue.tracks = tuple(
        track(f"Song {number}", identifier=f"s{number}") for number in range(12)
    )
    answer = await ada.command("search", query="song")
    assert house.catalogue.asked == ["search:song"]
    message = answer.message
    assert message is not None
    assert message.visible_to == ada.id
    assert [button.label for button in message.buttons] == [str(n) for n in range(1, 11)]
    assert "`10.`" in answer.embeds[0].get("description", "")

    script.replies[Play] = Queued((entry("Song 2"),), 0)
    await ada.press(message, "3")
    (asked,) = script.got(Play)
    assert asked.query == "library:s2"
    assert asked.by.id == ada.id
    (announced,) = guild.text.messages
    assert "Song 2" in str(announced.embeds)


async def test_a_search_may_name_its_source(house: House, script: Script, ada: Member) -> None:
    house.catalogue.tracks = (track(),)
    await ada.command("search", query="song", source="soundcloud")
    assert house.catalogue.asked == ["scsearch:song"]


async def test_who_is_in_no_voice_channel_cannot_pick(
    house: House, guild: Guild, ada: Member
) -> None:
    house.catalogue.tracks = (track(),)
    message = (await ada.command("search", query="song")).message
    assert message is not None
    answer = await ada.press(message, "1")
    assert code(answer) == Code.JOIN_A_CHANNEL


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (NodeUnavailable(), Code.NO_NODE),
        (SourceFailed(Refused(Code.SOURCE_BUSY)), Code.SOURCE_BUSY),
        (None, Code.NOTHING_FOUND),
    ],
)
async def test_a_search_that_fails_says_why(
    house: House, ada: Member, failure: Exception | None, told: Code
) -> None:
    house.catalogue.failure = failure
    assert code(await ada.command("search", query="song")) == told


async def test_an_address_is_nothing_to_search_for(house: House, ada: Member) -> None:
    answer = await ada.command("search", query="https://example.org/a.mp3")
    assert code(answer) == Code.NOTHING_FOUND
    assert not house.catalogue.asked


def test_results_that_are_found_by_the_same_words_share_a_button() -> None:
    card = results([(track("A"), "a"), (track("B"), "a"), (track("C"), "c")], languages().english)
    assert [len(row.components) for row in card.rows] == [2]


async def test_an_upload_is_played_from_where_discord_keeps_it(script: Script, ada: Member) -> None:
    script.replies[Play] = Queued((entry("Song"),), 0)
    upload = Upload(5, "song.mp3", "https://cdn.discordapp.com/attachments/1/5/song.mp3?ex=1")
    await ada.command("play-file", attachment=upload)
    (asked,) = script.got(Play)
    assert asked.query == upload.url


async def test_an_upload_that_lies_inside_is_not_opened(script: Script, ada: Member) -> None:
    answer = await ada.command("play-file", attachment=Upload(5, "a.mp3", "http://10.0.0.1/a.mp3"))
    assert code(answer) == Code.FORBIDDEN_QUERY
    assert not script.got(Play)
