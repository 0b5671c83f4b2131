"""How it is to sound: a preset, and a speed and a pitch of people's own on top of it.

What a preset does to a node's filters is the edge's business; how fast it makes a track run is in
here, for the player's clock has to run as fast.
"""

from dataclasses import dataclass
from enum import StrEnum

UNCHANGED = 100
SLOWEST, FASTEST = 50, 200
LOWEST, HIGHEST = 50, 200


class Preset(StrEnum):
    """The presets, by the names that people choose them by."""

    OFF = "off"
    BASS_BOOST = "bass boost"
    NIGHTCORE = "nightcore"
    VAPORWAVE = "vaporwave"
    ROTATION = "8D"
    KARAOKE = "karaoke"
    TREMOLO = "tremolo"
    VIBRATO = "vibrato"
    LOW_PASS = "low pass"  # noqa: S105 - a filter of sound
    SOFT = "soft"
    POP = "pop"
    TREBLE = "treble"


# Percent of speed, and of pitch.
TIMESCALES = {Preset.NIGHTCORE: (120, 120), Preset.VAPORWAVE: (85, 80)}


@dataclass(frozen=True, slots=True)
class Sound:
    """Preset, speed and pitch; the latter in percent of what they are in the track."""

    preset: Preset = Preset.OFF
    speed: int = UNCHANGED
    pitch: int = UNCHANGED

    @property
    def tempo(self) -> int:
        """How fast a track runs with all of it, in percent."""
        return self.speed * TIMESCALES.get(self.preset, (UNCHANGED, UNCHANGED))[0] // 100

    @property
    def height(self) -> int:
        """How high it sounds with all of it, in percent."""
        return self.pitch * TIMESCALES.get(self.preset, (UNCHANGED, UNCHANGED))[1] // 100


PLAIN = Sound()
