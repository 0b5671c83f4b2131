"""The node's side of its decoder processes: who works where, and what happens when one dies.

A `Feed` is one playing of one source. It holds up to five seconds of frames, and that is the whole
trick: a decoder process may be killed by what it decodes, or hang, and as long as another one has
opened the feed's source at the frame after the last that arrived before those five seconds are
over, nobody hears it.

All feeds of a process share its fate, so the one that did it is set apart: the process notes on
its slate whom it works for, and that one (or, when it worked for nobody, those that were being
opened) is tried once more in a process by itself. If that dies too, the feed fails; the others
never notice.

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
from types import TracebackType
from typing import Final

import structlog

from seraphim.audio_node.decoder.address_guard import TrustedHosts
from seraphim.audio_node.decoder.slate import Slate
from seraphim.audio_node.decoder.wire import (
    Close,
    Configure,
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
    encode,
)
from seraphim.audio_node.media import MediaError, MediaInfo, MediaSource

__all__ = ["Decoders", "Feed"]

FRAME_MS: Final = 20
AHEAD: Final = 250
CREDIT_STEP: Final = 25
TRACKS_PER_PROCESS: Final = 50
PATIENCE: Final = 10.0
GRACE: Final = 2.0
"""Seconds that a decoder has beyond its patience to say itself what went wrong."""

START_SECONDS: Final = 15.0
HANG_SECONDS: Final = 3.0
LOOK_SECONDS: Final = 0.5
END_SECONDS: Final = 2.0
FORGIVEN: Final = 500
"""Frames after which a feed's process may die again without it being the same incident."""

_ENVIRONMENT: Final = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")

_log = structlog.stdlib.get_logger("seraphim.audio_node.decoders")


class Feed:
    """One playing of one source: frames to take, every 20 ms one.

    The k-th frame taken (from 0) is the media's sound at `start_ms + 20 * k`. `ended` and `error`
    only become true when all frames before the end or the failure were taken. All of it belongs to
    the event loop's thread.
    """

    def __init__(self, decoders: "Decoders", track: "_Track") -> None:
        self._decoders = decoders
        self._track = track

    @property
    def info(self) -> MediaInfo | None:
        """What is being played, once it is open."""
        return self._track.info

    @property
    def ready(self) -> bool:
        """Whether a frame can be taken now."""
        return bool(self._track.frames)

    @property
    def ended(self) -> bool:
        """Whether the media is over and all of it was taken."""
        track = self._track
        return track.over and track.failure is None and not track.frames

    @property
    def error(self) -> MediaError | None:
        """Why there is nothing more to take, if it failed."""
        return None if self._track.frames else self._track.failure

    @property
    def starved_since(self) -> float | None:
        """The event loop's time since when there is nothing to take though the media goes on."""
        return self._track.starved_since

    def take(self) -> bytes | None:
        """Take the next frame; None when there is none now."""
        track = self._track
        if not track.frames:
            return None
        frame = track.take()
        if track.taken >= CREDIT_STEP and track.process is not None:
            track.process.give_credit(track)
        return frame

    async def wait(self) -> None:
        """Wait until there is a frame, the end, or an error."""
        await self._track.changed.wait()

    def close(self) -> None:
        """Give it up: its frames are gone, and its decoder stops. May be called again."""
        self._track.frames.clear()
        self._track.finish()
        self._decoders.forget(self._track)


class Decoders:
    """The decoder processes of a node.

    Use it as an asynchronous context manager: one process is started ahead of need, and none is
    left when it is over.

    Parameters
    ----------
    trusted_hosts
        `TRUSTED_MEDIA_HOSTS`: `host` or `host:port`, separated by commas.
    patience
        Seconds for media to be opened, and to stand still while frames are wanted, before a feed
        fails.

    Raises
    ------
    ValueError
        If `trusted_hosts` is not such a list.
    """

    def __init__(self, *, trusted_hosts: str = "", patience: float = PATIENCE) -> None:
        TrustedHosts(trusted_hosts)
        self._configuration = Configure(trusted_hosts, patience)
        self._numbers = itertools.count(1)
        self._processes: list[_Process] = []
        self._ends: set[asyncio.Task[None]] = set()
        self._watch: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Decoders":
        self._start(solitary=False)
        self._watch = asyncio.create_task(self._keep_watch(), name="decoders")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._watch is not None
        self._watch.cancel()
        await asyncio.wait([self._watch])
        for process in list(self._processes):
            tracks = process.release()
            self._end(process)
            for track in tracks:
                track.finish(MediaError("The audio node is stopping.", "fault"))
        await asyncio.gather(*self._ends)

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes that are there now, the oldest first."""
        return tuple(process.pid for process in self._processes)

    async def probe(self, source: MediaSource) -> MediaInfo:
        """Look what a source is. Raises `MediaError`, in time."""
        track = self._open(source, 0, 100, ahead=0)
        try:
            await track.opened.wait()
        finally:
            self.forget(track)
        if track.info is None:
            raise track.failure or MediaError("The media could not be opened.", "fault")
        return track.info

    def open(self, source: MediaSource, *, start_ms: int = 0, volume: int = 100) -> Feed:
        """Begin to decode; returns at once.

        Media that has no length begins anywhere: `start_ms` means nothing to it. `volume` is in
        percent, 0 to 1000, and 100 leaves the sound as it is.
        """
        return Feed(self, self._open(source, start_ms, volume, ahead=AHEAD))

    def forget(self, track: "_Track") -> None:
        """Stop decoding a track, if it is still being decoded."""
        process = track.process
        if process is None:
            return
        process.remove(track)
        process.send(Close(track.number))
        self._thin_out(process)

    def _open(self, source: MediaSource, start_ms: int, volume: int, ahead: int) -> "_Track":
        number = next(self._numbers) & 0xFFFFFFFF
        track = _Track(number, source, max(0, start_ms), volume, ahead)
        self._place(track, solitary=False)
        return track

    def _place(self, track: "_Track", *, solitary: bool) -> None:
        process: _Process | None = None
        if not solitary:
            free = (one for one in self._processes if one.has_room)
            process = next(free, None)
        if process is None:
            try:
                process = self._start(solitary=solitary)
            except OSError as error:
                track.finish(MediaError("No decoder could be started.", "fault", str(error)))
                return
        process.add(track)

    def _start(self, *, solitary: bool) -> "_Process":
        process = _Process(self._died, self._done, solitary=solitary)
        process.send(self._configuration)
        self._processes.append(process)
        return process

    def _done(self, process: "_Process", track: "_Track", failure: MediaError | None) -> None:
        process.remove(track)
        track.finish(failure)
        self._thin_out(process)

    def _thin_out(self, process: "_Process") -> None:
        """End a process that nobody needs; one of those that are shared always stays."""
        shared = sum(not one.solitary for one in self._processes)
        if not process.tracks and process.alive and (process.solitary or shared > 1):
            process.release()
            self._end(process)

    def _died(self, process: "_Process", reason: str) -> None:
        """Take the tracks of a process that died or hangs elsewhere."""
        number, _ = process.slate.read()
        tracks = process.release()
        if process.solitary:
            suspects = tracks
        elif number:
            suspects = [track for track in tracks if track.number == number]
        else:
            suspects = [track for track in tracks if track.opening]
        _log.warning(
            "decoder.died",
            pid=process.pid,
            reason=reason,
            tracks=len(tracks),
            suspects=len(suspects),
        )
        started = process.started
        self._end(process, kill=True)
        if started and not any(not one.solitary for one in self._processes):
            self._start(solitary=False)
        for track in tracks:
            if track not in suspects:
                self._place(track, solitary=False)
            elif track.strike():
                track.finish(
                    MediaError("The track could not be decoded.", "fault", f"decoder: {reason}")
                )
            else:
                self._place(track, solitary=True)

    def _end(self, process: "_Process", *, kill: bool = False) -> None:
        self._processes.remove(process)
        end = asyncio.create_task(process.end(kill=kill))
        self._ends.add(end)
        end.add_done_callback(self._ends.discard)

    async def _keep_watch(self) -> None:
        time = asyncio.get_running_loop().time
        looked = time()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            late = time() - looked > 2 * LOOK_SECONDS + HANG_SECONDS / 2
            looked = time()
            for process in list(self._processes):
                if late:
                    # The node itself stood still: what it has not read yet proves nothing.
                    process.excuse()
                if (reason := process.look()) is not None:
                    self._died(process, reason)
                    continue
                self._fail_the_stalled(process, looked)

    def _fail_the_stalled(self, process: "_Process", now: float) -> None:
        limit = self._configuration.patience + GRACE
        for track in list(process.tracks.values()):
            if process.started and track.waits and now - track.progress_at > limit:
                process.send(Close(track.number))
                self._done(
                    process,
                    track,
                    MediaError(
                        "The media does not arrive.", "suspicious", f"no progress for {limit:g} s"
                    ),
                )


class _Track:
    """The state of a feed or a probe."""

    def __init__(
        self, number: int, source: MediaSource, start_ms: int, volume: int, ahead: int
    ) -> None:
        self._time = asyncio.get_running_loop().time
        self.number = number
        self.process: _Process | None = None
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
        self._source = source
        self._start_ms = start_ms
        self._volume = volume
        self._ahead = ahead
        self._received = 0
        self._outstanding = 0
        self._struck_at: int | None = None

    @property
    def waits(self) -> bool:
        """Whether it is the decoder's turn to send something."""
        return self.opening or self._outstanding > 0

    def order(self) -> Open:
        """Ask for everything from the next frame on."""
        self.opening = True
        self.taken = 0
        self.progress_at = self._time()
        self._outstanding = self._ahead - len(self.frames)
        position = self._start_ms + FRAME_MS * self._received
        return Open(self.number, self._source, position, self._volume, self._outstanding)

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

    def take(self) -> bytes:
        """Give the next frame."""
        frame = self.frames.popleft()
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

    def strike(self) -> bool:
        """Note that a process died of it, and tell whether that was once too often."""
        before, self._struck_at = self._struck_at, self._received
        return before is not None and self._received - before < FORGIVEN


class _Process:
    """One decoder process, as long as it is of use."""

    def __init__(
        self,
        died: "Callable[[_Process, str], None]",
        done: "Callable[[_Process, _Track, MediaError | None], None]",
        *,
        solitary: bool,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._died = died
        self._done = done
        self.solitary = solitary
        self.tracks: dict[int, _Track] = {}
        self.started = False
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
    def has_room(self) -> bool:
        """Whether one more track may be given to it."""
        return self.alive and not self.solitary and len(self.tracks) < TRACKS_PER_PROCESS

    def add(self, track: _Track) -> None:
        """Let it work on a track."""
        self.tracks[track.number] = track
        track.process = self
        self.send(track.order())

    def remove(self, track: _Track) -> None:
        """Take a track from it."""
        self.tracks.pop(track.number, None)
        track.process = None

    def give_credit(self, track: _Track) -> None:
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

    def release(self) -> list[_Track]:
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
                self.started = True
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
            case Ended(number):
                if track := self.tracks.get(number):
                    self._done(self, track, None)
            case Failed(number):
                if track := self.tracks.get(number):
                    self._done(self, track, message.error)
            case _:
                raise ValueError(f"{type(message).__name__} is not for a node")
