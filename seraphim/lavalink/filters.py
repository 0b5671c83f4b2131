"""A sound as Lavalink's filters.

The gains are moderate on purpose: an equalizer that lifts a band by much clips loud tracks, so what
lifts lowers the whole a little. Names and ranges are Lavalink's (REST API, "Filters").
"""

from collections.abc import Mapping
from typing import Any, Final

from actors.guild.player.sound import UNCHANGED, Preset, Sound

Json = Mapping[str, Any]


def _bands(*gains: float) -> list[Json]:
    return [{"band": band, "gain": gain} for band, gain in enumerate(gains) if gain]


_PRESETS: Final[Mapping[Preset, Json]] = {
    Preset.OFF: {},
    Preset.BASS_BOOST: {"volume": 0.9, "equalizer": _bands(0.25, 0.22, 0.18, 0.1, 0.05)},
    Preset.NIGHTCORE: {},
    Preset.VAPORWAVE: {"tremolo": {"frequency": 14.0, "depth": 0.1}},
    Preset.ROTATION: {"rotation": {"rotationHz": 0.2}},
    Preset.KARAOKE: {
        "karaoke": {"level": 1.0, "monoLevel": 1.0, "filterBand": 220.0, "filterWidth": 100.0}
    },
    Preset.TREMOLO: {"tremolo": {"frequency": 4.0, "depth": 0.6}},
    Preset.VIBRATO: {"vibrato": {"frequency": 6.0, "depth": 0.5}},
    Preset.LOW_PASS: {"lowPass": {"smoothing": 20.0}},
    Preset.SOFT: {
        "lowPass": {"smoothing": 4.0},
        "equalizer": _bands(0, 0, 0, 0, 0, 0, 0, 0, -0.03, -0.06, -0.08, -0.1, -0.12, -0.14, -0.16),
    },
    Preset.POP: {
        "volume": 0.95,
        "equalizer": _bands(-0.02, -0.01, 0.04, 0.08, 0.1, 0.1, 0.08, 0.04, 0.0, -0.02, -0.02),
    },
    Preset.TREBLE: {
        "volume": 0.9,
        "equalizer": _bands(0, 0, 0, 0, 0, 0, 0, 0, 0.04, 0.08, 0.12, 0.16, 0.2, 0.22, 0.25),
    },
}


def filters(sound: Sound) -> dict[str, Any]:
    """Return all that is to be done to the sound; what is not in it is done no longer."""
    chosen = dict(_PRESETS[sound.preset])
    if (sound.tempo, sound.height) != (UNCHANGED, UNCHANGED):
        chosen["timescale"] = {
            "speed": sound.tempo / UNCHANGED,
            "pitch": sound.height / UNCHANGED,
            "rate": 1.0,
        }
    return chosen
