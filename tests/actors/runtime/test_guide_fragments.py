"""What docs/actors.md shows in passing, of hooks and of whose work it is, does what it says."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Histogram

from actors.runtime import Actor, Ask, ChildSpec, SupervisorSpec, System, origin

pytestmark = pytest.mark.anyio

PAGE = Path(__file__).parents[3] / "docs" / "actors.md"
_, HOOK, ORIGIN = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


@dataclass(frozen=True, slots=True)
class Skip(Ask[object]):
    pass


class Player(Actor[Skip]):
    async def receive(self, message: Skip) -> object:
        return origin.get()


TREE = SupervisorSpec("root", [ChildSpec("player", Player)])


async def test_the_hook_measures_every_message_by_actor_and_kind() -> None:
    registry = CollectorRegistry()
    histogram = Histogram("handled", "How long it took", ["actor", "message"], registry=registry)
    names: dict[str, Any] = {"HISTOGRAM": histogram, "System": System, "tree": TREE}
    exec(HOOK, names)
    async with System(TREE, hooks=[names["timed"]]) as system:
        player: Any = system.supervisor("/root").child("player")
        await player.ask(Skip())
        await player.ask(Skip())
    labels = {"actor": "/root/player", "message": "Skip"}
    assert registry.get_sample_value("handled_count", labels) == 2


async def test_the_origin_is_known_where_the_message_is_handled() -> None:
    async with System(TREE) as system:
        player: Any = system.supervisor("/root").child("player")
        # Other tests run in the same context.
        origin.set(None)
        assert await player.ask(Skip()) is None
        names: dict[str, Any] = {"origin": origin, "Skip": Skip, "player": player}
        # The fragment stands in a coroutine.
        lines = ORIGIN.replace("await player", "answer = await player").splitlines()
        body = "\n".join(f"    {line}" for line in lines)
        exec(f"async def begin():\n{body}\n    return answer", names)
        assert await names["begin"]() == {"command": "/skip", "user": 7}
        origin.set(None)
