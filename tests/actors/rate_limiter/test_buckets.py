from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from actors.rate_limiter.buckets import (
    ALL_PEOPLE,
    COMMANDS,
    GUILD_PEOPLE,
    WINDOW_MS,
    Allowance,
    Buckets,
    Limit,
    RateLimiter,
)

TOKENS = st.integers(1, 50)
FILL_MS = st.integers(1, 60_000)
PAUSES = st.lists(st.one_of(st.just(0), st.integers(0, 200), st.integers(0, 90_000)), max_size=150)
COSTS = st.integers(1, 3)
START = st.integers(0, 10**12)

GUILD = 900


class Elephant(Buckets):
    def forget(self, now: int) -> None:
        pass


def taken_at(
    buckets: Buckets, start: int, asked: list[tuple[int, int, bool]]
) -> list[tuple[int, int]]:
    """Ask after each pause for so many tokens; return when how many were taken.

    Some wait as long as they are told, and take them the moment that they may.
    """
    taken: list[tuple[int, int]] = []
    now = start
    for pause, cost, patient in asked:
        now += pause
        wait = buckets.wait(7, cost, now)
        if patient:
            now += wait
        if patient or not wait:
            buckets.take(7, cost, now)
            taken.append((now, cost))
    return taken


# --- one bucket ---


@given(
    tokens=st.integers(3, 50),
    fill_ms=FILL_MS,
    start=START,
    asked=st.lists(
        st.tuples(st.one_of(st.just(0), st.integers(0, 20_000)), COSTS, st.booleans()),
        max_size=100,
    ),
)
def test_no_window_sees_more_than_the_bucket_holds_and_what_flows_in_meanwhile(
    tokens: int, fill_ms: int, start: int, asked: list[tuple[int, int, bool]]
) -> None:
    taken = taken_at(Buckets(tokens, fill_ms), start, asked)
    for first in range(len(taken)):
        began = taken[first][0]
        total = 0
        for when, cost in taken[first:]:
            total += cost
            assert (total - tokens) * fill_ms <= (when - began) * tokens


@given(tokens=TOKENS, fill_ms=FILL_MS, start=START, pauses=PAUSES, cost=COSTS)
def test_the_wait_that_is_told_is_enough_and_none_of_it_too_much(
    tokens: int, fill_ms: int, start: int, pauses: list[int], cost: int
) -> None:
    buckets = Buckets(tokens, fill_ms)
    for now in accumulate(pauses, initial=start):
        wait = buckets.wait(7, cost, now)
        if wait:
            assert buckets.wait(7, cost, now + wait) == 0
            assert buckets.wait(7, cost, now + wait - 1) == 1
        else:
            buckets.take(7, cost, now)


@given(tokens=TOKENS, fill_ms=FILL_MS, start=START, pauses=PAUSES)
def test_to_be_forgotten_is_to_have_a_full_bucket(
    tokens: int, fill_ms: int, start: int, pauses: list[int]
) -> None:
    forgetful, never = Buckets(tokens, fill_ms), Elephant(tokens, fill_ms)
    for now in accumulate(pauses, initial=start):
        forgetful.forget(now)
        wait = forgetful.wait(7, 1, now)
        assert wait == never.wait(7, 1, now)
        if not wait:
            forgetful.take(7, 1, now)
            never.take(7, 1, now)


def test_what_costs_more_than_a_bucket_holds_is_had_for_a_full_one() -> None:
    buckets = Buckets(2, 1000)
    assert buckets.wait(7, 5, 0) == 0
    buckets.take(7, 5, 0)
    assert buckets.wait(7, 5, 0) == 1000


def test_nobody_is_remembered_longer_than_two_fillings_of_a_bucket() -> None:
    buckets = Buckets(5, 10_000)
    for user in range(1000):
        buckets.take(user, 1, user)
    buckets.forget(10_000)
    assert len(buckets) == 1000
    buckets.forget(20_000)
    assert len(buckets) == 0


def test_who_comes_at_any_time_of_a_day_is_not_remembered_at_its_end() -> None:
    buckets = Buckets(COMMANDS, WINDOW_MS)
    most = 0
    for user in range(100_000):
        buckets.take(user, 1, user * 864)
        most = max(most, len(buckets))
    assert most <= 2 * WINDOW_MS / 864 + 2


# --- people, guilds and all ---


def test_a_person_has_five_commands_in_ten_seconds_and_then_one_every_two() -> None:
    limiter = RateLimiter(Allowance())
    assert all(limiter.take(7, GUILD, 1, 0).taken for _ in range(5))
    assert limiter.take(7, GUILD, 1, 0) == (2000, Limit.USER)
    assert limiter.take(7, GUILD, 1, 1999) == (1, Limit.USER)
    assert limiter.take(7, GUILD, 1, 2000).taken
    assert not limiter.take(7, GUILD, 1, 2000).taken


def test_who_is_refused_does_not_wait_the_longer_for_it() -> None:
    limiter = RateLimiter(Allowance())
    for _ in range(100):
        limiter.take(7, GUILD, 1, 0)
    assert limiter.take(7, GUILD, 1, 2000).taken


def test_a_person_is_the_same_in_all_guilds() -> None:
    limiter = RateLimiter(Allowance())
    assert all(limiter.take(7, guild, 1, 0).taken for guild in range(1, 6))
    assert limiter.take(7, 6, 1, 0).limit is Limit.USER
    assert limiter.take(7, None, 1, 0).limit is Limit.USER


def test_what_costs_nothing_is_never_refused_and_takes_nothing() -> None:
    limiter = RateLimiter(Allowance(1))
    for _ in range(100):
        assert limiter.take(7, GUILD, 0, 0).taken
    assert limiter.take(7, GUILD, 1, 0).taken
    assert not limiter.take(7, GUILD, 1, 0).taken
    assert limiter.take(7, GUILD, 0, 0).taken


def test_a_command_may_cost_more() -> None:
    limiter = RateLimiter(Allowance())
    assert limiter.take(7, GUILD, 2, 0).taken
    assert limiter.take(7, GUILD, 2, 0).taken
    assert limiter.take(7, GUILD, 2, 0) == (2000, Limit.USER)
    assert limiter.take(7, GUILD, 1, 0).taken


@given(
    lone=st.lists(st.integers(0, 3000), min_size=1, max_size=40),
    flood=st.lists(st.tuples(st.integers(0, 300), COSTS), max_size=150),
)
def test_nobody_is_held_up_by_the_flood_of_another(
    lone: list[int], flood: list[tuple[int, int]]
) -> None:
    alone, beside = RateLimiter(Allowance()), RateLimiter(Allowance())
    mine = [(now, 7, 1) for now in accumulate(lone)]
    times = accumulate(pause for pause, _ in flood)
    theirs = [(now, 8, cost) for now, (_, cost) in zip(times, flood, strict=True)]
    for now, user, cost in sorted([*mine, *theirs]):
        verdict = beside.take(user, GUILD, cost, now)
        if user == 7:
            assert verdict == alone.take(user, GUILD, cost, now)


@given(asked=st.lists(st.tuples(st.integers(0, 400), st.integers(1, 40), COSTS), max_size=150))
def test_a_refusal_takes_nothing_from_anybody(asked: list[tuple[int, int, int]]) -> None:
    asking, taking = RateLimiter(Allowance(2, 3000)), RateLimiter(Allowance(2, 3000))
    now = 0
    for pause, user, cost in asked:
        now += pause
        verdict = asking.take(user, GUILD, cost, now)
        if verdict.taken:
            assert taking.take(user, GUILD, cost, now).taken
        else:
            assert asking.take(user, GUILD, cost, now) == verdict


def test_a_guilds_crowd_is_held_back_and_other_guilds_are_not() -> None:
    limiter = RateLimiter(Allowance())
    verdicts = [limiter.take(user, GUILD, 1, 0) for user in range(1000)]
    assert sum(verdict.taken for verdict in verdicts) == GUILD_PEOPLE * COMMANDS
    assert verdicts[-1].limit is Limit.GUILD
    assert limiter.take(5000, GUILD + 1, 1, 0).taken
    assert limiter.take(5001, GUILD, 1, verdicts[-1].wait_ms).taken


def test_all_guilds_together_are_held_back_too() -> None:
    limiter = RateLimiter(Allowance())
    verdicts = [limiter.take(user, user % 100, 1, 0) for user in range(3000)]
    assert sum(verdict.taken for verdict in verdicts) == ALL_PEOPLE * COMMANDS
    assert verdicts[-1].limit is Limit.ALL
    assert limiter.take(5001, None, 1, verdicts[-1].wait_ms).taken


def test_what_is_remembered_of_a_flood_is_bounded_however_many_come() -> None:
    limiter = RateLimiter(Allowance())
    most = 0
    for user in range(300_000):
        limiter.take(user, user % 10_000, 1, user // 10)
        most = max(most, len(limiter))
    # Those who were let in while two windows passed, in two kinds of buckets.
    rate = ALL_PEOPLE * COMMANDS / WINDOW_MS
    assert most <= 2 * (ALL_PEOPLE * COMMANDS + 2 * WINDOW_MS * rate) + 2


def test_who_grants_people_more_grants_more_to_the_crowd_and_who_grants_less_does_not() -> None:
    def at_once(allowance: Allowance) -> int:
        limiter = RateLimiter(allowance)
        return sum(limiter.take(user, GUILD, 1, 0).taken for user in range(1000))

    assert at_once(Allowance(1, 10_000)) == GUILD_PEOPLE * COMMANDS
    assert at_once(Allowance(COMMANDS, 3_600_000)) == GUILD_PEOPLE * COMMANDS
    assert at_once(Allowance(20, 10_000)) == GUILD_PEOPLE * 20
