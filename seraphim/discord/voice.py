"""The bot's own voice state: asking Discord for a place, and telling players what Discord says.

A place is asked for over the gateway, which answers nothing when it refuses. So what would be
refused (a missing permission, a full channel) is looked at first, by REST: with roles and channels
of every guild in a cache the process would be twice its size for a look a minute. A REST that
fails is no refusal: the gateway is asked all the same, and the player knows when to give up.
Who comes back to where it was does not look: that most likely works, and after a new session all
guilds do it at once, which is more than REST may be asked. Where it fails the next try does look.

What Discord says goes to the guild's player by one look-up, and into its mailbox before anything
is awaited: listeners start in the order of events and may finish in any. What it says before the
players of a process before are awake is kept for them, the last of each kind.

A place in voice belongs to the gateway session that asked for it. One that is there when a new
session begins is an older one's, still there or about to go: the player asks for it again.
"""

import asyncio
from collections.abc import Collection

import hikari
import structlog
from hikari import snowflakes

from actors.guild.player.messages import (
    ListenerMoved,
    ListenersChanged,
    VoiceServerChanged,
    VoiceSessionEnded,
    VoiceStateChanged,
)
from actors.guild.player.ports import JoinRefused
from actors.guild.refusal import Code, Refused
from actors.runtime import MailboxFull
from seraphim.addresses import is_inside
from seraphim.discord import channel_status
from seraphim.discord.permissions import ROOM, SPEAKING, granted, names
from seraphim.discord.players import Players
from seraphim.discord.whereabouts import Place, Whereabouts
from seraphim.discord.witness import DONE, Nobody, Witness

GATEWAY_SECONDS = 10.0
"""How long to wait for a shard that is reconnecting."""
LOOK_SECONDS = 5.0
"""How long the look at permissions may take."""
STATUS_SECONDS = 8.0
"""How long it may take to say what plays beneath a channel's name."""
ALIVE_SECONDS = 0.1
"""How often to look whether a gateway that is down has been started again."""

Said = VoiceStateChanged | VoiceSessionEnded | VoiceServerChanged | ListenersChanged | ListenerMoved

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
        witness: Witness | None = None,
    ) -> None:
        self._witness = witness or Nobody()
        self._bot = bot
        self._players = players
        self._whereabouts = whereabouts
        self._inside_allowed = inside_allowed
        # By READY: of which shards the session is a new one, and what has not arrived since.
        self._new_sessions: set[int] = set()
        self._shard_count = 1
        self._awaited: set[int] = set()
        # What was said to nobody, until the players of the process before are awake.
        self._unheard: dict[int, dict[object, Said]] = {}
        self._awake = False
        # Who sits where must be known before a player is told: the listeners stand in this order.
        for event, listener in (
            (hikari.ShardReadyEvent, self._on_session),
            (hikari.GuildAvailableEvent, self._on_guild),
            (hikari.GuildJoinEvent, self._on_guild),
            (hikari.GuildLeaveEvent, self._on_guild_lost),
            (hikari.VoiceStateUpdateEvent, self._on_state),
            (hikari.VoiceServerUpdateEvent, self._on_server),
        ):
            bot.subscribe(event, listener)

    # --- the port ----------------------------------------------------------------------------

    async def join(self, guild: int, channel: int, *, back: bool = False) -> None:
        """Ask Discord for a place in the channel. Raises `JoinRefused`.

        `back`: it was there, and is not looked at first. While the shard reconnects it waits, ten
        seconds at most.
        """
        refused = None if back else await self._look(guild, channel)
        if refused is None:
            try:
                await self._ask(guild, channel)
            except TimeoutError:
                refused = Refused(Code.DISCORD_REFUSED)
        self._witness.joined(DONE if refused is None else refused.code)
        if refused is not None:
            raise JoinRefused(refused)

    async def leave(self, guild: int) -> bool:
        """Ask Discord to take the bot out of voice; waits for no answer.

        Return whether it was asked: while the shard reconnects it waits, ten seconds at most.
        """
        try:
            await self._ask(guild, None)
        except TimeoutError:
            log.warning("voice.leave_unheard", guild=guild)
            return False
        return True

    async def speak(self, guild: int, channel: int) -> None:
        """Become a speaker of the stage `channel`, or ask to be one. Raises nothing."""
        rest = self._bot.rest
        try:
            try:
                await rest.edit_my_voice_state(guild, channel, suppress=False)
            except hikari.ForbiddenError:
                await rest.edit_my_voice_state(guild, channel, request_to_speak=True)
        except (hikari.HTTPError, hikari.ComponentStateConflictError) as error:
            # A moderator can still invite us, and the player hears of it.
            log.warning("voice.not_speaking", guild=guild, channel=channel, error=repr(error))

    async def say_status(self, guild: int, channel: int, text: str) -> None:
        """Let the voice channel say `text`, neutralised. Raises nothing, and has a deadline."""
        try:
            async with asyncio.timeout(STATUS_SECONDS):
                await channel_status.say(self._bot.rest, channel, text)
        except (hikari.HTTPError, hikari.ComponentStateConflictError, TimeoutError) as error:
            # It is an ornament: without the permission for it, music plays as well.
            log.info(
                "voice.status_unsaid", guild=guild, channel=channel, error=type(error).__name__
            )

    def state(self, guild: int) -> VoiceStateChanged | None:
        """Return where the bot is, by what Discord has said in this gateway session.

        None where it has said nothing, because the session goes on from a process before, or
        because the guild is in an outage; and while what it said is still to be told by `sweep`.
        """
        if self._whereabouts.knows(guild, self._me):
            if self._unheard.get(guild):
                return None
            return _said(self._whereabouts.place(guild, self._me))
        # A guild that a new session does not know is one that the bot is in no more.
        gone = guild not in self._awaited and self._shard(guild) in self._new_sessions
        return VoiceStateChanged(None, None) if gone else None

    async def sweep(self, awake: Collection[int]) -> None:
        """Give up the bot's places in guilds that are neither in `awake` nor have a player.

        To be called when the players of a process before are awake: before them, whatever they
        have missed is told.
        """
        self._awake = True
        unheard, self._unheard = self._unheard, {}
        for guild, said in unheard.items():
            for message in said.values():
                await self._tell(guild, message)
        for guild in self._whereabouts.seats.difference(awake):
            if self._players.find(guild) is None:
                await self._give_up(guild)

    # --- asking ------------------------------------------------------------------------------

    @property
    def _me(self) -> int:
        return int(self._bot.token_id)

    async def _ask(self, guild: int, channel: int | None) -> None:
        """Send the wish, raising `TimeoutError` if no shard can take it in time."""
        async with asyncio.timeout(GATEWAY_SECONDS):
            while True:
                while not self._bot.is_alive:  # noqa: ASYNC110, nothing says so
                    await asyncio.sleep(ALIVE_SECONDS)
                if not self._bot.shards:
                    # The first guilds arrive while hikari still starts.
                    await self._bot.wait_for(hikari.StartedEvent, timeout=None)
                try:
                    await self._bot.update_voice_state(guild, channel, self_deaf=True)
                except hikari.ComponentStateConflictError:
                    if self._bot.is_alive:
                        await self._bot.wait_for(hikari.ShardConnectedEvent, timeout=None)
                else:
                    return

    async def _give_up(self, guild: int) -> None:
        """Leave a place that nobody plays in any more."""
        log.info("voice.given_up", guild=guild)
        await self.leave(guild)

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
        except (hikari.ForbiddenError, hikari.NotFoundError):
            # A channel that is gone will not be there later either.
            missing = names(hikari.Permissions.VIEW_CHANNEL)
            return Refused(Code.CANNOT_SPEAK, {**here, "missing": missing})
        except (hikari.HTTPError, hikari.ComponentStateConflictError, TimeoutError) as error:
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
            room = {"missing": ROOM, "limit": place.user_limit}
            return Refused(Code.CANNOT_SPEAK, {**here, **room})
        return None

    def _is_full(self, place: hikari.GuildVoiceChannel | hikari.GuildStageChannel) -> bool:
        if not place.user_limit or self._whereabouts.channel(place.guild_id, self._me) == place.id:
            return False
        return self._whereabouts.crowd(place.guild_id, place.id) >= place.user_limit

    # --- what Discord says ----------------------------------------------------------------------

    async def _on_session(self, event: hikari.ShardReadyEvent) -> None:
        shard, listed = event.shard.id, {int(guild) for guild in event.unavailable_guilds}
        self._shard_count = event.shard.shard_count
        self._new_sessions.add(shard)
        known = self._whereabouts.guilds.union(self._players.guilds, self._awaited)
        lost = {guild for guild in known if self._shard(guild) == shard} - listed
        self._awaited = self._awaited - lost | listed
        for guild in lost:
            self._forget(guild)
        for guild in lost:
            await self._tell(guild, VoiceStateChanged(None, None))

    async def _on_guild(self, event: hikari.GuildAvailableEvent | hikari.GuildJoinEvent) -> None:
        guild = int(event.guild_id)
        states = (event.voice_states or {}).values()
        places = [place for state in states if (place := Place.read(state)) is not None]
        if guild in self._awaited:
            await self._begin_anew(guild, places)
            return
        # Back from an outage, or new to us, in a session that goes on.
        before = self._whereabouts.place(guild, self._me)
        known = self._whereabouts.knows(guild, self._me)
        self._whereabouts.arrive(guild, places)
        after = self._whereabouts.place(guild, self._me)
        if after != before or not known:
            await self._tell(guild, _said(after))
        await self._tell_listeners(guild)

    async def _begin_anew(self, guild: int, places: list[Place]) -> None:
        """Take a guild's first arrival in a new session."""
        self._awaited.discard(guild)
        self._unheard.pop(guild, None)
        others = [place for place in places if place.user != self._me]
        self._whereabouts.arrive(guild, others)
        if len(others) < len(places):
            self._whereabouts.expect_seats([guild])
        if self._players.find(guild) is not None:
            await self._tell(guild, VoiceSessionEnded())
        elif self._awake and len(others) < len(places):
            await self._give_up(guild)

    async def _on_guild_lost(self, event: hikari.GuildLeaveEvent) -> None:
        self._forget(event.guild_id)
        await self._tell(event.guild_id, VoiceStateChanged(None, None))

    def _forget(self, guild: int) -> None:
        """Take note that the bot is in the guild no more."""
        self._awaited.discard(guild)
        self._unheard.pop(guild, None)
        self._whereabouts.arrive(guild, ())

    async def _on_state(self, event: hikari.VoiceStateUpdateEvent) -> None:
        guild, user = int(event.guild_id), int(event.state.user_id)
        place = Place.read(event.state)
        before = self._whereabouts.place(guild, user)
        news = place is not None or before is not None
        news = news or not self._whereabouts.knows(guild, user)
        if place is None:
            self._whereabouts.leave(guild, user)
        else:
            self._whereabouts.move(guild, place)
        if user != self._me:
            await self._on_other(guild, user, before, place)
            return
        if guild in self._awaited:
            if place is None:
                # The end of the session before; the guild's arrival tells the player.
                return
            # Asked for in the new session, before the guild has arrived in it.
            self._awaited.discard(guild)
        if news:
            await self._tell(guild, _said(place))
        if place is not None and (before is None or before.channel != place.channel):
            await self._tell_listeners(guild)

    async def _on_other(
        self, guild: int, user: int, before: Place | None, after: Place | None
    ) -> None:
        """Take note that somebody else has come, gone or changed."""
        was, now = (place.channel if place else None for place in (before, after))
        known = after or before
        if (known is not None and not known.human) or (before is not None and was == now):
            return
        ours = self._whereabouts.channel(guild, self._me)
        if self._whereabouts.counted(guild) and ours is not None:
            if ours in {was, now}:
                await self._tell_listeners(guild)
        elif not self._whereabouts.whole(guild):
            # Of a place that is older than this process only its player knows.
            await self._tell(guild, ListenerMoved(user, now))

    async def _tell_listeners(self, guild: int) -> None:
        """Tell who hears us; where not all are known, who moves is all that can be told."""
        listeners = self._whereabouts.listeners(guild)
        if listeners is not None:
            await self._tell(guild, ListenersChanged(listeners))

    async def _on_server(self, event: hikari.VoiceServerUpdateEvent) -> None:
        endpoint = event.raw_endpoint
        if endpoint is not None and not self._inside_allowed and is_inside(host_of(endpoint)):
            log.error("voice.endpoint_refused", guild=event.guild_id, endpoint=endpoint)
            return
        await self._tell(event.guild_id, VoiceServerChanged(event.token, endpoint))

    async def _tell(self, guild: int, message: Said) -> None:
        player = self._players.find(guild)
        if player is None:
            # In a new session there is nothing to be missed: nobody has asked for a place yet.
            if not self._awake and self._shard(guild) not in self._new_sessions:
                self._unheard.setdefault(guild, {})[_topic(message)] = message
            return
        self._unheard.get(guild, {}).pop(_topic(message), None)
        try:
            player.tell_nowait(message)
        except MailboxFull:
            # The player needs every one of these; it waits for room, and says that it had to.
            log.warning("voice.player_busy", guild=guild)
            await player.tell(message)

    def _shard(self, guild: int) -> int:
        return snowflakes.calculate_shard_id(self._shard_count, guild)


def _topic(message: Said) -> object:
    """Return what a message is about: what was said of it before is out of date."""
    return message.user if isinstance(message, ListenerMoved) else type(message)


def _said(place: Place | None) -> VoiceStateChanged:
    if place is None:
        return VoiceStateChanged(None, None)
    return VoiceStateChanged(place.channel, place.session, place.muted, place.suppressed)


def host_of(endpoint: str) -> str:
    """Return the host of `host:port`, also where it is an address in brackets."""
    if endpoint.startswith("["):
        return endpoint.partition("]")[0]
    return endpoint.rpartition(":")[0] if endpoint.count(":") == 1 else endpoint
