"""What listeners hear when the sound is changed while it plays: real decoders, no network."""

import asyncio
import itertools
import math
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from seraphim.audio_node.decoders import Decoders
from seraphim.audio_node.filters import (
    Filters,
    LowPass,
    Rotation,
    Sound,
    Timescale,
    Tremolo,
)
from seraphim.audio_node.media import MediaSource
from seraphim.audio_node.playback import Playback, Start
from seraphim.audio_node.track import TrackInfo

pytestmark = pytest.mark.anyio

FRAME = 960
WINDOW = 240
"""5 ms: a hole or a bump as long as this is heard."""

PLAIN = Sound()
QUIET = Sound(20)
SOUNDS = {
    "quieter": QUIET,
    "louder": Sound(150),
    "a little": Sound(99),
    "filtered": Sound(100, Filters(low_pass=LowPass(smoothing=3))),
    "swinging": Sound(100, Filters(tremolo=Tremolo(frequency=3, depth=0.9))),
    "silent": Sound(0),
}


@pytest.fixture
async def decoders() -> AsyncIterator[Decoders]:
    async with Decoders() as decoders:
        yield decoders


class Listener:
    """Plays a tone of three seconds, faster than it would be."""

    def __init__(self, decoders: Decoders, tones: Any, kind: str, sound: Sound) -> None:
        source = MediaSource("file", str(tones.tone(kind)))
        info = TrackInfo(identifier="x", title="x", author="", length_ms=3000, source="library")
        self.feed = decoders.open(source, 0, sound)
        self.playback = Playback(Start(info, "", {}), self.feed, sound)
        self.frames: list[bytes] = []

    async def hear(self, count: int) -> None:
        async with asyncio.timeout(30):
            await self.feed.wait()
            while count:
                await asyncio.sleep(0.005)
                if (frame := self.playback.take()) is not None:
                    self.frames.append(frame)
                    count -= 1


def edges(samples: Sequence[float]) -> float:
    """The largest third difference: next to nothing for a tone, all of it for a step."""
    values = list(samples)
    for _ in range(3):
        values = [b - a for a, b in itertools.pairwise(values)]
    return max(map(abs, values))


def levels(samples: Sequence[float]) -> list[float]:
    """How loud each 5 ms are, overlapping."""
    return [
        math.sqrt(sum(value * value for value in samples[at : at + WINDOW]) / WINDOW)
        for at in range(0, len(samples) - WINDOW, WINDOW // 4)
    ]


def steady(left: Sequence[float]) -> float:
    """The sharpest edge before the change and after it."""
    return max(edges(left[20 * FRAME : 38 * FRAME]), edges(left[80 * FRAME : 98 * FRAME]))


@pytest.mark.parametrize("kind", ["mp3", "ogg"])
@pytest.mark.parametrize("name", SOUNDS)
async def test_another_sound_comes_without_a_click_and_goes_without_one(
    decoders: Decoders, tones: Any, opus: Any, kind: str, name: str
) -> None:
    """To a filter and back, from copied Opus and from what is encoded anyway."""
    for before, after in ((PLAIN, SOUNDS[name]), (SOUNDS[name], PLAIN)):
        listener = Listener(decoders, tones, kind, before)
        await listener.hear(40)
        listener.playback.change(after, heard=True)
        await listener.hear(60)
        listener.playback.close()
        left = opus(listener.frames).left
        # The rounding to 16 bits of the listener's decoder is an edge too.
        assert edges(left[38 * FRAME : 80 * FRAME]) < 2 * max(steady(left), 4 / 32768)


@pytest.mark.parametrize("kind", ["mp3", "ogg"])
async def test_there_is_no_hole_where_one_sound_goes_over_into_another(
    decoders: Decoders, tones: Any, opus: Any, kind: str
) -> None:
    listener = Listener(decoders, tones, kind, Sound(99))
    await listener.hear(40)
    listener.playback.change(Sound(100), heard=True)
    await listener.hear(40)
    listener.playback.close()
    left = opus(listener.frames).left
    around, usual = levels(left[38 * FRAME : 60 * FRAME]), levels(left[20 * FRAME : 38 * FRAME])
    assert min(around) > 0.95 * min(usual)
    assert max(around) < 1.05 * max(usual)


async def test_a_seek_is_no_click_either(decoders: Decoders, tones: Any, opus: Any) -> None:
    listener = Listener(decoders, tones, "mp3", PLAIN)
    await listener.hear(40)
    listener.playback.seek(1500, heard=True)
    assert listener.playback.position_ms == 1500
    await listener.hear(60)
    # However long the other place takes to be there on a busy machine.
    while listener.playback.position_ms < 1500 + 50 * 20:
        await listener.hear(1)
    listener.playback.close()
    left = opus(listener.frames).left
    assert edges(left[38 * FRAME : 80 * FRAME]) < 2 * max(steady(left), 4 / 32768)
    taken = listener.playback.position_ms - 1500
    assert taken <= (len(listener.frames) - 40) * 20


async def test_a_hard_cut_would_be_found(decoders: Decoders, tones: Any, opus: Any) -> None:
    """The measure itself: frames of one sound put behind those of another."""
    heard: list[list[bytes]] = []
    for sound in (PLAIN, QUIET):
        listener = Listener(decoders, tones, "mp3", sound)
        await listener.hear(100)
        listener.playback.close()
        heard.append(listener.frames)
    loud, quiet = (opus(frames).left for frames in heard)
    left = [*loud[: 50 * FRAME + 500], *quiet[50 * FRAME + 500 :]]
    assert edges(left[38 * FRAME : 80 * FRAME]) > 20 * max(steady(left), 4 / 32768)


async def test_opus_is_copied_again_when_nothing_is_changed_any_more(
    decoders: Decoders, tones: Any
) -> None:
    source = MediaSource("file", str(tones.tone("ogg")))
    whole = decoders.open(source)
    copied: list[bytes] = []
    async with asyncio.timeout(30):
        while not whole.ended:
            await whole.wait()
            if (frame := whole.take()) is not None:
                copied.append(frame)
    listener = Listener(decoders, tones, "ogg", PLAIN)
    await listener.hear(30)
    listener.playback.change(SOUNDS["swinging"], heard=True)
    await listener.hear(30)
    listener.playback.change(Sound(100, Filters(rotation=Rotation())), heard=True)
    await listener.hear(60)
    listener.playback.close()
    frames = listener.frames
    assert frames[:30] == copied[:30]
    assert not set(frames[50:60]) & set(copied)
    # Exactly where they belong, with nothing lost and nothing heard twice.
    assert frames[90:] == copied[90:120]


async def test_position_is_the_medias_however_fast_it_is_played(
    decoders: Decoders, tones: Any
) -> None:
    fast = Sound(100, Filters(timescale=Timescale(speed=2)))
    listener = Listener(decoders, tones, "mp3", fast)
    await listener.hear(40)
    assert listener.playback.position_ms == 1600
    assert listener.playback.left_ms == 700
    listener.playback.change(PLAIN, heard=True)
    await listener.hear(20)
    assert 2000 < listener.playback.position_ms <= 2400
    listener.playback.close()


async def test_a_seek_back_when_all_is_decoded_is_served(decoders: Decoders, tones: Any) -> None:
    """The decoder is done long before the listeners are, and still there."""
    listener = Listener(decoders, tones, "mp3", PLAIN)
    await listener.hear(100)
    listener.playback.seek(0, heard=True)
    await listener.hear(149)
    assert not listener.playback.ended
    listener.playback.close()


async def test_changes_in_quick_succession_end_with_the_last(
    decoders: Decoders, tones: Any, opus: Any
) -> None:
    listener = Listener(decoders, tones, "mp3", PLAIN)
    await listener.hear(30)
    for volume in (10, 60, 30, 80, 50):
        listener.playback.change(Sound(volume), heard=True)
    await listener.hear(3)
    listener.playback.change(QUIET, heard=True)
    await listener.hear(60)
    assert listener.playback.position_ms == 93 * 20
    listener.playback.close()
    sound = opus(listener.frames)
    assert sound.level(1.2, 1.8) == pytest.approx(0.2 * sound.level(0.1, 0.5), rel=0.03)
