"""Several things in one option, one after the other: how they are read, and how they are completed.

Discord completes an option as a whole. So each choice is all that is typed so far, with the last
thing completed; it can be chosen, gone on with after a comma, and completed again.
"""

import re
from collections.abc import Iterable, Sequence

import hikari

from seraphim.discord.commands.options import MOST_CHOICES

LONGEST_CHOICE = 100
"""What Discord takes as the name of a choice, and as its value. Longer lists have to be typed."""

_BETWEEN = re.compile(r"[,\s]+")


def items(typed: str) -> list[str]:
    """Return what was typed with commas or spaces between, each once."""
    return list(dict.fromkeys(filter(None, _BETWEEN.split(typed))))


def completed(typed: str, known: Iterable[str]) -> Sequence[hikari.api.AutocompleteChoiceBuilder]:
    """Return choices for what is typed so far: its last item as each of the `known` that it fits.

    What is in the list already is not offered again; what begins with the letters comes first.
    """
    *whole, last = _BETWEEN.split(typed)
    before = items(" ".join(whole))
    letters = last.casefold()
    fitting = [name for name in dict.fromkeys(known) if letters in name and name not in before]
    lists = [", ".join((*before, name)) for name in sorted(fitting, key=lambda n: n.find(letters))]
    return [
        hikari.impl.AutocompleteChoiceBuilder(each, each)
        for each in lists
        if len(each) <= LONGEST_CHOICE
    ][:MOST_CHOICES]
