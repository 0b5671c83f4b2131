"""Opus to samples, through the libopus that PyAV brings.

libopus rather than ffmpeg's own decoder because it returns interleaved 16-bit samples, which is
what everything here counts in.
"""

from array import array

import av
from av.error import FFmpegError

from seraphim.voice import CHANNELS, FRAME_SAMPLES, SAMPLE_RATE

QUIET_FRAME = bytes(2 * CHANNELS * FRAME_SAMPLES)
"""20 ms in which nothing is heard: what stands for a packet that was lost or cannot be decoded."""


class UndecodableError(Exception):
    """The packet is not Opus."""


class OpusDecoder:
    """Decodes one speaker's packets, in order: Opus packets lean on those before them."""

    def __init__(self) -> None:
        self._codec = av.CodecContext.create("libopus", "r")
        self._codec.sample_rate = SAMPLE_RATE
        self._codec.layout = "stereo"

    def decode(self, packet: bytes) -> bytes:
        """One packet's samples: 48 kHz, stereo, interleaved, signed 16 bit in native order.

        Raises
        ------
        UndecodableError
            If libopus refuses it, or it is empty.
        """
        try:
            # PyAV's packets are generic in a parameter that its stubs leave unknown.
            frames = self._codec.decode(av.Packet(packet)) if packet else []  # pyright: ignore[reportUnknownMemberType]
        except FFmpegError as error:
            raise UndecodableError from error
        if not frames:
            raise UndecodableError
        return b"".join(bytes(frame.planes[0])[: 2 * CHANNELS * frame.samples] for frame in frames)


def samples(pcm: bytes) -> "array[int]":
    """Bytes of `OpusDecoder.decode` as numbers."""
    numbers = array("h")
    numbers.frombytes(pcm)
    return numbers
