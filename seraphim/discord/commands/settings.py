"""What a server chooses: `/settings`, and who its DJs are."""

import re
from dataclasses import fields, replace
from typing import Any

import arc
import hikari

from actors.guild.board import Board
from actors.guild.refusal import Code, Refused
from actors.guild.settings import Announcing, GuildSettings
from actors.preferences.messages import Change
from seraphim.discord.caller import manages
from seraphim.discord.commands.client import Command, CommandClient, Context, Group
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

_CHANNEL = re.compile(r"<#(\d{1,20})>")


def settings_commands(board: Board, shelf: Shelf, languages: Languages) -> list[Command]:
    """Return the commands by which who manages a server chooses for it."""
    say = languages.english
    spoken = [language.tag for language in languages]

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
            str | None, arc.StrParams(say("option-settings-allowed-channels"))
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
        sources: arc.Option[str | None, arc.StrParams(say("option-settings-sources"))] = None,
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
        channels = None if allowed_channels is None else _channels(allowed_channels)
        named = None if sources is None else _sources(sources)
        given = {
            "dj_role": None if dj_role is None else int(dj_role.id),
            "default_volume": default_volume,
            "maximum_volume": maximum_volume,
            "vote_share": vote_share,
            "alone_minutes": alone_minutes,
            "stay": stay,
            "announce": None if announce is None else Announcing(announce),
            "request_channel": None if request_channel is None else int(request_channel.id),
            "allowed_channels": channels,
            "longest_track_minutes": longest_track_minutes,
            "longest_queue": longest_queue,
            "sources": named,
            "fair": fair,
            "channel_status": channel_status,
        }
        chosen: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        if language is not None:
            chosen["language"] = None if language == SERVERS_OWN else language
        if reset is not None:
            chosen[reset] = getattr(UNCHOSEN, reset)

        def change(before: GuildSettings) -> GuildSettings:
            return replace(before, **chosen)

        async def page(say: Language) -> Card:
            refused = _unfit(ctx) or next(
                (each for each in (channels, named) if isinstance(each, Refused)), None
            )
            if refused is not None or ctx.guild_id is None:
                return refusal(refused or Refused(Code.SERVER_ONLY), say)
            if not chosen:
                return settings_card(board.settings(ctx.guild_id), say)
            return settings_card(await shelf.choose(ctx.guild_id, change), say, changed=chosen)

        await ctx.client.tell(ctx, page)

    return [settings]


def dj_commands(client: CommandClient, board: Board, shelf: Shelf, say: Language) -> Group:
    """Return the commands by which who manages a server says who its DJs are."""
    group = client.include_slash_group(
        "dj", say("command-dj"), default_permissions=hikari.Permissions.MANAGE_GUILD
    )

    async def answer(ctx: Context, member: hikari.User, *, is_dj: bool) -> None:
        async def page(say: Language) -> Card:
            refused = _unfit(ctx)
            if refused is not None or ctx.guild_id is None:
                return refusal(refused or Refused(Code.SERVER_ONLY), say)
            user, guild = int(member.id), ctx.guild_id
            before = board.settings(guild)
            if is_dj and user not in before.djs and len(before.djs) >= MOST_DJS:
                return refusal(Refused(Code.OUT_OF_RANGE, {"lowest": 0, "highest": MOST_DJS}), say)
            chosen = await shelf.choose(guild, _with_dj(user, is_dj=is_dj))
            return dj_card(user, chosen, say, changed=(user in before.djs) is not is_dj)

        await ctx.client.tell(ctx, page)

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


UNCHOSEN = GuildSettings()
assert set(SHOWN) <= {field.name for field in fields(GuildSettings)}


def _unfit(ctx: Context) -> Refused | None:
    """Return the refusal of who may not choose for the server."""
    if ctx.guild_id is None:
        return Refused(Code.SERVER_ONLY)
    return None if manages(ctx.interaction.member) else Refused(Code.DJ_ONLY)


def _channels(typed: str) -> tuple[int, ...] | Refused:
    if typed.strip().casefold() == ALL:
        return ()
    found = tuple(dict.fromkeys(int(channel) for channel in _CHANNEL.findall(typed)))
    if not found or len(found) > MOST_CHANNELS or _CHANNEL.sub("", typed).strip(" ,"):
        return Refused(Code.FORBIDDEN_QUERY)
    return found


def _sources(typed: str) -> tuple[str, ...] | Refused:
    found = tuple(dict.fromkeys(typed.casefold().replace(",", " ").split()))
    if not found or not set(found) <= set(PREFIXES):
        return Refused(Code.FORBIDDEN_QUERY)
    return found
