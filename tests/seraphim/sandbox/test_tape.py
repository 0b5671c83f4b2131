"""The measure itself: packets of the tape, dealt out as a bot, a node and a network would."""

import itertools
import wave
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import av
import pytest
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream

from seraphim.sandbox import tape
from seraphim.sandbox.voice.heard import Packet
from seraphim.voice import FRAME_MS, SILENCE

FRAME = FRAME_MS / 1000
SECONDS = 60


@pytest.fixture(scope="session")
def opus(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """A minute of the tape, a bit more than a period, as the frames that a node would send."""
    folder = tmp_path_factory.mktemp("tape")
    tape.make(folder / "tape.wav", minutes=1)
    frames: list[bytes] = []
    with (
        av.open(str(folder / "tape.wav")) as source,
        av.open(str(folder / "tape.ogg"), "w", format="ogg") as sink,
    ):
        stream = sink.add_stream("libopus", rate=48_000, layout="stereo")
        assert isinstance(stream, AudioStream)
        resampler = av.AudioResampler(format="flt", layout="stereo", rate=48_000, frame_size=960)
        for piece in itertools.chain(source.decode(audio=0), [None]):
            for frame in resampler.resample(piece):
                assert isinstance(frame, AudioFrame)
                frames += [bytes(packet) for packet in stream.encode(frame)]
    return frames


class Channel:
    """Takes packets of the tape as they would arrive."""

    def __init__(self, opus: Sequence[bytes]) -> None:
        self.packets: list[Packet] = []
        self.now = 100.0
        self._opus = opus
        self._at = 0
        self._sequence = 65_500
        self._ssrc = 1

    def play(self, frames: int) -> None:
        for _ in range(frames):
            self._send(self._opus[self._at])
            self._at += 1

    def lose(self, frames: int) -> None:
        self._at += frames
        self._sequence += frames
        self.now += frames * FRAME

    def fall_silent(self, frames: int) -> None:
        for _ in range(frames):
            self._send(SILENCE)

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def seek(self, seconds: float) -> None:
        self._at += round(seconds / FRAME)

    def join_anew(self) -> None:
        self._ssrc += 1
        self._sequence = 7

    def _send(self, opus: bytes) -> None:
        sequence = self._sequence % 2**16
        self.packets.append(Packet(self._ssrc, sequence, 960 * sequence, self.now, opus))
        self._sequence += 1
        self.now += FRAME

    def judged(self) -> tape.Interruption:
        return tape.interruption(self.packets)


@pytest.fixture
def channel(opus: list[bytes]) -> Channel:
    return Channel(opus)


def test_a_tape_is_as_long_as_it_was_asked_for_and_one_period_after_another(tmp_path: Path) -> None:
    tape.make(tmp_path / "tape.wav", minutes=2)
    with wave.open(str(tmp_path / "tape.wav")) as file:
        assert file.getnframes() / file.getframerate() >= 120
        period = tape.PERIOD * file.getframerate()
        first = file.readframes(period)
        assert file.readframes(period) == first


@pytest.mark.parametrize("seconds", [1, 13.4, 31, 49.9, 50.1, 55])
def test_a_place_is_told_by_what_is_heard_there(opus: list[bytes], seconds: float) -> None:
    channel = Channel(opus)
    channel.seek(seconds - 0.3)
    channel.play(tape.RUN)
    assert tape.place(channel.packets) == pytest.approx(seconds % tape.PERIOD, abs=0.1)


def test_a_place_is_not_told_of_silence(channel: Channel) -> None:
    channel.fall_silent(tape.RUN)
    with pytest.raises(ValueError, match="pitch"):
        tape.place(channel.packets)


def test_nothing_is_wrong_with_steady_sound(channel: Channel) -> None:
    channel.play(200)
    told = channel.judged()
    assert (told.missing, round(told.silence_ms)) == (0, 0)
    assert told.off_s < 0.1


def test_what_came_late_and_was_made_up_for_is_not_missing(channel: Channel) -> None:
    channel.play(200)
    channel.packets[100:110] = [
        replace(packet, arrived=channel.packets[110].arrived) for packet in channel.packets[100:110]
    ]
    told = channel.judged()
    assert told.missing == 0
    assert told.silence_ms == pytest.approx(200)
    assert told.off_s < 0.1


def test_lost_frames_are_missing(channel: Channel) -> None:
    channel.play(100)
    channel.lose(3)
    channel.play(100)
    told = channel.judged()
    assert told.missing == 3
    assert told.silence_ms == pytest.approx(60)
    assert told.off_s < 0.1


def test_a_pause_in_which_the_song_stood_still_is_silence_at_the_right_place(
    channel: Channel,
) -> None:
    channel.play(100)
    channel.fall_silent(5)
    channel.wait(1.5)
    channel.play(100)
    told = channel.judged()
    assert told.silence_ms == pytest.approx(1600)
    assert told.missing == 80
    assert told.off_s < 0.1
    assert told.back_at == channel.packets[105].arrived


def test_a_new_connection_that_goes_on_at_once_misses_nothing(channel: Channel) -> None:
    channel.play(100)
    channel.join_anew()
    channel.play(100)
    assert channel.judged().missing == 0


@pytest.mark.parametrize("shift", [-7, 7])
def test_a_new_connection_may_come_a_moment_before_or_after_the_longest_wait(
    channel: Channel, shift: int
) -> None:
    channel.play(100)
    channel.join_anew()
    channel.play(100)
    late = 100 + shift
    channel.packets[late:] = [
        replace(packet, arrived=packet.arrived + 0.01) for packet in channel.packets[late:]
    ]
    told = channel.judged()
    assert told.silence_ms == pytest.approx(10)
    assert told.off_s < 0.1


@pytest.mark.parametrize(("jump", "off"), [(0, 0), (2, 0), (1, 0), (-1.5, 1.5), (4, 2), (7, 5)])
def test_a_place_is_right_up_to_where_the_song_would_have_been(
    channel: Channel, jump: float, off: float
) -> None:
    channel.seek(5)
    channel.play(100)
    channel.wait(2)
    channel.join_anew()
    channel.seek(jump)
    channel.play(100)
    told = channel.judged()
    assert told.silence_ms == pytest.approx(2000)
    assert told.off_s == pytest.approx(off, abs=0.1)


def test_a_jump_over_the_end_of_a_period_is_measured_too(channel: Channel) -> None:
    channel.seek(48)
    channel.play(80)
    channel.wait(1)
    channel.seek(2)
    channel.play(150)
    assert channel.judged().off_s == pytest.approx(1, abs=0.1)


def test_too_little_sound_is_not_judged(channel: Channel) -> None:
    channel.play(2 * tape.EDGE)
    with pytest.raises(ValueError, match="not enough"):
        channel.judged()
