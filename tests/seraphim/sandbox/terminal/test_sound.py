import time

import pytest

from seraphim.sandbox import music
from seraphim.sandbox.terminal.sound import (
    LASTING_SECONDS,
    LASTING_SILENCE_SECONDS,
    SILENCE,
    UNKNOWN,
    Ear,
    Sound,
)
from seraphim.sandbox.voice import Heard, Packet
from tests.seraphim.sandbox.voice.conftest import encode_tone


class Channel:
    """A channel that hears what a test says, and an ear at a clock that a test moves on."""

    def __init__(self) -> None:
        self.heard = Heard()
        self.now = 0.0
        self.ear = Ear(self.heard, lambda: self.now)
        self._count = 0

    def sound(self, hz: float) -> None:
        """A tone is heard from now on; 0 Hz: silence.

        Its first packets are long past and the others yet to come, so that what is asked about the
        last moments is asked about it alone, however long the asking takes.
        """
        packets = encode_tone(hz, 0.2)
        for index, opus in enumerate(packets):
            self._count += 1
            arrived = 0.0 if index < len(packets) // 2 else time.monotonic() + 60
            self.heard.hear(Packet(1, self._count, self._count * 960, arrived, opus))

    def listen(self, *, after: float = 0.0) -> bool:
        self.now += after
        return self.ear.listen()


@pytest.fixture
def channel() -> Channel:
    return Channel()


@pytest.mark.parametrize("track", music.TRACKS, ids=lambda track: track.title)
def test_a_track_is_known_by_its_pitch(track: music.Track) -> None:
    assert Sound(-20.0, track.pitch * 1.01).name == track.title


def test_what_is_no_track_is_something() -> None:
    assert Sound(-20.0, 1000.0).name == Sound(-20.0, None).name == UNKNOWN


def test_what_is_too_faint_is_silence() -> None:
    assert Sound(-60.0, 440.0).name == SILENCE


def test_sounds_are_told_in_words() -> None:
    assert str(Sound(-19.6, 439.7)) == "Aurora: 440 Hz at -20 dB"
    assert str(Sound(-19.6, None)) == "something: no clear pitch at -20 dB"
    assert str(Sound(-96.0, None)) == "silence"


def test_a_sound_counts_once_it_lasts(channel: Channel) -> None:
    channel.sound(440)
    assert not channel.listen()
    assert channel.ear.now.name == "Aurora"
    assert channel.ear.sound.name == SILENCE
    channel.sound(440)
    assert channel.listen(after=2 * LASTING_SECONDS)
    assert channel.ear.sound.name == "Aurora"
    channel.sound(440)
    assert not channel.listen(after=2 * LASTING_SECONDS)


def test_a_moment_of_silence_between_two_tracks_is_passed_over(channel: Channel) -> None:
    channel.sound(440)
    channel.listen()
    channel.sound(440)
    channel.listen(after=2 * LASTING_SECONDS)
    channel.sound(0)
    assert not channel.listen()
    channel.sound(0)
    assert not channel.listen(after=LASTING_SILENCE_SECONDS / 2)
    channel.sound(220)
    assert not channel.listen(after=LASTING_SILENCE_SECONDS / 2)
    channel.sound(220)
    assert channel.listen(after=2 * LASTING_SECONDS)
    assert channel.ear.sound.name == "Ember"


def test_silence_counts_once_it_lasts_longer(channel: Channel) -> None:
    channel.sound(440)
    channel.listen()
    channel.sound(440)
    channel.listen(after=2 * LASTING_SECONDS)
    channel.sound(0)
    assert not channel.listen()
    channel.sound(0)
    assert channel.listen(after=2 * LASTING_SILENCE_SECONDS)
    assert channel.ear.sound.name == SILENCE
