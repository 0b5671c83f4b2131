"""Eight shared bytes on which a decoder writes which track it is working on.

When the process is killed by what it decodes, nothing can be asked of it any more; but what it
wrote into shared memory stays, at no cost for either side. Messages would do it too, at two wakings
of the node for each turn at the gate.
"""

import mmap
import struct
from typing import Final, cast

__all__ = ["Slate"]

_LAYOUT: Final = struct.Struct("=II")


class Slate:
    """The track at work, or 0, and a number that changes with each turn.

    Parameters
    ----------
    fd
        A file of at least `SIZE` bytes that both processes have open; it may be closed afterwards.
    """

    SIZE: Final = _LAYOUT.size

    def __init__(self, fd: int) -> None:
        self._memory = mmap.mmap(fd, self.SIZE)
        self._turn = 0

    def write(self, track: int) -> None:
        """Say that `track` is being worked on from now on (0: none)."""
        self._turn = (self._turn + 1) & 0xFFFFFFFF
        _LAYOUT.pack_into(self._memory, 0, track, self._turn)

    def read(self) -> tuple[int, int]:
        """Tell the track at work (0: none) and the number of its turn."""
        return cast("tuple[int, int]", _LAYOUT.unpack_from(self._memory))

    def close(self) -> None:
        """Let go of the memory."""
        self._memory.close()
