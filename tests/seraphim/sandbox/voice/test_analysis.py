"""Pitch, level and silence of samples made here."""

from __future__ import annotations

import math
import random
from array import array

import pytest

from seraphim.sandbox.voice import analysis


def wave(hz: float, seconds: float, *, amplitude: float = 8_000, overtones: int = 1) -> array[int]:
    """A tone of which each overtone is as strong as the fundamental."""
    samples = array("h")
    for n in range(round(48_000 * seconds)):
        phase = 2 * math.pi * hz * n / 48_000
        total = sum(math.sin(k * phase + k) for k in range(1, overtones + 1)) / overtones
        samples.extend((round(amplitude * total),) * 2)
    return samples


@pytest.mark.parametrize("hz", [58, 110, 220, 261.63, 440, 523.25, 880, 1318.5])
@pytest.mark.parametrize("overtones", [1, 4])
def test_a_tone_has_its_pitch_whatever_its_overtones(hz: float, overtones: int) -> None:
    assert analysis.pitch(wave(hz, 0.3, overtones=overtones)) == pytest.approx(hz, rel=0.005)


def test_neighbouring_semitones_are_told_apart() -> None:
    for key in range(40, 64):
        hz = 440 * 2 ** ((key - 49) / 12)
        assert analysis.pitch(wave(hz, 0.16)) == pytest.approx(hz, rel=0.01)


def test_a_soft_accompaniment_does_not_hide_the_pitch() -> None:
    quiet, loud = wave(660, 0.3, amplitude=800), wave(440, 0.3)
    mixed = array("h", (a + b for a, b in zip(quiet, loud, strict=True)))
    assert analysis.pitch(mixed) == pytest.approx(440, rel=0.02)


def test_one_channel_is_enough() -> None:
    samples = wave(440, 0.2)
    for index in range(1, len(samples), 2):
        samples[index] = 0
    assert analysis.pitch(samples) == pytest.approx(440, rel=0.005)


def test_noise_silence_and_too_little_have_no_pitch() -> None:
    dice = random.Random(3)
    noise = array("h", (dice.randrange(-8_000, 8_000) for _ in range(30_000)))
    assert analysis.pitch(noise) is None
    assert analysis.pitch(array("h", bytes(60_000))) is None
    assert analysis.pitch(wave(440, 0.05)) is None
    assert analysis.pitch(array("h")) is None


def test_most_of_a_stretch_must_sound() -> None:
    silence = array("h", bytes(4 * 14_400))
    assert analysis.pitch(wave(440, 0.3) + silence + silence) is None
    assert analysis.pitch(wave(440, 0.6) + silence) == pytest.approx(440, rel=0.005)


def test_level_is_in_decibels_of_full_scale() -> None:
    assert analysis.level(array("h", [-32_768] * 100)) == pytest.approx(0)
    assert analysis.level(wave(440, 0.1, amplitude=32_767)) == pytest.approx(-3.01, abs=0.02)
    assert analysis.level(wave(440, 0.1, amplitude=3_276.7)) == pytest.approx(-23.01, abs=0.02)
    assert analysis.level(array("h", bytes(200))) == analysis.SILENCE_DBFS
    assert analysis.level(array("h")) == analysis.SILENCE_DBFS


def test_silences_inside_sound_are_measured_and_those_around_it_are_not() -> None:
    def silence(ms: int) -> array[int]:
        return array("h", bytes(4 * 48 * ms))

    samples = silence(30)
    for pause in (20, 4, 45):
        samples += wave(440, 0.05) + silence(pause)
    samples += wave(440, 0.05) + silence(70)
    assert analysis.silences(samples, at_least_ms=10) == [
        pytest.approx(20, abs=1),
        pytest.approx(45, abs=1),
    ]


def test_a_low_tone_is_not_silent_where_it_crosses_zero() -> None:
    assert analysis.silences(wave(55, 1), at_least_ms=2) == []
