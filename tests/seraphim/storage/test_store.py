"""The store on a real database: what a process that was killed leaves to the next."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import anyio
import pytest
from structlog.testing import capture_logs

from actors.guild.player.state import PlayerState
from actors.runtime import ActorRef, ChildSpec, SupervisorSpec, System
from actors.store.actor import StoreActor
from actors.store.messages import (
    STORE,
    Active,
    Flush,
    Health,
    Note,
    Noted,
    Recall,
    Save,
    StoreMessage,
)
from seraphim.storage.database import FILE, database
from tests.seraphim.storage.states import guild, playing
from tests.seraphim.storage.test_sqlite import locked

pytestmark = pytest.mark.anyio

PLAYER = """
import sys, time
from pathlib import Path
import anyio
from actors.store.messages import Flush, Note, Save
from tests.seraphim.storage.states import guild, playing
from tests.seraphim.storage.test_store import now, system

async def main():
    async with system(Path(sys.argv[1])) as running:
        from actors.store.messages import STORE
        store = running.registry.whereis(STORE)
        began = now()
        await store.tell(Save(playing(1, began)))
        await store.tell(Save(guild(2, home=None)))
        await store.tell(Note("gateway/0", "session"))
        await store.ask(Flush())
        print("began", began, flush=True)
        await anyio.sleep_forever()

anyio.run(main)
"""


def now() -> int:
    return time.time_ns() // 1_000_000


def system(folder: Path) -> System:
    made = database(folder, None)
    return System(
        SupervisorSpec("root", (ChildSpec("store", lambda: StoreActor(made, now), name=STORE),))
    )


def store_of(running: System) -> ActorRef[StoreMessage]:
    store = running.registry.whereis(STORE)
    assert store is not None
    return store


@contextmanager
def player(folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A process that plays, and when it began to."""
    with subprocess.Popen(
        [sys.executable, "-c", PLAYER, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    ) as process:
        assert process.stdout is not None
        try:
            # Its log goes the same way.
            said = next(line for line in process.stdout if line.startswith("began "))
            yield process, int(said.split()[1])
        finally:
            process.kill()


async def test_after_a_kill_all_is_there_and_the_position_is_at_most_three_seconds_behind(
    tmp_path: Path,
) -> None:
    with player(tmp_path) as (process, began):
        # It says of itself that it is alive, whatever else happens.
        beside = database(tmp_path, None)
        with anyio.fail_after(60):
            while True:
                found = await beside.snapshot(1)
                assert found is not None
                if (getattr(found, "ended_at", None) or 0) >= began + 3_000:
                    break
                await anyio.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        killed = now()
        process.wait()
        await beside.close()

    async with system(tmp_path) as after:
        store = store_of(after)
        assert await store.ask(Active()) == (1,)
        assert await store.ask(Noted("gateway/0")) == "session"
        assert await store.ask(Recall(2)) == guild(2, home=None)
        recalled = await store.ask(Recall(1))
        assert isinstance(recalled, PlayerState)
        assert recalled.current is not None
        assert not recalled.current.running
        assert recalled.queue == playing(1, began).queue
        # It was at 1,000 ms when it began.
        behind = (killed - began + 1_000) - recalled.current.position_ms
        assert 0 <= behind <= 3_000


async def test_a_locked_database_delays_what_is_written_and_nobody_else(tmp_path: Path) -> None:
    with capture_logs() as log:
        async with system(tmp_path) as running:
            store = store_of(running)
            await store.tell(Save(guild(1, "aurora")))
            await store.ask(Flush())
            async with anyio.create_task_group() as tasks:
                with locked(tmp_path / FILE):
                    await store.tell(Save(guild(1, "dawn")))
                    await store.tell(Note("key", "value"))
                    tasks.start_soon(partial(store.ask, Flush(), timeout=30))
                    with anyio.fail_after(30):
                        while (await store.ask(Health())).failing_since is None:
                            await anyio.lowlevel.checkpoint()
                    assert await store.ask(Recall(1)) == guild(1, "dawn")
                    assert await store.ask(Recall(2)) is None
    events = [line["event"] for line in log if line["event"].startswith("store.")]
    assert events == ["store.failing", "store.recovered"]

    async with system(tmp_path) as after:
        assert await store_of(after).ask(Recall(1)) == guild(1, "dawn")
        assert await store_of(after).ask(Noted("key")) == "value"
