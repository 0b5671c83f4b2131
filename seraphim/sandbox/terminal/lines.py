"""Lines from wherever a script comes: a pipe, a file, a terminal.

While somebody thinks about the next line, nothing else may wait: Discord lives in the same event
loop. A stream of asyncio's was rejected: it takes no files, it makes a terminal that the shell and
our own output share non-blocking, and it fails at a line that is longer than its buffer.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Final

PIECE: Final = 1 << 16


async def lines(file: int) -> AsyncIterator[str]:
    """The lines of the file descriptor `file` as they come, without their line feeds. What is no
    UTF-8 in them is replaced.
    """
    unfinished = b""
    while piece := await _read(file):
        *finished, unfinished = (unfinished + piece).split(b"\n")
        for line in finished:
            yield line.decode("utf-8", "replace")
    if unfinished:
        yield unfinished.decode("utf-8", "replace")


async def _read(file: int) -> bytes:
    loop = asyncio.get_running_loop()
    there = asyncio.Event()
    try:
        loop.add_reader(file, there.set)
    except PermissionError:
        # So the system says that there is nothing to wait for: a file has its lines.
        return os.read(file, PIECE)
    try:
        await there.wait()
    finally:
        loop.remove_reader(file)
    return os.read(file, PIECE)
