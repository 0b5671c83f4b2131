"""Sounds as Lavalink's filters."""

import pytest

from actors.guild.player.sound import PLAIN, Preset, Sound
from seraphim.audio_node.filters import Filters
from seraphim.lavalink.filters import filters


@pytest.mark.parametrize("preset", Preset)
@pytest.mark.parametrize("speed", [50, 100, 200])
@pytest.mark.parametrize("pitch", [50, 100, 200])
def test_a_node_takes_every_sound(preset: Preset, speed: int, pitch: int) -> None:
    Filters.read(filters(Sound(preset, speed, pitch)))


def test_the_plain_sound_takes_every_filter_away() -> None:
    assert filters(PLAIN) == {}


@pytest.mark.parametrize("preset", [preset for preset in Preset if preset is not Preset.OFF])
def test_every_preset_does_something_of_its_own(preset: Preset) -> None:
    assert filters(Sound(preset)) not in [filters(Sound(other)) for other in set(Preset) - {preset}]


def test_speed_and_pitch_come_on_top_of_a_preset() -> None:
    timescale = {"speed": 1.8, "pitch": 0.6, "rate": 1.0}
    assert filters(Sound(Preset.NIGHTCORE, 150, 50))["timescale"] == timescale
