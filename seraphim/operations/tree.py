"""The supervision tree as text: what runs, since when, how often it was restarted, what waits."""

from collections.abc import Mapping
from typing import Any, cast

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

MINUTE, HOUR, DAY = 60, 3_600, 86_400


def show(root: object, console: Console | None = None) -> None:
    """Print the tree that the operator's socket has answered with."""
    node = cast("Mapping[str, Any]", root)
    (console or Console(highlight=False)).print(_branch(node, None))


def _branch(node: Mapping[str, Any], parent: Tree | None) -> Tree:
    label = _label(node)
    branch = Tree(label) if parent is None else parent.add(label)
    for child in cast("list[Mapping[str, Any]]", node["children"]):
        _branch(child, branch)
    return branch


def _label(node: Mapping[str, Any]) -> Text:
    state = str(node["state"])
    label = Text(str(node["path"]).rpartition("/")[2], style="bold")
    label.append(f"  {state}", style="green" if state == "running" else "yellow")
    label.append(f"  {age(float(node['age']))}", style="dim")
    if node["restarts"]:
        label.append(f"  {node['restarts']} restarts", style="red")
    if node["mailbox"]:
        label.append(f"  {node['mailbox']} waiting", style="cyan")
    return label


def age(seconds: float) -> str:
    """Return a length of time in its largest unit: ``12 s``, ``3 min``, ``5 h``, ``2 d``."""
    for unit, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if seconds >= unit:
            return f"{int(seconds // unit)} {name}"
    return f"{int(seconds)} s"
