"""What waits to be played, and what has been."""

import secrets

import arc

from actors.guild.board import Board
from actors.guild.player.messages import (
    Clean,
    Clear,
    Dedupe,
    Move,
    Remove,
    Shuffle,
    Swap,
    Unshuffle,
)
from actors.guild.refusal import Refused
from seraphim.discord.caller import Caller
from seraphim.discord.commands.client import Command, Context
from seraphim.discord.commands.control import out_of_queue
from seraphim.discord.commands.options import waiting_lists, waiting_places
from seraphim.discord.interpreter import Interpreter
from seraphim.discord.presenters.queue import history_page, queue_page
from seraphim.discord.typed import Asker, places


def queue_commands(board: Board, interpreter: Interpreter) -> list[Command]:
    """Return the commands that show and order what waits."""
    say = interpreter.languages.english
    place = waiting_places(board, interpreter)
    several = waiting_lists(board, interpreter)

    @arc.slash_command("queue", say("command-queue"))
    async def queue(
        ctx: Context, page: arc.Option[int, arc.IntParams(say("option-queue-page"), min=1)] = 1
    ) -> None:
        await ctx.client.show(ctx, lambda view, say: queue_page(view, page, say))

    @arc.slash_command("history", say("command-history"))
    async def history(
        ctx: Context, page: arc.Option[int, arc.IntParams(say("option-history-page"), min=1)] = 1
    ) -> None:
        await ctx.client.show(ctx, lambda view, say: history_page(view, page, say))

    @arc.slash_command("remove", say("command-remove"))
    async def remove(
        ctx: Context,
        positions: arc.Option[
            str, arc.StrParams(say("option-remove-positions"), autocomplete_with=several)
        ],
    ) -> None:
        def message(caller: Caller) -> Remove | Refused:
            if not caller.waiting:
                return out_of_queue(caller)
            meant = places(positions, len(caller.waiting))
            if isinstance(meant, Refused):
                return meant
            if isinstance(meant, Asker):
                return Remove(caller.member, member=meant.member)
            entries = tuple(caller.waiting[number - 1] for number in meant.numbers)
            return Remove(caller.member, meant.numbers, entries=entries)

        await ctx.client.control(ctx, message)

    @arc.slash_command("move", say("command-move"))
    async def move(
        ctx: Context,
        position: arc.Option[
            int, arc.IntParams(say("option-move-position"), min=1, autocomplete_with=place)
        ],
        target: arc.Option[int, arc.IntParams(say("option-move-target"), min=1)],
    ) -> None:
        def message(caller: Caller) -> Move | Refused:
            waiting = caller.waiting
            if not 1 <= position <= len(waiting) or not 1 <= target <= len(waiting):
                return out_of_queue(caller)
            return Move(caller.member, position, target, waiting[position - 1])

        await ctx.client.control(ctx, message)

    @arc.slash_command("swap", say("command-swap"))
    async def swap(
        ctx: Context,
        first: arc.Option[
            int, arc.IntParams(say("option-swap-first"), min=1, autocomplete_with=place)
        ],
        second: arc.Option[
            int, arc.IntParams(say("option-swap-second"), min=1, autocomplete_with=place)
        ],
    ) -> None:
        def message(caller: Caller) -> Swap | Refused:
            if not min(first, second) >= 1 or max(first, second) > len(caller.waiting):
                return out_of_queue(caller)
            return Swap(caller.member, first, second)

        await ctx.client.control(ctx, message)

    @arc.slash_command("clear", say("command-clear"))
    async def clear(ctx: Context) -> None:
        await ctx.client.control(ctx, lambda caller: Clear(caller.member))

    @arc.slash_command("shuffle", say("command-shuffle"))
    async def shuffle(ctx: Context) -> None:
        seed = secrets.randbits(32)
        await ctx.client.control(ctx, lambda caller: Shuffle(caller.member, seed))

    @arc.slash_command("unshuffle", say("command-unshuffle"))
    async def unshuffle(ctx: Context) -> None:
        await ctx.client.control(ctx, lambda caller: Unshuffle(caller.member))

    @arc.slash_command("dedupe", say("command-dedupe"))
    async def dedupe(ctx: Context) -> None:
        await ctx.client.control(ctx, lambda caller: Dedupe(caller.member))

    @arc.slash_command("clean", say("command-clean"))
    async def clean(ctx: Context) -> None:
        await ctx.client.control(ctx, lambda caller: Clean(caller.member))

    return [queue, history, remove, move, swap, clear, shuffle, unshuffle, dedupe, clean]
