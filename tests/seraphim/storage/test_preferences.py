"""What guilds have chosen, and people's favourites, in a database."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from sqlalchemy import Engine, inspect, text

from actors.guild.player.track import Track
from actors.guild.settings import Announcing, GuildSettings, Station
from actors.store.ports import Damaged
from seraphim.storage import preferences
from seraphim.storage import track as tracks
from seraphim.storage.database import Database
from seraphim.storage.document import Damage
from tests.seraphim.storage.states import anything, batch, guild

pytestmark = pytest.mark.anyio

CHOSEN = GuildSettings(
    dj_role=5,
    djs=(7, 8),
    default_volume=0,
    maximum_volume=80,
    announce=Announcing.NEVER,
    allowed_channels=(30,),
    sources=("deezer",),
    fair=True,
    stations=(Station("Night", "https://radio.example/night"),),
)


def track(title: str = "Aurora", **changes: Any) -> Track:
    known = Track("QAAA", title.lower(), title, "The Choir", 185_000, True, "library")
    return replace(known, **changes)


@given(anything(GuildSettings))
def test_settings_are_read_as_they_were_written(settings: GuildSettings) -> None:
    assert preferences.decode(preferences.encode(settings)) == settings


@given(anything(Track))
def test_a_track_is_read_as_it_was_written(favourite: Track) -> None:
    assert tracks.decode(tracks.encode(favourite)) == favourite


async def test_what_guilds_choose_outlives_the_process(process: Callable[[], Database]) -> None:
    before = process()
    await before.keep_settings(1, CHOSEN)
    await before.keep_settings(2, GuildSettings(stay=True))
    await before.keep_settings(2, GuildSettings(fair=True))
    await before.close()
    assert await process().settings() == {1: CHOSEN, 2: GuildSettings(fair=True)}


async def test_a_guild_that_takes_its_choices_back_takes_no_room(
    process: Callable[[], Database], outside: Engine
) -> None:
    database = process()
    await database.keep_settings(1, CHOSEN)
    await database.keep_settings(1, GuildSettings())
    assert await database.settings() == {}
    with outside.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM settings")) == 0


async def test_damaged_settings_cost_their_guild_alone(
    process: Callable[[], Database], outside: Engine
) -> None:
    database = process()
    await database.keep_settings(1, CHOSEN)
    await database.keep_settings(2, CHOSEN)
    with outside.begin() as connection:
        connection.execute(
            text("UPDATE settings SET body = :body WHERE guild = 1"), {"body": b'{"version":1}'}
        )
    assert await database.settings() == {1: Damaged("dj_role is missing"), 2: CHOSEN}


async def test_favourites_are_each_persons_own_the_newest_first_and_none_twice(
    process: Callable[[], Database],
) -> None:
    before = process()
    assert await before.add_favourite(7, track("Dawn"), most=9) is True
    assert await before.add_favourite(7, track("Dusk"), most=9) is True
    assert await before.add_favourite(8, track("Night"), most=9) is True
    assert await before.add_favourite(7, track("Dawn", encoded="QBBB"), most=9) is False
    await before.close()
    after = process()
    assert await after.favourites(7) == [track("Dusk"), track("Dawn")]
    assert await after.favourites(8) == [track("Night")]
    assert await after.favourites(9) == []


async def test_there_is_room_for_so_many_favourites(process: Callable[[], Database]) -> None:
    database = process()
    assert await database.add_favourite(7, track("Dawn"), most=2) is True
    assert await database.add_favourite(7, track("Dusk"), most=2) is True
    assert await database.add_favourite(7, track("Night"), most=2) is None
    assert await database.add_favourite(7, track("Dusk"), most=2) is False
    assert await database.favourites(7) == [track("Dusk"), track("Dawn")]


async def test_a_favourite_is_forgotten_by_name_whatever_the_name_is(
    process: Callable[[], Database],
) -> None:
    database = process()
    strange = track("x" * 5000, identifier="\ud800'; DROP TABLE favourites; --" * 200)
    await database.add_favourite(7, strange, most=9)
    await database.add_favourite(8, strange, most=9)
    assert await database.remove_favourite(7, "library:other") is False
    assert await database.remove_favourite(7, strange.name) is True
    assert await database.remove_favourite(7, strange.name) is False
    assert await database.favourites(7) == []
    assert await database.favourites(8) == [strange]


async def test_a_damaged_favourite_costs_itself_alone(
    process: Callable[[], Database], outside: Engine
) -> None:
    database = process()
    await database.add_favourite(7, track("Dawn"), most=9)
    await database.add_favourite(7, track("Dusk"), most=9)
    with outside.begin() as connection:
        connection.execute(text("UPDATE favourites SET body = :body WHERE id = 1"), {"body": b"{"})
    assert await database.favourites(7) == [track("Dusk"), Damaged("it is no JSON")]


@pytest.mark.parametrize("decode", [preferences.decode, tracks.decode])
@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"version":2}', b'{"version":true}', b'{"version":1}', b"\xff"]
)
def test_what_is_no_document_of_ours_is_damage(
    decode: Callable[[bytes], object], body: bytes
) -> None:
    with pytest.raises(Damage):
        decode(body)


async def test_a_database_of_the_first_version_is_gone_on_with(
    process: Callable[[], Database], outside: Engine
) -> None:
    old = process()
    await old.write(batch(guild(1, "aurora")))
    await old.close()
    with outside.begin() as connection:
        connection.execute(text("DROP TABLE settings"))
        connection.execute(text("DROP TABLE favourites"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    new = process()
    await new.keep_settings(1, CHOSEN)
    assert await new.settings() == {1: CHOSEN}
    assert await new.active() == {1}
    assert {"settings", "favourites"} <= set(inspect(outside).get_table_names())
