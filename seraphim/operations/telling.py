"""The log over the operator's socket: lines of JSON, as many as whoever reads can take.

First the last lines that the bot has kept and an empty one, then, if asked to, those to come. One
who reads too slowly loses lines, and reads how many instead, in a line of its own:
`{"dropped": 12}`. Nobody else notices.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Final

from seraphim.operations.journal import Journal

BATCH: Final = 200
QUIET_SECONDS: Final = 15.0
"""After so long without a line an empty one is sent: who has gone silently is found out."""


async def tell(
    journal: Journal,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    request: Mapping[str, object],
) -> None:
    """Tell the log, until the end or until whoever reads has gone. Raises ConnectionError."""
    with journal.followed() as follower:
        kept = list(journal.last)
        follower.take()
        for start in range(0, len(kept), BATCH):
            await _send(writer, kept[start : start + BATCH])
        await _send(writer, [""])
        if not request.get("follow"):
            return
        gone = asyncio.create_task(reader.read(1))
        try:
            while not gone.done():
                news = asyncio.create_task(follower.wait())
                await asyncio.wait(
                    {news, gone}, timeout=QUIET_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
                news.cancel()
                lines, dropped = follower.take()
                if dropped:
                    lines.append(json.dumps({"dropped": dropped}))
                await _send(writer, lines or [""])
        finally:
            gone.cancel()


async def _send(writer: asyncio.StreamWriter, lines: list[str]) -> None:
    writer.write("".join(f"{line}\n" for line in lines).encode(errors="backslashreplace"))
    await writer.drain()
