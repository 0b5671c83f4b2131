"""Radio stations that a server has saved."""

from collections.abc import Collection, Sequence
from dataclasses import replace

import arc
import hikari

from actors.guild.board import Board
from actors.guild.player.messages import Play
from actors.guild.player.ports import SEARCH
from actors.guild.refusal import Code, Refused
from actors.guild.settings import MOST_STATIONS, GuildSettings, Station
from seraphim.discord.caller import Caller, unplayable
from seraphim.discord.commands.client import CommandClient, Context, Group
from seraphim.discord.commands.options import Completion
from seraphim.discord.interpreter import Interpreter
from seraphim.discord.language.language import Language
from seraphim.discord.presenters.card import Card
from seraphim.discord.presenters.prose import clean, shorten
from seraphim.discord.presenters.radio import removed_card, saved_card, stations_card
from seraphim.discord.presenters.refusals import refusal
from seraphim.discord.query import identifier
from seraphim.discord.shelf import Shelf

LONGEST_NAME = 50


def radio_commands(
    client: CommandClient,
    board: Board,
    shelf: Shelf,
    interpreter: Interpreter,
    trusted: Collection[str],
) -> Group:
    """Return the commands about a server's radio stations."""
    say = interpreter.languages.english
    group = client.include_slash_group("radio", say("command-radio"))
    complete = _completion(board)

    @group.include
    @arc.slash_subcommand("play", say("command-radio-play"))
    async def play(
        ctx: Context,
        station: arc.Option[
            str, arc.StrParams(say("option-radio-play-station"), autocomplete_with=complete)
        ],
    ) -> None:
        def message(caller: Caller) -> Play | Refused:
            saved = _find(board.settings(caller.guild).stations, station)
            wanted = identifier(saved.address if saved else station, trusted)
            if isinstance(wanted, Refused):
                return wanted
            if wanted.startswith(SEARCH):
                return Refused(Code.NOTHING_FOUND)
            refused = unplayable(ctx.interaction, caller)
            return refused or Play(caller.member, wanted, caller.text_channel)

        await ctx.client.control(ctx, message, heavy=True)

    @group.include
    @arc.slash_subcommand("add", say("command-radio-add"))
    async def add(
        ctx: Context,
        name: arc.Option[
            str, arc.StrParams(say("option-radio-add-name"), min_length=1, max_length=LONGEST_NAME)
        ],
        address: arc.Option[str, arc.StrParams(say("option-radio-add-address"))],
    ) -> None:
        async def page(guild: int, say: Language) -> Card:
            wanted = identifier(address, trusted)
            if isinstance(wanted, Refused):
                return refusal(wanted, say)
            called = shorten(clean(name), LONGEST_NAME)
            if wanted.startswith(SEARCH) or not called:
                return refusal(Refused(Code.FORBIDDEN_QUERY), say)
            station = Station(called, wanted)
            chosen = await shelf.choose(guild, lambda before: _with(before, station))
            if station not in chosen.stations:
                limits = {"lowest": 0, "highest": MOST_STATIONS}
                return refusal(Refused(Code.OUT_OF_RANGE, limits), say)
            return saved_card(station, say)

        await ctx.client.tell_server(ctx, page, may=_is_dj)

    @group.include
    @arc.slash_subcommand("remove", say("command-radio-remove"))
    async def remove(
        ctx: Context,
        name: arc.Option[
            str, arc.StrParams(say("option-radio-remove-name"), autocomplete_with=complete)
        ],
    ) -> None:
        async def page(guild: int, say: Language) -> Card:
            station = _find(board.settings(guild).stations, name)
            if station is None:
                return refusal(Refused(Code.NOTHING_FOUND), say)
            await shelf.choose(guild, lambda before: _without(before, station.name))
            return removed_card(station, say)

        await ctx.client.tell_server(ctx, page, may=_is_dj)

    @group.include
    @arc.slash_subcommand("list", say("command-radio-list"))
    async def show(ctx: Context) -> None:
        async def page(guild: int, say: Language) -> Card:
            return stations_card(board.settings(guild).stations, say)

        await ctx.client.tell_server(ctx, page)

    return group


def _is_dj(caller: Caller) -> bool:
    """Return whether they may change a server's stations."""
    return caller.member.dj


def _find(stations: Sequence[Station], name: str) -> Station | None:
    wanted = clean(name).casefold()
    return next((each for each in stations if each.name.casefold() == wanted), None)


def _without(settings: GuildSettings, name: str) -> GuildSettings:
    others = tuple(each for each in settings.stations if each.name.casefold() != name.casefold())
    return replace(settings, stations=others)


def _with(settings: GuildSettings, station: Station) -> GuildSettings:
    """Return the settings with the station, in place of one of its name; as they are when full."""
    others = _without(settings, station.name)
    if len(others.stations) >= MOST_STATIONS:
        return settings
    return replace(others, stations=(*others.stations, station))


def _completion(board: Board) -> Completion[str]:
    async def complete(
        data: arc.AutocompleteData[CommandClient, str],
    ) -> Sequence[hikari.api.AutocompleteChoiceBuilder]:
        guild = data.interaction.guild_id
        typed = str(data.focused_value or "").casefold()
        stations = () if guild is None else board.settings(guild).stations
        return [
            hikari.impl.AutocompleteChoiceBuilder(station.name, station.name)
            for station in stations
            if typed in station.name.casefold()
        ]

    return complete
