"""Everything that goes wrong at Discord or is done to the bot there, on order.

    sandbox.faults.drop_gateway()
    sandbox.faults.lose_next("VOICE_SERVER_UPDATE")
    refusal = sandbox.faults.refuse("PATCH /channels/*/messages/*", status=500)
    …
    refusal.lift()

What can happen at once happens within the call; only moving a voice server takes time.
"""

import asyncio

from seraphim.sandbox.discord import Discord
from seraphim.sandbox.disruptions import VOICE_EVENTS, Detour, Refusal
from seraphim.sandbox.entities import Member
from seraphim.sandbox.errors import CannotDo
from seraphim.sandbox.places import Guild, TextChannel, VoiceChannel
from seraphim.sandbox.sessions import Opcode, Session
from seraphim.sandbox.voice import DavePolicy, VoiceServer
from seraphim.voice import Opcode as VoiceOpcode


class Faults:
    """What can be ordered."""

    def __init__(self, discord: Discord) -> None:
        self._discord = discord

    # The gateway. Without a shard: all connections.

    def drop_gateway(self, shard: int | None = None) -> None:
        """Cut the TCP connection. The session can be resumed for a while."""
        for session in self._connected(shard):
            assert session.socket is not None
            session.socket.abort()

    def close_gateway(self, code: int, shard: int | None = None) -> None:
        """Close with a code: after 4004, 4007 and 4009 and later the session has ended.

        A 1000 or 1001 from Discord's side leaves it (only the client's own end it).
        """
        for session in self._connected(shard):
            assert session.socket is not None
            session.socket.close(code, "Ordered.")

    def invalidate_session(self, shard: int | None = None, *, resumable: bool = False) -> None:
        """Say INVALID_SESSION (op 9); unless `resumable`, the session ends with it."""
        for session in self._connected(shard):
            assert session.socket is not None
            session.socket.send_op(Opcode.INVALID_SESSION, resumable)
            if not resumable:
                self._discord.gateway.end(session)

    def ask_to_reconnect(self, shard: int | None = None) -> None:
        """Say RECONNECT (op 7): the client should come back and resume."""
        for session in self._connected(shard):
            assert session.socket is not None
            session.socket.send_op(Opcode.RECONNECT, None)

    def refuse_resume(self) -> None:
        """The next RESUME comes too late: its session ends with it, and is invalid (op 9)."""
        self._discord.gateway.resumes_refused += 1

    def lose_next(self, event: str, guild: Guild | None = None, *, times: int = 1) -> None:
        """The next VOICE_STATE_UPDATE or VOICE_SERVER_UPDATE of the bot never arrives.

        With `times`, as many of them.
        """
        self._detour(event, (), guild, times)

    def double_next(self, event: str, guild: Guild | None = None, *, gap: float = 0.0) -> None:
        """The next such event of the bot arrives twice, `gap` seconds apart."""
        self._detour(event, (0.0, gap), guild)

    def delay_next(self, event: str, seconds: float, guild: Guild | None = None) -> None:
        """The next such event of the bot arrives late; others overtake it."""
        self._detour(event, (seconds,), guild)

    # REST

    def refuse(
        self, route: str, *, status: int = 500, times: int | None = None, retry_after: float = 1.0
    ) -> Refusal:
        """Answer requests with an error: the next `times`, or all until it is lifted.

        `route` is a method and a path below the API's root, where `*` stands for anything:
        `PATCH /channels/*/messages/*`. With status 429, `retry_after` says for how many seconds.
        """
        refusal = Refusal(route, status, times, retry_after)
        self._discord.disruptions.refusals.append(refusal)
        return refusal

    # Voice

    async def move_voice_server(self, guild: Guild, *, gap: float | None = None) -> None:
        """Serve the guild's voice elsewhere: new endpoint and token.

        With a `gap` the endpoint is null first, and the new one follows after as many seconds.
        """
        if gap is not None:
            self._discord.voice_states.unhouse(guild.entity)
            await asyncio.sleep(gap)
        await self._discord.voice_states.move_server(guild.entity)

    def voice_server(self, guild: Guild) -> VoiceServer:
        """The voice server of a guild, for faults on the voice connection itself."""
        return self._discord.voice_states.region(guild.entity)

    def close_voice(self, guild: Guild, code: int, *, void: bool = False) -> None:
        """Close the bot's voice connection with a code.

        `void`: what it identifies with is good no more, until Discord gives it new credentials.
        """
        server = self.voice_server(guild)
        (server.void if void else server.close)(guild.id, self._discord.bot.id, code)

    def encrypt(self, policy: DavePolicy) -> None:
        """From now on require end-to-end encryption, offer it, or do without.

        Clients that are connected stay, and are told; later ones without it are closed with 4017
        where it is required.
        """
        self._discord.voice_states.dave = policy

    def spoil_commit(self, guild: Guild, *, times: int = 1) -> None:
        """The next change of keys that the bot is told of (op 29) comes to harm on its way."""
        spoiled = self.voice_server(guild).troubles.spoiled
        spoiled[VoiceOpcode.DAVE_MLS_ANNOUNCE_COMMIT_TRANSITION] += times

    def spoil_welcome(self, guild: Guild, *, times: int = 1) -> None:
        """The next welcome into a group's keys (op 30) comes to harm on its way to the bot."""
        self.voice_server(guild).troubles.spoiled[VoiceOpcode.DAVE_MLS_WELCOME] += times

    def kick_from_voice(self, guild: Guild) -> None:
        """Disconnect the bot from its voice channel."""
        self._discord.voice_states.leave(self._bot_in_voice(guild))

    def drag(self, guild: Guild, channel: VoiceChannel) -> None:
        """Move the bot to another voice channel."""
        self._discord.voice_states.drag(self._bot_in_voice(guild), channel.entity)

    def server_mute(self, guild: Guild, *, muted: bool = True) -> None:
        """Mute the bot for everybody, or unmute it."""
        self._discord.voice_states.server_mute(self._bot(guild), muted=muted)

    def put_on_stage(self, guild: Guild, *, speaks: bool = True) -> None:
        """Make the bot a speaker of the stage that it is in, or send it back to the audience."""
        self._discord.voice_states.put_on_stage(self._bot_in_voice(guild), speaks=speaks)

    # Places

    def delete_channel(self, channel: TextChannel | VoiceChannel) -> None:
        """Delete a channel; whoever is in it is thrown out of voice first."""
        self._discord.voice_states.empty(channel.entity)
        self._discord.world.remove_channel(channel.entity)

    def _connected(self, shard: int | None) -> list[Session]:
        return self._discord.gateway.connected(shard)

    def _bot(self, guild: Guild) -> Member:
        return guild.entity.member(self._discord.bot.id)

    def _bot_in_voice(self, guild: Guild) -> Member:
        bot = self._bot(guild)
        if bot.user.id not in guild.entity.voice_states:
            raise CannotDo(f"the bot is in no voice channel of {guild.name}")
        return bot

    def _detour(
        self, event: str, delays: tuple[float, ...], guild: Guild | None, times: int = 1
    ) -> None:
        if event not in VOICE_EVENTS:
            raise CannotDo(f"only these can be delayed or lost: {', '.join(sorted(VOICE_EVENTS))}")
        guild_id = guild.id if guild else None
        self._discord.disruptions.detours.append(Detour(event, delays, guild_id, times))
