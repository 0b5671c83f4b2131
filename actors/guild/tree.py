"""A guild's part of the supervision tree.

    guild-<id>      5 restarts in 60 s, delays 0, 0.1, 0.5, 2, 5 s
    ├─ player       transient, significant: when it ends for good, so does the guild
    └─ panel-keeper temporary: when it gives up, the panel is gone until the next /play

Restarts are counted for each supervisor: a guild that keeps crashing gives up alone, and a panel
that keeps crashing cannot take the player with it. The delays sum to less than the period, so that
a crash loop ends.
"""

from actors.guild.names import panel_name, player_name
from actors.guild.panel.actor import PanelActor
from actors.guild.player.actor import PlayerActor, PlayerPorts
from actors.runtime import ChildSpec, SupervisorSpec

DELAYS_SECONDS = (0.0, 0.1, 0.5, 2.0, 5.0)
PANEL_KEEPER = "panel-keeper"


def guild_id(guild: int) -> str:
    """Return the id under which the guild's supervisor is a child of `guilds`."""
    return f"guild-{guild}"


def panel_keeper(guild: int, ports: PlayerPorts) -> SupervisorSpec:
    """Return the supervisor of the guild's panel."""
    panel = ChildSpec(
        id="panel",
        start=lambda: PanelActor(guild, ports.announcer, ports.board),
        name=panel_name(guild),
    )
    return SupervisorSpec(
        id=PANEL_KEEPER,
        children=(panel,),
        restart="temporary",
        intensity=3,
        period=60.0,
        backoff=DELAYS_SECONDS,
    )


def guild_tree(guild: int, ports: PlayerPorts, *, volume: int) -> SupervisorSpec:
    """Return the supervisor of the guild's player and panel."""
    player = ChildSpec(
        id="player",
        start=lambda: PlayerActor(guild, ports, volume=volume),
        restart="transient",
        significant=True,
        name=player_name(guild),
    )
    return SupervisorSpec(
        id=guild_id(guild),
        children=(player, panel_keeper(guild, ports)),
        restart="temporary",
        intensity=5,
        period=60.0,
        backoff=DELAYS_SECONDS,
        auto_shutdown="any",
    )
