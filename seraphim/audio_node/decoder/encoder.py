"""Samples to Opus, and from one sound to another without a click.

An Opus frame means nothing by itself: it is written for a decoder that has just decoded the frame
before it. So when the sound is changed in the middle, the new encoder is first given what the
listeners hear until then, decoded from the very frames that were sent, and then fades from that to
the new sound. It makes no difference what the old frames came from: another volume, another
filter in the middle of its swing, another place in the track, or a file whose frames were copied.
"""

from array import array
from collections.abc import Iterator
from fractions import Fraction
from math import cos, pi
from typing import Final

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.error import FFmpegError

__all__ = ["FRAME", "RATE", "encode", "quiet_frame"]

RATE: Final = 48_000
FRAME: Final = 960
CHANNELS: Final = 2
BIT_RATE: Final = 128_000
COMPLEXITY: Final = 5
"""Of 10. At this bit rate the difference is not heard, and it costs half as much CPU."""

DELAY: Final = 312
"""Samples by which what is decoded lags behind what was encoded."""

LEAD: Final = 4
"""Frames of the old sound that the new encoder is given before the first that counts."""

FADE: Final = 576
"""Samples from the old sound to the new; at most a frame less the delay is there to fade from."""

_UNIT: Final = Fraction(1, RATE)
_RAMP: Final = array("f", (0.5 - 0.5 * cos(pi * (n + 0.5) / FADE) for n in range(FADE)))
_SIZE: Final = FRAME * CHANNELS


def encode(frames: Iterator[AudioFrame], splice: tuple[bytes, ...] = ()) -> Iterator[bytes]:
    """Make an Opus frame of each frame of 960 samples (48 kHz, stereo, packed floats).

    With a `splice` the first of them goes on from the sound of these Opus frames, the last of which
    was sent, or would have been, at the time of the first new one.
    """
    encoder = _encoder()
    dropped = written = 0
    if splice and (first := next(frames, None)) is not None:
        lead, tail = _sound_before(splice)
        _write(first, _faded(tail, _read(first)))
        for piece in (*lead, first):
            encoded = _encode(encoder, piece, written)
            written += FRAME
            if dropped < LEAD:
                dropped += 1
                continue
            yield from encoded
    for piece in frames:
        yield from _encode(encoder, piece, written)
        written += FRAME
    if written:
        # The last frame holds what the encoder still has, filled up with silence.
        yield from _encode(encoder, None, written)


def quiet_frame() -> AudioFrame:
    """Return a frame of nothing."""
    piece = AudioFrame(format="flt", layout="stereo", samples=FRAME)
    piece.sample_rate = RATE
    _write(piece, array("f", bytes(4 * _SIZE)))
    return piece


def _encode(encoder: AudioCodecContext, piece: AudioFrame | None, at: int) -> list[bytes]:
    if piece is not None:
        piece.pts = at
        piece.time_base = _UNIT
    # PyAV leaves open what its packets are of.
    return [bytes(packet) for packet in encoder.encode(piece)]  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType, reportUnknownArgumentType]


def _sound_before(splice: tuple[bytes, ...]) -> tuple[list[AudioFrame], "array[float]"]:
    """Decode the end of the old sound: the frames before the first new one, and what is left."""
    samples = array("f")
    decoder = av.CodecContext.create("libopus", "r")
    assert isinstance(decoder, AudioCodecContext)
    decoder.sample_rate = RATE
    decoder.layout = "stereo"
    decoder.options = {"request_sample_fmt": "flt"}
    for frame in splice:
        samples.extend(_decode(decoder, frame))
    # An encoder's input lies ahead of its decoder's output.
    end = len(samples) - _SIZE + DELAY * CHANNELS
    missing = LEAD * _SIZE - end
    if missing > 0:
        samples = array("f", bytes(4 * missing)) + samples
        end += missing
    lead: list[AudioFrame] = []
    for number in range(LEAD, 0, -1):
        piece = quiet_frame()
        _write(piece, samples[end - number * _SIZE : end - (number - 1) * _SIZE])
        lead.append(piece)
    return lead, samples[end:]


def _decode(decoder: AudioCodecContext, frame: bytes) -> "array[float]":
    """Decode one Opus frame; one that is broken is silence."""
    samples = array("f")
    try:
        for piece in decoder.decode(av.Packet(frame)):  # pyright: ignore[reportUnknownMemberType]
            samples.frombytes(bytes(piece.planes[0])[: piece.samples * CHANNELS * 4])
    except FFmpegError:
        samples = array("f")
    if len(samples) != _SIZE:
        samples = array("f", bytes(4 * _SIZE))
    return samples


def _faded(tail: "array[float]", new: "array[float]") -> "array[float]":
    """Go from the end of the old sound to the new one."""
    faded = array("f", new)
    for at in range(FADE * CHANNELS):
        old = tail[at]
        faded[at] = old + (new[at] - old) * _RAMP[at // CHANNELS]
    return faded


def _read(piece: AudioFrame) -> "array[float]":
    samples = array("f")
    samples.frombytes(bytes(piece.planes[0])[: _SIZE * 4])
    return samples


def _write(piece: AudioFrame, samples: "array[float]") -> None:
    plane = piece.planes[0]
    data = samples.tobytes()
    plane.update(data + bytes(plane.buffer_size - len(data)))


def _encoder() -> AudioCodecContext:
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, AudioCodecContext)
    encoder.sample_rate = RATE
    encoder.layout = "stereo"
    encoder.format = "flt"
    encoder.time_base = _UNIT
    encoder.bit_rate = BIT_RATE
    encoder.thread_count = 1
    encoder.options = {"compression_level": str(COMPLEXITY), "frame_duration": "20"}
    return encoder
