import threading
from collections.abc import Callable

import pytest

from seraphim.audio_node.decoder.gate import Closed, Gate, Turn
from seraphim.audio_node.decoder.slate import Slate
from seraphim.audio_node.media import MediaError

LONG = 30.0


def in_thread(run: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def queue_up(
    gate: Gate, track: int, entered: list[int], *, urgent: bool = False
) -> threading.Thread:
    """Let a track wait at the gate, and come back when it does."""
    queue = gate._urgent if urgent else gate._queue
    waiting = len(queue)

    def enter() -> None:
        gate.enter(track, urgent=urgent)
        entered.append(track)
        gate.leave()

    thread = in_thread(enter)
    while len(queue) == waiting:
        threading.Event().wait(0.001)
    return thread


def test_those_who_wait_enter_in_the_order_in_which_they_came(gate: Gate) -> None:
    entered: list[int] = []
    gate.enter(1)
    threads = [queue_up(gate, track, entered) for track in (2, 3, 4, 5)]
    gate.leave()
    for thread in threads:
        thread.join(LONG)
    assert entered == [2, 3, 4, 5]


def test_tracks_of_which_nothing_was_heard_enter_before_the_others(gate: Gate) -> None:
    entered: list[int] = []
    gate.enter(1)
    threads = [queue_up(gate, track, entered) for track in (2, 3)]
    threads += [queue_up(gate, track, entered, urgent=True) for track in (4, 5)]
    gate.leave()
    for thread in threads:
        thread.join(LONG)
    assert entered == [4, 5, 2, 3]


def test_beginners_without_end_leave_every_fourth_turn_to_the_others(gate: Gate) -> None:
    entered: list[int] = []
    gate.enter(1)
    threads = [queue_up(gate, track, entered) for track in (2, 3)]
    threads += [queue_up(gate, track, entered, urgent=True) for track in range(4, 12)]
    gate.leave()
    for thread in threads:
        thread.join(LONG)
    assert entered == [4, 5, 6, 2, 7, 8, 9, 3, 10, 11]


def test_whoever_leaves_and_enters_again_does_so_behind_those_who_wait(gate: Gate) -> None:
    entered: list[int] = []
    gate.enter(1)
    thread = queue_up(gate, 2, entered)
    gate.leave()
    gate.enter(1)
    assert entered == [2]
    gate.leave()
    thread.join(LONG)


def test_only_one_is_inside_at_a_time(gate: Gate) -> None:
    inside: list[int] = []
    most: list[int] = []

    def work(track: int) -> None:
        for _ in range(200):
            gate.enter(track)
            inside.append(track)
            most.append(len(inside))
            inside.remove(track)
            gate.leave()

    threads = [in_thread(lambda track=track: work(track)) for track in range(1, 5)]
    for thread in threads:
        thread.join(LONG)
    assert len(most) == 800
    assert max(most) == 1


def test_the_slate_says_who_is_inside_and_each_turn_is_another(gate: Gate, slate: Slate) -> None:
    gate.enter(7)
    track, first = slate.read()
    assert track == 7
    gate.leave()
    assert slate.read()[0] == 0
    gate.enter(7)
    assert slate.read() == (7, first + 2)
    gate.leave()


def test_a_track_that_waits_aside_lets_another_work_and_sends_what_it_has(gate: Gate) -> None:
    sent: list[str] = []
    with Turn(gate, 1, LONG) as turn:
        turn.before_waiting = lambda: sent.append("batch")
        with turn.aside():
            gate.enter(2)
            gate.leave()
            assert sent == ["batch"]


def test_a_track_that_works_on_and_on_takes_new_turns(gate: Gate, slate: Slate) -> None:
    """Or else it would look like one that hangs."""
    with Turn(gate, 7, LONG) as turn:
        first = slate.read()
        while slate.read() == first:
            turn.give_way()
        assert slate.read() == (7, first[1] + 2)


def test_a_track_that_has_settled_goes_behind_all_who_wait(gate: Gate, turn: Turn) -> None:
    entered: list[int] = []
    turn.settle()
    threads = [queue_up(gate, 2, entered), queue_up(gate, 3, entered, urgent=True)]
    turn.pass_on()
    assert entered == [3, 2]
    for thread in threads:
        thread.join(LONG)


def test_tracks_that_never_get_to_their_first_frame_do_not_keep_the_others_out(gate: Gate) -> None:
    entered: list[int] = []
    enough = threading.Event()

    def open_endlessly(track: int) -> None:
        with Turn(gate, track, LONG) as turn:
            while not enough.is_set():
                turn.give_way()

    gate.enter(1)
    threads = [in_thread(lambda track=track: open_endlessly(track)) for track in (2, 3, 4)]
    waiting = queue_up(gate, 5, entered)
    gate.leave()
    waiting.join(LONG)
    came_in = entered == [5]
    enough.set()
    for thread in threads:
        thread.join(LONG)
    assert came_in


def test_a_closed_track_ends_at_its_next_look(turn: Turn) -> None:
    turn.check()
    turn.closed = True
    with pytest.raises(Closed):
        turn.check()


def test_patience_ends_and_progress_begins_it_anew(turn: Turn) -> None:
    turn.patience = 0.0
    turn.progress()
    with pytest.raises(MediaError, match="does not arrive"):
        turn.check()
    turn.patience = LONG
    turn.progress()
    turn.check()
