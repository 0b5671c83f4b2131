"""What went wrong in a tree is counted for as long as the tree lives, and its actors too."""

import anyio
import anyio.lowlevel
import pytest

from actors.runtime import Actor, ChildSpec, Incident, SupervisorSpec, System
from actors.runtime.testing import settle

pytestmark = pytest.mark.anyio


class Glass(Actor[str]):
    async def receive(self, message: str) -> None:
        raise ValueError(message)


def house() -> SupervisorSpec:
    guild = SupervisorSpec(
        "guild-7", [ChildSpec("player", Glass)], intensity=2, restart="temporary"
    )
    return SupervisorSpec("root", [SupervisorSpec("guilds", [guild]), ChildSpec("store", Glass)])


async def broken(system: System, path: str) -> None:
    before = system.incidents.crashes
    system.crash(path, ValueError("a stone"))
    with anyio.fail_after(10):
        while system.incidents.crashes == before:
            await anyio.lowlevel.checkpoint()
    await settle()


async def test_crashes_and_restarts_are_counted_and_told():
    told: list[Incident] = []
    async with System(house()) as system:
        system.incidents.subscribe(told.append)
        await broken(system, "/root/guilds/guild-7/player")
        assert (system.incidents.crashes, system.incidents.restarts) == (1, 1)
    assert [(one.path, one.what) for one in told] == [
        ("/root/guilds/guild-7/player", "crashed"),
        ("/root/guilds/guild-7/player", "restarted"),
    ]


async def test_a_supervisor_that_gave_up_is_remembered_though_it_is_gone():
    async with System(house()) as system:
        for _ in range(3):
            await broken(system, "/root/guilds/guild-7/player")
        paths = {node.path for guilds in system.tree().children for node in guilds.children}
        assert "/root/guilds/guild-7" not in paths
        assert [one.path for one in system.incidents.gave_up] == ["/root/guilds/guild-7"]
        assert system.incidents.gave_up_count == 1
        assert (system.incidents.crashes, system.incidents.restarts) == (3, 2)


async def test_whoever_has_unsubscribed_hears_nothing_more():
    told: list[Incident] = []
    async with System(house()) as system:
        unsubscribe = system.incidents.subscribe(told.append)
        unsubscribe()
        await broken(system, "/root/store")
    assert told == []


async def test_a_census_counts_the_actors_and_finds_the_fullest_mailbox():
    class Slow(Actor[str]):
        async def receive(self, message: str) -> None:
            await self.context.system.clock.sleep(60)

    spec = SupervisorSpec("root", [ChildSpec("slow", Slow), SupervisorSpec("guilds", dynamic=True)])
    async with System(spec) as system:
        guilds = system.supervisor("/root/guilds")
        for number in range(5):
            await guilds.start_child(ChildSpec(f"guild-{number}", Slow, shutdown=0.0))
        slow = await guilds.start_child(ChildSpec("guild-5", Slow, shutdown=0.0))
        for _ in range(4):
            await slow.tell("work")
        await settle()
        census = system.census()
        assert census.actors == 7
        # One of them is at work.
        assert census.deepest_mailbox == 3
