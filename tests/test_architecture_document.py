"""docs/architecture.md shows the packages, the contracts and the supervision tree as they are."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from actors.guild.tree import guild_tree
from actors.rate_limiter.buckets import Allowance
from actors.root import House, Watch, root_tree
from actors.runtime import ChildSpec, SupervisorSpec

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs/architecture.md").read_text("utf-8")
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
HOUSE, TREE = re.findall(r"^```\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
PATH = re.compile(r"(?:actors|seraphim|tests|config|docs|benchmarks)/[\w./@-]+")
NOT_SHOWN = {"__init__", "__main__"}


def shown(package: str) -> dict[str, bool]:
    """Return the rooms of `package` as they are drawn; whether each is a folder."""
    [drawn] = re.findall(rf"^{package}/\n((?:  .*\n)+)", HOUSE, re.MULTILINE)
    rooms: dict[str, bool] = {}
    for line in drawn.splitlines():
        if line.startswith("    "):
            continue
        # One with what it is for, or several names alone, which are set apart by two spaces.
        words = line.split()
        names = words if line == "  " + "  ".join(words) else words[:1]
        rooms |= {name.rstrip("/"): name.endswith("/") for name in names}
    return rooms


@pytest.mark.parametrize("package", ["actors", "seraphim"])
def test_the_house_has_the_rooms_that_are_drawn(package: str):
    there = {
        path.stem: path.is_dir()
        for path in (ROOT / package).iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert shown(package) == {
        name: folder for name, folder in there.items() if name not in NOT_SHOWN
    }


def test_the_folders_of_the_project_are_those_that_are_drawn():
    for name, what in re.findall(r"^(\w+)/ +(.+)$", HOUSE, re.MULTILINE):
        for folder in re.findall(r"(\w+)/", what):
            assert (ROOT / name / folder).is_dir(), folder


def test_the_contracts_are_those_that_are_checked():
    told = re.findall(r"^- (.+)\.$", TEXT.partition("## The supervision tree")[0], re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert told == [each["name"] for each in project["tool"]["importlinter"]["contracts"]]


# --- the tree ---


def drawn() -> Iterator[tuple[int, str]]:
    """Yield each line of the tree as its depth and its id."""
    for line in TREE.splitlines():
        found = re.match(r"([│ ]*(?:[├└]─ )?)(\S+)", line)
        assert found is not None
        yield len(found[1]) // 3, found[2]


def planned(spec: SupervisorSpec | ChildSpec[Any], depth: int = 0) -> Iterator[tuple[int, str]]:
    yield depth, spec.id
    if isinstance(spec, SupervisorSpec):
        for child in spec.children:
            yield from planned(child, depth + 1)
        if spec.id == "guilds":
            # The ports are looked at when an actor starts, and none does.
            guild = guild_tree(1, _ANYTHING, volume=50)
            for below, name in planned(guild, depth + 1):
                yield below, name.replace("guild-1", "guild-<id>")


_ANYTHING: Any = type("Anything", (), {"__getattr__": lambda self, _: self})()


def house() -> House:
    return House(
        storage=_ANYTHING,
        allowance=Allowance(),
        discord=_ANYTHING,
        audio_node=_ANYTHING,
        links=[ChildSpec("node-<name>", _ANYTHING)],
        operator=_ANYTHING,
        watch=Watch(_ANYTHING, _ANYTHING, _ANYTHING, 1.0),
        sources=_ANYTHING,
        ports=_ANYTHING,
        volume=50,
        on_awake=_ANYTHING,
        on_fatal=_ANYTHING,
    )


def test_the_tree_is_the_one_that_is_drawn():
    assert list(drawn()) == list(planned(root_tree(house())))


def test_without_a_watch_it_lacks_what_the_text_says():
    watched = {name for _, name in planned(root_tree(house()))}
    alone = {name for _, name in planned(root_tree(replace(house(), watch=None)))}
    assert watched - alone == {"health", "http"}
    assert "neither `health` nor `http` is in its tree" in TEXT


def test_limits_of_restarts_are_those_of_the_specs():
    tree = root_tree(house())
    assert f"{tree.strategy}, {tree.intensity} restarts in {tree.period:.0f} s" in TREE
    guild = guild_tree(1, _ANYTHING, volume=50)
    assert f"{guild.intensity} restarts in {guild.period:.0f} s" in TREE


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_files_that_are_named_are_there(document: Path):
    for path in re.findall(r"`([^`\n]+)`", document.read_text("utf-8")):
        if PATH.fullmatch(path):
            assert (ROOT / path).exists(), path
