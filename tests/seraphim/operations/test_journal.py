"""The log's files, and those who follow it."""

import asyncio
import json
import logging
import os
import stat
import time
from pathlib import Path

import pytest

from seraphim.operations.handover import Handover
from seraphim.operations.journal import KEPT_SECONDS, Journal, LogFile, put_aside
from seraphim.operations.operator import SOCKET, OperatorSocket
from seraphim.operations.telling import tell

pytestmark = pytest.mark.anyio


def record(text: str, created: float | None = None) -> logging.LogRecord:
    made = logging.makeLogRecord({"msg": text})
    if created is not None:
        made.created = created
    return made


def test_a_file_that_is_full_is_put_aside_and_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "seraphim.log"
    file = LogFile(path, largest=100)
    for number in range(20):
        file.emit(record(f"{number:040}"))
    file.close()
    files = [*put_aside(path), path]
    assert len(files) == 10
    assert all(one.stat().st_size <= 100 for one in files)
    lines = [line for one in files for line in one.read_text().splitlines()]
    assert [int(line) for line in lines] == list(range(20))
    assert {stat.S_IMODE(one.stat().st_mode) for one in files} == {0o600}


def test_a_file_ends_with_its_day(tmp_path: Path) -> None:
    path = tmp_path / "seraphim.log"
    file = LogFile(path)
    file.emit(record("today"))
    file.emit(record("tomorrow", time.time() + 86_400))
    file.close()
    (aside,) = put_aside(path)
    assert aside.read_text() == "today\n"
    assert path.read_text() == "tomorrow\n"


def test_what_is_older_than_seven_days_is_removed_and_other_files_are_not(tmp_path: Path) -> None:
    path = tmp_path / "seraphim.log"
    old, new, other = (
        tmp_path / name
        for name in ("seraphim.log.20260101T000000.0", "seraphim.log.20260102T000000.0", "mine")
    )
    for one, age in ((old, KEPT_SECONDS + 60), (new, KEPT_SECONDS - 60), (other, 99_999_999)):
        one.write_text("x")
        os.utime(one, (time.time() - age,) * 2)
    LogFile(path).close()
    assert not old.exists()
    assert new.exists()
    assert other.exists()


async def test_a_slow_follower_loses_lines_and_is_told_how_many() -> None:
    journal = Journal(kept=3)
    with journal.followed(waiting=2) as follower:
        for number in range(5):
            journal.write(str(number))
        await follower.wait()
        assert follower.take() == (["0", "1"], 3)
        assert follower.take() == ([], 0)
    journal.write("5")
    assert follower.take() == ([], 0)
    assert list(journal.last) == ["3", "4", "5"]


async def test_a_reader_that_does_not_read_holds_nobody_up(tmp_path: Path) -> None:
    journal = Journal()
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await tell(journal, reader, writer, {"do": "logs", "follow": True})
        except ConnectionError:
            return
        finally:
            writer.close()
            ended.set()

    server = await asyncio.start_unix_server(serve, tmp_path / "s")
    reader, writer = await asyncio.open_unix_connection(tmp_path / "s")
    assert await reader.readline() == b"\n"
    began = time.monotonic()
    for number in range(20_000):
        journal.write(json.dumps({"event": "x" * 200, "number": number}))
        if number % 100 == 0:
            await asyncio.sleep(0)
    assert time.monotonic() - began < 10
    journal.write(json.dumps({"event": "last"}))
    told, dropped = 0, 0
    async with asyncio.timeout(20):
        while told + dropped < 20_001:
            line = json.loads(await reader.readline() or b"{}")
            dropped += line.get("dropped", 0)
            told += "event" in line
    assert dropped > 0
    assert told + dropped == 20_001
    writer.close()
    await ended.wait()
    server.close()
    await server.wait_closed()


async def test_the_operators_socket_tells_what_was_and_what_comes(tmp_path: Path) -> None:
    async def nothing() -> dict[str, object]:
        return {}

    async def none() -> None:
        return None

    journal = Journal()
    journal.write('{"event": "before"}')
    socket = OperatorSocket(
        tmp_path / SOCKET,
        lambda: pytest.fail("not asked"),
        may_crash=False,
        handover=Handover(prepare=none, resume=lambda: None, go=lambda: None),
        status=nothing,
        journal=journal,
        synchronise=none,
    )
    await socket.start()
    reader, writer = await asyncio.open_unix_connection(tmp_path / SOCKET)
    writer.write(b'{"do": "logs", "follow": true}\n')
    assert [await reader.readline(), await reader.readline()] == [b'{"event": "before"}\n', b"\n"]
    journal.write('{"event": "after"}')
    assert await reader.readline() == b'{"event": "after"}\n'
    writer.close()
    await socket.stop()
