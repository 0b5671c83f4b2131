"""The lock on the data folder."""

import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import pytest

from seraphim.operations.lock import DataLock

pytestmark = pytest.mark.anyio

HOLDS = """
import sys
from pathlib import Path
from seraphim.operations.lock import DataLock
assert DataLock(Path(sys.argv[1])).take()
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def lock(tmp_path: Path) -> Iterator[Callable[[], DataLock]]:
    """Gives as many holders of one folder as are needed."""
    made: list[DataLock] = []

    def make() -> DataLock:
        made.append(DataLock(tmp_path))
        return made[-1]

    yield make
    for each in made:
        each.release()


@pytest.fixture
def holder(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that has the folder."""
    command = [sys.executable, "-c", HOLDS, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def test_one_at_a_time_has_it(lock: Callable[[], DataLock]) -> None:
    first, second = lock(), lock()
    assert first.take()
    assert not second.take()
    second.release()
    assert not second.take()
    first.release()
    assert second.take()


def test_only_its_owner_may_open_it(lock: Callable[[], DataLock], tmp_path: Path) -> None:
    assert lock().take()
    assert stat.S_IMODE((tmp_path / "lock").stat().st_mode) == 0o600


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        DataLock(tmp_path / "nowhere").take()


async def test_it_is_had_as_soon_as_it_is_free(lock: Callable[[], DataLock]) -> None:
    first, second = lock(), lock()
    assert first.take()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(second.wait, 30.0)
        await anyio.lowlevel.checkpoint()
        first.release()
    assert not first.take()


async def test_it_is_not_waited_for_for_ever(lock: Callable[[], DataLock]) -> None:
    assert lock().take()
    with pytest.raises(TimeoutError):
        await lock().wait(0.03)


async def test_it_ends_with_its_process_however_that_ends(
    lock: Callable[[], DataLock], holder: "subprocess.Popen[bytes]"
) -> None:
    mine = lock()
    assert not mine.take()
    holder.kill()
    await mine.wait(30.0)
