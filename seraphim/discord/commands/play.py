"""Find something, and let it be heard."""

import asyncio
import secrets
from collections.abc import Collection, Sequence
from typing import Protocol

import arc
import hikari

from actors.guild.board import Board
from actors.guild.player.messages import Play, Queued, When
from actors.guild.player.ports import SEARCH, Catalogue, NodeUnavailable, SourceFailed
from actors.guild.refusal import Code, Refused
from seraphim.discord.caller import Caller, unplayable
from seraphim.discord.commands.client import Command, CommandClient, Context
from seraphim.discord.commands.options import choices
from seraphim.discord.commands.suggestions import Suggestions
from seraphim.discord.controls.pick import ROOM
from seraphim.discord.interpreter import Interpreter
from seraphim.discord.language.language import Language
from seraphim.discord.presenters.card import Card
from seraphim.discord.presenters.refusals import refusal
from seraphim.discord.presenters.search import results
from seraphim.discord.query import identifier
from seraphim.discord.shelf import Shelf
from seraphim.discord.typed import moment
from seraphim.lavalink.searching import PREFIXES

SEARCH_SECONDS = 20.0
"""How long a source may take to answer a search that somebody has asked for."""


class Anticipating(Catalogue, Protocol):
    """A catalogue that can be told what it will be asked."""

    def begin(self, query: str, sources: Sequence[str] = ()) -> None:
        """Begin to find what is about to be asked for by `load`, which then has it sooner."""
        ...


def play_commands(
    catalogue: Anticipating,
    trusted: Collection[str],
    board: Board,
    shelf: Shelf,
    interpreter: Interpreter,
) -> list[Command]:
    """Return the commands that start music. `trusted` hosts may be played from though inside."""
    say = interpreter.languages.english
    suggestions = Suggestions(catalogue, trusted, board, shelf)

    async def suggest(
        data: arc.AutocompleteData[CommandClient, str],
    ) -> Sequence[hikari.api.AutocompleteChoiceBuilder]:
        asks = data.interaction
        say, guild = interpreter.asker(asks), asks.guild_id
        return await suggestions.choices(str(data.focused_value or ""), guild, asks.user.id, say)

    # The query's length is not given to Discord: its clients would refuse in words of their own.
    @arc.slash_command("play", say("command-play"))
    async def play(
        ctx: Context,
        query: arc.Option[str, arc.StrParams(say("option-play-query"), autocomplete_with=suggest)],
        source: arc.Option[
            str | None, arc.StrParams(say("option-play-source"), choices=sorted(PREFIXES))
        ] = None,
        when: arc.Option[
            str,
            arc.StrParams(
                say("option-play-when"), choices=choices(interpreter.languages, "when", When)
            ),
        ] = When.END.value,
        shuffle: arc.Option[bool, arc.BoolParams(say("option-play-shuffle"))] = False,
        start: arc.Option[str, arc.StrParams(say("option-play-start"))] = "0",
    ) -> None:
        def message(caller: Caller) -> Play | Refused:
            wanted = identifier(query, trusted, source)
            if isinstance(wanted, Refused):
                return wanted
            begins = moment(start)
            if isinstance(begins, Refused):
                return begins
            refused = unplayable(ctx.interaction, caller)
            if refused is None:
                # While the player makes up its mind it is looked for already.
                catalogue.begin(wanted, board.settings(caller.guild).sources)
            return refused or Play(
                caller.member,
                wanted,
                caller.text_channel,
                When(when),
                secrets.randbits(32) if shuffle else None,
                max(0, begins.milliseconds),
            )

        replied = await ctx.client.control(ctx, message, heavy=True)
        if isinstance(replied, Queued):
            suggestions.remember(ctx.user.id, [entry.track for entry in replied.entries])

    @arc.slash_command("search", say("command-search"))
    async def search(
        ctx: Context,
        query: arc.Option[str, arc.StrParams(say("option-search-query"))],
        source: arc.Option[
            str | None, arc.StrParams(say("option-search-source"), choices=sorted(PREFIXES))
        ] = None,
    ) -> None:
        async def page(say: Language) -> Card:
            wanted = identifier(query, trusted, source)
            if isinstance(wanted, Refused):
                return refusal(wanted, say)
            if not wanted.startswith((SEARCH, *PREFIXES.values())):
                return refusal(Refused(Code.NOTHING_FOUND), say)
            sources = () if ctx.guild_id is None else board.settings(ctx.guild_id).sources
            try:
                async with asyncio.timeout(SEARCH_SECONDS):
                    found = await suggestions.search(wanted, sources)
            except SourceFailed as error:
                return refusal(error.refused, say)
            except (NodeUnavailable, TimeoutError):
                return refusal(Refused(Code.NO_NODE), say)
            if not found:
                return refusal(Refused(Code.NOTHING_FOUND), say)
            return results([(track, suggestions.query_of(track, ROOM)) for track in found], say)

        await ctx.client.tell(ctx, page)

    @arc.slash_command("play-file", say("command-play-file"))
    async def play_file(
        ctx: Context,
        attachment: arc.Option[
            hikari.Attachment, arc.AttachmentParams(say("option-play-file-attachment"))
        ],
    ) -> None:
        def message(caller: Caller) -> Play | Refused:
            # It is an address like any other: the node opens it with the same caution.
            wanted = identifier(attachment.url, trusted)
            if isinstance(wanted, Refused):
                return wanted
            refused = unplayable(ctx.interaction, caller)
            return refused or Play(caller.member, wanted, caller.text_channel)

        await ctx.client.control(ctx, message, heavy=True)

    return [play, search, play_file]
