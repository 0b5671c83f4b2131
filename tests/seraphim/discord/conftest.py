from collections.abc import AsyncIterator

import pytest

from seraphim.sandbox import Guild, Member, Sandbox
from tests.seraphim.discord.house import House


@pytest.fixture
async def sandbox(anyio_backend: str) -> AsyncIterator[Sandbox]:
    async with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def guild(sandbox: Sandbox) -> Guild:
    return sandbox.guild("Choir")


@pytest.fixture
def ada(guild: Guild) -> Member:
    return guild.member("Ada")


@pytest.fixture
async def house(sandbox: Sandbox, guild: Guild) -> AsyncIterator[House]:
    """The edge, connected to a sandbox in which `guild` exists."""
    house = House(sandbox)
    async with house.running():
        yield house
