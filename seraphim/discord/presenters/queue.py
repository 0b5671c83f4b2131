"""The queue, a page at a time."""

from dataclasses import replace

import hikari

from actors.guild.player.messages import PlayerView
from actors.guild.player.track import Entry
from actors.guild.refusal import Refused
from seraphim.discord.language.language import Language
from seraphim.discord.presenters.card import Card, card, footer
from seraphim.discord.presenters.pages import page_of
from seraphim.discord.presenters.prose import clock
from seraphim.discord.presenters.refusals import refusal
from seraphim.discord.presenters.tracks import asker, duration, named

FILE = "queue.json"


def queue_page(view: PlayerView, page: int, say: Language) -> Card:
    """Return page `page`, from 1 on, for who asked alone; a page that is not there is refused."""
    shown = page_of(view.queue, page)
    if isinstance(shown, Refused):
        return refusal(shown, say)
    lines = [_now(view.current.entry, say)] if view.current else []
    lines += [_line(position, entry, say) for position, entry in shown.numbered]
    if not view.queue:
        lines.append(say("queue-nothing-waits"))
    return card(
        say("phrase-queue"),
        "\n".join(lines),
        footer=_footer(view, page, shown.pages, say),
        private=True,
    )


def history_page(view: PlayerView, page: int, say: Language) -> Card:
    """Return page `page` of what has been played, the last one first, for who asked alone."""
    shown = page_of(view.history[::-1], page)
    if isinstance(shown, Refused):
        return refusal(shown, say)
    lines = [_line(position, entry, say) for position, entry in shown.numbered]
    lines = lines or [say("history-empty")]
    foot = footer(say("history-footer", page=page, pages=shown.pages))
    return card(say("phrase-history"), "\n".join(lines), footer=foot, private=True)


def export_card(content: bytes, count: int, say: Language) -> Card:
    """Return the queue as a file, for who asked alone."""
    shown = card(say("phrase-queue"), say("exported", count=count), private=True)
    return replace(shown, file=hikari.Bytes(content, FILE, mimetype="application/json"))


def _now(entry: Entry, say: Language) -> str:
    return say(
        "queue-now",
        track=named(entry.track, say),
        length=duration(entry.track.length_ms, say),
        member=asker(entry, say),
    )


def _line(position: int, entry: Entry, say: Language) -> str:
    return say(
        "queue-line",
        position=position,
        track=named(entry.track, say),
        length=duration(entry.track.length_ms, say),
        member=asker(entry, say),
    )


def _footer(view: PlayerView, page: int, pages: int, say: Language) -> str:
    lengths = [entry.track.length_ms for entry in view.queue]
    known = [length for length in lengths if length is not None]
    name = "queue-footer" if len(known) == len(lengths) else "queue-footer-live"
    return footer(say(name, page=page, pages=pages, count=len(lengths), length=clock(sum(known))))
