"""The packets of one media stream, the latest of which are kept to be decoded again.

A decoder works five seconds ahead of the listeners. When they want the sound changed, what it did
for those five seconds is void, and it begins again where they are: from memory, since to ask a
disk for them is slow and a web server slower. Compressed they are a few hundred kB at most; decoded
they would be ten times that. A seek to somewhere near is served from here in the same way.
"""

import math
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Final, NamedTuple

from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet

from seraphim.audio_node.decoder.gate import Turn
from seraphim.audio_node.decoder.readers import Reader
from seraphim.audio_node.media import NO_MEMORY, MediaError

__all__ = ["Packets", "understood"]

KEPT_SECONDS: Final = 8.0
KEPT_BYTES: Final = 1 << 20
SETTLING_SECONDS: Final = 0.1
"""What a decoder is given before the first sample that counts: codecs look back a few packets."""

CREDIBLE_SECONDS: Final = 2.0
"""How far the time stamps at a place may be from what was said of it; they are more exact."""

NEAR_SECONDS: Final = 10.0
"""So far ahead of what was read it is quicker to read on than to seek."""


@contextmanager
def understood(reader: Reader) -> Generator[None]:
    """Raise what libav says about media, or what its reader met, as `MediaError`."""
    try:
        yield
    except MemoryError as error:
        message = "The track could not be decoded."
        raise MediaError(message, "suspicious", NO_MEMORY) from error
    except FFmpegError as error:
        if reader.failure is not None:
            raise reader.failure from error
        raise MediaError(
            "This is not audio that can be played.",
            "common",
            f"{type(error).__name__}: {error}",
        ) from error


class _Kept(NamedTuple):
    begins: float
    """Seconds from the media's beginning."""

    ends: float
    packet: "Packet[AudioStream]"


class Packets:
    """Reads the packets of a stream, from any place on; one reading at a time.

    Where the reader begins a new part, `open_part` gives what is in it. Its packets are timed as if
    all were one: those of a part that is read on to follow the last one of the part before.
    """

    def __init__(
        self,
        open_part: "Callable[[], tuple[InputContainer, AudioStream]]",
        reader: Reader,
        turn: Turn,
    ) -> None:
        self._open_part = open_part
        self._container, stream = open_part()
        self._stream = stream
        self._codec = stream.codec_context.name
        self._begins: float | None = None
        """Where the part that was opened begins, until its first packet has come."""
        self._certain = True
        """Whether it begins exactly there."""
        self._shift = 0
        """What is added to the time stamps of this part."""
        self._reader = reader
        self._turn = turn
        # A float, because a fraction costs more than the packet; it is exact to a sample for days.
        self.time_base = stream.time_base or Fraction(1, stream.sample_rate or 1)
        """The unit of all time stamps, whatever a part has."""
        self._unit = float(self.time_base)
        self._timed = not reader.endless
        self.zero = stream.start_time or 0
        """The time stamp of the beginning, in the stream's unit."""
        self._kept: deque[_Kept] = deque()
        self._first = 0
        """How many packets were read and forgotten since the last seek."""
        self._bytes = 0
        self._whole = True
        """Whether the media's very first packet is the first that was read."""
        self._behind = 0.0
        """Where the last packet that was read ends."""
        self._demuxed: Iterator[Packet[AudioStream]] | None = None

    def read(
        self, start: float, *, kept_seconds: float = KEPT_SECONDS
    ) -> "Iterator[Packet[AudioStream]]":
        """Read from a little before `start` (seconds) to the end; what was read before is void.

        The codec is as after opening. Media that cannot be sought is read from as near to `start`
        as is remembered. `kept_seconds` of what is read are kept.
        """
        begin = start - SETTLING_SECONDS if start else 0.0
        at = self._find(begin)
        if at is None and self._seek(start):
            at = 0
        else:
            # Nothing to do for a codec that was given nothing yet, and not asked to either.
            self._reset_codec()
        return self._read(at or 0, begin, kept_seconds)

    def _find(self, begin: float) -> int | None:
        """Look for the number of the last packet that begins by then."""
        if not self._kept:
            return 0 if not begin and self._whole else None
        if begin < self._kept[0].begins:
            return self._first if self._whole and not self._first else None
        if begin > self._behind + NEAR_SECONDS:
            return None
        number = self._first
        for index, kept in enumerate(self._kept):
            if kept.begins > begin:
                break
            number = self._first + index
        return number

    def _seek(self, start: float) -> bool:
        """Go to a place that is not remembered; returns whether that can be done."""
        if self._reader.seekable():
            moment = int(start / self._unit) + self.zero
            self._demuxed = None
            with understood(self._reader):
                self._container.seek(moment, stream=self._stream)
        elif (began := self._reader.seek_seconds(start)) is not None:
            self._begin_part(began, certain=False)
        else:
            return False
        self._kept.clear()
        self._first = self._bytes = 0
        self._whole = False
        self._behind = start
        return True

    def _begin_part(self, begins: float, *, certain: bool) -> None:
        """Open the part that the reader has begun.

        The container before lives on for as long as one of its packets is kept.
        """
        self._demuxed = None
        self._container, self._stream = self._open_part()
        if self._stream.codec_context.name != self._codec:
            raise MediaError("The media changed while it played.", "suspicious", "another codec")
        self._begins, self._certain, self._shift = begins, certain, 0

    def _place(self, packet: "Packet[AudioStream]") -> None:
        """Give a packet its time in the whole."""
        if packet.pts is None:
            return
        base = packet.time_base or self.time_base
        at = packet.pts if base == self.time_base else round(packet.pts * base / self.time_base)
        if (begins := self._begins) is not None:
            self._begins = None
            expected = round(begins / self._unit) + self.zero
            if self._certain or abs(at - expected) * self._unit > CREDIBLE_SECONDS:
                self._shift = expected - at
        if base == self.time_base and not self._shift:
            return
        duration = packet.duration or 0
        packet.pts = packet.dts = at + self._shift
        packet.duration = round(duration * base / self.time_base)
        packet.time_base = self.time_base

    def _reset_codec(self) -> None:
        if self._demuxed is None:
            return
        streams = {id(stream): stream for stream in (kept.packet.stream for kept in self._kept)}
        for stream in (*streams.values(), self._stream):
            stream.codec_context.flush_buffers()

    def _read(
        self, number: int, begin: float, kept_seconds: float
    ) -> "Generator[Packet[AudioStream], None, None]":
        with understood(self._reader):
            while True:
                self._turn.check()
                self._turn.give_way()
                if number < self._first + len(self._kept):
                    kept = self._kept[max(0, number - self._first)]
                elif (read := self._demux(kept_seconds)) is not None:
                    kept = read
                else:
                    break
                number += 1
                if kept.ends >= begin:
                    yield kept.packet
            if self._reader.failure is not None:
                raise self._reader.failure

    def _next(self) -> "Packet[AudioStream] | None":
        """Read this part's next packet; None at its end."""
        self._turn.check()
        if self._demuxed is None:
            self._demuxed = self._container.demux(self._stream)
        try:
            return next(self._demuxed, None)
        except IndexError:
            # At the end, PyAV takes a stream that appeared on the way for one that was asked for.
            return None

    def _demux(self, kept_seconds: float) -> _Kept | None:
        """Read one more packet, and forget what is long past."""
        while (packet := self._next()) is None:
            if self._reader.failure is not None or not self._reader.next_part():
                return None
            self._begin_part(self._behind, certain=True)
        self._place(packet)
        begins, at, size = self._behind, packet.pts, packet.size
        if at is not None and self._timed:
            begins = (at - self.zero) * self._unit
        # The empty packet at the end has no time; it always counts.
        self._behind = begins + (packet.duration or 0) * self._unit
        kept = _Kept(begins, self._behind if size else math.inf, packet)
        self._kept.append(kept)
        self._bytes += size
        while self._kept[0].begins < begins - kept_seconds or self._bytes > KEPT_BYTES:
            if len(self._kept) == 1:
                break
            self._bytes -= self._kept.popleft().packet.size
            self._first += 1
        return kept
