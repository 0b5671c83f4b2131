"""Each error code, reached as a person reaches it: by what they do, on the real bot.

There is a scenario for each `Code`, by its name, and the test asks for all of them: a code that
nobody can come across any more fails here, and so does a new one without a way to it.
"""

import asyncio
import re
import socket
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from actors.guild.refusal import Code
from seraphim.sandbox import Answer, Guild, Member, Permission, Sandbox
from seraphim.sandbox.bot import BotProcess, environment
from tests.end_to_end.conftest import OUTER_NODE, TAPE, TAPE_MINUTES, Choir, Stage, code

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(OUTER_NODE, reason="somebody else's node has troubles of its own"),
]

Scenario = Callable[[Choir], Awaitable[Answer | str]]
"""Returns the answer that has the code, or the code where it was no answer that said it."""

SCENARIOS: Final[dict[Code, Scenario]] = {}


def reaches(wanted: Code) -> Callable[[Scenario], Scenario]:
    """Note the way to a code."""

    def note(scenario: Scenario) -> Scenario:
        assert wanted not in SCENARIOS
        SCENARIOS[wanted] = scenario
        return scenario

    return note


async def another(choir: Choir, name: str = "Grace", channel: str | None = None) -> Member:
    """Somebody else listens: here, or in a channel of their own."""
    member = choir.guild.member(name)
    await member.join(choir.guild.voice if channel is None else choir.guild.voice_channel(channel))
    return member


def moderator(choir: Choir) -> Member:
    """Somebody who may manage the server."""
    return choir.guild.member("Dee", permissions=Permission.MANAGE_GUILD)


async def told(choir: Choir, wanted: Code) -> str:
    """Wait until the channel is told of something with this code; return it as it is shown."""

    def footers() -> set[str]:
        embeds = (embed for message in choir.guild.text.messages for embed in message.embeds)
        return {embed.get("footer", {}).get("text", "") for embed in embeds}

    await choir.stage.sandbox.until(lambda: wanted in footers(), timeout=40.0)
    return str(wanted)


async def begin_to_join(sandbox: Sandbox, guild: Guild, who: Member) -> asyncio.Task[Answer]:
    """Have the bot on its way into the voice channel, where it will not arrive before long."""
    sandbox.faults.lose_next("VOICE_SERVER_UPDATE", guild)
    joining = asyncio.create_task(who.command("join"))
    await sandbox.until(lambda: guild.bot.voice)
    return joining


@dataclass
class Lonely:
    """Grace in a guild of a bot whose node nobody can reach."""

    sandbox: Sandbox
    bot: BotProcess
    guild: Guild
    grace: Member


@asynccontextmanager
async def without_node() -> AsyncGenerator[Lonely]:
    with socket.socket() as taken, tempfile.TemporaryDirectory() as folder:
        taken.bind(("127.0.0.1", 0))
        node = {
            "LAVALINK_HOST": "127.0.0.1",
            "LAVALINK_PORT": str(taken.getsockname()[1]),
            "LAVALINK_PASSWORD": "of no use",
            "SHUTDOWN_TIMEOUT_SECONDS": "2",
        }
        async with (
            Sandbox() as sandbox,
            BotProcess(environment(sandbox, Path(folder), **node)) as bot,
        ):
            guild = sandbox.guild("Lonely")
            grace = guild.member("Grace")
            await grace.join(guild.voice)
            await bot.until_log("system.ready")
            yield Lonely(sandbox, bot, guild, grace)


@pytest.fixture(scope="module", autouse=True)
async def patient(stage: Stage) -> AsyncIterator[Choir]:
    """Barbara's guild, which waits for its song while all others go on."""
    guild = stage.sandbox.guild("Patient")
    barbara = guild.member("Barbara")
    await barbara.join(guild.voice)
    await barbara.command("play", query=stage.media.url("halting.wav"))
    yield Choir(stage, guild, barbara)
    guild.remove_bot()


@pytest.mark.parametrize("wanted", sorted(Code, key=lambda code: code is Code.TRACK_STUCK))
async def test_somebody_comes_across_each_code(choir: Choir, patient: Choir, wanted: Code) -> None:
    # It takes ten seconds until a track counts as stuck.
    said = await SCENARIOS[wanted](patient if wanted is Code.TRACK_STUCK else choir)
    assert (said if isinstance(said, str) else code(said)) == wanted


# --- what you asked ---


@reaches(Code.SERVER_ONLY)
async def in_a_direct_message(choir: Choir) -> Answer:
    commands = choir.stage.sandbox.commands(choir.guild)
    pause = next(command for command in commands if command.name == "pause")
    data = {"id": str(pause.id), "name": pause.name, "type": pause.kind}
    return await choir.ada.forge_command(data, directly=True)


@reaches(Code.JOIN_A_CHANNEL)
async def in_no_voice_channel(choir: Choir) -> Answer:
    await choir.ada.leave()
    return await choir.play("Aurora")


@reaches(Code.SAME_CHANNEL)
async def in_another_voice_channel(choir: Choir) -> Answer:
    await choir.ada.command("join")
    return await (await another(choir, channel="Loft")).command("pause")


@reaches(Code.QUERY_TOO_SHORT)
async def one_letter(choir: Choir) -> Answer:
    return await choir.ada.command("play", query="a")


@reaches(Code.QUERY_TOO_LONG)
async def a_whole_text(choir: Choir) -> Answer:
    return await choir.ada.command("play", query="la " * 200)


@reaches(Code.FORBIDDEN_QUERY)
async def an_inside_address(choir: Choir) -> Answer:
    return await choir.ada.command("play", query="http://192.168.0.1/song.mp3")


@reaches(Code.OUT_OF_RANGE)
async def beyond_the_end(choir: Choir) -> Answer:
    await choir.play_tape()
    return await choir.ada.command("seek", time=f"{TAPE_MINUTES + 1}:00")


# --- permissions ---


@reaches(Code.CANNOT_SPEAK)
async def a_voice_channel_without_the_permission(choir: Choir) -> Answer:
    choir.guild.voice.overwrite(choir.guild.bot, deny=Permission.SPEAK)
    return await choir.play("Aurora")


@reaches(Code.CANNOT_WRITE)
async def a_text_channel_without_the_permission(choir: Choir) -> Answer:
    choir.guild.text.overwrite(choir.guild.bot, deny=Permission.EMBED_LINKS)
    return await choir.play("Aurora")


@reaches(Code.DJ_ONLY)
async def what_only_a_dj_may(choir: Choir) -> Answer:
    await choir.ada.command("join")
    # Where two listen, one is enough to decide.
    for name in ("Linus", "Marie", "Barbara"):
        await another(choir, name)
    return await choir.ada.command("stay", on=True)


@reaches(Code.CHANNEL_NOT_ALLOWED)
async def a_channel_for_other_things(choir: Choir) -> Answer:
    music = choir.guild.text_channel("music")
    await moderator(choir).command("settings", allowed_channels=f"<#{music.id}>")
    assert not code(await choir.ada.command("join", channel=music))
    return await choir.ada.command("join")


# --- playing ---


@reaches(Code.NOTHING_PLAYING)
async def a_pause_of_nothing(choir: Choir) -> Answer:
    return await choir.ada.command("pause")


@reaches(Code.QUEUE_EMPTY)
async def an_empty_queue_shuffled(choir: Choir) -> Answer:
    return await choir.ada.command("shuffle")


@reaches(Code.NOTHING_FOUND)
async def a_song_that_nobody_has(choir: Choir) -> Answer:
    return await choir.ada.command("play", query="a song nobody has sung", source="library")


@reaches(Code.TRACK_FAILED)
async def an_address_with_no_music(choir: Choir) -> Answer:
    return await choir.ada.command("play", query=choir.stage.media.url("text.mp3"))


@reaches(Code.QUEUE_FULL)
async def more_than_may_wait(choir: Choir) -> Answer:
    await moderator(choir).command("settings", longest_queue=1)
    for title in ("Aurora", "Ember"):
        assert not code(await choir.play(title))
    return await choir.play("Halo")


@reaches(Code.TOO_LONG)
async def more_than_may_be_played(choir: Choir) -> Answer:
    minutes = TAPE_MINUTES - 1
    await moderator(choir).command("settings", longest_track_minutes=minutes)
    answer = await choir.ada.command("play", query=choir.stage.media.url(TAPE))
    assert f"{minutes} minutes" in str(answer.embeds)
    return answer


@reaches(Code.TRACK_STUCK)
async def a_song_whose_server_falls_silent(choir: Choir) -> str:
    return await told(choir, Code.TRACK_STUCK)


# --- haste ---


@reaches(Code.TOO_FAST)
async def command_after_command(_: Choir) -> Answer:
    async with without_node() as usual:
        for _ in range(60):
            answer = await usual.grace.command("ping")
            if code(answer):
                return answer
    raise AssertionError("nobody minds")


# --- the network ---


@reaches(Code.NO_NODE)
async def a_node_that_is_away(_: Choir) -> Answer:
    async with without_node() as lonely:
        return await lonely.grace.command("play", query="aurora")


@reaches(Code.SOURCE_BUSY)
async def a_server_that_is_asked_too_often(choir: Choir) -> Answer:
    return await choir.ada.command("play", query=choir.stage.media.url("busy.mp3"))


@reaches(Code.SOURCE_REFUSED)
async def a_server_that_wants_a_password(choir: Choir) -> Answer:
    return await choir.ada.command("play", query=choir.stage.media.url("forbidden.mp3"))


@reaches(Code.DISCORD_REFUSED)
async def a_bot_thrown_out_while_it_joins(choir: Choir) -> Answer:
    joining = await begin_to_join(choir.stage.sandbox, choir.guild, choir.ada)
    choir.stage.sandbox.faults.kick_from_voice(choir.guild)
    return await joining


@reaches(Code.NODE_TOO_OLD)
async def a_node_that_cannot_encrypt(choir: Choir) -> str:
    troubles = choir.stage.sandbox.faults.voice_server(choir.guild).troubles
    troubles.identify_closes_with = 4017
    try:
        await choir.play("Aurora")
        return await told(choir, Code.NODE_TOO_OLD)
    finally:
        troubles.identify_closes_with = None


# --- Seraphim itself ---


@reaches(Code.CONFIGURATION)
async def two_bots_in_one_folder(choir: Choir) -> str:
    async with BotProcess(choir.stage.environ) as bot:
        assert await bot.wait() != 0
    return str(bot.errors[0]).split()[0]


@reaches(Code.PLAYER_RESTARTING)
async def a_command_while_the_bot_stops(_: Choir) -> Answer:
    async with without_node() as lonely:
        # For an answer under way it waits before it goes.
        joining = await begin_to_join(lonely.sandbox, lonely.guild, lonely.grace)
        stopping = asyncio.create_task(lonely.bot.stop())
        await lonely.bot.until_log("system.stopping")
        answer = await lonely.grace.command("pause")
        await asyncio.gather(joining, stopping)
        return answer


@reaches(Code.INTERNAL)
async def a_player_that_crashes_on_the_way(choir: Choir) -> Answer:
    joining = await begin_to_join(choir.stage.sandbox, choir.guild, choir.ada)
    await choir.stage.crash(choir.player)
    answer = await joining
    [reference] = re.findall(r"\b[0-9A-F]{8}\b", str(answer.embeds))
    await choir.stage.bot.until_log("interaction.failed", reference=reference)
    return answer
