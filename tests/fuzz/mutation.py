"""Files that somebody broke: a seed, changed in a few places as it pleases a random generator.

The n-th file of a seed number is always the same one, so that what it did can be done again.
"""

import random
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass

from seraphim.audio_node.filters import Filters, Sound
from tests.fuzz.corpus import Seed, seeds

HEAD = 1024
LARGEST = 1 << 20
MOST_CHANGES = 4
NUMBERS = (0, 1, 2, 3, 7, 8, 16, 127, 128, 255, 256, 1023, 1024, 4096, 32767, 32768, 65535)
EDGES = (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFE, 0x10000, 0x1000000, 0x40000000)
SOUNDS = (
    *[Sound()] * 4,
    Sound(volume=40),
    Sound(volume=1000),
    Sound(volume=0),
    Sound(filters=Filters.read({"timescale": {"speed": 1.5, "pitch": 0.8}})),
    Sound(filters=Filters.read({"equalizer": [{"band": 3, "gain": 0.5}], "lowPass": {}})),
    Sound(filters=Filters.read({"karaoke": {}, "tremolo": {}, "rotation": {"rotationHz": 1}})),
    Sound(filters=Filters.read({"pluginFilters": {"loudness": {}}})),
)
TAGS = re.compile(rb"[A-Za-z][A-Za-z0-9 ]{3}|OggS|fLaC|ID3|\x1a\x45\xdf\xa3|\xff[\xe0-\xff]")


@dataclass(frozen=True, slots=True)
class Mutant:
    """A broken file, and how it is to be opened."""

    number: int
    seed: Seed
    data: bytes
    start_ms: int
    sound: Sound
    by_web: bool

    @property
    def name(self) -> str:
        return f"{self.number}-{self.seed.name}"


Change = Callable[[random.Random, bytearray], None]


def mutant(seed: int, number: int) -> Mutant:
    """The file of that number."""
    chance = random.Random(f"{seed}:{number}")
    original = chance.choice(seeds())
    data = broken(chance, original.data)
    return Mutant(
        number=number,
        seed=original,
        data=data,
        start_ms=chance.choice((0, 0, 0, 500, 900, 10_000, 10**9)),
        sound=chance.choice(SOUNDS),
        by_web=chance.random() < 0.2,
    )


def broken(chance: random.Random, data: bytes) -> bytes:
    """The same bytes, changed in a few places."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, MOST_CHANGES)):
        chance.choice(CHANGES)(chance, changed)
        del changed[LARGEST:]
    return bytes(changed)


def _place(chance: random.Random, data: bytearray, size: int = 1) -> int:
    """Where to change something: more often in the head, where the structure is, than behind it."""
    end = max(1, len(data) - size + 1)
    if chance.random() < 0.6:
        end = min(end, HEAD)
    return chance.randrange(end)


def _flip_bits(chance: random.Random, data: bytearray) -> None:
    if data:
        for _ in range(chance.choice((1, 1, 2, 8, 64))):
            data[_place(chance, data)] ^= 1 << chance.randrange(8)


def _set_bytes(chance: random.Random, data: bytearray) -> None:
    if data:
        for _ in range(chance.choice((1, 2, 16))):
            data[_place(chance, data)] = chance.choice((0, 255, 128, chance.randrange(256)))


def _set_number(chance: random.Random, data: bytearray) -> None:
    """Write a number that is at the edge of something, in either order of bytes."""
    order = chance.choice("<>")
    if chance.random() < 0.4:
        packed = struct.pack(f"{order}H", chance.choice(NUMBERS))
    elif chance.random() < 0.8:
        packed = struct.pack(f"{order}I", chance.choice(EDGES + NUMBERS))
    else:
        packed = struct.pack(f"{order}Q", chance.choice((2**63, 2**63 - 1, 2**64 - 1, 2**40)))
    at = _place(chance, data, len(packed))
    data[at : at + len(packed)] = packed


def _set_length(chance: random.Random, data: bytearray) -> None:
    """Write a number before or behind a name, where containers keep how long things are."""
    names = [found.start() for found in TAGS.finditer(data, 0, 4 * HEAD)]
    if not names:
        return
    at = max(0, chance.choice(names) + chance.choice((-4, 4, 4)))
    number = chance.choice((*EDGES, *NUMBERS, len(data), len(data) + 1))
    data[at : at + 4] = struct.pack(chance.choice("<>") + "I", number)


def _cut(chance: random.Random, data: bytearray) -> None:
    if data:
        del data[_place(chance, data) :]


def _remove(chance: random.Random, data: bytearray) -> None:
    at = _place(chance, data)
    del data[at : at + chance.choice((1, 2, 4, 64, 1024))]


def _insert(chance: random.Random, data: bytearray) -> None:
    at = _place(chance, data)
    data[at:at] = chance.randbytes(chance.choice((1, 2, 4, 64, 1024)))


def _repeat(chance: random.Random, data: bytearray) -> None:
    at, size = _place(chance, data), chance.choice((4, 64, 1024, 8192))
    data[at:at] = bytes(data[at : at + size]) * chance.choice((1, 2, 50))


def _blank(chance: random.Random, data: bytearray) -> None:
    at = _place(chance, data)
    size = min(chance.choice((4, 64, 1024)), max(0, len(data) - at))
    data[at : at + size] = bytes([chance.choice((0, 255))]) * size


def _splice(chance: random.Random, data: bytearray) -> None:
    """Go on as another file does."""
    other = chance.choice(seeds()).data
    at = _place(chance, data)
    data[at:] = other[chance.randrange(max(1, len(other))) :]


def _swap(chance: random.Random, data: bytearray) -> None:
    size = chance.choice((4, 16, 256))
    one, two = _place(chance, data, size), _place(chance, data, size)
    data[one : one + size], data[two : two + size] = (
        data[two : two + size],
        data[one : one + size],
    )


CHANGES: tuple[Change, ...] = (
    _flip_bits,
    _set_bytes,
    _set_number,
    _set_number,
    _set_length,
    _set_length,
    _cut,
    _remove,
    _insert,
    _repeat,
    _blank,
    _splice,
    _swap,
)
