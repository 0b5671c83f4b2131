"""Media in, Opus out: 20 ms frames at 48 kHz in stereo, as Discord plays them.

libavformat opens things by itself when a body tells it to (a playlist names local files, an SDP
body opens sockets), so it gets a file object, a list of the containers it may know, no protocol at
all, and an `io_open` that refuses; and of the codecs only those of audio, so that a cover picture
or a video track is never given to a decoder.

Opus that is already cut as Discord wants it, and that nobody wants changed, is copied, at a
fiftieth of the cost. Everything else goes through one filter graph and libopus. A start in the
middle begins `LEAD` frames early and drops them: decoder, filters and encoder have then heard what
came before, so a track that goes on in another process goes on without a click.
"""

import itertools
from collections.abc import Iterator
from fractions import Fraction
from typing import Final, NoReturn, cast

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import BlockingIOError as NothingYet
from av.error import EOFError as NothingMore
from av.error import InvalidDataError
from av.filter import Graph
from av.filter.context import FilterContext
from av.packet import Packet
from av.stream import Discard

from seraphim.audio_node.decoder.effects import Chain
from seraphim.audio_node.decoder.encoder import FRAME, RATE, encode
from seraphim.audio_node.decoder.gate import Turn
from seraphim.audio_node.decoder.levelling import FORESEEN_SECONDS, Levelling, tagged_loudness
from seraphim.audio_node.decoder.packets import Packets, understood
from seraphim.audio_node.decoder.readers import Reader
from seraphim.audio_node.filters import Sound
from seraphim.audio_node.media import MediaError, MediaInfo

__all__ = ["Media"]

LEAD: Final = 4
BRIDGE: Final = 4
"""Frames that are encoded from a changed sound back to the frames that are there already."""

AHEAD_SECONDS: Final = 6.5
"""How far the listeners are behind what is decoded, and a little more."""

LONGEST_COPIED: Final = 1275
LONGEST_TAG: Final = 250
MOST_DAMAGED: Final = 200
FAR_SEEK_BYTES: Final = 24 * 1024 * 1024
BUFFER: Final = 32768
LIVE_BUFFER: Final = 4096
"""What is read ahead of a station is two seconds of it otherwise, and its titles come early."""

WAV_PROBE: Final = "65536"
LIMIT: Final = 0.89
"""The loudest sample of what was raised by levelling: -1 dB."""

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
        if reader.beginning().startswith(b"RIFF"):
            # There is nothing to find in PCM, and libavformat goes on looking for it.
            options["probesize"] = WAV_PROBE
        self._options = options
        self._packets = Packets(self._open, reader, turn)
        self._unit = self._packets.time_base
        self._began_ms: int | None = None
        tags = self._tags()
        self._levelling = Levelling(tagged_loudness(tags))
        self.info = self._describe(tags)

    def close(self) -> None:
        """Let go of everything but the reader."""
        self._container.close()

    def frames(
        self, start_ms: int, sound: Sound, splice: tuple[bytes, ...] = ()
    ) -> Iterator[bytes]:
        """Make frames from `start_ms` on. What is left of those asked for before is void.

        Endless media starts anywhere, and from then on can only be begun again a few seconds back.
        With a `splice` the sound goes on from the sound of these frames; see `encode`.
        """
        start = self._place(start_ms) * RATE // 1000
        length = self.info.length_ms
        if length is not None and start_ms and start_ms >= length:
            return iter(())
        if not (sound.plain and self._is_copyable()):
            return self._transcoded(start, sound, splice)
        if not splice:
            return self._copied(start)
        bridge = itertools.islice(self._transcoded(start, sound, splice), BRIDGE)
        return itertools.chain(bridge, self._copied(start + BRIDGE * FRAME))

    def _place(self, start_ms: int) -> int:
        """Tell where in the media a position is; what has no length begins where it was opened."""
        if not self._reader.endless:
            return start_ms
        if self._began_ms is None:
            self._began_ms = start_ms
        return max(0, start_ms - self._began_ms)

    def _copied(self, start: int) -> Iterator[bytes]:
        packets = self._packets.read(start / RATE)
        for packet in packets:
            data = bytes(packet)
            if not data or (start and self._is_before(packet, start)):
                continue
            start = 0
            if not _is_frame(data):
                rest = itertools.chain((packet,), packets)
                yield from encode(self._samples(rest, 0, Sound()))
                return
            yield data

    def _is_before(self, packet: "Packet[AudioStream]", start: int) -> bool:
        """Whether another packet begins nearer to the start."""
        if packet.pts is None:
            return False
        return (packet.pts - self._packets.zero) * self._unit * RATE + FRAME // 2 <= start

    def _transcoded(self, start: int, sound: Sound, splice: tuple[bytes, ...]) -> Iterator[bytes]:
        size = FRAME * sound.tempo
        lead = min(LEAD, int(start / size))
        start -= round(lead * size)
        levelled = sound.effective.loudness is not None
        if levelled and not self._levelling.settled and not self._reader.endless:
            self._foresee(start)
        packets = self._packets.read(start / RATE, kept_seconds=AHEAD_SECONDS * (1 + sound.tempo))
        samples = self._samples(packets, start, sound)
        if splice:
            return encode(itertools.islice(samples, lead, None), splice)
        return itertools.islice(encode(samples), lead, None)

    def _foresee(self, start: int) -> None:
        """Measure what comes before any of it is played."""
        end = start / RATE + FORESEEN_SECONDS
        for piece in self._decoded(self._packets.read(start / RATE)):
            self._levelling.measure(piece)
            if piece.time is not None and piece.time >= end:
                return

    def _samples(
        self, packets: "Iterator[Packet[AudioStream]]", start: int, sound: Sound
    ) -> Iterator[AudioFrame]:
        """Decode and filter: frames of 960 samples, from the sample `start` of the media on."""
        zero = start + int(self._packets.zero * self._unit * RATE) if start else None
        studio = _Studio(zero, sound, self._levelling)
        decoded = False
        with understood(self._reader):
            for piece in self._decoded(packets):
                decoded = True
                yield from studio.play(piece)
            if not decoded and not start:
                raise MediaError("There is no sound in it.", "common", "nothing was decoded")
            yield from studio.finish()

    def _decoded(self, packets: "Iterator[Packet[AudioStream]]") -> Iterator[AudioFrame]:
        damaged = 0
        with understood(self._reader):
            for packet in packets:
                try:
                    pieces = packet.decode()
                except InvalidDataError:
                    damaged += 1
                    if damaged > MOST_DAMAGED:
                        raise
                    continue
                for piece in pieces:
                    damaged = 0
                    yield piece

    def _open(self) -> tuple[InputContainer, AudioStream]:
        """Open the media, or a part of it."""
        with understood(self._reader):
            container: InputContainer = av.open(
                self._reader,
                "r",
                container_options=self._options,
                metadata_errors="replace",
                io_open=_refuse,
                buffer_size=LIVE_BUFFER if self._reader.endless else BUFFER,
            )
        try:
            with understood(self._reader):
                stream = self._choose_stream(container)
        except BaseException:
            container.close()
            raise
        self._reader.budget = None
        self._container, self._stream = container, stream
        return container, stream

    def _choose_stream(self, container: InputContainer) -> AudioStream:
        chosen = container.streams.best("audio")
        if not isinstance(chosen, AudioStream):
            raise MediaError("There is no sound in it.", "common", "no audio stream")
        # PyAV says that there always is one.
        if cast("AudioCodecContext | None", chosen.codec_context) is None:
            raise MediaError("This is not audio that can be played.", "common", "no decoder for it")
        for stream in container.streams:
            if stream.index != chosen.index:
                stream.discard = Discard.all
        chosen.codec_context.thread_count = 1
        return chosen

    def _is_copyable(self) -> bool:
        context = self._stream.codec_context
        head = context.extradata or b""
        # The gain in its header is applied by whoever decodes; Discord's clients never see it.
        return context.name == "opus" and context.channels <= 2 and head[16:18] == b"\0\0"

    def _tags(self) -> dict[str, str]:
        return {
            name.lower(): text.strip()[:LONGEST_TAG]
            for source in (self._stream.metadata, self._container.metadata)
            for name, text in source.items()
            if text.strip()
        }

    def _describe(self, tags: dict[str, str]) -> MediaInfo:
        names = self._container.format.name.split(",")
        length = self._container.duration
        if self._reader.duration is not None:
            length = round(self._reader.duration * 1_000_000)
        elif self._reader.endless or not length or length < 0:
            length = None
        station = (self._reader.station or "").strip()[:LONGEST_TAG]
        return MediaInfo(
            container=_CONTAINERS.get(names[0], names[0]),
            codec=self._stream.codec_context.codec.canonical_name,
            length_ms=None if length is None else length // 1000,
            # A station's tags are those of the song that is on.
            title=(station if length is None else None) or tags.get("title") or station or None,
            author=tags.get("artist") or tags.get("album_artist") or tags.get("author"),
            isrc=tags.get("isrc") or tags.get("tsrc"),
        )


class _Studio:
    """Decoded audio in whatever form to frames of 960 samples, filtered.

    The graph is built for the form of the first piece and again when it changes, as it may at the
    seams of a radio stream. `start` is the time stamp (in samples at 48 kHz) before which all is
    dropped.
    """

    def __init__(self, start: int | None, sound: Sound, levelling: Levelling) -> None:
        self._start = start
        self._sound = sound
        self._levelling = levelling
        self._form: tuple[str, str, int] | None = None
        self._graph = Graph()
        self._level: FilterContext | None = None

    def play(self, piece: AudioFrame) -> Iterator[AudioFrame]:
        """Give the frames that are complete with this piece."""
        form = (piece.format.name, piece.layout.name, piece.sample_rate)
        if form != self._form:
            if self._form is not None:
                yield from self.finish()
            self._build(*form, piece.time_base or Fraction(1, piece.sample_rate))
            self._form = form
        if self._level is not None:
            self._adjust(self._level, piece)
        self._graph.push(piece)
        yield from self._ready()

    def finish(self) -> Iterator[AudioFrame]:
        """Give the last frames; the very last is filled up with silence."""
        if self._form is not None:
            self._graph.push(None)
            yield from self._ready()

    def _ready(self) -> Iterator[AudioFrame]:
        while True:
            try:
                piece = self._graph.pull()
            except (NothingYet, NothingMore):
                return
            assert isinstance(piece, AudioFrame)
            yield piece

    def _adjust(self, level: FilterContext, piece: AudioFrame) -> None:
        loudness = self._sound.filters.loudness
        assert loudness is not None
        self._levelling.measure(piece)
        gain = self._levelling.step(loudness.target, piece.samples / piece.sample_rate)
        level.process_command("volume", f"{gain:.3f}dB")

    def _build(self, format_name: str, layout: str, rate: int, unit: Fraction) -> None:
        graph = Graph()
        graph.threads = 1
        source = graph.add_abuffer(
            format=format_name, layout=layout, sample_rate=rate, time_base=unit
        )
        chain = Chain(graph, source)
        chain.add("aresample", str(RATE))
        chain.add("aformat", "sample_fmts=flt:channel_layouts=stereo")
        if self._start is not None:
            chain.add("atrim", f"start_pts={self._start}")
        if self._sound.effective.loudness is not None:
            self._level = chain.add("volume", "volume=0dB:precision=float")
            chain.add("alimiter", f"limit={LIMIT}:level=0:latency=1")
        chain.apply(self._sound)
        if self._sound.gain != 1:
            chain.add("volume", f"volume={self._sound.gain:.6f}:precision=float")
        chain.add("aformat", "sample_fmts=flt:channel_layouts=stereo")
        chain.add("asetnsamples", f"n={FRAME}:p=1")
        chain.add("abuffersink")
        graph.configure()
        self._graph = graph


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
