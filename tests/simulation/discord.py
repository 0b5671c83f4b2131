"""Discord, as far as voice goes: who is where, by which gateway session, through which server.

A voice state belongs to the gateway session that asked for it, and ends with it. Its voice server
admits whoever brings the channel's session and the last token, one at a time, and closes the
connection when any of these is no longer so. What it says goes over the session's wire; a session
whose client is away keeps it for a minute, for who comes back.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from actors.guild.player.messages import VoiceServerChanged, VoiceStateChanged
from actors.guild.player.ports import VoiceCredentials
from tests.simulation.story import Story
from tests.simulation.wire import Tricks, Wire

RESUMABLE_SECONDS = 60.0
GATEWAY_SECONDS = (0.03, 0.08)
WRONG_SESSION, WRONG_TOKEN, DISCONNECTED = 4006, 4004, 4014


@dataclass(frozen=True, slots=True)
class Arrived:
    """GUILD_CREATE: a guild arrives in a new session, with the place we have there, if any.

    `people` are the channels of all others who are in voice.
    """

    place: VoiceStateChanged | None
    people: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Walked:
    """Somebody else has come, gone, or moved to another channel."""

    user: int
    channel: int | None


@dataclass(frozen=True, slots=True)
class Resumed:
    """RESUMED: all that was missed has been said."""


@dataclass(frozen=True, slots=True)
class Ready:
    """READY, with the guilds that are going to arrive."""

    guilds: tuple[int, ...]


Said = VoiceStateChanged | VoiceServerChanged | Arrived | Walked | Resumed | Ready


class Speaker(Protocol):
    """A connection to a voice server."""

    @property
    def credentials(self) -> VoiceCredentials:
        """What it brings."""
        ...

    def closed(self, code: int) -> None:
        """Hear that it is over."""
        ...


class Session:
    """A gateway session, and what was said in it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.ended = False
        self.said: list[tuple[int, Said]] = []
        self.wire: Wire | None = None
        self.listener: Callable[[int, int, Said], None] | None = None
        self.expiry: asyncio.TimerHandle | None = None

    @property
    def connected(self) -> bool:
        return self.wire is not None


@dataclass
class Hall:
    """A guild's voice channels: where we are, and what admits us to speak there.

    `kicked`: somebody has made us leave since we last asked to be in one.
    """

    guild: int
    channel: int | None = None
    session: Session | None = None
    token: int = 0
    region: int = 1
    homeless: bool = False
    muted: bool = False
    forbidden: bool = False
    kicked: bool = False
    speaker: Speaker | None = None
    people: dict[int, int] = field(default_factory=dict[int, int])
    """The channel of each person who is in voice."""
    tricks: Tricks = field(init=False)

    def __post_init__(self) -> None:
        self.tricks = Tricks(self.guild)

    @property
    def endpoint(self) -> str | None:
        return None if self.homeless else f"voice-{self.guild}-{self.region}.example:443"

    @property
    def state(self) -> VoiceStateChanged:
        if self.channel is None or self.session is None:
            return VoiceStateChanged(None, None)
        return VoiceStateChanged(self.channel, self.session.name, self.muted)

    @property
    def audience(self) -> frozenset[int]:
        """Who is where we are."""
        return frozenset(one for one, channel in self.people.items() if channel == self.channel)

    def admits(self, credentials: VoiceCredentials) -> int | None:
        """Return the code with which these are turned away, None if they are good."""
        if self.session is None or credentials.session != self.session.name:
            return WRONG_SESSION
        if credentials.token != str(self.token) or credentials.channel != self.channel:
            return WRONG_TOKEN
        if credentials.endpoint != self.endpoint:
            return WRONG_SESSION
        return None


class Discord:
    """`on_voice` is told of each guild whose place or speaker has changed."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        chance: Random,
        story: Story,
        guilds: Iterable[int],
        on_voice: Callable[[int], None],
    ) -> None:
        self._loop = loop
        self._chance = chance
        self._story = story
        self._on_voice = on_voice
        self._sessions = 0
        self.up = True
        self.halls = {guild: Hall(guild) for guild in guilds}
        self.sessions: dict[str, Session] = {}

    # --- the gateway ---

    def identify(self, listener: Callable[[int, int, Said], None]) -> Session:
        """Begin a session: every guild arrives. `listener` gets sequence, guild and event."""
        self._sessions += 1
        session = Session(f"session-{self._sessions}")
        self.sessions[session.name] = session
        self._connect(session, listener)
        self._say(session, 0, Ready(tuple(self.halls)))
        for hall in self.halls.values():
            place = hall.state
            self._say(
                session, hall.guild, Arrived(place if place.channel else None, dict(hall.people))
            )
        return session

    def resume(
        self, name: str, sequence: int, listener: Callable[[int, int, Said], None]
    ) -> Session | None:
        """Go on with a session after `sequence`; None if it is over."""
        session = self.sessions.get(name)
        if session is None:
            return None
        if session.connected:
            self.drop(session)
        if session.expiry is not None:
            session.expiry.cancel()
            session.expiry = None
        self._connect(session, listener)
        assert session.wire is not None
        for number, (guild, event) in enumerate(session.said, 1):
            if number > sequence:
                session.wire.carry(listener, number, guild, event)
        self._say(session, 0, Resumed())
        return session

    def drop(self, session: Session) -> None:
        """The connection breaks; who comes back in time goes on."""
        if session.wire is not None:
            session.wire.cut = True
            session.wire = session.listener = None
            session.expiry = self._loop.call_later(RESUMABLE_SECONDS, self.end, session)

    def end(self, session: Session) -> None:
        """The session is over, and with it our places."""
        if session.ended:
            return
        session.ended = True
        self._story.tell(0, "gateway session over:", session.name)
        if session.wire is not None:
            session.wire.cut = True
            session.wire = session.listener = None
        if session.expiry is not None:
            session.expiry.cancel()
        del self.sessions[session.name]
        for hall in self.halls.values():
            if hall.session is session:
                # Late, it would be as if somebody had kicked us from where we are again.
                self._vacate(hall, tricky=False)

    def _connect(self, session: Session, listener: Callable[[int, int, Said], None]) -> None:
        session.wire = Wire(self._loop, self._chance, *GATEWAY_SECONDS)
        session.listener = listener

    def _say(self, session: Session, guild: int, event: Said, *, tricky: bool = False) -> None:
        session.said.append((guild, event))
        if session.wire is None:
            return
        number = len(session.said)
        trick = self.halls[guild].tricks.take(event) if tricky else None
        if trick is not None:
            self._story.tell(guild, "Discord plays a trick:", trick)
        assert session.listener is not None
        session.wire.carry(session.listener, number, guild, event, trick=trick)

    def _tell(
        self, hall: Hall, event: VoiceStateChanged | VoiceServerChanged, *, tricky: bool = True
    ) -> None:
        """Say it to whom it concerns; `tricky`: tricks may be played with it."""
        for session in tuple(self.sessions.values()):
            if isinstance(event, VoiceStateChanged) or session is hall.session:
                self._say(session, hall.guild, event, tricky=tricky)

    # --- what the bot asks for (op 4) ---

    def ask(self, session: Session, guild: int, channel: int | None) -> None:
        """Join a channel, or leave."""
        hall = self.halls[guild]
        if session.ended:
            return
        self._story.tell(guild, "asks for channel", channel)
        if channel is None:
            if hall.channel is not None:
                self._vacate(hall)
            return
        if hall.forbidden:
            return
        hall.kicked = False
        moves = hall.channel != channel or hall.session is not session
        hall.channel, hall.session = channel, session
        self._tell(hall, hall.state)
        if moves:
            self._allocate(hall)

    def _vacate(self, hall: Hall, *, tricky: bool = True) -> None:
        hall.channel = hall.session = None
        self._tell(hall, VoiceStateChanged(None, None), tricky=tricky)
        self._close(hall, DISCONNECTED)
        self._on_voice(hall.guild)

    def _allocate(self, hall: Hall) -> None:
        hall.token += 1
        self._tell(hall, VoiceServerChanged(str(hall.token), hall.endpoint))
        self._close(hall, DISCONNECTED)
        self._on_voice(hall.guild)

    def _close(self, hall: Hall, code: int) -> None:
        speaker, hall.speaker = hall.speaker, None
        if speaker is not None:
            speaker.closed(code)

    # --- what people do ---

    def walk(self, guild: int, user: int, channel: int | None) -> None:
        """Somebody comes, goes, or moves to another channel."""
        hall = self.halls[guild]
        if channel is None:
            hall.people.pop(user, None)
        else:
            hall.people[user] = channel
        self._story.tell(guild, f"{user} is in", channel)
        for session in tuple(self.sessions.values()):
            self._say(session, guild, Walked(user, channel))
        self._on_voice(guild)

    # --- what moderators and Discord itself do ---

    def kick(self, guild: int) -> None:
        hall = self.halls[guild]
        if hall.channel is not None:
            hall.kicked = True
            self._vacate(hall)

    def drag(self, guild: int, channel: int) -> None:
        hall = self.halls[guild]
        if hall.channel not in (None, channel):
            hall.channel = channel
            self._tell(hall, hall.state)
            self._allocate(hall)

    def move_region(self, guild: int) -> None:
        """Another voice server takes over."""
        hall = self.halls[guild]
        hall.homeless = False
        hall.region += 1
        if hall.channel is not None:
            self._allocate(hall)

    def lose_region(self, guild: int) -> None:
        """The voice server is gone, and there is no other yet."""
        hall = self.halls[guild]
        hall.homeless = True
        if hall.channel is not None:
            self._allocate(hall)

    def mute(self, guild: int, muted: bool) -> None:
        hall = self.halls[guild]
        hall.muted = muted
        if hall.channel is not None:
            # Nothing else ever says that we may be heard again.
            self._tell(hall, hall.state, tricky=False)
        self._on_voice(guild)

    def close_voice(self, guild: int, code: int, *, void: bool) -> None:
        """The voice server closes the connection; `void`: the token is good no more."""
        hall = self.halls[guild]
        if void:
            hall.token += 1
        self._close(hall, code)
        self._on_voice(guild)

    # --- the voice servers ---

    def admit(self, guild: int, speaker: Speaker) -> int | None:
        """Let `speaker` speak in place of whoever did; or return the code it is closed with."""
        hall = self.halls[guild]
        code = hall.admits(speaker.credentials)
        if code is None and hall.speaker is not speaker:
            self._close(hall, DISCONNECTED)
            hall.speaker = speaker
            self._on_voice(guild)
        return code

    def hang_up(self, guild: int, speaker: Speaker) -> None:
        """The speaker has gone by itself."""
        hall = self.halls[guild]
        if hall.speaker is speaker:
            hall.speaker = None
            self._on_voice(guild)
