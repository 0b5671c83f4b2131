"""A process of the bot: the whole tree, and the ports that it holds. It can be killed."""

import asyncio
from collections.abc import Collection, Coroutine
from random import Random
from typing import Any, TypeVar

from actors.guild.board import Board
from actors.guild.names import panel_name, player_name, players
from actors.guild.player.actor import PlayerPorts
from actors.guild.player.messages import Play, PlayerMessage
from actors.intake import INTAKE, Open
from actors.lavalink_node.actor import LinkActor
from actors.lavalink_node.messages import LinkMessage, link_name
from actors.rate_limiter.buckets import Allowance
from actors.root import House, link_id, root_tree
from actors.runtime import ActorRef, ActorStopped, ChildSpec, StartFailed, System
from actors.runtime.ask import Asking
from actors.runtime.hooks import Hook
from actors.service import FatalService
from actors.sources.board import SourceBoard
from tests.simulation.gateway import Gateway, Voice
from tests.simulation.loop import LoopTime
from tests.simulation.nodes import Nodes
from tests.simulation.sabotage import Sabotage
from tests.simulation.storage import Database
from tests.simulation.text import Channels
from tests.simulation.world import World

R = TypeVar("R")

VOLUME = 50
STOP_SECONDS = 20.0


class NotTakingWork(Exception):
    """There is no intake: the tree is not up yet, or is going down."""


class Operator:
    """The operator's socket: here, nobody calls."""

    async def start(self) -> None:
        return

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def stop(self) -> None:
        return


class Process:
    """One life of the bot, number `life`. `hook` sees every message of every actor."""

    def __init__(self, world: World, life: int, sabotage: Sabotage, hook: Hook) -> None:
        self.world = world
        self.life = life
        self.began_at = world.loop.time()
        self.ready = False
        self.awake = False
        self.hands_over = False
        self.killed = False
        self._tasks: set[asyncio.Task[Any]] = set()
        self._ended: asyncio.Future[None] = world.loop.create_future()
        self._stop = asyncio.Event()
        loop = world.loop
        chance: Random = world.chance(f"ports/{life}")
        self.gateway = Gateway(
            loop,
            chance,
            world.story,
            world.discord,
            sabotage,
            lambda: self.system.registry,
            self.spawn,
        )
        self.nodes = Nodes(
            loop,
            chance,
            world.nodes.values(),
            sabotage,
            world.find,
            world.elsewhere,
            lambda: self.system.registry,
            self.spawn,
        )
        self.board = Board()
        runs = world.chance(f"runs/{life}")
        house = House(
            storage=Database(world.disk, life),
            allowance=Allowance(),
            discord=self.gateway,
            audio_node=None,
            links=[self._link(name) for name in self.nodes.links],
            operator=Operator(),
            watch=None,
            sources=SourceBoard(world.now),
            ports=PlayerPorts(
                node=self.nodes,
                voice=Voice(self.gateway, sabotage),
                catalogue=self.nodes,
                announcer=Channels(world.text, sabotage),
                board=self.board,
                now=world.now,
                new_run=lambda: f"{runs.getrandbits(32):08x}",
                hands_over=lambda: self.hands_over,
            ),
            volume=VOLUME,
            on_awake=self._on_awake,
            on_fatal=_on_fatal,
        )
        self.system = System(root_tree(house), clock=LoopTime(loop), hooks=[hook])
        self._life = loop.create_task(self._live())

    def _link(self, name: str) -> ChildSpec[LinkMessage]:
        def start() -> LinkActor:
            return LinkActor(
                name,
                self.nodes.links[name],
                lambda: players(self.system.registry),
                ends=lambda: self._stop.is_set() and not self.hands_over,
            )

        return ChildSpec(id=link_id(name), start=start, name=link_name(name))

    async def _on_awake(self, active: Collection[int]) -> None:
        self.awake = True
        await self.gateway.sweep(active)

    async def _live(self) -> None:
        try:
            async with self.system:
                self.ready = True
                self.world.story.tell(0, "process ready:", self.life)
                async with asyncio.TaskGroup() as tasks:
                    stopping = tasks.create_task(self._stop_when_told())
                    await self.system.wait_stopped()
                    stopping.cancel()
        except StartFailed as error:
            self.world.story.tell(0, "process did not start:", error)
        finally:
            self.ready = False
            if not self._ended.done():
                self._ended.set_result(None)

    async def _stop_when_told(self) -> None:
        await self._stop.wait()
        if self.hands_over:
            self.gateway.leave()
        await self.system.stop(within=STOP_SECONDS)

    def spawn(self, work: Coroutine[Any, Any, object]) -> asyncio.Task[Any]:
        """Do this beside, as long as the process lives."""
        task = self.world.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def ended(self) -> None:
        """Return when it has ended."""
        await asyncio.shield(self._ended)

    async def stop(self, *, hand_over: bool = False) -> None:
        """Stop it in order; or leave all that sounds to the next one."""
        self.hands_over = hand_over
        self._stop.set()
        await self.ended()
        await self._clear()

    async def hand_over(self) -> None:
        """Stop it, and leave all that sounds to the next one."""
        await self.stop(hand_over=True)

    async def kill(self) -> None:
        """End it at once: nothing of it runs any more, and nobody says goodbye."""
        self.killed = True
        self.ready = False
        self.gateway.die()
        for link in self.nodes.links.values():
            link.die()
        # As after an interrupt of the process: everything unwinds, nobody cleans up.
        self.system.tasks.cancel_scope.cancel()
        self._life.cancel()
        await asyncio.gather(self._life, return_exceptions=True)
        await self._clear()

    async def _clear(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- what the edge does ---

    async def ask(self, guild: int, message: Asking[PlayerMessage, R], *, timeout: float) -> R:
        """Return what the guild's player answers, waking it if need be."""
        registry = self.system.registry
        player = registry.whereis(player_name(guild))
        complete = registry.whereis(panel_name(guild)) is not None
        if player is not None and (complete or not _shows_panel(message)):
            try:
                return await player.ask(message, timeout=timeout)
            except ActorStopped:
                pass
        intake = registry.whereis(INTAKE)
        if intake is None:
            raise NotTakingWork
        opened: ActorRef[PlayerMessage] = await intake.ask(Open(guild), timeout=timeout)
        return await opened.ask(message, timeout=timeout)


def _shows_panel(message: object) -> bool:
    """Whether whoever asks this wants to see the guild's panel."""
    return isinstance(message, Play)


def _on_fatal(error: FatalService) -> None:
    raise AssertionError(error)
