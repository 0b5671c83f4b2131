"""What whoever runs a bot does at the terminal, against one that runs."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import Mapping
from pathlib import Path

import pytest

from seraphim.operations.operator import SOCKET, ask
from seraphim.sandbox.bot import BotProcess, environment
from seraphim.sandbox.sandbox import Sandbox

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def seraphim(environ: Mapping[str, str], folder: Path, *words: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "seraphim", *words),
        env=dict(environ),
        cwd=folder,
        stdout=PIPE,
        stderr=PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_a_bot_is_checked_watched_and_copied_while_it_runs(tmp_path: Path) -> None:
    async with Sandbox() as sandbox:
        guild = sandbox.guild("Choir")
        ada = guild.member("Ada")
        data = tmp_path / "data"
        log = tmp_path / "seraphim.log"
        environ = environment(sandbox, data, LOG_FILE=str(log))
        async with BotProcess(environ) as bot:
            await bot.until_log("system.ready")
            await ada.join(guild.voice)
            await ada.command("join", channel=guild.text)

            code, out, err = await seraphim(environ, tmp_path, "check")
            assert (code, err) == (0, ""), out
            assert sandbox.token not in out
            assert "DISCORD_TOKEN             [set]" in out
            assert "up to date" in out

            assert await seraphim(environ, tmp_path, "commands", "sync") == (
                0,
                "Discord has the commands.\n",
                "",
            )
            code, out, err = await seraphim(environ, tmp_path, "backup", "copy.db")
            assert (code, err) == (0, "")
            code, _, err = await seraphim(environ, tmp_path, "restore", "copy.db")
            assert code == 1
            assert "stop it first" in err

            player = f"/root/guilds/guild-{guild.id}/player"
            assert "crashed" in await ask(data / SOCKET, {"do": "crash", "actor": player})
            await bot.until_log("actor.restarting")
            words = ("logs", "--guild", str(guild.id), "--actor", "player", "--level", "warning")
            code, out, _ = await seraphim(environ, tmp_path, *words)
            assert code == 0
            assert [line.split()[2] for line in out.splitlines()] == [
                "actor.crashed",
                "actor.restarting",
            ]
        assert sandbox.token not in log.read_text()
        code, out, err = await seraphim(environ, tmp_path, "logs", "--text", "system.stopped")
        assert (code, err) == (0, "")
        assert "system.stopped" in out
        code, out, err = await seraphim(environ, tmp_path, "restore", "copy.db")
        assert (code, err) == (0, "")
        assert "is" in out
