"""What people in a voice channel do not hear: crashes, moves, and nodes that die."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from seraphim.sandbox import Sandbox
from seraphim.sandbox.bot import COMMAND, BotProcess, environment
from seraphim.storage.database import FILE
from tests.end_to_end.conftest import Choir, MediaServer, bot_environment

pytestmark = pytest.mark.anyio


async def test_a_crashing_player_is_not_heard(choir: Choir) -> None:
    await choir.play("Aurora")
    await choir.play("Ember")
    await choir.hears("Aurora")
    heard, bot = choir.heard, choir.stage.bot
    begun, logged = heard.mark(), bot.mark()
    before = len(heard.packets)
    await choir.stage.crash(choir.player)
    crash = await bot.until_log("actor.crashed", since=logged, actor=choir.player)
    assert "OrderedCrash" in str(crash["reason"])
    assert "exception" in crash
    restart = await bot.until_log("actor.restarting", since=logged, actor=choir.player)
    assert restart["attempt"] == 1
    assert restart["delay_ms"] == 0
    await bot.until_log("actor.started", since=logged, actor=choir.player, incarnation=2)
    await heard.until(lambda: len(heard.packets) > before + 150, what="three more seconds")
    continuity = heard.continuity(since=begun)
    assert continuity.lost == 0
    assert continuity.reordered == 0
    assert continuity.timestamp_jumps == 0
    assert heard.silences(since=begun) == []
    assert heard.pitch(since=begun) == pytest.approx(440, rel=0.01)
    # The queue is there too.
    await choir.ada.command("skip")
    await choir.hears("Ember")


async def test_a_kicked_bot_keeps_the_queue_and_comes_back_when_asked(choir: Choir) -> None:
    await choir.play("Aurora")
    await choir.hears("Aurora")
    choir.stage.sandbox.faults.kick_from_voice(choir.guild)
    await choir.heard.until_silent()
    begun = choir.heard.mark()
    await choir.ada.command("join")
    await choir.heard.until_audible(since=begun)
    await choir.hears("Aurora")


async def test_a_bot_that_is_dragged_goes_with_the_music(choir: Choir) -> None:
    loft = choir.guild.voice_channel("Loft")
    await choir.guild.member("Grace").join(loft)
    await choir.play("Aurora")
    await choir.hears("Aurora")
    choir.stage.sandbox.faults.drag(choir.guild, loft)
    await loft.heard.until_pitch(440)


async def test_the_music_plays_on_while_the_gateway_reconnects(choir: Choir) -> None:
    await choir.play("Aurora")
    await choir.hears("Aurora")
    begun, before = choir.heard.mark(), len(choir.heard.packets)
    choir.stage.sandbox.faults.drop_gateway()
    await choir.heard.until(
        lambda: len(choir.heard.packets) > before + 150, what="three more seconds"
    )
    assert choir.heard.continuity(since=begun).lost == 0
    assert choir.heard.silences(since=begun) == []
    await choir.stage.sandbox.until(
        lambda: any(session.socket for session in choir.stage.sandbox.sessions)
    )
    await choir.ada.command("pause")
    await choir.heard.until_silent()


async def test_sigterm_ends_everything_in_order(
    sandbox: Sandbox, media: MediaServer, music_dir: Path, tmp_path: Path
) -> None:
    guild = sandbox.guild("Farewell")
    ada = guild.member("Ada")
    await ada.join(guild.voice)
    async with BotProcess(bot_environment(sandbox, tmp_path, music_dir, media)) as bot:
        await bot.until_log("system.ready")
        await ada.command("play", query=media.track("Aurora"))
        await guild.voice.heard.until_pitch(440)
        assert await bot.stop() == 0
        log = bot.log
    await sandbox.until(lambda: guild.bot.voice is None)
    stopped = [line["actor"] for line in log if line.get("event") == "actor.stopped"]
    order = [
        path
        for path in stopped
        if path in {"/root/intake", "/root/guilds", "/root/lavalink", "/root/discord", "/root"}
    ]
    assert order == ["/root/intake", "/root/guilds", "/root/lavalink", "/root/discord", "/root"]
    assert log[-1]["event"] == "system.stopped"
    assert not any(line.get("event") == "actor.crashed" for line in log)
    assert bot.errors == ()
    guild.remove_bot()


async def test_wrong_settings_are_all_named_before_anything_connects(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    environ = environment(
        sandbox, tmp_path, DEFAULT_VOLUME="loud", MUSIC_DIR="/nowhere", DISCORD_TOKEN="x"
    )
    sessions = len(sandbox.sessions)
    async with BotProcess(environ) as bot:
        assert await bot.wait() == 78
    said = "\n".join(bot.errors)
    for name in ("SYS-001", "DEFAULT_VOLUME", "DISCORD_TOKEN"):
        assert name in said
    assert bot.log == ()
    assert len(sandbox.sessions) == sessions


async def test_a_token_that_discord_does_not_know_stops_the_start(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    wrong = sandbox.token[:-3] + "abc"
    async with BotProcess(environment(sandbox, tmp_path, DISCORD_TOKEN=wrong)) as bot:
        assert await bot.wait() == 78
    (fatal,) = [line for line in bot.log if line.get("event") == "system.fatal"]
    assert fatal["code"] == "SYS-001"
    assert wrong not in str(bot.log)
    assert wrong not in str(bot.errors)


async def test_a_second_bot_with_the_same_folder_is_refused(choir: Choir, sandbox: Sandbox) -> None:
    async with BotProcess(environment(sandbox, choir.stage.data_dir)) as bot:
        assert await bot.wait() == 78
    assert "SYS-001" in "\n".join(bot.errors)


async def test_a_bot_that_cannot_read_the_database_does_not_take_over(
    sandbox: Sandbox, media: MediaServer, music_dir: Path, tmp_path: Path
) -> None:
    environ = bot_environment(sandbox, tmp_path, music_dir, media)
    async with BotProcess(environ) as running:
        await running.until_log("system.ready")
        with closing(sqlite3.connect(tmp_path / FILE)) as other, other:
            other.execute("UPDATE alembic_version SET version_num = '9999'")
        async with BotProcess(environ, (*COMMAND, "--handover")) as older:
            assert await older.wait() == 1
        assert "goes on: the database was made by a newer Seraphim" in "\n".join(older.errors)
        assert await running.stop() == 0
