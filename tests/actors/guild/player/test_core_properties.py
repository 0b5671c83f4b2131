"""What holds for a player whatever happens to it, in whatever order."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.guild.player.core import restored
from actors.guild.player.effects import Answer, Effect, Later, UpdateNode
from actors.guild.player.messages import (
    Back,
    Clean,
    Clear,
    Dedupe,
    EndReason,
    Join,
    JoinFailed,
    Leave,
    Loaded,
    LoadFailed,
    Loop,
    Member,
    Move,
    NodeDown,
    NodeDraining,
    NodeReady,
    Pause,
    Play,
    PlayerMessage,
    PositionReported,
    Queued,
    Remove,
    Removed,
    Replay,
    Resume,
    Seek,
    SetAutoplay,
    SetFilter,
    SetLoop,
    SetPitch,
    SetSpeed,
    SetStay,
    SetVolume,
    Shuffle,
    Skip,
    Skipped,
    SkipTo,
    Stop,
    Swap,
    TimeIsUp,
    TrackEnded,
    TrackFailed,
    TrackStarted,
    TrackStuck,
    Unshuffle,
    UpdateFailed,
    VoiceClosed,
    VoiceServerChanged,
    VoiceStateChanged,
    When,
)
from actors.guild.player.sound import Preset
from actors.guild.player.state import HISTORY_LIMIT, QUEUE_LIMIT, PlayerState
from actors.guild.player.track import Entry, Track
from actors.guild.refusal import Code, Refused
from actors.runtime import Ask
from actors.store.ledger import durable
from seraphim.storage.snapshot import decode, encode
from tests.actors.guild.player.shell import NODE, OTHER, act

# Most histories are lively: members in one channel, events about what is current. The rest is
# what a network does: other places, plays and attempts that are over or never were.
MEMBERS = st.builds(Member, st.integers(1, 3), st.sampled_from([10, 10, 10, 20, None]))
CURRENT = "current"
PENDING = 0
PLACES = st.integers(0, 6)
NUMBERS = st.just(PENDING) | st.integers(1, 25)
PLAYS = st.just(CURRENT) | st.integers(1, 25).map(lambda number: f"run-{number}.1")
NODES = st.sampled_from([NODE, NODE, OTHER])
REFUSALS = st.sampled_from([Code.NO_NODE, Code.TRACK_FAILED]).map(Refused)
MAYBE_PLAYS = st.none() | PLAYS
serial = iter(range(10**9))


def tracks(count: int) -> tuple[Track, ...]:
    """Tracks that no other call has made: each can be followed through the player."""
    return tuple(
        Track("", name, name, "", 60_000, seekable=True, source="library")
        for name in (str(next(serial)) for _ in range(count))
    )


COMMANDS: st.SearchStrategy[PlayerMessage] = st.one_of(
    st.builds(
        Play,
        MEMBERS,
        st.just("q"),
        st.just(30),
        st.sampled_from([When.END, When.END, When.NEXT, When.NOW]),
        st.none() | st.integers(0, 9),
        st.sampled_from([0, 0, 0, 30_000, 70_000]),
    ),
    st.builds(Pause, MEMBERS, MAYBE_PLAYS),
    st.builds(Resume, MEMBERS, MAYBE_PLAYS),
    st.builds(Skip, MEMBERS, MAYBE_PLAYS, st.integers(0, 4)),
    st.builds(SkipTo, MEMBERS, PLACES, MAYBE_PLAYS),
    st.builds(Replay, MEMBERS, MAYBE_PLAYS),
    st.builds(Seek, MEMBERS, st.integers(-90_000, 90_000), st.booleans(), MAYBE_PLAYS),
    st.builds(Back, MEMBERS, MAYBE_PLAYS),
    st.builds(Shuffle, MEMBERS, st.integers(0, 9)),
    st.builds(Unshuffle, MEMBERS),
    st.builds(Move, MEMBERS, PLACES, PLACES),
    st.builds(Swap, MEMBERS, PLACES, PLACES),
    st.builds(Remove, MEMBERS, st.lists(PLACES, max_size=3).map(tuple)),
    st.builds(Remove, MEMBERS, member=st.integers(1, 3)),
    st.builds(Dedupe, MEMBERS),
    st.builds(Clean, MEMBERS),
    st.builds(SetFilter, MEMBERS, st.sampled_from(Preset)),
    st.builds(SetSpeed, MEMBERS, st.integers(40, 210)),
    st.builds(SetPitch, MEMBERS, st.integers(40, 210)),
    st.builds(SetAutoplay, MEMBERS, st.booleans()),
    st.builds(SetStay, MEMBERS, st.booleans()),
    st.builds(SetVolume, MEMBERS, st.integers(-10, 110)),
    st.builds(Join, MEMBERS, st.just(30)),
)
PROGRESS: st.SearchStrategy[PlayerMessage] = st.one_of(
    st.builds(Loaded, NUMBERS, st.integers(0, 3).map(tracks)),
    st.builds(VoiceStateChanged, st.sampled_from([10, 20]), st.sampled_from(["a", "b"])),
    st.builds(VoiceServerChanged, st.sampled_from(["t", "u"]), st.just("e:1")),
    st.builds(NodeReady, NODES, st.booleans()),
    st.builds(TrackStarted, PLAYS),
    st.builds(TrackEnded, PLAYS, st.sampled_from(EndReason)),
    st.builds(PositionReported, st.integers(0, 90_000), st.integers(0, 10**6)),
)
MISHAPS: st.SearchStrategy[PlayerMessage] = st.one_of(
    st.builds(Stop, MEMBERS),
    st.builds(Clear, MEMBERS, st.booleans()),
    st.builds(Leave, MEMBERS),
    st.builds(LoadFailed, NUMBERS, REFUSALS),
    st.builds(JoinFailed, NUMBERS, REFUSALS),
    st.builds(UpdateFailed, NODES, MAYBE_PLAYS, REFUSALS, st.booleans()),
    st.just(VoiceStateChanged(None, None)),
    st.just(VoiceServerChanged("t", None)),
    st.builds(VoiceClosed, st.sampled_from([1000, 4006, 4014, 4017]), st.just(""), st.booleans()),
    st.builds(NodeDown, NODES),
    st.builds(NodeDraining, NODES),
    st.builds(TrackFailed, PLAYS, st.just("broken")),
    st.builds(TrackStuck, PLAYS, st.just(10_000)),
    st.builds(TimeIsUp, st.sampled_from(["join", "settle", "repair", "retry", "look", "idle"])),
)
MESSAGES = st.one_of(COMMANDS, COMMANDS, PROGRESS, PROGRESS, MISHAPS)
HISTORIES = st.lists(st.tuples(MESSAGES, st.integers(0, 5_000)), min_size=10, max_size=60)


def playing() -> PlayerState:
    """A player in channel 10 with three tracks, the first of which sounds."""
    state = PlayerState(guild=1, run="run", volume=50)
    for message in (
        NodeReady(NODE, resumed=False),
        Play(Member(1, 10), "q", 30),
        VoiceStateChanged(10, "a"),
        VoiceServerChanged("t", "e:1"),
        Loaded(PENDING, tracks(3)),
        TrackStarted(CURRENT),
    ):
        state = act(state, resolved(message, state), 0).state
    assert state.current is not None
    assert len(state.queue) == 2
    return state


def resolved(message: PlayerMessage, state: PlayerState) -> PlayerMessage:
    """Put what is current and what is pending now into a message that speaks of it."""
    if getattr(message, "play", None) == CURRENT:
        play = state.current.sounding if state.current else "run-0.0"
        return replace(message, play=play)
    if isinstance(message, Loaded | LoadFailed) and message.attempt == PENDING:
        unfound = (request.attempt for request in state.requests if request.outcome is None)
        return replace(message, attempt=next(unfound, PENDING))
    if isinstance(message, JoinFailed) and message.attempt == PENDING and state.joining:
        return replace(message, attempt=state.joining.attempt)
    return message


def names(entries: Iterable[Entry]) -> Counter[str]:
    return Counter(entry.track.identifier for entry in entries)


def held(state: PlayerState) -> Counter[str]:
    """Every track that the player has: waiting, playing, or played."""
    current = () if state.current is None else (state.current.entry,)
    return names((*state.queue, *current, *state.history))


def removed(reply: object) -> Counter[str]:
    """The tracks that somebody was told are gone."""
    return names(reply.entries) if isinstance(reply, Removed) else Counter()


def added(effects: Iterable[Effect]) -> Counter[str]:
    """The tracks that somebody was told are queued now."""
    answers = (effect.reply for effect in effects if isinstance(effect, Answer))
    return names(
        entry for answer in answers if isinstance(answer, Queued) for entry in answer.entries
    )


@settings(max_examples=300, deadline=None)
@given(HISTORIES)
def test_no_track_is_lost_or_doubled(history: list[tuple[PlayerMessage, int]]):
    state, now = playing(), 0
    for drawn, delay in history:
        now += delay
        message = resolved(drawn, state)
        decision = act(state, message, now)
        come = held(state) + added(decision.effects) - removed(decision.reply)
        after = held(decision.state)
        assert after <= come, "a track came from nowhere"
        # Only a stop, and five broken tracks in a row, empty the queue; the history forgets.
        emptied = not decision.state.queue
        assert emptied or len(decision.state.history) == HISTORY_LIMIT or after == come
        state = decision.state


LOOPING = st.one_of(MESSAGES, st.builds(SetLoop, MEMBERS, st.sampled_from(Loop)))
LOOPS = st.lists(st.tuples(LOOPING, st.integers(0, 90_000)), min_size=10, max_size=60)


@settings(max_examples=300, deadline=None)
@given(LOOPS)
def test_however_it_is_looped_no_track_comes_from_nowhere_and_the_state_is_sound(
    history: list[tuple[PlayerMessage, int]],
):
    state, now = playing(), 0
    for drawn, delay in history:
        now += delay
        before = state
        decision = act(before, resolved(drawn, before), now)
        state = decision.state
        assert set(held(state)) <= set(held(before)) | set(added(decision.effects))
        assert len(state.queue) <= QUEUE_LIMIT + HISTORY_LIMIT
        assert len(state.history) <= HISTORY_LIMIT
        if state.current is not None:
            assert 0 <= state.current.position(now) <= 90_000
        if state.following is not None:
            assert state.current is not None
        assert state.paused is False or state.current is not None
        saved = decode(encode(state))
        assert saved == durable(state)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(MEMBERS, st.integers(1, 4)), min_size=2, max_size=5))
def test_skips_that_name_one_play_skip_once(skips: list[tuple[Member, int]]):
    state = playing()
    assert state.current is not None
    meant, before = state.current.play, held(state)
    skipped = 0
    for member, count in skips:
        decision = act(state, Skip(member, meant, count), 0)
        state = decision.state
        skipped += isinstance(decision.reply, Skipped)
    assert skipped <= 1
    assert held(state) == before


@settings(max_examples=300, deadline=None)
@given(HISTORIES)
def test_every_ask_is_answered_at_most_once_and_by_a_known_attempt(
    history: list[tuple[PlayerMessage, int]],
):
    state, now = playing(), 0
    waiting: set[int] = set()
    for drawn, delay in history:
        now += delay
        message = resolved(drawn, state)
        decision = act(state, message, now)
        if isinstance(decision.reply, Later):
            waiting.add(decision.reply.attempt)
        elif isinstance(message, Ask):
            assert decision.reply is not None
        for effect in decision.effects:
            if isinstance(effect, Answer):
                assert effect.attempt in waiting
                waiting.remove(effect.attempt)
        state = decision.state
        still = {request.attempt for request in state.requests}
        if state.joining is not None:
            still |= set(state.joining.answers)
        assert still == waiting


@settings(max_examples=300, deadline=None)
@given(HISTORIES)
def test_nothing_is_started_without_a_way_to_be_heard(
    history: list[tuple[PlayerMessage, int]],
):
    state, now = playing(), 0
    for drawn, delay in history:
        now += delay
        message = resolved(drawn, state)
        decision = act(state, message, now)
        state = decision.state
        for effect in decision.effects:
            if isinstance(effect, UpdateNode) and effect.update.start is not None:
                assert state.voice.credentials is not None
                assert effect.update.start.position_ms <= 60_000
        if state.current is not None:
            assert 0 <= state.current.position(now) <= 90_000


@settings(max_examples=100, deadline=None)
@given(HISTORIES)
def test_a_state_survives_a_restart_at_any_moment(history: list[tuple[PlayerMessage, int]]):
    state, now = playing(), 0
    for message, delay in history:
        now += delay
        state = act(state, resolved(message, state), now).state
        again = restored(
            state, VoiceStateChanged(state.voice.channel, state.voice.session), state.nodes
        )
        assert held(again) == held(state)
        assert again.requests == ()
