"""What the player answered, in words."""

from typing import assert_never

from actors.guild.player.messages import (
    Joined,
    Left,
    Outdated,
    Paused,
    Queued,
    Resumed,
    Shuffled,
    Skipped,
    Stopped,
    VolumeSet,
    WentBack,
)
from actors.guild.refusal import Refused
from seraphim.discord import texts
from seraphim.discord.presenters.card import Card, card
from seraphim.discord.presenters.prose import duration, fit
from seraphim.discord.presenters.refusals import refusal
from seraphim.discord.presenters.tracks import credited, named

PLAYLIST_LIMIT = 120

Reply = (
    Queued
    | Paused
    | Resumed
    | Skipped
    | Outdated
    | WentBack
    | Stopped
    | Shuffled
    | VolumeSet
    | Joined
    | Left
    | Refused
)


def reply(answer: Reply) -> Card:
    """Return the card for any reply of the player; private where only who asked needs it."""
    match answer:
        case Queued():
            return _queued(answer)
        case Paused(now, changed):
            text = texts.PAUSED if changed else texts.ALREADY_PAUSED
            facts = text.format(track=named(now.entry.track))
            return card(texts.PAUSED_PHRASE, facts, private=not changed)
        case Resumed(now, changed):
            text = texts.RESUMED if changed else texts.ALREADY_PLAYING
            facts = text.format(track=named(now.entry.track))
            return card(texts.PLAYING_PHRASE, facts, private=not changed)
        case Skipped():
            return _skipped(answer)
        case Outdated(now):
            if now is None:
                return card(texts.RESTING_PHRASE, texts.OUTDATED, private=True)
            facts = texts.OUTDATED_NOW.format(track=named(now.entry.track))
            return card(texts.PLAYING_PHRASE, facts, private=True)
        case WentBack(entry):
            return card(texts.PLAYING_PHRASE, texts.WENT_BACK.format(track=named(entry.track)))
        case Stopped(cleared):
            text = texts.STOPPED_AND_CLEARED if cleared else texts.STOPPED
            return card(texts.RESTING_PHRASE, text.format(count=cleared))
        case Shuffled(count):
            return card(texts.QUEUE_PHRASE, texts.SHUFFLED.format(count=count))
        case VolumeSet(volume, before):
            facts = texts.VOLUME_SET.format(volume=volume, before=before)
            return card(texts.PLAYING_PHRASE, facts)
        case Joined(channel, _, goes_on) if goes_on is not None:
            track = named(goes_on.track)
            text = texts.JOINED_AGAIN.format(channel=f"<#{channel}>", track=track)
            return card(texts.JOINED_PHRASE, text)
        case Joined(channel, already):
            text = texts.ALREADY_JOINED if already else texts.JOINED
            return card(texts.JOINED_PHRASE, text.format(channel=f"<#{channel}>"))
        case Left(channel):
            return card(texts.LEFT_PHRASE, texts.LEFT.format(channel=f"<#{channel}>"))
        case Refused():
            return refusal(answer)
        case _:
            assert_never(answer)


def _queued(queued: Queued) -> Card:
    phrase = texts.QUEUE_PHRASE if queued.position else texts.PLAYING_PHRASE
    if queued.playlist is not None or len(queued.entries) != 1:
        text = texts.PLAYLIST_LATER if queued.position else texts.PLAYLIST_NOW
        name = fit(queued.playlist or "", PLAYLIST_LIMIT)
        facts = text.format(
            count=len(queued.entries),
            playlist=f"**{name}**" if name else texts.NAMELESS_PLAYLIST,
            position=queued.position,
        )
        return card(phrase, facts)
    track = queued.entries[0].track
    text = texts.PLAYS_LATER if queued.position else texts.PLAYS_NOW
    facts = text.format(
        track=credited(track), length=duration(track.length_ms), position=queued.position
    )
    return card(phrase, facts)


def _skipped(skipped: Skipped) -> Card:
    track = named(skipped.entry.track)
    if skipped.upcoming is None:
        facts = f"{texts.SKIPPED.format(track=track)}\n{texts.QUEUE_ENDED}"
        return card(texts.RESTING_PHRASE, facts)
    facts = texts.SKIPPED_TO.format(track=track, upcoming=named(skipped.upcoming.track))
    return card(texts.PLAYING_PHRASE, facts)
