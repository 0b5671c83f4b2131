"""Somebody's favourites, for them alone."""

from collections.abc import Sequence

from actors.guild.player.track import Track
from actors.guild.refusal import Refused
from actors.store.messages import MOST_FAVOURITES, Favoured
from seraphim.discord.language.language import Language
from seraphim.discord.presenters.card import Card, card, footer
from seraphim.discord.presenters.pages import page_of
from seraphim.discord.presenters.refusals import refusal
from seraphim.discord.presenters.tracks import credited, duration, named


def favoured_card(track: Track, favoured: Favoured, say: Language) -> Card:
    """Return what became of a track that was to be a favourite."""
    if favoured.full:
        return card(
            say("phrase-favourites"), say("favourites-full", limit=MOST_FAVOURITES), private=True
        )
    name = "favourite-added" if favoured.added else "favourite-already"
    return card(say("phrase-favourites"), say(name, track=credited(track, say)), private=True)


def removed_card(track: Track, say: Language) -> Card:
    """Return that the track is no favourite any more."""
    facts = say("favourite-removed", track=credited(track, say))
    return card(say("phrase-favourites"), facts, private=True)


def favourites_page(favourites: Sequence[Track], page: int, say: Language) -> Card:
    """Return page `page`, from 1 on; a page that is not there is refused."""
    shown = page_of(favourites, page)
    if isinstance(shown, Refused):
        return refusal(shown, say)
    lines = [
        say(
            "search-line",
            position=position,
            track=named(track, say),
            length=duration(track.length_ms, say),
        )
        for position, track in shown.numbered
    ] or [say("favourites-empty")]
    foot = footer(say("favourites-footer", page=page, pages=shown.pages, count=len(favourites)))
    return card(say("phrase-favourites"), "\n".join(lines), footer=foot, private=True)
