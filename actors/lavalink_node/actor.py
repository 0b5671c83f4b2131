"""The link's actor: it keeps one node connected, and tells players when that changes.

    connecting ──▶ ready ──▶ down ──▶ connecting …

It never gives up: a node may be away for a second or for a night. The delays grow, with jitter, so
that many bots do not fall upon a node that has just come back, and begin small, since a node
that was merely restarted is back within a second.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count

import structlog
from tenacity import wait_exponential_jitter

from actors.guild.player.messages import NodeDown, NodeReady, PlayerMessage
from actors.lavalink_node.ports import LinkFailed, NodeConnection
from actors.runtime import Actor, ActorRef, Exit, MailboxFull
from actors.runtime.restart import delay_before

log = structlog.get_logger(__name__)

# Doubling from a tenth of a second, with up to a tenth of jitter, to half a minute.
DELAYS = wait_exponential_jitter(initial=0.1, max=30.0, jitter=0.1)


@dataclass(frozen=True, slots=True)
class LinkUp:
    """The node is connected; `resumed`: what it played plays on."""

    resumed: bool


@dataclass(frozen=True, slots=True)
class LinkLost:
    """The node was connected, and is not any more."""

    reason: str


LinkMessage = LinkUp | LinkLost


class LinkActor(Actor[LinkMessage]):
    """Keeps the node `name` connected. `players` are those that the node plays for.

    Each of them is told `NodeReady` and `NodeDown`, in that order. A crash of this actor closes
    the connection; the next incarnation opens it again, and the session is resumed.
    """

    def __init__(
        self,
        name: str,
        connection: NodeConnection,
        players: Callable[[], Iterable[ActorRef[PlayerMessage]]],
    ) -> None:
        self._name = name
        self._connection = connection
        self._players = players
        self._open = False

    async def on_start(self) -> None:
        """Try to connect once, so that what starts after it finds a node; then keep at it.

        A node that cannot be reached keeps nothing else from starting.
        """
        try:
            resumed = await self._connection.open()
        except LinkFailed as error:
            log.warning("node.unreachable", node=self._name, error=str(error))
        else:
            self._announce(LinkUp(resumed))
            self._open = True
        self.context.start_task(self._keep_connected, name="connection")

    async def receive(self, message: LinkMessage) -> None:
        """Tell every player of the node."""
        self._announce(message)

    async def on_stop(self, reason: Exit) -> None:
        """Close the connection."""
        await self._connection.close()

    def _announce(self, message: LinkMessage) -> None:
        match message:
            case LinkUp(resumed):
                log.info("node.ready", node=self._name, resumed=resumed)
                self._tell_players(NodeReady(resumed))
            case LinkLost(reason):
                log.warning("node.down", node=self._name, reason=reason)
                self._tell_players(NodeDown())

    def _tell_players(self, message: NodeReady | NodeDown) -> None:
        for player in self._players():
            try:
                player.tell_nowait(message)
            except MailboxFull:
                # One busy guild keeps no other waiting.
                self.context.start_task(player.tell, message, name="tell")

    async def _keep_connected(self) -> None:
        while True:
            if not self._open:
                await self.context.ref.tell(LinkUp(await self._connect()))
            self._open = False
            try:
                await self._connection.run()
            except LinkFailed as error:
                await self.context.ref.tell(LinkLost(str(error)))
            finally:
                await self._connection.close()

    async def _connect(self) -> bool:
        """Try until it works; return whether the session was resumed."""
        for attempt in count(1):
            try:
                return await self._connection.open()
            except LinkFailed as error:
                delay = round(delay_before(attempt, DELAYS), 3)
                level = log.warning if attempt == 1 else log.debug
                level("node.unreachable", node=self._name, error=str(error), retry_in_s=delay)
                await self.context.system.clock.sleep(delay)
        raise AssertionError("there is always another attempt")
