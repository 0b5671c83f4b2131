from collections.abc import AsyncIterator

import pytest

from actors.guild.player.messages import PlayerMessage
from actors.intake import INTAKE, Intake, Open
from actors.runtime import ActorRef, ChildSpec, SupervisorSpec, System
from actors.runtime.testing import VirtualClock
from tests.actors.guild.world import GUILD, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
async def system(world: World, clock: VirtualClock, anyio_backend: object) -> AsyncIterator[System]:
    """The part of the tree that has to do with guilds, with all that it needs of the world."""
    root = SupervisorSpec(
        id="root",
        children=(
            SupervisorSpec(id="guilds", dynamic=True),
            ChildSpec(
                id="intake",
                start=lambda: Intake(world.ports(), volume=50, on_awake=world.on_awake),
                name=INTAKE,
            ),
        ),
    )
    async with System(root, clock=clock) as system:
        world.registry = system.registry
        yield system


@pytest.fixture
async def player(system: System) -> ActorRef[PlayerMessage]:
    intake = system.registry.whereis(INTAKE)
    assert intake is not None
    return await intake.ask(Open(GUILD))
