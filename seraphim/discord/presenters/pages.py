"""A list of any length, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from actors.guild.refusal import Code, Refused

T = TypeVar("T")

PAGE = 10
"""How much of a list a page shows."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One of `pages`; what it shows is `numbered` by its place in the whole list, from 1 on."""

    pages: int
    numbered: tuple[tuple[int, T], ...]


def page_of(listed: Sequence[T], number: int) -> Page[T] | Refused:
    """Return page `number`, from 1 on, or the refusal of one that is not there.

    There is always a first page: that of an empty list shows nothing.
    """
    pages = max(1, -(-len(listed) // PAGE))
    if not 1 <= number <= pages:
        return Refused(Code.OUT_OF_RANGE, {"lowest": 1, "highest": pages})
    first = (number - 1) * PAGE
    numbered = enumerate(listed[first : first + PAGE], start=first + 1)
    return Page(pages, tuple(numbered))
