"""The node's hold on one decoder process, and on the tracks it works on.

Processes are talked to through `add_reader` on a plain socket, not an asyncio transport: `open`
must return at once, and a decoder that does not empty its socket of a few small orders has hung.
"""

import asyncio
import itertools
import os
import socket
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable
from typing import Final

from seraphim.audio_node.decoder.slate import Slate
from seraphim.audio_node.decoder.wire import (
    Credit,
    Ended,
    Failed,
    Frames,
    Hello,
    Message,
    Open,
    Opened,
    Ping,
    Pong,
    Splitter,
    Title,
    encode,
)
from seraphim.audio_node.filters import Sound
from seraphim.audio_node.media import MediaError, MediaInfo, MediaSource, Place

__all__ = ["HANG_SECONDS", "TRACKS_PER_PROCESS", "Process", "Track"]

FRAME_MS: Final = 20
SPLICED: Final = 8
"""Frames that a decoder needs to hear before it goes on from them."""

TRACKS_PER_PROCESS: Final = 50
START_SECONDS: Final = 15.0
HANG_SECONDS: Final = 3.0
END_SECONDS: Final = 2.0
MOST_TITLES: Final = 50
LONGEST_TITLE: Final = 250
FORGIVEN: Final = 500
"""Frames after which a track's process may die again without it being the same incident."""

# All that a decoder is told of the environment: none of the secrets that may be in it.
_ENVIRONMENT: Final = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "SSL_CERT_FILE", "SSL_CERT_DIR")


class Track:
    """The state of a feed or a probe."""

    def __init__(
        self,
        number: int,
        source: MediaSource | Place,
        start_ms: int,
        sound: Sound,
        ahead: int,
        splice: tuple[bytes, ...] = (),
    ) -> None:
        self._time = asyncio.get_running_loop().time
        self.number = number
        self.process: Process | None = None
        self.info: MediaInfo | None = None
        self.opened = asyncio.Event()
        self.changed = asyncio.Event()
        self.frames: deque[bytes] = deque()
        self.taken = 0
        self.over = False
        self.failure: MediaError | None = None
        self.opening = True
        self.progress_at = self._time()
        self.starved_since: float | None = self.progress_at
        self.title: str | None = None
        """What the station said of the frame that was taken last."""
        self._titles: deque[tuple[int, str | None]] = deque(maxlen=MOST_TITLES)
        self.place = None if isinstance(source, MediaSource) else source
        """Where it is looked for, if that must be looked for."""
        self.source = source if isinstance(source, MediaSource) else None
        """Where it is, once that is known."""
        self.finding: asyncio.Task[None] | None = None
        self._renewed_at: int | None = None
        self._start_ms = start_ms
        self._sound = sound
        self._ahead = ahead
        self._splice = splice
        self._heard = deque(splice[:-1], maxlen=SPLICED - 1)
        self._received = 0
        self._outstanding = 0
        self._struck_at: int | None = None

    @property
    def waits(self) -> bool:
        """Whether it is the decoder's turn to send something."""
        return self.opening or self._outstanding > 0

    @property
    def sounded(self) -> bool:
        """Whether frames of it have arrived."""
        return self._received > 0

    def order(self, instead_of: int = 0) -> Open:
        """Ask for everything from the next frame on."""
        self.opening = True
        self.taken = 0
        self.progress_at = self._time()
        splice = self._splice
        if self._received and not self._sound.plain and len(self.frames) > 1:
            # Its filters begin anew and may swing otherwise: the last frame that is there is given
            # up for going over from it.
            self._received -= 1
            splice = (*self._heard, *self.frames)[-SPLICED:]
            self.frames.pop()
        elif self._received:
            splice = ()
        self._outstanding = self._ahead - len(self.frames)
        position = self._start_ms + round(FRAME_MS * self._received * self._sound.tempo)
        assert self.source is not None
        return Open(
            self.number,
            self.source,
            position,
            self._sound,
            self._outstanding,
            instead_of,
            splice,
        )

    def splice(self, margin: int) -> tuple[bytes, ...] | None:
        """Give the frames up to the one after `margin` more; None if that is not there."""
        if len(self.frames) <= margin:
            return None
        coming = itertools.islice(self.frames, margin + 1)
        return (*self._heard, *coming)[-SPLICED:]

    def on_opened(self, info: MediaInfo) -> None:
        """Note what it is."""
        self.info = info
        self.opening = False
        self.progress_at = self._time()
        self.opened.set()

    def on_frames(self, frames: tuple[bytes, ...]) -> None:
        """Keep what arrived."""
        self.progress_at = self._time()
        self._received += len(frames)
        self._outstanding -= len(frames)
        if self._outstanding < 0:
            raise ValueError("more frames than were asked for")
        self.frames.extend(frames)
        if self.frames:
            self.starved_since = None
            self.changed.set()

    def on_title(self, title: str | None) -> None:
        """Note what is said of the frames that arrive from now on."""
        self._titles.append((self._received, None if title is None else title[:LONGEST_TITLE]))

    def take(self) -> bytes | None:
        """Give the next frame, if there is one."""
        if not self.frames:
            return None
        while self._titles and self._titles[0][0] <= self._received - len(self.frames):
            self.title = self._titles.popleft()[1]
        frame = self.frames.popleft()
        self._heard.append(frame)
        self.taken += 1
        if not self.frames and not self.over:
            self.starved_since = self._time()
            self.changed.clear()
        return frame

    def credit(self) -> Credit:
        """Ask for as many frames as were taken."""
        frames, self.taken = self.taken, 0
        if self._outstanding == 0:
            self.progress_at = self._time()
        self._outstanding += frames
        return Credit(self.number, frames)

    def finish(self, failure: MediaError | None = None) -> None:
        """Note that nothing more will arrive; the first reason stays."""
        if not self.over:
            self.over = True
            self.failure = failure
        self.starved_since = None
        self.opened.set()
        self.changed.set()

    def renew(self) -> bool:
        """Forget where it is, and tell whether to look again: not when that was done just now."""
        before, self._renewed_at = self._renewed_at, self._received
        if self.place is None or (before is not None and self._received - before < FORGIVEN):
            return False
        self.place.forget()
        self.source = None
        return True

    def strike(self) -> bool:
        """Note that a process died of it, and tell whether that was once too often."""
        before, self._struck_at = self._struck_at, self._received
        return before is not None and self._received - before < FORGIVEN


class Process:
    """One decoder process, as long as it is of use."""

    def __init__(
        self,
        died: "Callable[[Process, str], None]",
        done: "Callable[[Process, Track, MediaError | None], None]",
        *,
        solitary: bool,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._died = died
        self._done = done
        self.solitary = solitary
        self.tracks: dict[int, Track] = {}
        self.greeted = asyncio.Event()
        """Set when it is ready to work."""
        self.alive = True
        self._born = self._loop.time()
        self._answered = self._born
        self._turn = (0, 0)
        self._turn_since = self._born
        self._splitter = Splitter()
        self._socket, theirs = socket.socketpair()
        with theirs, tempfile.TemporaryFile() as memory:
            memory.truncate(Slate.SIZE)
            self.slate = Slate(memory.fileno())
            self._child = subprocess.Popen(  # noqa: S603 - this Python, and two numbers
                [
                    sys.executable,
                    "-P",
                    "-m",
                    "seraphim.audio_node.decoder",
                    str(theirs.fileno()),
                    str(memory.fileno()),
                ],
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(), memory.fileno()),
                env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
            )
        self._socket.setblocking(False)
        self._loop.add_reader(self._socket, self._receive)

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._child.pid

    @property
    def started(self) -> bool:
        """Whether it was ready to work at some time."""
        return self.greeted.is_set()

    @property
    def has_room(self) -> bool:
        """Whether one more track may be given to it."""
        return self.alive and not self.solitary and len(self.tracks) < TRACKS_PER_PROCESS

    def add(self, track: Track, instead_of: Track | None = None) -> None:
        """Let it work on a track, in place of one that it has."""
        number = 0
        if instead_of is not None:
            number = instead_of.number
            self.remove(instead_of)
        self.tracks[track.number] = track
        track.process = self
        self.send(track.order(number))

    def remove(self, track: Track) -> None:
        """Take a track from it."""
        self.tracks.pop(track.number, None)
        track.process = None

    def give_credit(self, track: Track) -> None:
        """Ask for as many frames of a track as were taken."""
        self.send(track.credit())

    def send(self, message: Message) -> None:
        """Tell it something; that it is dead is noticed elsewhere."""
        if not self.alive:
            return
        data = encode(message)
        try:
            sent = self._socket.send(data)
        except OSError as error:
            self._lose(f"orders are not read: {error.strerror}")
        else:
            if sent < len(data):
                self._lose("orders are not read")

    def excuse(self) -> None:
        """Forget how long it has been silent."""
        self._answered = self._turn_since = self._loop.time()

    def look(self) -> str | None:
        """Ask whether it is there, and tell why it must be given up, if it must."""
        now = self._loop.time()
        if not self.started:
            return "did not start" if now - self._born > START_SECONDS else None
        turn = self.slate.read()
        if turn != self._turn:
            self._turn, self._turn_since = turn, now
        if turn[0] and now - self._turn_since > HANG_SECONDS:
            return "a track does not give the gate back"
        if now - self._answered > HANG_SECONDS:
            return "does not answer"
        self.send(Ping())
        return None

    def release(self) -> list[Track]:
        """Stop listening to it; gives the tracks it had."""
        self.alive = False
        self._loop.remove_reader(self._socket)
        self._socket.close()
        tracks = list(self.tracks.values())
        for track in tracks:
            self.remove(track)
        return tracks

    async def end(self, *, kill: bool) -> None:
        """Wait until it is gone, as it must be when its socket is closed; or see to it."""
        if kill:
            self._child.kill()
        try:
            await asyncio.to_thread(self._child.wait, END_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            await asyncio.to_thread(self._child.wait)
        self.slate.close()

    def _lose(self, reason: str) -> None:
        """Report the death a moment later: whoever sends is in the middle of something."""
        if self.alive:
            self._loop.call_soon(self._report, reason)

    def _report(self, reason: str) -> None:
        if self.alive:
            self._died(self, reason)

    def _receive(self) -> None:
        try:
            data = self._socket.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError as error:
            self._report(f"its socket broke: {error.strerror}")
            return
        if not data:
            self._report("it ended")
            return
        try:
            for message in self._splitter.feed(data):
                self._take(message)
                if not self.alive:
                    return
        except ValueError as error:
            self._report(f"it speaks nonsense: {error}")

    def _take(self, message: Message) -> None:
        match message:
            case Hello():
                self.greeted.set()
                self.excuse()
                for track in self.tracks.values():
                    track.progress_at = self._loop.time()
            case Pong():
                self._answered = self._loop.time()
            case Opened(number, info):
                if track := self.tracks.get(number):
                    track.on_opened(info)
            case Frames(number, frames):
                if track := self.tracks.get(number):
                    track.on_frames(frames)
            case Title(number, title):
                if track := self.tracks.get(number):
                    track.on_title(title)
            case Ended(number):
                if track := self.tracks.get(number):
                    # The decoder keeps it open until it is closed: it may be wanted again.
                    track.finish()
            case Failed(number):
                if track := self.tracks.get(number):
                    self._done(self, track, message.error)
            case _:
                raise ValueError(f"{type(message).__name__} is not for a node")
