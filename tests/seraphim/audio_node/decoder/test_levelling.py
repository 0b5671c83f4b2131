"""Tracks of different loudness, levelled."""

import contextlib
import itertools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest

from seraphim.audio_node.decoder.frames import Media
from seraphim.audio_node.decoder.gate import Turn
from seraphim.audio_node.decoder.levelling import tagged_loudness
from seraphim.audio_node.decoder.readers import FileReader
from seraphim.audio_node.filters import Filters, Loudness, Sound
from tests.seraphim.audio_node.conftest import write

TARGET = -20.0
LEVELLED = Sound(100, Filters(loudness=Loudness(target=TARGET)))

Play = Callable[[Path, int, Sound], list[bytes]]


@pytest.fixture
def play(turn: Turn) -> Play:
    def all_frames(path: Path, start_ms: int = 0, sound: Sound = LEVELLED) -> list[bytes]:
        with (
            contextlib.closing(FileReader(str(path), turn)) as reader,
            contextlib.closing(Media(reader, turn)) as media,
        ):
            return list(media.frames(start_ms, sound))

    return all_frames


@pytest.fixture
def noise(tmp_path: Path) -> Callable[..., Path]:
    """Twenty seconds of noise, as loud as a formula says."""

    def make(level: str, kind: str = "flac", **tags: str) -> Path:
        path = tmp_path / f"noise.{kind}"
        codec = {"flac": "flac", "ogg": "libopus"}[kind]
        write(path, kind, codec, f"{level}*(2*random(0)-1)", 20)
        if not tags:
            return path
        tagged = tmp_path / f"tagged.{kind}"
        with av.open(str(path)) as source, av.open(str(tagged), "w") as output:
            output.metadata.update(tags)
            stream = output.add_stream_from_template(source.streams.audio[0])
            stream.metadata.update(tags)
            for packet in source.demux(audio=0):
                if packet.size:
                    packet.stream = stream
                    output.mux(packet)
        return tagged

    return make


def loudness(frames: list[bytes], opus: Any, start: float, end: float) -> float:
    """dB, by the level: what it differs by is what counts."""
    return 20 * math.log10(opus(frames).level(start, end))


def test_loud_and_quiet_tracks_come_out_alike(noise: Any, play: Any, opus: Any) -> None:
    heard = []
    for level in ("0.05", "0.2", "0.8"):
        frames = play(noise(level))
        # As soon as the first second it is not far off, and later it is right.
        heard.append([loudness(frames, opus, at, at + 2) for at in (0, 17)])
    quiet, middle, loud = heard
    assert loud[0] == pytest.approx(middle[0], abs=1)
    assert loud[1] == pytest.approx(middle[1], abs=1)
    assert quiet[1] == pytest.approx(middle[1], abs=1.5)
    # What is raised is raised slowly: the beginning may be meant to be quiet.
    assert quiet[0] < quiet[1]


def test_the_gain_does_not_follow_the_music(noise: Any, play: Any, opus: Any) -> None:
    """Ten seconds, then ten that are 10 dB quieter: they stay so, within 3 dB."""
    frames = play(noise("(0.5-0.342*gt(t,10))"))
    difference = loudness(frames, opus, 7, 9) - loudness(frames, opus, 17, 19)
    assert difference == pytest.approx(10, abs=3)
    steps = [loudness(frames, opus, at, at + 0.5) for at in (11, 12, 13, 14, 15, 16, 17)]
    assert all(abs(b - a) < 1 for a, b in itertools.pairwise(steps))


def test_what_the_tags_say_is_believed(noise: Any, play: Any, opus: Any) -> None:
    """The tag asks for 6 dB less than ReplayGain's -18 LUFS, and we want 2 less than that."""
    plain = loudness(play(noise("0.2"), 0, Sound()), opus, 2, 18)
    tagged = play(noise("0.2", REPLAYGAIN_TRACK_GAIN="-6.00 dB"))
    assert loudness(tagged, opus, 2, 18) - plain == pytest.approx(-8, abs=0.3)


def test_a_start_in_the_middle_is_levelled_too(noise: Any, play: Any, opus: Any) -> None:
    frames = play(noise("0.8"))
    middle = play(noise("0.8"), 10_000)
    expected = loudness(frames, opus, 12, 14)
    assert loudness(middle, opus, 2, 4) == pytest.approx(expected, abs=1)


@pytest.mark.parametrize(
    ("tags", "lufs"),
    [
        ({}, None),
        ({"replaygain_track_gain": "-7.20 dB"}, -10.8),
        ({"replaygain_track_gain": "+3.5 DB"}, -21.5),
        ({"replaygain_track_gain": "2"}, -20),
        ({"r128_track_gain": "-1280"}, -18),
        ({"replaygain_track_gain": "loud", "r128_track_gain": "256"}, -24),
        ({"replaygain_track_gain": "nan"}, None),
        ({"replaygain_track_gain": "1e300"}, None),
        ({"r128_track_gain": "99999"}, None),
    ],
)
def test_tags_are_read_and_nonsense_is_none(tags: dict[str, str], lufs: float | None) -> None:
    assert tagged_loudness(tags) == (None if lufs is None else pytest.approx(lufs))
