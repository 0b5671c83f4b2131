"""What whoever runs Seraphim is told when its process cannot work where it was put."""

from pathlib import Path

import pytest

from seraphim.sandbox import Sandbox
from seraphim.sandbox.bot import COMMAND, BotProcess, environment
from tests.end_to_end.conftest import MediaServer, bot_environment, code

pytestmark = pytest.mark.anyio


async def test_a_data_folder_that_cannot_be_made_is_named(sandbox: Sandbox, tmp_path: Path) -> None:
    folder = "/proc/seraphim"
    environ = environment(sandbox, tmp_path)
    async with BotProcess(environ, ("env", f"DATA_DIR={folder}", *COMMAND)) as bot:
        assert await bot.wait() == 78
    said = "\n".join(bot.errors)
    assert "SYS-001" in said
    assert folder in said
    assert "Traceback" not in said


async def test_what_a_killed_bot_leaves_in_a_channel_ends_with_the_next_start(
    sandbox: Sandbox, media: MediaServer, music_dir: Path, tmp_path: Path
) -> None:
    guild = sandbox.guild("Orphaned")
    ada = guild.member("Ada")
    await ada.join(guild.voice)
    environ = bot_environment(sandbox, tmp_path, music_dir, media)
    async with BotProcess(environ) as first:
        await first.until_log("system.ready")
        await ada.command("play", query=media.track("Aurora"))
        await guild.voice.heard.until_pitch(440)
        first.kill()
        await first.wait()
    async with BotProcess(environ) as second:
        await second.until_log("system.ready")
        await sandbox.until(lambda: guild.bot.voice is None)
        await guild.voice.heard.until_silent()
        assert code(await ada.command("play", query=media.track("Ember"))) == ""
        await guild.voice.heard.until_pitch(220)
        assert await second.stop() == 0
    guild.remove_bot()
