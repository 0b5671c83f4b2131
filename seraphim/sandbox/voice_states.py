"""Who is where in voice, and the bot's way in.

The bot's voice state belongs to the gateway session that asked for it and ends with that session.
Joining gives credentials twice over: VOICE_STATE_UPDATE names the session, VOICE_SERVER_UPDATE the
server and a token. The voice servers admit exactly whom they were told to expect.

Human members have no voice connection: they are there and listen, each with keys of their own.
"""

import secrets
from collections.abc import Callable
from datetime import datetime

from seraphim.sandbox.entities import Channel, ChannelKind, Guild, Member, VoiceState
from seraphim.sandbox.gateway import Gateway
from seraphim.sandbox.json_values import JsonObject, flag, integer
from seraphim.sandbox.permissions import Permission
from seraphim.sandbox.sessions import Session
from seraphim.sandbox.voice import DavePolicy, VoiceServer
from seraphim.sandbox.world import World


class VoiceStates:
    """Every way into, through and out of voice channels."""

    def __init__(
        self,
        world: World,
        gateway: Gateway,
        make_region: Callable[[DavePolicy], VoiceServer],
        dave: DavePolicy,
    ) -> None:
        self._world = world
        self._dave = dave
        self._make_region = make_region
        self._regions: list[VoiceServer] = []
        self._region_of: dict[int, VoiceServer] = {}
        self._holders: dict[int, Session] = {}
        """Which session the bot's voice state in a guild belongs to."""
        self._unhoused: set[int] = set()
        """Guilds between two voice servers."""
        self._suppressed: set[int] = set()
        """Guilds in which the bot was not allowed to speak when that was last told."""
        gateway.on_voice(self._take, self._let_go)

    async def start(self) -> None:
        """Start the first region."""
        await self._another_region()

    async def stop(self) -> None:
        """Stop all regions."""
        for region in self._regions:
            await region.stop()

    def region(self, guild: Guild) -> VoiceServer:
        """The voice server of a guild."""
        return self._region_of.get(guild.id, self._regions[0])

    @property
    def dave(self) -> DavePolicy:
        """What all voice servers make of end-to-end encryption."""
        return self._dave

    @dave.setter
    def dave(self, policy: DavePolicy) -> None:
        self._dave = policy
        for region in self._regions:
            region.dave = policy

    # What the bot asks for (op 4)

    def _take(self, session: Session, data: JsonObject) -> None:
        guild = self._world.guilds.get(integer(data, "guild_id") or 0)
        bot = self._world.bot
        if guild is None or bot.id not in guild.members or not session.concerns(guild.id):
            return
        channel_id = integer(data, "channel_id")
        mute, deaf = flag(data, "self_mute"), flag(data, "self_deaf")
        if channel_id is None:
            self.leave(guild.members[bot.id])
        elif channel := guild.channels.get(channel_id):
            self._bot_joins(session, channel, mute=mute, deaf=deaf)

    def _bot_joins(self, session: Session, channel: Channel, *, mute: bool, deaf: bool) -> None:
        guild = channel.guild
        member = guild.members[self._world.bot.id]
        state = guild.voice_states.get(member.user.id)
        stays = state is not None and state.channel is channel
        if not stays and not self.admits(channel, member):
            return
        # In the same channel a new session takes over while the old connection still sounds.
        if state and not stays:
            self.region(guild).dismiss(guild.id, member.user.id)
        same = stays and state is not None and self._holders.get(guild.id) is session
        self._holders[guild.id] = session
        entered = VoiceState(member, channel, session.id, mute, deaf)
        if stays and state is not None:
            entered.on_stage = state.on_stage
            entered.asked_to_speak_at = state.asked_to_speak_at
        self._enter(entered, left=state)
        if not same:
            self._invite(guild, session)

    def _invite(self, guild: Guild, session: Session) -> None:
        state = guild.voice_states[self._world.bot.id]
        token = secrets.token_hex(8)
        if guild.id in self._unhoused:
            self._world.voice_server(guild, token=token, endpoint=None)
            return
        region = self.region(guild)
        region.expect(
            guild_id=guild.id,
            channel_id=state.channel.id,
            user_id=state.member.user.id,
            session_id=session.id,
            token=token,
            stage=state.channel.kind is ChannelKind.STAGE,
        )
        self._world.voice_server(guild, token=token, endpoint=region.endpoint)

    def _let_go(self, session: Session) -> None:
        """A session ended, and with it the voice states that it held."""
        held = [guild_id for guild_id, holder in self._holders.items() if holder is session]
        for guild_id in held:
            self.leave(self._world.guilds[guild_id].members[self._world.bot.id])

    # What happens to anybody

    def admits(self, channel: Channel, member: Member) -> bool:
        """Whether Discord lets `member` in."""
        permissions = member.permissions(channel)
        full = 0 < channel.user_limit <= len(channel.guild.in_voice(channel))
        return (
            channel.kind.spoken
            and Permission.CONNECT in permissions
            and (not full or Permission.MOVE_MEMBERS in permissions)
        )

    def requires_dave(self, channel: Channel) -> bool:
        """Whether apps without end-to-end encryption are kept out."""
        return self._dave is DavePolicy.REQUIRED and channel.kind is not ChannelKind.STAGE

    def join(self, member: Member, channel: Channel, *, speaks_dave: bool = True) -> None:
        """A human member joins or moves."""
        before = member.guild.voice_states.get(member.user.id)
        session_id = before.session_id if before else secrets.token_hex(16)
        state = VoiceState(member, channel, session_id, speaks_dave=speaks_dave)
        self._enter(state, left=before)

    def leave(self, member: Member) -> None:
        """Anybody leaves, is kicked, or loses their session; nothing if they are not there."""
        guild = member.guild
        state = guild.voice_states.get(member.user.id)
        if state is None:
            return
        self._world.clear_voice_state(state)
        if member.user is self._world.bot:
            self._holders.pop(guild.id, None)
            self.region(guild).dismiss(guild.id, member.user.id)
        else:
            self._tell_listeners(state.channel)

    def drag(self, member: Member, channel: Channel) -> None:
        """A moderator moves somebody who is in voice."""
        if member.user is not self._world.bot:
            before = member.guild.voice_states[member.user.id]
            self.join(member, channel, speaks_dave=before.speaks_dave)
            return
        guild = member.guild
        state = guild.voice_states[member.user.id]
        self.region(guild).dismiss(guild.id, member.user.id)
        moved = VoiceState(member, channel, state.session_id, state.self_mute, state.self_deaf)
        self._enter(moved, left=state)
        self._invite(guild, self._holders[guild.id])

    def server_mute(self, member: Member, *, muted: bool) -> None:
        """A moderator mutes somebody for all."""
        member.mute = muted
        self._world.changed_member(member)
        if state := member.guild.voice_states.get(member.user.id):
            self._world.changed_voice_state(state)
            self._silence(state)

    def put_on_stage(self, member: Member, *, speaks: bool) -> None:
        """Somebody in a stage channel becomes a speaker, or goes back to the audience."""
        state = member.guild.voice_states[member.user.id]
        state.on_stage = speaks
        state.asked_to_speak_at = None
        self._world.changed_voice_state(state)
        self._silence(state)

    def ask_to_speak(self, member: Member, asked_at: datetime | None) -> None:
        """Somebody in the audience raises their hand, or (None) lowers it."""
        state = member.guild.voice_states[member.user.id]
        state.asked_to_speak_at = asked_at
        self._world.changed_voice_state(state)

    def permissions_changed(self, guild: Guild) -> None:
        """The bot may have gained or lost its voice (Speak)."""
        state = guild.voice_states.get(self._world.bot.id)
        if state is None:
            return
        if state.suppressed is not (guild.id in self._suppressed):
            self._world.changed_voice_state(state)
        self._silence(state)

    def forget(self, guild: Guild) -> None:
        """The bot is about to be thrown out of `guild`."""
        self._holders.pop(guild.id, None)
        self.region(guild).dismiss(guild.id, self._world.bot.id)

    def empty(self, channel: Channel) -> None:
        """Everybody out: the channel goes."""
        for state in channel.guild.in_voice(channel):
            self.leave(state.member)

    # Voice servers

    def unhouse(self, guild: Guild) -> None:
        """The guild's voice server is gone and the next one not known yet (endpoint null)."""
        self._unhoused.add(guild.id)
        if guild.voice_states.get(self._world.bot.id):
            self._world.voice_server(guild, token=secrets.token_hex(8), endpoint=None)
        self.region(guild).dismiss(guild.id, self._world.bot.id)

    async def move_server(self, guild: Guild) -> None:
        """Serve the guild from another voice server; the bot is told, and closed at the old one."""
        self._unhoused.discard(guild.id)
        old = self.region(guild)
        others = [region for region in self._regions if region is not old]
        self._region_of[guild.id] = others[0] if others else await self._another_region()
        for channel in guild.channels.values():
            self._tell_listeners(channel)
        if state := guild.voice_states.get(self._world.bot.id):
            self._silence(state)
            self._invite(guild, self._holders[guild.id])
        old.dismiss(guild.id, self._world.bot.id)

    async def _another_region(self) -> VoiceServer:
        region = self._make_region(self._dave)
        await region.start()
        self._regions.append(region)
        return region

    def _enter(self, state: VoiceState, *, left: VoiceState | None) -> None:
        self._world.set_voice_state(state)
        self._silence(state)
        self._tell_listeners(state.channel)
        if left and left.channel is not state.channel:
            self._tell_listeners(left.channel)

    def _silence(self, state: VoiceState) -> None:
        if state.member.user is self._world.bot:
            muted = state.member.mute or state.suppressed
            guild = state.member.guild
            (self._suppressed.add if state.suppressed else self._suppressed.discard)(guild.id)
            self.region(guild).mute(guild.id, state.member.user.id, muted=muted)

    def _tell_listeners(self, channel: Channel) -> None:
        humans = {
            state.member.user.id: state.speaks_dave
            for state in channel.guild.in_voice(channel)
            if state.member.user is not self._world.bot
        }
        without_dave = [user_id for user_id, speaks_dave in humans.items() if not speaks_dave]
        self.region(channel.guild).listeners(channel.id, humans, without_dave=without_dave)
