"""How it sounds."""

import arc

from actors.guild.player.messages import SetVolume
from actors.guild.refusal import Code, Refused
from seraphim.discord import texts
from seraphim.discord.caller import Caller
from seraphim.discord.commands.client import Command, Context

QUIETEST = 0
LOUDEST = 100


def sound_commands() -> list[Command]:
    """Return the commands that change the sound."""

    @arc.slash_command("volume", texts.VOLUME_HELP)
    async def volume(
        ctx: Context,
        level: arc.Option[int, arc.IntParams(texts.VOLUME_LEVEL_HELP, min=QUIETEST, max=LOUDEST)],
    ) -> None:
        def message(caller: Caller) -> SetVolume | Refused:
            # Discord's clients keep to the option's range; what else talks to Discord may not.
            if not QUIETEST <= level <= LOUDEST:
                return Refused(Code.OUT_OF_RANGE, {"lowest": QUIETEST, "highest": LOUDEST})
            return SetVolume(caller.member, level)

        await ctx.client.control(ctx, message)

    return [volume]
