"""The panel: what plays, how far it is, what comes next, and the buttons.

Progress is a moment, not a counter: Discord's clients count down to it by themselves, so a panel
is edited when something changes and never because time passes.
"""

import hikari

from actors.guild.player.messages import Loop, NowPlaying, PlayerView
from actors.guild.player.sound import PLAIN, UNCHANGED
from actors.guild.refusal import Code, Refused
from seraphim.discord.controls.button import Button, Verb
from seraphim.discord.language.language import Language
from seraphim.discord.presenters.card import GOLD, Card, title
from seraphim.discord.presenters.prose import clock, fit, link
from seraphim.discord.presenters.refusals import refusal
from seraphim.discord.presenters.sound import described
from seraphim.discord.presenters.tracks import ARTIST_LIMIT, asker, credited

FEWEST_TO_SHUFFLE = 2
QUIETEST, LOUDEST = 0, 100
LIVE_TITLE_LIMIT = 200
_LOOPS = {
    Loop.OFF: Verb.LOOP_TRACK,
    Loop.TRACK: Verb.LOOP_QUEUE,
    Loop.QUEUE: Verb.LOOP_OFF,
}


def panel(view: PlayerView, say: Language) -> Card:
    """Return the panel for a view, with the buttons that make sense in it."""
    return Card(_embed(view, say), _rows(view, say))


def gone(say: Language) -> Card:
    """Return the panel of a player that is no longer there."""
    return Card(_resting(say))


def now_playing(view: PlayerView, say: Language) -> Card:
    """Return what plays, for who asked alone; without buttons, which belong to the panel."""
    if view.current is None:
        return refusal(Refused(Code.NOTHING_PLAYING), say)
    return Card(_embed(view, say), private=True)


def _embed(view: PlayerView, say: Language) -> hikari.Embed:
    now = view.current
    if now is None:
        return _resting(say)
    track = now.entry.track
    embed = hikari.Embed(
        title=title(track.title) or say("track-untitled"),
        url=link(track.uri),
        description="\n".join(_facts(view, now, say)),
        color=GOLD,
    )
    # What nothing can make sound stands still, but nobody has paused it.
    paused = now.paused and _may_sound(view)
    embed.set_author(name=say("phrase-paused" if paused else "phrase-playing"))
    embed.set_thumbnail(link(track.artwork))
    embed.add_field(say("panel-next"), _next(view, say), inline=True)
    embed.add_field(say("panel-volume"), say.percent(view.volume), inline=True)
    if view.loop is not Loop.OFF:
        embed.add_field(say("panel-loop"), say(f"choice-loop-{view.loop}"), inline=True)
    if view.sound != PLAIN:
        embed.add_field(say("panel-sound"), described(view.sound, say), inline=True)
    if view.autoplay:
        embed.add_field(say("panel-autoplay"), say("panel-on"), inline=True)
    return embed


def _resting(say: Language) -> hikari.Embed:
    return hikari.Embed(title=say("phrase-resting"), description=say("nothing-plays"), color=GOLD)


def _facts(view: PlayerView, now: NowPlaying, say: Language) -> list[str]:
    artist = fit(now.entry.track.author, ARTIST_LIMIT)
    facts = [say("panel-artist", artist=artist)] if artist else []
    if now.live_title:
        facts.append(say("panel-live-title", title=fit(now.live_title, LIVE_TITLE_LIMIT)))
    facts.append(say("panel-asked-by", member=asker(now.entry, say)))
    facts.append(_progress(now, say, sounds=_may_sound(view)))
    if not view.called:
        facts.append(say("panel-waiting-for-join"))
    elif not view.node_ready:
        facts.append(say("panel-waiting-for-node"))
    elif view.alone:
        facts.append(say("panel-waiting-for-listeners"))
    return facts


def _may_sound(view: PlayerView) -> bool:
    """Whether it is people's wish alone that decides if something sounds."""
    return view.called and view.node_ready and not view.alone


def _progress(now: NowPlaying, say: Language, *, sounds: bool) -> str:
    length = now.entry.track.length_ms
    if length is None:
        return say("panel-paused-live" if now.paused and sounds else "track-live")
    if now.paused or not sounds:
        name = "panel-paused-at" if sounds else "panel-stands-at"
        return say(name, position=clock(now.position_ms), length=clock(length))
    remaining = max(0, length - now.position_ms) * UNCHANGED // now.tempo
    end = (now.at_ms + remaining) // 1000
    return say("panel-ends", length=clock(length), moment=f"<t:{end}:R>")


def _next(view: PlayerView, say: Language) -> str:
    queue = view.queue
    upcoming = view.upcoming or (queue[0] if queue else None)
    if upcoming is None:
        return say("panel-nothing-next")
    track = credited(upcoming.track, say)
    more = len(queue) - (1 if queue and upcoming == queue[0] else 0)
    return say("panel-next-and-more", track=track, count=more) if more else track


def _rows(view: PlayerView, say: Language) -> list[hikari.api.MessageActionRowBuilder]:
    now = view.current
    play = now.play if now else None
    rows: list[hikari.api.MessageActionRowBuilder] = []
    for verbs in _verbs(view):
        row = hikari.impl.MessageActionRowBuilder()
        for verb, useful in verbs:
            row.add_interactive_button(
                hikari.ButtonStyle.DANGER if verb is Verb.STOP else hikari.ButtonStyle.SECONDARY,
                Button(play, verb).custom_id,
                label=say(f"button-{verb}"),
                is_disabled=not useful,
            )
        rows.append(row)
    return rows


def _verbs(view: PlayerView) -> list[list[tuple[Verb, bool]]]:
    """Return the buttons in their rows, and whether each would do something now."""
    now = view.current
    if now is None:
        return [[(Verb.BACK, view.voice_channel is not None)]] if view.can_go_back else []
    return [
        [
            (Verb.BACK, view.can_go_back),
            (Verb.RESUME if now.paused else Verb.PAUSE, True),
            (Verb.SKIP, True),
            (Verb.SHUFFLE, len(view.queue) >= FEWEST_TO_SHUFFLE),
            (Verb.STOP, True),
        ],
        [
            (_LOOPS[view.loop], True),
            (Verb.QUIETER, view.volume > QUIETEST),
            (Verb.LOUDER, view.volume < LOUDEST),
            (Verb.FAVOURITE, True),
            (Verb.QUEUE, True),
        ],
    ]
