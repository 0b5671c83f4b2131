import asyncio
import signal
import sys
from pathlib import Path

import pytest

from seraphim.sandbox import Sandbox
from seraphim.sandbox.bot import BotEnded, BotProcess, environment

pytestmark = pytest.mark.anyio

# Not by `print`, which a signal's handler must not interrupt.
LOG = """
import json, os
def log(event, **more):
    line = json.dumps({"event": event, **more}).encode() + b"\\n"
    while line: line = line[os.write(1, line):]
"""
OBEDIENT = """
import signal, sys
def stop(*_):
    log("stopped")
    sys.exit(7)
signal.signal(signal.SIGTERM, stop)
log("ready", shard=0)
while True: signal.pause()
"""
DEAF = """
import asyncio
import signal
signal.signal(signal.SIGTERM, lambda *_: log("ignored"))
log("ready")
while True: signal.pause()
"""


def stand_in(folder: Path, source: str, **environ: str) -> BotProcess:
    return BotProcess(
        {"DATA_DIR": str(folder / "data"), **environ}, (sys.executable, "-c", LOG + source)
    )


async def test_a_line_is_found_by_its_event_and_fields(tmp_path: Path) -> None:
    source = 'log("voice", guild=1)\nlog("voice", guild=2, who=["ada"])\n'
    async with stand_in(tmp_path, source) as bot:
        line = await bot.until_log("voice", guild=2)
        assert line == {"event": "voice", "guild": 2, "who": ["ada"]}
        assert [line["event"] for line in bot.log] == ["voice", "voice"]


async def test_since_a_mark_only_later_lines_count(tmp_path: Path) -> None:
    async with stand_in(tmp_path, OBEDIENT) as bot:
        await bot.until_log("ready")
        mark = bot.mark()
        with pytest.raises(TimeoutError, match="did not log"):
            await bot.until_log("ready", since=mark, deadline=0.05)
        assert await bot.stop() == 7
        await bot.until_log("stopped", since=mark)


async def test_stopping_is_a_sigterm_and_gives_the_exit_code(tmp_path: Path) -> None:
    async with stand_in(tmp_path, OBEDIENT) as bot:
        await bot.until_log("ready")
        assert bot.running
        assert await bot.stop() == 7
        assert not bot.running
        assert bot.log[-1]["event"] == "stopped"
        assert await bot.stop() == 7


async def test_one_that_does_not_stop_is_killed_and_reported(tmp_path: Path) -> None:
    async with stand_in(tmp_path, DEAF) as bot:
        await bot.until_log("ready")
        with pytest.raises(TimeoutError, match="did not stop"):
            await bot.stop(deadline=0.5)
        assert await bot.wait() == -signal.SIGKILL
        await bot.until_log("ignored")


async def test_killing_it_is_at_once(tmp_path: Path) -> None:
    async with stand_in(tmp_path, DEAF) as bot:
        await bot.until_log("ready")
        bot.kill()
        assert await bot.wait() == -signal.SIGKILL


async def test_waiting_for_a_line_ends_with_the_process_and_tells_its_last_words(
    tmp_path: Path,
) -> None:
    async with stand_in(
        tmp_path, 'log("dying", why="ink")\nraise SystemExit("no more ink")'
    ) as bot:
        with pytest.raises(BotEnded, match="no more ink") as caught:
            await bot.until_log("ready")
        assert caught.value.code == 1
        assert "dying why=ink" in str(caught.value)


async def test_it_can_be_started_again_and_the_log_goes_on(tmp_path: Path) -> None:
    async with stand_in(tmp_path, OBEDIENT) as bot:
        await bot.until_log("ready")
        first = bot.pid
        bot.kill()
        await bot.wait()
        mark = bot.mark()
        await bot.start()
        await bot.until_log("ready", since=mark)
        assert bot.pid != first
        assert len([line for line in bot.log if line["event"] == "ready"]) == 2


async def test_what_is_no_log_line_is_kept_apart(tmp_path: Path) -> None:
    source = 'import sys\nprint("hello")\nprint("[]")\nprint("oh", file=sys.stderr)\nlog("end")\n'
    async with stand_in(tmp_path, source) as bot:
        await bot.wait()
        assert [line["event"] for line in bot.log] == ["end"]
        assert sorted(bot.errors) == ["[]", "hello", "oh"]


async def test_a_line_beyond_all_measure_stops_nothing(tmp_path: Path) -> None:
    async with stand_in(tmp_path, 'log("x" * (1 << 22))\nlog("end")\n') as bot:
        await bot.until_log("end")


async def test_giving_up_waiting_does_not_stop_the_reading(tmp_path: Path) -> None:
    async with stand_in(tmp_path, OBEDIENT) as bot:
        await bot.until_log("ready")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await bot.wait()
        assert await bot.stop() == 7
        assert bot.log[-1]["event"] == "stopped"


async def test_a_bot_lives_in_the_sandbox_and_knows_nothing_of_another(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISCORD_TOKEN", "CLIENT_ID", "LAVALINK_HOST", "DEFAULT_VOLUME"):
        monkeypatch.setenv(name, "somebody's own")
    environ = environment(sandbox, tmp_path, DEFAULT_VOLUME="70")
    assert environ["DISCORD_TOKEN"] == sandbox.token
    assert environ["DISCORD_API_URL"] == sandbox.api_url
    assert environ["SSL_CERT_FILE"] == str(sandbox.ca_file)
    assert environ["DATA_DIR"] == str(tmp_path)
    assert environ["DEFAULT_VOLUME"] == "70"
    assert "MUSIC_DIR" not in environ
    assert "somebody's own" not in environ.values()


async def test_your_own_lavalink_is_passed_on_when_asked_for(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAVALINK_HOST", "lava.example")
    monkeypatch.delenv("LAVALINK_PORT", raising=False)
    environ = environment(sandbox, tmp_path, your_node=True)
    assert environ["LAVALINK_HOST"] == "lava.example"
    assert "LAVALINK_PORT" not in environ


async def test_the_token_is_not_in_its_repr(sandbox: Sandbox, tmp_path: Path) -> None:
    assert sandbox.token not in repr(BotProcess(environment(sandbox, tmp_path)))
