"""Hears what comes out of each guild's channel, and knows whether something should.

Silence is wrong where a player has something to play and somewhere to play it, everything that it
needs is there, and the last fault lies long enough behind.
"""

from collections.abc import Callable, Iterator

from actors.guild.player.ports import Start
from tests.simulation.player import Voice
from tests.simulation.process import Process
from tests.simulation.record import Heard, Record
from tests.simulation.world import World

SILENCE_SECONDS = 30.0
"""How long a guild that should sound may be silent after the last fault."""
CALM_SILENCE_SECONDS = 12.0
"""How long it may be silent when nothing was wrong: a join that is asked for twice."""


class Ear:
    """Listens to `world` for as long as it is there, whichever process makes the music."""

    def __init__(
        self,
        world: World,
        records: dict[int, Record],
        catch_up: Callable[[Process], None],
        fail: Callable[[str, int], None],
    ) -> None:
        self.process: Process | None = None
        self._world = world
        self._records = records
        self._catch_up = catch_up
        self._fail = fail

    def listen(self, guild: int) -> None:
        """Hear whether there is music, and whether there should be."""
        record = self._records[guild]
        now = self._world.loop.time()
        start = self._sound(guild)
        sound = None if start is None else start.play.rpartition(".")[0]
        if sound != record.sound:
            if record.sound is not None:
                seconds = now - record.sound_since
                record.seconds_of_sound += seconds
                self.heard(record, record.sound).ms += seconds * 1000
            record.sound, record.sound_since = sound, now
            if start is None:
                self._world.story.tell(guild, "is silent")
            else:
                self.heard(record, start.play.rpartition(".")[0])
                self._world.story.tell(guild, "is heard:", start.track.identifier)
        if sound is None and self._should_sound(record):
            if record.silent_since is None:
                record.silent_since = now
                self._expect_sound(record)
        elif record.silent_since is not None:
            record.silent_since = None
            if record.check is not None:
                record.check.cancel()
                record.check = None

    def heard(self, record: Record, play: str) -> Heard:
        """Return how much of a playing was heard so far."""
        heard = record.heard.get(play)
        if heard is None:
            # What began in the middle of something has met that, too.
            recent = self._world.loop.time() - record.fault_at < SILENCE_SECONDS
            heard = record.heard[play] = Heard(faults=int(recent))
        return heard

    def in_hand(self, record: Record) -> Iterator[Heard]:
        """Yield what was heard of the current track, if there is one."""
        state = record.state
        if state is not None and state.current is not None:
            yield self.heard(record, state.current.play)

    def _sound(self, guild: int) -> Start | None:
        speaker = self._world.discord.halls[guild].speaker
        if not isinstance(speaker, Voice) or not speaker.alive:
            return None
        player = speaker.player
        if not player.sounds or not player.node.up or self._world.discord.halls[guild].muted:
            return None
        return player.start

    def _should_sound(self, record: Record) -> bool:
        state = record.state
        if state is None or state.current is None or state.home is None or state.paused:
            return False
        if state.mending is not None and state.mending.attempt is not None:
            # It broke, and is looked for elsewhere.
            return False
        hall = self._world.discord.halls[record.guild]
        if hall.channel is not None and not hall.audience:
            # Nobody listens.
            return False
        if hall.muted or hall.homeless or hall.forbidden:
            return False
        speaker = hall.speaker
        if isinstance(speaker, Voice) and speaker.player.stuck:
            return False
        return self._possible()

    def _possible(self) -> bool:
        """Whether there is anything to make music with."""
        process = self.process
        if process is None or not self._world.discord.up:
            return False
        if not process.awake and not self._world.disk.well:
            return False
        links = process.nodes.links
        return any(
            node.well and not links[name].draining for name, node in self._world.nodes.items()
        )

    def _expect_sound(self, record: Record) -> None:
        assert record.silent_since is not None
        until = record.silent_since + CALM_SILENCE_SECONDS
        if record.silent_since - record.fault_at < SILENCE_SECONDS:
            until = max(until, record.fault_at + SILENCE_SECONDS)
        record.check = self._world.loop.call_at(until, self._check_sound, record)

    def _check_sound(self, record: Record) -> None:
        record.check = None
        if self.process is not None:
            self._catch_up(self.process)
        if record.silent_since is None or record.check is not None:
            return
        now = self._world.loop.time()
        if record.fault_at > record.silent_since and now < record.fault_at + SILENCE_SECONDS:
            record.check = self._world.loop.call_at(
                record.fault_at + SILENCE_SECONDS, self._check_sound, record
            )
            return
        if not self._should_sound(record):
            record.silent_since = None
            return
        silent, since = now - record.silent_since, now - record.fault_at
        self._fail(
            f"should sound, and has been silent for {silent:.1f} s, {since:.1f} s after the last"
            f" fault; its player: {record.state}",
            record.guild,
        )
