"""Who asks, from where, and about what: read off an interaction the moment it arrives."""

from dataclasses import dataclass

import hikari

from actors.guild.board import Board
from actors.guild.player.messages import Member
from actors.guild.refusal import Code, Refused
from seraphim.discord.permissions import WRITING, WRITING_IN_THREADS, names
from seraphim.discord.whereabouts import Whereabouts

THREADS = (
    hikari.ChannelType.GUILD_NEWS_THREAD,
    hikari.ChannelType.GUILD_PUBLIC_THREAD,
    hikari.ChannelType.GUILD_PRIVATE_THREAD,
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `play` is the play that was current when they did, None when nothing played.

    `bot_channel` is the voice channel that the bot was in, None when it was in none.
    """

    guild: int
    member: Member
    text_channel: int
    play: str | None
    bot_channel: int | None


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Reads callers off interactions."""

    board: Board
    whereabouts: Whereabouts

    def caller(self, interaction: hikari.PartialInteraction) -> Caller | Refused:
        """Return who asks, or the refusal of a direct message, where there is no guild."""
        guild = interaction.guild_id
        if guild is None:
            return Refused(Code.SERVER_ONLY)
        user = interaction.user.id
        view = self.board.get(guild)
        return Caller(
            int(guild),
            Member(int(user), self.whereabouts.channel(guild, user)),
            int(interaction.channel.id),
            view.current.play if view and view.current else None,
            view.voice_channel if view else None,
        )


def unwritable(interaction: hikari.PartialInteraction) -> Refused | None:
    """Return the refusal of a channel that the bot may not write panels to, None if it may."""
    threaded = interaction.channel.type in THREADS
    needed = WRITING_IN_THREADS if threaded else WRITING
    granted = interaction.app_permissions
    if granted is None or granted & hikari.Permissions.ADMINISTRATOR:
        return None
    missing = needed & ~granted
    return Refused(Code.CANNOT_WRITE, {"missing": names(missing)}) if missing else None
