"""Who asks, from where, and about what: read off an interaction the moment it arrives.

In which voice channel somebody is, is not always known: after a restart that went on with the
session before, Discord says of a guild only what changes. Then it is looked up, once it matters.
"""

import asyncio
from dataclasses import dataclass, replace

import hikari

from actors.guild.board import Board
from actors.guild.player.access import misplaced
from actors.guild.player.messages import Member
from actors.guild.player.track import Entry
from actors.guild.refusal import Code, Refused
from actors.guild.settings import GuildSettings
from seraphim.discord.permissions import WRITING, WRITING_IN_THREADS, names
from seraphim.discord.whereabouts import Place, Whereabouts

LOOK_UP_SECONDS = 5.0

MANAGING = hikari.Permissions.MANAGE_GUILD | hikari.Permissions.ADMINISTRATOR
THREADS = (
    hikari.ChannelType.GUILD_NEWS_THREAD,
    hikari.ChannelType.GUILD_PUBLIC_THREAD,
    hikari.ChannelType.GUILD_PRIVATE_THREAD,
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `play` is the play that was current when they did, None when nothing played.

    `bot_channel` is the voice channel that the bot was in, None when it was in none; `waiting` are
    the tracks that waited. Until the
    caller is `located`, the member's channel may be missing.
    """

    guild: int
    member: Member
    text_channel: int
    play: str | None
    bot_channel: int | None
    waiting: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Reads callers off interactions."""

    board: Board
    whereabouts: Whereabouts
    rest: hikari.api.RESTClient

    def caller(self, interaction: hikari.PartialInteraction) -> Caller | Refused:
        """Return who asks, or the refusal of where they ask from."""
        guild, user = interaction.guild_id, interaction.user.id
        if guild is None:
            return Refused(Code.SERVER_ONLY)
        view, settings = self.board.get(guild), self.board.settings(guild)
        if isinstance(interaction, hikari.CommandInteraction):
            refused = _misdirected(interaction, settings)
            if refused is not None:
                return refused
        member = Member(
            int(user),
            self.whereabouts.channel(guild, user),
            dj=is_dj(interaction.member, settings),
            name=interaction.member.display_name if interaction.member else "",
        )
        return Caller(
            int(guild),
            member,
            int(interaction.channel.id),
            view.current.play if view and view.current else None,
            view.voice_channel if view else None,
            view.queue if view else (),
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
        channel = self.whereabouts.channel(guild, user)
        return replace(caller, member=replace(caller.member, voice_channel=channel))

    async def _look_up(self, guild: int, user: int) -> Place | None:
        try:
            state = await self.rest.fetch_voice_state(guild, user)
        except hikari.NotFoundError:
            return None
        return Place.read(state)


def manages(member: hikari.InteractionMember | None) -> bool:
    """Return whether a member may manage the server, and so decides everything."""
    return member is not None and bool(member.permissions & MANAGING)


def is_dj(member: hikari.InteractionMember | None, settings: GuildSettings) -> bool:
    """Return whether a member may do everything to the music."""
    if member is None:
        return False
    has_role = settings.dj_role is not None and settings.dj_role in member.role_ids
    return has_role or member.id in settings.djs or manages(member)


def _misdirected(interaction: hikari.CommandInteraction, settings: GuildSettings) -> Refused | None:
    """Return the refusal of a command in a channel where none are taken.

    A thread counts as its channel. Who manages the server is heard everywhere, or nobody could
    take back a channel that is gone.
    """
    allowed, channel = settings.allowed_channels, interaction.channel
    places = {int(channel.id)}
    if channel.parent_id is not None and channel.type in THREADS:
        places.add(int(channel.parent_id))
    if not allowed or not places.isdisjoint(allowed) or manages(interaction.member):
        return None
    return Refused(Code.CHANNEL_NOT_ALLOWED, {"channels": " ".join(map(str, allowed))})


def unplayable(interaction: hikari.PartialInteraction, caller: Caller) -> Refused | None:
    """Return the refusal of who cannot have anything played from here, None if they can.

    It is what they can mend themselves, so it is said before anything is looked for.
    """
    return misplaced(caller.bot_channel, caller.member) or unwritable(interaction)


def unwritable(interaction: hikari.PartialInteraction) -> Refused | None:
    """Return the refusal of a channel that the bot may not write panels to, None if it may."""
    threaded = interaction.channel.type in THREADS
    needed = WRITING_IN_THREADS if threaded else WRITING
    granted = interaction.app_permissions
    if granted is None or granted & hikari.Permissions.ADMINISTRATOR:
        return None
    missing = needed & ~granted
    return Refused(Code.CANNOT_WRITE, {"missing": names(missing)}) if missing else None
