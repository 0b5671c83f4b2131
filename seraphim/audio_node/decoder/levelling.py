"""Every track as loud as the next: the gain that takes one to a given loudness.

What the file says about itself is believed first (ReplayGain's and Opus's tags). Else its loudness
is measured as EBU R 128 does, by libavfilter, while it is decoded: integrated over all that was
decoded so far and gated, so that it settles within the first half minute. Nothing pumps, because
nothing follows the music: a loud passage moves the whole track's figure a little, and the gain
follows that figure slowly. Measuring the whole file beforehand was rejected, because the listeners
would wait while all of it is fetched and decoded; so was `loudnorm`, whose single pass rides the
gain and resamples to 192 kHz for it.

The first seconds are decoded once before anything is heard, so that a track begins at about the
loudness that it will have. A quiet beginning is not made loud at once: it may well be one. How far
a track may be raised grows as it is listened to.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from av.audio.frame import AudioFrame
from av.error import BlockingIOError as NothingYet
from av.error import EOFError as NothingMore
from av.filter import Graph

__all__ = ["FORESEEN_SECONDS", "Levelling", "tagged_loudness"]

FORESEEN_SECONDS: Final = 3.0
"""What is measured before the first sound."""

REPLAY_GAIN_LUFS: Final = -18.0
R128_TAG_LUFS: Final = -23.0
R128_TAG_UNIT: Final = 256
FURTHEST_TAG: Final = 60.0

LEAST_GAIN: Final = -24.0
MOST_GAIN: Final = 12.0
MOST_GAIN_PER_SECOND: Final = 0.4
"""How far a track may be raised, in dB, for each second of it that was measured."""

FALL: Final = 2.0
RISE: Final = 0.3
"""How fast the gain follows, in dB a second: too loud is mended sooner than too quiet."""

SILENCE_LUFS: Final = -69.0
SLACK_SECONDS: Final = 0.001


class Levelling:
    """One track's gain. `measure` what is decoded, in order; `step` gives the gain of each piece.

    Parameters
    ----------
    loudness
        What the track is known to have, in LUFS; None to find out.
    """

    def __init__(self, loudness: float | None) -> None:
        self._known = loudness
        self._measured = loudness
        self._seconds = 0.0
        self._until = -1.0
        self._form: tuple[str, str, int, Fraction] | None = None
        self._graph = Graph()
        self._gain: float | None = None
        self._target = 0.0

    @property
    def settled(self) -> bool:
        """Whether nothing needs to be measured beforehand."""
        return self._known is not None or self._seconds > 0

    def measure(self, piece: AudioFrame) -> None:
        """Take notice of decoded sound, unless it was heard already."""
        if self._known is not None or piece.pts is None or not piece.samples:
            return
        unit = piece.time_base or Fraction(1, piece.sample_rate)
        at = float(piece.pts * unit)
        if at < self._until:
            return
        self._until = at + piece.samples / piece.sample_rate - SLACK_SECONDS
        form = (piece.format.name, piece.layout.name, piece.sample_rate, unit)
        if form != self._form:
            self._build(*form)
            self._form = form
        self._graph.push(piece)
        self._seconds += piece.samples / piece.sample_rate
        while True:
            try:
                heard = self._graph.pull()
            except (NothingYet, NothingMore):
                return
            loudness = float(heard.metadata.get("lavfi.r128.I", SILENCE_LUFS))
            if loudness > SILENCE_LUFS:
                self._measured = loudness

    def step(self, target: float, seconds: float) -> float:
        """Return the gain of the next `seconds`, in dB."""
        wanted = self._wanted(target)
        gain = wanted if self._gain is None or target != self._target else self._gain
        self._target = target
        rise, fall = RISE * seconds, FALL * seconds
        self._gain = min(max(wanted, gain - fall), gain + rise)
        return self._gain

    def _wanted(self, target: float) -> float:
        if self._measured is None:
            return 0.0
        most = MOST_GAIN
        if self._known is None:
            most = min(most, MOST_GAIN_PER_SECOND * self._seconds)
        return min(max(target - self._measured, LEAST_GAIN), most)

    def _build(self, format_name: str, layout: str, rate: int, unit: Fraction) -> None:
        graph = Graph()
        graph.threads = 1
        graph.link_nodes(
            graph.add_abuffer(format=format_name, layout=layout, sample_rate=rate, time_base=unit),
            graph.add("ebur128", "metadata=1:framelog=quiet"),
            graph.add("abuffersink"),
        ).configure()
        self._graph = graph


def tagged_loudness(tags: Mapping[str, str]) -> float | None:
    """Return the loudness that a track's tags (names in lower case) tell, in LUFS."""
    if (gain := _number(tags.get("replaygain_track_gain", ""))) is not None:
        return REPLAY_GAIN_LUFS - gain
    if (gain := _number(tags.get("r128_track_gain", ""), R128_TAG_UNIT)) is not None:
        return R128_TAG_LUFS - gain
    return None


def _number(text: str, unit: int = 1) -> float | None:
    try:
        found = float(text.lower().removesuffix("db")) / unit
    except ValueError:
        return None
    # What is further off than this is a mistake, or not a number at all.
    return found if abs(found) < FURTHEST_TAG else None
