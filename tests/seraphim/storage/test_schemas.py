"""A file of every released schema is read by today's code, and can go back.

`schemas` has one for each revision: what `sqlite3 seraphim.db .dump` says of a file that the
versions of that revision have written. Each goes on where the one before ends. Who adds a
migration adds a file too: the newest one, with what the new version newly writes; and says below
what is in it.
"""

import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import NullPool, create_engine

from actors.guild.player.messages import Loop
from actors.guild.player.ports import VoiceCredentials
from actors.guild.player.sound import Preset, Sound
from actors.guild.player.state import Current, Following, PlayerState, Voice
from actors.guild.player.track import Entry, Track
from actors.guild.settings import Announcing, GuildSettings, Station
from actors.store.ports import StorageFailed, Stored
from seraphim.cli import main
from seraphim.storage import copies, migration, preferences, snapshot, track
from seraphim.storage.database import FILE, Database
from seraphim.storage.migration import FOLDER, REVISION
from tests.seraphim.storage.states import batch, guild

pytestmark = pytest.mark.anyio

SCHEMAS = Path(__file__).with_name("schemas")
DEPLOYMENT = Path(__file__).parents[3] / "docs/deployment.md"
REVISIONS = sorted(path.stem for path in SCHEMAS.iterdir())
BACK = [(newer, older) for newer, older in product(REVISIONS, repeat=2) if newer >= older]

every_schema = pytest.mark.parametrize("revision", REVISIONS)


# --- what the files hold ---


def song(title: str) -> Track:
    encoded = "QAAA" + title.encode().hex()
    return Track(encoded, title.lower(), title, "Somebody", 200_000, True, "youtube")


AURORA = replace(
    song("Aurora"),
    uri="https://example.org/aurora",
    artwork="https://example.org/a.png",
    isrc="DEA001",
)
DAWN, DUSK, NIGHT = song("Dawn"), song("Düsk \N{CITYSCAPE AT DUSK}"), song("Night")
RADIO = Track("QAAAradio", "https://example.org/live", "Radio", "", None, False, "http")

CREDENTIALS = VoiceCredentials(21, "session", "token", "voice.example.org:443")
FIRST = Entry(DAWN, 7)
MENDED = Entry(AURORA, 8, asked=NIGHT, broken=("youtube:night",), start_ms=30_000)
CHOSEN_BY_AUTOPLAY = Entry(DUSK, 0)

PLAYERS = {
    # Documents of version 1.
    "0001": {
        101: Stored(
            PlayerState(
                guild=101,
                run="run-1",
                volume=80,
                counter=4,
                text_channel=11,
                home=21,
                voice=Voice(
                    21, "session", "token", "voice.example.org:443", CREDENTIALS, suppressed=True
                ),
                current=Current(
                    "run-1.3", Entry(AURORA, 7), 61_500, 1_000_000, running=True, starts=2
                ),
                queue=(Entry(DAWN, 7), Entry(DUSK, 8)),
                history=(Entry(NIGHT, 8),),
                node="main",
            ),
            ended_at=1_060_000,
        ),
        102: Stored(PlayerState(102, "run-2", 100, history=(Entry(RADIO, 9),)), ended_at=1_060_000),
        # Of version 2.
        103: Stored(
            PlayerState(
                guild=103,
                run="run-3",
                volume=50,
                counter=9,
                text_channel=12,
                home=23,
                voice=Voice(23),
                current=Current(
                    "run-3.8", Entry(RADIO, 7), 5_000, 2_000_000, failure="it broke", starts=1
                ),
                following=Following("run-3.9", Entry(DAWN, 8)),
                paused=True,
                queue=(Entry(DAWN, 8), Entry(DAWN, 7)),
                node="other",
            ),
            ended_at=2_060_000,
        ),
        # Of version 3.
        104: Stored(
            PlayerState(
                guild=104,
                run="run-4",
                volume=120,
                counter=2,
                text_channel=13,
                home=24,
                voice=Voice(24),
                current=Current(
                    "run-4.2",
                    Entry(DAWN, 7, start_ms=1_500),
                    10_000,
                    3_000_000,
                    running=True,
                    starts=1,
                    tempo=150,
                ),
                queue=(MENDED, CHOSEN_BY_AUTOPLAY, FIRST),
                history=(CHOSEN_BY_AUTOPLAY,),
                node="main",
                autoplay=True,
                listeners=frozenset({7, 8}),
                loop=Loop.QUEUE,
                sound=Sound(Preset.NIGHTCORE, 120, 110),
                unshuffled=(FIRST, MENDED, CHOSEN_BY_AUTOPLAY),
            ),
            ended_at=3_060_000,
        ),
    },
    "0002": {
        105: Stored(
            PlayerState(105, "run-5", 90, home=25, queue=(Entry(DUSK, 7),)), ended_at=4_060_000
        ),
        # As 105, since orjson writes it.
        106: Stored(
            PlayerState(106, "run-6", 90, home=26, queue=(Entry(DUSK, 7),)), ended_at=5_060_000
        ),
    },
}
"""The players that each file has besides those of the one before."""

POSITIONS = {101: 61_500 + 60_000, 103: 5_000, 104: 10_000 + 90_000}
"""How far each track was when its process ended."""

NOTES = {
    "lavalink/main": "node-session",
    "panel/101": "11 31",
    "panel/103": "12 32",
    "panel/104": "13 33",
}

SETTINGS = {
    101: GuildSettings(
        dj_role=41,
        djs=(7, 8),
        default_volume=60,
        maximum_volume=150,
        vote_share=75,
        alone_minutes=15,
        stay=True,
        announce=Announcing.NEVER,
        language="de",
        request_channel=14,
        allowed_channels=(11, 14),
        longest_track_minutes=90,
        longest_queue=200,
        sources=("soundcloud", "youtube"),
        fair=True,
        channel_status=True,
        stations=(
            Station("Live", "https://example.org/live"),
            Station("Nacht \N{NIGHT WITH STARS}", "https://example.org/nacht"),
        ),
    ),
    102: GuildSettings(stay=True),
}
FAVOURITES = {7: [DUSK, AURORA], 8: [RADIO]}
PREFERENCES_SINCE = "0002"


async def read_right(stored: Database, revision: str, *, preferences_of: str) -> None:
    """Check all that is in the file of `revision`, with the preferences of another."""
    expected: dict[int, Stored] = {}
    for each in REVISIONS:
        if each <= revision:
            expected |= PLAYERS[each]
    assert {id: await stored.snapshot(id) for id in expected} == expected
    at_home = {id for id, player in expected.items() if player.state.home is not None}
    assert await stored.active() == at_home
    assert {key: await stored.note(key) for key in NOTES} == NOTES
    chosen = preferences_of >= PREFERENCES_SINCE
    assert await stored.settings() == (SETTINGS if chosen else {})
    for user, tracks in FAVOURITES.items():
        assert await stored.favourites(user) == (tracks if chosen else [])


# --- files ---


@pytest.fixture
def url() -> None:
    """The files are SQLite's."""


def load(revision: str, folder: Path) -> Path:
    """Make the file of that revision in `folder`."""
    path = folder / FILE
    with closing(sqlite3.connect(path)) as file:
        file.executescript((SCHEMAS / f"{revision}.sql").read_text("utf-8"))
    return path


def made(path: Path) -> dict[str, str]:
    """Return how each table and index of the file is made."""
    with closing(sqlite3.connect(path)) as file:
        rows = file.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
        return {name: " ".join(sql.split()) for name, sql in rows}


def content(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return all rows of the file, by table; its revision is one of them."""
    with closing(sqlite3.connect(path)) as file:
        return {table: sorted(file.execute(f"SELECT * FROM {table}")) for table in made(path)}


def step(path: Path, do: Callable[[Config, str], None], revision: str) -> None:
    """Bring the file to `revision` with the steps of today."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    with create_engine(f"sqlite:///{path}", poolclass=NullPool).begin() as connection:
        config.attributes["connection"] = connection
        do(config, revision)


# --- forward ---


def test_there_is_a_file_of_every_schema() -> None:
    steps = ScriptDirectory(str(FOLDER)).walk_revisions()
    assert sorted(each.revision for each in steps) == REVISIONS == sorted(PLAYERS)


@every_schema
def test_a_step_that_was_released_makes_what_it_made_then(revision: str, tmp_path: Path) -> None:
    then = tmp_path / "then"
    then.mkdir()
    today = tmp_path / FILE
    step(today, command.upgrade, revision)
    assert made(today) == made(load(revision, then))


@every_schema
async def test_everything_in_a_file_of_that_time_is_read(
    revision: str, process: Callable[[], Database], tmp_path: Path
) -> None:
    path = load(revision, tmp_path)
    before = content(path)
    stored = process()
    await stored.open()
    await read_right(stored, revision, preferences_of=revision)
    await stored.close()
    assert copies.revision(path) == REVISION
    # What was set aside is read by nobody but people.
    assert before["set_aside"]
    assert content(path)["set_aside"] == before["set_aside"]


@every_schema
async def test_tracks_are_where_they_were_when_their_process_ended(
    revision: str, process: Callable[[], Database], tmp_path: Path
) -> None:
    load(revision, tmp_path)
    stored = process()
    for id, position in POSITIONS.items():
        player = await stored.snapshot(id)
        assert isinstance(player, Stored)
        assert player.state.current is not None
        assert player.ended_at is not None
        assert player.state.current.position(player.ended_at) == position


# --- and back ---


@pytest.mark.parametrize(("revision", "older"), BACK)
async def test_a_file_that_goes_back_is_of_the_older_schema_and_opens_again(
    revision: str, older: str, process: Callable[[], Database], tmp_path: Path
) -> None:
    then = tmp_path / "then"
    then.mkdir()
    schema = made(load(older, then))
    path = load(revision, tmp_path)
    before = content(path)
    stored = process()
    await stored.open()
    await stored.close()

    step(path, command.downgrade, older)
    assert made(path) == schema
    left = {table: rows for table, rows in before.items() if table in schema}
    assert content(path) == left | {"alembic_version": [(older,)]}

    again = process()
    await again.open()
    await read_right(again, revision, preferences_of=older)


def test_documents_of_a_new_version_come_with_a_new_revision(tmp_path: Path) -> None:
    # An older Seraphim goes by the revision alone: it would take over a database of documents that
    # it cannot read, and begin every guild anew. Where no table changes, the step does nothing.
    stored = content(load(REVISION, tmp_path))
    for table, upgrades in (
        ("snapshots", snapshot.UPGRADES),
        ("settings", preferences.UPGRADES),
        ("favourites", track.UPGRADES),
    ):
        bodies = [body for *_, body in stored[table] if isinstance(body, bytes)]
        newest = max(json.loads(body)["version"] for body in bodies)
        assert newest == len(upgrades) + 1, table


async def test_the_way_back_that_is_documented_leads_to_the_version_before(
    process: Callable[[], Database],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    document = DEPLOYMENT.read_text("utf-8")
    typed = re.findall(r"^version \S+ (backup|restore) \S*/(\S+)$", document, re.MULTILINE)
    [keep, put_back] = [list(words) for words in typed]
    before_it = REVISIONS[-2]
    path = load(before_it, tmp_path)
    before = content(path)
    assert main(keep) == 0

    today = process()
    await today.write(batch(guild(1)))
    await today.close()

    for module in (migration, copies):
        monkeypatch.setattr(module, "REVISION", before_it)
    with pytest.raises(StorageFailed, match="made by a newer Seraphim"):
        await process().look()
    assert main(put_back) == 0
    assert content(path) == before
    old = process()
    await old.open()
    assert await old.snapshot(101) == PLAYERS["0001"][101]

    await old.close()

    [aside] = tmp_path.glob(f"{FILE}.before-*[0-9]")
    assert str(aside) in capsys.readouterr().out
    for module in (migration, copies):
        monkeypatch.setattr(module, "REVISION", REVISION)
    assert main(["restore", str(aside)]) == 0
    assert await process().snapshot(1) == Stored(guild(1), ended_at=1_000)
