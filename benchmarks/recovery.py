"""How long a voice channel hears nothing when something breaks, and where the song goes on.

Everything is real but Discord: the bot's process, the node's, and the sound, which is judged by the
RTP that arrives at the sandbox. The song is a tape measure, so that what is heard of it says which
place it is. Each scenario has a bot and a node of its own, and happens many times to the same ones;
where a supervisor would wait longer each time, to new ones each time.

A frame is missing when a listener did not get it; one that came late and was made up for is not
(their buffers, and a loaded machine, make that ordinary). Silence is the longest wait for sound
beyond the 20 ms between any two packets: without anything missing it tells how late the worst
packet was. A place is right that is anywhere from where the song broke off to where it would have
been by then.
"""

import asyncio
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from benchmarks.report import Report
from seraphim.operations import operator
from seraphim.sandbox import Sandbox, tape
from seraphim.sandbox.bot import COMMAND, BotEnded, BotProcess, environment
from seraphim.sandbox.people import Member
from seraphim.sandbox.places import Guild
from seraphim.sandbox.relay import Relay
from seraphim.sandbox.tape import Interruption
from seraphim.sandbox.voice import Heard
from seraphim.voice import FRAME_MS

TIMES, QUICK_TIMES = 20, 3
TAPE_MINUTES = 20

DEADLINE = 60.0
NODE_COMMAND = (sys.executable, "-m", "seraphim", "audio-node")
PASSWORD = "benchmark"
NOTHING = Interruption(DEADLINE * 1000, int(DEADLINE * 1000 / FRAME_MS), DEADLINE, 0.0)
"""What stands for music that did not come back."""


class NotMeasured(Exception):
    """Something else happened than what was to be measured."""


@dataclass
class House:
    """A sandbox in which a bot plays the tape to Ada."""

    sandbox: Sandbox
    bot: BotProcess
    environ: dict[str, str]
    guild: Guild
    ada: Member
    relay: Relay | None = None

    @property
    def heard(self) -> Heard:
        return self.guild.voice.heard

    @property
    def data_dir(self) -> Path:
        return Path(self.environ["DATA_DIR"])

    @property
    def gateway_sessions(self) -> set[str]:
        return {session.id for session in self.sandbox.sessions}

    async def crash(self, actor: str) -> None:
        answer = await operator.ask(
            self.data_dir / operator.SOCKET, {"do": "crash", "actor": actor}
        )
        if answer != {"crashed": actor}:
            raise NotMeasured(f"no crash: {answer}")


Fault = Callable[[House], Awaitable[float | None]]
"""Does it, and returns when what shows that it happened has happened: where there is something to
come back first, with the moment (by `time.monotonic`) when it was back."""


async def crash_player(house: House) -> None:
    player = f"/root/guilds/guild-{house.guild.id}/player"
    logged = house.bot.mark()
    await house.crash(player)
    await house.bot.until_log("actor.started", since=logged, actor=player)


async def drop_link(house: House) -> None:
    assert house.relay is not None
    logged = house.bot.mark()
    house.relay.cut()
    ready = await house.bot.until_log("node.ready", since=logged)
    if not ready["resumed"]:
        raise NotMeasured("the session was not resumed")


async def kill_node(house: House) -> float:
    card = json.loads((house.data_dir / "audio-node.json").read_text())
    logged = house.bot.mark()
    os.kill(card["pid"], signal.SIGKILL)
    await house.bot.until_log("audio_node.started", since=logged)
    back = time.monotonic()
    await house.bot.until_log("node.ready", since=logged)
    return back


async def move_region(house: House) -> None:
    await house.sandbox.faults.move_voice_server(house.guild)


async def kill_bot(house: House) -> None:
    sessions = house.gateway_sessions
    await _kill_and_start(house)
    if house.gateway_sessions != sessions:
        raise NotMeasured("the gateway session was not resumed")


async def kill_bot_and_refuse(house: House) -> None:
    sessions = house.gateway_sessions
    # Until it is refused Discord keeps the session, and the channel hears the node.
    house.sandbox.faults.refuse_resume()
    await _kill_and_start(house)
    if house.gateway_sessions & sessions:
        raise NotMeasured("the gateway session was not refused")


async def hand_over(house: House) -> None:
    old, new = house.bot, BotProcess(house.environ, (*COMMAND, "--handover"))
    house.bot = new
    await new.start()
    try:
        await new.until_log("system.ready", deadline=DEADLINE)
        async with asyncio.timeout(DEADLINE):
            code = await old.wait()
    finally:
        await old.stop()
    if code != 0:
        raise NotMeasured(f"the old process ended with {code}")


async def _kill_and_start(house: House) -> None:
    house.bot.kill()
    await house.bot.wait()
    logged = house.bot.mark()
    await house.bot.start()
    await house.bot.until_log("system.ready", since=logged)


class Run(NamedTuple):
    """What was heard when it happened once."""

    heard: Interruption
    silence_once_back_ms: float


class Scenario(NamedTuple):
    """What happens, and what is asked of it; None: that only informs."""

    fault: Fault
    missing: int | None = None
    silence_ms: float | None = None
    silence_once_back_ms: float | None = None
    off_s: float | None = None
    afresh: bool = False
    """Whether it happens to a new bot each time."""


SCENARIOS = {
    "player_crash": Scenario(crash_player, missing=0, afresh=True),
    "node_drop": Scenario(drop_link, missing=0),
    "node_kill": Scenario(kill_node, silence_once_back_ms=3000, off_s=1, afresh=True),
    "region_change": Scenario(move_region, silence_ms=1000),
    "bot_kill": Scenario(kill_bot, missing=0),
    "bot_kill_refused": Scenario(kill_bot_and_refuse, silence_ms=2000, off_s=1),
    "handover": Scenario(hand_over, missing=0),
}


def measure(*, quick: bool = False) -> Report:
    return asyncio.run(_measure(QUICK_TIMES if quick else TIMES))


async def _measure(times: int) -> Report:
    report = Report("recovery")
    report.note(f"each {times} times; the worst of them where it does not say p50")
    with tempfile.TemporaryDirectory(prefix="seraphim-benchmark-") as name:
        folder = Path(name)
        (folder / "music").mkdir()
        tape.make(folder / "music" / f"{tape.TITLE.lower()}.wav", minutes=TAPE_MINUTES)
        for title, scenario in SCENARIOS.items():
            runs: list[Run] = []
            try:
                while len(runs) < times:
                    (home := folder / f"{title}-{len(runs)}").mkdir()
                    async with _house(home, folder / "music", scenario) as house:
                        enough = len(runs) + 1 if scenario.afresh else times
                        while len(runs) < enough:
                            runs.append(await _suffer(house, scenario.fault))
            except (NotMeasured, TimeoutError, BotEnded, ValueError) as error:
                report.note(f"{title}: after {len(runs)} times: {error}")
                runs.append(Run(NOTHING, NOTHING.silence_ms))
            _add(report, title, scenario, runs)
    return report


def _add(report: Report, title: str, scenario: Scenario, runs: Sequence[Run]) -> None:
    silences = [run.heard.silence_ms for run in runs]
    report.add(f"{title}_silence_p50", statistics.median(silences), "ms")
    report.add(f"{title}_silence", max(silences), "ms", at_most=scenario.silence_ms)
    if (at_most := scenario.silence_once_back_ms) is not None:
        once_back = [run.silence_once_back_ms for run in runs]
        report.add(f"{title}_once_back_p50", statistics.median(once_back), "ms")
        report.add(f"{title}_once_back", max(once_back), "ms", at_most=at_most)
    if scenario.missing is not None:
        missing = max(run.heard.missing for run in runs)
        report.add(f"{title}_frames_missing", missing, "frames", at_most=scenario.missing)
    off = max(run.heard.off_s for run in runs)
    report.add(f"{title}_off", off, "s", at_most=scenario.off_s)


async def _suffer(house: House, fault: Fault) -> Run:
    """Let it happen once."""
    heard, back = await tape.listen_through(house.heard, lambda: fault(house))
    return Run(heard, 0.0 if back is None else 1000 * max(0.0, heard.back_at - back))


@asynccontextmanager
async def _house(folder: Path, music_dir: Path, scenario: Scenario) -> AsyncIterator[House]:
    """A bot that plays the tape; with its node behind a relay, if the link is to be cut."""
    async with Sandbox() as sandbox:
        environ = environment(sandbox, folder, music_dir=music_dir, RATE_LIMIT_COMMANDS="10000")
        if scenario.fault is not drop_link:
            async with _playing(sandbox, environ, None) as house:
                yield house
            return
        node_environ = environ | {
            "DATA_DIR": str(folder / "node"),
            "LAVALINK_PORT": "0",
            "LAVALINK_PASSWORD": PASSWORD,
        }
        async with BotProcess(node_environ, NODE_COMMAND) as node:
            listening = await node.until_log("audio-node.listening")
            async with Relay(int(str(listening["port"]))) as relay:
                environ |= {
                    "LAVALINK_HOST": "127.0.0.1",
                    "LAVALINK_PORT": str(relay.port),
                    "LAVALINK_PASSWORD": PASSWORD,
                }
                async with _playing(sandbox, environ, relay) as house:
                    yield house


@asynccontextmanager
async def _playing(
    sandbox: Sandbox, environ: dict[str, str], relay: Relay | None
) -> AsyncIterator[House]:
    guild = sandbox.guild("Choir")
    ada = guild.member("Ada")
    await ada.join(guild.voice)
    house = House(sandbox, BotProcess(environ), environ, guild, ada, relay)
    await house.bot.start()
    try:
        await house.bot.until_log("system.ready")
        await ada.command("play", query=tape.TITLE)
        yield house
    finally:
        await house.bot.stop()
