"""A tape measure in sound: a song by whose pitch one can tell where in it one is.

The pitch rises steadily for `PERIOD` seconds, then begins anew. A stretch of what was heard of it
says, without a word from the bot or its node, how long nothing sounded, whether anything is
missing, and at which place the song went on.
"""

import asyncio
import math
import wave
from array import array
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from seraphim.sandbox.voice import analysis
from seraphim.sandbox.voice.heard import Heard, Packet
from seraphim.sandbox.voice.opus import OpusDecoder, UndecodableError, samples
from seraphim.voice import FRAME_MS

TITLE = "Tape"

LOWEST = 300
RISE = 20
PERIOD = 50
"""From 300 to 1300 Hz. A period has a whole number of waves: it can be put behind itself."""

RATE = 8_000
LOUDNESS = 12_000

RUN = 15
WINDOW = 5
"""Packets that are decoded to tell a place, and how many are listened to at a time."""

AGREEING = 0.15
"""Seconds that two places may differ and still mean the same."""

EDGE = 50
"""Packets at either end of a stretch, the most punctual of which say where the clock stood."""

STEADY_SECONDS = 1.2
STEADY_PACKETS = 55
STEADY_DEADLINE = 60.0
"""What counts as steady sound, and how long is waited for it."""

_FRAME = FRAME_MS / 1000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Interruption:
    """The worst that was heard of a stretch of the tape."""

    silence_ms: float
    """The longest wait for sound, beyond the 20 ms between any two packets."""
    missing: int
    """Frames that a listener did not get: lost, filled up with silence, or never made up for."""
    off_s: float
    """How far from where it should have the song went on after the longest wait: anywhere from
    where it broke off to where it would have been by then is right."""
    back_at: float
    """When the longest wait was over, by `time.monotonic`."""


def make(path: Path, *, minutes: int) -> None:
    """Write the tape to a WAV file, so long at least."""
    period = array("h", (_sample(number) for number in range(PERIOD * RATE))).tobytes()
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        for _ in range(math.ceil(minutes * 60 / PERIOD)):
            file.writeframesraw(period)


async def until_steady(heard: Heard) -> None:
    """Wait until the sound is steady. Raises TimeoutError."""

    def is_steady() -> bool:
        sound = [packet for packet in heard.window(last=STEADY_SECONDS) if not packet.silence]
        return len(sound) >= STEADY_PACKETS

    await heard.until(is_steady, deadline=STEADY_DEADLINE, what="steady sound")


async def listen_through(
    heard: Heard, happen: Callable[[], Awaitable[T]]
) -> tuple[Interruption, T]:
    """Let something happen between two stretches of steady sound; tell what was heard meanwhile.

    `happen` returns when it can be seen to have happened; what it does to the sound may come a
    moment later. Raises TimeoutError when the sound is not steady in time, ValueError when there
    was not enough of it.
    """
    await until_steady(heard)
    mark = heard.mark()
    await asyncio.sleep(STEADY_SECONDS)
    outcome = await happen()
    await asyncio.sleep(STEADY_SECONDS)
    await until_steady(heard)
    packets = heard.window(since=mark)
    # Elsewhere: the sandbox must take packets when they come.
    return await asyncio.to_thread(interruption, packets), outcome


def interruption(packets: Sequence[Packet]) -> Interruption:
    """Judge a stretch that began and ended with steady sound. Raises ValueError for one without."""
    sound = [packet for packet in packets if not packet.silence]
    if len(sound) <= 2 * EDGE:
        raise ValueError("there is not enough sound in the stretch")
    waits = [after.arrived - before.arrived for before, after in pairwise(sound)]
    longest = max(range(RUN, len(waits) - RUN), key=waits.__getitem__)
    silence = max(0.0, waits[longest] - _FRAME)
    behind = _punctual(sound[-EDGE:], len(sound) - EDGE) - _punctual(sound[:EDGE], 0)
    lost = sum(
        max(0, (after.sequence - before.sequence + 2**15) % 2**16 - 2**15 - 1)
        for before, after in pairwise(packets)
        if before.ssrc == after.ssrc
    )
    silent = len(packets) - len(sound)
    return Interruption(
        silence_ms=1000 * silence,
        # What was lost leaves a hole in time too: it is counted once.
        missing=max(lost + silent, round(behind / _FRAME)),
        off_s=_off(sound[: longest + 1], sound[longest + 1 :], silence),
        back_at=sound[longest + 1].arrived,
    )


def place(packets: Sequence[Packet]) -> float:
    """Return where in the tape, in seconds from 0 to `PERIOD`, a run of one speaker's packets ends.

    Raises ValueError when that cannot be heard.
    """
    decoder = OpusDecoder()
    frames: list[array[int]] = []
    for packet in packets[-RUN:]:
        try:
            frames.append(samples(decoder.decode(packet.opus)))
        except UndecodableError as error:
            raise ValueError("a packet is not Opus") from error
    # Around the end of a period a pitch cannot be trusted: two that agree can.
    places = [_place(frames, back) for back in range(0, len(frames) - WINDOW + 1, WINDOW)]
    for index, one in enumerate(places):
        for other in places[:index] + places[index + 1 :]:
            if one is not None and other is not None and abs(_apart(one, other)) <= AGREEING:
                return one
    raise ValueError("no pitch can be heard")


def _place(frames: "Sequence[array[int]]", back: int) -> float | None:
    """Return where a run ends, by the window that ends `back` frames before."""
    heard = array("h")
    for frame in frames[len(frames) - back - WINDOW : len(frames) - back]:
        heard.extend(frame)
    pitch = analysis.pitch(heard)
    if pitch is None:
        return None
    middle = (pitch - LOWEST) / RISE
    return (middle + (back + WINDOW) * _FRAME - analysis.WINDOW_SECONDS / 2) % PERIOD


def _apart(later: float, earlier: float) -> float:
    """Return how far a place is behind another, the short way round the period."""
    return (later - earlier + PERIOD / 2) % PERIOD - PERIOD / 2


def _off(before: Sequence[Packet], after: Sequence[Packet], silence: float) -> float:
    """Return how far from where it should the song went on."""
    first = _run(after, range(len(after) - RUN + 1))
    last = _run(before, range(len(before) - RUN, -1, -1)) + RUN
    went_on = place(after[first : first + RUN]) - (first + RUN) * _FRAME
    broke_off = place(before[last - RUN : last]) + (len(before) - last) * _FRAME
    jump = _apart(went_on, broke_off)
    return max(0.0, -jump, jump - silence)


def _run(packets: Sequence[Packet], starts: range) -> int:
    """Return the first start of a run of one connection's packets: together they are decoded."""
    for start in starts:
        if packets[start].ssrc == packets[start + RUN - 1].ssrc:
            return start
    raise ValueError("no connection lasted long enough to be listened to")


def _punctual(packets: Sequence[Packet], number: int) -> float:
    """Return where the clock stood: by the least late of packets that are due every 20 ms."""
    return min(packet.arrived - index * _FRAME for index, packet in enumerate(packets, number))


def _sample(number: int) -> int:
    seconds = number / RATE
    return int(LOUDNESS * math.sin(2 * math.pi * (LOWEST + RISE / 2 * seconds) * seconds))
