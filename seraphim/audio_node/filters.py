"""What is done to a track's sound: the volume, Lavalink's filters, and levelling.

The ranges are those that Lavalink documents. Lavalink itself looks at none of them when it is
asked: what is out of range fails later, in the thread that plays, and ends the track. Here it is
refused at once, by the field's name, so that a mistake costs nothing that is playing.

All of it is plain data, equal when it sounds equal, so that "nothing is to be changed" is a
comparison; how each filter is made is the decoder's to know.
"""

import math
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from typing import Any, Final, Self, TypeVar, cast

__all__ = [
    "BANDS",
    "NAMES",
    "ChannelMix",
    "Distortion",
    "Filters",
    "Karaoke",
    "Loudness",
    "LowPass",
    "Rotation",
    "Sound",
    "Timescale",
    "Tremolo",
    "Vibrato",
    "WrongFilter",
]

BANDS: Final = 15
UNCHANGED_VOLUME: Final = 100
LOUDEST: Final = 10.0
"""Volume and volume filter together make it no louder than this, as a factor."""

SLOWEST: Final = 0.05
FASTEST: Final = 20.0
"""How far time and pitch are bent at most: behind it lies noise, at any price in CPU."""

T = TypeVar("T")


class WrongFilter(ValueError):
    """A filter that cannot be; `args[0]` says which field, and what it may be."""


@dataclass(frozen=True, slots=True)
class _Range:
    low: float = -math.inf
    high: float = math.inf
    above: bool = False
    """Whether `low` itself is out of range."""

    def check(self, value: object, name: str) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise WrongFilter(f"{name} must be a number")
        try:
            number = float(value)
        except OverflowError:  # a whole number of hundreds of digits
            number = math.inf
        if not math.isfinite(number):
            raise WrongFilter(f"{name} must be finite")
        if number > self.high or number < self.low or (self.above and number == self.low):
            raise WrongFilter(f"{name} must be {self}")
        return number

    def __str__(self) -> str:
        least = f"greater than {self.low:g}" if self.above else f"at least {self.low:g}"
        most = f"at most {self.high:g}"
        if math.isinf(self.high):
            return least
        return most if math.isinf(self.low) else f"{least} and {most}"


def _of(default: float, allowed: _Range) -> Any:
    """Declare a filter's field; `Any`, as `dataclasses.field` is, to fit every declaration."""
    return field(default=default, metadata={"range": allowed})


_ANY: Final = _Range(-1e6, 1e6)
"""Lavalink documents no range for these; further out a product of them would be no number."""

_SHARE: Final = _Range(0, 1)
_GAIN: Final = _Range(-0.25, 1)
_VOLUME: Final = _Range(0, 5)
_FACTOR: Final = _Range(0, above=True)
_RATE: Final = _Range(0, 20_000, above=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Karaoke:
    """Takes away what both channels have in common, and gives a band of it back."""

    level: float = _of(1.0, _SHARE)
    monoLevel: float = _of(1.0, _SHARE)  # noqa: N815 - Lavalink's names, here and below
    filterBand: float = _of(220.0, _Range(0, 24_000))  # noqa: N815
    filterWidth: float = _of(100.0, _RATE)  # noqa: N815


@dataclass(frozen=True, slots=True, kw_only=True)
class Timescale:
    """Bends time, pitch, or both at once (`rate`)."""

    speed: float = _of(1.0, _FACTOR)
    pitch: float = _of(1.0, _FACTOR)
    rate: float = _of(1.0, _FACTOR)

    @property
    def tempo(self) -> float:
        """How much of the media one second takes, in seconds."""
        return self.speed * self.rate

    @property
    def transposition(self) -> float:
        """What each frequency is multiplied by."""
        return self.pitch * self.rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Tremolo:
    """Loudness that swings. A depth of 0 is none."""

    frequency: float = _of(2.0, _RATE)
    depth: float = _of(0.5, _SHARE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vibrato:
    """Pitch that swings. A depth of 0 is none."""

    frequency: float = _of(2.0, _Range(0, 14, above=True))
    depth: float = _of(0.5, _SHARE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """Sound that goes around the listener's head. 0 Hz is none."""

    rotationHz: float = _of(0.0, _Range(-100, 100))  # noqa: N815


@dataclass(frozen=True, slots=True, kw_only=True)
class Distortion:
    """Each sample bent by sine, cosine and tangent, multiplied."""

    sinOffset: float = _of(0.0, _ANY)  # noqa: N815
    sinScale: float = _of(1.0, _ANY)  # noqa: N815
    cosOffset: float = _of(0.0, _ANY)  # noqa: N815
    cosScale: float = _of(1.0, _ANY)  # noqa: N815
    tanOffset: float = _of(0.0, _ANY)  # noqa: N815
    tanScale: float = _of(1.0, _ANY)  # noqa: N815
    offset: float = _of(0.0, _ANY)
    scale: float = _of(1.0, _ANY)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelMix:
    """How much of each channel goes where."""

    leftToLeft: float = _of(1.0, _SHARE)  # noqa: N815
    leftToRight: float = _of(0.0, _SHARE)  # noqa: N815
    rightToLeft: float = _of(0.0, _SHARE)  # noqa: N815
    rightToRight: float = _of(1.0, _SHARE)  # noqa: N815


@dataclass(frozen=True, slots=True, kw_only=True)
class LowPass:
    """Takes away what is high. A smoothing of 1 or less is none."""

    smoothing: float = _of(20.0, _ANY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loudness:
    """Levels each track to the same loudness, in LUFS. Seraphim's own, among the plugins'."""

    target: float = _of(-14.0, _Range(-30, -5))


_KINDS: Final[Mapping[str, type[object]]] = {
    "karaoke": Karaoke,
    "timescale": Timescale,
    "tremolo": Tremolo,
    "vibrato": Vibrato,
    "rotation": Rotation,
    "distortion": Distortion,
    "channelMix": ChannelMix,
    "lowPass": LowPass,
}

NAMES: Final = ("volume", "equalizer", *_KINDS, "loudness")
"""What `/v4/info` lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Lavalink's filters as they were asked for; None is one that was not."""

    volume: float | None = None
    equalizer: tuple[tuple[int, float], ...] | None = None
    karaoke: Karaoke | None = None
    timescale: Timescale | None = None
    tremolo: Tremolo | None = None
    vibrato: Vibrato | None = None
    rotation: Rotation | None = None
    distortion: Distortion | None = None
    channel_mix: ChannelMix | None = None
    low_pass: LowPass | None = None
    loudness: Loudness | None = None

    @classmethod
    def read(cls, value: object) -> Self:
        """Read them from JSON, as Lavalink names them. Raises `WrongFilter`.

        What is null was not asked for; only `volume` and `equalizer` cannot be null. Names that
        nobody knows are passed over.
        """
        given = _object(value, "filters")
        plugins = _object(given.get("pluginFilters") or {}, "filters.pluginFilters")
        volume, bands = "volume" in given, "equalizer" in given
        found = cls(
            volume=_VOLUME.check(given["volume"], "filters.volume") if volume else None,
            equalizer=_read_bands(given["equalizer"]) if bands else None,
            karaoke=_read(Karaoke, given, "karaoke"),
            timescale=_read(Timescale, given, "timescale"),
            tremolo=_read(Tremolo, given, "tremolo"),
            vibrato=_read(Vibrato, given, "vibrato"),
            rotation=_read(Rotation, given, "rotation"),
            distortion=_read(Distortion, given, "distortion"),
            channel_mix=_read(ChannelMix, given, "channelMix"),
            low_pass=_read(LowPass, given, "lowPass"),
            loudness=_read(Loudness, plugins, "loudness", "filters.pluginFilters"),
        )
        if (timescale := found.timescale) is not None:
            bent = (timescale.tempo, timescale.transposition)
            if min(bent) < SLOWEST or max(bent) > FASTEST:
                raise WrongFilter(
                    "filters.timescale: speed times rate, and pitch times rate, must be between"
                    f" {SLOWEST:g} and {FASTEST:g}"
                )
        return found

    @property
    def json(self) -> Mapping[str, object]:
        """How Lavalink tells them: with every field of those that were asked for."""
        told: dict[str, object] = {}
        if self.volume is not None:
            told["volume"] = self.volume
        if self.equalizer is not None:
            told["equalizer"] = [{"band": band, "gain": gain} for band, gain in self.equalizer]
        asked = {
            "karaoke": self.karaoke,
            "timescale": self.timescale,
            "tremolo": self.tremolo,
            "vibrato": self.vibrato,
            "rotation": self.rotation,
            "distortion": self.distortion,
            "channelMix": self.channel_mix,
            "lowPass": self.low_pass,
        }
        told |= {name: asdict(one) for name, one in asked.items() if one is not None}
        if self.loudness is not None:
            told["pluginFilters"] = {"loudness": asdict(self.loudness)}
        return told

    @property
    def gains(self) -> tuple[float, ...]:
        """The equalizer's gain in each band; of a band that is named twice the last counts."""
        gains = [0.0] * BANDS
        for band, gain in self.equalizer or ():
            gains[band] = gain
        return tuple(gains)


@dataclass(frozen=True, slots=True)
class Sound:
    """All that is to be done to a track's sound. `volume` is the player's, in percent."""

    volume: int = UNCHANGED_VOLUME
    filters: Filters = field(default_factory=Filters)

    @property
    def gain(self) -> float:
        """What each sample is multiplied by in the end."""
        factor = 1.0 if self.filters.volume is None else self.filters.volume
        return min(self.volume / UNCHANGED_VOLUME * factor, LOUDEST)

    @property
    def tempo(self) -> float:
        """How much of the media one second takes, in seconds."""
        return 1.0 if self.filters.timescale is None else self.filters.timescale.tempo

    @property
    def plain(self) -> bool:
        """Whether nothing is changed by it."""
        return self.gain == 1 and self.effective == Filters()

    @property
    def effective(self) -> Filters:
        """Only the filters that change anything, the volume apart: that is in `gain`."""
        one = self.filters
        still = one.rotation is None or not one.rotation.rotationHz
        return Filters(
            equalizer=one.equalizer if any(one.gains) else None,
            karaoke=one.karaoke,
            timescale=None if one.timescale == Timescale() else one.timescale,
            tremolo=one.tremolo if one.tremolo and one.tremolo.depth else None,
            vibrato=one.vibrato if one.vibrato and one.vibrato.depth else None,
            rotation=None if still else one.rotation,
            distortion=None if one.distortion == Distortion() else one.distortion,
            channel_mix=None if one.channel_mix == ChannelMix() else one.channel_mix,
            low_pass=one.low_pass if one.low_pass and one.low_pass.smoothing > 1 else None,
            loudness=one.loudness,
        )

    @property
    def alters(self) -> tuple[float, Filters]:
        """What two sounds have in common that sound the same."""
        return self.gain, self.effective


def _read(
    kind: type[T], given: Mapping[str, object], name: str, within: str = "filters"
) -> T | None:
    value = given.get(name)
    if value is None:
        return None
    path = f"{within}.{name}"
    told = _object(value, path)
    values: dict[str, float] = {}
    for one in fields(cast("Any", kind)):
        assert one.default is not MISSING
        allowed = cast("_Range", one.metadata["range"])
        values[one.name] = allowed.check(told.get(one.name, one.default), f"{path}.{one.name}")
    return kind(**values)


def _read_bands(value: object) -> tuple[tuple[int, float], ...]:
    if not isinstance(value, list):
        raise WrongFilter("filters.equalizer must be a list of bands")
    bands: list[tuple[int, float]] = []
    for index, entry in enumerate(cast("list[object]", value)):
        path = f"filters.equalizer[{index}]"
        told = _object(entry, path)
        band = told.get("band")
        if isinstance(band, bool) or not isinstance(band, int) or not 0 <= band < BANDS:
            raise WrongFilter(f"{path}.band must be a whole number from 0 to {BANDS - 1}")
        bands.append((band, _GAIN.check(told.get("gain", 1.0), f"{path}.gain")))
    return tuple(bands)


def _object(value: object, name: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise WrongFilter(f"{name} must be an object")
    return cast("Mapping[str, object]", value)
