"""The bot's own voice state: asking Discord for a place, and telling players what Discord says.

A place is asked for over the gateway, which answers nothing when it refuses. So what would be
refused (a missing permission, a full channel) is looked at first, by REST: with roles and channels
of every guild in a cache the process would be twice its size for a look a minute. A REST that
fails is no refusal: the gateway is asked all the same, and the player knows when to give up.

What Discord says goes to the guild's player by one look-up, and into its mailbox before anything
is awaited: listeners start in the order of events and may finish in any.
"""

import asyncio

import hikari
import structlog

from actors.guild.player.messages import VoiceServerChanged, VoiceSessionEnded, VoiceStateChanged
from actors.guild.player.ports import JoinRefused
from actors.guild.refusal import Code, Refused
from actors.runtime import MailboxFull
from seraphim.addresses import is_inside
from seraphim.discord import texts
from seraphim.discord.permissions import SPEAKING, granted, names
from seraphim.discord.players import Players
from seraphim.discord.whereabouts import Place, Whereabouts

GATEWAY_SECONDS = 10.0
"""How long to wait for a shard that is reconnecting."""
LOOK_SECONDS = 5.0
"""How long the look at permissions may take."""

MISSING_ACCESS = 50001

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class DiscordVoice:
    """Implements the port `VoiceGateway`, and routes voice events to players.

    `inside_allowed`: voice servers on this machine are believed, because Discord itself is here.
    """

    def __init__(
        self,
        bot: hikari.GatewayBot,
        *,
        players: Players,
        whereabouts: Whereabouts,
        inside_allowed: bool,
    ) -> None:
        self._bot = bot
        self._players = players
        self._whereabouts = whereabouts
        self._inside_allowed = inside_allowed
        # Who sits where must be known before a player is told: the listeners stand in this order.
        for event, listener in (
            (hikari.GuildAvailableEvent, self._on_guild),
            (hikari.GuildJoinEvent, self._on_guild),
            (hikari.GuildLeaveEvent, self._on_guild_lost),
            (hikari.VoiceStateUpdateEvent, self._on_state),
            (hikari.VoiceServerUpdateEvent, self._on_server),
        ):
            bot.subscribe(event, listener)

    # --- the port ----------------------------------------------------------------------------

    async def join(self, guild: int, channel: int) -> None:
        """Ask Discord for a place in the channel. Raises `JoinRefused`.

        While the shard reconnects it waits, ten seconds at most.
        """
        refused = await self._look(guild, channel)
        if refused is not None:
            raise JoinRefused(refused)
        try:
            await self._ask(guild, channel)
        except TimeoutError:
            raise JoinRefused(Refused(Code.DISCORD_REFUSED)) from None

    async def leave(self, guild: int) -> None:
        """Ask Discord to take the bot out of voice; waits for no answer."""
        try:
            await self._ask(guild, None)
        except TimeoutError:
            # Without a gateway session there is no voice state either, soon.
            log.warning("voice.leave_unheard", guild=guild)

    def state(self, guild: int) -> VoiceStateChanged:
        """Return where Discord last said the bot is."""
        place = self._whereabouts.place(guild, self._me)
        return VoiceStateChanged(None, None) if place is None else _changed(place)

    # --- asking ------------------------------------------------------------------------------

    @property
    def _me(self) -> int:
        return int(self._bot.token_id)

    async def _ask(self, guild: int, channel: int | None) -> None:
        """Send the wish, raising `TimeoutError` if no shard can take it in time."""
        async with asyncio.timeout(GATEWAY_SECONDS):
            if not self._bot.shards:
                # The first guilds arrive while hikari still starts.
                await self._bot.wait_for(hikari.StartedEvent, timeout=None)
            while True:
                try:
                    await self._bot.update_voice_state(guild, channel, self_deaf=True)
                except hikari.ComponentStateConflictError:
                    await self._bot.wait_for(hikari.ShardConnectedEvent, timeout=None)
                else:
                    return

    async def _look(self, guild: int, channel: int) -> Refused | None:
        """Return why Discord would refuse a place, None if it would not, or if it cannot say."""
        here: dict[str, str | int] = {"channel": channel}
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                place, member, roles = await asyncio.gather(
                    self._bot.rest.fetch_channel(channel),
                    self._bot.rest.fetch_member(guild, self._me),
                    self._bot.rest.fetch_roles(guild),
                )
        except hikari.ForbiddenError:
            missing = names(hikari.Permissions.VIEW_CHANNEL)
            return Refused(Code.CANNOT_SPEAK, {**here, "missing": missing})
        except (hikari.HTTPError, TimeoutError) as error:
            log.warning("voice.not_looked_at", guild=guild, channel=channel, error=repr(error))
            return None
        if not isinstance(place, hikari.GuildVoiceChannel | hikari.GuildStageChannel):
            return Refused(Code.DISCORD_REFUSED)
        allowed = granted(
            guild=guild,
            member=self._me,
            roles={role.id: role.permissions for role in roles},
            member_roles=member.role_ids,
            overwrites=place.permission_overwrites,
        )
        missing = SPEAKING & ~allowed
        if missing:
            return Refused(Code.CANNOT_SPEAK, {**here, "missing": names(missing)})
        if self._is_full(place) and not allowed & hikari.Permissions.MOVE_MEMBERS:
            room = texts.ROOM.format(limit=place.user_limit)
            return Refused(Code.CANNOT_SPEAK, {**here, "missing": room})
        return None

    def _is_full(self, place: hikari.GuildVoiceChannel | hikari.GuildStageChannel) -> bool:
        if not place.user_limit or self._whereabouts.channel(place.guild_id, self._me) == place.id:
            return False
        return self._whereabouts.crowd(place.guild_id, place.id) >= place.user_limit

    # --- what Discord says ----------------------------------------------------------------------

    async def _on_guild(self, event: hikari.GuildAvailableEvent | hikari.GuildJoinEvent) -> None:
        before = self.state(event.guild_id)
        states = event.voice_states or {}
        self._whereabouts.arrive(
            event.guild_id,
            (place for state in states.values() if (place := _place(state)) is not None),
        )
        # A new session: what the old one said of us need not hold. Whoever is missing now was not
        # kicked, for that is said; the place has ended with the session.
        after = self.state(event.guild_id)
        if before.channel is not None and after.channel is None:
            await self._tell(event.guild_id, VoiceSessionEnded())
        elif after.channel is not None and self._players.find(event.guild_id) is None:
            # Left over by a process that was killed: what plays there is nobody's any more.
            log.info("voice.left_over", guild=event.guild_id, channel=after.channel)
            await self.leave(event.guild_id)
        elif after != before:
            await self._tell(event.guild_id, after)

    async def _on_guild_lost(self, event: hikari.GuildLeaveEvent) -> None:
        self._whereabouts.forget(event.guild_id)
        player = self._players.find(event.guild_id)
        if player is not None:
            await player.stop()

    async def _on_state(self, event: hikari.VoiceStateUpdateEvent) -> None:
        state = event.state
        place = _place(state)
        if place is None:
            self._whereabouts.leave(event.guild_id, state.user_id)
        else:
            self._whereabouts.move(event.guild_id, place)
        if state.user_id == self._me:
            changed = VoiceStateChanged(None, None) if place is None else _changed(place)
            await self._tell(event.guild_id, changed)

    async def _on_server(self, event: hikari.VoiceServerUpdateEvent) -> None:
        endpoint = event.raw_endpoint
        if endpoint is not None and not self._inside_allowed and is_inside(host_of(endpoint)):
            log.error("voice.endpoint_refused", guild=event.guild_id, endpoint=endpoint)
            return
        await self._tell(event.guild_id, VoiceServerChanged(event.token, endpoint))

    async def _tell(
        self, guild: int, message: VoiceStateChanged | VoiceSessionEnded | VoiceServerChanged
    ) -> None:
        player = self._players.find(guild)
        if player is None:
            return
        try:
            player.tell_nowait(message)
        except MailboxFull:
            # The player needs every one of these; it waits for room, and says that it had to.
            log.warning("voice.player_busy", guild=guild)
            await player.tell(message)


def _place(state: hikari.VoiceState) -> Place | None:
    if state.channel_id is None:
        return None
    return Place(int(state.user_id), int(state.channel_id), state.session_id)


def _changed(place: Place) -> VoiceStateChanged:
    return VoiceStateChanged(place.channel, place.session)


def host_of(endpoint: str) -> str:
    """Return the host of `host:port`, also where it is an address in brackets."""
    if endpoint.startswith("["):
        return endpoint.partition("]")[0]
    return endpoint.rpartition(":")[0] if endpoint.count(":") == 1 else endpoint
