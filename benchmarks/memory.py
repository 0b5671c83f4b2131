"""What the bot's process takes of memory, beside a bare hikari bot in the same sandbox.

Both see the same guilds, run on uvloop and keep the same caches; what is above the floor is
Seraphim's own: its code, its actors, the database, what plays. The audio node is a process apart
and not in it; here it is a fake, so that no sound is made. RSS is read when it has come to rest,
and in a data folder that was used before: a new one is made by tools that take memory once.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from benchmarks.commands import ALBUM, LISTENER, SONG
from benchmarks.commands import _node as fake_node
from benchmarks.lavalink import PASSWORD, PLAYLIST
from benchmarks.report import Report
from seraphim.sandbox import Sandbox
from seraphim.sandbox.bot import COMMAND, BotProcess, environment
from seraphim.sandbox.people import Member
from seraphim.sandbox.permissions import Permission
from seraphim.sandbox.places import Guild

SIZES = {1: 35, 1_000: 35, 2_500: 40}
"""Guilds, and how many MB above the floor are allowed with them."""
QUICK_SIZES = {1: 35, 200: 35}
CHANNELS, ROLES, MEMBERS, IN_VOICE = 20, 10, 30, 5

PLAYERS, PLAYERS_MB = 100, 45
READY_GUILDS, QUICK_READY_GUILDS, READY_SECONDS, STARTS = 1_000, 200, 2.0, 3

COMMANDS, TRACKS = 100_000, 10_000
QUICK_COMMANDS, QUICK_TRACKS = 4_000, 400
GROWTH_PERCENT = 2.0
CROWD = 20
"""How many people are answered at once."""
ASKED = ("nowplaying", "queue", "nowplaying", "volume", "queue")

DATABASE = "seraphim.db"
REST_SECONDS, LONGEST_REST_SECONDS = 2.0, 40.0
REST_MB = 0.1
"""At rest is what changes by less in that time."""


def measure(*, quick: bool = False) -> Report:
    return asyncio.run(_measure(quick=quick))


async def _measure(*, quick: bool) -> Report:
    report = Report("memory")
    with fake_node() as port:
        for guilds, more in (QUICK_SIZES if quick else SIZES).items():
            await _idle(report, port, guilds, more)
        await _start(report, port, QUICK_READY_GUILDS if quick else READY_GUILDS)
        await _play(report, port)
        commands, tracks = (QUICK_COMMANDS, QUICK_TRACKS) if quick else (COMMANDS, TRACKS)
        await _grow(report, port, commands, tracks)
    return report


# --- what is measured ---


async def _idle(report: Report, node: int, guilds: int, more: float) -> None:
    async with _town(guilds) as town:
        async with town.bot(LISTENER) as bot:
            floor = await _at_rest(bot.pid)
        async with town.bot(COMMAND, node) as bot:
            ours = await _at_rest(bot.pid)
    _compare(report, f"{guilds}_guilds", ours, floor, more)


async def _start(report: Report, node: int, guilds: int) -> None:
    times: list[float] = []
    async with _town(guilds) as town:
        async with town.bot(COMMAND, node):
            pass
        for _ in range(STARTS):
            began = time.monotonic()
            async with town.bot(COMMAND, node):
                times.append(time.monotonic() - began)
    figure = f"start_with_{guilds}_guilds"
    report.add(figure, statistics.median(times), "s", at_most=READY_SECONDS)


async def _play(report: Report, node: int) -> None:
    async with _town(PLAYERS) as town:
        async with town.bot(LISTENER) as bot:
            floor = await _at_rest(bot.pid)
        async with town.bot(COMMAND, node) as bot:
            await _at_most(10, [member.command("play", query=SONG) for member in town.members])
            ours = await _at_rest(bot.pid)
            await _at_most(10, [member.command("play", query=ALBUM) for member in town.members])
            full = await _at_rest(bot.pid)
    _compare(report, f"{PLAYERS}_players", ours, floor, PLAYERS_MB)
    report.add(f"{PLAYERS}_players_with_{PLAYLIST}_tracks_each", full, "MB")


async def _grow(report: Report, node: int, commands: int, tracks: int) -> None:
    """The same again and again: after a tenth of it all that is ever needed is there."""
    async with (
        _town(CROWD) as town,
        town.bot(COMMAND, node) as bot,
        aiohttp.ClientSession(headers={"Authorization": PASSWORD}) as http,
    ):
        for member in town.members:
            await member.command("play", query=ALBUM)
            looped = await member.command("loop", what="queue")
            assert not looped.ephemeral, looped
        each, ends = commands // CROWD, tracks // CROWD

        async def one(place: Guild, member: Member, share: float) -> None:
            every = max(1, each // ends)
            for number in range(int(each * share)):
                name = ASKED[number % len(ASKED)]
                level = {"level": 40 + number % 20} if name == "volume" else {}
                await member.command(name, **level)
                if number % every == 0:
                    url = f"http://127.0.0.1:{node}/end"
                    async with http.post(url, params={"guild": place.id}) as answer:
                        assert answer.status == 200, await answer.text()

        async def crowd(share: float) -> float:
            people = zip(town.places, town.members, strict=True)
            await _at_most(CROWD, [one(place, member, share) for place, member in people])
            return await _at_rest(bot.pid)

        before = await crowd(0.1)
        after = await crowd(0.9)
    report.add("after_a_tenth", before, "MB")
    report.add("after_all", after, "MB")
    report.add("growth", 100 * (after - before) / before, "%", at_most=GROWTH_PERCENT)
    report.note(f"growth: {commands} commands, {tracks} tracks")


def _compare(report: Report, name: str, ours: float, floor: float, more: float) -> None:
    report.add(f"{name}_floor", floor, "MB")
    report.add(name, ours, "MB")
    report.add(f"{name}_more", ours - floor, "MB above the floor", at_most=more)


# --- what it is measured with ---


@dataclass
class _Town:
    """A sandbox of guilds; `members` are each guild's first, in voice."""

    sandbox: Sandbox
    folder: Path
    places: list[Guild]
    members: list[Member]

    @asynccontextmanager
    async def bot(
        self, command: Sequence[str], node: int | None = None
    ) -> AsyncIterator[BotProcess]:
        more = {"ENVIRONMENT": "production", "RATE_LIMIT_COMMANDS": "10000"}
        if node is not None:
            more |= {
                "LAVALINK_HOST": "127.0.0.1",
                "LAVALINK_PORT": str(node),
                "LAVALINK_PASSWORD": PASSWORD,
            }
        data = self.folder / "data"
        environ = environment(self.sandbox, data, **more)
        environ["PYTHONPATH"] = str(Path.cwd())
        if node is not None and not (data / DATABASE).exists():
            async with BotProcess(environ, command) as bot:
                await bot.until_log("system.ready")
        async with BotProcess(environ, command) as bot:
            await bot.until_log("system.ready")
            yield bot


@asynccontextmanager
async def _town(size: int) -> AsyncIterator[_Town]:
    with tempfile.TemporaryDirectory(prefix="seraphim-benchmark-") as folder:
        async with Sandbox() as sandbox:
            places, members = await _fill(sandbox, size)
            yield _Town(sandbox, Path(folder), places, members)


async def _fill(sandbox: Sandbox, size: int) -> tuple[list[Guild], list[Member]]:
    places: list[Guild] = []
    members: list[Member] = []
    for number in range(size):
        place = sandbox.guild(f"Choir {number}")
        for channel in range(CHANNELS - 2):
            place.text_channel(f"nave-{channel}")
        for role in range(ROLES):
            place.role(f"Voice {role}")
        # Nobody has to vote on what the first of them wants.
        first = place.member("Ada", permissions=Permission.MANAGE_GUILD)
        people = [first, *(place.member(f"Ada {one}") for one in range(1, MEMBERS))]
        for member in people[:IN_VOICE]:
            await member.join(place.voice)
        places.append(place)
        members.append(people[0])
    return places, members


async def _at_most(width: int, acts: Sequence[Awaitable[object]]) -> None:
    turns = asyncio.Semaphore(width)

    async def one(act: Awaitable[object]) -> None:
        async with turns:
            await act

    await asyncio.gather(*map(one, acts))


async def _at_rest(pid: int) -> float:
    """Return the process's RSS in MB when it has stopped to change."""
    until = time.monotonic() + LONGEST_REST_SECONDS
    last = _rss_mb(pid)
    while time.monotonic() < until:
        await asyncio.sleep(REST_SECONDS)
        now = _rss_mb(pid)
        if abs(now - last) < REST_MB:
            return now
        last = now
    return last


def _rss_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
