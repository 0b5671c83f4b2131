"""A refusal in words: what went wrong, what to do next, and the code to look it up by."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from actors.guild.refusal import Code, Refused
from seraphim.discord.language.language import Fact, Language
from seraphim.discord.presenters.card import DARK_RED, Card, card
from seraphim.discord.presenters.prose import fit

FACT_LIMIT = 200
# Facts that are not words yet: ids of channels, names of permissions, minutes.
CHANNEL = "channel"
CHANNELS = "channels"
MISSING = "missing"
MINUTES = "minutes"
STARTING = "starting"
LOUDEST = "loudest"
PERCENTAGES = frozenset({STARTING, LOUDEST})
OWN_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "links": "refusal-links-off",
        "no_channel": "refusal-no-channel",
        "no_source": "refusal-no-source",
        STARTING: "refusal-louder-than-loudest",
    }
)
"""What is said instead of the code's words where there is such a fact."""


def refusal(refused: Refused, say: Language) -> Card:
    """Return the card for a refusal, for who asked alone."""
    return _card(explained(refused, say), refused.code, say)


def stopping(say: Language) -> Card:
    """Return the card for whoever comes while Seraphim is going."""
    return _later("refusal-stopping", say)


def unkept(say: Language) -> Card:
    """Return the card for what can neither be read nor written now."""
    return _later("refusal-unkept", say)


def _later(name: str, say: Language) -> Card:
    return _card(f"{say(name)}\n{say(f'{name}.remedy')}", Code.PLAYER_RESTARTING, say)


def explained(refused: Refused, say: Language) -> str:
    """Return what went wrong and what to do about it, with the facts filled in."""
    facts = {name: _fact(name, refused.facts, say) for name in refused.facts}
    own = (words for fact, words in OWN_WORDS.items() if fact in facts)
    name = next(own, _name(refused.code))
    return f"{say(name, **facts)}\n{say(f'{name}.remedy', **facts)}"


def summary(code: Code, say: Language) -> str:
    """Return what goes wrong with `code`, in a sentence."""
    return say(_name(code))


def _name(code: Code) -> str:
    return f"refusal-{code.name.lower().replace('_', '-')}"


def _fact(name: str, facts: Mapping[str, Fact], say: Language) -> Fact:
    fact = facts[name]
    if name == CHANNEL:
        return _channel(fact)
    if name == CHANNELS:
        return say.listed(_channel(channel) for channel in str(fact).split())
    if name == MISSING:
        return say.listed(_missing(permission, facts, say) for permission in str(fact).split())
    if name == MINUTES and isinstance(fact, int):
        return say.minutes(fact)
    if name in PERCENTAGES and isinstance(fact, int):
        return say.percent(fact)
    return fit(fact, FACT_LIMIT) if isinstance(fact, str) else fact


def _channel(fact: Fact) -> str:
    text = str(fact)
    return f"<#{text}>" if text.isdecimal() else fit(text, FACT_LIMIT)


def _missing(permission: str, facts: Mapping[str, Fact], say: Language) -> str:
    try:
        return say(f"permission-{permission.lower().replace('_', '-')}", **facts)
    except LookupError:
        return fit(permission, FACT_LIMIT)


def _card(text: str, code: Code, say: Language) -> Card:
    refused = card(say("phrase-error"), text, footer=code.value, color=DARK_RED, private=True)
    return replace(refused, code=code)
