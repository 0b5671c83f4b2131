"""What is done to the music that plays, and where it is heard."""

import arc

from actors.guild.board import Board
from actors.guild.player.messages import (
    Back,
    Join,
    Leave,
    Pause,
    Replay,
    Resume,
    Seek,
    Skip,
    SkipTo,
    Stop,
)
from actors.guild.refusal import Code, Refused
from seraphim.discord.caller import Caller, unwritable
from seraphim.discord.commands.client import Command, Context
from seraphim.discord.commands.options import waiting_places
from seraphim.discord.interpreter import Interpreter
from seraphim.discord.presenters.panel import now_playing as now_playing_card
from seraphim.discord.typed import moment

MOST_SKIPPED = 100
STEP_SECONDS = 10
LONGEST_STEP_SECONDS = 3600


def control_commands(board: Board, interpreter: Interpreter) -> list[Command]:
    """Return the commands that control what plays."""
    say = interpreter.languages.english
    places = waiting_places(board, interpreter)

    @arc.slash_command("pause", say("command-pause"))
    async def pause(ctx: Context) -> None:
        await ctx.client.control(ctx, lambda caller: Pause(caller.member, caller.play))

    @arc.slash_command("resume", say("command-resume"))
    async def resume(ctx: Context) -> None:
        await ctx.client.control(ctx, lambda caller: Resume(caller.member, caller.play))

    @arc.slash_command("skip", say("command-skip"))
    async def skip(
        ctx: Context,
        count: arc.Option[
            int, arc.IntParams(say("option-skip-count"), min=1, max=MOST_SKIPPED)
        ] = 1,
    ) -> None:
        await ctx.client.control(ctx, lambda caller: Skip(caller.member, caller.play, count))

    @arc.slash_command("skip-to", say("command-skip-to"))
    async def skip_to(
        ctx: Context,
        position: arc.Option[
            int, arc.IntParams(say("option-skip-to-position"), min=1, autocomplete_with=places)
        ],
    ) -> None:
        def message(caller: Caller) -> SkipTo | Refused:
            waiting = caller.waiting
            if not 1 <= position <= len(waiting):
                return out_of_queue(caller)
            return SkipTo(caller.member, position, caller.play, waiting[position - 1])

        await ctx.client.control(ctx, message)

    @arc.slash_command("back", say("command-back"))
    async def back(ctx: Context) -> None:
        await ctx.client.control(ctx, lambda caller: Back(caller.member, caller.play))

    @arc.slash_command("replay", say("command-replay"))
    async def replay(ctx: Context) -> None:
        await ctx.client.control(ctx, lambda caller: Replay(caller.member, caller.play))

    @arc.slash_command("seek", say("command-seek"))
    async def seek(
        ctx: Context, time: arc.Option[str, arc.StrParams(say("option-seek-time"))]
    ) -> None:
        def message(caller: Caller) -> Seek | Refused:
            meant = moment(time)
            if isinstance(meant, Refused):
                return meant
            return Seek(caller.member, meant.milliseconds, meant.relative, caller.play)

        await ctx.client.control(ctx, message)

    @arc.slash_command("forward", say("command-forward"))
    async def forward(
        ctx: Context,
        seconds: arc.Option[
            int, arc.IntParams(say("option-forward-seconds"), min=1, max=LONGEST_STEP_SECONDS)
        ] = STEP_SECONDS,
    ) -> None:
        await ctx.client.control(ctx, lambda caller: _step(caller, seconds, 1))

    @arc.slash_command("rewind", say("command-rewind"))
    async def rewind(
        ctx: Context,
        seconds: arc.Option[
            int, arc.IntParams(say("option-rewind-seconds"), min=1, max=LONGEST_STEP_SECONDS)
        ] = STEP_SECONDS,
    ) -> None:
        await ctx.client.control(ctx, lambda caller: _step(caller, seconds, -1))

    @arc.slash_command("stop", say("command-stop"))
    async def stop(ctx: Context) -> None:
        await ctx.client.control(ctx, lambda caller: Stop(caller.member))

    @arc.slash_command("join", say("command-join"))
    async def join(ctx: Context) -> None:
        def message(caller: Caller) -> Join | Refused:
            return unwritable(ctx.interaction) or Join(caller.member, caller.text_channel)

        await ctx.client.control(ctx, message, heavy=True)

    @arc.slash_command("leave", say("command-leave"))
    async def leave(ctx: Context) -> None:
        await ctx.client.control(ctx, lambda caller: Leave(caller.member))

    @arc.slash_command("nowplaying", say("command-nowplaying"))
    async def now_playing(ctx: Context) -> None:
        await ctx.client.show(ctx, now_playing_card)

    return [
        pause,
        resume,
        skip,
        skip_to,
        back,
        replay,
        seek,
        forward,
        rewind,
        stop,
        join,
        leave,
        now_playing,
    ]


def out_of_queue(caller: Caller) -> Refused:
    """Return the refusal of a place in which nothing waits."""
    if not caller.waiting:
        return Refused(Code.QUEUE_EMPTY)
    return Refused(Code.OUT_OF_RANGE, {"lowest": 1, "highest": len(caller.waiting)})


def _step(caller: Caller, seconds: int, direction: int) -> Seek:
    return Seek(caller.member, direction * seconds * 1000, relative=True, play=caller.play)
