"""The bytes of a source as a file that PyAV reads: regular files here, HTTP in `web`."""

import io
import os
import stat
from typing import Protocol

from seraphim.audio_node.decoder.address_guard import TrustedHosts
from seraphim.audio_node.decoder.gate import Turn
from seraphim.audio_node.decoder.web import HttpReader
from seraphim.audio_node.media import MediaError, MediaSource

__all__ = ["FileReader", "Reader", "open_reader"]


class Reader(Protocol):
    """What is read from, within one track's turn.

    `failure` is what a `read` raised: libavformat takes an error for the end now and then. `budget`
    is how many bytes probing may still take, `station` the name a radio gives itself, and `distant`
    says that each byte costs time. `read` gives at most as many bytes as asked for, or raises
    `MediaError` or `Closed`.
    """

    failure: MediaError | None
    budget: int | None
    station: str | None
    distant: bool

    @property
    def size(self) -> int | None:
        """Length in bytes, None for endless streams."""
        ...

    def seekable(self) -> bool:
        """Whether any part can be read."""
        ...

    def tell(self) -> int:
        """Tell the position of the next read."""
        ...

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the position of the next read."""
        ...

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes; none at the end."""
        ...

    def close(self) -> None:
        """Let go of the file or connection."""
        ...


class FileReader:
    """A regular file of this machine; a disk is never waited for with the gate given away."""

    station: str | None = None
    distant = False

    def __init__(self, path: str, turn: Turn) -> None:
        self.failure: MediaError | None = None
        self.budget: int | None = None
        self._turn = turn
        try:
            # Non-blocking, so that a FIFO in a music folder is refused and not waited for.
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise MediaError("The file cannot be read.", "common", error.strerror or "") from error
        self._file = io.FileIO(descriptor)
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            self._file.close()
            raise MediaError("This is not a file.", "common", "not a regular file")
        self._size = found.st_size

    @property
    def size(self) -> int | None:
        """Length in bytes."""
        return self._size

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def tell(self) -> int:
        """Tell the position of the next read."""
        return self._file.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the position of the next read."""
        return self._file.seek(offset, whence)

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes; none at the end."""
        self._turn.give_way()
        try:
            self._turn.check()
            return self._file.read(size) or b""
        except MediaError as error:
            self.failure = error
            raise
        except OSError as error:
            self.failure = MediaError("The file cannot be read.", "common", error.strerror or "")
            raise self.failure from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def open_reader(source: MediaSource, trusted: TrustedHosts, turn: Turn) -> Reader:
    """Open a source's bytes; raises `MediaError` or `Closed`."""
    if source.kind == "file":
        return FileReader(source.location, turn)
    return HttpReader(source.location, trusted, turn)
