"""What a channel is told once."""

from typing import assert_never

from actors.guild.panel.messages import GaveUp, JoinLost, Notice, TooManyBroke, TrackBroke
from actors.guild.refusal import Code
from seraphim.discord.language.language import Language
from seraphim.discord.presenters.card import DARK_RED, Card, card
from seraphim.discord.presenters.prose import fit
from seraphim.discord.presenters.refusals import explained, summary
from seraphim.discord.presenters.tracks import named

REASON_LIMIT = 500


def notice(told: Notice, say: Language) -> Card:
    """Return the card for a notice, for everybody in the channel."""
    code = Code.TRACK_FAILED
    match told:
        case TrackBroke(entry, message, code):
            reason = fit(message, REASON_LIMIT) or summary(code, say)
            text = say("notice-track-broke", track=named(entry.track, say), reason=reason)
        case TooManyBroke(count):
            text = say("notice-too-many-broke", count=count)
        case GaveUp():
            code, text = Code.INTERNAL, say("notice-gave-up")
        case JoinLost(refused):
            code = refused.code
            text = f"{say('notice-join-lost')}\n{explained(refused, say)}"
        case _:
            assert_never(told)
    return card(say("phrase-error"), text, footer=code.value, color=DARK_RED)
