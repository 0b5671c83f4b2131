"""The node's side of its decoder processes: who works where, and what happens when one dies.

A `Feed` is one playing of one source. It holds up to five seconds of frames, and that is the whole
trick: a decoder process may be killed by what it decodes, or hang, and as long as another one has
opened the feed's source at the frame after the last that arrived before those five seconds are
over, nobody hears it.

All feeds of a process share its fate, so the one that did it is set apart: the process notes on
its slate whom it works for, and that one (or, when it worked for nobody, those that were being
opened) is tried once more in a process by itself. If that dies too, the feed fails; the others
never notice.

Those seconds serve addresses that expire, too: a track that has a `Place` is looked for again when
it cannot be read, once, and goes on at the frame after the last that arrived.
"""

import asyncio
import itertools
from types import TracebackType
from typing import Final

import structlog

from seraphim.audio_node.decoder.address_guard import TrustedHosts
from seraphim.audio_node.decoder.process import HANG_SECONDS, Process, Track
from seraphim.audio_node.decoder.wire import Close, Configure
from seraphim.audio_node.filters import Sound
from seraphim.audio_node.media import NO_MEMORY, MediaError, MediaInfo, MediaSource, Place

__all__ = ["Decoders", "Feed"]

AHEAD: Final = 250
CREDIT_STEP: Final = 50
PATIENCE: Final = 10.0
GRACE: Final = 2.0
"""Seconds that a decoder has beyond its patience to say itself what went wrong."""

WARM_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 0.5

PLAIN: Final = Sound()

_log = structlog.stdlib.get_logger("seraphim.audio_node.decoders")


class Feed:
    """One playing of one source: frames to take, every 20 ms one.

    The k-th frame taken (from 0) is the media's sound at `start_ms + 20 * k * sound.tempo`. `ended`
    and `error` only become true when all frames before the end or the failure were taken. All of it
    belongs to the event loop's thread.
    """

    def __init__(self, decoders: "Decoders", track: Track) -> None:
        self._decoders = decoders
        self._track = track

    @property
    def info(self) -> MediaInfo | None:
        """What is being played, once it is open."""
        return self._track.info

    @property
    def title(self) -> str | None:
        """What the station says is heard now; None where nobody says anything."""
        return self._track.title

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
        frame = (track := self._track).take()
        if track.taken >= CREDIT_STEP and track.process is not None:
            track.process.give_credit(track)
        return frame

    def splice(self, margin: int) -> tuple[bytes, ...] | None:
        """Give the latest frames up to the one after `margin` more; None if it is not there."""
        return self._track.splice(margin)

    def reopen(self, start_ms: int, sound: Sound, *, splice: tuple[bytes, ...] = ()) -> "Feed":
        """Begin to decode the same source elsewhere, or with another sound; returns at once.

        This feed gets no more frames than it has, and must be closed all the same. `splice` is what
        is heard before the first new frame, from somebody's `splice`: the sound goes over from it.
        """
        return self._decoders.reopen(self._track, start_ms, sound, splice)

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

    Use it as an asynchronous context manager: one process is started ahead of need and is ready to
    work inside, unless that takes very long, and none is left when it is over.

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
        self._processes: list[Process] = []
        self._ends: set[asyncio.Task[None]] = set()
        self._searches: set[asyncio.Task[None]] = set()
        self._watch: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Decoders":
        process = self._start(solitary=False)
        self._watch = asyncio.create_task(self._keep_watch(), name="decoders")
        try:
            async with asyncio.timeout(WARM_SECONDS):
                await process.greeted.wait()
        except TimeoutError:
            # What is asked for meanwhile waits for it, or for the one that takes its place.
            _log.warning("decoder.slow", pid=process.pid, seconds=WARM_SECONDS)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._watch is not None
        self._watch.cancel()
        for search in self._searches:
            search.cancel()
        await asyncio.wait([self._watch, *self._searches])
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
        track = Track(self._number(), source, 0, Sound(), 0)
        self._place(track, solitary=False)
        try:
            await track.opened.wait()
        finally:
            self.forget(track)
        if track.info is None:
            raise track.failure or MediaError("The media could not be opened.", "fault")
        return track.info

    def open(self, source: MediaSource | Place, start_ms: int = 0, sound: Sound = PLAIN) -> Feed:
        """Begin to decode, or first to find out where it is; returns at once.

        Media that has no length begins anywhere: `start_ms` only says how that is called.
        """
        track = Track(self._number(), source, max(0, start_ms), sound, AHEAD)
        self._begin(track)
        return Feed(self, track)

    def reopen(self, before: Track, start_ms: int, sound: Sound, splice: tuple[bytes, ...]) -> Feed:
        """Open a track's source again, where it is open already, if it is."""
        source = before.place or before.source
        assert source is not None
        track = Track(self._number(), source, max(0, start_ms), sound, AHEAD, splice)
        track.source = before.source
        if before.process is None:
            self._begin(track)
        else:
            before.process.add(track, instead_of=before)
        return Feed(self, track)

    def forget(self, track: Track) -> None:
        """Stop decoding a track, if it is still being decoded."""
        if track.finding is not None:
            track.finding.cancel()
        process = track.process
        if process is None:
            return
        process.remove(track)
        process.send(Close(track.number))
        self._thin_out(process)

    def _number(self) -> int:
        return next(self._numbers) & 0xFFFFFFFF

    def _begin(self, track: Track) -> None:
        if track.source is None:
            track.finding = asyncio.create_task(self._find(track))
            self._searches.add(track.finding)
            track.finding.add_done_callback(self._searches.discard)
        else:
            self._place(track, solitary=False)

    async def _find(self, track: Track) -> None:
        assert track.place is not None
        try:
            track.source = await track.place.find()
        except MediaError as error:
            track.finish(error)
        else:
            self._place(track, solitary=False)

    def _place(self, track: Track, *, solitary: bool) -> None:
        process: Process | None = None
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

    def _start(self, *, solitary: bool) -> Process:
        process = Process(self._died, self._done, solitary=solitary)
        process.send(self._configuration)
        self._processes.append(process)
        return process

    def _done(self, process: Process, track: Track, failure: MediaError | None) -> None:
        process.remove(track)
        if failure is not None and _may_be_others_doing(track, failure):
            process.send(Close(track.number))
            self._try_alone(track, failure)
        elif failure is not None and failure.severity != "fault" and track.renew():
            _log.info("decoder.looks_again", cause=failure.cause)
            self._begin(track)
        else:
            track.finish(failure)
        self._thin_out(process)

    def _try_alone(self, track: Track, failure: MediaError) -> None:
        """Open a track once more, in a process by itself; at the second failure it ends."""
        if track.strike():
            track.finish(failure)
        else:
            self._place(track, solitary=True)

    def _thin_out(self, process: Process) -> None:
        """End a process that nobody needs; one of those that are shared always stays."""
        shared = sum(not one.solitary for one in self._processes)
        if not process.tracks and process.alive and (process.solitary or shared > 1):
            process.release()
            self._end(process)

    def _died(self, process: Process, reason: str) -> None:
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
            if track.over:
                continue
            if track not in suspects:
                self._place(track, solitary=False)
            else:
                failure = "The track could not be decoded."
                self._try_alone(track, MediaError(failure, "fault", f"decoder: {reason}"))

    def _end(self, process: Process, *, kill: bool = False) -> None:
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

    def _fail_the_stalled(self, process: Process, now: float) -> None:
        limit = self._configuration.patience + GRACE
        for track in list(process.tracks.values()):
            if (
                process.started
                and not track.over
                and track.waits
                and now - track.progress_at > limit
            ):
                process.send(Close(track.number))
                self._done(
                    process,
                    track,
                    MediaError(
                        "The media does not arrive.", "suspicious", f"no progress for {limit:g} s"
                    ),
                )


def _may_be_others_doing(track: Track, failure: MediaError) -> bool:
    """Whether a track could play if it were alone: it did until now, or its process was full."""
    return failure.cause == NO_MEMORY or (failure.severity == "fault" and track.sounded)
