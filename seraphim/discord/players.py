"""The way to a guild's player, from outside."""

from collections.abc import Callable
from typing import TypeVar

from actors.guild.names import awake, panel_name, player_name
from actors.guild.player.messages import Play, PlayerMessage
from actors.intake import INTAKE, Open
from actors.runtime import ActorRef, ActorStopped, Registry
from actors.runtime.ask import Asking

R = TypeVar("R")


class NotTakingWork(Exception):
    """There is no intake: the system has not come up yet, or is going down."""


class Players:
    """Asks players, waking those that sleep.

    The registry comes as a function, since the tree that it belongs to is built around the edge.
    """

    def __init__(self, registry: Callable[[], Registry]) -> None:
        self._registry = registry

    @property
    def taking_work(self) -> bool:
        """Whether there is anybody to ask: False before the intake is up and once it is down."""
        return self._registry().whereis(INTAKE) is not None

    def find(self, guild: int) -> ActorRef[PlayerMessage] | None:
        """Return the guild's player if it is awake."""
        return self._registry().whereis(player_name(guild))

    @property
    def guilds(self) -> frozenset[int]:
        """The guilds whose players are awake."""
        return frozenset(awake(self._registry()))

    async def ask(self, guild: int, message: Asking[PlayerMessage, R], *, timeout: float) -> R:
        """Return what the guild's player answers.

        Raises `NotTakingWork`, and what `ActorRef.ask` raises. A player that has just gone to
        sleep is woken: it had not looked at the message.
        """
        player = self.find(guild)
        if player is not None and not self._wants_panel(guild, message):
            try:
                return await player.ask(message, timeout=timeout)
            except ActorStopped:
                pass
        intake = self._registry().whereis(INTAKE)
        if intake is None:
            raise NotTakingWork
        player = await intake.ask(Open(guild), timeout=timeout)
        return await player.ask(message, timeout=timeout)

    def _wants_panel(self, guild: int, message: object) -> bool:
        """Whether the guild's panel was given up and this is what brings it back."""
        return isinstance(message, Play) and self._registry().whereis(panel_name(guild)) is None
