"""Filters against the formulas of lavaplayer and lavadsp, and by how they sound."""

import itertools
import math
import random
from array import array
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pytest
from av.audio.frame import AudioFrame
from av.error import BlockingIOError as NothingYet
from av.error import EOFError as NothingMore
from av.filter import Graph

from seraphim.audio_node.decoder.effects import Chain
from seraphim.audio_node.filters import Filters, Sound

RATE = 48_000
FREQUENCIES = (
    25, 40, 63, 100, 160, 250, 400, 630, 1000, 1600, 2500, 4000, 6300, 10_000, 16_000,
)  # fmt: skip

Samples = Sequence[float]
Stereo = tuple[Samples, Samples]


def run(filters: dict[str, Any], left: Samples, right: Samples) -> Stereo:
    """What comes out of a chain of filters."""
    graph = Graph()
    graph.threads = 1
    source = graph.add_abuffer(
        format="flt", layout="stereo", sample_rate=RATE, time_base=Fraction(1, RATE)
    )
    chain = Chain(graph, source)
    chain.apply(Sound(100, Filters.read(filters)))
    chain.add("aformat", "sample_fmts=flt:channel_layouts=stereo")
    chain.add("abuffersink")
    graph.configure()
    heard = array("f")

    def pull() -> None:
        while True:
            try:
                piece = graph.pull()
            except (NothingYet, NothingMore):
                return
            assert isinstance(piece, AudioFrame)
            heard.frombytes(bytes(piece.planes[0])[: piece.samples * 8])

    both = array("f", itertools.chain(*zip(left, right, strict=True)))
    for at in range(0, len(left), 960):
        samples = both[2 * at : 2 * (at + 960)]
        piece = AudioFrame(format="flt", layout="stereo", samples=len(samples) // 2)
        piece.sample_rate, piece.pts, piece.time_base = RATE, at, Fraction(1, RATE)
        plane = piece.planes[0]
        plane.update(samples.tobytes() + bytes(plane.buffer_size - 4 * len(samples)))
        graph.push(piece)
        pull()
    graph.push(None)
    pull()
    return heard[0::2], heard[1::2]


def noise(seed: int, seconds: float = 0.5) -> list[float]:
    source = random.Random(seed)
    return [source.uniform(-0.3, 0.3) for _ in range(round(seconds * RATE))]


def tone(hertz: float, seconds: float = 2.0, level: float = 0.3) -> list[float]:
    return [level * math.sin(2 * math.pi * hertz * n / RATE) for n in range(round(seconds * RATE))]


def level(samples: Samples) -> float:
    """Root mean square of the second half, where all has settled."""
    half = samples[len(samples) // 2 :]
    return math.sqrt(sum(value * value for value in half) / len(half))


def pitch(samples: Samples) -> float:
    middle = samples[len(samples) // 4 : -len(samples) // 4]
    rising = [n for n, (a, b) in enumerate(itertools.pairwise(middle)) if a < 0 <= b]
    return (len(rising) - 1) * RATE / (rising[-1] - rising[0])


def same(found: Samples, expected: Samples) -> bool:
    assert len(found) == len(expected)
    return max(abs(a - b) for a, b in zip(found, expected, strict=True)) < 1e-6


def test_channels_are_mixed_as_lavadsp_mixes_them() -> None:
    left, right = noise(1), noise(2)
    mix = {"leftToLeft": 0.5, "leftToRight": 0.3, "rightToLeft": 0.2, "rightToRight": 0.7}
    found = run({"channelMix": mix}, left, right)
    assert same(found[0], [0.5 * a + 0.2 * b for a, b in zip(left, right, strict=True)])
    assert same(found[1], [0.3 * a + 0.7 * b for a, b in zip(left, right, strict=True)])


@pytest.mark.parametrize("smoothing", [1.5, 20, 500])
def test_a_low_pass_smooths_as_lavadsps(smoothing: float) -> None:
    left = noise(1)
    expected: list[float] = []
    value = 0.0
    for sample in left:
        value += (sample - value) / smoothing
        expected.append(value)
    assert same(run({"lowPass": {"smoothing": smoothing}}, left, left)[1], expected)


def test_karaoke_is_lavadsps() -> None:
    left, right = noise(1), noise(2)
    options = {"level": 0.9, "monoLevel": 0.8, "filterBand": 300.0, "filterWidth": 80.0}
    c = math.exp(-2 * math.pi * 80 / RATE)
    b = -4 * c / (1 + c) * math.cos(2 * math.pi * 300 / RATE)
    a = math.sqrt(1 - b * b / (4 * c)) * (1 - c)
    y1 = y2 = 0.0
    expected: list[float] = []
    for one, other in zip(left, right, strict=True):
        y1, y2 = a * (one + other) / 2 - b * y1 - c * y2, y1
        expected.append(one - other * 0.9 + y1 * 0.8 * 0.9)
    assert same(run({"karaoke": options}, left, right)[0], expected)


def test_karaoke_takes_away_what_is_in_the_middle_but_for_its_band() -> None:
    voice, bass = tone(2000), tone(220)
    assert level(run({"karaoke": {}}, voice, voice)[0]) < 0.02 * level(voice)
    assert level(run({"karaoke": {}}, bass, bass)[0]) == pytest.approx(level(bass), rel=0.05)
    apart = [0.0] * len(voice)
    assert level(run({"karaoke": {}}, voice, apart)[0]) == pytest.approx(level(voice), rel=0.02)


def test_distortion_is_lavadsps() -> None:
    left = noise(1)
    options = {
        "sinOffset": 0.1, "sinScale": 1.2, "cosOffset": 0.2, "cosScale": 0.8,
        "tanOffset": 0.05, "tanScale": 0.5, "offset": 0.01, "scale": 15.0,
    }  # fmt: skip
    expected = [
        0.01
        + 15
        * (0.1 + math.sin(1.2 * value))
        * (0.2 + math.cos(0.8 * value))
        * (0.05 + math.tan(0.5 * value))
        for value in left
    ]
    assert max(expected) > 1
    clipped = [min(max(value, -1.0), 1.0) for value in expected]
    assert same(run({"distortion": options}, left, left)[1], clipped)


def test_tremolo_swings_as_deep_as_lavadsps() -> None:
    left = noise(1, 1.0)
    swing = [1 - 0.375 + 0.375 * math.cos(2 * math.pi * 4 * n / RATE) for n in range(len(left))]
    found = run({"tremolo": {"frequency": 4, "depth": 0.75}}, left, left)[0]
    assert same(found, [value * factor for value, factor in zip(left, swing, strict=True)])


@pytest.mark.parametrize("hertz", [0.2, 5.0])
def test_rotation_goes_from_one_ear_to_the_other(hertz: float) -> None:
    left, right = noise(1, 1.0), noise(2, 1.0)
    turn = [0.5 + 0.5 * math.cos(2 * math.pi * hertz * n / RATE) for n in range(len(left))]
    found = run({"rotation": {"rotationHz": hertz}}, left, right)
    assert same(found[0], [value * now for value, now in zip(left, turn, strict=True)])
    assert same(found[1], [value * (1 - now) for value, now in zip(right, turn, strict=True)])


@pytest.mark.parametrize("depth", [0.25, 1.0])
def test_vibrato_bends_the_pitch_as_far_as_lavadsps(depth: float) -> None:
    """A delay that swings by 2 ms x depth bends by pi x frequency x that, at most."""
    frequency, hertz = 5.0, 1000.0
    found = run({"vibrato": {"frequency": frequency, "depth": depth}}, *[tone(hertz)] * 2)[0]
    rising = [n + a / (a - b) for n, (a, b) in enumerate(itertools.pairwise(found)) if a < 0 <= b][
        20:
    ]
    pitches = [10 * RATE / (b - a) for a, b in zip(rising, rising[10:], strict=False)]
    swing = math.pi * frequency * 0.002 * depth
    assert max(pitches) / hertz - 1 == pytest.approx(swing, rel=0.08)
    assert 1 - min(pitches) / hertz == pytest.approx(swing, rel=0.08)
    around = sum(pitches) / len(pitches)
    assert around == pytest.approx(hertz, rel=0.002)


def test_vibrato_begins_with_silence_and_not_with_whatever_was_in_memory() -> None:
    """libavfilter does not clear the 5 ms that it remembers."""
    played = noise(1, 0.1)
    for _ in range(30):
        blast = [array("d", [1e300] * (241 + number)) for number in range(50)]
        del blast
        found = run({"vibrato": {}}, played, played)[0]
        assert len(found) == len(played)
        assert max(map(abs, found)) < 0.31


def lavaplayer(gains: dict[int, float], hertz: float) -> float:
    """What lavaplayer's equalizer makes of a frequency, from its coefficients."""
    z = complex(math.cos(2 * math.pi * hertz / RATE), -math.sin(2 * math.pi * hertz / RATE))
    found = complex(1)
    for band, gain in gains.items():
        beta, alpha, gamma = COEFFICIENTS[band]
        found += 4 * gain * alpha * (1 - z * z) / (1 - gamma * z + beta * z * z)
    return abs(found)


COEFFICIENTS = {
    0: (9.9847546664e-01, 7.6226668143e-04, 1.9984647656e00),
    4: (9.9028307215e-01, 4.8584639242e-03, 1.9898465702e00),
    8: (9.4080933132e-01, 2.9595334338e-02, 1.9242054384e00),
    14: (4.1811888447e-01, 2.9094055777e-01, -7.0905944223e-01),
}


@pytest.mark.parametrize("hertz", [25, 63, 160, 400, 1000, 4000, 16_000])
@pytest.mark.parametrize("gains", [{0: 0.25, 8: -0.25}, {4: 1.0}, {0: 0.1, 4: 0.1, 14: -0.2}])
def test_the_equalizer_has_lavaplayers_curve(hertz: float, gains: dict[int, float]) -> None:
    asked = [{"band": band, "gain": gain} for band, gain in gains.items()]
    played = tone(hertz, level=0.1)
    found = level(run({"equalizer": asked}, played, played)[0]) / level(played)
    assert found == pytest.approx(lavaplayer(gains, hertz), abs=0.01)


@pytest.mark.parametrize(("gain", "factor"), [(0.25, 2), (-0.25, 0), (1.0, 5), (-0.1, 0.6)])
@pytest.mark.parametrize("band", range(15))
def test_each_band_is_multiplied_by_its_gain(band: int, gain: float, factor: float) -> None:
    played = tone(FREQUENCIES[band], level=0.05, seconds=1.0)
    asked = {"equalizer": [{"band": band, "gain": gain}]}
    found = level(run(asked, played, played)[0]) / level(played)
    assert found == pytest.approx(factor, abs=0.1)


@pytest.mark.parametrize(
    ("timescale", "transposed", "length"),
    [
        ({"speed": 2}, 1, 0.5),
        ({"speed": 0.4}, 1, 2.5),
        ({"speed": 6}, 1, 1 / 6),
        ({"pitch": 1.5}, 1.5, 1),
        ({"pitch": 0.5}, 0.5, 1),
        ({"rate": 1.25}, 1.25, 0.8),
        ({"speed": 1.3, "pitch": 0.8, "rate": 1.1}, 0.88, 1 / 1.43),
    ],
)
def test_timescale_bends_pitch_and_length_apart(
    timescale: dict[str, float], transposed: float, length: float
) -> None:
    played = tone(440, seconds=3.0)
    found = run({"timescale": timescale}, played, played)[0]
    assert pitch(found) == pytest.approx(440 * transposed, rel=0.002)
    assert len(found) / len(played) == pytest.approx(length, abs=0.02)
    step = max(abs(b - a) for a, b in itertools.pairwise(found[1000:-3000]))
    assert step < 0.3 * 2 * math.pi * 440 * transposed / RATE * 1.1, "it clicks"


def test_what_comes_first_in_lavalinks_list_is_done_last() -> None:
    """The distortion makes a constant of whatever it is given, and the tremolo swings that."""
    left = noise(1)
    asked = {
        "tremolo": {"frequency": 4, "depth": 1.0},
        "distortion": {"scale": 0.0, "offset": 0.5},
        "lowPass": {},
    }
    swing = [0.5 + 0.5 * math.cos(2 * math.pi * 4 * n / RATE) for n in range(len(left))]
    assert same(run(asked, left, left)[0], [0.5 * factor for factor in swing])


def test_all_filters_can_be_had_at_once() -> None:
    everything: dict[str, Any] = {
        "equalizer": [{"band": band, "gain": 0.1} for band in range(15)],
        "karaoke": {}, "timescale": {"speed": 1.1, "pitch": 1.1, "rate": 1.1},
        "tremolo": {}, "vibrato": {}, "rotation": {"rotationHz": 1}, "lowPass": {},
        "distortion": {"scale": 2.0}, "channelMix": {"leftToRight": 0.5},
    }  # fmt: skip
    found = run(everything, noise(1), noise(2))
    assert all(math.isfinite(value) for value in found[0])
    assert level(found[0]) > 0
