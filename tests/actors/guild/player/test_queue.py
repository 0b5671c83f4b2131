"""Operations on the tracks that wait."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from actors.guild.player import queue
from actors.guild.player.track import Entry, Track


def entry(name: str, member: int = 1) -> Entry:
    return Entry(Track("", name, name, "", 60_000, True, "library"), member)


# Few names and few members: the same track often waits twice.
ENTRIES = st.builds(entry, st.sampled_from("abcd"), st.integers(1, 3))
QUEUES = st.lists(ENTRIES, max_size=8).map(tuple)
A, B, C, D = (entry(name) for name in "abcd")


def names(entries: queue.Queue) -> str:
    return "".join(each.track.title for each in entries)


def test_a_track_is_where_it_was_or_where_it_has_moved():
    assert queue.place((A, B, C), 2, B) == 2
    assert queue.place((A, B, C), 2, None) == 2
    assert queue.place((A, B, C), 1, C) == 3
    assert queue.place((A, B, C), 1, D) is None
    assert queue.place((A, B, C), 4, None) is None
    assert queue.place((A, B, C), 0, None) is None


def test_of_tracks_that_are_the_same_the_one_at_the_place_is_meant():
    assert queue.places((A, B, A), (3,), (A,)) == (3,)
    assert queue.places((A, B, A), (1,), (A,)) == (1,)
    assert queue.places((B, A), (3,), (A,)) == (2,)
    assert queue.places((B, C), (1,), (A,)) == ()


def test_a_moved_track_is_found_at_its_new_place():
    assert names(queue.move((A, B, C, D), 1, 3)) == "bcad"
    assert names(queue.move((A, B, C, D), 4, 1)) == "dabc"
    assert names(queue.swap((A, B, C, D), 1, 4)) == "dbca"


def test_only_later_doubles_go_and_what_plays_counts():
    waiting = (A, entry("b", 2), entry("a", 3), B)
    assert queue.doubles(waiting, None) == (3, 4)
    assert queue.doubles(waiting, B) == (2, 3, 4)


def test_what_nobody_asked_for_is_of_nobody_who_left():
    waiting = (A, entry("b", 2), entry("c", 0))
    assert queue.deserted(waiting, frozenset({1}), 0) == (2,)


def test_members_take_turns():
    ada, bob = tuple(entry(name) for name in "abc"), (entry("x", 2), entry("y", 2))
    assert names(queue.take_turns(ada, bob, None)) == "axbyc"
    assert names(queue.take_turns(ada, bob, 1)) == "xaybc"
    assert names(queue.take_turns((), ada, None)) == "abc"


@given(QUEUES, QUEUES, st.none() | st.integers(1, 3))
def test_turns_keep_everybodys_order_and_all_tracks(
    waiting: queue.Queue, added: queue.Queue, playing: int | None
):
    together = queue.take_turns(waiting, added, playing)
    assert Counter(together) == Counter(waiting) + Counter(added)
    left = list(together)
    for each in waiting:
        # In their order: each is found behind the one before.
        del left[: left.index(each) + 1]


@given(QUEUES, st.integers())
def test_a_shuffle_can_be_undone(waiting: queue.Queue, seed: int):
    shuffled = queue.shuffle(waiting, seed)
    assert Counter(shuffled) == Counter(waiting)
    assert queue.unshuffle(shuffled, waiting) == waiting


@given(QUEUES, QUEUES, QUEUES)
def test_undoing_loses_and_makes_nothing(
    waiting: queue.Queue, came: queue.Queue, before: queue.Queue
):
    assert Counter(queue.unshuffle((*waiting, *came), before)) == Counter((*waiting, *came))


def test_what_came_after_a_shuffle_is_behind_when_it_is_undone():
    assert names(queue.unshuffle((D, C, A), (A, B, C))) == "acd"


@given(QUEUES, st.lists(st.integers(-2, 10)))
def test_what_is_removed_is_what_is_gone(waiting: queue.Queue, positions: list[int]):
    kept, gone = queue.remove(waiting, positions)
    assert Counter(kept) + Counter(gone) == Counter(waiting)
    assert len(gone) == len({at for at in positions if queue.holds(waiting, at)})


@given(QUEUES, st.lists(st.integers(1, 8)), st.lists(ENTRIES))
def test_places_are_of_the_tracks_that_are_meant(
    waiting: queue.Queue, positions: list[int], entries: list[Entry]
):
    entries = entries[: len(positions)]
    found = queue.places(waiting, positions[: len(entries)], entries)
    assert len(set(found)) == len(found)
    if entries:
        assert Counter(waiting[at - 1] for at in found) <= Counter(entries)
