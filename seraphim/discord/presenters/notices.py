"""What a channel is told once."""

from typing import assert_never

from actors.guild.panel.messages import GaveUp, JoinLost, Notice, TooManyBroke, TrackBroke
from actors.guild.refusal import Code
from seraphim.discord import texts
from seraphim.discord.presenters.card import DARK_RED, Card, card
from seraphim.discord.presenters.prose import fit
from seraphim.discord.presenters.refusals import explained
from seraphim.discord.presenters.tracks import named

REASON_LIMIT = 500


def notice(told: Notice) -> Card:
    """Return the card for a notice, for everybody in the channel."""
    code = Code.TRACK_FAILED
    match told:
        case TrackBroke(entry, message):
            reason = fit(message, REASON_LIMIT) or texts.REFUSALS[code].what
            text = texts.TRACK_BROKE.format(track=named(entry.track), reason=reason)
        case TooManyBroke(count):
            text = texts.TOO_MANY_BROKE.format(count=count)
        case GaveUp():
            code, text = Code.INTERNAL, texts.GAVE_UP
        case JoinLost(refused):
            code = refused.code
            text = f"{texts.JOIN_LOST}\n{explained(texts.REFUSALS[code], refused.facts)}"
        case _:
            assert_never(told)
    return card(texts.ERROR_PHRASE, text, footer=code.value, color=DARK_RED)
