"""The tree as people see it."""

import io
from typing import Any

import pytest
from rich.console import Console

from seraphim.operations import tree


def node(path: str, *children: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "path": path,
        "state": "running",
        "age": 3.0,
        "restarts": 0,
        "mailbox": 0,
        "children": list(children),
        **more,
    }


def test_it_shows_names_states_ages_restarts_and_what_waits():
    out = io.StringIO()
    root = node("/root", node("/root/player", restarts=2, mailbox=5, age=7200.0))
    tree.show(root, Console(file=out, width=80))
    first, second = out.getvalue().splitlines()
    assert first.split() == ["root", "running", "3", "s"]
    assert "player  running  2 h  2 restarts  5 waiting" in second


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (59.9, "59 s"), (60, "1 min"), (3_599, "59 min"), (90_000, "1 d")],
)
def test_an_age_is_said_in_its_largest_unit(seconds: float, said: str):
    assert tree.age(seconds) == said


def forest(count: int, handled: int) -> dict[str, Any]:
    players = [
        node(f"/root/guild-{n}/player", crashes=0, handled=handled if n == 777 else 0)
        for n in range(count)
    ]
    players[500] |= {"state": "restarting", "restarts": 3, "crashes": 3}
    players[600] |= {"mailbox": 9}
    return node("/root", *players, crashes=0, handled=0)


def test_the_watch_shows_trouble_first_then_the_busiest_on_one_screen():
    times = iter((0.0, 1.0, 3.0))
    watch = tree.Watch(clock=lambda: next(times))
    watch.screen(forest(5_000, handled=10), 10)
    out = io.StringIO()
    Console(file=out, width=80).print(watch.screen(forest(5_000, handled=30), 10))
    rows = [line.split() for line in out.getvalue().splitlines()]
    assert len(rows) == 10
    assert rows[0][:3] == ["Seraphim", "5,000", "running"]
    assert rows[2] == ["guild-500/player", "restarting", "3", "s", "3"]
    assert rows[3] == ["guild-600/player", "running", "3", "s", "9"]
    busy = next(row for row in rows if row[0] == "guild-777/player")
    assert busy[-1] == "10"
    assert rows[-1][:3] == ["…", "and", "4,994"]
