"""The lock on the data folder: one process a folder.

It is the kernel's, so it ends with the process however that ends, and a file that is left behind
locks nobody out.
"""

import fcntl
import os
from pathlib import Path

import anyio

LOOK_SECONDS = 0.01


class DataLock:
    """A data folder, to be locked. `folder` must exist; OSError where it may not be written to."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"
        self._descriptor: int | None = None

    def take(self) -> bool:
        """Lock the folder, and return True; False if another process has it."""
        descriptor = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    async def wait(self, seconds: float) -> None:
        """Lock the folder as soon as it is free; raise TimeoutError if that takes longer."""
        with anyio.fail_after(seconds):
            while not self.take():  # noqa: ASYNC110, the kernel calls nobody
                await anyio.sleep(LOOK_SECONDS)

    def release(self) -> None:
        """Let the next one have it; does nothing where it is not ours."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
