"""The intake: where commands and buttons enter, and where a guild's player comes to life.

Started last and stopped first, so that nobody is promised what is not up yet, or no longer. It
starts a guild's supervisor at the first command that needs it, or because its music was playing
when the process before ended, brings back a panel that was given
up, and tells the channel when a guild's player was given up itself.
"""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import cast

import structlog

from actors.guild.names import panel_name, player_name
from actors.guild.panel.messages import GaveUp
from actors.guild.player.actor import PlayerPorts
from actors.guild.player.messages import PlayerMessage
from actors.guild.tree import guild_id, guild_tree, panel_keeper
from actors.runtime import (
    Actor,
    ActorCrashed,
    ActorRef,
    AlreadyStarted,
    Ask,
    AskTimeout,
    ChildNotFound,
    Deferred,
    Down,
    Name,
    NotRunning,
)
from actors.store.messages import STORE, Active, Recall, SetAside, StoreMessage, Unread

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

GUILDS = "/root/guilds"
ACTIVE_SECONDS = 60.0
OPEN_SECONDS = 30.0
# Who opens a guild before the store can be read would begin it empty, though its music may sound:
# so long he waits for the store. A store that is away for good must not keep everybody silent.
HOLD_SECONDS = 15.0
READ_AGAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Open(Ask[ActorRef[PlayerMessage]]):
    """Give the guild's player, starting it if need be."""

    guild: int


@dataclass(frozen=True, slots=True)
class _Opened:
    """From here on guilds are opened: the store can be read, or has been waited for long enough."""


IntakeMessage = Open | Down
INTAKE: Name[IntakeMessage] = Name("intake")


class Intake(Actor[IntakeMessage | _Opened]):
    """Opens guilds, and sees when one is lost.

    `on_awake` is told which guilds were woken at the start: nobody else is to be in voice.
    """

    def __init__(
        self,
        ports: PlayerPorts,
        *,
        volume: int,
        on_awake: Callable[[Collection[int]], Awaitable[None]],
    ) -> None:
        self._ports = ports
        self._volume = volume
        self._on_awake = on_awake
        # Those who wait for the store, and None once nobody has to.
        self._held: list[tuple[int, Deferred[ActorRef[PlayerMessage]]]] | None = []
        # The guilds whose players were given up, until that is cleared up, and where to say so.
        self._losses: dict[int, int | None] = {}

    async def on_start(self) -> None:
        """Wake the guilds that were in voice; watch those that an incarnation before has opened."""
        kept = self.context.kept
        if isinstance(kept, dict):
            self._losses = dict(cast("dict[int, int | None]", kept))
        for guild in tuple(self._losses):
            await self._clear_up(guild)
        for guild in self.context.system.supervisor(GUILDS).which_children():
            self.context.monitor(guild.ref)
        self.context.timers.start("hold", HOLD_SECONDS, _Opened())
        self.context.start_task(self._wake, name="wake")

    async def _wake(self) -> None:
        store = self.context.system.registry.whereis(STORE)
        active = () if store is None else await _active(store)
        await self.context.ref.tell(_Opened())
        for guild in active:
            if store is not None:
                await self._until_readable(store, guild)
            await self.context.ref.ask(Open(guild), timeout=OPEN_SECONDS)
        await self._on_awake(active)

    async def _until_readable(self, store: ActorRef[StoreMessage], guild: int) -> None:
        """Wait until the guild would not begin empty: nobody asks for it, it can wait."""
        while True:
            try:
                if not isinstance(await store.ask(Recall(guild), timeout=ACTIVE_SECONDS), Unread):
                    return
            except (AskTimeout, ActorCrashed):
                log.warning("intake.still_waiting_for_store")
            await self.context.system.clock.sleep(READ_AGAIN_SECONDS)

    async def receive(self, message: IntakeMessage | _Opened) -> object:
        """Open a guild, or clear up after one."""
        match message:
            case Open(guild):
                if self._held is None:
                    return await self._open(guild)
                self._held.append((guild, self.context.defer(message)))
            case Down():
                await self._lost(message)
            case _Opened():
                self.context.timers.cancel("hold")
                held, self._held = self._held or [], None
                for guild, asked in held:
                    if asked.awaited:
                        asked.reply(await self._open(guild))
        return None

    async def _open(self, guild: int) -> ActorRef[PlayerMessage]:
        system = self.context.system
        registry = system.registry
        player = registry.whereis(player_name(guild))
        if player is not None and registry.whereis(panel_name(guild)) is None:
            keeper = panel_keeper(guild, self._ports)
            try:
                await system.supervisor(f"{GUILDS}/{guild_id(guild)}").start_child(keeper)
            except (ChildNotFound, NotRunning):
                # The guild is just ending, or was never wholly there.
                player = None
        if player is None:
            spec = guild_tree(guild, self._ports, volume=self._volume)
            guilds = system.supervisor(GUILDS)
            try:
                supervisor = await guilds.start_child(spec)
            except AlreadyStarted as ending:
                # Without a player it is about to end; two at once there cannot be.
                await ending.ref.stop()
                supervisor = await guilds.start_child(spec)
            self.context.monitor(supervisor)
            player = registry.whereis(player_name(guild))
            assert player is not None
        return player

    async def _lost(self, message: Down) -> None:
        if message.reason.kind != "gave_up":
            return
        guild = int(message.ref.name.removeprefix("guild-"))
        view = self._ports.board.get(guild)
        self._losses[guild] = None if view is None else view.text_channel
        self.context.keep(dict(self._losses))
        await self._clear_up(guild)

    async def _clear_up(self, guild: int) -> None:
        self._ports.board.remove(guild)
        store = self.context.system.registry.whereis(STORE)
        if store is not None:
            # The next /play must not begin with what may be the cause.
            await store.tell(SetAside(guild, "its player crashed too often"))
        await self._ports.voice.leave(guild)
        for node in self._ports.node.nodes:
            await self._ports.node.destroy(guild, node)
        text_channel = self._losses.pop(guild)
        # From here on: a channel that cannot be told is no reason to begin again.
        self.context.keep(dict(self._losses))
        if text_channel is not None:
            await self._ports.announcer.say(guild, text_channel, GaveUp())


async def _active(store: ActorRef[StoreMessage]) -> tuple[int, ...]:
    """Return the guilds to wake, however long it takes until that can be read."""
    while True:
        try:
            return await store.ask(Active(), timeout=ACTIVE_SECONDS)
        except (AskTimeout, ActorCrashed):
            log.warning("intake.still_waiting_for_store")
