"""Votes: what needs the consent of others is carried out when enough of them have asked for it.

A vote holds the command that began it. Whoever asks for the same says yes, and so does the button
beneath the vote's message. It is counted anew after every message, since listeners come and go, and
who has gone counts neither among those asked nor among those who said yes. When it passes, the
command is carried out as if a DJ had given it; so there is no second way to do anything.

A vote is about something: a play, or tracks that wait. With that it ends, for nobody has said yes
to the track after it. There is one vote of a kind at a time.
"""

from collections.abc import Callable
from dataclasses import replace

from actors.guild.player.access import VoteNeeded, permit
from actors.guild.player.effects import CancelTimer, StartTimer
from actors.guild.player.messages import (
    Command,
    Member,
    Outdated,
    Vote,
    Voted,
    VoteKind,
    VoteOutcome,
    VotePassed,
)
from actors.guild.player.state import Ballot, PlayerState
from actors.guild.player.track import Entry
from actors.guild.player.turn import Turn

VOTE = "vote"
VOTE_MS = 45_000
# What a vote of these kinds is about is what plays.
ABOUT_THE_PLAY = frozenset({VoteKind.SKIP, VoteKind.BACK, VoteKind.SEEK})

Obey = Callable[[Turn, Command], object]
"""Carries out a command that may be carried out, and returns its reply."""


def ask(
    turn: Turn, message: Command, by: Member, needed: VoteNeeded, obey: Obey
) -> Voted | VotePassed:
    """Count `message`, given by `by`, as a vote for itself; begin that vote if there is none."""
    _close_late(turn)
    ballot = _open(turn.state, needed.kind)
    if ballot is None:
        return _give(turn, _begin(turn, message, by, needed), by, obey, opened=True)
    if not _same(ballot, needed):
        return Voted(turn.state.vote(ballot), counted=False)
    return _give(turn, ballot, by, obey)


def on_vote(turn: Turn, message: Vote, obey: Obey) -> Voted | VotePassed | Outdated:
    """Count a vote that was given by its name."""
    _close_late(turn)
    for ballot in turn.state.ballots:
        if ballot.id == message.vote:
            if ballot.outcome is not VoteOutcome.OPEN:
                return Voted(turn.state.vote(ballot), counted=False)
            return _give(turn, ballot, message.by, obey)
    return Outdated(turn.state.now_playing(turn.now))


def watch(turn: Turn, obey: Obey) -> None:
    """Count all votes anew, and close those whose time or whose object is gone."""
    for ballot in turn.state.ballots:
        if ballot.outcome is not VoteOutcome.OPEN:
            continue
        if not _has_object(turn.state, ballot):
            _close(turn, ballot, VoteOutcome.LAPSED)
        elif _passes(turn.state, ballot):
            _carry_out(turn, ballot, obey)
    _close_late(turn)
    _watch_time(turn)


def on_time_up(turn: Turn) -> None:
    """Close what was to close now, even where the clock that is looked at has stood still."""
    due = turn.state.closes_at
    for ballot in turn.state.ballots:
        if ballot.outcome is VoteOutcome.OPEN and due is not None and ballot.ends_at <= due:
            _close(turn, ballot, VoteOutcome.FAILED)
    turn.change(closes_at=None)


# --- one vote ---


def _close_late(turn: Turn) -> None:
    for ballot in turn.state.ballots:
        if ballot.outcome is VoteOutcome.OPEN and ballot.ends_at <= turn.now:
            _close(turn, ballot, VoteOutcome.FAILED)


def _open(state: PlayerState, kind: VoteKind) -> Ballot | None:
    for ballot in state.ballots:
        if ballot.kind is kind and ballot.outcome is VoteOutcome.OPEN:
            return ballot
    return None


def _begin(turn: Turn, message: Command, by: Member, needed: VoteNeeded) -> Ballot:
    current = turn.state.current if needed.kind in ABOUT_THE_PLAY else None
    ballot = Ballot(
        id=turn.number(),
        kind=needed.kind,
        command=message,
        by=by,
        home=turn.state.home,
        ends_at=turn.now + VOTE_MS,
        wish=needed.wish,
        play=current and current.play,
        entries=needed.entries,
        entry=current.entry if current else _only(needed.entries),
    )
    others = tuple(other for other in turn.state.ballots if other.kind is not needed.kind)
    turn.change(ballots=(*others, ballot))
    return ballot


def _only(entries: tuple[Entry, ...]) -> Entry | None:
    """Return the track that is to be named; none of several stands for the others."""
    return entries[0] if len(entries) == 1 else None


def _same(ballot: Ballot, needed: VoteNeeded) -> bool:
    return (ballot.wish, ballot.entries) == (needed.wish, needed.entries)


def _give(
    turn: Turn, ballot: Ballot, by: Member, obey: Obey, *, opened: bool = False
) -> Voted | VotePassed:
    counted = by.id not in ballot.voters
    ballot = replace(ballot, voters=ballot.voters | {by.id})
    _put(turn, ballot)
    # Who needs nobody's consent for it has decided it.
    alone = not isinstance(permit(turn.state, replace(ballot.command, by=by)), VoteNeeded)
    if alone or _passes(turn.state, ballot):
        reply = _carry_out(turn, ballot, obey)
        return VotePassed(turn.state.vote(_find(turn, ballot.id)), reply)
    return Voted(turn.state.vote(ballot), counted, opened)


def _find(turn: Turn, number: int) -> Ballot:
    return next(ballot for ballot in turn.state.ballots if ballot.id == number)


def _put(turn: Turn, ballot: Ballot) -> None:
    turn.change(
        ballots=tuple(ballot if other.id == ballot.id else other for other in turn.state.ballots)
    )


def _close(turn: Turn, ballot: Ballot, outcome: VoteOutcome) -> None:
    # As it was counted last: who comes or goes now changes nothing about it.
    counted = turn.state.votes(ballot), turn.state.votes_needed
    _put(turn, replace(ballot, outcome=outcome, counted=counted))


def _passes(state: PlayerState, ballot: Ballot) -> bool:
    return state.listeners is not None and state.votes(ballot) >= state.votes_needed


def _has_object(state: PlayerState, ballot: Ballot) -> bool:
    if state.home != ballot.home:
        return False
    if ballot.kind is VoteKind.STOP:
        chosen = state.choosing is not None
        return state.current is not None or bool(state.queue or state.requests) or chosen
    if ballot.play is not None:
        return state.current is not None and state.current.play == ballot.play
    return not ballot.entries or any(entry in state.queue for entry in ballot.entries)


def _carry_out(turn: Turn, ballot: Ballot, obey: Obey) -> object:
    _close(turn, ballot, VoteOutcome.PASSED)
    by = replace(ballot.by, voice_channel=turn.state.home, dj=True)
    return obey(turn, replace(ballot.command, by=by))


def _watch_time(turn: Turn) -> None:
    open_ones = (b.ends_at for b in turn.state.ballots if b.outcome is VoteOutcome.OPEN)
    closes_at = min(open_ones, default=None)
    if closes_at == turn.state.closes_at:
        return
    turn.change(closes_at=closes_at)
    if closes_at is None:
        turn.do(CancelTimer(VOTE))
    else:
        # A clock that was put back must not make it longer.
        turn.do(StartTimer(VOTE, min(VOTE_MS, max(0, closes_at - turn.now))))
