"""Discord's edge as the bot has it, on a sandbox, with players that answer as they are told."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from actors.guild.board import Board
from actors.guild.names import panel_name, player_name
from actors.guild.panel.messages import PanelMessage
from actors.guild.player.messages import (
    ListenerMoved,
    ListenersChanged,
    NowPlaying,
    PlayerMessage,
    PlayerView,
    VoiceServerChanged,
    VoiceSessionEnded,
    VoiceStateChanged,
)
from actors.guild.player.ports import Found, NodeUnavailable
from actors.guild.player.track import Entry, Track
from actors.intake import INTAKE, IntakeMessage, Open
from actors.preferences.actor import PreferencesActor
from actors.preferences.messages import PREFERENCES
from actors.rate_limiter.actor import RateLimiterActor
from actors.rate_limiter.buckets import Allowance
from actors.rate_limiter.messages import RATE_LIMITER, RateLimiterMessage
from actors.runtime import Actor, ActorRef, ChildSpec, SupervisorSpec, System
from actors.service import FatalService, ServiceActor
from actors.store.actor import StoreActor
from actors.store.messages import STORE
from seraphim.discord.edge import Edge, build
from seraphim.discord.gateway import gateway_bot
from seraphim.sandbox import Guild, Sandbox
from tests.actors.store.conftest import Memory

# Tests type faster than people.
GENEROUS = Allowance(1000)


def track(title: str = "Aurora", **changes: Any) -> Track:
    known: dict[str, Any] = {
        "encoded": "QAAA",
        "identifier": title.lower(),
        "title": title,
        "author": "The Choir",
        "length_ms": 185_000,
        "seekable": True,
        "source": "library",
    }
    return Track(**{**known, **changes})


def entry(title: str = "Aurora", requester: int = 7, **changes: Any) -> Entry:
    return Entry(track(title, **changes), requester)


def playing(title: str = "Aurora", play: str = "run-1", **changes: Any) -> NowPlaying:
    known: dict[str, Any] = {"position_ms": 5_000, "at_ms": 1_700_000_000_000, "paused": False}
    return NowPlaying(play, entry(title), **{**known, **changes})


def view(guild: int = 1, current: NowPlaying | None = None, **changes: Any) -> PlayerView:
    known: dict[str, Any] = {
        "text_channel": 2,
        "voice_channel": 3,
        "called": True,
        "queue": (),
        "can_go_back": False,
        "volume": 50,
        "node_ready": True,
    }
    return PlayerView(guild=guild, current=current, **{**known, **changes})


@dataclass
class Script:
    """What a guild's player is to answer, by the message's class, and what it was sent."""

    replies: dict[type, object] = field(default_factory=dict[type, object])
    received: list[PlayerMessage] = field(default_factory=list[PlayerMessage])
    heard: list[ListenersChanged | ListenerMoved] = field(
        default_factory=list[ListenersChanged | ListenerMoved]
    )
    """What it was told of listeners, which comes with almost everything."""
    hold: asyncio.Event | None = None
    """Answers wait for this, if there is one."""

    def got(self, kind: type) -> list[Any]:
        return [message for message in self.received if isinstance(message, kind)]


class ScriptedPlayer(Actor[PlayerMessage]):
    """Answers from the script; an exception there is raised."""

    def __init__(self, script: Script) -> None:
        self._script = script

    async def receive(self, message: PlayerMessage) -> object:
        if isinstance(message, ListenersChanged | ListenerMoved):
            self._script.heard.append(message)
            return None
        self._script.received.append(message)
        if isinstance(message, VoiceStateChanged | VoiceSessionEnded | VoiceServerChanged):
            return None
        if self._script.hold is not None:
            await self._script.hold.wait()
        reply = self._script.replies[type(message)]
        if isinstance(reply, Exception):
            raise reply
        return reply(message) if callable(reply) else reply


class ScriptedPanel(Actor[PanelMessage]):
    """Keeps what it is told."""

    def __init__(self, told: list[PanelMessage]) -> None:
        self._told = told

    async def receive(self, message: PanelMessage) -> None:
        self._told.append(message)


class ScriptedIntake(Actor[IntakeMessage]):
    """Opens guilds to players that answer from their script."""

    def __init__(self, script_of: Callable[[int], Script]) -> None:
        self._script_of = script_of

    async def receive(self, message: IntakeMessage) -> object:
        assert isinstance(message, Open)
        awake = self.context.system.registry.whereis(player_name(message.guild))
        if awake is not None:
            return awake
        script = self._script_of(message.guild)
        spec = ChildSpec(
            id=f"player-{message.guild}",
            start=lambda: ScriptedPlayer(script),
            name=player_name(message.guild),
            restart="transient",
        )
        return await self.context.system.supervisor("/root/guilds").start_child(spec)


class ScriptedCatalogue:
    """Suggests what it is told to."""

    def __init__(self) -> None:
        self.tracks: tuple[Track, ...] = ()
        self.stock: dict[str, Track] = {}
        self.failure: Exception | None = None
        self.hold: asyncio.Event | None = None
        self.asked: list[str] = []

    async def load(self, query: str, sources: Sequence[str] = ()) -> Found:
        """Return what `stock` has for a query."""
        self.asked.append(query)
        found = self.stock.get(query)
        return Found(() if found is None else (found,))

    def begin(self, query: str, sources: Sequence[str] = ()) -> None:
        """Begin nothing: what it has, it has at once."""

    async def alternatives(self, track: Track, source: str) -> tuple[Track, ...]:
        raise AssertionError("the edge mends nothing")

    async def related(self, recent: Sequence[Track]) -> tuple[Track, ...]:
        raise AssertionError("the edge proposes nothing")

    async def suggest(
        self, query: str, limit: int, sources: Sequence[str] = ()
    ) -> tuple[Track, ...]:
        self.asked.append(query)
        if self.hold is not None:
            await self.hold.wait()
        if self.failure is not None:
            raise self.failure
        return self.tracks[:limit]


class Notebook:
    """Notes that outlive a house, as the store's outlive a process."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.count = 0

    async def note(self, key: str, value: str) -> None:
        self.kept[key] = value
        self.count += 1

    async def noted(self, key: str) -> str | None:
        return self.kept.get(key)


class Tally:
    """A witness who writes it all down."""

    def __init__(self) -> None:
        self.answers: list[tuple[str, str]] = []
        self.waited: list[float] = []
        self.joins: list[str] = []

    def answered(self, command: str, outcome: str, seconds: float) -> None:
        self.answers.append((command, outcome))
        self.waited.append(seconds)

    def joined(self, outcome: str) -> None:
        self.joins.append(outcome)


class House:
    """The edge, the system around it, and the scripts of its guilds."""

    def __init__(
        self,
        sandbox: Sandbox,
        notes: Notebook | None = None,
        *,
        limiter: Callable[[], Actor[RateLimiterMessage]] = lambda: RateLimiterActor(GENEROUS),
    ) -> None:
        self.sandbox = sandbox
        self.limiter = limiter
        self.notes = notes or Notebook()
        self.board = Board()
        self.catalogue = ScriptedCatalogue()
        self.tally = Tally()
        self.memory = Memory()
        """What the store has written."""
        self.scripts: dict[int, Script] = {}
        self.node_ping: float | None = 0.004
        self.fatal: list[FatalService] = []
        self.system: System
        self.connect_with(sandbox.token)

    def connect_with(self, token: str) -> None:
        self.bot = gateway_bot(token, self.sandbox.api_url)
        self.edge: Edge = build(
            self.bot,
            registry=lambda: self.system.registry,
            board=self.board,
            catalogue=self.catalogue,
            ping_node=self._ping_node,
            trusted_media_hosts=("music.internal",),
            inside_allowed=True,
            notes=self.notes,
            witness=self.tally,
        )

    def script(self, guild: Guild | int) -> Script:
        return self.scripts.setdefault(guild if isinstance(guild, int) else guild.id, Script())

    async def wake(self, guild: Guild) -> ActorRef[PlayerMessage]:
        """Have the guild's player run, as after its first command."""
        intake = self.system.registry.whereis(INTAKE)
        assert intake is not None
        return await intake.ask(Open(guild.id))

    async def panel(self, guild: Guild) -> list[PanelMessage]:
        """Have the guild's panel run; what it is told is in the list."""
        told: list[PanelMessage] = []
        spec = ChildSpec(
            id=f"panel-{guild.id}", start=lambda: ScriptedPanel(told), name=panel_name(guild.id)
        )
        await self.system.supervisor("/root/guilds").start_child(spec)
        return told

    async def stop_discord(self) -> None:
        """Stop the edge's service, with the rest of the system up."""
        await self.system.supervisor("/root").terminate_child("discord")

    async def _ping_node(self) -> float:
        if self.node_ping is None:
            raise NodeUnavailable
        return self.node_ping

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        root = SupervisorSpec(
            id="root",
            children=(
                ChildSpec(id="rate-limiter", start=lambda: self.limiter(), name=RATE_LIMITER),
                ChildSpec(id="store", start=lambda: StoreActor(self.memory, int), name=STORE),
                ChildSpec(
                    id="preferences", start=lambda: PreferencesActor(self.board), name=PREFERENCES
                ),
                ChildSpec(
                    id="discord",
                    start=lambda: ServiceActor(self.edge.service, self.fatal.append),
                    shutdown=20.0,
                ),
                SupervisorSpec(id="guilds", dynamic=True, intensity=10, period=60.0),
                ChildSpec(id="intake", start=lambda: ScriptedIntake(self.script), name=INTAKE),
            ),
        )
        self.system = System(root)
        async with self.system:
            yield
