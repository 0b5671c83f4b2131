"""Settings and favourites: they are asked for, and written before they are answered."""

import anyio
import pytest

from actors.guild.player.track import Track
from actors.guild.settings import GuildSettings
from actors.runtime.testing import settle
from actors.store.messages import (
    MOST_FAVOURITES,
    AddFavourite,
    Chosen,
    Favoured,
    FavouritesOf,
    Health,
    KeepSettings,
    RemoveFavourite,
    Unread,
    Unwritten,
)
from actors.store.ports import Damaged
from tests.actors.store.conftest import House

pytestmark = pytest.mark.anyio

FAIR = GuildSettings(fair=True)
DAWN = Track("QAAA", "dawn", "Dawn", "somebody", 200_000, True, "library")


async def test_settings_are_written_when_it_is_answered(house: House) -> None:
    assert await house.store.ask(KeepSettings(1, FAIR)) is None
    assert house.memory.chosen == {1: FAIR}
    assert await house.store.ask(Chosen()) == {1: FAIR}


async def test_settings_that_cannot_be_written_are_not_and_that_is_answered(house: House) -> None:
    house.memory.away = "disk full"
    assert await house.store.ask(KeepSettings(1, FAIR)) == Unwritten()
    assert house.events("store.failing")[0]["error"] == "disk full"
    assert (await house.store.ask(Health())).error == "disk full"
    house.memory.away = None
    await house.clock.advance(5)
    assert house.memory.chosen == {}
    assert (await house.store.ask(Health())).error is None


async def test_damaged_settings_count_as_none_and_are_said(house: House) -> None:
    house.memory.chosen = {1: Damaged("it is no JSON"), 2: FAIR}
    assert await house.store.ask(Chosen()) == {2: FAIR}
    [line] = house.events("settings.damaged")
    assert (line["guild"], line["error"]) == (1, "it is no JSON")


async def test_what_guilds_have_chosen_is_answered_when_it_can_be_read(house: House) -> None:
    house.memory.chosen[1] = FAIR
    house.memory.away = "gone"
    found: list[object] = []

    async def ask() -> None:
        found.append(await house.store.ask(Chosen(), timeout=1e6))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await house.clock.advance(10)
        assert found == []
        house.memory.away = None
        await house.clock.advance(5)
    assert found == [{1: FAIR}]


async def test_a_favourite_is_added_once_listed_and_removed(house: House) -> None:
    assert await house.store.ask(AddFavourite(7, DAWN)) == Favoured(added=True)
    assert await house.store.ask(AddFavourite(7, DAWN)) == Favoured(added=False)
    assert await house.store.ask(FavouritesOf(7)) == (DAWN,)
    assert await house.store.ask(RemoveFavourite(7, DAWN.name)) is True
    assert await house.store.ask(RemoveFavourite(7, DAWN.name)) is False
    assert await house.store.ask(FavouritesOf(7)) == ()


async def test_one_favourite_too_many_finds_no_room(house: House) -> None:
    house.memory.favoured[7] = [
        Track("QAAA", str(number), "", "", None, True, "library")
        for number in range(MOST_FAVOURITES)
    ]
    assert await house.store.ask(AddFavourite(7, DAWN)) == Favoured(added=False, full=True)


async def test_favourites_that_cannot_be_read_or_written_are_not_taken_for_none(
    house: House,
) -> None:
    house.memory.favoured[7] = [DAWN]
    house.memory.away = "gone"
    assert await house.store.ask(FavouritesOf(7)) == Unread()
    assert await house.store.ask(AddFavourite(7, DAWN)) == Unwritten()
    assert await house.store.ask(RemoveFavourite(7, DAWN.name)) == Unwritten()
    house.memory.away = None
    assert await house.store.ask(FavouritesOf(7)) == (DAWN,)


async def test_damaged_favourites_are_left_out_and_said(house: House) -> None:
    house.memory.favoured[7] = [Damaged("it is no JSON"), DAWN]
    assert await house.store.ask(FavouritesOf(7)) == (DAWN,)
    [line] = house.events("favourites.damaged")
    assert (line["user"], line["count"]) == (7, 1)


async def test_nobody_else_waits_for_a_storage_that_hangs(house: House) -> None:
    house.memory.hangs = anyio.Event()
    replies: list[object] = []

    async def keep() -> None:
        replies.append(await house.store.ask(KeepSettings(1, FAIR), timeout=1e6))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keep)
        await settle()
        assert (await house.store.ask(Health())).unwritten == 0
        assert replies == []
        house.memory.hangs.set()
    assert replies == [None]
