"""Lavalink's filters, made of libavfilter's.

They come out as lavaplayer's equalizer and lavadsp's other filters do, sample for sample where the
formula is linear, because a listener who comes from Lavalink has presets that sound as they do.
That is why the equalizer is a sum of band passes with lavaplayer's coefficients and not one of
libavfilter's own (whose curves are others, at five times the cost), and why the filters stand in
the order in which Lavalink runs them: from the last in its list to the first.

What swings (tremolo, vibrato, rotation) is only like it in rate and depth: where in its swing a
track begins means nothing. Time is bent by `atempo`, pitch by resampling, where lavadsp has
SoundTouch; both find where to cut by the likeness of what they join.
"""

import math
from typing import Final

from av.filter import Graph
from av.filter.context import FilterContext

from seraphim.audio_node.filters import (
    ChannelMix,
    Distortion,
    Karaoke,
    Rotation,
    Sound,
    Timescale,
    Tremolo,
    Vibrato,
)

__all__ = ["Chain"]

RATE: Final = 48_000

_BAND_PASSES: Final = (
    (9.9847546664e-01, 7.6226668143e-04, 1.9984647656e00),
    (9.9756184654e-01, 1.2190767289e-03, 1.9975344645e00),
    (9.9616261379e-01, 1.9186931041e-03, 1.9960947369e00),
    (9.9391578543e-01, 3.0421072865e-03, 1.9937449618e00),
    (9.9028307215e-01, 4.8584639242e-03, 1.9898465702e00),
    (9.8485897264e-01, 7.5705136795e-03, 1.9837962543e00),
    (9.7588512657e-01, 1.2057436715e-02, 1.9731772447e00),
    (9.6228521814e-01, 1.8857390928e-02, 1.9556164694e00),
    (9.4080933132e-01, 2.9595334338e-02, 1.9242054384e00),
    (9.0702059196e-01, 4.6489704022e-02, 1.8653476166e00),
    (8.5868004289e-01, 7.0659978553e-02, 1.7600401337e00),
    (7.8409610788e-01, 1.0795194606e-01, 1.5450725522e00),
    (6.8332861002e-01, 1.5833569499e-01, 1.1426447155e00),
    (5.5267518228e-01, 2.2366240886e-01, 4.0186190803e-01),
    (4.1811888447e-01, 2.9094055777e-01, -7.0905944223e-01),
)
"""beta, alpha, gamma of y = alpha (x - x2) + gamma y1 - beta y2: 25 Hz to 16 kHz, lavaplayer's."""

EQUALIZER_SCALE: Final = 4.0
"""A gain of 0.25 doubles a band."""

SLOWEST_SWING: Final = 0.1
"""Hz, the least that libavfilter's oscillators know."""

VIBRATO_SWING: Final = 96 / 239
"""lavadsp bends by up to 96 samples, libavfilter by 239."""

VIBRATO_MEMORY: Final = 241
"""The samples that libavfilter's remembers, and one more."""

HALF_SPEED, DOUBLE_SPEED = 0.5, 2.0
"""What one `atempo` does without leaving sound out."""


class Chain:
    """A graph in the making: filters are put behind `tail` one after another.

    It takes and gives 48 kHz stereo in floats.
    """

    def __init__(self, graph: Graph, tail: FilterContext) -> None:
        self._graph = graph
        self.tail = tail

    def add(self, name: str, arguments: str = "") -> FilterContext:
        """Put a filter behind all others."""
        node = self._graph.add(name, arguments)
        self.tail.link_to(node)
        self.tail = node
        return node

    def apply(self, sound: Sound) -> None:
        """Put all filters of a sound there, the levelling and the volume apart."""
        one = sound.effective
        if one.low_pass is not None:
            share = 1 / one.low_pass.smoothing
            self._biquad(self.tail, (share, 0, 0), (share - 1, 0))
        if one.channel_mix is not None:
            self._mix_channels(one.channel_mix)
        if one.rotation is not None:
            self._rotate(one.rotation)
        if one.distortion is not None:
            self._distort(one.distortion)
        if one.vibrato is not None:
            self._vibrate(one.vibrato)
        if one.tremolo is not None:
            self._tremble(one.tremolo)
        if one.timescale is not None:
            self._bend(one.timescale)
        if one.karaoke is not None:
            self._sing_along(one.karaoke)
        if one.equalizer is not None:
            self._equalize(one.gains)

    def _equalize(self, gains: tuple[float, ...]) -> None:
        bands = [
            (gain * EQUALIZER_SCALE, *coefficients)
            for gain, coefficients in zip(gains, _BAND_PASSES, strict=True)
            if gain
        ]
        fork, sum_ = self._fork(len(bands) + 1)
        fork.link_to(sum_, 0, 0)
        for number, (gain, beta, alpha, gamma) in enumerate(bands, 1):
            band = self._biquad(
                fork, (gain * alpha, 0, -gain * alpha), (-gamma, beta), output=number
            )
            band.link_to(sum_, 0, number)
        self.tail = sum_

    def _mix_channels(self, mix: ChannelMix) -> None:
        left = f"{mix.leftToLeft:f}*c0+{mix.rightToLeft:f}*c1"
        right = f"{mix.leftToRight:f}*c0+{mix.rightToRight:f}*c1"
        self.add("pan", f"stereo|c0={left}|c1={right}")

    def _rotate(self, rotation: Rotation) -> None:
        """Swing the left channel's loudness between 0 and 1, and the right one's against it."""
        swing = max(abs(rotation.rotationHz), SLOWEST_SWING)
        fork = self.add("asplit", "2")
        swinging = self._graph.add("tremolo", f"f={swing:f}:d=1")
        fork.link_to(swinging, 1, 0)
        both = self._graph.add("amerge", "inputs=2")
        fork.link_to(both, 0, 0)
        swinging.link_to(both, 0, 1)
        self.tail = both
        self.add("pan", "stereo|c0=c2|c1=c1-c3")

    def _distort(self, one: Distortion) -> None:
        factors = "*".join(
            f"({offset:f}+{function}(val(ch)*{scale:f}))"
            for function, offset, scale in (
                ("sin", one.sinOffset, one.sinScale),
                ("cos", one.cosOffset, one.cosScale),
                ("tan", one.tanOffset, one.tanScale),
            )
        )
        formula = rf"clip({one.offset:f}+{one.scale:f}*{factors}\,-1\,1)"
        self.add("aeval", f"exprs={formula}:c=same")
        self.add("aformat", "sample_fmts=fltp")

    def _vibrate(self, vibrato: Vibrato) -> None:
        swing = max(vibrato.frequency, SLOWEST_SWING)
        # Until its memory is written for the first time libavfilter's plays what happens to be
        # there: a blast, or no number at all, which no equalizer after it would ever forget.
        self.add("adelay", f"delays={VIBRATO_MEMORY}S:all=1")
        self.add("vibrato", f"f={swing:f}:d={vibrato.depth * VIBRATO_SWING:f}")
        self.add("atrim", f"start_sample={VIBRATO_MEMORY}")

    def _tremble(self, tremolo: Tremolo) -> None:
        self.add("tremolo", f"f={max(tremolo.frequency, SLOWEST_SWING):f}:d={tremolo.depth:f}")

    def _bend(self, timescale: Timescale) -> None:
        rate = round(RATE * timescale.transposition)
        if rate != RATE:
            self.add("asetrate", str(rate))
            self.add("aresample", str(RATE))
        left = timescale.tempo * RATE / rate
        while not math.isclose(left, 1, abs_tol=1e-6):
            step = min(max(left, HALF_SPEED), DOUBLE_SPEED)
            self.add("atempo", f"{step:.9f}")
            left /= step

    def _sing_along(self, one: Karaoke) -> None:
        c = math.exp(-2 * math.pi * one.filterWidth / RATE)
        b = -4 * c / (1 + c) * math.cos(2 * math.pi * one.filterBand / RATE)
        a = math.sqrt(max(0.0, 1 - b * b / (4 * c))) * (1 - c)
        fork, sum_ = self._fork(2)
        sides = self._graph.add("pan", f"stereo|c0=c0-{one.level:f}*c1|c1=c1-{one.level:f}*c0")
        fork.link_to(sides, 0, 0)
        sides.link_to(sum_, 0, 0)
        middle = self._graph.add("pan", "stereo|c0=0.5*c0+0.5*c1|c1=0.5*c0+0.5*c1")
        fork.link_to(middle, 1, 0)
        band = self._biquad(middle, (a * one.monoLevel * one.level, 0, 0), (b, c))
        band.link_to(sum_, 0, 1)
        self.tail = sum_

    def _fork(self, ways: int) -> tuple[FilterContext, FilterContext]:
        """Split into as many ways, which are to be added up again."""
        fork = self.add("asplit", str(ways))
        return fork, self._graph.add("amix", f"inputs={ways}:normalize=0")

    def _biquad(
        self,
        before: FilterContext,
        over: tuple[float, float, float],
        under: tuple[float, float],
        *,
        output: int = 0,
    ) -> FilterContext:
        """A filter of the second order behind one: `over` are b0 to b2, `under` a1 and a2."""
        numerator = ":".join(f"b{n}={value:.12g}" for n, value in enumerate(over))
        denominator = ":".join(f"a{n}={value:.12g}" for n, value in enumerate(under, 1))
        node = self._graph.add("biquad", f"{numerator}:a0=1:{denominator}:r=f64")
        before.link_to(node, output, 0)
        self.tail = node
        return node
