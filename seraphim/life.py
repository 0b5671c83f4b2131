"""The life of the process: from the start of its tree to its exit code.

There are three ways to go. Told to stop, it turns away what comes, lets answers under way finish,
and stops the tree from bottom to top, all within one deadline. Told to hand over, it does the same
without saying goodbye: what sounds goes on sounding, for the next process to take up. Told to stop
once more, it ends at once.
"""

import gc
import os
import signal
import time
from collections.abc import Awaitable, Callable
from typing import Literal, Protocol, TypeAlias

import anyio
import structlog

from actors.runtime import StartFailed, System
from actors.service import FatalService
from seraphim.operations.systemd import Systemd

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Stage: TypeAlias = Literal["starting", "ready", "stopping"]

FAILED = 1
GAVE_UP = 70
WRONG_CONFIGURATION = 78

DRAIN_SHARE = 0.25
"""The part of the time for stopping that answers under way may take."""


class Door(Protocol):
    """Where the world comes in. None of its methods raises."""

    async def drain(self, within: float) -> None:
        """Turn away what comes; return when what came before is done, or time is up."""
        ...

    def reopen(self) -> None:
        """Take what comes again."""
        ...

    async def hand_over(self) -> None:
        """Hear nothing more, and leave what is heard here to the next process."""
        ...


class Life:
    """The life of one tree. `stop_seconds` is how long its end may take; `systemd` hears of it."""

    def __init__(self, stop_seconds: float, systemd: Systemd | None = None) -> None:
        self.code = 0
        self._systemd = systemd or Systemd(None)
        self._stop_seconds = stop_seconds
        self._started = False
        self._hands_over = False
        self._asked_to_stop = anyio.Event()
        self._start = anyio.CancelScope()

    def hands_over(self) -> bool:
        """Return whether another process goes on with what sounds: nobody is to leave voice."""
        return self._hands_over

    @property
    def ending(self) -> bool:
        """Whether it was told to stop or to hand over."""
        return self._asked_to_stop.is_set()

    @property
    def stage(self) -> Stage:
        """How far it is."""
        if self.ending:
            return "stopping"
        return "ready" if self._started else "starting"

    async def live(
        self,
        system: System,
        door: Door,
        *,
        first: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Start the tree; return when it has stopped. `code` is then the process's exit code.

        `first` is done before the start. What it raises is raised here; told to stop meanwhile, it
        is cancelled, and nothing starts.
        """
        began = time.monotonic()
        try:
            with self._start:
                if first is not None:
                    await first()
                await self._live(system, door, began)
        except StartFailed as error:
            if self.code == 0:
                self.code = FAILED
                log.error("system.start_failed", error=str(error), exc_info=error)

    async def _live(self, system: System, door: Door, began: float) -> None:
        async with system, anyio.create_task_group() as tasks:
            # What is here now stays: the collector need not walk it again and again.
            gc.collect()
            gc.freeze()
            self._started = True
            log.info("system.ready", seconds=round(time.monotonic() - began, 3))
            self._systemd.ready()
            tasks.start_soon(self._stop_when_asked, system, door)
            ended = await system.wait_stopped()
            tasks.cancel_scope.cancel()
            if ended.kind == "gave_up" and self.code == 0:
                self.code = GAVE_UP
            if system.zombies:
                # Nothing can end them but the end of the process.
                log.error("system.stopped", code=self.code or FAILED, zombies=system.zombies)
                os._exit(self.code or FAILED)

    async def _stop_when_asked(self, system: System, door: Door) -> None:
        await self._asked_to_stop.wait()
        log.info("system.stopping", handover=self._hands_over)
        until = time.monotonic() + self._stop_seconds
        if self._hands_over:
            # First of all: what is heard from now on must not be lost with us.
            await door.hand_over()
        else:
            await door.drain(self._stop_seconds * DRAIN_SHARE)
        await system.stop(within=max(0.0, until - time.monotonic()))

    def stop(self) -> None:
        """Stop the tree in order, or do not start it further."""
        self._asked_to_stop.set()
        self._systemd.stopping()
        if not self._started:
            self._start.cancel()

    def hand_over(self) -> None:
        """Stop the tree in order, without a goodbye. One that stops already says goodbye."""
        if not self._asked_to_stop.is_set():
            self._hands_over = True
            self.stop()

    def on_fatal(self, error: FatalService) -> None:
        """Stop because of an error that no restart can help."""
        log.error("system.fatal", code="SYS-001", error=error.message)
        self.code = WRONG_CONFIGURATION
        self.stop()

    async def watch_signals(self) -> None:
        """Stop in order at the first signal, and at once at the second."""
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
            async for number in signals:
                if self._asked_to_stop.is_set():
                    log.warning("system.killed", signal=number.name)
                    os._exit(128 + number)
                log.info("system.signal", signal=number.name)
                self.stop()
