"""The actor runtime beside its floor, and beside three others from PyPI.

The floor is the same work written by hand for one event loop (`floor_asyncio`, `floor_trio`), or on
anyio's tasks and events (`floor`): no supervision, no statistics, no handler. Each figure is taken
in a process of its own; a subject and its floor take turns there, so that both meet the same noise,
and each is judged by its best of three.

`ahead_of_…` says how many times better ours is than another library, which is to be at least once;
where that cannot be compared, or is not expected, a note says why.
"""

import gc
import importlib
import importlib.util
import logging
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from inspect import iscoroutinefunction
from typing import Any, TypeVar

import anyio
import structlog

from benchmarks.report import Report

ROUNDS = 3
LOOPS = ("asyncio", "uvloop", "trio")
FLOORS = {"asyncio": "floor_asyncio", "uvloop": "floor_asyncio", "trio": "floor_trio"}
OTHERS = ("async_pykka", "pykka", "xoscar")

TELLS = 200_000
ASKS = 10_000
WIDTH = 32
ASKS_TOGETHER = 30_000
STARTS = 3_000
IDLE = 10_000
CRASHES = 1_000
BACKLOG = 20_000
FEW, MANY = 1_000, 10_000

NOT_AHEAD = {
    ("async_pykka", "start_and_stop"): (
        "theirs is a bare asyncio task; ours is an anyio task with a cancel scope, and supervised. "
        "Both are waited for until they have started, which their `start` by itself does not do: "
        "without that they are further ahead"
    ),
    ("xoscar", "idle_actor"): (
        "an actor there is an object in a table, without a task or a bounded mailbox of its own"
    ),
    ("xoscar", "ticker_beside_backlog"): (
        "it handles one message in a turn of the loop, where ours handles 64, and has not come to "
        "the end of the backlog when the ticker has; ours has after some 10 ms"
    ),
}
"""What the others do better, and why."""

ResultT = TypeVar("ResultT")


def measure() -> Report:
    report = Report("actors")
    for loop in LOOPS:
        _beside_the_floor(report, loop)
    for other in OTHERS:
        if importlib.util.find_spec(other) is None:
            report.note(f"{other} is not installed: not compared")
        else:
            _beside(report, other)
    return report


def _beside_the_floor(report: Report, loop: str) -> None:
    floor = FLOORS[loop]

    def both(subject: str, figure: str, *sizes: int) -> tuple[list[Any], list[Any]]:
        return _apart(_in_turns, (subject, "runtime"), figure, loop, sizes)

    bare, ours = map(max, both(floor, "tell", TELLS))
    report.add(f"{loop}_tell", ours, "/s")
    report.add(f"{loop}_tell_of_floor", ours / bare, "", at_least=1 / 3)

    bare, ours = both(floor, "ask", ASKS)
    for name, part, most in (("p50", 0.5, 1.3), ("p99", 0.99, 1.5)):
        took = min(_percentile(run, part) for run in ours)
        report.add(f"{loop}_ask_{name}", took * 1e6, "us")
        times = took / min(_percentile(run, part) for run in bare)
        report.add(f"{loop}_ask_{name}_times_floor", times, "", at_most=most)

    bare, ours = map(max, both(floor, "ask_together", ASKS_TOGETHER, WIDTH))
    report.add(f"{loop}_ask_{WIDTH}_at_once", ours, "/s")
    report.add(f"{loop}_ask_{WIDTH}_at_once_of_floor", ours / bare, "", at_least=2 / 3)

    bare, ours = map(max, both("floor", "start_and_stop", STARTS))
    report.add(f"{loop}_start_and_stop", ours, "/s")
    report.add(f"{loop}_start_and_stop_of_floor", ours / bare, "", at_least=0.6)

    size = _apart(_run, "runtime", "idle", loop, (IDLE,))
    report.add(f"{loop}_idle_actor", size / 1024, "KB", at_most=9)

    bare, ours = both("floor", "restart", CRASHES)
    took = min(_percentile(run, 0.5) for run in ours)
    report.add(f"{loop}_restart", took * 1e6, "us")
    times = took / min(_percentile(run, 0.5) for run in bare)
    report.add(f"{loop}_restart_times_floor", times, "", at_most=3)

    bare, ours = map(min, both("floor", "beside_backlog", BACKLOG))
    report.add(f"{loop}_ticker_beside_backlog", ours * 1e3, "ms late")
    report.add(f"{loop}_ticker_later_than_bare", (ours - bare) * 1e3, "ms", at_most=10)

    few, many = (_best_stop("runtime", loop, size) for size in (FEW, MANY))
    report.add(f"{loop}_stop_{MANY}", many, "s")
    growth = many / few / (MANY / FEW)
    report.add(f"{loop}_stop_{MANY}_times_linear", growth, "", at_most=1.2)


def _beside(report: Report, other: str) -> None:
    """Ours on asyncio beside `other`, which runs on asyncio or on threads."""

    def both(figure: str, *sizes: int) -> tuple[list[Any], list[Any]]:
        return _apart(_in_turns, (other, "runtime"), figure, "asyncio", sizes)

    def ahead(name: str, better: float) -> None:
        expected = (other, name) not in NOT_AHEAD
        figure = f"ahead_of_{other}_{name}"
        report.add(figure, better, "times", at_least=1 if expected else None)

    theirs, ours = map(max, both("tell", TELLS // 4))
    ahead("tell", ours / theirs)
    theirs, ours = both("ask", ASKS // 4)
    for name, part in (("p50", 0.5), ("p99", 0.99)):
        best = [min(_percentile(run, part) for run in runs) for runs in (theirs, ours)]
        ahead(f"ask_{name}", best[0] / best[1])
    theirs, ours = map(max, both("ask_together", ASKS_TOGETHER // 4, WIDTH))
    ahead(f"ask_{WIDTH}_at_once", ours / theirs)
    theirs, ours = map(max, both("start_and_stop", STARTS))
    ahead("start_and_stop", ours / theirs)
    theirs, ours = (_apart(_run, one, "idle", "asyncio", (IDLE,)) for one in (other, "runtime"))
    ahead("idle_actor", theirs / ours)
    theirs, ours = map(min, both("beside_backlog", BACKLOG))
    ahead("ticker_beside_backlog", theirs / ours)
    theirs, ours = (_best_stop(one, "asyncio", MANY) for one in (other, "runtime"))
    ahead(f"stop_{MANY}", theirs / ours)
    report.note(f"{other} starts nothing again after a crash: no restart to compare")
    for (library, name), reason in NOT_AHEAD.items():
        if library == other:
            report.note(f"not expected to be ahead of {other} in {name}: {reason}")


def _best_stop(subject: str, loop: str, size: int) -> float:
    return min(_apart(_run, subject, "stop_all", loop, (size,)) for _ in range(ROUNDS))


def _percentile(values: list[float], part: float) -> float:
    return sorted(values)[int(len(values) * part)]


def _apart(function: Callable[..., ResultT], *arguments: object) -> ResultT:
    """Call `function` in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, initializer=_quiet) as process:
        return process.submit(function, *arguments).result()


def _quiet() -> None:
    logging.disable()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def _in_turns(
    subjects: tuple[str, str], figure: str, loop: str, sizes: tuple[int, ...]
) -> tuple[list[Any], list[Any]]:
    """Measure both subjects, `ROUNDS` times each."""
    results: tuple[list[Any], list[Any]] = ([], [])
    for _ in range(ROUNDS):
        for subject, result in zip(subjects, results, strict=True):
            result.append(_run(subject, figure, loop, sizes))
    return results


def _run(subject: str, figure: str, loop: str, sizes: tuple[int, ...]) -> Any:
    function = getattr(importlib.import_module(f"benchmarks.actors.{subject}"), figure)
    gc.collect()
    if not iscoroutinefunction(function):
        return function(*sizes)
    if loop == "trio":
        return anyio.run(function, *sizes, backend="trio")
    return anyio.run(function, *sizes, backend_options={"use_uvloop": loop == "uvloop"})
