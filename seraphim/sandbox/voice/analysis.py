"""What can be said about a stretch of samples: how loud, how high, where it falls silent.

Interleaved stereo at 48 kHz in, as everywhere in this package. Plain Python: the stretches are
fractions of a second, and numpy would be the sandbox's largest dependency.

Pitch is found by the normalised difference of a signal and itself shifted (McLeod and Wyvill, "A
smarter way to find pitch"): counting zero crossings is misled by overtones, and the strongest
spectral line may be one.
"""

import math
import operator
import statistics
from array import array
from collections.abc import Sequence
from itertools import accumulate

from seraphim.voice import CHANNELS, SAMPLE_RATE

FULL_SCALE = 32_768
SILENCE_DBFS = -96.0
"""The level of nothing at all: the floor of 16 bits."""

LOWEST_HZ = 55.0
HIGHEST_HZ = 1_500.0

COARSE = 6
FINE = 2
"""How many samples are averaged into one: to look everywhere, and then closely at one place."""

WINDOW_SECONDS = 0.08
WINDOWS = 5
"""A pitch is the median of at most so many windows: a moment without a clear one spoils nothing."""

CLEAR = 0.8
"""How alike a signal must be to itself one period later (1 is the same) to have a pitch."""

NEARLY_BEST = 0.9
"""The first peak as good as this share of the best is the period; the best may be its multiple."""

QUIET_SAMPLE = 64
"""Samples up to here (-54 dBFS) are silence: decoders leave traces where nothing was encoded."""

BLOCK_MS = 1


def level(pcm: "array[int]") -> float:
    """The root mean square, in dBFS; `SILENCE_DBFS` for silence and for no samples."""
    energy = sum(map(operator.mul, pcm, pcm))
    if not energy:
        return SILENCE_DBFS
    return max(SILENCE_DBFS, 10 * math.log10(energy / len(pcm) / FULL_SCALE**2))


def pitch(pcm: "array[int]") -> float | None:
    """The fundamental, in Hz, between `LOWEST_HZ` and `HIGHEST_HZ`; None where there is none."""
    window = int(WINDOW_SECONDS * SAMPLE_RATE) * CHANNELS
    count = min(WINDOWS, len(pcm) // window)
    if not count:
        return None
    stride = (len(pcm) - window) // max(1, count - 1) // CHANNELS * CHANNELS
    stretches = (pcm[index * stride : index * stride + window] for index in range(count))
    pitches = [found for stretch in stretches if (found := _window_pitch(stretch)) is not None]
    # Where most windows have none, as between two notes, the rest would be chance.
    return statistics.median_low(pitches) if 2 * len(pitches) > count else None


def silences(pcm: "array[int]", *, at_least_ms: int) -> list[int]:
    """The lengths, in ms, of silent runs that have sound before and behind them."""
    block = SAMPLE_RATE // 1000 * BLOCK_MS * CHANNELS
    found: list[int] = []
    run = 0
    sounded = False
    for start in range(0, len(pcm) - block + 1, block):
        part = pcm[start : start + block]
        if max(part) <= QUIET_SAMPLE and min(part) >= -QUIET_SAMPLE:
            run += BLOCK_MS
            continue
        if sounded and run >= at_least_ms:
            found.append(run)
        run, sounded = 0, True
    return found


def _window_pitch(pcm: "array[int]") -> float | None:
    if level(pcm) <= SILENCE_DBFS / 2:
        return None
    coarse = _mono(pcm, COARSE)
    rate = SAMPLE_RATE / COARSE
    lags = range(int(rate / HIGHEST_HZ) - 1, math.ceil(rate / LOWEST_HZ) + 1)
    likeness = _likeness(coarse, lags)
    peak = _period(likeness)
    if peak is None:
        return None
    middle = (lags.start + peak) * COARSE // FINE
    near = range(middle - COARSE // FINE - 1, middle + COARSE // FINE + 2)
    closely = _likeness(_mono(pcm, FINE), near)
    best = max(range(1, len(closely) - 1), key=closely.__getitem__)
    period = near.start + best + _vertex(*closely[best - 1 : best + 2])
    return SAMPLE_RATE / FINE / period


def _mono(pcm: "array[int]", averaged: int) -> list[int]:
    """Both channels in one, with `averaged` neighbours summed into each sample."""
    step = averaged * CHANNELS
    whole = len(pcm) // step * step
    return list(map(sum, zip(*(pcm[offset:whole:step] for offset in range(step)), strict=True)))


def _likeness(signal: Sequence[int], lags: range) -> list[float]:
    """How like the signal is to itself shifted by each lag: 1 the same, -1 its mirror image."""
    energy = [0, *accumulate(map(operator.mul, signal, signal))]
    found: list[float] = []
    for lag in lags:
        overlap = len(signal) - lag
        both = energy[overlap] + energy[-1] - energy[lag]
        product = sum(map(operator.mul, signal[:overlap], signal[lag:]))
        found.append(2 * product / both if both else 0.0)
    return found


def _period(likeness: Sequence[float]) -> int | None:
    """The index of the first peak that is nearly the best, past the one at no shift at all."""
    peaks: dict[int, float] = {}
    for index, (before, at, behind) in enumerate(
        zip(likeness, likeness[1:], likeness[2:], strict=False), 1
    ):
        if before < at >= behind and at > 0:
            # A high tone's period falls between two lags: neither shows how good it is.
            peaks[index] = at - (before - behind) * _vertex(before, at, behind) / 4
    best = max(peaks.values(), default=0.0)
    if best < CLEAR:
        return None
    return next(index for index, height in peaks.items() if height >= NEARLY_BEST * best)


def _vertex(before: float, at: float, behind: float) -> float:
    """Where the parabola through three neighbours has its top, from the middle one, in steps."""
    bend = before - 2 * at + behind
    return 0.5 * (before - behind) / bend if bend else 0.0
