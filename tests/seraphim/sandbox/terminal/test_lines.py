import asyncio
import os
import pty
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from seraphim.sandbox.terminal.lines import PIECE, lines

pytestmark = pytest.mark.anyio

PATIENCE = 10.0


@pytest.fixture(params=["pipe", "terminal"])
def ends(request: pytest.FixtureRequest) -> Iterator[tuple[int, int]]:
    """A pipe and a terminal: where they are read, and where they are written."""
    if request.param == "pipe":
        reading, writing = os.pipe()
    else:
        writing, reading = pty.openpty()
    yield reading, writing
    os.close(reading)
    os.close(writing)


async def following(source: AsyncIterator[str]) -> str:
    async with asyncio.timeout(PATIENCE):
        return await anext(source)


async def all_in(path: Path) -> list[str]:
    with path.open("rb") as file:
        return [line async for line in lines(file.fileno())]


async def test_a_line_is_there_as_soon_as_it_was_written(ends: tuple[int, int]) -> None:
    reading, writing = ends
    source = lines(reading)
    for line in ("/play aurora", "/skip"):
        os.write(writing, f"{line}\n".encode())
        assert await following(source) == line


async def test_others_go_on_while_nothing_is_written(ends: tuple[int, int]) -> None:
    reading, writing = ends
    waiting = asyncio.create_task(following(lines(reading)))
    await asyncio.sleep(0)
    # It could not be, if the loop stood still: the line comes from it.
    asyncio.get_running_loop().call_soon(os.write, writing, b"/ping\n")
    assert await waiting == "/ping"


async def test_who_no_longer_waits_leaves_nothing_behind(ends: tuple[int, int]) -> None:
    reading, writing = ends
    waiting = asyncio.create_task(following(lines(reading)))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not asyncio.get_running_loop().remove_reader(reading)
    os.write(writing, b"/ping\n")
    assert await following(lines(reading)) == "/ping"


async def test_a_file_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "script"
    path.write_bytes(b"/play aurora\n\n# caf\xe9\n/skip")
    assert await all_in(path) == ["/play aurora", "", "# caf�", "/skip"]
    path.write_bytes(b"")
    assert await all_in(path) == []
    assert await all_in(Path(os.devnull)) == []


async def test_a_line_may_be_longer_than_what_is_read_at_once(tmp_path: Path) -> None:
    path = tmp_path / "script"
    long = "ä" * PIECE
    path.write_text(f"{long}\n/ping\n", "utf-8")
    assert await all_in(path) == [long, "/ping"]
