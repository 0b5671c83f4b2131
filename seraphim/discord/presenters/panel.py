"""The panel: what plays, how far it is, what comes next, and the buttons.

Progress is a moment, not a counter: Discord's clients count down to it by themselves, so a panel
is edited when something changes and never because time passes.
"""

import hikari

from actors.guild.player.messages import NowPlaying, PlayerView
from actors.guild.player.track import Entry
from actors.guild.refusal import Code, Refused
from seraphim.discord import texts
from seraphim.discord.controls.button import Button, Verb
from seraphim.discord.presenters.card import GOLD, Card, title
from seraphim.discord.presenters.prose import duration, fit, link
from seraphim.discord.presenters.refusals import refusal
from seraphim.discord.presenters.tracks import ARTIST_LIMIT, asker, credited

_LABELS = {
    Verb.BACK: texts.BUTTON_BACK,
    Verb.PAUSE: texts.BUTTON_PAUSE,
    Verb.RESUME: texts.BUTTON_RESUME,
    Verb.SKIP: texts.BUTTON_SKIP,
    Verb.SHUFFLE: texts.BUTTON_SHUFFLE,
    Verb.STOP: texts.BUTTON_STOP,
}
FEWEST_TO_SHUFFLE = 2


def panel(view: PlayerView) -> Card:
    """Return the panel for a view, with the buttons that make sense in it."""
    return Card(_embed(view), _rows(view))


def gone() -> Card:
    """Return the panel of a player that is no longer there."""
    return Card(_resting())


def now_playing(view: PlayerView) -> Card:
    """Return what plays, for who asked alone; without buttons, which belong to the panel."""
    if view.current is None:
        return refusal(Refused(Code.NOTHING_PLAYING))
    return Card(_embed(view), private=True)


def _embed(view: PlayerView) -> hikari.Embed:
    now = view.current
    if now is None:
        return _resting()
    track = now.entry.track
    embed = hikari.Embed(
        title=title(track.title) or texts.UNTITLED,
        url=link(track.uri),
        description="\n".join(_facts(view, now)),
        color=GOLD,
    )
    # What nothing can make sound stands still, but nobody has paused it.
    paused = now.paused and view.node_ready and view.called
    embed.set_author(name=texts.PAUSED_PHRASE if paused else texts.PLAYING_PHRASE)
    embed.set_thumbnail(link(track.artwork))
    embed.add_field(texts.NEXT, _next(view.queue), inline=True)
    embed.add_field(texts.VOLUME, texts.PERCENT.format(volume=view.volume), inline=True)
    return embed


def _resting() -> hikari.Embed:
    return hikari.Embed(title=texts.RESTING_PHRASE, description=texts.NOTHING_PLAYS, color=GOLD)


def _facts(view: PlayerView, now: NowPlaying) -> list[str]:
    artist = fit(now.entry.track.author, ARTIST_LIMIT)
    facts = [texts.ARTIST.format(artist=artist)] if artist else []
    facts.append(texts.ASKED_BY.format(member=asker(now.entry)))
    facts.append(_progress(now, sounds=view.called and view.node_ready))
    if not view.called:
        facts.append(texts.WAITING_FOR_JOIN)
    elif not view.node_ready:
        facts.append(texts.WAITING_FOR_NODE)
    return facts


def _progress(now: NowPlaying, *, sounds: bool) -> str:
    length = now.entry.track.length_ms
    if length is None:
        return texts.PAUSED_LIVE if now.paused and sounds else texts.LIVE
    if now.paused or not sounds:
        text = texts.PAUSED_AT if sounds else texts.STANDS_AT
        return text.format(position=duration(now.position_ms), length=duration(length))
    end = (now.at_ms + max(0, length - now.position_ms)) // 1000
    return texts.ENDS.format(length=duration(length), moment=f"<t:{end}:R>")


def _next(queue: tuple[Entry, ...]) -> str:
    if not queue:
        return texts.NOTHING_NEXT
    track = credited(queue[0].track)
    if len(queue) == 1:
        return track
    return texts.NEXT_AND_MORE.format(track=track, count=len(queue) - 1)


def _rows(view: PlayerView) -> list[hikari.api.MessageActionRowBuilder]:
    now = view.current
    play = now.play if now else None
    row = hikari.impl.MessageActionRowBuilder()
    for verb, useful in _verbs(view):
        row.add_interactive_button(
            hikari.ButtonStyle.DANGER if verb is Verb.STOP else hikari.ButtonStyle.SECONDARY,
            Button(play, verb).custom_id,
            label=_LABELS[verb],
            is_disabled=not useful,
        )
    return [row] if now or view.can_go_back else []


def _verbs(view: PlayerView) -> list[tuple[Verb, bool]]:
    now = view.current
    if now is None:
        return [(Verb.BACK, view.voice_channel is not None)]
    return [
        (Verb.BACK, view.can_go_back),
        (Verb.RESUME if now.paused else Verb.PAUSE, True),
        (Verb.SKIP, True),
        (Verb.SHUFFLE, len(view.queue) >= FEWEST_TO_SHUFFLE),
        (Verb.STOP, True),
    ]
