"""One thread of a decoder works at a time, and each for a moment only.

PyAV releases the GIL for every call, so that sixty threads which all want it back after each frame
form a convoy: measured, the gaps between frames went from 27 ms to 134 ms without a gate. Python's
own `Semaphore(1)` is not enough, since whoever releases it may take it again at once while the
others sleep; this gate is handed on in the order of arrival, but first to tracks that have just
begun: somebody waits for them, while the others have seconds of frames ahead. That favour has an
end, or else a few files that are long in opening would keep everybody else out (measured: for as
long as it took, and five seconds are heard); and where there are beginners all the time, every
fourth turn is somebody else's.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

from seraphim.audio_node.decoder.slate import Slate
from seraphim.audio_node.media import MediaError

__all__ = ["Closed", "Gate", "Turn", "nothing"]

MOMENT: Final = 0.02
FAVOURED_IN_A_ROW: Final = 3
FAVOUR: Final = 0.1
"""Seconds of work for which a track is a beginner. Most need a tenth of it."""


class Gate:
    """A lock that is handed on in order, and notes its holder on the slate."""

    def __init__(self, slate: Slate) -> None:
        self._slate = slate
        self._lock = threading.Lock()
        self._taken = False
        self._queue: deque[threading.Lock] = deque()
        self._urgent: deque[threading.Lock] = deque()
        self._favoured = 0

    def enter(self, track: int, *, urgent: bool = False) -> None:
        """Wait until it is `track`'s turn."""
        with self._lock:
            ticket = threading.Lock() if self._taken else None
            if ticket is not None:
                ticket.acquire()
                (self._urgent if urgent else self._queue).append(ticket)
            self._taken = True
        if ticket is not None:
            ticket.acquire()
        self._slate.write(track)

    def leave(self) -> None:
        """Hand the gate on."""
        self._slate.write(0)
        with self._lock:
            urgent = self._urgent and (not self._queue or self._favoured < FAVOURED_IN_A_ROW)
            self._favoured = self._favoured + 1 if urgent else 0
            if queue := self._urgent if urgent else self._queue:
                queue.popleft().release()
            else:
                self._taken = False


class Closed(Exception):
    """The track is not wanted any more."""


def nothing() -> None:
    """Do nothing."""


class Turn:
    """One track's time at the gate, and its patience.

    The thread of the track holds the gate within `with turn:`, but for what it does within
    `with turn.aside():`, `turn.give_way()` or `turn.pass_on()`. It is let in before the others
    until `settle`, or until it was inside for `FAVOUR` seconds in all. The track has `patience`
    seconds from one `progress` to the next; `check` ends it when they are over, or when another
    thread called `close`.
    """

    def __init__(self, gate: Gate, track: int, patience: float) -> None:
        self.closed = False
        self.before_waiting: Callable[[], None] = nothing
        self._gate = gate
        self._track = track
        self.patience = patience
        self._deadline = time.monotonic() + patience
        self._entered = 0.0
        self._favour = FAVOUR

    def __enter__(self) -> "Turn":
        self._enter()
        return self

    def __exit__(self, *_: object) -> None:
        self._leave()

    @contextmanager
    def aside(self) -> Generator[None]:
        """Let others work while this track waits; what it has ready is sent first."""
        self.before_waiting()
        self._leave()
        try:
            yield
        finally:
            self._enter()

    def give_way(self) -> None:
        """Let others work if this track has had its moment; with none there, it is a new turn."""
        if time.monotonic() - self._entered > MOMENT:
            self.pass_on()

    def pass_on(self) -> None:
        """Let those work who wait, and go on after them."""
        self._leave()
        self._enter()

    def settle(self) -> None:
        """Go from now on behind those that have just begun."""
        self._favour = 0.0

    def begin_anew(self, track: int) -> None:
        """Work as another track from now on, which has just begun."""
        self._track = track
        self._favour = FAVOUR
        self._leave()
        self._enter()
        self.progress()

    def progress(self) -> None:
        """Begin the patience anew."""
        self._deadline = time.monotonic() + self.patience

    @property
    def remaining(self) -> float:
        """Seconds of patience left, at least a few milliseconds."""
        return max(0.005, self._deadline - time.monotonic())

    def check(self) -> None:
        """Raise `Closed` or, when the patience is over, `MediaError`."""
        if self.closed:
            raise Closed
        if time.monotonic() >= self._deadline:
            raise MediaError(
                "The media does not arrive: the server or the disk is too slow.",
                "suspicious",
                f"no progress within {self.patience:g} s",
            )

    def _enter(self) -> None:
        self._gate.enter(self._track, urgent=self._favour > 0)
        self._entered = time.monotonic()

    def _leave(self) -> None:
        self._favour -= time.monotonic() - self._entered
        self._gate.leave()
