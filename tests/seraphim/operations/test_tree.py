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
