"""What holds whatever is said to a player: all that it understands, in any order.

Beside what other properties draw there are votes, people who come and go, settings that change
under the music, other recordings of what broke, what autoplay proposes, and restarts.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.guild.panel.messages import TooManyBroke
from actors.guild.player.core import Decision, decide, restored
from actors.guild.player.effects import (
    Answer,
    Effect,
    FindNode,
    Later,
    Say,
    StartTimer,
    UpdateNode,
)
from actors.guild.player.messages import (
    Awake,
    Clean,
    Command,
    Departed,
    EndReason,
    Event,
    FoundElsewhere,
    ListenerMoved,
    ListenersChanged,
    Loaded,
    Loop,
    Member,
    NodeFound,
    NodePlayer,
    Play,
    PlayerMessage,
    Proposed,
    Queued,
    Reconciled,
    SetLoop,
    SettingsChanged,
    Show,
    TimeIsUp,
    TrackEnded,
    TrackStarted,
    VoiceSessionEnded,
    VoiceStateChanged,
    Vote,
    VoteOutcome,
    When,
)
from actors.guild.player.sound import FASTEST, HIGHEST, LOWEST, SLOWEST
from actors.guild.player.state import HISTORY_LIMIT, QUEUE_LIMIT, PlayerState
from actors.guild.player.track import Entry, Track
from actors.guild.settings import GuildSettings
from actors.runtime import Ask
from actors.store.ledger import durable
from seraphim.storage.snapshot import decode, encode
from tests.actors.guild.player.shell import NODE, OTHER
from tests.actors.guild.player.test_core_properties import (
    COMMANDS,
    CURRENT,
    MISHAPS,
    PENDING,
    PLAYS,
    PROGRESS,
    playing,
    resolved,
    serial,
)

ALL = frozenset({1, 2, 3})
MEMBERS = st.builds(
    Member, st.integers(1, 3), st.sampled_from([10, 10, 10, 10, 20, None]), st.booleans()
)
TIMERS = (
    "join", "settle", "repair", "retry", "look", "idle", "end", "vote", "leave", "status",
)  # fmt: skip


def song(number: int, length_ms: int | None, *, seekable: bool, source: str) -> Track:
    return Track("", str(number), str(number), "artist", length_ms, seekable, source)


def named(length_ms: int | None, seekable: bool, source: str, again: int | None) -> Track:
    return song(
        next(serial) if again is None else again, length_ms, seekable=seekable, source=source
    )


def known(by: Member, found: tuple[Track, ...]) -> Play:
    return Play(by, "", 30, tracks=found, playlist="favourites")


def recordings(found: tuple[Track, ...]) -> tuple[Track, ...]:
    return tuple(track for track in found if not track.stream)


TRACKS = st.builds(
    named,
    st.sampled_from([60_000, 60_000, 60_000, 200_000, 500, None]),
    st.sampled_from([True, True, False]),
    st.sampled_from(["library", "youtube", "soundcloud"]),
    # Some are the same track again.
    st.none() | st.none() | st.integers(10**6, 10**6 + 3),
)
FINDS = st.lists(TRACKS, max_size=3).map(tuple)
RECORDINGS = FINDS.map(recordings)
CHOSEN = st.builds(
    GuildSettings,
    maximum_volume=st.sampled_from([100, 30]),
    vote_share=st.sampled_from([1, 50, 100]),
    stay=st.booleans(),
    fair=st.booleans(),
    channel_status=st.booleans(),
    longest_track_minutes=st.sampled_from([None, 1]),
    longest_queue=st.sampled_from([1, 5, 1_000]),
)
NODE_PLAYERS = st.none() | st.builds(
    NodePlayer,
    st.none() | PLAYS,
    st.integers(0, 90_000),
    st.integers(0, 10**6),
    st.booleans(),
    st.integers(0, 100),
    st.booleans(),
)
MORE_COMMANDS: st.SearchStrategy[PlayerMessage] = st.one_of(
    COMMANDS,
    COMMANDS,
    st.builds(Vote, MEMBERS, st.just(PENDING) | st.integers(1, 30)),
    st.builds(Vote, MEMBERS, st.just(PENDING)),
    st.builds(SetLoop, MEMBERS, st.sampled_from(Loop)),
    st.builds(known, MEMBERS, st.lists(TRACKS, min_size=1, max_size=8).map(tuple)),
    st.builds(Clean, MEMBERS),
    st.just(Show()),
)
MORE_PROGRESS: st.SearchStrategy[PlayerMessage] = st.one_of(
    PROGRESS,
    PROGRESS,
    st.builds(Loaded, st.just(PENDING), FINDS),
    st.builds(ListenersChanged, st.none() | st.frozensets(st.integers(1, 3))),
    st.builds(ListenerMoved, st.integers(1, 3), st.sampled_from([10, 20, None])),
    st.builds(SettingsChanged, CHOSEN),
    st.builds(FoundElsewhere, st.just(PENDING), RECORDINGS),
    st.builds(Proposed, st.just(PENDING), FINDS),
    st.builds(NodeFound, st.sampled_from([NODE, OTHER, None])),
    st.builds(Reconciled, st.sampled_from([NODE, OTHER]), NODE_PLAYERS),
    st.builds(VoiceStateChanged, st.just(10), st.just("a"), st.booleans(), st.booleans()),
)
BREAKS: st.SearchStrategy[PlayerMessage] = st.one_of(
    st.builds(TrackEnded, st.just(CURRENT), st.just(EndReason.LOAD_FAILED)),
    st.builds(FoundElsewhere, st.just(PENDING), RECORDINGS),
)
ENDS: st.SearchStrategy[PlayerMessage] = st.one_of(
    st.builds(TrackStarted, st.just(CURRENT)),
    st.builds(TrackEnded, st.just(CURRENT), st.just(EndReason.FINISHED)),
    st.builds(Proposed, st.just(PENDING), FINDS),
)
MORE_MISHAPS: st.SearchStrategy[PlayerMessage] = st.one_of(
    MISHAPS,
    st.just(VoiceSessionEnded()),
    st.builds(Awake, st.booleans()),
    st.just(Departed()),
    st.builds(TimeIsUp, st.sampled_from(TIMERS)),
)
MESSAGES = st.one_of(
    MORE_COMMANDS, MORE_COMMANDS, MORE_PROGRESS, MORE_PROGRESS, MORE_MISHAPS, BREAKS, ENDS
)
DELAYS = st.sampled_from([0, 0, 100, 1_500, 9_000, 60_000, -5_000])
HISTORIES = st.lists(st.tuples(MESSAGES, DELAYS), min_size=20, max_size=60)


def act(state: PlayerState, message: PlayerMessage, now: int) -> Decision:
    """Decide, and answer each `FindNode` as the next message; other recordings are drawn."""
    decision = decide(state, message, now)
    state, effects = decision.state, list[Effect]()
    for effect in decision.effects:
        effects.append(effect)
        if isinstance(effect, FindNode):
            then = act(state, NodeFound(min(state.nodes - {effect.avoid}, default=None)), now)
            state = then.state
            effects += then.effects
    return replace(decision, state=state, effects=tuple(effects))


def meant(message: PlayerMessage, state: PlayerState) -> PlayerMessage:
    """Put what is current and what is pending now into a message that speaks of it."""
    match message:
        case Vote(_, vote=vote) if vote == PENDING:
            ids = (ballot.id for ballot in state.ballots if ballot.outcome is VoteOutcome.OPEN)
            return replace(message, vote=next(ids, PENDING))
        case FoundElsewhere() if state.mending is not None and state.mending.attempt is not None:
            return replace(message, attempt=state.mending.attempt)
        case Proposed() if state.choosing is not None:
            return replace(message, attempt=state.choosing)
        case Reconciled(_, player) if player is not None and player.play == CURRENT:
            play = state.current.sounding if state.current else None
            return replace(message, player=replace(player, play=play))
        case _:
            return resolved(message, state)


def entries(state: PlayerState) -> tuple[Entry, ...]:
    current = () if state.current is None else (state.current.entry,)
    return (*state.queue, *current, *state.history)


def tracks(held: Iterable[Entry]) -> set[str]:
    return {entry.original.name for entry in held}


def given_by(message: PlayerMessage, decision: Decision) -> set[str]:
    """The tracks that may be new after `message`."""
    answers = (effect.reply for effect in decision.effects if isinstance(effect, Answer))
    queued = (entry for answer in answers if isinstance(answer, Queued) for entry in answer.entries)
    proposed = message.tracks if isinstance(message, Proposed) else ()
    return tracks(queued) | {track.name for track in proposed}


def sane(state: PlayerState, now: int) -> None:
    """What is true of every state."""
    assert len(state.queue) <= QUEUE_LIMIT + HISTORY_LIMIT
    assert len(state.history) <= HISTORY_LIMIT
    assert 0 <= state.volume <= state.settings.maximum_volume
    assert SLOWEST <= state.sound.speed <= FASTEST
    assert LOWEST <= state.sound.pitch <= HIGHEST
    current = state.current
    if current is None:
        assert not state.paused
        assert state.following is None
        assert state.ends_at is None
    else:
        assert state.choosing is None
        length = current.entry.track.length_ms
        assert current.position(now) >= 0
        assert length is None or current.position(now) <= max(length, current.position_ms)
        assert not (current.running and (state.still or current.entry.is_broken))
        assert length is not None or current.tempo == 100
    if state.following is not None:
        assert not state.following.entry.is_broken
    kinds = [ballot.kind for ballot in state.ballots]
    assert len(kinds) == len(set(kinds))
    for ballot in state.ballots:
        if ballot.outcome is VoteOutcome.OPEN:
            assert ballot.ends_at > now
            assert ballot.home == state.home
            assert state.votes(ballot) < state.votes_needed or state.listeners is None
            assert ballot.play is None or (current and current.play == ballot.play)
    view = state.view(now)
    assert view.queue == state.queue
    assert decode(encode(state)) == durable(state)


def told(decision: Decision, state: PlayerState) -> None:
    """What is true of all that a player wants done."""
    for effect in decision.effects:
        match effect:
            case UpdateNode(_, update):
                if update.start is not None:
                    assert state.voice.credentials is not None
                    assert update.start.position_ms >= 0
                    # It may be over by now, and what follows it be current.
                    current = state.current
                    if current is not None and current.sounding == update.start.play:
                        assert not current.entry.is_broken
                if update.position_ms is not None:
                    assert update.position_ms >= 0
            case StartTimer(_, delay_ms):
                assert delay_ms >= 0
            case Say(TooManyBroke()):
                assert state.queue == ()
            case _:
                pass


def test_every_message_is_drawn():
    seen: set[type] = set()

    @settings(max_examples=300, deadline=None, database=None)
    @given(st.lists(MESSAGES, min_size=20, max_size=20))
    def look(messages: list[PlayerMessage]) -> None:
        seen.update(type(message) for message in messages)

    look()
    understood = set(get_args(Command)) | set(get_args(Event))
    assert understood <= seen


@settings(max_examples=250, deadline=None)
@given(CHOSEN, st.booleans(), HISTORIES)
def test_whatever_is_said_the_state_holds_together(
    chosen: GuildSettings, autoplay: bool, history: list[tuple[PlayerMessage, int]]
):
    state, now = replace(playing(), autoplay=autoplay), 0
    songs = tuple(song(next(serial), 60_000, seekable=True, source="youtube") for _ in range(3))
    for begun in (
        Play(Member(2, 10), "", 30, When.NOW, tracks=songs),
        TrackStarted(CURRENT),
        ListenersChanged(ALL),
        SettingsChanged(chosen),
    ):
        state = act(state, meant(begun, state), now).state
    waiting: set[int] = set()
    for drawn, delay in history:
        now += delay
        if isinstance(drawn, Awake):
            # It is said first of all to who begins with the state of the one before.
            state = restored(state, None, state.nodes)
            waiting.clear()
        message, before = meant(drawn, state), state
        decision = act(before, message, now)
        state = decision.state
        sane(state, now)
        told(decision, state)
        assert tracks(entries(state)) <= tracks(entries(before)) | given_by(message, decision)
        if isinstance(decision.reply, Later):
            waiting.add(decision.reply.attempt)
        elif isinstance(message, Ask):
            assert decision.reply is not None
        for effect in decision.effects:
            if isinstance(effect, Answer):
                waiting.remove(effect.attempt)
        still = {request.attempt for request in state.requests}
        still |= set(state.joining.answers) if state.joining else set()
        assert still == waiting
