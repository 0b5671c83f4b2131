"""`seraphim sandbox`: a Discord, the real bot, some music, and somebody to type.

At a terminal that is a prompt; anything else on stdin is a script. Everything lives in one
temporary folder and ends with the command.
"""

import asyncio
import io
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Final

from seraphim.sandbox import music
from seraphim.sandbox.bot import BotEnded, BotProcess, environment
from seraphim.sandbox.sandbox import Sandbox
from seraphim.sandbox.terminal import prompt
from seraphim.sandbox.terminal.lines import lines
from seraphim.sandbox.terminal.script import Script
from seraphim.sandbox.terminal.stage import Stage

FAILED: Final = 1
LIMIT: Final = "RATE_LIMIT_COMMANDS"
SCRIPTS_LIMIT: Final = "1000"
"""Scripts type faster than people; unless the environment says otherwise, that is let pass."""


def main() -> int:
    """Run until somebody quits or the script has ended.

    Returns the exit code: 0 when all went well, 1 when a line of the script failed or the bot did
    not start, answer or stop as it should, 130 and 143 when interrupted and when told to stop.
    """
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a letter shows another: no reason to fail.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        return asyncio.run(_main())
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except asyncio.CancelledError:
        return 128 + signal.SIGTERM


async def _main() -> int:
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with tempfile.TemporaryDirectory(prefix="seraphim-") as folder:
        async with Sandbox() as sandbox:
            return await _play(sandbox, Path(folder))


async def _play(sandbox: Sandbox, folder: Path) -> int:
    songs = folder / "music"
    songs.mkdir()
    interactive = sys.stdin.isatty() and sys.stdout.isatty()
    environ = environment(sandbox, folder / "data", music_dir=songs, LOG_LEVEL="INFO")
    if LIMIT in os.environ:
        environ[LIMIT] = os.environ[LIMIT]
    elif not interactive:
        environ[LIMIT] = SCRIPTS_LIMIT
    bot = BotProcess(environ)
    stage = Stage(sandbox, bot)
    screen = stage.screen
    screen.progress("Starting Discord, an audio node and the bot, and making some music …")
    try:
        async with bot:
            await _get_ready(bot, songs)
            await stage.open()
            went_well = await _while_it_runs(bot, stage, interactive=interactive)
            code = await bot.stop()
    except (BotEnded, TimeoutError) as error:
        screen.complain(str(error))
        return FAILED
    if code:
        screen.complain(f"the bot stopped with code {code}; its last words:\n{bot.last_words()}")
    return 0 if went_well and not code else FAILED


async def _get_ready(bot: BotProcess, songs: Path) -> None:
    """The bot starts while the music is made: it looks for it when somebody asks."""
    making = asyncio.create_task(asyncio.to_thread(music.make, songs))
    try:
        await bot.until_log("system.ready")
        await asyncio.shield(making)
    finally:
        # A thread cannot be interrupted, and it needs its folder to the end.
        await asyncio.wait({making})


async def _while_it_runs(bot: BotProcess, stage: Stage, *, interactive: bool) -> bool:
    """Let somebody type; returns whether all went well. Raises BotEnded when the bot does first."""
    typing = asyncio.create_task(
        _prompt(stage) if interactive else Script(stage).run(lines(sys.stdin.fileno()))
    )
    watching = asyncio.create_task(stage.watch(tell=interactive))
    ending = asyncio.create_task(bot.wait())
    tasks = {typing, watching, ending}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if typing.done():
            return typing.result()
        if watching.done():
            watching.result()
        raise BotEnded(await ending, bot.last_words())
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def _prompt(stage: Stage) -> bool:
    stage.welcome()
    await prompt.run(stage)
    return True
