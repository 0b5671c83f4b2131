"""JSON that somebody else wrote, read without trusting its shape.

A service adds, renames and leaves out fields as it likes. Each step into a `Document` may miss,
and a missed one has no text, no number and nothing in it: so what a track cannot do without is
asked for once, where the track is made. Checking whole answers against a schema was rejected: a
field that nobody here reads would then keep a song from playing.
"""

import json
import math
from collections.abc import Iterator
from typing import cast

__all__ = ["LONGEST_LINE", "Document", "line"]

LONGEST_LINE = 250
LONGEST_URL = 2048
LONGEST_MS = 30 * 24 * 3600 * 1000


def line(text: str) -> str:
    """Make text of a service fit for people: one line, not endless, valid, nothing invisible."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(printable.split())[:LONGEST_LINE]


class Document:
    """A value somewhere in JSON, or the lack of one."""

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        self._value = value

    @classmethod
    def parse(cls, text: str | bytes) -> "Document":
        """Read JSON. Raises `ValueError` if it is none, or nested endlessly."""
        try:
            return cls(json.loads(text))
        except RecursionError:
            raise ValueError("nested too deep") from None

    def __getitem__(self, key: str) -> "Document":
        if isinstance(self._value, dict):
            return Document(cast("dict[str, object]", self._value).get(key))
        return Document(None)

    def __iter__(self) -> Iterator["Document"]:
        if isinstance(self._value, list):
            yield from map(Document, cast("list[object]", self._value))

    def __bool__(self) -> bool:
        return self._value is not None

    @property
    def text(self) -> str:
        """The text as it is, or the digits of a whole number; empty where there is neither."""
        if isinstance(self._value, str):
            return self._value
        whole = isinstance(self._value, int) and not isinstance(self._value, bool)
        return str(self._value) if whole else ""

    @property
    def line(self) -> str:
        """The text, fit to be shown."""
        return line(self.text)

    @property
    def number(self) -> int | None:
        """The whole number, rounded; None where there is none."""
        if isinstance(self._value, bool):
            return None
        if isinstance(self._value, float):
            return round(self._value) if math.isfinite(self._value) else None
        return self._value if isinstance(self._value, int) else None

    def length_ms(self, unit: int = 1) -> int | None:
        """Return how long that is, told in `unit` milliseconds; None where that cannot be."""
        number = self.number
        return number * unit if number is not None and 0 < number * unit < LONGEST_MS else None

    @property
    def url(self) -> str:
        """The address, if it is one that can be shown; else empty."""
        text = self.text
        shown = text.startswith("https://") and len(text) <= LONGEST_URL
        return text if shown and text.isascii() and text.isprintable() else ""

    @property
    def first(self) -> "Document":
        """The first of several."""
        return next(iter(self), Document(None))

    @property
    def is_true(self) -> bool:
        """Whether it says `true`."""
        return self._value is True

    @property
    def is_list(self) -> bool:
        """Whether there are several, or could be."""
        return isinstance(self._value, list)
