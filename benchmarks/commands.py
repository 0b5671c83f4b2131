"""What people wait for: from a command to its answer, and from a track's end to the next.

The bot is the real one, in a process of its own, in a sandbox of a hundred guilds; the node is a
fake that does at once what a real one takes its time for. Each figure stands beside its floor from
the same run: a bare hikari bot that answers the same command, and a bare request to the same node.
What the sandbox and this process take for themselves is in both.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import aiohttp

from benchmarks.lavalink import PASSWORD, SLOW
from benchmarks.listener import COMMAND as LIGHT
from benchmarks.report import Report
from seraphim.sandbox import Sandbox
from seraphim.sandbox.bot import COMMAND, BotProcess, environment
from seraphim.sandbox.people import Member
from seraphim.sandbox.places import Guild

GUILDS, QUICK_GUILDS = 100, 20
LISTENER = (sys.executable, "-m", "benchmarks.listener")
QUIET = (sys.executable, "-m", "benchmarks.quiet")
SONG, ALBUM = "https://music.example/song.mp3", "https://music.example/album/100"

ROUNDS = 3
"""How often what has a worst case is measured: the best of them is what the program can do."""
PAIRS = 12
SLOW_RATE, SLOW_COUNT, QUICK_COUNT = 20, 200, 60
FAST_RATE, FAST_SECONDS, QUICK_SECONDS = 100, 8, 3
ROUND_TRIPS = 100
BREATH_SECONDS = 0.2
"""What happens one at a time happens with a pause before it, the bare requests too: processes that
have just been asleep are slower than those that are kept busy, and people are not that quick. Each
play has the panel edited twice, sooner or later, and that takes the bot about as long."""
KNOWN = 20
"""Searches that memory has, before somebody types them again."""
LIVE_SECONDS, QUICK_LIVE_SECONDS = 60, 20
TRACKS = 10
PANEL_SECONDS = 3.5
"""Longer than the panel waits between two edits."""


@dataclass(frozen=True, slots=True)
class Light:
    """What a light command took: ms until its answer, and ms of the bot's CPU."""

    p50: float
    p99: float
    cpu: float

    @classmethod
    def of(cls, rounds: Iterable["Light"]) -> "Light":
        """Several rounds as one: the usual, and the best of the worst."""
        lights = list(rounds)
        return cls(
            statistics.median(light.p50 for light in lights),
            min(light.p99 for light in lights),
            statistics.median(light.cpu for light in lights),
        )


def measure(*, quick: bool = False) -> Report:
    return asyncio.run(_measure(quick=quick))


async def _measure(*, quick: bool) -> Report:
    report = Report("commands")
    guilds = QUICK_GUILDS if quick else GUILDS
    with _node() as port:
        async with (
            aiohttp.ClientSession(headers={"Authorization": PASSWORD}) as http,
            _town(guilds, LISTENER) as bare,
            _town(guilds, None, node=port) as town,
        ):
            house = House(town, http, f"http://127.0.0.1:{port}")
            await house.play_everywhere()
            # By turns: a machine that is slower for a while is slower for both.
            rounds = [
                (await _light(bare, quick=quick), await _light(town, quick=quick))
                for _ in range(ROUNDS)
            ]
            _report_light(
                report, Light.of(ours for _, ours in rounds), Light.of(floor for floor, _ in rounds)
            )
            await _report_telling(report, town, quick=quick)
            await _report_typing(report, town, quick=quick)
            await _report_music(report, house)
            await _report_life(report, house, QUICK_LIVE_SECONDS if quick else LIVE_SECONDS)
            await _report_calls(report, house)
    return report


# --- a light command ---


async def _light(town: "Town", *, quick: bool) -> Light:
    """Ask at a calm rate for how soon it is answered, and at a brisk one for what that costs."""
    count = QUICK_COUNT if quick else SLOW_COUNT
    await _ask(town, SLOW_RATE, SLOW_RATE)
    waits = await _ask(town, SLOW_RATE, count)
    cpu = await _light_cpu(town, quick=quick)
    return Light(statistics.median(waits), _share(waits, 0.99), cpu)


async def _light_cpu(town: "Town", *, quick: bool) -> float:
    """Return the ms of CPU that a light command takes, at a brisk rate."""
    count = FAST_RATE * (QUICK_SECONDS if quick else FAST_SECONDS)
    before = _cpu_ms(town.bot.pid)
    await _ask(town, FAST_RATE, count)
    return (_cpu_ms(town.bot.pid) - before) / count


async def _ask(town: "Town", rate: float, count: int) -> list[float]:
    waits: list[float] = []

    async def one(member: Member) -> None:
        asked = time.perf_counter()
        await member.command(LIGHT)
        waits.append(1000 * (time.perf_counter() - asked))

    await _paced(rate, count, lambda number: one(town.members[number % len(town.members)]))
    return waits


def _report_light(report: Report, ours: Light, floor: Light) -> None:
    for name, value, bare, gate in (
        ("light_p50", ours.p50, floor.p50, 1.2),
        ("light_p99", ours.p99, floor.p99, 1.5),
        ("light_cpu", ours.cpu, floor.cpu, 1.3),
    ):
        report.add(f"{name}_floor", bare, "ms")
        report.add(name, value, "ms")
        report.add(f"{name}_ratio", value / bare, "times the floor", at_most=gate)


async def _report_telling(report: Report, town: "Town", *, quick: bool) -> None:
    """How much of a command's CPU is for the log and the metrics."""
    with _node() as port:
        async with _town(len(town.places), QUIET, node=port) as quiet:
            for member in quiet.members:
                await member.command("play", query=ALBUM)
            shares: list[float] = []
            # Pair by pair, and many: the machine changes its speed by more than what is looked for.
            for _ in range(ROUNDS if quick else PAIRS):
                silent = await _light_cpu(quiet, quick=True)
                telling = await _light_cpu(town, quick=True)
                shares.append(100 * (telling - silent) / telling)
    share = statistics.median(shares)
    report.add("logging_and_metrics", share, "% of a command's CPU", at_most=10)


# --- what is suggested while somebody types ---


async def _report_typing(report: Report, town: "Town", *, quick: bool) -> None:
    """How soon suggestions come: from memory, and where a source takes its time."""
    known = [f"song {number}" for number in range(KNOWN)]
    for words in known:
        await town.members[0].autocomplete("play", query=words)
    count = QUICK_COUNT if quick else SLOW_COUNT
    remembered = await _type(town, [known[number % KNOWN] for number in range(count)])
    report.add("autocomplete_p95", _share(remembered, 0.95), "ms", at_most=100)
    asked = await _type(town, [f"{SLOW} {number}" for number in range(count // 4)])
    report.add("autocomplete_source_p95", _share(asked, 0.95), "ms", at_most=350 + 100)


async def _type(town: "Town", words: Sequence[str]) -> list[float]:
    waits: list[float] = []

    async def one(number: int) -> None:
        asked = time.perf_counter()
        await town.members[number % len(town.members)].autocomplete("play", query=words[number])
        waits.append(1000 * (time.perf_counter() - asked))

    await _paced(SLOW_RATE, len(words), one)
    return waits


# --- music ---


async def _report_music(report: Report, house: "House") -> None:
    places = house.town.places
    trips: list[float] = []
    plays: list[list[float]] = []
    ends: list[list[float]] = []
    # In turns: the machine changes its speed.
    for _ in range(ROUNDS):
        trips += await house.round_trips()
        plays.append([await house.play_again(place) for place in places])
        ends.append([await house.end(place) for place in places for _ in range(2)])
    trip = statistics.median(trips)
    report.add("round_trip", trip, "ms")
    for name, rounds, p50, high, share in (
        ("play_to_patch", plays, 3, 4, 0.95),
        ("end_to_patch", ends, 1.5, 4, 0.99),
    ):
        upper = f"{name}_p{round(100 * share)}"
        usual = statistics.median(chain.from_iterable(rounds))
        worst = min(_share(times, share) for times in rounds)
        report.add(f"{name}_p50", usual, "ms")
        report.add(upper, worst, "ms")
        report.add(f"{name}_p50_ratio", usual / trip, "round trips", at_most=p50)
        report.add(f"{upper}_ratio", worst / trip, "round trips", at_most=high)


async def _report_life(report: Report, house: "House", seconds: int) -> None:
    """The bot's CPU while everybody plays, and a track ends now here, now there."""
    before = _cpu_ms(house.town.bot.pid)
    began = time.monotonic()
    async with house.http.post(f"{house.node}/live", params={"seconds": seconds}) as response:
        assert response.status == 200
    elapsed_ms = 1000 * (time.monotonic() - began)
    share = 100 * (_cpu_ms(house.town.bot.pid) - before) / elapsed_ms
    players = len(house.town.places)
    report.add(f"{players}_players", share, "% of a core", at_most=6)


async def _report_calls(report: Report, house: "House") -> None:
    """What Discord is asked for when a track changes, and what is left to see of ten of them."""
    place = house.town.places[0]
    await asyncio.sleep(PANEL_SECONDS)
    calls = Counter(house.town.sandbox.calls)
    for _ in range(TRACKS):
        await house.end(place)
        await asyncio.sleep(PANEL_SECONDS)
    made = house.town.sandbox.calls - calls
    report.add("calls_a_track", made.total() / TRACKS, "calls", at_most=1)
    panels = [one for one in place.text.messages if not one.deleted and one.components]
    report.add("messages_left", len(panels), "messages", at_most=1)


# --- what it is measured with ---


@dataclass
class Town:
    """A sandbox of guilds, each with a member in voice, and a bot."""

    sandbox: Sandbox
    bot: BotProcess
    places: list[Guild]
    members: list[Member]


@dataclass
class House:
    """Seraphim in a town, and its node."""

    town: Town
    http: aiohttp.ClientSession
    node: str

    async def play_everywhere(self) -> None:
        turns = asyncio.Semaphore(10)

        async def one(member: Member) -> None:
            async with turns:
                await member.command("play", query=ALBUM)

        await asyncio.gather(*map(one, self.town.members))

    async def round_trips(self) -> list[float]:
        """A bare request like the bot's, as often as the bot makes one."""
        url = f"{self.node}/v4/sessions/s/players/0"
        trips: list[float] = []
        for _ in range(ROUND_TRIPS):
            await asyncio.sleep(BREATH_SECONDS)
            asked = time.perf_counter()
            async with self.http.patch(url, json={"volume": 50}) as response:
                await response.json()
            trips.append(1000 * (time.perf_counter() - asked))
        return trips

    async def play_again(self, place: Guild) -> float:
        """From a `/play` of somebody whose bot is there already to the node's PATCH, in ms.

        It begins when Discord has made the interaction and sends it: `end` begins there, too.
        """
        member = self.town.members[self.town.places.index(place)]
        await member.command("stop")
        # Asked for beforehand: the question is not part of what is measured.
        question = self._ask(self.http.get, "begun", guild=place.id, after=time.monotonic())
        beginning = asyncio.create_task(question)
        await asyncio.sleep(BREATH_SECONDS)
        answer = asyncio.create_task(member.command("play", query=SONG))
        begun = await beginning
        asked = (await answer).sent_at
        await member.command("play", query=ALBUM)
        return 1000 * (begun - asked)

    async def end(self, place: Guild) -> float:
        """From the end of a track to the next one's PATCH, in ms."""
        await asyncio.sleep(BREATH_SECONDS)
        return await self._ask(self.http.post, "end", guild=place.id)

    async def _ask(
        self,
        method: Callable[..., "aiohttp.client._RequestContextManager"],
        path: str,
        **query: float,
    ) -> float:
        async with method(f"{self.node}/{path}", params=query) as response:
            return float(await response.json())


@asynccontextmanager
async def _town(
    size: int, command: Sequence[str] | None, *, node: int | None = None
) -> AsyncIterator[Town]:
    async with Sandbox() as sandbox:
        places = [sandbox.guild(f"Choir {number}") for number in range(size)]
        members = [place.member("Ada") for place in places]
        with tempfile.TemporaryDirectory(prefix="seraphim-benchmark-") as folder:
            # The members are few and quick: each stands for many people.
            more = {"ENVIRONMENT": "production", "RATE_LIMIT_COMMANDS": "10000"}
            if node is not None:
                more |= {
                    "LAVALINK_HOST": "127.0.0.1",
                    "LAVALINK_PORT": str(node),
                    "LAVALINK_PASSWORD": PASSWORD,
                }
            environ = environment(sandbox, Path(folder, "data"), **more)
            environ["PYTHONPATH"] = str(Path.cwd())
            bot = BotProcess(environ, command or COMMAND)
            async with bot:
                await bot.until_log("system.ready")
                for place, member in zip(places, members, strict=True):
                    await member.join(place.voice)
                yield Town(sandbox, bot, places, members)


@contextmanager
def _node() -> Iterator[int]:
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.lavalink"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


async def _paced(rate: float, count: int, act: Callable[[int], Awaitable[None]]) -> None:
    """Begin `count` of them at a rate, whatever the ones before take."""
    began = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        for number in range(count):
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            tasks.create_task(_run(act(number)))


async def _run(act: Awaitable[None]) -> None:
    await act


def _share(times: Sequence[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def _cpu_ms(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    return 1000 * ticks / os.sysconf("SC_CLK_TCK")
