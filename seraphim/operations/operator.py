"""The operator's socket: what the terminal asks of a running Seraphim.

`DATA_DIR/operator.sock` belongs to the user who runs Seraphim (0600), so whoever can open it may
ask. One JSON object a line in, one out:

    {"do": "tree"}                     the live supervision tree
    {"do": "health"}                   how everything is, as `/status` over HTTP
    {"do": "drain", "node": name}      empty a node; answered with the state of its link
    {"do": "synchronise"}              publish the slash commands again
    {"do": "undrain", "node": name}    let it be used again
    {"do": "crash", "actor": path}     crash an actor: for tests and rehearsals, in development only
    {"do": "logs", "follow": true}     the last lines of the log, a line each, and those to come
    {"do": "handover"}                 begins a longer talk, see `seraphim.operations.handover`
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import cast

from actors.lavalink_node.messages import Drain, Undrain, link_name
from actors.runtime import (
    ActorCrashed,
    ActorStopped,
    AskTimeout,
    ChildNotFound,
    Node,
    NotRunning,
    System,
)
from seraphim.operations.handover import Handover
from seraphim.operations.journal import Journal
from seraphim.operations.telling import tell

SOCKET = "operator.sock"
LONGEST_REQUEST = 4096
LONGEST_ANSWER = 1 << 26
ORDER_SECONDS = 5.0


_NODE_FIELDS = tuple(field.name for field in fields(Node) if field.name != "children")


class OrderedCrash(Exception):
    """A crash that an operator ordered."""


class OperatorSocket:
    """The socket, as a service of the supervision tree that `system` gives."""

    def __init__(
        self,
        path: Path,
        system: Callable[[], System],
        *,
        may_crash: bool,
        handover: Handover,
        status: Callable[[], Awaitable[Mapping[str, object]]],
        journal: Journal,
        synchronise: Callable[[], Awaitable[None]],
    ) -> None:
        self._path = path
        self._system = system
        self._may_crash = may_crash
        self._handover = handover
        self._status = status
        self._journal = journal
        self._synchronise = synchronise
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; a socket that a dead process left behind is replaced."""
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(
            self._serve, self._path, limit=LONGEST_REQUEST
        )
        self._path.chmod(0o600)

    async def run(self) -> None:
        """Serve until cancelled."""
        assert self._server is not None
        await self._server.serve_forever()

    async def stop(self) -> None:
        """Close the socket and take it away."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await reader.readline()
            request = _request(line)
            if request == {"do": "handover"}:
                await self._handover.serve(reader, writer)
                return
            if _asks_for(request, "logs"):
                await tell(self._journal, reader, writer, cast("dict[str, object]", request))
                return
            if _asks_for(request, "tree"):
                # Frozen, so a thread may write it out: thousands of actors take their time.
                tree = self._system().tree()
                answer = await asyncio.to_thread(lambda: json.dumps({"tree": _told(tree)}))
            else:
                answer = json.dumps(await self._answer(request))
            writer.write(answer.encode() + b"\n")
            await writer.drain()
        except ConnectionError:
            # Whoever asked has gone.
            return
        except ValueError:
            writer.write(b'{"error": "the request is too long"}\n')
        finally:
            writer.close()

    async def _answer(self, request: object) -> Mapping[str, object]:
        match request:
            case {"do": "health"}:
                return {"health": await self._status()}
            case {"do": "synchronise"}:
                try:
                    await self._synchronise()
                # Whatever it is, whoever asked is told, and the socket serves on.
                except Exception as error:  # noqa: BLE001
                    return {"error": f"Discord has not taken the commands ({type(error).__name__})"}
                return {"synchronised": True}
            case {"do": "drain", "node": str(node)}:
                return await self._order(node, Drain())
            case {"do": "undrain", "node": str(node)}:
                return await self._order(node, Undrain())
            case {"do": "crash", "actor": str(path)} if self._may_crash:
                try:
                    self._system().crash(path, OrderedCrash("ordered by the operator"))
                except (ChildNotFound, NotRunning):
                    return {"error": f"no actor {path}"}
                return {"crashed": path}
            case _:
                return {"error": "not understood"}

    async def _order(self, node: str, order: Drain | Undrain) -> Mapping[str, object]:
        link = self._system().registry.whereis(link_name(node))
        if link is None:
            return {"error": f"no node {node}"}
        try:
            return {"state": await link.ask(order, timeout=ORDER_SECONDS)}
        except (AskTimeout, ActorCrashed, ActorStopped) as error:
            return {"error": f"the link to {node} does not answer ({type(error).__name__})"}


def _told(node: Node) -> dict[str, object]:
    """Return `node` as JSON has it: `dataclasses.asdict`, ten times as fast."""
    told: dict[str, object] = {name: getattr(node, name) for name in _NODE_FIELDS}
    told["children"] = [_told(child) for child in node.children]
    return told


def _asks_for(request: object, what: str) -> bool:
    match request:
        case {"do": str(asked)}:
            return asked == what
        case _:
            return False


def _request(line: bytes) -> object:
    """Return what was asked, None where it cannot be read."""
    try:
        return cast("object", json.loads(line))
    except ValueError:
        return None


async def ask(path: Path, request: Mapping[str, object]) -> dict[str, object]:
    """Ask a running Seraphim. Raises OSError where none listens on `path`."""
    reader, writer = await asyncio.open_unix_connection(path, limit=LONGEST_ANSWER)
    try:
        writer.write(json.dumps(request).encode() + b"\n")
        await writer.drain()
        answer = cast("object", json.loads(await reader.readline()))
    finally:
        writer.close()
        await writer.wait_closed()
    if not isinstance(answer, dict):
        raise ConnectionError("the operator's socket answered with something else")
    return cast("dict[str, object]", answer)
