"""Seraphim itself: what it understands, and what it is."""

from collections.abc import Iterable, Mapping, Sequence

from seraphim.discord.language.language import Language
from seraphim.discord.presenters.card import FIELD_LIMIT, Card, card
from seraphim.discord.presenters.prose import width

Listing = Mapping[str, Sequence[str]]
"""The commands of each section: what is typed, without the slash."""


def help_page(sections: Listing, say: Language) -> Card:
    """Return all commands with what they do, for who asked alone."""
    shown = card(say("phrase-help"), say("help"), private=True)
    for section, commands in sections.items():
        lines = [f"`/{name}` {say(_key(name))}" for name in commands]
        for number, text in enumerate(_blocks(lines)):
            # Discord wants a name for each field; the rest of a section has an invisible one.
            name = "\N{ZERO WIDTH SPACE}" if number else say(f"section-{section}")
            shown.embed.add_field(name, text)
    return shown


def about_page(version: str, servers: int, say: Language) -> Card:
    """Return what this is, for who asked alone."""
    facts = say("about", version=version, servers=servers)
    return card(say("phrase-joined"), facts, private=True)


def _blocks(lines: Iterable[str]) -> list[str]:
    """Return lines together, as many as a field may have."""
    blocks = [""]
    for line in lines:
        longer = f"{blocks[-1]}\n{line}" if blocks[-1] else line
        if width(longer) > FIELD_LIMIT:
            blocks.append(line)
        else:
            blocks[-1] = longer
    return blocks


def _key(name: str) -> str:
    return f"command-{'-'.join(name.split())}"
