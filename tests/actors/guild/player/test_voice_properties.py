"""Whatever happens to voice, and in whatever order it is told: the music comes back by itself."""

from collections.abc import Callable
from functools import partial
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.guild.player.messages import VoiceServerChanged, VoiceStateChanged
from tests.actors.guild.player.voice_world import (
    GATEWAY_MS,
    HERE,
    LATEST_MS,
    VoiceWorld,
    playing,
    quiet,
)

SILENCE_LIMIT_MS = 30_000
REJOIN_INTERVAL_MS = 5_000

Fault = Callable[[VoiceWorld], None]


def wired(kind: type, delays: tuple[int, ...]) -> Fault:
    """The next event of a kind is lost (no delays), late, or doubled."""
    return lambda world: world.wires.orders.append((kind, delays))


def hang(world: VoiceWorld) -> None:
    world.hangs += 1


def say_nothing(world: VoiceWorld) -> None:
    world.mute_node += 1


def vanish(world: VoiceWorld) -> None:
    """Discord loses the bot and does not say so."""
    world.wires.orders.insert(0, (VoiceStateChanged, ()))
    world.kick()


CODES = (1001, 4001, 4004, 4006, 4009, 4014, 4015, 4020, 4021, 4022, 4900)
FAULTS: st.SearchStrategy[Fault] = st.one_of(
    st.builds(
        wired,
        st.sampled_from([VoiceStateChanged, VoiceServerChanged]),
        st.sampled_from([(), (700,), (LATEST_MS,), (0, 0)]),
    ),
    st.just(wired(VoiceServerChanged, (0, 1_500))),
    st.builds(
        lambda code, void: partial(VoiceWorld.close, code=code, void=void),
        st.sampled_from(CODES),
        st.booleans(),
    ),
    st.builds(lambda channel: partial(VoiceWorld.drag, channel=channel), st.sampled_from([10, 20])),
    st.builds(lambda muted: partial(VoiceWorld.mute, muted=muted), st.booleans()),
    st.sampled_from(
        [
            VoiceWorld.move_region,
            VoiceWorld.move_region,
            VoiceWorld.lose_region,
            VoiceWorld.end_session,
            VoiceWorld.crash,
            VoiceWorld.restart,
            VoiceWorld.start_over,
            VoiceWorld.stop_node,
            VoiceWorld.start_node,
            hang,
            say_nothing,
            vanish,
        ]
    ),
)
PAUSES = st.integers(0, 400) | st.integers(0, 8_000)
HISTORIES = st.lists(st.tuples(FAULTS, PAUSES), max_size=25)


def suffer(history: list[tuple[Fault, int]]) -> VoiceWorld:
    world = playing()
    for fault, pause in history:
        fault(world)
        world.run(pause)
    return world


@settings(max_examples=600, deadline=None)
@given(HISTORIES)
def test_after_the_last_fault_the_music_is_heard_again_within_half_a_minute(
    history: list[tuple[Fault, int]],
):
    world = suffer(history)
    quiet(world)
    world.run(SILENCE_LIMIT_MS)
    assert world.heard
    # And it is no accident: so it stays.
    for _ in range(60):
        world.run(1_000)
        assert world.heard
    assert world.state.joining is None


@settings(max_examples=300, deadline=None)
@given(HISTORIES, st.booleans())
def test_discord_is_not_asked_to_let_us_in_again_more_often_than_each_five_seconds(
    history: list[tuple[Fault, int]], outage: bool
):
    world = suffer(history)
    if outage:
        world.wires.orders = [(VoiceServerChanged, ())] * 1_000
    world.run(300_000)
    intervals = [later - sooner for sooner, later in pairwise(world.rejoined_at)]
    assert all(interval >= REJOIN_INTERVAL_MS for interval in intervals)


@settings(max_examples=300, deadline=None)
@given(HISTORIES)
def test_the_position_is_never_ahead_of_what_could_have_been_heard(
    history: list[tuple[Fault, int]],
):
    begun = playing().now
    world = suffer(history)
    quiet(world)
    world.run(SILENCE_LIMIT_MS)
    assert world.state.current is not None
    assert world.state.current.position(world.now) <= world.now - begun + 1_000


@settings(max_examples=300, deadline=None)
@given(HISTORIES, HISTORIES)
def test_who_was_kicked_stays_away_until_somebody_asks(
    before: list[tuple[Fault, int]], after: list[tuple[Fault, int]]
):
    world = suffer(before)
    quiet(world)
    world.run(60_000)
    world.kick()
    world.run(1_000)
    asked = len(world.asked)
    for fault, pause in after:
        fault(world)
        world.run(pause)
    world.run(60_000)
    assert len(world.asked) == asked
    assert world.channel is None
    assert world.state.home is None
    assert world.state.current is not None
    assert not world.state.current.running


def test_an_outage_is_waited_out_at_growing_intervals():
    world = playing()
    world.wires.orders = [(VoiceServerChanged, ())] * 1_000
    world.move_region()
    world.run(120_000)
    intervals = [later - sooner for sooner, later in pairwise(world.rejoined_at)]
    # Counted from when Discord was asked to.
    waits = [interval - GATEWAY_MS for interval in intervals]
    assert waits == [5_000, 10_000, *[20_000] * (len(waits) - 2)]
    assert {channel for _, channel in world.asked} == {None, HERE}
    quiet(world)
    world.run(SILENCE_LIMIT_MS)
    assert world.heard
