"""The queue, a page at a time."""

from actors.guild.player.messages import PlayerView
from actors.guild.player.track import Entry
from actors.guild.refusal import Code, Refused
from seraphim.discord import texts
from seraphim.discord.presenters.card import Card, card, footer
from seraphim.discord.presenters.prose import duration
from seraphim.discord.presenters.refusals import refusal
from seraphim.discord.presenters.tracks import asker, named

PAGE = 10


def queue_page(view: PlayerView, page: int) -> Card:
    """Return page `page`, from 1 on, for who asked alone; a page that is not there is refused."""
    pages = max(1, -(-len(view.queue) // PAGE))
    if not 1 <= page <= pages:
        return refusal(Refused(Code.OUT_OF_RANGE, {"lowest": 1, "highest": pages}))
    first = (page - 1) * PAGE
    lines = [_now(view)] if view.current else []
    lines += [
        _line(position, entry)
        for position, entry in enumerate(view.queue[first : first + PAGE], start=first + 1)
    ]
    if not view.queue:
        lines.append(texts.QUEUE_EMPTY)
    return card(
        texts.QUEUE_PHRASE, "\n".join(lines), footer=_footer(view, page, pages), private=True
    )


def _now(view: PlayerView) -> str:
    assert view.current is not None
    entry = view.current.entry
    return texts.QUEUE_NOW.format(
        track=named(entry.track), length=duration(entry.track.length_ms), member=asker(entry)
    )


def _line(position: int, entry: Entry) -> str:
    return texts.QUEUE_LINE.format(
        position=position,
        track=named(entry.track),
        length=duration(entry.track.length_ms),
        member=asker(entry),
    )


def _footer(view: PlayerView, page: int, pages: int) -> str:
    lengths = [entry.track.length_ms for entry in view.queue]
    known = [length for length in lengths if length is not None]
    text = texts.QUEUE_FOOTER if len(known) == len(lengths) else texts.QUEUE_FOOTER_LIVE
    return footer(
        text.format(page=page, pages=pages, count=len(lengths), length=duration(sum(known)))
    )
