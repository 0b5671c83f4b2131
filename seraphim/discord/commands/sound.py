"""How it sounds, and whether it goes on by itself."""

from dataclasses import replace

import arc

from actors.guild.player.messages import (
    Loop,
    SetAutoplay,
    SetFilter,
    SetLoop,
    SetPitch,
    SetSpeed,
    SetStay,
    SetVolume,
    StaySet,
)
from actors.guild.player.sound import FASTEST, HIGHEST, LOWEST, SLOWEST, Preset
from seraphim.discord.commands.client import Command, Context
from seraphim.discord.commands.options import choices
from seraphim.discord.language.languages import Languages
from seraphim.discord.presenters.replies import Reply
from seraphim.discord.shelf import Shelf

QUIETEST = 0
LOUDEST = 100


def sound_commands(shelf: Shelf, languages: Languages) -> list[Command]:
    """Return the commands that change the sound."""
    say = languages.english

    @arc.slash_command("volume", say("command-volume"))
    async def volume(
        ctx: Context,
        level: arc.Option[
            int, arc.IntParams(say("option-volume-level"), min=QUIETEST, max=LOUDEST)
        ],
    ) -> None:
        await ctx.client.control(ctx, lambda caller: SetVolume(caller.member, level))

    @arc.slash_command("loop", say("command-loop"))
    async def loop(
        ctx: Context,
        what: arc.Option[
            str, arc.StrParams(say("option-loop-what"), choices=choices(languages, "loop", Loop))
        ],
    ) -> None:
        await ctx.client.control(ctx, lambda caller: SetLoop(caller.member, Loop(what)))

    @arc.slash_command("filter", say("command-filter"))
    async def preset_filter(
        ctx: Context,
        preset: arc.Option[
            str,
            arc.StrParams(
                say("option-filter-preset"), choices=choices(languages, "filter", Preset)
            ),
        ],
    ) -> None:
        await ctx.client.control(ctx, lambda caller: SetFilter(caller.member, Preset(preset)))

    @arc.slash_command("speed", say("command-speed"))
    async def speed(
        ctx: Context,
        percent: arc.Option[
            int, arc.IntParams(say("option-speed-percent"), min=SLOWEST, max=FASTEST)
        ],
    ) -> None:
        await ctx.client.control(ctx, lambda caller: SetSpeed(caller.member, percent))

    @arc.slash_command("pitch", say("command-pitch"))
    async def pitch(
        ctx: Context,
        percent: arc.Option[
            int, arc.IntParams(say("option-pitch-percent"), min=LOWEST, max=HIGHEST)
        ],
    ) -> None:
        await ctx.client.control(ctx, lambda caller: SetPitch(caller.member, percent))

    @arc.slash_command("autoplay", say("command-autoplay"))
    async def autoplay(
        ctx: Context, on: arc.Option[bool, arc.BoolParams(say("option-autoplay-on"))]
    ) -> None:
        await ctx.client.control(ctx, lambda caller: SetAutoplay(caller.member, on))

    @arc.slash_command("stay", say("command-stay"))
    async def stay(
        ctx: Context, on: arc.Option[bool, arc.BoolParams(say("option-stay-on"))]
    ) -> None:
        async def save(replied: Reply) -> None:
            if isinstance(replied, StaySet) and ctx.guild_id is not None:
                await shelf.choose(ctx.guild_id, lambda before: replace(before, stay=on))

        # The player says whether they may; it stays when it is told that this is chosen.
        await ctx.client.control(ctx, lambda caller: SetStay(caller.member, on), before=save)

    return [volume, loop, preset_filter, speed, pitch, autoplay, stay]
