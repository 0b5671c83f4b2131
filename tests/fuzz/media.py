"""Broken files through real decoder processes, and what came of each.

Beside them a song plays all the time in the same processes. Whatever a file does, it may cost that
file alone: the song must never run out of frames, no file may go without an outcome for longer than
`PATIENCE` and what the node allows on top of it, and the processes stay within their memory.
"""

import asyncio
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, MutableMapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import structlog
from aiohttp import web

from seraphim.audio_node.decoders import Decoders, Feed
from seraphim.audio_node.filters import Sound
from seraphim.audio_node.media import MediaSource
from tests.fuzz.corpus import long_song
from tests.fuzz.mutation import Mutant

AT_ONCE = 12
PATIENCE = 5.0
OUTCOME_SECONDS = 30.0
"""A hang costs its process 3 s, and the one it is tried in again 3 s more."""

MOST_FRAMES = 1000
"""Twenty seconds of what was made of one second: it plays on, and that is no harm."""

MOST_MEMORY = 1 << 30
"""The limit that a decoder process sets itself."""

Outcome = Literal["played", "silent", "endless", "refused", "killed", "fault", "lost"]

OUTCOMES: dict[Outcome, str] = {
    "played": "played to an end",
    "silent": "ended without a frame",
    "endless": "played on for longer than it was",
    "refused": "refused, with the reason",
    "killed": "killed or hung two decoder processes, and was given up",
    "fault": "met a mistake of ours",
    "lost": "had no outcome in time",
}


@dataclass(slots=True)
class Report:
    """What came of all files."""

    outcomes: Counter[Outcome] = field(default_factory=Counter[Outcome])
    reasons: Counter[str] = field(default_factory=Counter[str])
    bad: list[str] = field(default_factory=list[str])
    """The files that show something to be mended, each with what it did."""
    deaths: Counter[str] = field(default_factory=Counter[str])
    """Why decoder processes were given up."""
    starved_seconds: float = 0.0
    """The longest time for which the song beside them had no frame."""
    song_failures: list[str] = field(default_factory=list[str])
    song_frames: int = 0
    memory: int = 0
    """The most that one decoder process held, in bytes."""
    slowest: tuple[float, str] = (0.0, "")
    seconds: float = 0.0

    @property
    def files(self) -> int:
        return self.outcomes.total()

    @property
    def mistakes(self) -> list[str]:
        """What must not be."""
        mistakes = list(self.bad)
        mistakes += self.song_failures
        if self.starved_seconds > 0:
            mistakes.append(f"the song beside them was silent for {self.starved_seconds:.2f} s")
        if not self.song_frames:
            mistakes.append("the song beside them was never heard")
        if self.memory > MOST_MEMORY:
            mistakes.append(f"a decoder process held {self.memory >> 20} MB")
        return mistakes

    def note(self, mutant: Mutant, outcome: Outcome, reason: str, seconds: float) -> None:
        self.outcomes[outcome] += 1
        if reason:
            self.reasons[_kind(reason)] += 1
        if outcome in {"fault", "lost"}:
            self.bad.append(f"{mutant.name}: {OUTCOMES[outcome]}: {reason}")
        self.slowest = max(self.slowest, (seconds, mutant.name))


def _kind(reason: str) -> str:
    """The reason without what differs from file to file."""
    return re.sub(r"'[^']*'|\d+", "_", reason)[:80]


async def run(mutants: Iterable[Mutant], *, told: Callable[[Report], None]) -> Report:
    """Play all of them; `told` is called now and then with how it stands."""
    report = Report()
    began = time.monotonic()
    waiting = iter(mutants)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fuzz-")))
        stack.callback(structlog.reset_defaults)
        structlog.configure(processors=[_listen(report)])
        address = await _serve(stack, folder)
        decoders = await stack.enter_async_context(
            Decoders(trusted_hosts=address, patience=PATIENCE)
        )
        song = folder / "song"
        song.write_bytes(await asyncio.to_thread(long_song))
        beside = [
            asyncio.create_task(_sing(decoders, song, report)),
            asyncio.create_task(_weigh(decoders, report)),
        ]

        async def work() -> None:
            for mutant in waiting:
                await _try(decoders, mutant, folder, address, report)
                if not report.files % 250:
                    told(report)

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
        for task in beside:
            task.cancel()
        for result in await asyncio.gather(*beside, return_exceptions=True):
            if isinstance(result, Exception):
                raise result
    report.seconds = time.monotonic() - began
    return report


async def _try(
    decoders: Decoders, mutant: Mutant, folder: Path, address: str, report: Report
) -> None:
    path = folder / mutant.name
    await asyncio.to_thread(path.write_bytes, mutant.data)
    if mutant.by_web:
        source = MediaSource("http", f"http://{address}/{path.name}")
    else:
        source = MediaSource("file", str(path))
    began = time.monotonic()
    feed = decoders.open(source, start_ms=mutant.start_ms, sound=mutant.sound)
    try:
        async with asyncio.timeout(OUTCOME_SECONDS):
            outcome, reason = await _outcome(feed)
    except TimeoutError:
        outcome, reason = "lost", ""
    finally:
        feed.close()
        path.unlink()
    report.note(mutant, outcome, reason, time.monotonic() - began)


async def _outcome(feed: Feed) -> tuple[Outcome, str]:
    frames = 0
    while frames < MOST_FRAMES:
        await feed.wait()
        while feed.take() is not None:
            frames += 1
        if feed.error is not None:
            error = feed.error
            if error.cause.startswith("decoder: "):
                return "killed", error.cause
            outcome: Outcome = "fault" if error.severity == "fault" else "refused"
            return outcome, f"{error.message} ({error.cause})"
        if feed.ended:
            return ("played" if frames else "silent"), ""
    return "endless", ""


async def _sing(decoders: Decoders, song: Path, report: Report) -> None:
    """Play the song again and again, a frame each 20 ms, as a player does."""
    loop = asyncio.get_running_loop()
    while True:
        feed = decoders.open(MediaSource("file", str(song)), sound=Sound(volume=90))
        await feed.wait()
        due, starved_since = loop.time(), None
        while not feed.ended and feed.error is None:
            due += 0.02
            await asyncio.sleep(max(0.0, due - loop.time()))
            if feed.take() is not None:
                report.song_frames += 1
                starved_since = None
            elif not feed.ended:
                starved_since = starved_since or loop.time()
                report.starved_seconds = max(report.starved_seconds, loop.time() - starved_since)
        if feed.error is not None:
            report.song_failures.append(f"the song beside them failed: {feed.error.cause}")
        feed.close()


async def _weigh(decoders: Decoders, report: Report) -> None:
    """Look at the decoder processes' memory."""
    while True:
        for pid in decoders.pids:
            try:
                status = Path(f"/proc/{pid}/status").read_text()
            except OSError:
                continue  # it ended, or this is another system
            if (found := re.search(r"VmHWM:\s+(\d+) kB", status)) is not None:
                report.memory = max(report.memory, int(found[1]) * 1024)
        await asyncio.sleep(0.25)


def _listen(report: Report) -> Callable[..., MutableMapping[str, Any]]:
    """Take the place of the log: nothing is printed, deaths are counted."""

    def listen(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        if event["event"] == "decoder.died":
            report.deaths[_kind(event["reason"])] += 1
        raise structlog.DropEvent

    return listen


async def _serve(stack: AsyncExitStack, folder: Path) -> str:
    """Serve the folder with its ranges; gives the address."""
    application = web.Application()
    application.router.add_static("/", folder)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
    stack.push_async_callback(runner.cleanup)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    return f"{host}:{port}"


__all__ = ["OUTCOMES", "Report", "run"]
