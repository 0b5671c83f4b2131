"""What waits to be played."""

import secrets

import arc

from actors.guild.player.messages import Shuffle
from seraphim.discord import texts
from seraphim.discord.commands.client import Command, Context
from seraphim.discord.presenters.queue import queue_page


def queue_commands() -> list[Command]:
    """Return the commands that show and order what waits."""

    @arc.slash_command("queue", texts.QUEUE_HELP)
    async def queue(
        ctx: Context, page: arc.Option[int, arc.IntParams(texts.QUEUE_PAGE_HELP, min=1)] = 1
    ) -> None:
        await ctx.client.show(ctx, lambda view: queue_page(view, page))

    @arc.slash_command("shuffle", texts.SHUFFLE_HELP)
    async def shuffle(ctx: Context) -> None:
        seed = secrets.randbits(32)
        await ctx.client.control(ctx, lambda caller: Shuffle(caller.member, seed))

    return [queue, shuffle]
