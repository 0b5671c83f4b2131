"""Votes, and the question before others lose something."""

import hikari

from actors.guild.player.messages import NeedsConfirmation, Voted, VoteOutcome, VoteView
from seraphim.discord.controls.consent import SureButton, VoteButton
from seraphim.discord.language.language import Language
from seraphim.discord.presenters.card import Card, card
from seraphim.discord.presenters.tracks import named


def vote(view: VoteView, say: Language) -> Card:
    """Return the message of a vote, for everybody; with its button while it is open."""
    about = {"track": named(view.entry.track, say)} if view.entry else {}
    wish = say(f"vote-{view.kind}", member=f"<@{view.by}>", **about)
    stands = say(
        f"vote-{view.outcome}",
        votes=view.votes,
        needed=view.needed,
        moment=f"<t:{view.ends_at // 1000}:R>",
    )
    shown = card(say("phrase-vote"), f"{wish}\n{stands}")
    row = hikari.impl.MessageActionRowBuilder()
    row.add_interactive_button(
        hikari.ButtonStyle.PRIMARY, VoteButton(view.id).custom_id, label=say("button-vote")
    )
    rows = [row] if view.outcome is VoteOutcome.OPEN else []
    return Card(shown.embed, rows, announced=True)


def voted(given: Voted, say: Language) -> Card:
    """Return what became of a vote that was given, for who gave it."""
    view = given.vote
    counted = say("vote-counted" if given.counted else "vote-not-counted")
    stands = say(
        f"vote-{view.outcome}",
        votes=view.votes,
        needed=view.needed,
        moment=f"<t:{view.ends_at // 1000}:R>",
    )
    return card(say("phrase-vote"), f"{counted}\n{stands}", private=True)


def forgotten(say: Language) -> Card:
    """Return what stands in place of a vote that nobody knows of any more."""
    return card(say("phrase-vote"), say("vote-over"))


def question(needed: NeedsConfirmation, say: Language) -> Card:
    """Return the question whether it is meant, for who asked alone."""
    shown = card(say("phrase-sure"), say(f"sure-{needed.kind}", count=needed.others))
    row = hikari.impl.MessageActionRowBuilder()
    row.add_interactive_button(
        hikari.ButtonStyle.DANGER, SureButton(needed.kind).custom_id, label=say("button-sure")
    )
    row.add_interactive_button(
        hikari.ButtonStyle.SECONDARY, SureButton(None).custom_id, label=say("button-not-sure")
    )
    return Card(shown.embed, [row], private=True)


def left_alone(say: Language) -> Card:
    """Return the answer to who has thought better of it."""
    return card(say("phrase-sure"), say("sure-not"), private=True)
