"""Who is too fast, in the whole bot: the limit of the settings, and what a crash leaves of it."""

from pathlib import Path

import pytest

from actors.guild.refusal import Code
from seraphim.operations import operator
from seraphim.sandbox import Sandbox
from seraphim.sandbox.bot import BotProcess
from tests.end_to_end.conftest import MediaServer, bot_environment, code

pytestmark = pytest.mark.anyio

LIMITER = "/root/rate-limiter"


async def test_who_is_too_fast_stays_so_over_a_crash_of_the_limiter_and_may_always_stop(
    sandbox: Sandbox, media: MediaServer, music_dir: Path, tmp_path: Path
) -> None:
    guild = sandbox.guild("Haste")
    ada, bob = guild.member("Ada"), guild.member("Bob")
    environ = bot_environment(
        sandbox,
        tmp_path,
        music_dir,
        media,
        RATE_LIMIT_COMMANDS="3",
        RATE_LIMIT_WINDOW_SECONDS="3600",
    )
    async with BotProcess(environ) as bot:
        await bot.until_log("system.ready")
        assert [code(await ada.command("ping")) for _ in range(4)] == ["", "", "", Code.TOO_FAST]

        crashed = bot.mark()
        order = {"do": "crash", "actor": LIMITER}
        await operator.ask(tmp_path / operator.SOCKET, order)
        await bot.until_log("actor.started", since=crashed, actor=LIMITER, incarnation=2)
        answer = await ada.command("ping")
        assert code(answer) == Code.TOO_FAST
        assert answer.ephemeral
        # She is in no voice channel, but that is for the player to say.
        assert code(await ada.command("stop")) == Code.JOIN_A_CHANNEL
        assert code(await bob.command("ping")) == ""
        assert not any(line.get("event") == "rate.unlimited" for line in bot.log)
    guild.remove_bot()
