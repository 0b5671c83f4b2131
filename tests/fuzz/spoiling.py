"""JSON with one part of it spoilt: what its reader took for granted is something else."""

import json
from collections.abc import Iterable, Iterator
from copy import copy
from math import inf
from typing import Any

DEEP = b"[" * 3000 + b"]" * 3000
_NUMBERS = (-1, 0.5, 2**53, 10**400, inf)
_TEXTS = ("", "1" * 30, "1" * 5000, "\ud800", "DEEP")
OTHERS = (None, True, *_NUMBERS, *_TEXTS, [], {})
"""What comes instead: wrong kinds, and what is too large, too long, too deep, or no text."""


def spoilt(*values: object) -> tuple[bytes, ...]:
    """Give the JSON of each, and again with each of `OTHERS` in the place of each part."""
    others = (json.dumps(other).encode() for value in values for other in _spoil(value))
    return (
        *(json.dumps(value).encode() for value in values),
        *(other.replace(b'"DEEP"', DEEP) for other in others),
    )


def _spoil(value: object) -> Iterator[object]:
    yield from OTHERS
    parts: Iterable[tuple[Any, object]] = ()
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    for key, part in parts:
        for other in _spoil(part):
            copied: Any = copy(value)
            copied[key] = other
            yield copied
