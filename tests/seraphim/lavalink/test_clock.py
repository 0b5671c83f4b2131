from hypothesis import given
from hypothesis import strategies as st

from seraphim.lavalink.clock import WINDOW_MS, NodeClock

SKEWS = st.integers(-(10**10), 10**10)
LATENCIES = st.lists(st.integers(0, 5_000), min_size=1, max_size=50)


@given(skew=SKEWS, latencies=LATENCIES)
def test_however_wrong_the_nodes_clock_goes_ours_is_late_by_the_fastest_way_alone(
    skew: int, latencies: list[int]
) -> None:
    clock, now = NodeClock(), 1_700_000_000_000
    for index, latency in enumerate(latencies):
        now += 100
        said_at = now - latency
        best = min(latencies[: index + 1])
        assert clock.ours(said_at + skew, now) == said_at + best


def test_a_clock_that_is_put_right_is_believed_within_a_minute() -> None:
    clock, now = NodeClock(), 1_700_000_000_000
    assert clock.ours(now + 3_600_000, now) == now
    now += 1_000
    assert clock.ours(now, now) != now
    now += 2 * WINDOW_MS
    clock.ours(now, now)
    now += WINDOW_MS
    assert clock.ours(now, now) == now


def test_our_own_clock_may_be_put_back() -> None:
    clock, now = NodeClock(), 1_700_000_000_000
    clock.ours(now, now)
    now -= 3_600_000
    for _ in range(3):
        now += WINDOW_MS
        clock.ours(now + 3_600_000, now)
    assert clock.ours(now + 3_600_000, now) == now


def test_what_was_said_long_ago_was_long_ago() -> None:
    clock, now = NodeClock(), 1_700_000_000_000
    clock.ours(now, now)
    assert clock.ours(now - 40_000, now) == now - 40_000
