"""Who is answered in which language."""

import pytest

from actors.guild.panel.messages import TooManyBroke
from actors.guild.player.messages import Outdated, Pause, Paused, Shuffle, Shuffled
from actors.guild.refusal import Code, Refused
from seraphim.discord.interpreter import Interpreter
from seraphim.discord.language.languages import languages
from seraphim.sandbox import Answer, Guild, Member, Sandbox
from tests.seraphim.discord.house import House, playing, view

pytestmark = pytest.mark.anyio

GERMAN = languages().of("de")
SPANISH = languages().of("es-ES")
ENGLISH = languages().english


def title(answer: Answer) -> str:
    return answer.embeds[0].get("title", "")


@pytest.fixture
async def jorge(guild: Guild) -> Member:
    """Somebody whose Discord is in Latin America's Spanish."""
    jorge = guild.member("Jorge", locale="es-419")
    await jorge.join(guild.voice)
    return jorge


async def test_what_only_the_asker_sees_is_in_their_language(
    house: House, guild: Guild, jorge: Member
) -> None:
    replies = house.script(guild).replies
    replies[Shuffle] = Refused(Code.QUEUE_EMPTY)
    assert title(await jorge.command("shuffle")) == SPANISH("phrase-error")
    replies[Pause] = Outdated(None)
    assert title(await jorge.command("pause")) == SPANISH("phrase-resting")
    replies[Pause] = Paused(playing(), changed=False)
    assert title(await jorge.command("pause")) == SPANISH("phrase-paused")
    assert title(await jorge.command("ping")) == SPANISH("phrase-ping")


async def test_what_everybody_sees_is_in_the_guilds_language(
    house: House, guild: Guild, jorge: Member
) -> None:
    house.script(guild).replies[Shuffle] = Shuffled(2)
    assert title(await jorge.command("shuffle")) == ENGLISH("phrase-queue")
    guild.entity.locale = "de"
    assert title(await jorge.command("shuffle")) == GERMAN("phrase-queue")


async def test_panels_and_notices_are_in_the_guilds_language(sandbox: Sandbox) -> None:
    guild = sandbox.guild("Chor")
    guild.entity.locale = "de"
    house = House(sandbox)
    async with house.running():
        await house.edge.announcer.post(guild.text.id, view(guild.id, playing()))
        await house.edge.announcer.say(guild.id, guild.text.id, TooManyBroke(5))
        panel, notice = guild.text.messages
        assert panel.buttons[0].label == "Zurück"
        assert notice.embeds[0].get("title") == GERMAN("phrase-error")


async def test_the_locale_of_a_guild_that_has_not_been_told_is_asked_for_once(
    house: House, guild: Guild
) -> None:
    guild.entity.locale = "de"
    interpreter = Interpreter(house.bot, languages(), lambda _: None)
    assert await interpreter.guild(guild.id) is GERMAN
    guild.entity.locale = "en-US"
    assert await interpreter.guild(guild.id) is GERMAN


async def test_where_discord_does_not_tell_a_locale_english_is_spoken_for_now(
    house: House, guild: Guild
) -> None:
    guild.entity.locale = "de"
    interpreter = Interpreter(house.bot, languages(), lambda _: None)
    refusal = house.sandbox.faults.refuse("GET /guilds/*", status=404)
    assert await interpreter.guild(guild.id) is ENGLISH
    refusal.lift()
    assert await interpreter.guild(guild.id) is GERMAN


async def test_what_a_guild_has_chosen_goes_before_its_locale(house: House, guild: Guild) -> None:
    guild.entity.locale = "de"
    interpreter = Interpreter(house.bot, languages(), {guild.id: "es-ES"}.get)
    assert await interpreter.guild(guild.id) is SPANISH


async def test_commands_are_described_in_the_language_of_whoever_looks(house: House) -> None:
    commands = house.sandbox._discord.commands.all(None)
    assert commands
    for command in commands:
        raw = command.raw
        described = raw.get("description_localizations")
        key = f"command-{command.name}"
        assert described == {
            "de": GERMAN(key),
            "es-ES": SPANISH(key),
            "es-419": SPANISH(key),
        }
        assert command.description == ENGLISH(key)
        # What is typed is the same for everybody.
        assert raw.get("name_localizations") == dict.fromkeys(described, command.name)
