"""One track's thread: from the order to open it until nobody wants it any more.

When all of it was sent the thread waits with everything open, as it waits for credit: whoever
seeks back in the last seconds of a track, or changes its sound there, finds it at work again.
"""

import threading
from collections.abc import Callable
from typing import Final

from seraphim.audio_node.decoder.address_guard import TrustedHosts
from seraphim.audio_node.decoder.frames import Media
from seraphim.audio_node.decoder.gate import Closed, Gate, Turn, nothing
from seraphim.audio_node.decoder.readers import Listed, Reader, open_reader
from seraphim.audio_node.decoder.wire import (
    Ended,
    Failed,
    Frames,
    Message,
    Open,
    Opened,
    Title,
)
from seraphim.audio_node.media import MediaError, MediaInfo, Severity

__all__ = ["Worker"]

FIRST_BATCH: Final = 5
"""Each is twice the one before: a track is soon heard, and the next batch is there in time."""

BATCH: Final = 50


class Worker:
    """Decodes one track and sends it, never more frames than there is credit for.

    `close` and `take_up` may be called from any thread and return at once; the thread follows when
    it next looks up, which a name that does not resolve may delay for seconds.
    """

    def __init__(
        self,
        order: Open,
        *,
        gate: Gate,
        trusted: TrustedHosts,
        patience: float,
        send: Callable[[Message], None],
        done: Callable[["Worker"], None],
    ) -> None:
        self.track = order.track
        """What it works on, or will when it looks up."""
        self._order = order
        self._next: Open | None = None
        self._over = False
        self._trusted = trusted
        self._send = send
        self._done = done
        self._turn = Turn(gate, order.track, patience)
        self._turn.before_waiting = self._send_batch
        self._credit = order.credit
        self._changed = threading.Condition()
        self._batch: list[bytes] = []
        self._thread = threading.Thread(target=self._run, name=f"track-{order.track}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def add_credit(self, frames: int) -> None:
        """Allow more frames."""
        with self._changed:
            self._credit += frames
            self._changed.notify()

    def take_up(self, order: Open) -> bool:
        """Do this instead, with the same media; returns False when it has come to its end."""
        with self._changed:
            if self._over:
                return False
            self.track, self._next = order.track, order
            self._changed.notify()
            return True

    def close(self) -> None:
        """Give the track up; nothing more is sent about it."""
        with self._changed:
            self._turn.closed = True
            self._changed.notify()

    def _run(self) -> None:
        outcome = self._outcome()
        with self._changed:
            self._over = True
        # Each knows the other, and so they would stay until the collector came by.
        self._turn.before_waiting = nothing
        self._done(self)
        if outcome is not None and not self._turn.closed:
            message, severity, cause = outcome
            self._send(Failed(self.track, message, severity, cause))

    def _outcome(self) -> tuple[str, Severity, str] | None:
        """Work until nobody wants it any more, or until it fails: then say how."""
        try:
            with self._turn:
                self._work()
        except Closed:
            return None
        except MediaError as error:
            return error.message, error.severity, error.cause
        except Exception as error:  # noqa: BLE001 - a bug costs one track, and the node logs it
            cause = f"{type(error).__name__}: {error}"
            return "The track could not be decoded.", "fault", cause

    def _work(self) -> None:
        try:
            reader = open_reader(self._order.source, self._trusted, self._turn)
        except Listed as listed:
            info = MediaInfo("list", "", None, entries=listed.entries)
            self._send(Opened(self._order.track, info))
            raise MediaError("This is a list, and no media itself.", "common", "a list") from listed
        try:
            media = Media(reader, self._turn)
            try:
                while True:
                    self._look_up()
                    self._send(Opened(self._order.track, media.info))
                    self._await_credit()
                    self._deliver(media, reader)
                    self._await_order()
            finally:
                media.close()
        finally:
            reader.close()

    def _deliver(self, media: Media, reader: Reader) -> None:
        order, size = self._order, FIRST_BATCH
        title = None
        for frame in media.frames(order.start_ms, order.sound, order.splice):
            if self._next is not None:
                return
            if reader.title != title:
                title = reader.title
                self._send_batch()
                self._send(Title(order.track, title))
            self._batch.append(frame)
            if len(self._batch) >= min(size, self._credit):
                self._send_batch()
                if size == BATCH:
                    self._turn.settle()
                size = min(2 * size, BATCH)
                if self._credit > 0:
                    self._turn.pass_on()
                self._await_credit()
        self._send_batch()
        self._send(Ended(order.track))

    def _send_batch(self) -> None:
        if not self._batch or self._turn.closed:
            return
        self._send(Frames(self._order.track, tuple(self._batch)))
        with self._changed:
            self._credit -= len(self._batch)
        self._batch.clear()
        self._turn.progress()

    def _await_credit(self) -> None:
        if self._credit <= 0:
            self._wait_for(lambda: self._credit > 0 or self._next is not None)
        self._turn.progress()
        self._turn.check()

    def _await_order(self) -> None:
        self._wait_for(lambda: self._next is not None)
        self._turn.check()

    def _wait_for(self, condition: Callable[[], bool]) -> None:
        with self._turn.aside(), self._changed:
            self._changed.wait_for(lambda: condition() or self._turn.closed)

    def _look_up(self) -> None:
        """Take up the newest order, if there is one."""
        with self._changed:
            order, self._next = self._next, None
            if order is None:
                return
            self._order, self._credit = order, order.credit
        self._batch.clear()
        self._turn.begin_anew(order.track)
