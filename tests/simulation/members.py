"""Members: they want music, change their minds, and expect an answer to everything they ask."""

import asyncio
from dataclasses import replace
from random import Random

from actors.guild.player.messages import (
    Back,
    Clear,
    Command,
    Join,
    Leave,
    Loop,
    Member,
    Move,
    NeedsConfirmation,
    Pause,
    Play,
    PlayerView,
    Queued,
    Remove,
    Replay,
    Resume,
    Seek,
    SetLoop,
    SetVolume,
    Show,
    Shuffle,
    Skip,
    Stop,
    Vote,
    Voted,
    VotePassed,
)
from actors.guild.refusal import Refused
from actors.runtime import ActorCrashed, ActorStopped, AskTimeout
from tests.simulation.judge import Judge
from tests.simulation.player import Fate
from tests.simulation.process import NotTakingWork, Process
from tests.simulation.text import text_channel
from tests.simulation.world import World

LIGHT_SECONDS, HEAVY_SECONDS = 10.0, 45.0
CALM_SECONDS = 60.0
STAY_SECONDS, AWAY_SECONDS = 1500.0, 240.0
"""For how long, on average, somebody listens, and does not."""
VOTE_SECONDS = (0.3, 20.0)
ENOUGH = 8


def voice_channel(guild: int, number: int = 1) -> int:
    """Return the id of one of the guild's voice channels."""
    return guild * 1000 + number


class Members:
    """Those of one guild."""

    def __init__(self, world: World, judge: Judge, guild: int) -> None:
        self._world = world
        self._judge = judge
        self._guild = guild
        self._chance: Random = world.chance(f"members/{guild}")
        self._queries = 0
        # Some guilds listen all day; some have somebody who cannot leave the buttons alone.
        self._patience = self._chance.choice((60.0, 180.0, 400.0))
        # Some listen alone, some loop their queue.
        count = self._chance.choice((1, 2, 3, 4))
        self._people = range(guild * 10 + 1, guild * 10 + 1 + count)
        self._loops = (Loop.OFF, Loop.TRACK, self._chance.choice((Loop.OFF, Loop.QUEUE)))
        self._walks = world.chance(f"walks/{guild}")

    async def wander(self) -> None:
        """Come and go, for ever."""
        hall, chance = self._world.discord.halls[self._guild], self._walks
        for user in self._people:
            self._world.discord.walk(self._guild, user, voice_channel(self._guild))
        while True:
            # Sooner or later everybody is where the music is.
            strays = [user for user in self._people if user not in hall.audience]
            rate = len(strays) / AWAY_SECONDS + (len(self._people) - len(strays)) / STAY_SECONDS
            await asyncio.sleep(chance.expovariate(rate))
            strays = [user for user in self._people if user not in hall.audience]
            share = len(strays) / AWAY_SECONDS / rate
            settled = [user for user in self._people if user in hall.audience]
            if strays and (not settled or chance.random() < share):
                channel = hall.channel or voice_channel(self._guild, chance.randint(1, 2))
                self._walk(chance.choice(strays), channel)
            else:
                away = None if chance.random() < 0.8 else voice_channel(self._guild, 3)
                self._walk(chance.choice(settled), away)

    def come(self) -> None:
        """Be where the bot is, everybody."""
        hall = self._world.discord.halls[self._guild]
        for user in self._people:
            self._walk(user, hall.channel or voice_channel(self._guild))

    def _walk(self, user: int, channel: int | None) -> None:
        if self._world.discord.halls[self._guild].people.get(user) != channel:
            self._world.discord.walk(self._guild, user, channel)

    async def live(self) -> None:
        """Do what members do, for ever."""
        chance = self._chance
        while True:
            view = self._view()
            silent = view is None or view.current is None
            await asyncio.sleep(chance.expovariate(1 / (30.0 if silent else self._patience)))
            process = self._judge.process
            if process is not None and process.ready:
                self.ask(process, self._wish(self._view()))

    def rejoin(self) -> None:
        """Call the bot back."""
        process = self._judge.process
        if process is not None and process.ready:
            self.ask(process, Join(self._member(), text_channel(self._guild)))

    def _view(self) -> PlayerView | None:
        process = self._judge.process
        return None if process is None else process.board.get(self._guild)

    def _member(self) -> Member:
        """Somebody; mostly they are where the bot is, or in voice at least."""
        chance, people = self._chance, self._world.discord.halls[self._guild].people
        audience = self._world.discord.halls[self._guild].audience
        likely = sorted(audience or people) if chance.random() < 0.95 else ()
        user = chance.choice(likely or self._people)
        return Member(user, people.get(user), dj=chance.random() < 0.1)

    def _wish(self, view: PlayerView | None) -> Command:
        chance, by = self._chance, self._member()
        current = view.current if view is not None else None
        play = current.play if current is not None and chance.random() < 0.7 else None
        waiting = len(view.queue) if view is not None else 0
        choices: dict[str, float]
        if current is None:
            choices = {"play": 80, "back": 5, "join": 3, "leave": 3, "show": 1, "stop": 1}
        elif view is not None and view.voice_channel is None:
            choices = {"join": 50, "play": 30, "skip": 3, "stop": 2, "show": 1}
        elif current.paused:
            choices = {"resume": 70, "skip": 10, "play": 10, "seek": 3, "stop": 3, "leave": 2}
        else:
            choices = {
                "play": 20,
                "skip": 18,
                "pause": 8,
                "resume": 2,
                "back": 6,
                "stop": 3,
                "shuffle": 6,
                "volume": 5,
                "leave": 2,
                "join": 4,
                "show": 4,
                "seek": 5,
                "replay": 1,
                "loop": 5,
                "remove": 2,
                "move": 2,
                "clear": 1,
            }
            if waiting > ENOUGH:
                choices["play"] = 0
        match chance.choices(list(choices), list(choices.values()))[0]:
            case "play":
                return Play(by, self._query(), text_channel(self._guild))
            case "skip":
                return Skip(by, play)
            case "pause":
                return Pause(by, play)
            case "resume":
                return Resume(by, play)
            case "back":
                return Back(by, play)
            case "stop":
                return Stop(by)
            case "shuffle":
                return Shuffle(by, chance.getrandbits(32))
            case "volume":
                return SetVolume(by, chance.randint(0, 110))
            case "seek":
                ahead = chance.randint(-60_000, 60_000)
                return Seek(by, ahead, relative=True, play=play)
            case "replay":
                return Replay(by, play)
            case "loop":
                return SetLoop(by, chance.choice(self._loops))
            case "remove":
                return Remove(by, (chance.randint(1, waiting + 1),))
            case "move":
                return Move(by, chance.randint(1, waiting + 1), chance.randint(1, waiting + 1))
            case "clear":
                return Clear(by)
            case "leave":
                return Leave(by)
            case "join":
                return Join(by, text_channel(self._guild))
            case _:
                return Show()

    def _query(self) -> str:
        chance = self._chance
        self._queries += 1
        query = f"{self._guild}-{self._queries}"
        if chance.random() < 0.04:
            # There is no such thing.
            return query
        count = 1 if chance.random() < 0.6 else chance.randint(2, 6)
        self._world.release(query, [self._track(f"{query}-{n}") for n in range(1, count + 1)])
        return query

    def _track(self, name: str) -> tuple[str, int, Fate | None]:
        chance = self._chance
        length = chance.randint(20_000, 420_000)
        if chance.random() > 0.05:
            return name, length, None
        how = chance.choice(("breaks", "breaks", "stuck", "refused"))
        at = 0 if how == "breaks" and chance.random() < 0.5 else chance.randint(1, length)
        return name, length, Fate(how, at)

    def ask(self, process: Process, message: Command) -> None:
        """Ask, and see to it that there is an answer."""
        record = self._judge.records[self._guild]
        record.command_at = self._world.loop.time()
        process.spawn(self._ask(process, message))

    async def _ask(self, process: Process, message: Command) -> None:
        world, judge = self._world, self._judge
        kind = type(message).__name__
        timeout = HEAVY_SECONDS if isinstance(message, Play | Join) else LIGHT_SECONDS
        began = world.loop.time()
        # It may be asked three times over: of a player that has just ended, of the intake, anew.
        overdue = world.loop.call_later(
            3 * timeout + 1, judge.fail, f"{kind} has had no answer", self._guild
        )
        try:
            reply = await process.ask(self._guild, message, timeout=timeout)
        except NotTakingWork:
            reply = None
        except (AskTimeout, ActorCrashed, ActorStopped) as error:
            reply = None
            world.story.tell(self._guild, f"{kind}:", type(error).__name__)
            record = judge.records[self._guild]
            if began - record.fault_at > CALM_SECONDS:
                judge.fail(f"{kind} fails with {error!r} though all is well", self._guild)
        finally:
            overdue.cancel()
        if isinstance(reply, VotePassed):
            reply = reply.reply
        if isinstance(reply, Voted) and reply.opened:
            self._call_to_vote(reply)
        elif isinstance(reply, NeedsConfirmation) and isinstance(message, Stop | Clear | Leave):
            self.ask(process, replace(message, confirmed=True))
        if isinstance(reply, Queued):
            names = {entry.track.identifier for entry in reply.entries}
            if not names <= judge.records[self._guild].known:
                judge.fail(f"was told that {names} are queued", self._guild)
        if reply is not None:
            said = reply.code.name if isinstance(reply, Refused) else type(reply).__name__
            world.story.tell(self._guild, f"{kind}:", said)

    def _call_to_vote(self, opened: Voted) -> None:
        """Let some of the others press the button, some of them in the same moment."""
        chance, people = self._chance, self._world.discord.halls[self._guild].people
        at = chance.uniform(*VOTE_SECONDS)
        for user in self._people:
            if chance.random() < 0.6:
                by = Member(user, people.get(user))
                self._world.loop.call_later(at, self._vote, Vote(by, opened.vote.id))
                at = at if chance.random() < 0.5 else chance.uniform(*VOTE_SECONDS)

    def _vote(self, vote: Vote) -> None:
        process = self._judge.process
        if process is not None and process.ready:
            self.ask(process, vote)
