"""What a server chooses: `/settings`, and who its DJs are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import arc
import hikari
import structlog

from actors.guild.board import UNCHOSEN, Board
from actors.guild.refusal import Code, Refused
from actors.guild.settings import Announcing, GuildSettings
from actors.preferences.messages import Change
from seraphim.discord.caller import Caller, manages
from seraphim.discord.commands.channels import Channels, Unasked, meant
from seraphim.discord.commands.client import Command, CommandClient, Context, Group
from seraphim.discord.commands.lists import completed, items
from seraphim.discord.commands.options import choices
from seraphim.discord.language.language import Language
from seraphim.discord.language.languages import Languages
from seraphim.discord.presenters.card import Card
from seraphim.discord.presenters.refusals import refusal
from seraphim.discord.presenters.settings import SHOWN, dj_card, settings_card
from seraphim.discord.shelf import Shelf
from seraphim.lavalink.searching import PREFIXES

MOST_MINUTES_ALONE = 24 * 60
MOST_MINUTES_A_TRACK = 24 * 60
LONGEST_QUEUE = 1000
MOST_DJS = 50
MOST_CHANNELS = 50
ALL = "all"
SERVERS_OWN = "server"
VOLUMES = ("default_volume", "maximum_volume")

Typing = arc.AutocompleteData[CommandClient, str]

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def settings_commands(board: Board, shelf: Shelf, languages: Languages) -> list[Command]:
    """Return the commands by which who manages a server chooses for it."""
    say = languages.english
    spoken = [language.tag for language in languages]
    channels = Channels()

    async def complete_channels(data: Typing) -> Sequence[hikari.api.AutocompleteChoiceBuilder]:
        guild, typed = data.interaction.guild_id, str(data.focused_value or "")
        # The list may name channels that not everybody sees.
        if guild is None or not manages(data.interaction.member):
            return ()
        try:
            there = await channels.lately(data.client.rest, guild)
        except Unasked as error:
            log.debug("autocomplete.empty", error=type(error.__cause__).__name__)
            return ()
        begun = (ALL,) if ALL.startswith(typed.strip().casefold()) else ()
        return completed(typed, (*begun, *(each.name for each in there if each.name)))

    async def complete_sources(data: Typing) -> Sequence[hikari.api.AutocompleteChoiceBuilder]:
        return completed(str(data.focused_value or ""), PREFIXES)

    @arc.slash_command(
        "settings", say("command-settings"), default_permissions=hikari.Permissions.MANAGE_GUILD
    )
    async def settings(
        ctx: Context,
        dj_role: arc.Option[
            hikari.Role | None, arc.RoleParams(say("option-settings-dj-role"))
        ] = None,
        default_volume: arc.Option[
            int | None, arc.IntParams(say("option-settings-default-volume"), min=0, max=100)
        ] = None,
        maximum_volume: arc.Option[
            int | None, arc.IntParams(say("option-settings-maximum-volume"), min=1, max=100)
        ] = None,
        vote_share: arc.Option[
            int | None, arc.IntParams(say("option-settings-vote-share"), min=1, max=100)
        ] = None,
        alone_minutes: arc.Option[
            int | None,
            arc.IntParams(say("option-settings-alone-minutes"), min=0, max=MOST_MINUTES_ALONE),
        ] = None,
        stay: arc.Option[bool | None, arc.BoolParams(say("option-settings-stay"))] = None,
        announce: arc.Option[
            str | None,
            arc.StrParams(
                say("option-settings-announce"), choices=choices(languages, "announce", Announcing)
            ),
        ] = None,
        language: arc.Option[
            str | None,
            arc.StrParams(
                say("option-settings-language"),
                choices=choices(languages, "language", (SERVERS_OWN, *spoken)),
            ),
        ] = None,
        request_channel: arc.Option[
            hikari.GuildTextChannel | None,
            arc.ChannelParams(say("option-settings-request-channel")),
        ] = None,
        allowed_channels: arc.Option[
            str | None,
            arc.StrParams(
                say("option-settings-allowed-channels"), autocomplete_with=complete_channels
            ),
        ] = None,
        longest_track_minutes: arc.Option[
            int | None,
            arc.IntParams(
                say("option-settings-longest-track-minutes"), min=1, max=MOST_MINUTES_A_TRACK
            ),
        ] = None,
        longest_queue: arc.Option[
            int | None,
            arc.IntParams(say("option-settings-longest-queue"), min=1, max=LONGEST_QUEUE),
        ] = None,
        sources: arc.Option[
            str | None,
            arc.StrParams(say("option-settings-sources"), autocomplete_with=complete_sources),
        ] = None,
        fair: arc.Option[bool | None, arc.BoolParams(say("option-settings-fair"))] = None,
        channel_status: arc.Option[
            bool | None, arc.BoolParams(say("option-settings-channel-status"))
        ] = None,
        reset: arc.Option[
            str | None,
            arc.StrParams(
                say("option-settings-reset"), choices=choices(languages, "setting", SHOWN)
            ),
        ] = None,
    ) -> None:
        given = {
            "dj_role": None if dj_role is None else int(dj_role.id),
            "default_volume": default_volume,
            "maximum_volume": maximum_volume,
            "vote_share": vote_share,
            "alone_minutes": alone_minutes,
            "stay": stay,
            "announce": None if announce is None else Announcing(announce),
            "request_channel": None if request_channel is None else int(request_channel.id),
            "longest_track_minutes": longest_track_minutes,
            "longest_queue": longest_queue,
            "fair": fair,
            "channel_status": channel_status,
        }
        chosen: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        if language is not None:
            chosen["language"] = None if language == SERVERS_OWN else language

        async def page(guild: int, say: Language) -> Card:
            if allowed_channels is not None:
                allowed = await _channels(allowed_channels, channels, ctx.client.rest, guild)
                if isinstance(allowed, Refused):
                    return refusal(allowed, say)
                chosen["allowed_channels"] = allowed
            if sources is not None:
                searched = _sources(sources)
                if isinstance(searched, Refused):
                    return refusal(searched, say)
                chosen["sources"] = searched
            if reset is not None:
                chosen[reset] = getattr(UNCHOSEN, reset)
            if not chosen:
                return settings_card(board.settings(guild), say)
            settings = await shelf.choose(guild, _with(chosen))
            refused = _too_loud(settings, chosen)
            if refused is not None:
                return refusal(refused, say)
            return settings_card(settings, say, changed=chosen)

        await ctx.client.tell_server(ctx, page, may=_managing(ctx))

    return [settings]


def dj_commands(client: CommandClient, board: Board, shelf: Shelf, say: Language) -> Group:
    """Return the commands by which who manages a server says who its DJs are."""
    group = client.include_slash_group(
        "dj", say("command-dj"), default_permissions=hikari.Permissions.MANAGE_GUILD
    )

    async def answer(ctx: Context, member: hikari.User, *, is_dj: bool) -> None:
        async def page(guild: int, say: Language) -> Card:
            user = int(member.id)
            before = board.settings(guild)
            if is_dj and user not in before.djs and len(before.djs) >= MOST_DJS:
                return refusal(Refused(Code.OUT_OF_RANGE, {"lowest": 0, "highest": MOST_DJS}), say)
            chosen = await shelf.choose(guild, _with_dj(user, is_dj=is_dj))
            return dj_card(user, chosen, say, changed=(user in before.djs) is not is_dj)

        await ctx.client.tell_server(ctx, page, may=_managing(ctx))

    @group.include
    @arc.slash_subcommand("add", say("command-dj-add"))
    async def add(
        ctx: Context,
        member: arc.Option[hikari.User, arc.UserParams(say("option-dj-add-member"))],
    ) -> None:
        await answer(ctx, member, is_dj=True)

    @group.include
    @arc.slash_subcommand("remove", say("command-dj-remove"))
    async def remove(
        ctx: Context,
        member: arc.Option[hikari.User, arc.UserParams(say("option-dj-remove-member"))],
    ) -> None:
        await answer(ctx, member, is_dj=False)

    return group


def _with_dj(user: int, *, is_dj: bool) -> Change:
    def change(before: GuildSettings) -> GuildSettings:
        others = tuple(each for each in before.djs if each != user)
        return replace(before, djs=(*others, user) if is_dj else others)

    return change


def _managing(ctx: Context) -> Callable[[Caller], bool]:
    """Return whether they may choose for the server: a DJ alone may not."""
    return lambda _: manages(ctx.interaction.member)


def _with(chosen: Mapping[str, Any]) -> Change:
    """Return the change to what was chosen; what contradicts itself changes nothing."""

    def change(before: GuildSettings) -> GuildSettings:
        return before if _too_loud(before, chosen) else replace(before, **chosen)

    return change


def _too_loud(settings: GuildSettings, chosen: Mapping[str, Any]) -> Refused | None:
    """Return the refusal of music that would begin louder than it may be with what is chosen."""
    after = replace(settings, **chosen)
    starting, loudest = after.default_volume, after.maximum_volume
    if chosen.keys().isdisjoint(VOLUMES) or starting is None or starting <= loudest:
        return None
    return Refused(Code.OUT_OF_RANGE, {"starting": starting, "loudest": loudest})


async def _channels(
    typed: str, channels: Channels, rest: hikari.api.RESTClient, guild: int
) -> tuple[int, ...] | Refused:
    if typed.strip().casefold() == ALL:
        return ()
    try:
        found = meant(typed, await channels.now(rest, guild))
    except Unasked as error:
        log.warning("settings.channels_unknown", guild=guild, error=type(error.__cause__).__name__)
        return Refused(Code.DISCORD_REFUSED)
    missing = next((item for item, ids in found.items() if not ids), None if found else typed)
    if missing is not None:
        return Refused(Code.FORBIDDEN_QUERY, {"no_channel": missing})
    allowed = tuple(dict.fromkeys(chain.from_iterable(found.values())))
    if len(allowed) > MOST_CHANNELS:
        return Refused(Code.OUT_OF_RANGE, {"lowest": 1, "highest": MOST_CHANNELS})
    return allowed


def _sources(typed: str) -> tuple[str, ...] | Refused:
    found = items(typed.casefold())
    missing = next((item for item in found if item not in PREFIXES), None if found else typed)
    if missing is not None:
        known = ", ".join(PREFIXES)
        return Refused(Code.FORBIDDEN_QUERY, {"no_source": missing, "sources": known})
    return tuple(found)
