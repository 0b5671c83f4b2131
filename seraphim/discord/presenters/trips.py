"""How long others take to answer."""

from seraphim.discord.language.language import Language
from seraphim.discord.presenters.card import Card, card


def round_trips(say: Language, *, gateway: float | None, node: float | None) -> Card:
    """Return the round trips in seconds, for who asked alone; None: there was none to measure."""
    facts = say(
        "ping",
        gateway=say("ping-not-measured") if gateway is None else _milliseconds(gateway, say),
        node=say("ping-no-node") if node is None else _milliseconds(node, say),
    )
    return card(say("phrase-ping"), facts, private=True)


def _milliseconds(seconds: float, say: Language) -> str:
    return say.milliseconds(round(seconds * 1000))
