"""A few minutes of music of its own, so that there is something to play without downloading it.

Each track is a drone with small bells on its overtones. Whatever sounds is a whole multiple of one
pitch, which is the loudest of all: so the music is in tune with itself, and whoever measures the
pitch, at any moment of a track, can tell which one it is. Melodies were rejected for that reason.

One bar is computed and repeated; it ends as it begins, so nothing is heard of the seams. Files in
several formats, because they take different ways through an audio node.
"""

import math
import os
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import islice
from operator import add, mul
from pathlib import Path
from typing import Final, Literal, TypeAlias

import av

from seraphim.voice import CHANNELS, SAMPLE_RATE

ARTIST = "The Sandbox Choir"
ALBUM = "First Light"

BEATS = 8
BEAT = SAMPLE_RATE // 2
BAR = BEATS * BEAT
RINGING = 3 * BEAT
"""A beat, a bar, and how long a bell rings, in samples."""

DRONE = {1: 0.24, 2: 0.04, 3: 0.015}
"""How loud each overtone of the drone is, 1 being full scale."""
BELL = 0.085
SWELL = 0.15
ATTACK = SAMPLE_RATE // 200
FADE_IN = SAMPLE_RATE // 50
FADE_OUT = SAMPLE_RATE // 4
FAR_SIDE = 0.45
"""How loud a bell is in the ear on the other side; every second one is left."""


@dataclass(frozen=True, slots=True)
class Track:
    """A track: what it is called, and what can be heard of it."""

    title: str
    file: str
    pitch: int
    """In Hz; the fundamental, at every moment."""
    seconds: int
    bells: tuple[int, ...]
    """The overtone that is struck on each beat, 0 for none."""


TRACKS = (
    Track("Aurora", "aurora.opus", 440, 40, (2, 3, 4, 5, 6, 5, 4, 3)),
    Track("Ember", "ember.mp3", 220, 30, (4, 0, 6, 5, 4, 0, 8, 6)),
    Track("Halo", "halo.flac", 262, 24, (6, 4, 5, 4, 3, 4, 5, 0)),
    Track("Vesper", "vesper.m4a", 330, 32, (3, 0, 5, 4, 6, 0, 4, 2)),
    Track("Zenith", "zenith.ogg", 392, 44, (2, 4, 3, 6, 4, 5, 3, 4)),
    Track("Solstice", "solstice.flac", 523, 20, (4, 3, 2, 3, 5, 3, 4, 0)),
)

_Codec: TypeAlias = Literal["aac", "flac", "libmp3lame", "libopus"]
_FORMATS: Final[Mapping[str, tuple[str, _Codec, dict[str, str]]]] = {
    ".flac": ("flac", "flac", {"compression_level": "0"}),
    ".m4a": ("ipod", "aac", {"aac_coder": "fast"}),
    ".mp3": ("mp3", "libmp3lame", {"compression_level": "9"}),
    ".ogg": ("ogg", "libopus", {"compression_level": "2"}),
    ".opus": ("ogg", "libopus", {"compression_level": "2"}),
}
"""Container and codec by the file's ending, with what makes the encoder quick."""
_BIT_RATE = 96_000


def track(title: str) -> Track | None:
    """The track of that title, in whatever case; None if there is none."""
    return next((each for each in TRACKS if each.title.casefold() == title.casefold()), None)


def make(folder: Path) -> None:
    """Put all tracks into `folder`. Those that are there already stay; a file is there whole or
    not at all.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for each in TRACKS:
        path = folder / each.file
        if not path.exists():
            # A hidden file in the same folder: nobody takes it for music while it grows.
            unfinished = folder / f".{os.getpid()}-{each.file}"
            try:
                _encode(each, unfinished)
                unfinished.replace(path)
            finally:
                unfinished.unlink(missing_ok=True)


def _encode(track: Track, path: Path) -> None:
    kind, codec, options = _FORMATS[path.suffix]
    with av.open(str(path), "w", format=kind) as container:
        container.metadata.update({"title": track.title, "artist": ARTIST, "album": ALBUM})
        # PyAV leaves the types of its streams' options and of its packets unknown.
        stream = container.add_stream(codec, SAMPLE_RATE, options, layout="stereo")  # pyright: ignore[reportUnknownMemberType]
        stream.codec_context.bit_rate = _BIT_RATE
        start = 0
        for pcm in (*_sound(track), None):
            frame = _frame(pcm, start) if pcm else None
            start += frame.samples if frame else 0
            container.mux(stream.encode(frame))  # pyright: ignore[reportUnknownMemberType]


def _frame(pcm: "array[float]", start: int) -> av.AudioFrame:
    frame = av.AudioFrame(format="flt", layout="stereo", samples=len(pcm) // CHANNELS)
    frame.planes[0].update(pcm.tobytes())
    frame.sample_rate = SAMPLE_RATE
    frame.time_base = Fraction(1, SAMPLE_RATE)
    frame.pts = start
    return frame


def _sound(track: Track) -> "Iterator[array[float]]":
    """The whole track in pieces: interleaved stereo, faded in and out."""
    bar = _bar(track)
    left = track.seconds * SAMPLE_RATE * CHANNELS
    first = True
    while left:
        piece = bar[:left]
        left -= len(piece)
        if first:
            _fade(piece, range(FADE_IN), 0)
            first = False
        if not left:
            _fade(piece, range(FADE_OUT, 0, -1), len(piece) // CHANNELS - FADE_OUT)
        yield piece


def _fade(piece: "array[float]", ramp: Sequence[int], start: int) -> None:
    for index, step in enumerate(ramp, start):
        gain = (1 - math.cos(math.pi * step / len(ramp))) / 2
        for at in range(index * CHANNELS, (index + 1) * CHANNELS):
            piece[at] *= gain


def _bar(track: Track) -> "array[float]":
    """One bar, interleaved. It can be put behind itself: what rings past its end rings on at its
    beginning, and a whole number of the drone's periods fits in.
    """
    drone = _drone(track.pitch)
    bells = {
        overtone: list(map(mul, _tone(overtone * track.pitch, RINGING), _decay()))
        for overtone in set(track.bells)
        if overtone
    }
    sides = [0.0] * BAR, [0.0] * BAR
    for beat, overtone in enumerate(track.bells):
        if overtone:
            _strike(sides[beat % 2], bells[overtone], beat * BEAT)
    pcm = array("f", bytes(4 * CHANNELS * BAR))
    for ear in range(CHANNELS):
        near, far = sides[ear], sides[1 - ear]
        pcm[ear::CHANNELS] = array(
            "f",
            [
                one + two + FAR_SIDE * three
                for one, two, three in zip(drone, near, far, strict=True)
            ],
        )
    return pcm


def _drone(pitch: int) -> list[float]:
    parts = [
        [gain * sample for sample in _tone(overtone * pitch, SAMPLE_RATE)]
        for overtone, gain in DRONE.items()
    ]
    steady = list(map(sum, zip(*parts, strict=True)))
    return list(map(mul, steady * (BAR // SAMPLE_RATE), _swell()))


def _strike(side: list[float], bell: Sequence[float], at: int) -> None:
    until_end = min(len(bell), BAR - at)
    side[at : at + until_end] = map(add, side[at : at + until_end], bell)
    rest = len(bell) - until_end
    side[:rest] = map(add, side[:rest], islice(bell, until_end, None))


@cache
def _swell() -> list[float]:
    """The drone's loudness: it rises and falls once a bar."""
    return [1 + SWELL * _sine()[index * SAMPLE_RATE // BAR] for index in range(BAR)]


@cache
def _decay() -> list[float]:
    """A bell's loudness: there at once, gone to nothing at the end."""
    return [
        BELL
        * min(1.0, index / ATTACK)
        * math.exp(-4 * index / RINGING)
        * min(1.0, (RINGING - index) / ATTACK / 4)
        for index in range(RINGING)
    ]


@cache
def _sine() -> list[float]:
    """One period of 1 Hz, from which every tone of a whole number of Hz is taken."""
    return [math.sin(2 * math.pi * index / SAMPLE_RATE) for index in range(SAMPLE_RATE)]


def _tone(hz: int, samples: int) -> list[float]:
    second = _sine()
    return [second[index % SAMPLE_RATE] for index in range(0, hz * samples, hz)]
