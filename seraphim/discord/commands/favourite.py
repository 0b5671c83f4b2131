"""What somebody likes best: their favourites, in whatever server they are."""

import hashlib
from collections.abc import Sequence

import arc
import hikari

from actors.guild.board import Board
from actors.guild.player.messages import Play
from actors.guild.player.track import Track
from actors.guild.refusal import Code, Refused
from seraphim.discord.caller import Caller, unplayable
from seraphim.discord.commands.client import CommandClient, Context, Group
from seraphim.discord.commands.options import MOST_CHOICES, Completion
from seraphim.discord.commands.suggestions import PATIENCE_SECONDS, matching
from seraphim.discord.interpreter import Interpreter
from seraphim.discord.language.language import Language
from seraphim.discord.presenters.card import Card
from seraphim.discord.presenters.favourites import favoured_card, favourites_page, removed_card
from seraphim.discord.presenters.refusals import refusal
from seraphim.discord.presenters.tracks import choice
from seraphim.discord.shelf import Shelf, Unkept


def favourite_commands(
    client: CommandClient, board: Board, shelf: Shelf, interpreter: Interpreter
) -> Group:
    """Return the commands about the favourites of who gives them."""
    say = interpreter.languages.english
    group = client.include_slash_group("favourite", say("command-favourite"))
    complete = _completion(shelf, interpreter)

    @group.include
    @arc.slash_subcommand("add", say("command-favourite-add"))
    async def add(ctx: Context) -> None:
        # What plays as the command arrives: nothing is awaited before this.
        view = board.get(ctx.guild_id) if ctx.guild_id is not None else None
        playing = view.current if view is not None else None

        async def page(say: Language) -> Card:
            if playing is None:
                return refusal(Refused(Code.NOTHING_PLAYING), say)
            track = playing.entry.original
            return favoured_card(track, await shelf.favour(int(ctx.user.id), track), say)

        await ctx.client.tell(ctx, page)

    @group.include
    @arc.slash_subcommand("list", say("command-favourite-list"))
    async def show(
        ctx: Context,
        page: arc.Option[int, arc.IntParams(say("option-favourite-list-page"), min=1)] = 1,
    ) -> None:
        async def shown(say: Language) -> Card:
            return favourites_page(await shelf.favourites(int(ctx.user.id)), page, say)

        await ctx.client.tell(ctx, shown)

    @group.include
    @arc.slash_subcommand("play", say("command-favourite-play"))
    async def play(
        ctx: Context,
        track: arc.Option[
            str | None,
            arc.StrParams(say("option-favourite-play-track"), autocomplete_with=complete),
        ] = None,
    ) -> None:
        async def message(caller: Caller) -> Play | Refused:
            refused = unplayable(ctx.interaction, caller)
            if refused is not None:
                return refused
            theirs = await shelf.favourites(caller.member.id)
            meant = theirs if track is None else _meant(theirs, track)
            if not meant:
                return Refused(Code.NOTHING_FOUND)
            name = interpreter.audience(ctx.interaction).guild("favourites-name")
            return Play(
                caller.member,
                "",
                caller.text_channel,
                tracks=tuple(meant),
                playlist=name if len(meant) > 1 else None,
            )

        await ctx.client.control(ctx, message, heavy=True)

    @group.include
    @arc.slash_subcommand("remove", say("command-favourite-remove"))
    async def remove(
        ctx: Context,
        track: arc.Option[
            str, arc.StrParams(say("option-favourite-remove-track"), autocomplete_with=complete)
        ],
    ) -> None:
        async def page(say: Language) -> Card:
            user = int(ctx.user.id)
            meant = _meant(await shelf.favourites(user), track)
            if not meant or not await shelf.unfavour(user, meant[0].name):
                return refusal(Refused(Code.NOTHING_FOUND), say)
            return removed_card(meant[0], say)

        await ctx.client.tell(ctx, page)

    return group


def _completion(shelf: Shelf, interpreter: Interpreter) -> Completion[str]:
    async def complete(
        data: arc.AutocompleteData[CommandClient, str],
    ) -> Sequence[hikari.api.AutocompleteChoiceBuilder]:
        say = interpreter.asker(data.interaction)
        try:
            theirs = await shelf.favourites(int(data.interaction.user.id), within=PATIENCE_SECONDS)
        except Unkept:
            # A suggestion that does not come is none: nobody is told of troubles while typing.
            return ()
        typed = str(data.focused_value or "")
        return [
            hikari.impl.AutocompleteChoiceBuilder(choice(track, say), _handle(track))
            for track in matching(theirs, typed)[:MOST_CHOICES]
        ]

    return complete


def _meant(favourites: Sequence[Track], typed: str) -> Sequence[Track]:
    """Return the favourite that was chosen, or the first that is called by what was typed."""
    chosen = [track for track in favourites if _handle(track) == typed]
    return chosen or matching(favourites, typed)[:1]


def _handle(track: Track) -> str:
    """Return a name that is short enough for a choice, and always the same."""
    return hashlib.sha256(track.name.encode("utf-8", "surrogatepass")).hexdigest()[:32]
