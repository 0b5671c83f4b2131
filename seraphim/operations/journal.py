"""The log's way out of the process, and the last of it for whoever looks.

Every finished line goes to the file, if there is one, and to those who follow. Nobody who is slow
holds anybody up: a follower has a bounded queue, and what finds it full is dropped and counted. The
last lines are kept, so that who comes after a crash still sees it.
"""

import logging
import os
import time
from asyncio import Event, get_running_loop
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

LARGEST_FILE: Final = 10_000_000
KEPT_SECONDS: Final = 7 * 86_400
KEPT_FILES: Final = 100
"""However many days that are: a flood does not fill the disk."""
KEPT_LINES: Final = 1_000
WAITING_LINES: Final = 2_000
OWNER_ONLY: Final = 0o600


class Follower:
    """One who follows. Take what is there with `take`, wait for more with `wait`."""

    def __init__(self, *, waiting: int = WAITING_LINES) -> None:
        self._lines: deque[str] = deque()
        self._waiting = waiting
        self._news = Event()
        self._loop = get_running_loop()
        self._dropped = 0

    def tell(self, line: str) -> None:
        """Queue `line`, or count it as dropped. Never waits."""
        if len(self._lines) >= self._waiting:
            self._dropped += 1
        else:
            self._lines.append(line)
        # A line may come from any thread.
        self._loop.call_soon_threadsafe(self._news.set)

    async def wait(self) -> None:
        """Return when there is something to take."""
        await self._news.wait()

    def take(self) -> tuple[list[str], int]:
        """Return the lines that wait, and how many after them were dropped."""
        self._news.clear()
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        dropped, self._dropped = self._dropped, 0
        return lines, dropped


class Journal:
    """The last lines, and those who follow them on an event loop. Lines come from any thread."""

    def __init__(self, *, kept: int = KEPT_LINES) -> None:
        self.last: deque[str] = deque(maxlen=kept)
        self._followers: set[Follower] = set()

    def write(self, line: str) -> None:
        """Keep `line`, and tell it to who follows."""
        self.last.append(line)
        for follower in tuple(self._followers):
            follower.tell(line)

    @contextmanager
    def followed(self, *, waiting: int = WAITING_LINES) -> Generator[Follower]:
        """Follow from here on, until the context ends."""
        follower = Follower(waiting=waiting)
        self._followers.add(follower)
        try:
            yield follower
        finally:
            self._followers.discard(follower)


class LogFile(RotatingFileHandler):
    """A file that is put aside at 10 MB and at the end of a day (UTC), for seven days.

    What is put aside is called after the time when that was, so names sort by age. Its owner alone
    may read it. Raises OSError where it cannot be written to.
    """

    def __init__(self, path: Path, *, largest: int = LARGEST_FILE) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        super().__init__(path, maxBytes=largest, encoding="utf-8", errors="backslashreplace")
        self._day = _day(path.stat().st_mtime)
        self._forget_old()

    def _open(self) -> TextIOWrapper:
        return open(
            self.baseFilename,
            "a",
            encoding=self.encoding,
            errors=self.errors,
            opener=lambda path, flags: os.open(path, flags, OWNER_ONLY),
        )

    def shouldRollover(self, record: logging.LogRecord) -> bool:  # noqa: N802 - logging's
        """Return whether the file is large or of another day. An empty one goes on."""
        stream = self.stream or self._open()
        self.stream = stream
        stream.seek(0, os.SEEK_END)
        size = stream.tell()
        if size == 0:
            self._day = _day(record.created)
            return False
        if _day(record.created) != self._day:
            return True
        return size + len(self.format(record)) + 1 > self.maxBytes > 0

    def doRollover(self) -> None:  # noqa: N802 - logging's
        """Put the file aside, begin a new one, and remove what is too old."""
        if self.stream:
            self.stream.close()
        now = datetime.now(UTC)
        aside = f"{self.baseFilename}.{now:%Y%m%dT%H%M%S.%f}"
        path = Path(self.baseFilename)
        if path.exists():
            path.rename(aside)
        self._day = _day(now.timestamp())
        self.stream = self._open()
        self._forget_old()

    def _forget_old(self) -> None:
        files = put_aside(Path(self.baseFilename))
        oldest = time.time() - KEPT_SECONDS
        for number, path in enumerate(reversed(files)):
            if number >= KEPT_FILES or path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)


def put_aside(path: Path) -> list[Path]:
    """Return what was put aside of the log file `path`, the oldest first."""
    return sorted(path.parent.glob(f"{path.name}.[0-9]*T*"))


def _day(seconds: float) -> int:
    return int(seconds // 86_400)
