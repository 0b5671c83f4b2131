"""The level meter: one line that says what a channel hears right now, as wide as there is room."""

from typing import Final

from seraphim.sandbox.terminal.sound import SILENCE, Sound

LOWEST_DBFS: Final = -60.0
NARROWEST_BAR: Final = 6
WIDEST_BAR: Final = 30
_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"


def bar(level: float, cells: int) -> str:
    """A level between `LOWEST_DBFS` and full scale, as blocks in so many cells."""
    share = min(1.0, max(0.0, 1 - level / LOWEST_DBFS))
    whole, rest = divmod(round(share * cells * 8), 8)
    return ("█" * whole + (_EIGHTHS[rest] if whole < cells else "")).ljust(cells)


def meter(channel: str, sound: Sound, packets: int, width: int) -> str:
    """The line. Where it would not fit, the last of its parts are left out."""
    silent = sound.name == SILENCE
    parts = [
        "silence" if silent else f"{sound.level:4.0f} dB",
        "" if silent else (f"{sound.pitch:.0f} Hz" if sound.pitch else "no pitch"),
        "" if silent else sound.name,
        f"{packets} packets",
    ]
    parts = [part for part in parts if part]
    while len(parts) > 1 and _length(channel, parts) + NARROWEST_BAR > width:
        parts.pop()
    cells = min(WIDEST_BAR, max(0, width - _length(channel, parts)))
    return "  ".join([f"{channel} ▕{bar(sound.level, cells)}▏", *parts])[:width]


def _length(channel: str, parts: list[str]) -> int:
    return len(channel) + 3 + sum(2 + len(part) for part in parts)
