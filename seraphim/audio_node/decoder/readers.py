"""The bytes of a source as a file that PyAV reads: regular files here, HTTP in `web`."""

import io
import os
import stat
from typing import Protocol

from seraphim.audio_node.decoder import playlists
from seraphim.audio_node.decoder.address_guard import TrustedHosts
from seraphim.audio_node.decoder.gate import Turn
from seraphim.audio_node.decoder.hls import HlsReader
from seraphim.audio_node.decoder.web import HttpReader
from seraphim.audio_node.media import MediaEntry, MediaError, MediaSource

__all__ = ["FileReader", "Listed", "Reader", "open_reader"]


class Reader(Protocol):
    """What is read from, within one track's turn.

    `failure` is what a `read` raised: libavformat takes an error for the end now and then. `budget`
    is how many bytes probing may still take, `station` the name a radio gives itself, and `distant`
    says that each byte costs time. `read` gives at most as many bytes as asked for, or raises
    `MediaError` or `Closed`.

    The bytes may come in parts, each of which is media of its own and ends as a file does:
    `next_part` goes on with the next, and where the media is sought by seconds and not by bytes,
    `seek_seconds` begins one.
    """

    failure: MediaError | None
    budget: int | None
    station: str | None
    distant: bool

    @property
    def duration(self) -> float | None:
        """Length in seconds, where it is known without looking into the media."""
        ...

    @property
    def endless(self) -> bool:
        """Whether nobody knows where it ends."""
        ...

    @property
    def title(self) -> str | None:
        """What a station says of the bytes that were read last."""
        ...

    @property
    def size(self) -> int | None:
        """Length in bytes, where it is known."""
        ...

    def beginning(self) -> bytes:
        """Give the first bytes before anything was read, where looking at them saves reading."""
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

    def seek_seconds(self, seconds: float) -> float | None:
        """Begin a part at this moment or before; gives its moment. None: seek by bytes."""
        ...

    def next_part(self) -> bool:
        """Go on with the next part, where one has ended; returns whether there is one."""
        ...

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes; none at the end, of the part or of all."""
        ...

    def close(self) -> None:
        """Let go of the file or connection."""
        ...


class FileReader:
    """A regular file of this machine; a disk is never waited for with the gate given away."""

    station: str | None = None
    title: str | None = None
    duration: float | None = None
    distant = False
    endless = False

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

    def beginning(self) -> bytes:
        """Give nothing: reading costs nothing here."""
        return b""

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def tell(self) -> int:
        """Tell the position of the next read."""
        return self._file.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the position of the next read."""
        return self._file.seek(offset, whence)

    def seek_seconds(self, seconds: float) -> float | None:
        """Say that positions are bytes here."""
        return None

    def next_part(self) -> bool:
        """Say that there is none."""
        return False

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


class Listed(Exception):
    """The source is no media but a list of it: `entries`."""

    def __init__(self, entries: tuple[MediaEntry, ...]) -> None:
        super().__init__("a list of media")
        self.entries = entries


def open_reader(source: MediaSource, trusted: TrustedHosts, turn: Turn) -> Reader:
    """Open a source's bytes; raises `MediaError`, `Closed` or `Listed`."""
    if source.kind == "file":
        return FileReader(source.location, turn)
    reader = HttpReader(source.location, trusted, turn, source.headers)
    try:
        if not playlists.is_list(reader.content_type, reader.beginning()):
            return reader
        text = playlists.decode(_whole(reader))
    except BaseException:
        reader.close()
        raise
    reader.close()
    if playlists.is_hls(text):
        return HlsReader(text, reader.target, reader.web, turn)
    raise Listed(playlists.read(text, reader.target.url))


def _whole(reader: Reader) -> bytes:
    data = bytearray()
    while piece := reader.read(65536):
        data += piece
        if len(data) > playlists.LARGEST:
            raise MediaError("This list is too long.", "common", f"over {playlists.LARGEST} bytes")
    return bytes(data)
