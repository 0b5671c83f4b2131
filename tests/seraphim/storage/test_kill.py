"""A process that is killed while it writes leaves what it last committed."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from actors.store.ports import Stored
from seraphim.storage.database import database
from tests.seraphim.storage.states import batch, guild

pytestmark = pytest.mark.anyio

# Writes both guilds and the note together, again and again, and says when each is done.
WRITER = """
import sys
from pathlib import Path
import anyio
from seraphim.storage.database import database
from tests.seraphim.storage.states import batch, guild

async def main():
    made = database(Path(sys.argv[1]), None)
    for number in range(1_000_000):
        titles = [f"{number} aurora"] * (number % 200)
        await made.write(batch(guild(1, str(number), *titles), guild(2, str(number)),
                               alive_at=number, key=str(number)))
        print(number, flush=True)

anyio.run(main)
"""


def killed(folder: Path, writes: int) -> list[str]:
    """Kill a writer after so many writes; return all that it has said."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    ) as writer:
        assert writer.stdout is not None
        said = [writer.stdout.readline() for _ in range(writes)]
        writer.send_signal(signal.SIGKILL)
        return said + writer.stdout.readlines()


@pytest.mark.parametrize("writes", [1, 40, 163])
async def test_a_kill_while_writing_leaves_the_last_committed_state(
    tmp_path: Path, writes: int
) -> None:
    said = killed(tmp_path, writes)
    # The last line may have been cut by the kill.
    last = int(next(line for line in reversed(said) if line.endswith("\n")))

    after = database(tmp_path, None)
    found = await after.note("key")
    assert found is not None
    number = int(found)
    assert number in (last, last + 1)
    titles = [f"{number} aurora"] * (number % 200)
    for state in (guild(1, found, *titles), guild(2, found)):
        stored = await after.snapshot(state.guild)
        assert stored == Stored(state, ended_at=number)
    await after.write(batch(guild(1), key="after"))
    assert await after.note("key") == "after"
    await after.close()
