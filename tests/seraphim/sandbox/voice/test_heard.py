"""What is remembered of a channel, fed with packets as if they had arrived."""

import time
from collections.abc import Callable, Iterable

import pytest

from seraphim.sandbox.voice import Heard, Packet, Violation
from seraphim.sandbox.voice import heard as heard_module

pytestmark = pytest.mark.anyio

Tone = Callable[..., tuple[bytes, ...]]


def play(
    heard: Heard,
    opus: Iterable[bytes],
    *,
    ssrc: int = 1,
    first: int = 0,
    ended: float | None = None,
    without: Iterable[int] = (),
) -> None:
    """Packets 20 ms apart, the last of which arrived at `ended` (now)."""
    packets = list(enumerate(opus))
    end = time.monotonic() if ended is None else ended
    for index, payload in packets:
        if index in without:
            continue
        sequence, arrived = first + index, end - 0.02 * (len(packets) - 1 - index)
        heard.hear(Packet(ssrc, sequence % 2**16, 960 * sequence % 2**32, arrived, payload))


def test_a_tone_is_heard_at_its_pitch_and_level(tone: Tone) -> None:
    heard = Heard()
    play(heard, tone(440, 1))
    assert heard.pitch(last=0.5) == pytest.approx(440, rel=0.005)
    assert heard.level(last=0.5) == pytest.approx(-15.3, abs=0.5)
    assert not heard.violations


def test_nothing_was_heard_of_an_empty_channel() -> None:
    heard = Heard()
    assert (heard.pitch(), heard.level(), heard.packets) == (None, -96, ())
    assert heard.first_audible() is None
    assert heard.continuity().longest_gap_ms == 0
    assert str(heard) == "0 packets, now -96 dBFS, no pitch; in order"


def test_questions_can_be_asked_in_any_order_about_any_stretch(tone: Tone) -> None:
    asked_backwards, asked_once = Heard(), Heard()
    marks = []
    for heard in (asked_backwards, asked_once):
        for index, hz in enumerate((440, 660, 880)):
            marks.append(heard.mark())
            play(heard, tone(hz, 0.5), first=25 * index)
    lengths = [len(asked_backwards.pcm(since=mark)) for mark in reversed(marks[:3])]
    assert lengths == [1920 * packets for packets in (25, 50, 75)]
    pairs = zip(asked_backwards.pcm(), asked_once.pcm(), strict=True)
    assert max(abs(a - b) for a, b in pairs) < 200


def test_a_stretch_asked_about_alone_sounds_as_it_does_in_the_whole(tone: Tone) -> None:
    whole, part = Heard(), Heard()
    for heard in (whole, part):
        play(heard, tone(440, 1))
    tail = whole.pcm()[-20 * 1920 :]
    alone = part.pcm(last=20 * 0.02 - 0.01)
    assert len(alone) == len(tail)
    assert max(abs(a - b) for a, b in zip(alone, tail, strict=True)) < 200


def test_a_mark_divides_what_was_before_from_what_comes(tone: Tone) -> None:
    heard = Heard()
    play(heard, tone(440, 0.4))
    mark = heard.mark()
    assert heard.window(since=mark) == ()
    assert heard.pitch(since=mark) is None
    play(heard, tone(660, 0.4), first=20)
    assert len(heard.window(since=mark)) == 20
    assert heard.pitch(since=mark) == pytest.approx(660, rel=0.01)


def test_the_last_seconds_are_counted_from_now(tone: Tone) -> None:
    heard = Heard()
    play(heard, tone(440, 0.4), ended=time.monotonic() - 5)
    assert heard.level(last=2) == -96
    assert heard.pitch(last=6) == pytest.approx(440, rel=0.01)


def test_the_first_audible_packet_comes_after_silence(tone: Tone) -> None:
    heard = Heard()
    play(heard, tone(0, 0.2) + tone(440, 0.2))
    packet = heard.first_audible()
    assert packet is not None
    assert packet.sequence in (10, 11)


def test_an_unbroken_stream_is_whole_over_the_wrap_of_its_sequence(tone: Tone) -> None:
    heard = Heard()
    play(heard, tone(440, 1), first=2**16 - 20)
    continuity = heard.continuity()
    assert (continuity.packets, continuity.lost, continuity.timestamp_jumps) == (50, 0, 0)
    assert continuity.longest_gap_ms == pytest.approx(20, abs=0.01)
    assert heard.silences() == []


def test_lost_packets_are_counted_and_are_silence_in_the_sound(tone: Tone) -> None:
    heard = Heard()
    play(heard, tone(440, 1), first=2**16 - 20, without=(10, 30, 31))
    continuity = heard.continuity()
    assert (continuity.packets, continuity.lost, continuity.reordered) == (47, 3, 0)
    assert continuity.longest_gap_ms == pytest.approx(60, abs=0.01)
    assert heard.silences() == [pytest.approx(20, abs=3), pytest.approx(40, abs=3)]
    assert len(heard.pcm()) == 50 * 960 * 2


def test_packets_out_of_order_are_not_lost(tone: Tone) -> None:
    heard = Heard()
    opus = tone(440, 0.1)
    for sequence in (0, 2, 1, 3):
        heard.hear(Packet(1, sequence, 960 * sequence, 0.02 * sequence, opus[sequence]))
    continuity = heard.continuity()
    assert (continuity.lost, continuity.reordered, continuity.timestamp_jumps) == (0, 1, 0)


def test_a_timestamp_that_jumps_is_noticed(tone: Tone) -> None:
    heard = Heard()
    for index, opus in enumerate(tone(440, 0.2)):
        timestamp = 960 * index + (480 if index >= 5 else 0)
        heard.hear(Packet(1, index, timestamp, 0.02 * index, opus))
    assert heard.continuity().timestamp_jumps == 1


def test_a_speaker_who_joined_anew_is_not_compared_with_his_former_self(tone: Tone) -> None:
    heard = Heard()
    play(heard, tone(440, 0.3), ssrc=1, first=900)
    play(heard, tone(660, 0.3), ssrc=2, first=7)
    continuity = heard.continuity()
    assert continuity.speakers == (1, 2)
    assert (continuity.lost, continuity.timestamp_jumps) == (0, 0)
    assert heard.pitch(last=0.25) == pytest.approx(660, rel=0.01)


def test_a_sequence_number_sent_twice_is_heard_once(tone: Tone) -> None:
    heard = Heard()
    play(heard, tone(440, 0.1))
    play(heard, tone(660, 0.1)[:1], first=4)
    assert len(heard.packets) == 5
    assert heard.violations == {Violation.REPLAYED: 1}


def test_a_payload_that_is_not_opus_is_a_violation_and_silence(tone: Tone) -> None:
    heard = Heard()
    opus = list(tone(440, 0.2))
    opus[4] = b"\xff" * 40
    play(heard, opus)
    assert heard.silences() == [pytest.approx(20, abs=3)]
    assert heard.violations == {Violation.UNDECODABLE: 1}


def test_memory_is_bounded_and_marks_outlive_what_is_forgotten(
    monkeypatch: pytest.MonkeyPatch, tone: Tone
) -> None:
    monkeypatch.setattr(heard_module, "KEPT_PCM", 10)
    heard = Heard()
    heard._frames = type(heard._frames)(maxlen=40)
    mark = heard.mark()
    for second in range(3):
        play(heard, tone(440, 1), first=50 * second)
        assert heard.pitch(since=mark) == pytest.approx(440, rel=0.01)
    assert len(heard.packets) == 40
    assert heard.pitch(last=0.2) == pytest.approx(440, rel=0.01)
    assert sum(frame.pcm is not None for frame in heard._frames) <= 10 + 15


async def test_waiting_ends_with_the_first_packet_that_is_audible(tone: Tone) -> None:
    heard = Heard()
    mark = heard.mark()
    play(heard, tone(0, 0.1) + tone(440, 0.3))
    packet = await heard.until_audible(since=mark)
    assert packet.sequence in (5, 6)
    await heard.until_pitch(440)


async def test_waiting_in_vain_says_what_was_heard_instead(tone: Tone) -> None:
    heard = Heard()
    play(heard, tone(440, 0.4))
    with pytest.raises(TimeoutError, match=r"a pitch of 660 Hz .* 20 packets, .* 440 Hz; in order"):
        await heard.until_pitch(660, deadline=0.05)
    with pytest.raises(TimeoutError, match="sound was not heard"):
        await heard.until_audible(deadline=0.05)


async def test_silence_is_what_follows_the_last_packet(tone: Tone) -> None:
    heard = Heard()
    play(heard, tone(440, 0.2))
    await heard.until_silent(for_seconds=0.1)
    assert heard.level() == -96
