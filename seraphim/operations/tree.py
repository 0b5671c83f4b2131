"""The supervision tree as text: what runs, since when, how often it was restarted, what waits.

`watch` shows it full-screen. A screen has some fifty rows and a tree may have thousands of actors;
so it shows who has trouble first, then the busiest, then the others, and says how many it leaves
out. Only what is shown is drawn.
"""

import heapq
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, cast

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

MINUTE, HOUR, DAY = 60, 3_600, 86_400
EVERY_SECONDS: Final = 1.0
RESTS: Final = 10
"""So many times as long as an answer takes it is left alone: looking must not be a load."""
STATES: Final = {"running": "green", "stopped": "dim"}

Told = Mapping[str, Any]


def show(root: object, console: Console | None = None) -> None:
    """Print the tree that the operator's socket has answered with."""
    node = cast("Told", root)
    (console or Console(highlight=False)).print(_branch(node, None))


def _branch(node: Told, parent: Tree | None) -> Tree:
    label = _label(node)
    branch = Tree(label) if parent is None else parent.add(label)
    for child in cast("list[Told]", node["children"]):
        _branch(child, branch)
    return branch


def _label(node: Told) -> Text:
    state = str(node["state"])
    label = Text(str(node["path"]).rpartition("/")[2], style="bold")
    label.append(f"  {state}", style=STATES.get(state, "yellow"))
    label.append(f"  {age(float(node['age']))}", style="dim")
    if node["restarts"]:
        label.append(f"  {node['restarts']} restarts", style="red")
    if node["mailbox"]:
        label.append(f"  {node['mailbox']} waiting", style="cyan")
    rate = _mean_rate(node)
    if rate:
        label.append(f"  {rate}/s", style="dim")
    return label


def _mean_rate(node: Told) -> str:
    seconds, handled = float(node["age"]), int(node.get("handled", 0))
    # What is counted goes back beyond this incarnation.
    known = handled and seconds >= 1 and not node["restarts"]
    return f"{handled / seconds:.3g}" if known else ""


class Watch:
    """The tree over time: message rates come from how it was when it was last looked at."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._handled: dict[str, int] = {}
        self._looked = clock()

    def screen(self, root: Told, height: int) -> Group:
        """Return what is to be seen of `root` in `height` rows."""
        now = self._clock()
        passed = max(now - self._looked, 0.001)
        nodes = list(_all(root))
        before, handled = self._handled, {}
        rates: dict[str, float] = {}
        for node in nodes:
            path, count = node["path"], node["handled"]
            handled[path] = count
            rates[path] = max(0, count - before.get(path, count)) / passed
        self._handled, self._looked = handled, now
        rows = max(1, height - 3)
        shown = heapq.nsmallest(
            rows,
            enumerate(nodes),
            key=lambda at: (*_urgency(at[1]), -round(rates[at[1]["path"]]), at[0]),
        )
        shown.sort(key=lambda at: at[0] if _urgency(at[1]) == (1, 0) else -1)
        table = Table(box=None, expand=True, pad_edge=False, header_style="bold")
        table.add_column("actor", ratio=1, no_wrap=True, overflow="ellipsis")
        table.add_column("state", no_wrap=True)
        for name in ("age", "restarts", "waiting", "msg/s"):
            table.add_column(name, justify="right", no_wrap=True)
        for _, node in shown:
            table.add_row(*_cells(node, rates[node["path"]]))
        return Group(_summary(nodes, sum(rates.values())), table, _rest(len(nodes) - len(shown)))


def watch(ask: Callable[[], object], console: Console | None = None) -> None:
    """Show the tree that `ask` answers, again and again, until Ctrl-C or `ask` answers None."""
    console = console or Console(highlight=False)
    eye = Watch()
    with Live(console=console, screen=True, auto_refresh=False) as live:
        asked = time.monotonic()
        while (told := ask()) is not None:
            took = time.monotonic() - asked
            live.update(eye.screen(cast("Told", told), console.height), refresh=True)
            time.sleep(max(EVERY_SECONDS, took * RESTS))
            asked = time.monotonic()


def _all(root: Told) -> Iterator[Told]:
    pending = [root]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(reversed(cast("list[Told]", node["children"])))


def _urgency(node: Told) -> tuple[int, int]:
    """Who has trouble now comes first, then who has a full mailbox."""
    troubled = node["state"] != "running" or node["crashes"] > 0
    return (0 if troubled else 1, -int(node["mailbox"]))


def _cells(node: Told, rate: float) -> tuple[Text, ...]:
    path, state = str(node["path"]), str(node["state"])
    parent, _, name = path.rpartition("/")
    above = parent.removeprefix("/root").removeprefix("/")
    restarts, waiting = int(node["restarts"]), int(node["mailbox"])
    return (
        Text.assemble((f"{above}/" if above else "", "dim"), (name, "bold")),
        Text(state, style=STATES.get(state, "bold yellow")),
        Text(age(float(node["age"])), style="dim"),
        Text(str(restarts) if restarts else "", style="red"),
        Text(str(waiting) if waiting else "", style="cyan"),
        Text(f"{rate:,.0f}" if rate >= 1 else f"{rate:.1f}" if rate else ""),
    )


def _summary(nodes: list[Told], rate: float) -> Text:
    running = sum(node["state"] == "running" for node in nodes)
    restarts = sum(int(node["restarts"]) for node in nodes)
    waiting = sum(int(node["mailbox"]) for node in nodes)
    away = len(nodes) - running
    return Text.assemble(
        ("Seraphim ", "bold yellow"),
        f" {running:,} running",
        (f"  {away:,} not" if away else "", "bold yellow"),
        (f"  {restarts:,} restarts" if restarts else "", "red"),
        (f"  {waiting:,} waiting" if waiting else "", "cyan"),
        (f"  {rate:,.0f} msg/s", "dim"),
        no_wrap=True,
    )


def _rest(hidden: int) -> Text:
    more = f"… and {hidden:,} more, all running.  " if hidden > 0 else ""
    return Text(f"{more}Ctrl-C ends this.", style="dim", no_wrap=True)


def age(seconds: float) -> str:
    """Return a length of time in its largest unit: ``12 s``, ``3 min``, ``5 h``, ``2 d``."""
    for unit, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if seconds >= unit:
            return f"{int(seconds // unit)} {name}"
    return f"{int(seconds)} s"
