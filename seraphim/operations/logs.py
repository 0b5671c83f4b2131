"""What `seraphim logs` shows: one line an event, what happened first, the details behind it.

Lines come over the operator's socket, or from the log's files where the bot does not run or the
time asked for lies before what it has kept. A stack trace is folded into its last line; nothing
that stands in a log may move the cursor of whoever reads it.
"""

import asyncio
import json
import re
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, cast

from rich.console import Console
from rich.text import Text

from seraphim.operations.journal import put_aside

LEVELS: Final = ("debug", "info", "warning", "error", "critical")
STYLES: Final = {"debug": "dim", "warning": "yellow", "error": "red", "critical": "bold red"}
MARKS: Final = {
    "actor.started": ("●", "green"),
    "actor.stopped": ("○", "dim"),
    "actor.crashed": ("✖", "bold red"),
    "actor.restarting": ("↻", "yellow"),
    "actor.zombie": ("☠", "bold red"),
    "supervisor.gave_up": ("■", "bold red"),
    "system.ready": ("★", "bold green"),
    "system.stopped": ("■", "dim"),
}
FIRST: Final = ("timestamp", "level", "event", "actor", "guild", "logger")
TRACES: Final = ("exception", "stack")
SHOWN_BEFORE: Final = 20
LOOK_SECONDS: Final = 0.5
LONGEST_LINE: Final = 1 << 22
UNITS: Final = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}


def since(text: str, now: datetime | None = None) -> datetime:
    """Return the time that `text` names: ``90s``, ``10m``, ``2h``, ``7d`` ago, a time of today
    (``14:30``) or an ISO date and time; local, where it names no zone. Raises ValueError.
    """
    now = now or datetime.now(UTC)
    ago = re.fullmatch(r"(\d+(?:\.\d+)?) ?(s|m|min|h|d)", text.strip())
    if ago:
        return now - timedelta(seconds=float(ago[1]) * UNITS[ago[2]])
    if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", text):
        today = now.astimezone().date().isoformat()
        text = f"{today}T{text if text[1] != ':' else '0' + text}"
    return datetime.fromisoformat(text).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines are wanted; each field narrows it."""

    guild: int | None = None
    actor: str | None = None
    level: str | None = None
    since: datetime | None = None
    text: str | None = None

    def takes(self, entry: Mapping[str, object], line: str) -> bool:
        """Return whether `entry`, which stands in `line`, is wanted."""
        actor = str(entry.get("actor", ""))
        if self.guild is not None:
            place = f"/guild-{self.guild}"
            within = actor.endswith(place) or f"{place}/" in actor
            if not within and str(entry.get("guild")) != str(self.guild):
                return False
        if self.actor is not None and self.actor.lower() not in actor.lower():
            return False
        if self.level is not None:
            level = str(entry.get("level", "info"))
            if level in LEVELS and LEVELS.index(level) < LEVELS.index(self.level.lower()):
                return False
        if self.text is not None and self.text.lower() not in line.lower():
            return False
        when = moment(entry)
        return self.since is None or when is None or when >= self.since


def moment(entry: Mapping[str, object]) -> datetime | None:
    """Return when it was logged, None where that cannot be read."""
    try:
        return datetime.fromisoformat(str(entry["timestamp"])).astimezone(UTC)
    except (KeyError, ValueError):
        return None


def read(line: str) -> dict[str, object]:
    """Return what a line says; one that is no JSON is an event as it is."""
    try:
        entry = cast("object", json.loads(line))
    except (ValueError, RecursionError):
        entry = None
    return cast("dict[str, object]", entry) if isinstance(entry, dict) else {"event": line}


class Page:
    """Where lines are shown. `traces`: with their stack traces."""

    def __init__(self, wanted: Wanted, *, traces: bool, console: Console | None = None) -> None:
        self._wanted = wanted
        self._traces = traces
        self._console = console or Console(highlight=False)

    def wants(self, line: str) -> bool:
        """Return whether `show` would show it."""
        return self._wanted.takes(read(line), line)

    def show(self, line: str) -> None:
        """Show `line`, if it is wanted."""
        entry = read(line)
        if not self._wanted.takes(entry, line):
            return
        # On a terminal an event has one line; in a pipe nothing is cut.
        crop = self._console.is_terminal
        text = headline(entry)
        self._console.print(
            text, no_wrap=True, overflow="ellipsis" if crop else "ignore", crop=crop
        )
        if not self._traces:
            return
        for name in TRACES:
            if entry.get(name):
                for row in str(entry[name]).splitlines():
                    trace = Text(f"{'':15}{plain(row)}", style="dim")
                    self._console.print(trace, no_wrap=True, overflow="ignore", crop=False)


def headline(entry: Mapping[str, object]) -> Text:
    """Return an event as one line: when, what, who, and the rest by name."""
    when = moment(entry)
    level = str(entry.get("level", "info"))
    event = str(entry.get("event", ""))
    mark, colour = MARKS.get(event, ("·", STYLES.get(level, "dim")))
    shown = f"{when.astimezone():%H:%M:%S.%f}"[:12] if when else ""
    line = Text.assemble((f"{shown:<12}", "dim"), " ", (mark, colour), " ")
    style = {"debug": "dim", "info": "bold"}.get(level, f"bold {STYLES.get(level, '')}".strip())
    line.append(f"{plain(event):<18}", style=style)
    who = place(entry)
    if who:
        line.append(f"  {plain(who)}", style="cyan")
    for name, value in entry.items():
        if name in FIRST or name in TRACES or value is None:
            continue
        line.append(f"  {plain(name)} ", style="dim")
        line.append(plain(value if isinstance(value, str) else json.dumps(value)))
    for name in TRACES:
        rows = str(entry.get(name) or "").strip().splitlines()
        if rows:
            last = plain(rows[-1])
            if "reason" not in entry and "error" not in entry:
                line.append(f"  {last}", style="red")
            line.append(f"  [{len(rows)} lines]", style="dim")
    return line


def place(entry: Mapping[str, object]) -> str:
    """Return who it is about, in as few words as are clear: `guild-7/player`."""
    actor, guild = str(entry.get("actor") or ""), entry.get("guild")
    path = actor.removeprefix("/root/").removeprefix("guilds/") or str(entry.get("logger") or "")
    if guild is None or f"guild-{guild}" in path:
        return path
    return f"{path} guild {guild}".strip()


def plain(value: str) -> str:
    """Return `value` on one line, with nothing in it that a terminal obeys."""
    text = value.replace("\n", " ⏎ ").replace("\t", " ")
    return "".join(letter if letter.isprintable() else "�" for letter in text)


def stored(file: Path, after: datetime | None = None) -> Iterator[str]:
    """Return the lines of the log file and of what was put aside of it, the oldest first."""
    for path in (*put_aside(file), file):
        try:
            if after is not None and path.stat().st_mtime < after.timestamp():
                continue
            with path.open(encoding="utf-8", errors="backslashreplace") as lines:
                for line in lines:
                    yield line.rstrip("\n")
        except FileNotFoundError:
            # Put aside, or removed, in this moment.
            continue


def show_stored(page: Page, file: Path, after: datetime | None, before: datetime | None) -> None:
    """Show what the files say of the time from `after` to `before`."""
    for line in stored(file, after):
        if before is not None:
            when = moment(read(line))
            if when is not None and when >= before:
                continue
        page.show(line)


async def show_live(
    page: Page,
    socket: Path,
    *,
    follow: bool,
    everything: bool,
    earlier: Callable[[datetime | None], None],
) -> bool:
    """Show what the bot on `socket` tells; false if none runs there.

    `follow`: what is to come too, also of a bot that is started after this one. What it has kept is
    shown as a whole with `everything`, else the end of it; `earlier` shows what was before that.
    """
    met = False
    while True:
        try:
            async for line in _told(socket, follow=follow):
                if isinstance(line, list):
                    shown = [text for text in line if page.wants(text)]
                    if everything and not met:
                        earlier(moment(read(line[0])) if line else None)
                    elif not met:
                        shown = list(deque(shown, maxlen=SHOWN_BEFORE))
                    for text in shown:
                        page.show(text)
                    met = True
                else:
                    _live(page, line)
        except OSError:
            if not met:
                return False
        if not follow:
            return True
        print("The bot has ended; waiting for the next.", file=sys.stderr)
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if await _listens(socket):
                break


def _live(page: Page, line: str) -> None:
    dropped = read(line).get("dropped") if line.startswith('{"dropped"') else None
    if dropped is not None:
        print(f"{dropped} lines were dropped: this reader was too slow.", file=sys.stderr)
    else:
        page.show(line)


async def _told(socket: Path, *, follow: bool) -> AsyncIterator[list[str] | str]:
    """Yield the lines that the bot has kept as a list, then each that comes."""
    reader, writer = await asyncio.open_unix_connection(socket, limit=LONGEST_LINE)
    try:
        writer.write(json.dumps({"do": "logs", "follow": follow}).encode() + b"\n")
        await writer.drain()
        before: list[str] | None = []
        while row := await reader.readline():
            line = row.decode(errors="backslashreplace").rstrip("\n")
            if before is None:
                if line:
                    yield line
            elif line:
                before.append(line)
            else:
                yield before
                before = None
    finally:
        writer.close()


async def _listens(socket: Path) -> bool:
    try:
        _, writer = await asyncio.open_unix_connection(socket)
    except OSError:
        return False
    writer.close()
    return True
