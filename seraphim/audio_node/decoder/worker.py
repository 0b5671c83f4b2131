"""One track's thread: from the order to open it to its last frame."""

import threading
from collections.abc import Callable
from typing import Final

from seraphim.audio_node.decoder.address_guard import TrustedHosts
from seraphim.audio_node.decoder.frames import Media
from seraphim.audio_node.decoder.gate import Closed, Gate, Turn
from seraphim.audio_node.decoder.readers import open_reader
from seraphim.audio_node.decoder.wire import Ended, Failed, Frames, Message, Open, Opened
from seraphim.audio_node.media import MediaError

__all__ = ["Worker"]

FIRST_BATCH: Final = 5
"""Each is twice the one before: a track is soon heard, and the next batch is there in time."""

BATCH: Final = 25


class Worker:
    """Decodes one track and sends it, never more frames than there is credit for.

    `close` may be called from any thread and returns at once; the thread follows when it next looks
    up, which a name that does not resolve may delay for seconds.
    """

    def __init__(
        self,
        order: Open,
        *,
        gate: Gate,
        trusted: TrustedHosts,
        patience: float,
        send: Callable[[Message], None],
        done: Callable[[int], None],
    ) -> None:
        self._order = order
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

    def close(self) -> None:
        """Give the track up; nothing more is sent about it."""
        with self._changed:
            self._turn.closed = True
            self._changed.notify()

    def _run(self) -> None:
        track = self._order.track
        try:
            with self._turn:
                outcome: Message = self._work()
        except Closed:
            return
        except MediaError as error:
            outcome = Failed(track, error.message, error.severity, error.cause)
        except Exception as error:  # noqa: BLE001 - a bug costs one track, and the node logs it
            cause = f"{type(error).__name__}: {error}"
            outcome = Failed(track, "The track could not be decoded.", "fault", cause)
        finally:
            self._done(track)
        if not self._turn.closed:
            self._send(outcome)

    def _work(self) -> Message:
        order, turn = self._order, self._turn
        reader = open_reader(order.source, self._trusted, turn)
        try:
            media = Media(reader, turn)
            try:
                self._send(Opened(order.track, media.info))
                self._await_credit()
                self._deliver(media)
            finally:
                media.close()
        finally:
            reader.close()
        return Ended(order.track)

    def _deliver(self, media: Media) -> None:
        size = FIRST_BATCH
        for frame in media.frames(self._order.start_ms, self._order.volume):
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
            with self._turn.aside(), self._changed:
                self._changed.wait_for(lambda: self._credit > 0 or self._turn.closed)
        self._turn.progress()
        self._turn.check()
