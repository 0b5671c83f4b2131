"""A card: one answer as people see it, before anybody says how it gets there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import hikari

from actors.guild.refusal import Code
from seraphim.discord.presenters.prose import fit, shorten

GOLD: Final = hikari.Color(0xFFD700)
DARK_RED: Final = hikari.Color(0x8B0000)
# Discord's own limits, with headroom: all of an embed together may hold 6000.
TITLE_LIMIT: Final = 256
DESCRIPTION_LIMIT: Final = 4096
FIELD_LIMIT: Final = 1024
FOOTER_LIMIT: Final = 512


@dataclass(frozen=True, slots=True)
class Card:
    """An embed with its buttons. A `private` one is for who asked alone.

    An `announced` one is a message for everybody, even as the answer to a press. A refusal has its
    `code`. A `file` comes with it.
    """

    embed: hikari.Embed
    rows: Sequence[hikari.api.MessageActionRowBuilder] = ()
    private: bool = False
    announced: bool = False
    code: Code | None = None
    file: hikari.Bytes | None = None


def card(
    phrase: str,
    facts: str,
    *,
    footer: str | None = None,
    color: hikari.Color = GOLD,
    private: bool = False,
) -> Card:
    """Return a card with a phrase of ours above `facts`, whose foreign parts are safe already."""
    embed = hikari.Embed(title=phrase, description=facts, color=color)
    if footer is not None:
        embed.set_footer(footer)
    return Card(embed, private=private)


def title(text: str) -> str:
    """Return a foreign title for an embed's title."""
    return fit(text, TITLE_LIMIT)


def footer(text: str) -> str:
    """Return a text for an embed's footer, where there is no markdown."""
    return shorten(text, FOOTER_LIMIT)
