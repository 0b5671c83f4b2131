"""What is done to the music that plays, and where it is heard."""

import arc

from actors.guild.player.messages import Back, Join, Leave, Pause, Resume, Skip, Stop
from actors.guild.refusal import Refused
from seraphim.discord import texts
from seraphim.discord.caller import Caller, unwritable
from seraphim.discord.commands.client import Command, Context
from seraphim.discord.presenters.panel import now_playing as now_playing_card


def control_commands() -> list[Command]:
    """Return the commands that control what plays."""

    @arc.slash_command("pause", texts.PAUSE_HELP)
    async def pause(ctx: Context) -> None:
        await ctx.client.control(ctx, lambda caller: Pause(caller.member, caller.play))

    @arc.slash_command("resume", texts.RESUME_HELP)
    async def resume(ctx: Context) -> None:
        await ctx.client.control(ctx, lambda caller: Resume(caller.member, caller.play))

    @arc.slash_command("skip", texts.SKIP_HELP)
    async def skip(ctx: Context) -> None:
        await ctx.client.control(ctx, lambda caller: Skip(caller.member, caller.play))

    @arc.slash_command("back", texts.BACK_HELP)
    async def back(ctx: Context) -> None:
        await ctx.client.control(ctx, lambda caller: Back(caller.member, caller.play))

    @arc.slash_command("stop", texts.STOP_HELP)
    async def stop(ctx: Context) -> None:
        await ctx.client.control(ctx, lambda caller: Stop(caller.member))

    @arc.slash_command("join", texts.JOIN_HELP)
    async def join(ctx: Context) -> None:
        def message(caller: Caller) -> Join | Refused:
            return unwritable(ctx.interaction) or Join(caller.member, caller.text_channel)

        await ctx.client.control(ctx, message, heavy=True)

    @arc.slash_command("leave", texts.LEAVE_HELP)
    async def leave(ctx: Context) -> None:
        await ctx.client.control(ctx, lambda caller: Leave(caller.member))

    @arc.slash_command("nowplaying", texts.NOW_PLAYING_HELP)
    async def now_playing(ctx: Context) -> None:
        await ctx.client.show(ctx, now_playing_card)

    return [pause, resume, skip, back, stop, join, leave, now_playing]
