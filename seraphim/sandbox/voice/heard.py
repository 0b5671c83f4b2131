"""What a voice channel heard: packets that a listener could have played, and their sound.

Nothing is decoded until somebody asks how it sounded: most of what a test plays is never looked
at, and thirty players' worth of decoding would take the time that they are measured by. Asked
about a stretch, a decoder is run over it, from a few packets before so that it has settled, and the
samples are kept for the next question.

Time is `time.monotonic`'s. Samples are `array("h")`, interleaved stereo at 48 kHz.
"""

import asyncio
import time
from array import array
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice, pairwise

from seraphim.sandbox.voice import analysis
from seraphim.sandbox.voice.opus import QUIET_FRAME, OpusDecoder, UndecodableError, samples
from seraphim.voice import FRAME_SAMPLES, FRAMES_PER_SECOND, SILENCE

KEPT_PACKETS = 600 * FRAMES_PER_SECOND
KEPT_PCM = 120 * FRAMES_PER_SECOND
"""Ten minutes of one speaker (some 15 MB), and two of sound that was asked for (23 MB)."""

WARM_UP = 10
"""Packets that a decoder is given, and not listened to, before the first that counts."""

CONCEALED = 50
"""Lost packets in a row, up to which silence stands for them. More is a new beginning."""

REPLAY_WINDOW = 64

AUDIBLE_DBFS = -50.0
GLANCE_SECONDS = 0.03
"""How often a condition is looked at: silence is an absence, and no event announces it."""


class Violation(StrEnum):
    """What a client did that Discord, or a listener, would not put up with."""

    MALFORMED = "not RTP, or not as long as it says"
    UNKNOWN_SSRC = "an SSRC that was never given out"
    NOT_OPUS = "another payload type than Opus"
    TOO_EARLY = "sound before SELECT_PROTOCOL or before the first SPEAKING"
    NOT_AUTHENTIC = "not encrypted with the session's key and mode"
    NONCE_REPEATED = "a nonce used twice under one key"
    REPLAYED = "a sequence number sent twice"
    UNDECODABLE = "a payload that is not Opus"
    UNENCRYPTED = "sound in the clear where it must be encrypted end to end"
    UNDECRYPTABLE = "sound that somebody in the channel has no key for"
    UNUSABLE_KEYS = "a commit or a welcome that somebody in the channel can make nothing of"
    OUTDATED_KEY = "sound encrypted with the key of an epoch that is over"


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet that was heard."""

    ssrc: int
    sequence: int
    timestamp: int
    arrived: float
    opus: bytes
    encrypted: bool = False
    """Whether it came encrypted end to end."""

    @property
    def silence(self) -> bool:
        """Whether it is the frame of silence that ends a stretch of sound."""
        return self.opus == SILENCE


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment, as a boundary between packets."""

    packets: int
    at: float


@dataclass(frozen=True, slots=True)
class Continuity:
    """How whole a stretch of packets is, before any decoding."""

    packets: int
    speakers: tuple[int, ...]
    """The SSRCs, in order of appearance. A client that joined anew has another."""
    lost: int
    """Sequence numbers missing between a speaker's first and last packet."""
    reordered: int
    timestamp_jumps: int
    """Neighbours whose timestamps do not differ by 20 ms of samples for each sequence number."""
    gaps_ms: tuple[float, ...]
    """From each packet's arrival to the next one's, in order, whoever spoke."""

    @property
    def longest_gap_ms(self) -> float:
        """The longest wait for a packet; 0 for fewer than two."""
        return max(self.gaps_ms, default=0.0)


class _Frame:
    """A packet and, once somebody asked, its samples."""

    __slots__ = ("packet", "pcm")

    def __init__(self, packet: Packet) -> None:
        self.packet = packet
        self.pcm: bytes | None = None


class Heard:
    """A voice channel's ears.

    Questions about a stretch take `since` (a `Mark`: all that came after it) or `last` (seconds, by
    time of arrival, up to now). One speaker at a time is assumed, as with one bot in a channel: the
    sound of several would come out one after another, not mixed.
    """

    def __init__(self) -> None:
        self.violations: Counter[Violation] = Counter()
        """What clients did wrong in this channel. Empty when all was well."""
        self._frames: deque[_Frame] = deque(maxlen=KEPT_PACKETS)
        self._total = 0
        self._decoded: deque[_Frame] = deque()
        self._decoder = OpusDecoder()
        self._decoder_at: _Frame | None = None

    def hear(self, packet: Packet) -> None:
        """Take a packet. One with a sequence number just heard is counted and not heard again."""
        recent = islice(reversed(self._frames), REPLAY_WINDOW)
        if any(
            frame.packet.sequence == packet.sequence and frame.packet.ssrc == packet.ssrc
            for frame in recent
        ):
            self.violations[Violation.REPLAYED] += 1
            return
        self._frames.append(_Frame(packet))
        self._total += 1

    # End-to-end encryption

    @property
    def unencrypted(self) -> int:
        """How many packets came in the clear that must not, and were not heard therefore."""
        return self.violations[Violation.UNENCRYPTED]

    @property
    def undecryptable(self) -> int:
        """How many packets somebody in the channel could not open."""
        return self.violations[Violation.UNDECRYPTABLE]

    # Stretches

    def mark(self) -> Mark:
        """Now: what comes later is after it."""
        return Mark(self._total, time.monotonic())

    @property
    def packets(self) -> tuple[Packet, ...]:
        """All that is remembered, in order of arrival: the last ten minutes of sound."""
        return tuple(frame.packet for frame in self._frames)

    def window(self, *, since: Mark | None = None, last: float | None = None) -> tuple[Packet, ...]:
        """The packets of a stretch; without arguments all that is remembered."""
        return tuple(frame.packet for frame in self._stretch(since, last))

    def _stretch(self, since: Mark | None, last: float | None) -> Sequence[_Frame]:
        count = len(self._frames)
        if since is not None:
            count = min(count, self._total - since.packets)
        if last is not None:
            begin = time.monotonic() - last
            newer = 0
            for frame in islice(reversed(self._frames), count):
                if frame.packet.arrived < begin:
                    break
                newer += 1
            count = newer
        return self._newest(count)

    def _newest(self, count: int) -> list[_Frame]:
        newest = list(islice(reversed(self._frames), count))
        newest.reverse()
        return newest

    # Sound

    def pcm(self, *, since: Mark | None = None, last: float | None = None) -> "array[int]":
        """The samples of a stretch. Lost packets are silence in it; pauses are left out."""
        frames = self._stretch(since, last)
        self._decode(len(frames))
        parts: list[bytes] = []
        previous: Packet | None = None
        for frame in frames:
            packet = frame.packet
            if previous is not None and previous.ssrc == packet.ssrc:
                missing = _step(previous, packet) - 1
                if 0 < missing <= CONCEALED:
                    parts.append(QUIET_FRAME * missing)
            parts.append(frame.pcm or QUIET_FRAME)
            previous = packet
        return samples(b"".join(parts))

    def level(self, *, since: Mark | None = None, last: float | None = 0.1) -> float:
        """How loud a stretch is, in dBFS; -96 where nothing sounded. For a meter, as it stands."""
        return analysis.level(self.pcm(since=since, last=None if since else last))

    def pitch(self, *, since: Mark | None = None, last: float | None = 0.3) -> float | None:
        """A stretch's pitch in Hz, None where it has none: silence, noise, under 80 ms of sound.

        Of a long stretch five windows are looked at, and the pitch of most is told.
        """
        return analysis.pitch(self.pcm(since=since, last=None if since else last))

    def silences(
        self, *, since: Mark | None = None, last: float | None = None, at_least_ms: int = 5
    ) -> list[int]:
        """The lengths (ms) of silences inside the sound of a stretch, lost packets included."""
        return analysis.silences(self.pcm(since=since, last=last), at_least_ms=at_least_ms)

    def first_audible(
        self, *, since: Mark | None = None, threshold: float = AUDIBLE_DBFS
    ) -> Packet | None:
        """The first packet of a stretch that is louder than `threshold` (dBFS)."""
        frames = self._stretch(since, None)
        self._decode(len(frames))
        return _first_audible(frames, threshold)

    def _decode(self, count: int) -> None:
        """Give each of the newest `count` frames its samples."""
        while len(self._decoded) > KEPT_PCM:
            self._decoded.popleft().pcm = None
        frames = self._newest(count + WARM_UP)
        for index in range(max(0, len(frames) - count), len(frames)):
            frame = frames[index]
            if frame.pcm is not None:
                continue
            before = frames[index - 1] if index else None
            if before is not self._decoder_at or _speaker(before) != _speaker(frame):
                self._settle(frames[max(0, index - WARM_UP) : index], frame.packet.ssrc)
            try:
                frame.pcm = self._decoder.decode(frame.packet.opus)
            except UndecodableError:
                self.violations[Violation.UNDECODABLE] += 1
                frame.pcm = QUIET_FRAME
            self._decoder_at = frame
            self._decoded.append(frame)

    def _settle(self, before: Iterable[_Frame], ssrc: int) -> None:
        self._decoder = OpusDecoder()
        for frame in before:
            if frame.packet.ssrc == ssrc:
                try:
                    self._decoder.decode(frame.packet.opus)
                except UndecodableError:
                    # Counted when it was, or will be, listened to.
                    continue

    # Wholeness

    def continuity(self, *, since: Mark | None = None, last: float | None = None) -> Continuity:
        """Whether packets are missing, late or out of step in a stretch. Decodes nothing."""
        packets = self.window(since=since, last=last)
        speakers = tuple(dict.fromkeys(packet.ssrc for packet in packets))
        lost = reordered = jumps = 0
        for ssrc in speakers:
            own = [packet for packet in packets if packet.ssrc == ssrc]
            steps = [_step(first, second) for first, second in pairwise(own)]
            reordered += sum(step < 0 for step in steps)
            lost += _missing(steps)
            jumps += sum(
                (second.timestamp - first.timestamp - step * FRAME_SAMPLES) % 2**32 != 0
                for (first, second), step in zip(pairwise(own), steps, strict=True)
            )
        gaps = (
            round(1000 * (second.arrived - first.arrived), 3) for first, second in pairwise(packets)
        )
        return Continuity(
            packets=len(packets),
            speakers=speakers,
            lost=lost,
            reordered=reordered,
            timestamp_jumps=jumps,
            gaps_ms=tuple(gaps),
        )

    # Waiting

    async def until(
        self, condition: Callable[[], object], *, deadline: float = 10.0, what: str = "it"
    ) -> None:
        """Wait until `condition()` is true.

        Raises
        ------
        TimeoutError
            If that takes longer than `deadline` seconds; says what was heard instead.
        """
        try:
            async with asyncio.timeout(deadline):
                while not condition():  # noqa: ASYNC110
                    await asyncio.sleep(GLANCE_SECONDS)
        except TimeoutError:
            raise TimeoutError(f"{what} was not heard within {deadline} s; {self}") from None

    async def until_audible(
        self,
        *,
        since: Mark | None = None,
        threshold: float = AUDIBLE_DBFS,
        deadline: float = 10.0,
    ) -> Packet:
        """Wait for a packet that can be heard, after `since` or from now on, and return the first.

        Its `arrived` tells when; that this returns a little later does not matter.
        """
        start = since or self.mark()
        found: Packet | None = None

        def audible() -> bool:
            nonlocal found
            found = self.first_audible(since=start, threshold=threshold)
            return found is not None

        await self.until(audible, deadline=deadline, what="sound")
        assert found is not None
        return found

    async def until_silent(
        self,
        *,
        for_seconds: float = 0.3,
        threshold: float = AUDIBLE_DBFS,
        deadline: float = 10.0,
    ) -> None:
        """Wait until nothing could be heard for a while."""
        begin = time.monotonic()

        def silent() -> bool:
            watched = time.monotonic() - begin >= for_seconds
            return watched and self.level(last=for_seconds) <= threshold

        await self.until(silent, deadline=deadline, what="silence")

    async def until_pitch(
        self, hz: float, *, within: float = 0.03, last: float = 0.3, deadline: float = 10.0
    ) -> None:
        """Wait until the pitch of the last moments is `hz`, give or take the share `within`."""

        def reached() -> bool:
            pitch = self.pitch(last=last)
            return pitch is not None and abs(pitch - hz) <= within * hz

        await self.until(reached, deadline=deadline, what=f"a pitch of {hz} Hz")

    def __str__(self) -> str:
        pitch = self.pitch()
        sound = f"{pitch:.0f} Hz" if pitch else "no pitch"
        wrong = ", ".join(f"{count}x {kind}" for kind, count in self.violations.items())
        return f"{self._total} packets, now {self.level():.0f} dBFS, {sound}; {wrong or 'in order'}"


def _speaker(frame: _Frame | None) -> int | None:
    return frame and frame.packet.ssrc


def _step(first: Packet, second: Packet) -> int:
    """How far the sequence number went, backwards if negative."""
    return (second.sequence - first.sequence + 2**15) % 2**16 - 2**15


def _missing(steps: Iterable[int]) -> int:
    seen, at = {0}, 0
    for step in steps:
        at += step
        seen.add(at)
    return max(seen) - min(seen) + 1 - len(seen)


def _first_audible(frames: Iterable[_Frame], threshold: float) -> Packet | None:
    return next(
        (
            frame.packet
            for frame in frames
            if frame.pcm is not None and analysis.level(samples(frame.pcm)) > threshold
        ),
        None,
    )
