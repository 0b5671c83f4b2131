"""A player's core between a node and a Discord that are honest, over wires that need not be.

Discord knows where the bot is and which credentials are good, closes what is not, and says what it
must; the node plays on whether it is connected or not, as Lavalink does. Faults are ordered. Time
is a number, so that an hour takes milliseconds, and the same orders always lead to the same end.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from actors.guild.player.core import decide, restored
from actors.guild.player.effects import (
    CancelTimer,
    DestroyPlayer,
    Effect,
    FindNode,
    JoinVoice,
    LeaveVoice,
    LookAtNode,
    Say,
    Speak,
    StartTimer,
    UpdateNode,
)
from actors.guild.player.messages import (
    Awake,
    Command,
    Departed,
    Event,
    Join,
    JoinFailed,
    Loaded,
    Member,
    NodeDown,
    NodeFound,
    NodePlayer,
    NodeReady,
    Play,
    PositionReported,
    Reconciled,
    TimeIsUp,
    TrackStarted,
    UpdateFailed,
    VoiceClosed,
    VoiceServerChanged,
    VoiceSessionEnded,
    VoiceStateChanged,
)
from actors.guild.player.ports import NodeUpdate, VoiceCredentials
from actors.guild.player.state import PlayerState
from actors.guild.player.track import Track
from actors.guild.refusal import Code, Refused
from actors.store.ledger import durable

HERE, TEXT, NODE = 10, 30, "main"
ADA = Member(1, HERE)
SONG = Track("", "song", "song", "", None, seekable=True, source="library")

LATEST_MS = 2_500
GATEWAY_MS, NODE_MS, CONNECT_MS, RESUME_MS, REPORT_MS, HANG_MS = 30, 10, 60, 300, 5_000, 5_000


@dataclass
class Connection:
    """The node's way into a channel."""

    credentials: VoiceCredentials
    alive: bool = False


@dataclass
class NodesPlayer:
    """What the node does for the guild."""

    play: str | None = None
    position_ms: int = 0
    at_ms: int = 0
    paused: bool = False
    connection: Connection | None = None

    def position(self, now: int) -> int:
        return self.position_ms + (0 if self.paused or self.play is None else now - self.at_ms)

    def settle(self, now: int) -> None:
        self.position_ms, self.at_ms = self.position(now), now


@dataclass
class Wires:
    """What becomes of the next events of a kind: at which delays each arrives."""

    orders: list[tuple[type, tuple[int, ...]]] = field(default_factory=list)

    def delays(self, event: Event) -> tuple[int, ...]:
        for order in self.orders:
            if isinstance(event, order[0]):
                self.orders.remove(order)
                return order[1]
        return (0,)


class VoiceWorld:
    """The player is told by `tell`; `run` lets time pass."""

    def __init__(self) -> None:
        self.state = PlayerState(guild=1, run="run", volume=50)
        self.now = 1_000_000
        self.heard_until = 0
        self.said: list[object] = []
        self.rejoined_at: list[int] = []
        self.asked: list[tuple[int, int | None]] = []
        """When Discord was asked for which channel (op 4)."""
        self._queue: list[tuple[int, int, Callable[[], None]]] = []
        self._order = count()
        self._timers: dict[str, int] = {}
        self._life = 0
        self._joining = 0
        # Discord
        self.channel: int | None = None
        self.session = 1
        self.token = 0
        self.region = 1
        self.homeless = False
        self.muted = False
        self.forbidden = False
        self.void = False
        self.wires = Wires()
        self._whereabouts = VoiceStateChanged(None, None)
        # The node
        self.node_up = True
        self.player: NodesPlayer | None = None
        self.hangs = 0
        self.mute_node = 0
        self._node_free_at = 0
        self._report()

    # --- time ---

    def after(self, delay_ms: int, act: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (self.now + delay_ms, next(self._order), act))

    def run(self, ms: int) -> None:
        end = self.now + ms
        while self._queue and self._queue[0][0] <= end:
            at, _, act = heapq.heappop(self._queue)
            self._listen_until(at)
            act()
        self._listen_until(end)

    def _listen_until(self, at: int) -> None:
        self.now = max(self.now, at)
        if self.heard:
            self.heard_until = self.now

    # --- the player ---

    def tell(self, message: Command | Event) -> None:
        decision = decide(self.state, message, self.now)
        self.state = decision.state
        for effect in decision.effects:
            self._do(effect)

    def _do(self, effect: Effect) -> None:
        match effect:
            case StartTimer(key, delay_ms):
                self._timers[key] = number = next(self._order)
                self.after(delay_ms, lambda: self._ring(key, number))
            case CancelTimer(key):
                self._timers.pop(key, None)
            case JoinVoice():
                self._joining += 1
                joining, life = self._joining, self._life
                if effect.afresh:
                    self.rejoined_at.append(self.now)
                    self.after(GATEWAY_MS, self._leave)
                self.after(GATEWAY_MS, lambda: self._join(effect, joining, life))
            case LeaveVoice():
                self._joining += 1
                self.after(GATEWAY_MS, self._leave)
            case FindNode():
                self.tell(NodeFound(NODE if self.node_up and effect.avoid != NODE else None))
            case UpdateNode():
                self._at_node(lambda: self._update(effect))
            case DestroyPlayer():
                self._at_node(self._destroy)
            case LookAtNode():
                self.after(NODE_MS, self._look)
            case Speak() | Say():
                self.said.append(effect)
            case _:
                pass

    def _ring(self, key: str, number: int) -> None:
        if self._timers.get(key) == number:
            del self._timers[key]
            self.tell(TimeIsUp(key))

    def _reported(self, event: Event) -> None:
        """Tell what the player's node or task says; the player may have died meanwhile."""
        self.tell(event)

    def crash(self) -> None:
        """Begin again with the last state; what was on its way to Discord is lost."""
        self._begin(self.state, self._whereabouts, rejoin=False)

    def restart(self) -> None:
        """The process is another one, and goes on with the gateway session."""
        self.rejoined_at.clear()
        self._begin(durable(self.state), None, rejoin=False)

    def start_over(self) -> None:
        """The process is another one, and its gateway session too."""
        self.channel = None
        self.session += 1
        self._close_old(4014)
        self._whereabouts = VoiceStateChanged(None, None)
        self.rejoined_at.clear()
        self._begin(durable(self.state), None, rejoin=True)

    def _begin(
        self, state: PlayerState, whereabouts: VoiceStateChanged | None, *, rejoin: bool
    ) -> None:
        self._timers.clear()
        self._life += 1
        nodes = frozenset({NODE} if self.node_up else ())
        self.state = restored(state, whereabouts, nodes)
        self.tell(Awake(rejoin=rejoin))

    # --- Discord ---

    @property
    def endpoint(self) -> str | None:
        return None if self.homeless else f"region-{self.region}.example:443"

    def good(self, credentials: VoiceCredentials) -> bool:
        return (
            self.channel is not None
            and not self.void
            and credentials.session == str(self.session)
            and credentials.token == str(self.token)
            and credentials.endpoint == self.endpoint
        )

    def _say(self, event: Event, *, safely: bool = False) -> None:
        for delay in (0,) if safely else self.wires.delays(event):
            self.after(GATEWAY_MS + delay, lambda: self._arrive(event))

    def _arrive(self, event: Event) -> None:
        if isinstance(event, VoiceStateChanged):
            self._whereabouts = event
        self.tell(event)

    def _say_state(self, *, safely: bool = False) -> None:
        session = None if self.channel is None else str(self.session)
        self._say(VoiceStateChanged(self.channel, session, self.muted), safely=safely)

    def _say_server(self) -> None:
        self.token += 1
        self.void = False
        self._say(VoiceServerChanged(str(self.token), self.endpoint))

    def _join(self, effect: JoinVoice, joining: int, life: int) -> None:
        if joining != self._joining or life != self._life:
            return
        if self.forbidden:
            refused = Refused(Code.CANNOT_SPEAK, {"channel": effect.channel})
            self.tell(JoinFailed(effect.attempt, refused))
            return
        self.asked.append((self.now, effect.channel))
        moves = self.channel != effect.channel
        self.channel = effect.channel
        self._say_state()
        if moves:
            self._say_server()
            self._close_old(4014)

    def _leave(self) -> None:
        self.asked.append((self.now, None))
        self._reported(Departed())
        self._remove()

    def _remove(self) -> None:
        if self.channel is not None:
            self.channel = None
            self._say_state()
            self._close_old(4014)

    def kick(self) -> None:
        self._remove()

    def drag(self, channel: int) -> None:
        if self.channel not in (None, channel):
            self.channel = channel
            self._say_state()
            self._say_server()
            self._close_old(4014)

    def move_region(self) -> None:
        self.homeless = False
        self.region += 1
        if self.channel is not None:
            self._say_server()
            self._close_old(4014)

    def lose_region(self) -> None:
        self.homeless = True
        if self.channel is not None:
            self._say_server()
            self._close_old(4014)

    def end_session(self) -> None:
        """The gateway session is over, and the next one begins at once."""
        self.channel = None
        self.session += 1
        self._close_old(4014)
        self._whereabouts = VoiceStateChanged(None, None)
        self._say(VoiceSessionEnded(), safely=True)

    def mute(self, *, muted: bool) -> None:
        self.muted = muted
        if self.channel is not None:
            self._say_state(safely=True)

    def close(self, code: int, *, void: bool = False) -> None:
        """Close the voice connection; after a resumable code the node resumes it by itself."""
        if code in (1001, 4015):
            connection = self.connection
            if connection is not None and connection.alive:
                connection.alive = False
                self.after(RESUME_MS, lambda: self._resume(connection))
            return
        self.void = self.void or void
        self._close_old(code, all_of_them=True)

    def _resume(self, connection: Connection) -> None:
        connection.alive = self.good(connection.credentials)

    # --- the node ---

    @property
    def connection(self) -> Connection | None:
        return None if self.player is None else self.player.connection

    @property
    def heard(self) -> bool:
        """Whether the channel hears what the player means to play."""
        player, current, connection = self.player, self.state.current, self.connection
        return (
            self.node_up
            and player is not None
            and current is not None
            and player.play == current.sounding
            and not player.paused
            and connection is not None
            and connection.alive
            and self.good(connection.credentials)
            and not self.muted
        )

    def _close_old(self, code: int, *, all_of_them: bool = False) -> None:
        connection = self.connection
        if connection is None or not connection.alive:
            return
        if all_of_them or not self.good(connection.credentials):
            connection.alive = False
            self.after(NODE_MS, lambda: self._reported(VoiceClosed(code, "", by_remote=True)))

    def _at_node(self, act: Callable[[], None]) -> None:
        """One change after the other."""
        at = max(self.now + NODE_MS, self._node_free_at)
        self._node_free_at = at
        self.after(at - self.now, act)

    def _update(self, effect: UpdateNode) -> None:
        update = effect.update
        connects = update.voice is not None
        if not self.node_up or (connects and self.hangs):
            self.hangs = max(0, self.hangs - 1)
            wait = HANG_MS if self.node_up else 0
            self._node_free_at = self.now + wait
            failed = UpdateFailed(effect.node, effect.play, Refused(Code.NO_NODE), connects)
            self.after(wait, lambda: self._reported(failed))
            return
        self.player = player = self.player or NodesPlayer()
        player.settle(self.now)
        if update.paused is not None:
            player.paused = update.paused
        if update.start is not None:
            player.play = update.start.play
            player.position_ms = update.start.position_ms
            started = TrackStarted(update.start.play)
            self.after(NODE_MS, lambda: self._reported(started))
        if update.silence:
            player.play = None
        self._connect(player, update)

    def _connect(self, player: NodesPlayer, update: NodeUpdate) -> None:
        if update.voice is None:
            return
        before = player.connection
        if before is not None and before.alive and before.credentials == update.voice:
            return
        player.connection = connection = Connection(update.voice)
        self.after(CONNECT_MS, lambda: self._identify(player, connection))

    def _identify(self, player: NodesPlayer, connection: Connection) -> None:
        if self.player is not player or player.connection is not connection:
            return
        connection.alive = self.good(connection.credentials)
        if not connection.alive:
            closed = VoiceClosed(4006, "", by_remote=True)
            self.after(NODE_MS, lambda: self._reported(closed))

    def _destroy(self) -> None:
        if self.player is not None and self.node_up:
            self.player = None
            closed = VoiceClosed(1000, "", by_remote=False)
            self.after(NODE_MS, lambda: self._reported(closed))

    def _look(self) -> None:
        if not self.node_up or self.mute_node:
            self.mute_node = max(0, self.mute_node - 1)
            return
        found = None
        if self.player is not None:
            found = NodePlayer(
                self.player.play,
                self.player.position(self.now),
                self.now,
                self.player.paused,
                self.state.volume,
                self.player.connection is not None and self.player.connection.alive,
            )
        answer = Reconciled(NODE, found)
        self.after(NODE_MS, lambda: self._reported(answer))

    def _report(self) -> None:
        self.after(REPORT_MS, self._report)
        player = self.player
        if self.node_up and player is not None and player.play is not None:
            alive = player.connection is not None and player.connection.alive
            report = PositionReported(player.position(self.now), self.now, alive)
            self.after(NODE_MS, lambda: self._reported(report))

    def stop_node(self) -> None:
        """It loses everything."""
        if self.node_up:
            self.node_up = False
            self.player = None
            self.tell(NodeDown(NODE))

    def start_node(self) -> None:
        if not self.node_up:
            self.node_up = True
            self.tell(NodeReady(NODE, resumed=False))


def playing() -> VoiceWorld:
    """A world in which a song is heard."""
    world = VoiceWorld()
    world.tell(NodeReady(NODE, resumed=False))
    world.tell(Join(ADA, TEXT))
    world.tell(Play(ADA, "song", TEXT))
    request = world.state.requests[0]
    world.tell(Loaded(request.attempt, (SONG,)))
    world.run(1_000)
    assert world.heard
    return world


def quiet(world: VoiceWorld) -> None:
    """From now on nothing goes wrong any more: what was late has come, and nobody is muted."""
    world.wires.orders.clear()
    world.run(LATEST_MS)
    world.hangs = world.mute_node = 0
    if world.homeless:
        world.move_region()
    if world.muted or world.state.voice.muted:
        world.mute(muted=False)
    world.start_node()
