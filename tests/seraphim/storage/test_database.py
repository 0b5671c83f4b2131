"""What both databases do."""

from collections.abc import Callable
from dataclasses import replace

import anyio
import pytest
from sqlalchemy import Engine, text

from actors.store.ports import Change, Damaged, StorageFailed, Stored
from seraphim.storage.database import Database
from seraphim.storage.snapshot import decode
from tests.seraphim.storage.states import batch, guild, playing

pytestmark = pytest.mark.anyio

Process = Callable[[], Database]


def query(outside: Engine, words: str) -> list[tuple[object, ...]]:
    with outside.connect() as connection:
        return [tuple(row) for row in connection.execute(text(words))]


def change(outside: Engine, words: str, **values: object) -> None:
    with outside.begin() as connection:
        connection.execute(text(words), values)


async def test_what_was_written_is_read_by_this_process_and_the_next(process: Process) -> None:
    first, state = process(), playing(1, at_ms=500)
    await first.write(batch(state, guild(2), key="value"))
    assert await first.snapshot(1) == Stored(state, None)
    assert await first.snapshot(2) == Stored(guild(2), None)
    assert await first.snapshot(3) is None
    await first.close()

    second = process()
    assert await second.snapshot(1) == Stored(state, ended_at=1_000)
    assert await second.note("key") == "value"
    assert await second.note("other") is None


async def test_the_last_snapshot_and_the_last_note_count(process: Process) -> None:
    database = process()
    for title in ("aurora", "dawn", "dusk"):
        await database.write(batch(guild(1, title), guild(2, title), key=title))
    assert await database.snapshot(1) == Stored(guild(1, "dusk"), None)
    assert await database.snapshot(2) == Stored(guild(2, "dusk"), None)
    assert await database.note("key") == "dusk"

    await database.write(batch(key=None))
    assert await database.note("key") is None
    assert await database.snapshot(1) == Stored(guild(1, "dusk"), None)


async def test_titles_and_notes_may_be_anything_that_a_text_can_be(process: Process) -> None:
    database = process()
    wild = "\0 \ud800 '; DROP TABLE snapshots; -- 🎵 " + "é" * 5_000
    await database.write(batch(guild(1, wild), key=wild))
    assert await database.snapshot(1) == Stored(guild(1, wild), None)
    assert await database.note("key") == wild


async def test_active_are_those_with_a_home(process: Process) -> None:
    database = process()
    assert await database.active() == frozenset()
    await database.write(batch(guild(1), guild(2, home=None), guild(2**63 - 1)))
    assert await database.active() == {1, 2**63 - 1}
    await database.write(batch(guild(1, home=None), guild(2)))
    assert await database.active() == {2, 2**63 - 1}


async def test_a_snapshot_ends_with_the_process_that_saved_it_not_with_a_later_one(
    process: Process,
) -> None:
    first = process()
    await first.write(batch(playing(1, at_ms=0), playing(2, at_ms=0), alive_at=1_000))
    await first.write(batch(alive_at=3_000))
    await first.close()

    second = process()
    await second.write(batch(playing(2, at_ms=9_000), alive_at=9_000))
    await second.close()

    third = process()
    await third.write(batch(alive_at=20_000))
    assert await third.snapshot(1) == Stored(playing(1, at_ms=0), ended_at=3_000)
    assert await third.snapshot(2) == Stored(playing(2, at_ms=9_000), ended_at=9_000)


async def test_two_processes_that_live_at_once_end_each_by_itself(process: Process) -> None:
    one, other = process(), process()
    await one.write(batch(playing(1, at_ms=0), alive_at=1_000))
    await other.write(batch(playing(2, at_ms=0), alive_at=1_000))
    await other.write(batch(alive_at=60_000))
    third = process()
    assert await third.snapshot(1) == Stored(playing(1, at_ms=0), ended_at=1_000)
    assert await third.snapshot(2) == Stored(playing(2, at_ms=0), ended_at=60_000)


async def test_processes_of_which_nothing_is_stored_are_forgotten(
    process: Process, outside: Engine
) -> None:
    for start in range(5):
        database = process()
        await database.open()
        await database.write(batch(guild(1, str(start))))
        await database.close()
    assert query(outside, "SELECT count(*) FROM lives") == [(2,)]
    database = process()
    await database.open()
    assert query(outside, "SELECT count(*) FROM lives") == [(1,)]
    assert await database.snapshot(1) == Stored(guild(1, "4"), ended_at=1_000)


async def test_what_is_set_aside_is_kept_with_its_reason_but_not_read(
    process: Process, outside: Engine
) -> None:
    database = process()
    await database.write(batch(guild(1, "aurora"), guild(2)))
    poison = Change(1, state=guild(1, "dusk"), aside="poison", discarded=guild(1, "dawn"))
    await database.write(batch(poison, alive_at=7_000))
    assert await database.snapshot(1) == Stored(guild(1, "dusk"), None)
    assert await database.snapshot(2) == Stored(guild(2), None)

    await database.write(batch(Change(1, aside="again")))
    assert await database.snapshot(1) is None
    assert await database.active() == {2}
    rows = query(outside, "SELECT guild, reason, at, body FROM set_aside ORDER BY id")
    assert [row[:3] for row in rows] == [
        (1, "poison", 7_000),
        (1, "poison", 7_000),
        (1, "again", 1_000),
    ]
    bodies = [decode(bytes(row[3])) for row in rows]  # type: ignore[arg-type]
    assert bodies == [guild(1, "aurora"), guild(1, "dawn"), guild(1, "dusk")]


@pytest.mark.parametrize("body", [b"", b"garbage", b"\xff\xfe\x00", b'{"version":1}'])
async def test_a_damaged_row_costs_its_guild_alone(
    process: Process, outside: Engine, body: bytes
) -> None:
    database = process()
    await database.write(batch(guild(1), guild(2)))
    change(outside, "UPDATE snapshots SET body = :body WHERE guild = 1", body=body)

    damaged = await database.snapshot(1)
    assert isinstance(damaged, Damaged)
    assert await database.snapshot(2) == Stored(guild(2), None)
    await database.write(batch(Change(1, aside=damaged.error)))
    assert await database.snapshot(1) is None
    assert [bytes(row[0]) for row in query(outside, "SELECT body FROM set_aside")] == [body]  # type: ignore[arg-type]


async def test_a_row_of_another_guild_is_damaged(process: Process, outside: Engine) -> None:
    database = process()
    await database.write(batch(guild(1)))
    change(outside, "UPDATE snapshots SET guild = 2")
    assert await database.snapshot(2) == Damaged("it is another guild's")


async def test_a_snapshot_of_an_older_version_is_read_and_one_of_a_newer_is_damaged(
    process: Process, outside: Engine
) -> None:
    # Version 1 as it is written: whatever versions follow must read it.
    body = (
        '{"version":1,"guild":1,"run":"run","volume":50,"counter":0,"text_channel":null,"home":5,'
        '"voice":{"channel":null,"session":null,"token":null,"endpoint":null,"known":null,'
        '"muted":false,"suppressed":false},'
        '"current":null,"paused":false,"queue":[{"encoded":"QAAA","identifier":"id",'
        '"title":"aurora","author":"somebody","length_ms":200000,"seekable":true,'
        '"source":"library","uri":null,"artwork":null,"isrc":null,"requester":7}],'
        '"history":[],"node":null}'
    )
    database = process()
    await database.write(batch(guild(1), guild(2)))
    change(outside, "UPDATE snapshots SET body = :body WHERE guild = 1", body=body.encode())
    change(
        outside,
        "UPDATE snapshots SET body = :body WHERE guild = 2",
        body=body.replace('"version":1', '"version":99').replace('"guild":1', '"guild":2').encode(),
    )
    assert await database.snapshot(1) == Stored(guild(1, "aurora"), None)
    damaged = await database.snapshot(2)
    assert isinstance(damaged, Damaged)
    assert "version 99" in damaged.error


async def test_a_batch_is_written_as_a_whole_or_not_at_all(
    process: Process, outside: Engine
) -> None:
    database = process()
    await database.write(batch(guild(1, "aurora"), key="aurora"))
    change(outside, "ALTER TABLE lives RENAME TO hidden")
    with pytest.raises(StorageFailed):
        await database.write(batch(guild(1, "dawn"), guild(2), Change(3, aside="x"), key="dawn"))
    change(outside, "ALTER TABLE hidden RENAME TO lives")

    assert await database.snapshot(1) == Stored(guild(1, "aurora"), None)
    assert await database.snapshot(2) is None
    assert await database.note("key") == "aurora"


async def test_all_of_it_may_be_called_at_once(process: Process) -> None:
    database = process()

    async def use(id: int) -> None:
        await database.write(batch(guild(id)))
        assert await database.snapshot(id) == Stored(guild(id), None)

    async with anyio.create_task_group() as tasks:
        for id in range(1, 20):
            tasks.start_soon(use, id)
    assert await database.active() == set(range(1, 20))


async def test_no_error_quotes_what_was_to_be_written(process: Process, outside: Engine) -> None:
    database = process()
    state = replace(playing(1, at_ms=0), run="the-content")
    await database.write(batch(guild(2)))
    # A rule that no row keeps: PostgreSQL quotes the row that breaks it.
    change(outside, "DROP TABLE notes")
    change(
        outside,
        "CREATE TABLE notes (key VARCHAR(255) PRIMARY KEY, value BLOB CHECK (key = ''))".replace(
            "BLOB", "BYTEA" if outside.dialect.name == "postgresql" else "BLOB"
        ),
    )
    with pytest.raises(StorageFailed) as failure:
        await database.write(batch(state, gateway="gateway-session"))
    chain = (failure.value, failure.value.__cause__)
    assert failure.value.__suppress_context__
    for error in chain:
        for secret in ("voice-token", "voice-session", "gateway-session", "the-content"):
            assert secret not in f"{error} {error!r}"
    assert "constraint" in str(failure.value)
