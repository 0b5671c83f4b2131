"""Who may do what: whoever listens controls the music, and what is everybody's is voted on.

One rule for all commands, looked at in one place before any of them is carried out. Who is alone
with the bot, or a DJ, may do everything; so may somebody whose vote alone is enough. What concerns
nobody but them, anybody may do: their own tracks. Who is meant to decide, and does not know of each
other (it is not known who listens), is trusted rather than locked out.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from actors.guild.player import arrangement, mixing
from actors.guild.player.messages import (
    Back,
    Clean,
    Clear,
    Command,
    Dedupe,
    Leave,
    Member,
    NeedsConfirmation,
    Play,
    Remove,
    Replay,
    Seek,
    SetFilter,
    SetLoop,
    SetPitch,
    SetSpeed,
    SetStay,
    Show,
    Shuffle,
    Skip,
    SkipTo,
    Stop,
    Unshuffle,
    Vote,
    VoteKind,
    When,
)
from actors.guild.player.state import PlayerState
from actors.guild.player.track import Entry
from actors.guild.refusal import Code, Refused


@dataclass(frozen=True, slots=True)
class VoteNeeded:
    """The others are to be asked; `entries` are the waiting tracks that it is about.

    `wish` tells it from another of its kind: two who want the same have the same wish.
    """

    kind: VoteKind
    wish: object = None
    entries: tuple[Entry, ...] = ()


Verdict = Refused | NeedsConfirmation | VoteNeeded | None


def misplaced(ours: int | None, by: Member) -> Refused | None:
    """Return the refusal of a member who is not in the bot's voice channel, None if they are.

    `ours` is the bot's channel; while it is in none, any voice channel will do.
    """
    if by.voice_channel is None:
        return Refused(Code.JOIN_A_CHANNEL)
    if ours is not None and ours != by.voice_channel:
        return Refused(Code.SAME_CHANNEL, {"channel": ours})
    return None


def permit(state: PlayerState, message: Command) -> Verdict:
    """Return what stands between `message` and its being carried out, None if nothing does.

    That it can be carried out at all is not looked at.
    """
    if isinstance(message, Show):
        return None
    by: Member = message.by
    refused = misplaced(state.joining.channel if state.joining else state.voice.channel, by)
    if refused is not None or isinstance(message, Vote):
        return refused
    if _takes_precedence(state, message) and not _decides(state, by):
        return Refused(Code.DJ_ONLY)
    needed = _asks(state, message)
    if needed is None or not _decides(state, by):
        return needed
    others = len((state.listeners or frozenset()) - {by.id})
    if others and isinstance(message, Stop | Clear | Leave) and not message.confirmed:
        return NeedsConfirmation(needed.kind, others)
    return None


def _decides(state: PlayerState, by: Member) -> bool:
    """Whether the member needs nobody else's consent for anything."""
    return by.dj or not (state.listeners or frozenset()) - {by.id} or state.votes_needed == 1


def _takes_precedence(state: PlayerState, message: Command) -> bool:
    """Whether it is nobody's to ask for who does not decide, nor to vote on."""
    match message:
        case SetStay():
            return True
        case Play(by, when=When.NOW):
            return state.current is not None and state.current.entry.requester != by.id
        case Play(when=When.NEXT):
            return state.settings.fair and bool(state.queue)
        case _:
            return False


def _asks(state: PlayerState, message: Command) -> VoteNeeded | None:
    """Return what the others have to be asked about."""
    current = () if state.current is None else (state.current.entry,)
    match message:
        case Skip(by, count=count):
            passed = (*current, *state.queue[: max(0, count - 1)])
            wish = None if count == 1 else count
            return None if _own(by, passed) else VoteNeeded(VoteKind.SKIP, wish)
        case SkipTo(by, position, entry=entry):
            passed = (*current, *state.queue[: max(0, position - 1)])
            wish = entry or position
            return None if _own(by, passed) else VoteNeeded(VoteKind.SKIP, wish)
        case Stop():
            return VoteNeeded(VoteKind.STOP)
        case Leave():
            return VoteNeeded(VoteKind.LEAVE)
        case Back():
            return VoteNeeded(VoteKind.BACK)
        case Seek(by, position_ms, relative):
            wish = (position_ms, relative)
            return None if _own(by, current) else VoteNeeded(VoteKind.SEEK, wish)
        case Replay(by):
            return None if _own(by, current) else VoteNeeded(VoteKind.SEEK, "replay")
        case Shuffle():
            return VoteNeeded(VoteKind.SHUFFLE)
        case Unshuffle():
            return VoteNeeded(VoteKind.SHUFFLE, "unshuffle")
        case SetLoop(_, loop):
            return VoteNeeded(VoteKind.LOOP, loop)
        case SetFilter() | SetSpeed() | SetPitch():
            return VoteNeeded(VoteKind.FILTER, mixing.wanted(state.sound, message))
        case _:
            return _asks_of_queue(state, message)


def _asks_of_queue(state: PlayerState, message: Command) -> VoteNeeded | None:
    """Return what the others have to be asked about, if it takes away what waits."""
    match message:
        case Clear(by):
            return None if _own(by, state.queue) else VoteNeeded(VoteKind.CLEAR)
        case Remove(by):
            entries = arrangement.meant(state, message)
            own = _own(by, entries)
            return None if own else VoteNeeded(VoteKind.REMOVE, "remove", entries)
        case Dedupe(by):
            own = _own(by, arrangement.doubled(state))
            return None if own else VoteNeeded(VoteKind.REMOVE, "dedupe")
        case Clean(by):
            own = _own(by, arrangement.deserted(state))
            return None if own else VoteNeeded(VoteKind.REMOVE, "clean")
        case _:
            return None


def _own(by: Member, entries: Iterable[Entry]) -> bool:
    return all(entry.requester == by.id for entry in entries)
