"""A stretch of network that can be cut: what connects to it is carried on to a port on loopback.

Between a bot and its node it stands for whatever lies between them elsewhere: a switch that is
restarted, a cable that is pulled out.
"""

import asyncio
import contextlib
from types import TracebackType

HOST = "127.0.0.1"

_PIECE = 1 << 16


class Relay:
    """Carries connections on to `target`, a port, from a `port` of its own; a context manager."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self.passable = True
        """Whether new connections are carried on. Otherwise they are broken off at once."""
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._open = asyncio.Event()
        self._open.set()

    async def __aenter__(self) -> "Relay":
        self._server = await asyncio.start_server(self._carry_on, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.lighten()
        self.cut()

    def cut(self) -> None:
        """Break every connection there is. New ones can be made, if it is `passable`."""
        for writer in tuple(self._writers):
            writer.transport.abort()

    def darken(self) -> None:
        """Carry nothing any more and break nothing: each side believes the other there."""
        self._open.clear()

    def lighten(self) -> None:
        """Carry again, what was held back first."""
        self._open.set()

    async def _carry_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            if not self.passable:
                writer.transport.abort()
                return
            with contextlib.suppress(OSError):
                there, back = await asyncio.open_connection(HOST, self.target)
                self._writers.add(back)
                await asyncio.wait(
                    [
                        asyncio.create_task(self._carry(reader, back)),
                        asyncio.create_task(self._carry(there, writer)),
                    ]
                )
                self._writers.discard(back)
        finally:
            self._writers.discard(writer)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(_PIECE):
                await self._open.wait()
                writer.write(piece)
                await writer.drain()
        # What was written last still arrives; whoever reads on the other side sees the end.
        writer.close()
