"""Media in, Opus out: 20 ms frames at 48 kHz in stereo, as Discord plays them.

libavformat opens things by itself when a body tells it to (a playlist names local files, an SDP
body opens sockets), so it gets a file object, a list of the containers it may know, no protocol at
all, and an `io_open` that refuses; and of the codecs only those of audio, so that a cover picture
or a video track is never given to a decoder.

Opus that is already cut as Discord wants it is copied, at a fiftieth of the cost. Everything else
goes through one filter graph and libopus. A start in the middle begins `LEAD` frames early and
drops them: decoder and encoder have then heard what came before, so a track that goes on in
another process goes on without a click.
"""

import itertools
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Final, NoReturn

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import BlockingIOError as NothingYet
from av.error import EOFError as NothingMore
from av.error import FFmpegError, InvalidDataError
from av.filter import Graph
from av.filter.context import FilterContext
from av.packet import Packet
from av.stream import Discard

from seraphim.audio_node.decoder.gate import Turn
from seraphim.audio_node.decoder.readers import Reader
from seraphim.audio_node.media import MediaError, MediaInfo

__all__ = ["Media"]

RATE: Final = 48_000
FRAME: Final = 960
LEAD: Final = 4
BIT_RATE: Final = 128_000
COMPLEXITY: Final = 5
"""Of 10. At this bit rate the difference is not heard, and it costs half as much CPU."""

LONGEST_COPIED: Final = 1275
LONGEST_TAG: Final = 250
MOST_DAMAGED: Final = 200
FAR_SEEK_BYTES: Final = 24 * 1024 * 1024

_OPTIONS: Final = {
    "format_whitelist": "mp3,aac,ogg,matroska,webm,mov,mp4,m4a,flac,wav,mpegts",
    "protocol_whitelist": "none",
    "codec_whitelist": (
        "mp3,mp3float,mp2,mp2float,aac,aac_latm,ac3,eac3,opus,vorbis,flac,alac,pcm_u8,pcm_s16le,"
        "pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_f64le,pcm_alaw,"
        "pcm_mulaw,adpcm_ms,adpcm_ima_wav"
    ),
}
_CONTAINERS: Final = {"mov": "mp4", "aac": "adts", "matroska": "matroska/webm"}


class Media:
    """Opened media; `info` says what it is.

    Everything here raises `MediaError` for media that cannot be understood and whatever the reader
    raises. `close` must be called.
    """

    def __init__(self, reader: Reader, turn: Turn) -> None:
        self._reader = reader
        self._turn = turn
        options = dict(_OPTIONS)
        if reader.distant and reader.size is not None and reader.size > FAR_SEEK_BYTES:
            # An mp3 is sought exactly by reading all before the position; here that is too far.
            options["fflags"] = "+fastseek"
        with self._understood():
            self._container: InputContainer = av.open(
                reader,
                "r",
                container_options=options,
                metadata_errors="replace",
                io_open=_refuse,
            )
        try:
            with self._understood():
                self._stream = self._choose_stream()
        except BaseException:
            self._container.close()
            raise
        reader.budget = None
        self._zero = self._stream.start_time or 0
        self._unit = self._stream.time_base or Fraction(1, RATE)
        self.info = self._describe()

    def close(self) -> None:
        """Let go of everything but the reader."""
        self._container.close()

    def frames(self, start_ms: int, volume: int) -> Iterator[bytes]:
        """Make frames from `start_ms` on, at `volume` percent; endless media starts anywhere."""
        start = 0 if self._reader.size is None else start_ms * RATE // 1000
        length = self.info.length_ms
        if length is not None and start_ms and start_ms >= length:
            return iter(())
        if volume == 100 and self._is_copyable():
            return self._copied(start)
        lead = min(LEAD, start // FRAME)
        transcoder = _Transcoder(start - lead * FRAME, volume, self._zero * self._unit)
        transcoded = self._transcoded(self._packets(start - lead * FRAME), transcoder)
        return itertools.islice(transcoded, lead, None)

    def _copied(self, start: int) -> Iterator[bytes]:
        packets = self._packets(start)
        for packet in packets:
            data = bytes(packet)
            if not data or (start and self._is_before(packet, start)):
                continue
            start = 0
            if not _is_frame(data):
                rest = itertools.chain((packet,), packets)
                yield from self._transcoded(rest, _Transcoder(0, 100, Fraction(0)))
                return
            yield data

    def _is_before(self, packet: "Packet[AudioStream]", start: int) -> bool:
        """Whether another packet begins nearer to the start."""
        if packet.pts is None:
            return False
        return (packet.pts - self._zero) * self._unit * RATE + FRAME // 2 <= start

    def _transcoded(
        self, packets: "Iterator[Packet[AudioStream]]", transcoder: "_Transcoder"
    ) -> Iterator[bytes]:
        damaged = 0
        decoded = False
        with self._understood():
            for packet in packets:
                try:
                    pieces = packet.decode()
                except InvalidDataError:
                    damaged += 1
                    if damaged > MOST_DAMAGED:
                        raise
                    continue
                for piece in pieces:
                    damaged, decoded = 0, True
                    yield from transcoder.encode(piece)
            if not decoded:
                raise MediaError("There is no sound in it.", "common", "nothing was decoded")
            yield from transcoder.flush()

    def _packets(self, start: int) -> "Iterator[Packet[AudioStream]]":
        with self._understood():
            if start and self._reader.seekable():
                moment = int(Fraction(start, RATE) / self._unit) + self._zero
                self._container.seek(moment, stream=self._stream)
            for packet in self._container.demux(self._stream):
                self._turn.check()
                self._turn.give_way()
                yield packet
            if self._reader.failure is not None:
                raise self._reader.failure

    def _choose_stream(self) -> AudioStream:
        chosen = self._container.streams.best("audio")
        if not isinstance(chosen, AudioStream):
            raise MediaError("There is no sound in it.", "common", "no audio stream")
        for stream in self._container.streams:
            if stream.index != chosen.index:
                stream.discard = Discard.all
        chosen.codec_context.thread_count = 1
        return chosen

    def _is_copyable(self) -> bool:
        context = self._stream.codec_context
        head = context.extradata or b""
        # The gain in its header is applied by whoever decodes; Discord's clients never see it.
        return context.name == "opus" and context.channels <= 2 and head[16:18] == b"\0\0"

    def _describe(self) -> MediaInfo:
        tags = {
            name.lower(): text.strip()[:LONGEST_TAG]
            for source in (self._stream.metadata, self._container.metadata)
            for name, text in source.items()
            if text.strip()
        }
        names = self._container.format.name.split(",")
        length = self._container.duration
        if self._reader.size is None or not length or length < 0:
            length = None
        station = (self._reader.station or "").strip()[:LONGEST_TAG]
        return MediaInfo(
            container=_CONTAINERS.get(names[0], names[0]),
            codec=self._stream.codec_context.codec.canonical_name,
            length_ms=None if length is None else length // 1000,
            title=tags.get("title") or station or None,
            author=tags.get("artist") or tags.get("album_artist") or tags.get("author"),
            isrc=tags.get("isrc") or tags.get("tsrc"),
        )

    @contextmanager
    def _understood(self) -> Generator[None]:
        try:
            yield
        except (FFmpegError, MemoryError) as error:
            if self._reader.failure is not None:
                raise self._reader.failure from error
            raise MediaError(
                "This is not audio that can be played.",
                "common",
                f"{type(error).__name__}: {error}",
            ) from error


class _Transcoder:
    """Decoded audio in whatever form to frames, from the sample `start` on.

    The graph is built for the form of the first piece and again when it changes, as it may at the
    seams of a radio stream.
    """

    def __init__(self, start: int, volume: int, zero: Fraction) -> None:
        self._start = start
        self._volume = volume
        self._zero = zero
        self._form: tuple[str, str, int, Fraction] | None = None
        self._graph = Graph()
        self._sink: FilterContext | None = None
        self._written = 0
        self._encoder = _opus_encoder()

    def encode(self, piece: AudioFrame) -> Iterator[bytes]:
        """Give the frames that are complete with this piece."""
        unit = piece.time_base or Fraction(1, piece.sample_rate)
        form = (piece.format.name, piece.layout.name, piece.sample_rate, unit)
        if form != self._form:
            if self._form is not None:
                yield from self._drain()
            self._build(*form)
            self._form = form
        self._graph.push(piece)
        yield from self._ready()

    def flush(self) -> Iterator[bytes]:
        """Give the last frames; the very last is filled up with silence."""
        yield from self._drain()
        yield from self._encode(None)

    def _drain(self) -> Iterator[bytes]:
        self._graph.push(None)
        yield from self._ready()

    def _ready(self) -> Iterator[bytes]:
        while True:
            try:
                piece = self._graph.pull()
            except (NothingYet, NothingMore):
                return
            assert isinstance(piece, AudioFrame)
            piece.pts = self._written
            piece.time_base = Fraction(1, RATE)
            self._written += FRAME
            yield from self._encode(piece)

    def _encode(self, piece: AudioFrame | None) -> Iterator[bytes]:
        # PyAV leaves open what its packets are of.
        yield from map(bytes, self._encoder.encode(piece))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]

    def _build(self, format_name: str, layout: str, rate: int, unit: Fraction) -> None:
        graph = Graph()
        graph.threads = 1
        nodes = [
            graph.add_abuffer(format=format_name, layout=layout, sample_rate=rate, time_base=unit),
            graph.add("aresample", str(RATE)),
            graph.add("aformat", "sample_fmts=flt:channel_layouts=stereo"),
        ]
        if self._start:
            nodes.append(graph.add("atrim", f"start_pts={self._start + int(self._zero * RATE)}"))
        if self._volume != 100:
            nodes.append(graph.add("volume", f"volume={self._volume / 100}:precision=float"))
        nodes += [graph.add("asetnsamples", f"n={FRAME}:p=1"), graph.add("abuffersink")]
        graph.link_nodes(*nodes).configure()
        self._graph = graph


def _opus_encoder() -> AudioCodecContext:
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, AudioCodecContext)
    encoder.sample_rate = RATE
    encoder.layout = "stereo"
    encoder.format = "flt"
    encoder.time_base = Fraction(1, RATE)
    encoder.bit_rate = BIT_RATE
    encoder.thread_count = 1
    encoder.options = {"compression_level": str(COMPLEXITY), "frame_duration": "20"}
    return encoder


def _is_frame(packet: bytes) -> bool:
    """Whether an Opus packet lasts 20 ms and fits into one of Discord's (RFC 6716, 3.1)."""
    if len(packet) > LONGEST_COPIED:
        return False
    kind, code = packet[0] >> 3, packet[0] & 3
    if kind < 12:
        lasts = (10, 20, 40, 60)[kind & 3]
    elif kind < 16:
        lasts = (10, 20)[kind & 1]
    else:
        lasts = (2.5, 5, 10, 20)[kind & 3]
    count = 1 if code == 0 else 2 if code < 3 else packet[1] & 0x3F if len(packet) > 1 else 0
    return lasts * count == 20


def _refuse(url: str, flags: int, options: object) -> NoReturn:
    raise MediaError("This is not audio that can be played.", "common", "it names other media")
