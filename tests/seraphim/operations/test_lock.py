"""The lock on the data folder."""

import os
import stat
import subprocess
import sys
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


def test_one_at_a_time_has_it(tmp_path: Path) -> None:
    first, second = DataLock(tmp_path), DataLock(tmp_path)
    assert first.take()
    assert not second.take()
    second.release()
    assert not second.take()
    first.release()
    assert second.take()


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    DataLock(tmp_path).take()
    assert stat.S_IMODE((tmp_path / "lock").stat().st_mode) == 0o600


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        DataLock(tmp_path / "nowhere").take()


async def test_it_is_had_as_soon_as_it_is_free(tmp_path: Path) -> None:
    first, second = DataLock(tmp_path), DataLock(tmp_path)
    first.take()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(second.wait, 30.0)
        await anyio.wait_all_tasks_blocked()
        first.release()
    assert not first.take()


async def test_it_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    DataLock(tmp_path).take()
    holder = DataLock(tmp_path)
    assert not holder.take() or os.name
    first = DataLock(tmp_path / ".")
    first.take()
    with pytest.raises(TimeoutError):
        await DataLock(tmp_path).wait(0.03)


async def test_it_ends_with_its_process_however_that_ends(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        lock = DataLock(tmp_path)
        assert not lock.take()
        process.kill()
        await lock.wait(30.0)
    finally:
        process.kill()
        process.communicate()
