"""The names under which a guild's actors are found."""

from collections.abc import Iterator

from actors.guild.panel.messages import PanelMessage
from actors.guild.player.messages import PlayerMessage
from actors.runtime import ActorRef, Name, Registry


def player_name(guild: int) -> Name[PlayerMessage]:
    """Return the registered name of the guild's player."""
    return Name(f"guild/{guild}/player")


def panel_name(guild: int) -> Name[PanelMessage]:
    """Return the registered name of the guild's panel."""
    return Name(f"guild/{guild}/panel")


def players(registry: Registry) -> Iterator[ActorRef[PlayerMessage]]:
    """Yield every guild's player."""
    for name in registry:
        if name.value.startswith("guild/") and name.value.endswith("/player"):
            player: ActorRef[PlayerMessage] | None = registry.whereis(name)
            if player is not None:
                yield player


def awake(registry: Registry) -> Iterator[int]:
    """Yield the id of every guild that has a player."""
    for name in registry:
        head, _, rest = name.value.partition("/")
        guild, _, tail = rest.partition("/")
        if head == "guild" and tail == "player":
            yield int(guild)
