"""Who asks, from where, and about what: read off an interaction the moment it arrives.

In which voice channel somebody is, is not always known: after a restart that went on with the
session before, Discord says of a guild only what changes. Then it is looked up, once it matters.
"""

import asyncio
from dataclasses import dataclass, replace

import hikari

from actors.guild.board import Board
from actors.guild.player.messages import Member
from actors.guild.refusal import Code, Refused
from seraphim.discord.permissions import WRITING, WRITING_IN_THREADS, names
from seraphim.discord.whereabouts import Place, Whereabouts

LOOK_UP_SECONDS = 5.0

THREADS = (
    hikari.ChannelType.GUILD_NEWS_THREAD,
    hikari.ChannelType.GUILD_PUBLIC_THREAD,
    hikari.ChannelType.GUILD_PRIVATE_THREAD,
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `play` is the play that was current when they did, None when nothing played.

    `bot_channel` is the voice channel that the bot was in, None when it was in none. Until the
    caller is `located`, the member's channel may be missing.
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
    rest: hikari.api.RESTClient

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

    async def located(self, caller: Caller) -> Caller:
        """Return the caller with the voice channel that they are in; they are asked for once.

        Raises hikari's errors and `TimeoutError` where Discord cannot say.
        """
        guild, user = caller.guild, caller.member.id
        if self.whereabouts.knows(guild, user):
            return caller
        place: Place | None = None
        self.whereabouts.ask(guild, user)
        try:
            async with asyncio.timeout(LOOK_UP_SECONDS):
                place = await self._look_up(guild, user)
        finally:
            self.whereabouts.answer(guild, user, place)
        return replace(caller, member=Member(user, self.whereabouts.channel(guild, user)))

    async def _look_up(self, guild: int, user: int) -> Place | None:
        try:
            state = await self.rest.fetch_voice_state(guild, user)
        except hikari.NotFoundError:
            return None
        return Place.read(state)


def unwritable(interaction: hikari.PartialInteraction) -> Refused | None:
    """Return the refusal of a channel that the bot may not write panels to, None if it may."""
    threaded = interaction.channel.type in THREADS
    needed = WRITING_IN_THREADS if threaded else WRITING
    granted = interaction.app_permissions
    if granted is None or granted & hikari.Permissions.ADMINISTRATOR:
        return None
    missing = needed & ~granted
    return Refused(Code.CANNOT_WRITE, {"missing": names(missing)}) if missing else None
