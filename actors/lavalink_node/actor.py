"""The link's actor: it keeps one node connected, and tells players when that changes.

    connecting ──▶ ready ──▶ connecting …

What the connection does comes in as messages, one at a time, and only one task of the link is at
work: it connects or it listens. So players hear `NodeReady` before anything that the node says
behind it, and `NodeDown` after all that it said.

It never gives up: a node may be away for a second or for a night.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import structlog
from tenacity import wait_random_exponential

from actors.guild.player.messages import NodeDown, NodeReady, PlayerMessage
from actors.lavalink_node.ports import LinkFailed, NodeConnection
from actors.runtime import Actor, ActorRef, Exit, MailboxFull
from actors.runtime.restart import delay_before

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

# The longest delay grows by a third each time, so that a node that was away for a second is found
# within a fraction of one; where it lies below that is chance, so that many bots do not fall upon a
# node that has just come back.
DELAYS = wait_random_exponential(multiplier=0.15, exp_base=1.3, min=0.1, max=30.0)
# A connection that broke sooner counts as one more failed attempt: a node that hangs up at once
# must not be called in a tight loop.
STEADY_SECONDS = 10.0


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

    Each of them is told `NodeReady` and `NodeDown`, in the order in which it happened. A crash of
    this actor closes the connection; the next incarnation opens it again, and resumes the session.
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
        self._failures = 0
        self._ready_since = 0.0
        self._complaint: str | None = None

    async def on_start(self) -> None:
        """Try to connect once, so that what starts after it finds a node; then keep at it.

        A node that cannot be reached keeps nothing else from starting.
        """
        try:
            resumed = await self._connection.open()
        except LinkFailed as error:
            self._failed(error)
            # The incarnation before may have left players in the belief that it is there.
            self._tell_players(NodeDown())
            self.context.start_task(self._connect, name="connect")
        else:
            self._up(resumed)

    async def receive(self, message: LinkMessage) -> None:
        """Tell every player of the node, and go on."""
        match message:
            case LinkUp(resumed):
                self._up(resumed)
            case LinkLost(reason):
                self._lost(reason)

    async def on_stop(self, reason: Exit) -> None:
        """Close the connection."""
        await self._connection.close()

    def _up(self, resumed: bool) -> None:
        self._ready_since = self.context.system.clock.now()
        self._complaint = None
        log.info("node.ready", node=self._name, resumed=resumed)
        self._tell_players(NodeReady(resumed))
        self.context.start_task(self._listen, name="listen")

    def _lost(self, reason: str) -> None:
        steady = self.context.system.clock.now() - self._ready_since >= STEADY_SECONDS
        self._failures = 0 if steady else self._failures + 1
        log.warning("node.down", node=self._name, reason=reason)
        self._tell_players(NodeDown())
        self.context.start_task(self._connect, name="connect")

    async def _listen(self) -> None:
        try:
            await self._connection.run()
        except LinkFailed as error:
            await self._connection.close()
            await self.context.ref.tell(LinkLost(str(error)))

    async def _connect(self) -> None:
        while True:
            if self._failures:
                await self.context.system.clock.sleep(delay_before(self._failures, DELAYS))
            try:
                resumed = await self._connection.open()
            except LinkFailed as error:
                self._failed(error)
            else:
                await self.context.ref.tell(LinkUp(resumed))
                return

    def _failed(self, error: LinkFailed) -> None:
        self._failures += 1
        complaint = str(error)
        # Each reason is said once, not with every attempt of a long night.
        level = log.debug if complaint == self._complaint else log.warning
        level("node.unreachable", node=self._name, error=complaint, attempt=self._failures)
        self._complaint = complaint

    def _tell_players(self, message: NodeReady | NodeDown) -> None:
        for player in self._players():
            try:
                player.tell_nowait(message)
            except MailboxFull:
                # One busy guild keeps no other waiting.
                self.context.start_task(player.tell, message, name="tell")
