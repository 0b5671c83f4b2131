"""A voice region: one TLS websocket server and one UDP port, and who is in which channel.

It admits whom it was told to expect, as Discord's voice servers learn from its gateway whose token
is good. Several regions can run beside each other; moving a guild from one to the other is then to
`expect` its client at the new one, send VOICE_SERVER_UPDATE, and `dismiss` it at the old.

Everything happens on the event loop and no method but `start` and `stop` awaits: whatever is
ordered holds at once, and messages that follow from it go out in that order.
"""

import asyncio
import itertools
import secrets
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from aiohttp import web

from seraphim.sandbox.voice import rtp
from seraphim.sandbox.voice.certificates import CertificateAuthority
from seraphim.sandbox.voice.channel import Channel
from seraphim.sandbox.voice.connection import Connection, RefusedError
from seraphim.sandbox.voice.decryption import KEY_SIZE, Decryption, NotAuthenticError
from seraphim.sandbox.voice.external_sender import ExternalSender
from seraphim.sandbox.voice.group import TRANSITION_SECONDS, DavePolicy, Group
from seraphim.sandbox.voice.heard import Heard, Violation
from seraphim.sandbox.voice.session import Credentials, Session
from seraphim.sandbox.voice.udp import VoiceSocket
from seraphim.voice import GATEWAY_VERSION, RESUMABLE, CloseCode, Mode, Opcode, Speaking

HEARTBEAT_SECONDS = 13.75
"""Discord's interval."""

RESUME_SECONDS = 60.0

OVERTAKING_SECONDS = 0.1
"""How long sound waits for the SPEAKING that should have come before it."""

MOST_EARLY = 25

STOP_SECONDS = 3.0

HESITATIONS = (0.0, 0.2)
"""Seconds that listeners take for a commit, in turn: some win against a client and some lose."""


@dataclass(slots=True)
class Troubles:
    """What is ordered to go wrong, from now until it is ordered otherwise."""

    refused_modes: set[Mode] = field(default_factory=set[Mode])
    """Not offered in READY, and answered with 4016 when selected."""
    identify_closes_with: int | None = None
    """Every IDENTIFY is answered with this close code."""
    heartbeats_ignored: bool = False
    discovery_ignored: bool = False
    silent: bool = False
    """Sockets are accepted, but nothing is said any more and nothing is listened to."""
    deaf: bool = False
    """RTP vanishes, as behind a firewall."""
    spoiled: Counter[Opcode] = field(default_factory=Counter[Opcode])
    """How many commits (op 29) or welcomes (op 30) come to harm on their way to a client."""


class VoiceServer:
    """One region.

    Parameters
    ----------
    authority
        Whose certificate it shows.
    heard
        The ears of a channel, by its id.
    heartbeat_interval
        Seconds. A client that is silent for one and a half of them is closed with 4009.
    resume_window
        Seconds that a session waits for RESUME after its socket broke off.
    dave
        Whether what is said here is encrypted end to end.
    transition_seconds
        How long a change of keys waits for those who are not ready.
    hesitations
        Seconds that listeners take for a commit, in the order in which they come, over and over.
    """

    def __init__(
        self,
        authority: CertificateAuthority,
        heard: Callable[[int], Heard],
        *,
        heartbeat_interval: float = HEARTBEAT_SECONDS,
        resume_window: float = RESUME_SECONDS,
        dave: DavePolicy = DavePolicy.REQUIRED,
        transition_seconds: float = TRANSITION_SECONDS,
        hesitations: Iterable[float] = HESITATIONS,
    ) -> None:
        self.heartbeat_interval = heartbeat_interval
        self.troubles = Troubles()
        self.violations: Counter[Violation] = Counter()
        """Datagrams that belong to no channel; what a known client does wrong is its channel's."""
        self._authority = authority
        self._heard = heard
        self._resume_window = resume_window
        self._dave = dave
        self._transition_seconds = transition_seconds
        self._hesitations = itertools.cycle(hesitations)
        self._channels: dict[int, Channel] = {}
        self._stages: set[int] = set()
        self._sender = ExternalSender()
        self._expected: dict[tuple[int, int], tuple[Credentials, int]] = {}
        self._sessions: dict[int, Session] = {}
        self._ended_ssrcs: set[int] = set()
        self._expiries: dict[int, asyncio.TimerHandle] = {}
        self._void: dict[tuple[int, int], tuple[Credentials, int]] = {}
        """Credentials that are good no more, and what an IDENTIFY with them is closed with."""
        self._muted: set[tuple[int, int]] = set()
        self._connections: set[Connection] = set()
        self._runner: web.AppRunner | None = None
        self._socket: VoiceSocket | None = None
        self._port = 0

    async def start(self) -> None:
        """Bind free ports on loopback."""
        self._socket = VoiceSocket(self._datagram, discoverable=self._discoverable)
        application = web.Application()
        application.router.add_get("/", self._accept)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=STOP_SECONDS)
        await self._runner.setup()
        site = web.TCPSite(
            self._runner, "127.0.0.1", 0, ssl_context=self._authority.server_context()
        )
        await site.start()
        _, self._port = self._runner.addresses[0][:2]

    async def stop(self) -> None:
        """Close every socket with 1001 and free the ports; sessions end."""
        for connection in list(self._connections):
            connection.close(CloseCode.GOING_AWAY, "Going away")
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        for session in list(self._sessions.values()):
            self._end(session)
        for channel in self._channels.values():
            channel.give_up()

    async def __aenter__(self) -> "VoiceServer":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def endpoint(self) -> str:
        """What VOICE_SERVER_UPDATE names: `localhost:<port>`."""
        return f"localhost:{self._port}"

    @property
    def keep_alives(self) -> int:
        """How often clients sent what keeps their way here open."""
        return 0 if self._socket is None else self._socket.keep_alives

    # Orders of Discord's gateway

    def expect(
        self,
        *,
        guild_id: int,
        channel_id: int,
        user_id: int,
        session_id: str,
        token: str,
        stage: bool = False,
    ) -> None:
        """Admit a client with these credentials, and from now on no other for this user and guild.

        A `stage` has no end-to-end encryption, whatever other channels have.

        A client that is connected with the same credentials is taken along to the channel without
        noticing. One with others stays where it is until it is dismissed, or until a client
        identifies with the new ones: that closes it with 4006.
        """
        credentials = Credentials(guild_id, user_id, session_id, token)
        _, former = self._expected.get((guild_id, user_id), (None, channel_id))
        self._expected[guild_id, user_id] = credentials, channel_id
        if stage and channel_id not in self._stages:
            self._stages.add(channel_id)
            self._channel(channel_id).group.adopt(DavePolicy.OFF)
        self._channel(channel_id).await_client()
        for session in self._sessions_of(guild_id, user_id):
            if session.credentials == credentials and session.channel_id != channel_id:
                self._channel(session.channel_id).leave(session)
                session.channel_id = channel_id
                self._channel(channel_id).take_over(session)
        if former != channel_id:
            self._channel(former).give_up()

    def dismiss(self, guild_id: int, user_id: int, code: int = CloseCode.DISCONNECTED) -> None:
        """Expect a client no more and end its session with a close code.

        Kicked, moved, or the channel is gone: 4014. Nothing happens if nobody was expected.
        """
        _, channel_id = self._expected.pop((guild_id, user_id), (None, None))
        for session in self._sessions_of(guild_id, user_id):
            self._end(session, code, "Disconnected.")
        if channel_id is not None:
            self._channel(channel_id).give_up()

    def mute(self, guild_id: int, user_id: int, *, muted: bool = True) -> None:
        """Server mute: packets go on arriving and nobody hears them."""
        (self._muted.add if muted else self._muted.discard)((guild_id, user_id))
        for session in self._sessions_of(guild_id, user_id):
            session.muted = muted

    def listeners(
        self, channel_id: int, user_ids: Iterable[int], *, without_dave: Iterable[int] = ()
    ) -> None:
        """Who else is in a channel: members without a voice connection of their own here.

        Clients in the channel are told the difference (CLIENTS_CONNECT, CLIENT_DISCONNECT), and the
        channel's keys change with it. Those `without_dave` cannot hear what is encrypted: while one
        of them is there, nothing is.
        """
        old = set(without_dave)
        self._channel(channel_id).people({one: one not in old for one in user_ids})

    @property
    def dave(self) -> DavePolicy:
        """Whether what is said here is encrypted end to end. Clients that are there stay."""
        return self._dave

    @dave.setter
    def dave(self, policy: DavePolicy) -> None:
        self._dave = policy
        for channel_id, channel in self._channels.items():
            channel.group.adopt(self._policy(channel_id))

    def group(self, channel_id: int) -> Group:
        """Who may hear a channel, and how far its keys have come."""
        return self._channel(channel_id).group

    # Faults that happen once

    def close(self, guild_id: int, user_id: int, code: int = CloseCode.SERVER_CRASHED) -> None:
        """Close a client's socket with a code. It is still expected.

        After 1001 and 4015 its session can be resumed; any other code ends it.
        """
        for session in self._sessions_of(guild_id, user_id):
            if code not in RESUMABLE:
                self._end(session, code)
            elif session.link is not None:
                session.link.close(code)

    def void(self, guild_id: int, user_id: int, code: int = CloseCode.SESSION_INVALID) -> None:
        """Close a client's socket, and every later one that shows the same credentials.

        Only new ones (`expect`) let it in again.
        """
        if expected := self._expected.get((guild_id, user_id)):
            self._void[guild_id, user_id] = expected[0], code
        self.close(guild_id, user_id, code)

    def sever(self, guild_id: int, user_id: int) -> None:
        """Break a client's socket off without a word. Its session can be resumed."""
        for session in self._sessions_of(guild_id, user_id):
            if session.link is not None:
                session.link.abort()

    def connected(self, guild_id: int, user_id: int) -> bool:
        """Whether a client has an identified or resumed socket here."""
        return any(session.link for session in self._sessions_of(guild_id, user_id))

    # What connections ask (the `Region` of connection.py)

    @property
    def silent(self) -> bool:
        """See `Troubles`."""
        return self.troubles.silent

    @property
    def acknowledges_heartbeats(self) -> bool:
        """See `Troubles`."""
        return not self.troubles.heartbeats_ignored

    def identify(
        self,
        *,
        guild_id: int,
        user_id: int,
        session_id: str,
        token: str,
        dave_version: int,
        link: Connection,
    ) -> Session:
        """Check credentials and begin a session, in place of any that the user has in the guild."""
        if self.troubles.identify_closes_with is not None:
            raise RefusedError(self.troubles.identify_closes_with, "Ordered")
        if all(guild != guild_id for guild, _ in self._expected):
            raise RefusedError(CloseCode.SERVER_NOT_FOUND, "Server not found.")
        credentials, channel_id = self._expected.get((guild_id, user_id), (None, 0))
        if credentials is None or not _equal(credentials.token, token):
            raise RefusedError(CloseCode.AUTHENTICATION_FAILED, "Authentication failed.")
        void, code = self._void.get((guild_id, user_id), (None, 0))
        if void == credentials:
            raise RefusedError(code, "No longer valid.")
        if not _equal(credentials.session_id, session_id):
            raise RefusedError(CloseCode.SESSION_INVALID, "Session is no longer valid.")
        if self._policy(channel_id) is DavePolicy.REQUIRED and not dave_version:
            raise RefusedError(CloseCode.DAVE_REQUIRED, "E2EE/DAVE protocol required")
        for session in self._sessions_of(guild_id, user_id):
            self._end(session, CloseCode.SESSION_INVALID, "Session is no longer valid.")
        session = Session(credentials, channel_id, self._new_ssrc(), dave_version=dave_version)
        session.muted = (guild_id, user_id) in self._muted
        session.link = link
        self._sessions[session.ssrc] = session
        return session

    def ready(self, session: Session) -> dict[str, object]:
        """What a client must know for UDP."""
        assert self._socket is not None
        ip, port = self._socket.address
        return {"ssrc": session.ssrc, "ip": ip, "port": port, "modes": self._modes()}

    def joined(self, session: Session) -> None:
        """Introduce client and channel to each other."""
        self._channel(session.channel_id).enter(session)

    def resume(
        self, *, guild_id: int, session_id: str, token: str, sequence: int, link: Connection
    ) -> tuple[Session, list[str | bytes]]:
        """Take a session up again; a socket that it still had is closed."""
        session = next(
            (
                session
                for session in self._sessions.values()
                if session.credentials.guild_id == guild_id
                and _equal(session.credentials.session_id, session_id)
            ),
            None,
        )
        if session is not None and not _equal(session.credentials.token, token):
            raise RefusedError(CloseCode.AUTHENTICATION_FAILED, "Authentication failed.")
        missed = session and session.missed(sequence)
        if session is None or missed is None:
            raise RefusedError(CloseCode.SESSION_INVALID, "Session is no longer valid.")
        if session.link is not None:
            session.link.close(CloseCode.SESSION_INVALID, "Resumed elsewhere.")
        if expiry := self._expiries.pop(session.ssrc, None):
            expiry.cancel()
        session.link = link
        return session, missed

    def select(self, session: Session, mode: str) -> tuple[Mode, bytes, int]:
        """A new key; what is encrypted with an earlier one is heard no more."""
        if mode not in self._modes():
            raise RefusedError(CloseCode.UNKNOWN_MODE, f"Unknown encryption mode: {mode}")
        key = secrets.token_bytes(KEY_SIZE)
        session.decryption = Decryption(Mode(mode), key)
        return Mode(mode), key, self._channel(session.channel_id).encrypt(session)

    def group_of(self, session: Session) -> Group:
        """The group of the channel that a client is in."""
        return self.group(session.channel_id)

    def spoke(self, session: Session, speaking: Speaking) -> None:
        """Tell the others."""
        self._channel(session.channel_id).spoke(session, speaking)
        early = list(session.early)
        session.early.clear()
        for header, datagram, arrived in early:
            self._rtp(session, header, datagram, arrived)

    def disconnected(self, session: Session, link: Connection, *, ended: bool) -> None:
        """End the session, or let it wait for RESUME."""
        if session.link is not link or session.ssrc not in self._sessions:
            return
        session.link = None
        if ended:
            self._end(session)
        else:
            self._expiries[session.ssrc] = asyncio.get_running_loop().call_later(
                self._resume_window, self._end, session
            )

    # Sockets

    async def _accept(self, request: web.Request) -> web.StreamResponse:
        if request.query.get("v") != str(GATEWAY_VERSION):
            raise web.HTTPBadRequest(text=f"Only version {GATEWAY_VERSION} is spoken here.")
        connection = Connection(self, request)
        self._connections.add(connection)
        try:
            return await connection.serve()
        finally:
            self._connections.discard(connection)

    def _discoverable(self, ssrc: int) -> bool:
        troubles = self.troubles
        return ssrc in self._sessions and not (troubles.discovery_ignored or troubles.silent)

    def _datagram(self, datagram: bytes, arrived: float) -> None:
        if self.troubles.deaf or self.troubles.silent or rtp.is_rtcp(datagram):
            return
        try:
            header = rtp.Header.parse(datagram)
        except rtp.MalformedPacketError:
            self.violations[Violation.MALFORMED] += 1
            return
        session = self._sessions.get(header.ssrc)
        if session is not None:
            self._rtp(session, header, datagram, arrived)
        elif header.ssrc not in self._ended_ssrcs:
            self.violations[Violation.UNKNOWN_SSRC] += 1

    def _too_early(
        self, session: Session, header: rtp.Header, datagram: bytes, arrived: float
    ) -> None:
        """Wait a moment for what allows it: a datagram may overtake a websocket's message."""
        if session.decryption is None or len(session.early) == MOST_EARLY:
            self._channel(session.channel_id).heard.violations[Violation.TOO_EARLY] += 1
            return
        if not session.early:
            asyncio.get_running_loop().call_later(OVERTAKING_SECONDS, self._judge_early, session)
        session.early.append((header, datagram, arrived))

    def _judge_early(self, session: Session) -> None:
        if session.early:
            heard = self._channel(session.channel_id).heard
            heard.violations[Violation.TOO_EARLY] += len(session.early)
            session.early.clear()

    def _rtp(self, session: Session, header: rtp.Header, datagram: bytes, arrived: float) -> None:
        channel = self._channel(session.channel_id)
        heard = channel.heard
        if session.decryption is None or session.speaking is None:
            self._too_early(session, header, datagram, arrived)
            return
        try:
            opened = session.decryption.open(datagram, header.size)
            payload = header.payload(opened.plaintext)
        except NotAuthenticError:
            heard.violations[Violation.NOT_AUTHENTIC] += 1
            return
        except rtp.MalformedPacketError:
            heard.violations[Violation.MALFORMED] += 1
            return
        if opened.nonce_repeated:
            heard.violations[Violation.NONCE_REPEATED] += 1
        if header.payload_type != rtp.OPUS:
            heard.violations[Violation.NOT_OPUS] += 1
        else:
            channel.hear(session, header, payload, arrived)

    # Who is where

    def _modes(self) -> list[Mode]:
        return [mode for mode in Mode if mode not in self.troubles.refused_modes]

    def _new_ssrc(self) -> int:
        while (ssrc := secrets.randbits(32)) in self._sessions or ssrc in self._ended_ssrcs:
            pass
        return ssrc

    def _sessions_of(self, guild_id: int, user_id: int) -> list[Session]:
        return [
            session
            for session in self._sessions.values()
            if session.credentials.guild_id == guild_id and session.credentials.user_id == user_id
        ]

    def _policy(self, channel_id: int) -> DavePolicy:
        return DavePolicy.OFF if channel_id in self._stages else self._dave

    def _channel(self, channel_id: int) -> Channel:
        channel = self._channels.get(channel_id)
        if channel is None:
            channel = self._channels[channel_id] = Channel(
                channel_id,
                self._heard(channel_id),
                self._sender,
                policy=self._policy(channel_id),
                hesitations=self._hesitations,
                spoiled=self.troubles.spoiled,
                transition_seconds=self._transition_seconds,
            )
        return channel

    def _end(self, session: Session, code: int = CloseCode.NORMAL, reason: str = "") -> None:
        if self._sessions.pop(session.ssrc, None) is None:
            return
        self._ended_ssrcs.add(session.ssrc)
        if expiry := self._expiries.pop(session.ssrc, None):
            expiry.cancel()
        self._channel(session.channel_id).leave(session)
        if session.link is not None:
            session.link.close(code, reason)
            session.link = None


def _equal(expected: str, given: str) -> bool:
    return secrets.compare_digest(expected.encode(), given.encode())
