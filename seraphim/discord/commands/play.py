"""`/play`: find something, and let it be heard."""

from collections.abc import Collection, Sequence

import arc
import hikari

from actors.guild.player.access import misplaced
from actors.guild.player.messages import Play
from actors.guild.player.ports import Catalogue
from actors.guild.refusal import Refused
from seraphim.discord import texts
from seraphim.discord.caller import Caller, unwritable
from seraphim.discord.commands.client import Command, CommandClient, Context
from seraphim.discord.commands.suggestions import Suggestions
from seraphim.discord.query import identifier


def play_commands(catalogue: Catalogue, trusted: Collection[str]) -> list[Command]:
    """Return the commands that start music. `trusted` hosts may be played from though inside."""
    suggestions = Suggestions(catalogue, trusted)

    async def suggest(
        data: arc.AutocompleteData[CommandClient, str],
    ) -> Sequence[hikari.api.AutocompleteChoiceBuilder]:
        return await suggestions.choices(str(data.focused_value or ""))

    # The query's length is not given to Discord: its clients would refuse in words of their own.
    @arc.slash_command("play", texts.PLAY_HELP)
    async def play(
        ctx: Context,
        query: arc.Option[str, arc.StrParams(texts.PLAY_QUERY_HELP, autocomplete_with=suggest)],
    ) -> None:
        def message(caller: Caller) -> Play | Refused:
            # What the caller can mend is said before the answer is deferred for all to see.
            wanted = identifier(query, trusted)
            if isinstance(wanted, Refused):
                return wanted
            refused = misplaced(caller.bot_channel, caller.member) or unwritable(ctx.interaction)
            return refused or Play(caller.member, wanted, caller.text_channel)

        await ctx.client.control(ctx, message, heavy=True)

    return [play]
