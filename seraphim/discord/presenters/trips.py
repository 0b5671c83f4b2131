"""How long others take to answer."""

from seraphim.discord import texts
from seraphim.discord.presenters.card import Card, card


def round_trips(*, gateway: float | None, node: float | None) -> Card:
    """Return the round trips in seconds, for who asked alone; None: there was none to measure."""
    facts = texts.PING.format(
        gateway=_milliseconds(gateway, texts.NOT_MEASURED),
        node=_milliseconds(node, texts.NO_NODE),
    )
    return card(texts.PING_PHRASE, facts, private=True)


def _milliseconds(seconds: float | None, otherwise: str) -> str:
    return otherwise if seconds is None else texts.MILLISECONDS.format(count=round(seconds * 1000))
