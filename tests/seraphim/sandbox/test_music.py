import itertools
from array import array
from pathlib import Path

import av
import pytest
from tinytag import TinyTag

from seraphim.sandbox import music
from seraphim.sandbox.voice import analysis
from seraphim.voice import CHANNELS, SAMPLE_RATE

SECOND = SAMPLE_RATE * CHANNELS


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("music")
    music.make(folder)
    return folder


def decoded(path: Path) -> "array[int]":
    pcm = array("h")
    with av.open(str(path)) as container:
        resampler = av.AudioResampler("s16", "stereo", SAMPLE_RATE)
        for frame in container.decode(audio=0):
            for part in resampler.resample(frame):
                pcm.frombytes(bytes(part.planes[0])[: 2 * CHANNELS * part.samples])
    return pcm


def each_track() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("track", music.TRACKS, ids=lambda track: track.title)


@each_track()
def test_the_track_has_its_pitch_from_beginning_to_end(folder: Path, track: music.Track) -> None:
    pcm = decoded(folder / track.file)
    seconds = range(track.seconds - 1)
    pitches = [
        analysis.pitch(pcm[second * SECOND + SECOND // 4 : second * SECOND + SECOND // 2])
        for second in seconds
    ]
    assert pitches == [pytest.approx(track.pitch, rel=0.01)] * len(seconds)


@each_track()
def test_the_track_is_as_long_as_it_says_and_neither_faint_nor_distorted(
    folder: Path, track: music.Track
) -> None:
    pcm = decoded(folder / track.file)
    assert len(pcm) / SECOND == pytest.approx(track.seconds, abs=0.1)
    assert -20 < analysis.level(pcm) < -10
    assert max(map(abs, pcm)) < 0.9 * 32_767


@each_track()
def test_nothing_clicks(folder: Path, track: music.Track) -> None:
    pcm = decoded(folder / track.file)
    left = pcm[::CHANNELS]
    steps = [abs(after - before) for before, after in itertools.pairwise(left)]
    # No step is steeper than those of the tone itself, least of all where bars meet.
    usual = max(steps[SAMPLE_RATE : SAMPLE_RATE + music.BAR // 2])
    assert max(steps) < 1.5 * usual
    assert abs(left[0]) < 100
    assert abs(left[-1]) < 100


@each_track()
def test_the_track_is_tagged(folder: Path, track: music.Track) -> None:
    tags = TinyTag.get(folder / track.file)
    assert (tags.title, tags.artist, tags.album) == (track.title, music.ARTIST, music.ALBUM)
    assert tags.duration == pytest.approx(track.seconds, abs=0.1)


def test_pitches_are_far_enough_apart_to_be_told_apart() -> None:
    pitches = sorted(track.pitch for track in music.TRACKS)
    assert all(higher / lower > 1.1 for lower, higher in itertools.pairwise(pitches))


def test_nothing_is_left_in_the_folder_but_the_tracks(folder: Path) -> None:
    assert {each.name for each in folder.iterdir()} == {track.file for track in music.TRACKS}


def test_what_is_there_already_stays_and_what_is_missing_is_made(tmp_path: Path) -> None:
    first, *rest = music.TRACKS
    for track in rest:
        (tmp_path / track.file).write_bytes(b"mine")
    music.make(tmp_path)
    assert TinyTag.get(tmp_path / first.file).title == first.title
    assert {(tmp_path / track.file).read_bytes() for track in rest} == {b"mine"}


def test_a_track_is_found_by_its_title_in_whatever_case() -> None:
    aurora = music.track("aURORA")
    assert aurora is not None
    assert aurora.title == "Aurora"
    assert music.track("Aurora Borealis") is None
