"""Seraphim itself."""

import asyncio
import math
from collections.abc import Awaitable, Callable

import arc
import hikari

from actors.guild.player.ports import NodeUnavailable
from seraphim.discord import texts
from seraphim.discord.commands.client import Command, Context
from seraphim.discord.presenters.card import Card
from seraphim.discord.presenters.trips import round_trips

NodePing = Callable[[], Awaitable[float]]
"""Asks the audio node for something small: the seconds it took. Raises `NodeUnavailable`."""

PING_DEADLINE_SECONDS = 2.0


def about_commands(bot: hikari.GatewayBot, ping_node: NodePing) -> list[Command]:
    """Return the commands about Seraphim; they work in direct messages too."""

    async def node() -> float | None:
        try:
            async with asyncio.timeout(PING_DEADLINE_SECONDS):
                return await ping_node()
        except (TimeoutError, NodeUnavailable):
            return None

    async def card() -> Card:
        # Not a number before the first heartbeat was answered.
        latency = bot.heartbeat_latency
        gateway = None if math.isnan(latency) else latency
        return round_trips(gateway=gateway, node=await node())

    @arc.slash_command(
        "ping",
        texts.PING_HELP,
        invocation_contexts=[
            hikari.ApplicationContextType.GUILD,
            hikari.ApplicationContextType.BOT_DM,
        ],
    )
    async def ping(ctx: Context) -> None:
        await ctx.client.tell(ctx, card)

    return [ping]
