"""What the player answered, in words.

What concerns only who asked is said to them alone, in their language; the rest is said to
everybody, in the guild's.
"""

from dataclasses import replace
from typing import assert_never, cast

from actors.guild.player.messages import (
    AutoplaySet,
    Cleared,
    Held,
    Joined,
    Left,
    LoopSet,
    Moved,
    NeedsConfirmation,
    Outdated,
    Paused,
    Queued,
    Removed,
    Replayed,
    Resumed,
    Shuffled,
    Skipped,
    Sought,
    SoundSet,
    StaySet,
    Stopped,
    Swapped,
    Unshuffled,
    VolumeSet,
    Voted,
    VotePassed,
    WentBack,
)
from actors.guild.refusal import Refused
from seraphim.discord.language.language import Language
from seraphim.discord.language.languages import Audience
from seraphim.discord.presenters.card import Card, card
from seraphim.discord.presenters.prose import clock, fit
from seraphim.discord.presenters.refusals import refusal
from seraphim.discord.presenters.sound import described
from seraphim.discord.presenters.tracks import credited, duration, named
from seraphim.discord.presenters.votes import question, vote, voted

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
    | Replayed
    | Sought
    | Removed
    | Moved
    | Swapped
    | Cleared
    | Unshuffled
    | LoopSet
    | SoundSet
    | AutoplaySet
    | StaySet
    | Held
    | Refused
)


def reply(answer: Reply, audience: Audience) -> Card:
    """Return the card for any reply of the player; private where only who asked needs it."""
    say = audience.guild
    match answer:
        case Refused():
            return refusal(answer, audience.asker)
        case Outdated():
            return _outdated(answer, audience.asker)
        case Voted():
            return vote(answer.vote, say) if answer.opened else voted(answer, audience.asker)
        case VotePassed():
            return _passed(answer, audience)
        case NeedsConfirmation():
            return question(answer, audience.asker)
        case Paused(now, changed):
            if not changed:
                say = audience.asker
            facts = say(
                "paused" if changed else "paused-already", track=named(now.entry.track, say)
            )
            return card(say("phrase-paused"), facts, private=not changed)
        case Resumed(now, changed):
            if not changed:
                say = audience.asker
            facts = say(
                "resumed" if changed else "resumed-already", track=named(now.entry.track, say)
            )
            return card(say("phrase-playing"), facts, private=not changed)
        case Queued():
            return _queued(answer, say)
        case Skipped():
            return _skipped(answer, say)
        case WentBack(entry):
            return card(say("phrase-playing"), say("went-back", track=named(entry.track, say)))
        case Stopped(cleared):
            return card(say("phrase-resting"), say("stopped", count=cleared))
        case Shuffled(count):
            return card(say("phrase-queue"), say("shuffled", count=count))
        case VolumeSet(volume, before):
            facts = say("volume-set", volume=say.percent(volume), before=say.percent(before))
            return card(say("phrase-playing"), facts)
        case Replayed(now):
            return card(say("phrase-playing"), say("replayed", track=named(now.entry.track, say)))
        case Sought(now, before):
            facts = say(
                "sought",
                track=named(now.entry.track, say),
                position=clock(now.position_ms),
                before=clock(before),
            )
            return card(say("phrase-playing"), facts)
        case Removed(entries):
            track = named(entries[0].track, say) if entries else say("track-untitled")
            return card(say("phrase-queue"), say("removed", count=len(entries), track=track))
        case Moved(entry, position):
            facts = say("moved", track=named(entry.track, say), position=position)
            return card(say("phrase-queue"), facts)
        case Swapped(first, second):
            facts = say("swapped", first=named(first.track, say), second=named(second.track, say))
            return card(say("phrase-queue"), facts)
        case Cleared(count):
            return card(say("phrase-queue"), say("cleared", count=count))
        case Unshuffled(count):
            return card(say("phrase-queue"), say("unshuffled", count=count))
        case LoopSet(loop, changed):
            say = say if changed else audience.asker
            return card(say("phrase-playing"), say("loop-set", loop=loop), private=not changed)
        case SoundSet(sound):
            return card(say("phrase-sound"), described(sound, say))
        case AutoplaySet(on, changed):
            say = say if changed else audience.asker
            facts = say("autoplay-set", on=_switch(on))
            return card(say("phrase-playing"), facts, private=not changed)
        case StaySet(on, changed):
            say = say if changed else audience.asker
            return card(say("phrase-joined"), say("stay-set", on=_switch(on)), private=not changed)
        case Joined():
            return _joined(answer, say)
        case Left(channel):
            return card(say("phrase-left"), say("left", channel=f"<#{channel}>"))
        case _:
            assert_never(answer)


def gathering(say: Language) -> Card:
    """Return what stands for an answer that takes long: a long playlist, a slow source."""
    return card(say("phrase-gathering"), say("gathering"))


def _switch(on: bool) -> str:
    """Return what messages tell on and off by."""
    return "on" if on else "off"


def _passed(passed: VotePassed, audience: Audience) -> Card:
    """Return what the vote has led to: what was voted on may have become impossible."""
    done = reply(cast("Reply", passed.reply), audience)
    say, view = audience.guild, passed.vote
    facts = say("vote-passed", votes=view.votes, needed=view.needed)
    done.embed.description = f"{facts}\n{done.embed.description or ''}"
    return replace(done, private=False, announced=True)


def _outdated(outdated: Outdated, say: Language) -> Card:
    if outdated.now is None:
        return card(say("phrase-resting"), say("outdated"), private=True)
    track = named(outdated.now.entry.track, say)
    return card(say("phrase-playing"), say("outdated-now", track=track), private=True)


def _queued(queued: Queued, say: Language) -> Card:
    phrase = say("phrase-queue" if queued.position else "phrase-playing")
    if queued.playlist is not None or len(queued.entries) != 1:
        name = fit(queued.playlist or "", PLAYLIST_LIMIT)
        facts = say(
            "queued-many-later" if queued.position else "queued-many-now",
            count=len(queued.entries),
            playlist=f"**{name}**" if name else say("queued-playlist-nameless"),
            position=queued.position,
        )
    else:
        track = queued.entries[0].track
        facts = say(
            "queued-later" if queued.position else "queued-now",
            track=credited(track, say),
            length=duration(track.length_ms, say),
            position=queued.position,
        )
    lines = [facts]
    if queued.no_room:
        lines.append(say("queued-no-room", count=queued.no_room))
    if queued.too_long:
        lines.append(say("queued-too-long", count=queued.too_long))
    return card(phrase, "\n".join(lines))


def _skipped(skipped: Skipped, say: Language) -> Card:
    track = named(skipped.entry.track, say)
    gone = say("skipped", track=track, count=skipped.count)
    if skipped.upcoming is None:
        return card(say("phrase-resting"), f"{gone}\n{say('queue-ended')}")
    upcoming = named(skipped.upcoming.track, say)
    return card(say("phrase-playing"), f"{gone} {say('skipped-to', upcoming=upcoming)}")


def _joined(joined: Joined, say: Language) -> Card:
    channel = f"<#{joined.channel}>"
    if joined.goes_on is not None:
        facts = say("joined-again", channel=channel, track=named(joined.goes_on.track, say))
    else:
        facts = say("joined-already" if joined.already else "joined", channel=channel)
    return card(say("phrase-joined"), facts)
