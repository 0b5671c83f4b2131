"""A player's way into a voice channel, from its credentials to the close that ends it.

Connecting runs as a task of its own, so that whoever asked for it never waits: it becomes ready or
is closed within `CONNECT_SECONDS`, and says which through its `VoiceListener`. Lavalink connects
inside the request instead, and an unreachable voice server hangs that request for ever.

Going away (1001), a crashed server (4015), a lost connection and a heartbeat without an answer
leave the voice session there: it is resumed, and that is no event, because the sound goes its own
way over UDP meanwhile. Every other close ends the connection; whether to come back is the bot's to
decide, who knows where Discord says it is.

Sound is encrypted twice: to the voice server (`encryption`), and to those who listen (`dave`). The
second can make it wait, at the start and whenever the group is made anew: `sendable` says so.
"""

import asyncio
import ssl
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NoReturn, Protocol, cast

import aiohttp
import structlog

from seraphim.audio_node.voice.dave import HIGHEST_VERSION, Dave
from seraphim.audio_node.voice.encryption import choose_mode, encryption_for
from seraphim.audio_node.voice.gateway import ABNORMAL, Closed, Gateway, Message
from seraphim.audio_node.voice.udp import KEEP_ALIVE_SECONDS, DiscoveryFailed, Transmitter
from seraphim.voice import RESUMABLE, Address, CloseCode, Mode, Opcode, Speaking

CONNECT_SECONDS: Final = 10.0
"""From nothing to the keys, and from a lost connection to a resumed one."""

RESUME_DELAYS: Final = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)
RESUMING_CODES: Final = RESUMABLE | {ABNORMAL}

LOST: Final = 4000
"""What a websocket is closed with when its session goes on: 1000 would end it."""

KEY_SIZE: Final = 32

_log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


@dataclass(frozen=True, slots=True)
class VoiceCredentials:
    """What Discord told the bot, and the bot the node. Session and token are secrets."""

    channel_id: int
    endpoint: str
    session_id: str = field(repr=False)
    token: str = field(repr=False)


class VoiceListener(Protocol):
    """Whom a connection tells what became of it; never from within a call to it."""

    def voice_ready(self, connection: "VoiceConnection") -> None:
        """Sound can be sent. Said once."""
        ...

    def voice_changed(self, connection: "VoiceConnection") -> None:
        """After it was ready, `connected` is another: the session is being resumed, or was."""
        ...

    def voice_closed(self, connection: "VoiceConnection", closed: Closed) -> None:
        """It ended by itself or by the server, for good. Not said after `close`."""
        ...


class VoiceConnection:
    """Connects as soon as it is made; needs a running loop, and `close` when done with."""

    def __init__(
        self,
        credentials: VoiceCredentials,
        *,
        guild_id: int,
        user_id: int,
        http: aiohttp.ClientSession,
        tls: ssl.SSLContext,
        listener: VoiceListener,
        connect_seconds: float = CONNECT_SECONDS,
        keep_alive_seconds: float = KEEP_ALIVE_SECONDS,
    ) -> None:
        self.credentials = credentials
        self.ready = False
        """Whether sound could be sent at some time. It stays true."""
        self.resumes = 0
        """How often its session was taken up again."""
        self._guild_id = guild_id
        self._user_id = user_id
        self._http = http
        self._tls = tls
        self._listener = listener
        self._connect_seconds = connect_seconds
        self._keep_alive_seconds = keep_alive_seconds
        self._established = False
        self._leaving = False
        self._transmitter: Transmitter | None = None
        self._dave = Dave(user_id=user_id, channel_id=credentials.channel_id, say=self._say)
        self._unsaid: deque[tuple[Opcode, Mapping[str, object] | bytes]] = deque()
        """What end-to-end encryption has to say; it outlasts a connection that breaks off."""
        self._ssrc = 0
        self._acknowledged = -1
        self._heartbeat_answered = True
        self._beat_at = 0.0
        self._ping_ms = 0
        self._speaking = Speaking.NONE
        self._spoken = asyncio.Event()
        self._log = _log.bind(guild=guild_id, endpoint=credentials.endpoint)
        self._task = asyncio.create_task(self._run(), name=f"voice-{guild_id}")

    @property
    def connected(self) -> bool:
        """Whether the voice gateway is there now."""
        return self._established

    @property
    def ended(self) -> bool:
        """Whether it was closed, by whomever."""
        return self._leaving or self._task.done()

    @property
    def ping_ms(self) -> int:
        """How long the last heartbeat's answer took; 0 before the first, -1 when not connected."""
        return self._ping_ms if self._established else -1

    @property
    def sendable(self) -> bool:
        """Whether a frame may leave now: not before those who listen could open it."""
        return self.ready and self._dave.sendable

    def send(self, frame: bytes) -> None:
        """Send one Opus frame now; nowhere when not `sendable`, or closed."""
        if self._transmitter is not None and self.sendable:
            self._transmitter.send(self._dave.seal(frame))

    def speak(self, speaking: bool) -> None:
        """Tell the channel whether frames are coming. Returns at once."""
        flags = Speaking.MICROPHONE if speaking else Speaking.NONE
        if flags is not self._speaking:
            self._speaking = flags
            self._spoken.set()

    async def close(self) -> None:
        """Leave the voice server with 1000; the listener hears nothing more."""
        self._leaving = True
        self._task.cancel()
        await asyncio.wait((self._task,))

    async def _run(self) -> None:
        try:
            closed = await self._live()
        except Exception:  # noqa: BLE001 - a bug here must not leave the player waiting for ever
            self._log.exception("voice.failed")
            closed = Closed(ABNORMAL, "the audio node failed", remote=False)
        finally:
            if (transmitter := self._transmitter) is not None:
                transmitter.close()
                if transmitter.lost:
                    self._log.warning(
                        "voice.frames_lost", sent=transmitter.sent, lost=transmitter.lost
                    )
        self._log.info(
            "voice.closed", code=closed.code, reason=closed.reason, by_remote=closed.remote
        )
        self._listener.voice_closed(self, closed)

    async def _live(self) -> Closed:
        closed = await self._converse(resuming=False)
        while self.ready and closed.code in RESUMING_CODES:
            self._log.info("voice.resuming", code=closed.code, reason=closed.reason)
            self._listener.voice_changed(self)
            closed = await self._resume(closed)
        return closed

    async def _resume(self, lost: Closed) -> Closed:
        """Go on as the same session, and return how that ended."""
        give_up = time.monotonic() + self._connect_seconds
        for delay in RESUME_DELAYS:
            if time.monotonic() + delay > give_up:
                break
            await asyncio.sleep(delay)
            resumes = self.resumes
            closed = await self._converse(resuming=True)
            if self.resumes > resumes or closed.code not in RESUMING_CODES:
                return closed
        return Closed(CloseCode.SESSION_TIMEOUT, f"not resumed after {lost.code}", remote=False)

    async def _converse(self, *, resuming: bool) -> Closed:
        """Live through one websocket, and return how it ended."""
        ended: Closed | None = None
        try:
            async with asyncio.timeout(self._connect_seconds) as deadline:
                gateway = await Gateway.connect(self._http, self.credentials.endpoint, self._tls)
                try:
                    await self._listen(gateway, deadline, resuming=resuming)
                finally:
                    self._established = False
                    await gateway.close(CloseCode.NORMAL if self._leaving else LOST)
        except* Closed as group:
            ended = _first(group)
        except* TimeoutError:
            ended = Closed(ABNORMAL, "the voice server did not answer in time", remote=False)
        assert ended is not None
        return ended

    async def _listen(
        self, gateway: Gateway, deadline: asyncio.Timeout, *, resuming: bool
    ) -> NoReturn:
        hello = await gateway.receive()
        if hello.opcode != Opcode.HELLO:
            raise Closed(CloseCode.UNKNOWN_OPCODE, "the first message is no HELLO", remote=False)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._beat(gateway, hello.integer("heartbeat_interval") / 1000))
            await self._introduce(gateway, resuming=resuming)
            while True:
                message = await gateway.receive()
                if message.sequence is not None:
                    self._acknowledged = message.sequence
                established = await self._hear(gateway, message)
                while self._unsaid:
                    await gateway.send(*self._unsaid[0])
                    self._unsaid.popleft()
                if established:
                    self._established = True
                    tasks.create_task(self._announce(gateway))
                    if self.ready:
                        deadline.reschedule(None)
                        self._listener.voice_changed(self)
                if self._established and not self.ready and self._dave.sendable:
                    deadline.reschedule(None)
                    self.ready = True
                    self._log.info("voice.ready")
                    self._listener.voice_ready(self)

    async def _introduce(self, gateway: Gateway, *, resuming: bool) -> None:
        who: dict[str, object] = {
            "server_id": str(self._guild_id),
            "session_id": self.credentials.session_id,
            "token": self.credentials.token,
        }
        if resuming:
            await gateway.send(Opcode.RESUME, who | {"seq_ack": self._acknowledged})
        else:
            who |= {
                "user_id": str(self._user_id),
                "max_dave_protocol_version": HIGHEST_VERSION,
            }
            await gateway.send(Opcode.IDENTIFY, who)

    async def _hear(self, gateway: Gateway, message: Message) -> bool:
        """Take in one message; returns whether the session is there from now on."""
        match message.opcode:
            case Opcode.READY:
                await self._open_transmitter(gateway, message)
            case Opcode.SESSION_DESCRIPTION:
                self._take_key(message)
                return not self._established
            case Opcode.RESUMED:
                self.resumes += 1
                return not self._established
            case Opcode.HEARTBEAT_ACK:
                self._heartbeat_answered = True
                self._ping_ms = round((time.monotonic() - self._beat_at) * 1000)
            case _:
                # Who else is here, and end-to-end encryption.
                self._dave.hear(message)
        return False

    async def _open_transmitter(self, gateway: Gateway, message: Message) -> None:
        mode = choose_mode([one for one in message.items("modes") if isinstance(one, str)])
        if mode is None:
            raise Closed(CloseCode.UNKNOWN_MODE, "no encryption in common", remote=False)
        self._ssrc = message.integer("ssrc")
        self._transmitter = Transmitter(
            self._ssrc,
            Address(message.text("ip"), message.integer("port")),
            keep_alive_seconds=self._keep_alive_seconds,
        )
        try:
            ours = await self._transmitter.discover()
        except DiscoveryFailed as failed:
            raise Closed(ABNORMAL, str(failed), remote=False) from failed
        await gateway.send(
            Opcode.SELECT_PROTOCOL,
            {
                "protocol": "udp",
                "data": {"address": ours.ip, "port": ours.port, "mode": mode},
            },
        )
        # Discord wants one SPEAKING, whatever it says, before the first packet. Said here it is
        # read before the key is given, however fast a packet under that key would be.
        await self._say_speaking(gateway)

    def _take_key(self, message: Message) -> None:
        try:
            mode = Mode(message.text("mode"))
            key = bytes(cast("list[int]", message.items("secret_key")))
        except (TypeError, ValueError) as error:
            raise Closed(CloseCode.DECODE_ERROR, "no mode or no key", remote=False) from error
        if self._transmitter is None or len(key) != KEY_SIZE:
            raise Closed(CloseCode.DECODE_ERROR, "a key that was not due", remote=False)
        self._transmitter.encryption = encryption_for(mode, key)
        version = message.data.get("dave_protocol_version")
        self._dave.begin(version if isinstance(version, int) else 0)

    def _say(self, opcode: Opcode, data: Mapping[str, object] | bytes) -> None:
        self._unsaid.append((opcode, data))

    async def _beat(self, gateway: Gateway, interval: float) -> NoReturn:
        self._heartbeat_answered = True
        while True:
            await asyncio.sleep(interval)
            if not self._heartbeat_answered:
                raise Closed(ABNORMAL, "a heartbeat was not answered", remote=False)
            self._heartbeat_answered = False
            self._beat_at = time.monotonic()
            nonce = time.time_ns() // 1_000_000
            await gateway.send(Opcode.HEARTBEAT, {"t": nonce, "seq_ack": self._acknowledged})

    async def _announce(self, gateway: Gateway) -> NoReturn:
        while True:
            await self._spoken.wait()
            self._spoken.clear()
            await self._say_speaking(gateway)

    async def _say_speaking(self, gateway: Gateway) -> None:
        await gateway.send(
            Opcode.SPEAKING, {"speaking": int(self._speaking), "delay": 0, "ssrc": self._ssrc}
        )


def _first(group: BaseExceptionGroup[Closed]) -> Closed:
    error: BaseExceptionGroup[Closed] | Closed = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
