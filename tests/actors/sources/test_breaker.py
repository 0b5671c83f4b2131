"""When a source is passed over, and for how long."""

from hypothesis import given
from hypothesis import strategies as st

from actors.sources.breaker import (
    FEWEST_GUILDS,
    LONGEST_PAUSE_MS,
    MOST_GUILDS,
    MOST_SOURCES,
    PAUSE_MS,
    WINDOW_MS,
    Breaker,
)

NOW = 1_000_000_000


def heard(breaker: Breaker, guilds: range, *, worked: bool = False, now: int = NOW) -> Breaker:
    for guild in guilds:
        breaker = breaker.heard(guild, "youtube", worked=worked, now=now)
    return breaker


def test_a_source_that_fails_for_many_guilds_is_passed_over_for_a_while():
    breaker = heard(Breaker(), range(FEWEST_GUILDS - 1))
    assert breaker.until("youtube") == 0
    breaker = heard(breaker, range(FEWEST_GUILDS - 1, FEWEST_GUILDS))
    assert breaker.until("youtube") == NOW + PAUSE_MS
    assert breaker.until("soundcloud") == 0


def test_one_guild_with_a_broken_playlist_is_one_guild():
    breaker = Breaker()
    for number in range(1000):
        breaker = breaker.heard(1, "youtube", worked=False, now=NOW + number)
    assert breaker.until("youtube") == 0


def test_a_few_guilds_among_many_are_no_reason():
    breaker = heard(Breaker(), range(100), worked=True)
    breaker = heard(breaker, range(49))
    assert breaker.until("youtube") == 0
    assert heard(breaker, range(49, 50)).until("youtube") > 0


def test_the_last_word_of_a_guild_counts():
    breaker = heard(Breaker(), range(FEWEST_GUILDS - 1))
    breaker = heard(breaker, range(FEWEST_GUILDS - 1), worked=True)
    assert heard(breaker, range(100, 101)).until("youtube") == 0


def test_what_was_long_ago_is_forgotten():
    breaker = heard(Breaker(), range(FEWEST_GUILDS - 1))
    later = NOW + WINDOW_MS
    assert heard(breaker, range(100, 101), now=later).until("youtube") == 0


def test_each_time_that_it_fails_again_it_is_passed_over_for_longer_up_to_a_limit():
    breaker, now, pauses = Breaker(), NOW, list[int]()
    for _ in range(8):
        breaker = heard(breaker, range(FEWEST_GUILDS), now=now)
        pauses.append(breaker.until("youtube") - now)
        now = breaker.until("youtube")
    assert pauses[:3] == [PAUSE_MS, 2 * PAUSE_MS, 4 * PAUSE_MS]
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE_MS


def test_a_source_that_was_well_for_long_begins_anew():
    breaker = heard(Breaker(), range(FEWEST_GUILDS))
    now = breaker.until("youtube") + WINDOW_MS + 1
    breaker = heard(breaker, range(1), worked=True, now=now)
    breaker = heard(breaker, range(FEWEST_GUILDS), now=now)
    assert breaker.until("youtube") == now + PAUSE_MS


def test_what_was_begun_before_the_pause_does_not_make_it_longer():
    breaker = heard(Breaker(), range(FEWEST_GUILDS))
    assert heard(breaker, range(50), now=NOW + 1) == breaker


def test_what_it_keeps_is_bounded():
    breaker = Breaker()
    for number in range(MOST_SOURCES + 10):
        breaker = breaker.heard(1, f"source {number}", worked=True, now=NOW)
    assert len(breaker.standings) == MOST_SOURCES


def test_the_guilds_that_it_remembers_are_bounded():
    standing = heard(Breaker(), range(50), worked=True).standings["youtube"]
    assert len(standing.words) == 50
    assert MOST_GUILDS < 100_000


@given(
    st.lists(
        st.tuples(st.integers(0, 12), st.sampled_from("ab"), st.booleans(), st.integers(0, 300_000))
    )
)
def test_it_is_passed_over_only_after_as_many_guilds_failed(words):
    breaker, now, failing = Breaker(), NOW, dict[str, set[int]]()
    for guild, source, worked, pause in words:
        now += pause
        before = breaker.until(source)
        if now >= before:
            (
                failing.setdefault(source, set()).discard
                if worked
                else failing.setdefault(source, set()).add
            )(guild)
        breaker = breaker.heard(guild, source, worked=worked, now=now)
        if breaker.until(source) != before:
            assert not worked
            assert len(failing.pop(source)) >= FEWEST_GUILDS
            assert now < breaker.until(source) <= now + LONGEST_PAUSE_MS
