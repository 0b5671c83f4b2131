"""Seraphim itself."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from importlib import metadata

import arc
import hikari

from actors.guild.player.ports import NodeUnavailable
from seraphim.discord.commands.client import Command, Context
from seraphim.discord.language.language import Language
from seraphim.discord.presenters.about import Listing, about_page, help_page
from seraphim.discord.presenters.card import Card
from seraphim.discord.presenters.trips import round_trips

NodePing = Callable[[], Awaitable[float]]
"""Asks the audio node for something small: the seconds it took. Raises `NodeUnavailable`."""

PING_DEADLINE_SECONDS = 2.0


ANYWHERE = (hikari.ApplicationContextType.GUILD, hikari.ApplicationContextType.BOT_DM)
DISTRIBUTION = "seraphim"


def about_commands(
    bot: hikari.GatewayBot, ping_node: NodePing, listing: Callable[[], Listing], say: Language
) -> list[Command]:
    """Return the commands about Seraphim; they work in direct messages too.

    `listing` says which commands there are, in sections.
    """
    version = metadata.version(DISTRIBUTION)

    async def node() -> float | None:
        try:
            async with asyncio.timeout(PING_DEADLINE_SECONDS):
                return await ping_node()
        except (TimeoutError, NodeUnavailable):
            return None

    async def card(say: Language) -> Card:
        # Not a number before the first heartbeat was answered.
        latency = bot.heartbeat_latency
        gateway = None if math.isnan(latency) else latency
        return round_trips(say, gateway=gateway, node=await node())

    @arc.slash_command("ping", say("command-ping"), invocation_contexts=ANYWHERE)
    async def ping(ctx: Context) -> None:
        await ctx.client.tell(ctx, card)

    @arc.slash_command("help", say("command-help"), invocation_contexts=ANYWHERE)
    async def show_help(ctx: Context) -> None:
        async def page(say: Language) -> Card:
            return help_page(listing(), say)

        await ctx.client.tell(ctx, page)

    @arc.slash_command("about", say("command-about"), invocation_contexts=ANYWHERE)
    async def about(ctx: Context) -> None:
        async def page(say: Language) -> Card:
            return about_page(version, len(bot.cache.get_guilds_view()), say)

        await ctx.client.tell(ctx, page)

    return [ping, show_help, about]
