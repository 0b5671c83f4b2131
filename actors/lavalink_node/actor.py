"""The link's actor: it keeps one node connected, and tells players when that changes.

    connecting ──▶ ready ⇄ resuming
        │          ⇅  ▲        │
        │     draining │       │
        └────────▶ down ◀──────┘

One task does it all: it connects, listens, and connects again. So players hear `NodeReady` before
anything that the node says behind it, and `NodeDown` after all that it said.

A websocket breaks more often than a node. What it plays sounds on meanwhile, so nobody is told of a
break until the first attempt to come back has failed: a guild that is moved for nothing has a gap
that it need not have. It never gives up: a node may be away for a second or for a night.
"""

from collections.abc import Callable, Iterable

import structlog
from anyio import move_on_after
from tenacity import wait_random_exponential

from actors.guild.player.messages import NodeDown, NodeDraining, NodeReady, PlayerMessage
from actors.lavalink_node.messages import Drain, LinkMessage, LinkState, Remind, Undrain
from actors.lavalink_node.ports import LinkFailed, NodeConnection, Opened
from actors.runtime import (
    Actor,
    ActorCrashed,
    ActorRef,
    ActorStopped,
    ActorTask,
    AskTimeout,
    Exit,
    MailboxFull,
)
from actors.runtime.restart import delay_before
from actors.store.messages import STORE, Note, Noted, StoreMessage

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

# The longest delay grows by a third each time, so that a node that was away for a second is found
# within a fraction of one; where it lies below that is chance, so that many bots do not fall upon a
# node that has just come back.
DELAYS = wait_random_exponential(multiplier=0.15, exp_base=1.3, min=0.1, max=30.0)
# A connection that broke sooner counts as one more failed attempt: a node that hangs up at once
# must not be called in a tight loop.
STEADY_SECONDS = 10.0
# Whoever has to wait longer than this for the attempt to come back is told that the node is down.
PATIENCE_SECONDS = 1.0
# What starts after the link waits so long for the node at most.
START_SECONDS = 3.0
NOTED_SECONDS = 1.0
# Where there was nowhere else to go, there may be by now.
REMIND_SECONDS = 10.0
# By then, every guild that lives on a node has looked at its player there.
SWEEP_SECONDS = 60.0
# A player that could not be ended, though the link is well, plays to nobody until then.
AGAIN_SECONDS = 600.0

CONNECTED = {LinkState.READY, LinkState.DRAINING}


class LinkActor(Actor[LinkMessage]):
    """Keeps the node `name` connected. `players` are those of all guilds.

    `ends` is asked when the link is stopped: whether what sounds at the node is to end with it.

    Each player is told `NodeReady`, `NodeDraining` and `NodeDown`, in the order in which it
    happened. A crash of this actor closes the connection; the next incarnation opens it again, and
    resumes the session. So does the next process, if there is a store to keep the session's id.
    """

    def __init__(
        self,
        name: str,
        connection: NodeConnection,
        players: Callable[[], Iterable[ActorRef[PlayerMessage]]],
        *,
        ends: Callable[[], bool] = lambda: False,
    ) -> None:
        self._name = name
        self._ends = ends
        self._connection = connection
        self._players = players
        self._state = LinkState.CONNECTING
        self._draining = False
        self._failures = 0
        self._delay = 0.0
        self._ready_since = 0.0
        self._complaint: str | None = None
        self._reason: str | None = None
        self._tidying: ActorTask | None = None

    async def on_start(self) -> None:
        """Try to connect once, so that what starts after it finds a node; then keep at it.

        A node that cannot be reached keeps nothing else from starting.
        """
        self._draining = self.context.kept is True
        self._connection.drain(self._draining)
        session = await self._noted()
        if session is not None:
            self._connection.adopt(session)
        opened = None
        try:
            with move_on_after(START_SECONDS):
                opened = await self._connection.open()
        except LinkFailed as error:
            self._failed(error)
        if opened is None:
            # The incarnation before may have left players in the belief that it is there.
            await self._down()
        else:
            self._up(opened)
        self.context.start_task(self._work, name="link")

    async def receive(self, message: LinkMessage) -> LinkState | None:
        """Carry out the operator's order."""
        match message:
            case Drain():
                self._drain(True)
            case Undrain():
                self._drain(False)
            case Remind():
                self._tell_draining()
                return None
        return self._state

    async def on_stop(self, reason: Exit) -> None:
        """Close the connection. The node plays on for whoever resumes the session.

        Unless the bot stops: then nobody will.
        """
        if reason.kind != "crashed" and self._ends():
            await self._connection.end()
        else:
            await self._connection.close()

    # --- the node ---

    async def _work(self) -> None:
        while True:
            if self._state in CONNECTED:
                await self._listen()
            else:
                await self._connect()

    async def _listen(self) -> None:
        try:
            await self._connection.run()
        except LinkFailed as error:
            await self._lost(error)

    async def _connect(self) -> None:
        if self._failures:
            await self.context.system.clock.sleep(self._delay)
        try:
            opened = await self._connection.open()
        except LinkFailed as error:
            self._failed(error)
            if self._state is LinkState.RESUMING:
                await self._down()
        else:
            self._up(opened)

    def _up(self, opened: Opened) -> None:
        self._ready_since = self.context.system.clock.now()
        self._complaint = None
        self._state = LinkState.DRAINING if self._draining else LinkState.READY
        log.info("node.ready", node=self._name, resumed=opened.resumed, draining=self._draining)
        self._note(opened.session)
        self._tell_players(NodeReady(self._name, opened.resumed))
        self._tell_draining()
        self._tidying = self.context.start_task(self._tidy, opened.resumed, name="tidy")

    async def _lost(self, error: LinkFailed) -> None:
        steady = self.context.system.clock.now() - self._ready_since >= STEADY_SECONDS
        self._failures = 0 if steady else self._failures + 1
        self._delay = delay_before(self._failures, DELAYS) if self._failures else 0.0
        self._state = LinkState.RESUMING
        if self._tidying is not None:
            self._tidying.cancel()
        # One that breaks again and again says why once, as one that cannot be reached does.
        reason = str(error)
        level = log.warning if steady or reason != self._reason else log.debug
        level("node.lost", node=self._name, reason=reason)
        self._reason = reason
        if error.dead or self._delay > PATIENCE_SECONDS:
            await self._down()

    def _failed(self, error: LinkFailed) -> None:
        self._failures += 1
        self._delay = delay_before(self._failures, DELAYS)
        complaint = str(error)
        # Each reason is said once, not with every attempt of a long night.
        if complaint == self._complaint:
            log.debug("node.unreachable", node=self._name, attempt=self._failures)
        elif error.code is not None:
            log.error("node.unusable", node=self._name, code=error.code, error=complaint)
        else:
            log.warning("node.unreachable", node=self._name, error=complaint)
        self._complaint = complaint

    async def _down(self) -> None:
        self._state = LinkState.DOWN
        log.warning("node.down", node=self._name)
        # What is still asked of it must not be waited for where another could be asked.
        await self._connection.close()
        self._tell_players(NodeDown(self._name))

    async def _tidy(self, resumed: bool) -> None:
        if resumed:
            await self._connection.tidy(thorough=False)
        await self.context.system.clock.sleep(SWEEP_SECONDS)
        while True:
            await self._connection.tidy(thorough=True)
            await self.context.system.clock.sleep(AGAIN_SECONDS)

    # --- the operator ---

    def _drain(self, draining: bool) -> None:
        if draining == self._draining:
            return
        self._draining = draining
        self.context.keep(draining)
        self._connection.drain(draining)
        log.info("node.draining" if draining else "node.undrained", node=self._name)
        if self._state not in CONNECTED:
            return
        if draining:
            self._state = LinkState.DRAINING
            self._tell_draining()
        else:
            self._state = LinkState.READY
            self._tell_players(NodeReady(self._name, resumed=True))

    def _tell_draining(self) -> None:
        if self._state is LinkState.DRAINING:
            self._tell_players(NodeDraining(self._name))
            self.context.timers.start("remind", REMIND_SECONDS, Remind())

    # --- the players ---

    def _tell_players(self, message: NodeReady | NodeDraining | NodeDown) -> None:
        for player in self._players():
            try:
                player.tell_nowait(message)
            except MailboxFull:
                # One busy guild keeps no other waiting.
                self.context.start_task(player.tell, message, name="tell")

    # --- the store ---

    @property
    def _store(self) -> ActorRef[StoreMessage] | None:
        return self.context.system.registry.whereis(STORE)

    @property
    def _key(self) -> str:
        return f"lavalink/{self._name}"

    async def _noted(self) -> str | None:
        """Return the session that a process before has left behind, if that is known."""
        store = self._store
        if store is None:
            return None
        try:
            return await store.ask(Noted(self._key), timeout=NOTED_SECONDS)
        except (AskTimeout, ActorCrashed, ActorStopped) as error:
            log.warning("node.session_unknown", node=self._name, error=type(error).__name__)
            return None

    def _note(self, session: str) -> None:
        store = self._store
        if store is None:
            return
        note = Note(self._key, session)
        try:
            store.tell_nowait(note)
        except MailboxFull:
            self.context.start_task(store.tell, note, name="note")
