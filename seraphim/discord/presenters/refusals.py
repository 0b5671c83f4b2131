"""A refusal in words: what went wrong, what to do next, and the code to look it up by."""

from collections.abc import Mapping

from actors.guild.refusal import Code, Refused
from seraphim.discord import texts
from seraphim.discord.presenters.card import DARK_RED, Card, card
from seraphim.discord.presenters.prose import fit

FACT_LIMIT = 200


class _Facts(dict[str, str | int]):
    """Facts made safe; a sentence stays a sentence where one is not given."""

    def __init__(self, facts: Mapping[str, str | int]) -> None:
        super().__init__(
            {
                name: fit(fact, FACT_LIMIT) if isinstance(fact, str) else fact
                for name, fact in facts.items()
            }
        )

    def __missing__(self, name: str) -> str:
        return texts.UNKNOWN_FACT


def refusal(refused: Refused) -> Card:
    """Return the card for a refusal, for who asked alone."""
    return _card(explained(texts.REFUSALS[refused.code], refused.facts), refused.code)


def stopping() -> Card:
    """Return the card for whoever comes while Seraphim is going."""
    return _card(explained(texts.STOPPING, {}), Code.PLAYER_RESTARTING)


def explained(explanation: texts.Explanation, facts: Mapping[str, str | int]) -> str:
    """Return an explanation with its facts filled in."""
    known = _Facts(facts)
    return f"{explanation.what.format_map(known)}\n{explanation.remedy.format_map(known)}"


def _card(text: str, code: Code) -> Card:
    return card(texts.ERROR_PHRASE, text, footer=code.value, color=DARK_RED, private=True)
