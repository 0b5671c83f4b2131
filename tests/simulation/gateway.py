"""Discord's gateway as the bot has it: the session, its notes, and where we are in each guild."""

import asyncio
import json
from collections.abc import Callable, Collection, Mapping
from random import Random

from actors.guild.names import player_name
from actors.guild.player.messages import (
    ListenerMoved,
    ListenersChanged,
    VoiceServerChanged,
    VoiceSessionEnded,
    VoiceStateChanged,
)
from actors.guild.player.ports import (
    JoinRefused,
)
from actors.guild.refusal import Code, Refused
from actors.intake import INTAKE
from actors.runtime import ActorCrashed, ActorRef, ActorStopped, AskTimeout, MailboxFull, Registry
from actors.store.messages import STORE, Note, Noted, StoreMessage
from seraphim.discord.whereabouts import Place, Whereabouts
from tests.simulation.discord import Arrived, Discord, Ready, Resumed, Said, Session, Walked
from tests.simulation.loop import Spawn
from tests.simulation.sabotage import Sabotage
from tests.simulation.story import Story
from tests.simulation.wire import Wire

NOWHERE = VoiceStateChanged(None, None)
ME = 0
NOBODY: Mapping[int, Mapping[int, int]] = {}
ToPlayer = (
    VoiceStateChanged | VoiceServerChanged | VoiceSessionEnded | ListenersChanged | ListenerMoved
)
KEY = "gateway/0"
GATEWAY_SECONDS = 10.0
LOOK_SECONDS = (0.1, 0.4)
NOTE_SECONDS = 1.0
NOTED_SECONDS = 5.0


class Gateway:
    """Discord's gateway and our voice state there: a `Service`, and a `VoiceGateway`."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        chance: Random,
        story: Story,
        discord: Discord,
        sabotage: Sabotage,
        registry: Callable[[], Registry],
        spawn: Spawn,
    ) -> None:
        self._loop = loop
        self._chance = chance
        self._story = story
        self._discord = discord
        self._sabotage = sabotage
        self._registry = registry
        self._spawn = spawn
        self._session: Session | None = None
        self._name: str | None = None
        self._sequence = 0
        self._noted = ""
        self._noting: asyncio.TimerHandle | None = None
        self._upward: Wire | None = None
        self._broken: asyncio.Future[None] = loop.create_future()
        self._arrived: asyncio.Future[None] = loop.create_future()
        self._is_new = False
        self._awake = False
        self._awaited: set[int] = set()
        self._whereabouts = Whereabouts(ME)
        self._unheard: dict[int, dict[object, ToPlayer]] = {}
        self._waiting: list[asyncio.Future[None]] = []

    # --- the service ---

    async def start(self) -> None:
        self._arrived = self._loop.create_future()
        self._broken = self._loop.create_future()
        note = await self._read_note()
        if note and self._name is None:
            self._name, self._sequence, seats, people = json.loads(note)
            self._whereabouts.expect_seats(seats)
            self._whereabouts.remember({guild: dict(places) for guild, places in people})
        await self._connect()
        while not self._arrived.done():
            happened = self._arrived, self._broken
            await asyncio.wait(happened, return_when=asyncio.FIRST_COMPLETED)
            if self._broken.done():
                await self._reconnect()

    async def run(self) -> None:
        while True:
            await asyncio.wait((self._broken,))
            await self._reconnect()

    async def _reconnect(self) -> None:
        self._broken.result()
        self._broken = self._loop.create_future()
        await asyncio.sleep(self._chance.uniform(0.3, 3.0))
        await self._connect()

    async def stop(self) -> None:
        self._story.tell(0, "gateway stops")
        session, self._upward = self._session, None
        if self._noting is not None:
            self._noting.cancel()
            self._noting = None
        if session is None:
            return
        if self._registry().whereis(INTAKE) is not None:
            self._discord.drop(session)
            self._note()
        else:
            self._session = self._name = None
            self._put("")
            self._discord.end(session)

    def die(self) -> None:
        """Be gone with the process; Discord keeps the session for a while."""
        session, self._session, self._upward = self._session, None, None
        if self._noting is not None:
            self._noting.cancel()
        if session is not None:
            self._discord.drop(session)

    def leave(self) -> None:
        """Hear nothing more, and leave the session to the next process."""
        session, self._session, self._upward = self._session, None, None
        if session is not None:
            self._put(self._text(session, self._whereabouts.people()))
            self._discord.drop(session)

    def broke(self) -> None:
        """The connection to Discord has ended."""
        if self._upward is not None and not self._broken.done():
            self._broken.set_result(None)
        self._upward = None

    def fail(self, error: Exception) -> None:
        """The library cannot go on."""
        self._upward = None
        if not self._broken.done():
            self._broken.set_exception(error)
            # It may be on its way to its end already.
            self._broken.exception()

    async def _connect(self) -> None:
        """Resume the session if there is one, or begin another; tried until it works."""
        await self._reach_discord(0.1, 0.4)
        session = None
        if self._name is not None:
            session = self._discord.resume(self._name, self._sequence, self._hear)
            if session is None:
                self._story.tell(0, "gateway resume refused")
                await self._reach_discord(0.05, 0.2)
        if session is None:
            if self._arrived.done():
                self._arrived = self._loop.create_future()
            session = self._discord.identify(self._hear)
        self._session, self._name = session, session.name
        self._upward = Wire(self._loop, self._chance, 0.02, 0.05)
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            if not one.done():
                one.set_result(None)

    async def _reach_discord(self, fastest: float, slowest: float) -> None:
        while True:
            await asyncio.sleep(self._chance.uniform(fastest, slowest))
            if self._discord.up:
                return
            fastest, slowest = 0.5, 4.0

    # --- its notes ---

    @property
    def _store(self) -> ActorRef[StoreMessage] | None:
        return self._registry().whereis(STORE)

    def _text(self, session: Session, people: Mapping[int, Mapping[int, int]] = NOBODY) -> str:
        """What the next process is told; who was where, only when it follows at once."""
        places = [(guild, list(known.items())) for guild, known in people.items()]
        seats = sorted(self._whereabouts.seats)
        return json.dumps((session.name, self._sequence, seats, places))

    def _note(self) -> None:
        self._noting = None
        if self._session is not None:
            self._put(self._text(self._session))

    async def _read_note(self) -> str | None:
        store = self._store
        if store is None:
            return None
        try:
            return await store.ask(Noted(KEY), timeout=NOTED_SECONDS)
        except (AskTimeout, ActorCrashed, ActorStopped):
            return None

    def _put(self, text: str) -> None:
        store = self._store
        if store is not None and text != self._noted:
            self._noted = text
            self._spawn(store.tell(Note(KEY, text)))

    # --- what Discord says ---

    def _hear(self, number: int, guild: int, event: Said) -> None:
        self._sequence = max(self._sequence, number)
        if self._noting is None:
            self._noting = self._loop.call_later(NOTE_SECONDS, self._note)
        match event:
            case Ready(guilds):
                self._is_new = True
                self._sequence = number
                self._awaited = set(guilds)
            case Resumed():
                self._now_arrived()
            case Arrived(place, people):
                self._on_guild(guild, place, people)
            case Walked(user, channel):
                self._on_other(guild, user, channel)
            case VoiceStateChanged():
                self._on_state(guild, event)
            case VoiceServerChanged():
                self._tell(guild, event)

    def _now_arrived(self) -> None:
        if not self._arrived.done():
            self._arrived.set_result(None)

    def _on_guild(
        self, guild: int, place: VoiceStateChanged | None, people: Mapping[int, int]
    ) -> None:
        if guild not in self._awaited:
            return
        self._awaited.discard(guild)
        self._unheard.pop(guild, None)
        others = [Place(user, channel, "") for user, channel in people.items()]
        self._whereabouts.arrive(guild, others)
        if place is not None:
            self._whereabouts.expect_seats([guild])
        if self._registry().whereis(player_name(guild)) is not None:
            self._tell(guild, VoiceSessionEnded())
        elif self._awake and place is not None:
            self._spawn(self.leave_voice(guild))
        if not self._awaited:
            self._now_arrived()

    def _on_state(self, guild: int, said: VoiceStateChanged) -> None:
        who = self._whereabouts
        before = who.channel(guild, ME)
        news = said.channel is not None or before is not None or not who.knows(guild, ME)
        if said.channel is None:
            who.leave(guild, ME)
        else:
            who.move(guild, Place(ME, said.channel, said.session or "", muted=said.muted))
        if guild in self._awaited:
            if said.channel is None:
                return
            self._awaited.discard(guild)
        if news:
            self._tell(guild, said)
        if said.channel not in (None, before):
            self._tell_listeners(guild)

    def _on_other(self, guild: int, user: int, channel: int | None) -> None:
        who = self._whereabouts
        was = who.channel(guild, user)
        if channel is None:
            who.leave(guild, user)
        else:
            who.move(guild, Place(user, channel, ""))
        ours = who.channel(guild, ME)
        if who.counted(guild) and ours is not None:
            if was != channel and ours in {was, channel}:
                self._tell_listeners(guild)
        elif not who.whole(guild):
            self._tell(guild, ListenerMoved(user, channel))

    def _tell_listeners(self, guild: int) -> None:
        listeners = self._whereabouts.listeners(guild)
        if listeners is not None:
            self._tell(guild, ListenersChanged(listeners))

    def _tell(self, guild: int, message: ToPlayer) -> None:
        topic = message.user if isinstance(message, ListenerMoved) else type(message)
        player = self._registry().whereis(player_name(guild))
        if player is None:
            if not self._awake and not self._is_new:
                self._unheard.setdefault(guild, {})[topic] = message
            return
        self._unheard.get(guild, {}).pop(topic, None)
        try:
            player.tell_nowait(message)
        except MailboxFull:
            self._spawn(player.tell(message))

    # --- the port ---

    async def join(self, guild: int, channel: int, *, back: bool = False) -> None:
        self._sabotage.strike(guild, "join")
        if not back:
            await asyncio.sleep(self._chance.uniform(*LOOK_SECONDS))
            if self._discord.halls[guild].forbidden:
                missing = {"channel": channel, "missing": "all"}
                raise JoinRefused(Refused(Code.CANNOT_SPEAK, missing))
        try:
            await self._ask(guild, channel)
        except TimeoutError:
            raise JoinRefused(Refused(Code.DISCORD_REFUSED)) from None
        self._sabotage.strike(guild, "join", after=True)

    async def leave_voice(self, guild: int) -> bool:
        try:
            await self._ask(guild, None)
        except TimeoutError:
            self._story.tell(guild, "leave unheard")
            return False
        return True

    async def speak(self, guild: int, channel: int) -> None:
        return

    def state(self, guild: int) -> VoiceStateChanged | None:
        if self._whereabouts.knows(guild, ME):
            if self._unheard.get(guild):
                return None
            place = self._whereabouts.place(guild, ME)
            if place is None:
                return NOWHERE
            return VoiceStateChanged(place.channel, place.session, place.muted)
        return NOWHERE if self._is_new and guild not in self._awaited else None

    async def sweep(self, awake: Collection[int]) -> None:
        self._awake = True
        unheard, self._unheard = self._unheard, {}
        for guild, said in unheard.items():
            for message in said.values():
                self._tell(guild, message)
        for guild in sorted(self._whereabouts.seats.difference(awake)):
            if self._registry().whereis(player_name(guild)) is None:
                self._story.tell(guild, "place given up")
                await self.leave_voice(guild)

    async def _ask(self, guild: int, channel: int | None) -> None:
        async with asyncio.timeout(GATEWAY_SECONDS):
            while self._upward is None or self._session is None:
                connected: asyncio.Future[None] = self._loop.create_future()
                self._waiting.append(connected)
                await connected
        self._upward.carry(self._discord.ask, self._session, guild, channel)


class Voice:
    """The gateway as the port `VoiceGateway`: there `leave` is about a channel."""

    def __init__(self, gateway: Gateway, sabotage: Sabotage) -> None:
        self._gateway = gateway
        self._sabotage = sabotage

    async def join(self, guild: int, channel: int, *, back: bool = False) -> None:
        await self._gateway.join(guild, channel, back=back)

    async def leave(self, guild: int) -> bool:
        self._sabotage.strike(guild, "leave")
        return await self._gateway.leave_voice(guild)

    async def speak(self, guild: int, channel: int) -> None:
        await self._gateway.speak(guild, channel)

    async def say_status(self, guild: int, channel: int, text: str) -> None:
        return

    def state(self, guild: int) -> VoiceStateChanged | None:
        return self._gateway.state(guild)
