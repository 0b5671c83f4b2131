"""The handover: a new process takes up what an old one lays down, and nobody hears it.

Over the operator's socket, one JSON object a line. The new process has loaded and checked all that
it can without touching Discord's gateway or a node, and says so:

    new  {"do": "handover"}
    old  {"handover": "prepared"}   it takes no commands any more, and all it knows is written
    new  {"do": "go"}
    old  {"handover": "going"}      from here on there is no way back

Then the old one closes its connections so that their sessions can be resumed, and ends; the lock on
the data folder, which ends with it, is the new one's sign to start. Until `go`, whatever goes wrong
on either side, and silence too, leaves the old one as it was. Both processes at once for a moment
was rejected: two of them would answer one command, and a gateway session has one owner.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import cast

import structlog

ANSWER_SECONDS = 10.0
"""How long either side waits for the other's next word."""

PREPARED: Mapping[str, object] = {"handover": "prepared"}
GO: Mapping[str, object] = {"do": "go"}
GOING: Mapping[str, object] = {"handover": "going"}

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class HandoverRefused(Exception):
    """The old process does not hand over; it goes on as before. The message says why."""


class HandoverStuck(Exception):
    """The process that runs has let go of everything, and does not come to an end."""


class Handover:
    """The old process's side.

    Parameters
    ----------
    prepare
        Stop taking work, and write down all there is.
    resume
        Take work again: the handover was called off.
    go
        End without saying goodbye. Called once at most.
    """

    def __init__(
        self,
        *,
        prepare: Callable[[], Awaitable[None]],
        resume: Callable[[], None],
        go: Callable[[], None],
    ) -> None:
        self._prepare = prepare
        self._resume = resume
        self._go = go
        self._under_way = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk with a process that has asked for a handover. Raises ConnectionError."""
        if self._under_way:
            await _say(writer, {"error": "another handover is under way"})
            return
        self._under_way = True
        log.info("handover.asked")
        try:
            await self._talk(reader, writer)
        # Whatever it is, this process is the one that plays: it goes on.
        except Exception as error:  # noqa: BLE001
            log.warning("handover.called_off", error=repr(error))
            self._under_way = False
            self._resume()
            if not isinstance(error, ConnectionError):
                await _say(writer, {"error": "the handover was called off"})
        except asyncio.CancelledError:
            # The system stops by itself, in order.
            self._under_way = False
            self._resume()
            raise

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(ANSWER_SECONDS):
            await self._prepare()
            await _say(writer, PREPARED)
        log.info("handover.prepared")
        if await _hear(reader) != GO:
            raise HandoverRefused("the new process has not said to go")
        await _say(writer, GOING)
        log.info("handover.going")
        self._go()


async def take_over(socket: Path) -> None:
    """Have the process that listens on `socket` prepare, and go.

    Raises `HandoverRefused`; cancelled or refused, the other one goes on as before. What it holds
    is free when its process has ended, which takes a moment more.
    """
    try:
        reader, writer = await asyncio.open_unix_connection(socket)
    except OSError as error:
        raise HandoverRefused(f"it cannot be reached ({error.strerror})") from error
    try:
        await _say(writer, {"do": "handover"})
        await _expect(reader, PREPARED)
        await _say(writer, GO)
        await _expect(reader, GOING)
    except ConnectionError as error:
        raise HandoverRefused("it has hung up") from error
    finally:
        writer.close()


async def _expect(reader: asyncio.StreamReader, word: Mapping[str, object]) -> None:
    try:
        answer = await _hear(reader)
    except TimeoutError as error:
        raise HandoverRefused("it does not answer") from error
    if answer != word:
        why = answer.get("error") if answer is not None else "it has hung up"
        raise HandoverRefused(str(why))


async def _say(writer: asyncio.StreamWriter, word: Mapping[str, object]) -> None:
    writer.write(json.dumps(word).encode() + b"\n")
    await writer.drain()


async def _hear(reader: asyncio.StreamReader) -> dict[str, object] | None:
    """Return the next word, None at the end, or where it is none; raise TimeoutError."""
    async with asyncio.timeout(ANSWER_SECONDS):
        line = await reader.readline()
    try:
        word = cast("object", json.loads(line))
    except ValueError:
        return None
    return cast("dict[str, object]", word) if isinstance(word, dict) else None
