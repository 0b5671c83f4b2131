"""The actor that keeps what guilds have chosen, and lets everybody know.

All of it is read once, at the start, and shown on the board: whoever reads an interaction needs it
before anything is awaited. It is the only one that changes settings, one change after the other,
and a change holds when it is written: nobody is told of what a restart would forget.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from actors.guild.board import Board
from actors.guild.names import player_name
from actors.guild.player.messages import SettingsChanged
from actors.guild.settings import GuildSettings
from actors.preferences.messages import Choose, NotKept, PreferencesMessage
from actors.runtime import Actor, ActorCrashed, ActorRef, ActorStopped, AskTimeout
from actors.store.messages import STORE, Chosen, KeepSettings, StoreMessage

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

START_SECONDS = 2.5
READ_SECONDS = 60.0
READ_AGAIN_SECONDS = 1.0
KEEP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class _Known:
    """What guilds have chosen is known now."""

    chosen: Mapping[int, GuildSettings]


class PreferencesActor(Actor[PreferencesMessage | _Known]):
    """Writes the board's settings, and tells players that are awake."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._known = False

    async def on_start(self) -> None:
        """Read what guilds have chosen, so that whoever starts after this finds it on the board.

        A storage that is away keeps nobody from starting: nobody has chosen anything meanwhile,
        and nothing can be chosen, until it can be read.
        """
        chosen = await self._chosen(START_SECONDS)
        if chosen is None:
            self.context.start_task(self._read, name="read")
        else:
            self._take(chosen)

    async def receive(self, message: PreferencesMessage | _Known) -> object:
        """Change what a guild has chosen."""
        if isinstance(message, _Known):
            self._take(message.chosen)
            return None
        return await self._choose(message)

    async def _choose(self, message: Choose) -> GuildSettings | NotKept:
        if not self._known:
            return NotKept()
        before = self._board.settings(message.guild)
        settings = message.change(before)
        if settings != before:
            if not await self._keep(message.guild, settings):
                return NotKept()
            self._show(message.guild, settings)
        return settings

    async def _keep(self, guild: int, settings: GuildSettings) -> bool:
        store = self._store
        if store is None:
            return False
        try:
            unwritten = await store.ask(KeepSettings(guild, settings), timeout=KEEP_SECONDS)
        except (AskTimeout, ActorCrashed, ActorStopped) as error:
            log.warning("settings.not_kept", guild=guild, error=type(error).__name__)
            return False
        return unwritten is None

    def _show(self, guild: int, settings: GuildSettings) -> None:
        self._board.choose(guild, settings)
        player = self.context.system.registry.whereis(player_name(guild))
        if player is not None:
            # A player that is busy holds up nobody else's settings.
            self.context.start_task(player.tell, SettingsChanged(settings), name="tell")

    def _take(self, chosen: Mapping[int, GuildSettings]) -> None:
        self._known = True
        for guild, settings in chosen.items():
            if settings != self._board.settings(guild):
                self._show(guild, settings)

    async def _read(self) -> None:
        chosen = await self._chosen(READ_SECONDS)
        while chosen is None:
            log.warning("settings.still_unread")
            await self.context.system.clock.sleep(READ_AGAIN_SECONDS)
            chosen = await self._chosen(READ_SECONDS)
        await self.context.ref.tell(_Known(chosen))

    async def _chosen(self, timeout: float) -> Mapping[int, GuildSettings] | None:
        """Return what guilds have chosen, None where the store does not say."""
        store = self._store
        if store is None:
            return None
        try:
            return await store.ask(Chosen(), timeout=timeout)
        except (AskTimeout, ActorCrashed, ActorStopped):
            return None

    @property
    def _store(self) -> ActorRef[StoreMessage] | None:
        return self.context.system.registry.whereis(STORE)
