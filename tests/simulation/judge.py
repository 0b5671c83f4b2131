"""The judge: what has to be true, looked at after each event.

It sees each message that a player has handled, with the player's state before and after, and what
comes out of each guild's channel. What is wrong is not raised where it is seen, inside some actor,
but ends the simulation.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any, Never, TypeVar

from actors.guild.panel.messages import GaveUp
from actors.guild.player.messages import (
    Back,
    Clear,
    FoundElsewhere,
    JoinFailed,
    Leave,
    Loaded,
    Loop,
    Move,
    Pause,
    PositionReported,
    Reconciled,
    Remove,
    Replay,
    Resume,
    Seek,
    SetLoop,
    SetVolume,
    Shuffle,
    Skip,
    Stop,
    TimeIsUp,
    TrackEnded,
    TrackStarted,
    TrackStuck,
    UpdateFailed,
    VoiceStateChanged,
    VoteOutcome,
)
from actors.guild.player.playback import FAILURES_IN_A_ROW
from actors.guild.player.presence import LEAVE
from actors.guild.player.state import HISTORY_LIMIT, PlayerState
from actors.runtime import ActorRef
from actors.runtime.child import ActorChild
from actors.runtime.hooks import Receive
from actors.runtime.testing import Fault, Faults
from actors.store.actor import RETRY_SECONDS
from tests.simulation.anatomy import actors_of, child_of
from tests.simulation.ear import Ear
from tests.simulation.leftovers import doubled, left, outdated, restless
from tests.simulation.process import Process
from tests.simulation.record import Record, durable, guild_at, names
from tests.simulation.world import World

ECHO_SECONDS = 90.0
"""So long after somebody sent us away Discord may say so, late or to the next process."""
WORD_SECONDS = 15.0
"""So soon the channel is told that its player was given up."""
REST_SECONDS = 15.0
"""So soon everybody has come to rest, whatever music begins or ends."""
END_SECONDS = 30.0
"""So soon a process that is to end has ended."""
RECALL_SECONDS = 7.0
"""For so long a player that begins may wait for what was stored, and then begins without."""
SAVED_SECONDS = 2.5
"""What was so long ago is stored, if the database works."""
LOST_MS = 12_000
"""How much of a track may go unheard, or be heard twice, for each fault that it met."""
UNSURE_MS = 6_000
"""The same where it met none: what was wrong before shows with the first report of a position."""

RACE_MS = 500
"""So close to its end a track may be over before the node hears that it is to go on elsewhere."""

ENDS = (Skip, Stop, Back, TrackEnded, TrackStuck, UpdateFailed, FoundElsewhere)
REORDERS = (Shuffle, Move)
OF_OUR_MAKING = ("Sabotaged", "TextBroken", "Ordered")

Acts = tuple[object, ...]
"""A message that was handled, and the commands that were carried out because of it."""

T = TypeVar("T")


class Violation(AssertionError):
    """Something that has to be true was not."""


class Judge:
    """Looks on; `violation` is set when something is wrong."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.armed: dict[str, Fault] = {}
        self.violation: asyncio.Future[Never] = asyncio.get_running_loop().create_future()
        self.process: Process | None = None
        self.world: World
        self.records: dict[int, Record] = {}
        self._ear: Ear
        self._ended_at = 0.0
        self._intake_crashed_at = -math.inf
        self.failed_guild: int | None = None

    def begin(self, world: World) -> None:
        """Look at `world` from now on."""
        self.world = world
        self.records = {guild: Record(guild) for guild in world.guilds}
        self._ear = Ear(world, self.records, self.catch_up, self.fail)

    def fail(self, what: str, guild: int = 0) -> None:
        """Something is wrong."""
        if not self.violation.done():
            self.failed_guild = guild or None
            self.world.story.tell(guild, "VIOLATION:", what)
            where = f"guild {guild}: " if guild else ""
            self.violation.set_exception(Violation(f"{where}{what}"))
            self.world.story.close()

    async def while_well(self, work: Coroutine[Any, Any, None]) -> None:
        """Return when `work` is done; raise `Violation` as soon as something is wrong."""
        task = self.world.loop.create_task(work)
        try:
            await asyncio.wait((task, self.violation), return_when=asyncio.FIRST_COMPLETED)
        finally:
            task.cancel()
        if self.violation.done():
            self.violation.result()

    async def end(self, process: Process, how: Callable[[Process], Awaitable[None]]) -> None:
        """End the process like this, and see that it comes to its end."""
        self.catch_up(process)
        overdue = self.world.loop.call_later(
            END_SECONDS, self.fail, f"process {process.life} does not end"
        )
        await how(process)
        overdue.cancel()

    # --- what is done to them ---

    def fault(self, guild: int) -> None:
        """Something goes wrong now; with all of them where `guild` is 0."""
        now = self.world.loop.time()
        for record in self.records.values() if guild == 0 else (self.records[guild],):
            record.fault_at = now
            for heard in self._ear.in_hand(record):
                heard.faults += 1
        if guild == 0:
            for each in self.records:
                self.listen(each)
        else:
            self.listen(guild)

    def damaged(self, guild: int) -> None:
        """What is stored of the guild is readable no more."""
        self.world.disk.damaged.add(guild)
        self.records[guild].state = None

    def catch_up(self, process: Process) -> None:
        """See what the players have become that have not handled a message since they began."""
        for child in actors_of(process.system):
            if child.path.endswith("/player"):
                record = self.records[guild_at(child.path)]
                if child.kept is not record.state:
                    self._begins(record, child, process)

    def ended(self) -> None:
        """The process is over: what the next one begins with is what was stored."""
        self._ear.process = None
        self._ended_at = now = self.world.loop.time()
        disk = self.world.disk
        # It was tried again at intervals that had grown as long as the outage.
        away, back = disk.outages[-1] if disk.outages else (0.0, 0.0)
        tried_at = back + min(back - away, RETRY_SECONDS[-1])
        for guild, record in self.records.items():
            stored = disk.snapshots.get(guild)
            last, record.state = record.state, stored[0] if stored else None
            if guild in disk.damaged:
                record.state = None
                continue
            same = last is record.state or (
                last is not None
                and record.state is not None
                and durable(last) == durable(record.state)
            )
            late = now - max(record.changed_at, tried_at) > SAVED_SECONDS
            if not same and late and disk.well and last is not None:
                self.fail(f"the last {now - record.changed_at:.1f} s were not saved", guild)
            if last is not None and _left_lately(last, self.world.now()):
                # That this was meant for a moment only is lost; that it has left is said once more.
                record.sent_away_at = now
            for state in () if same else (last, record.state):
                # What it was in the middle of then, it begins in the middle of again.
                if state is not None and state.current is not None:
                    self._ear.heard(record, state.current.play).slack_ms = math.inf
            self.listen(guild)

    def began(self, process: Process) -> None:
        """The next process begins."""
        self.process = self._ear.process = process
        for record in self.records.values():
            record.changed_at = math.inf

    def listen(self, guild: int) -> None:
        """Hear whether there is music, and whether there should be."""
        self._ear.listen(guild)

    # --- what players do ---

    def hook(self, ref: ActorRef[Never], receive: Receive) -> Receive:
        """Stand before every actor's `receive`."""
        path = ref.path
        faulty = self.faults.hook(ref, receive)

        async def handle(message: object) -> object:
            fault = self.armed.pop(path, None)
            if fault is None:
                return await receive(message)
            self.fault(guild_at(path))
            try:
                return await faulty(message)
            finally:
                if fault.raised:
                    self.world.story.tell(guild_at(path), "crashed at an await:", path)

        return self._observing(ref, handle) if path.endswith("/player") else handle

    def _observing(self, ref: ActorRef[Never], handle: Receive) -> Receive:
        record = self.records[guild_at(ref.path)]
        child = child_of(ref)
        process = self.process
        assert process is not None

        async def observed(message: object) -> object:
            before = child.kept
            if before is not record.state:
                self._begins(record, child, process)
            try:
                return await handle(message)
            finally:
                if process is self.process:
                    self._saw(record, before, child.kept, message)

        return observed

    def _begins(self, record: Record, child: ActorChild, process: Process) -> None:
        """A player has begun."""
        state = child.kept
        if not isinstance(state, PlayerState):
            return
        before, record.state = record.state, state
        wakes, record.life = record.life != process.life, process.life
        # Who is woken waits for what was stored; who is asked for does not, or not for ever.
        asked = record.command_at >= process.began_at
        # One that has crashed since began before, and that was not seen.
        first = child.incarnation == 1
        began_at = child.since if first else process.began_at
        away = self.world.disk.was_away(began_at, child.since + RECALL_SECONDS)
        unread = (first or wakes) and asked and away
        if before is not None and not unread:
            if names(before) != names(state):
                self.fail(f"begins with {names(state)} after {names(before)}", record.guild)
            if before.home != state.home:
                self.fail(f"begins at home in {state.home} after {before.home}", record.guild)
        record.known.update(names(state))
        if wakes:
            # What plays on is not followed before; what could not be saved may be heard again.
            away_ms = (self.world.loop.time() - self._ended_at) * 1000
            for heard in self._ear.in_hand(record):
                heard.slack_ms += away_ms
        self.listen(record.guild)

    def _saw(self, record: Record, before: object, after: object, message: object) -> None:
        if not isinstance(after, PlayerState):
            return
        record.state = after
        if not isinstance(before, PlayerState):
            return
        if not isinstance(message, PositionReported):
            self.world.story.tell(record.guild, "player hears", message)
        same = before.queue is after.queue and before.history is after.history
        if isinstance(message, PositionReported) and same and before.home == after.home:
            # Nearly all of them: the position runs on.
            return
        if not same or durable(before) != durable(after):
            record.changed_at = self.world.loop.time()
        # What a vote has decided is as if somebody had asked for it now.
        acts = (message, *_decided(before, after))
        self._judge_tracks(record, before, after, acts)
        self._judge_wishes(record, before, after, acts)
        self.listen(record.guild)

    def _judge_tracks(
        self, record: Record, before: PlayerState, after: PlayerState, acts: Acts
    ) -> None:
        had, has = names(before), names(after)
        looped = Loop.QUEUE in {before.loop, after.loop}
        if looped:
            # It is in the history and waits again; so it may for long.
            record.looped = True
        if had == has:
            self._judge_end(record, before, after, acts)
            return
        if len(set(has)) != len(has) and not record.looped:
            self.fail(f"{_kind(acts)} doubles a track: {has}", record.guild)
        lost = [name for name in had if name not in set(has)]
        added = [name for name in has if name not in set(had)]
        if lost and not _may_lose(before, lost, acts):
            self.fail(f"{_kind(acts)} loses {lost}", record.guild)
        if added:
            again = record.known.intersection(added)
            found = {
                track.identifier
                for request in before.requests
                for track in getattr(request.outcome, "tracks", ())
            }
            for loaded in _those(acts, Loaded):
                found |= {track.identifier for track in loaded.tracks}
            if again or not found.issuperset(added):
                self.fail(f"{_kind(acts)} brings {added} out of nowhere", record.guild)
            record.known.update(added)
        stayed = [name for name in has if name in set(had)]
        kept = [name for name in had if name in set(has)]
        if not (_any(acts, REORDERS) or record.looped) and stayed != kept:
            self.fail(f"{_kind(acts)} puts tracks into another order", record.guild)
        self._judge_end(record, before, after, acts)

    def _judge_end(
        self, record: Record, before: PlayerState, after: PlayerState, acts: Acts
    ) -> None:
        """A track that is over was heard as a whole, unless somebody or something ended it."""
        was, now = before.current, after.current
        if was is None:
            return
        if now is not None and now.play == was.play:
            if _any(acts, (Seek, Replay)):
                # What was passed over counts as heard.
                at = self.world.now()
                heard = self._ear.heard(record, was.play)
                heard.ms += now.position(at) - was.position(at)
                # At its end, that may come first.
                length = was.entry.track.length_ms or 0
                near = length - was.position(at) < RACE_MS
                heard.slack_ms += math.inf if near else UNSURE_MS
            return
        self.world.story.tell(
            record.guild, "is over:", was.entry.track.identifier, f"by {_kind(acts)}"
        )
        # Its end was lost, and the node has nothing more to play, or has gone on.
        found_over = any(one.player is not None for one in _those(acts, Reconciled))
        if not _any(acts, ENDS) and not found_over and not _went_on(before, acts):
            self.fail(f"{_kind(acts)} ended {was.entry.track.identifier}", record.guild)
        heard = self._ear.heard(record, was.play)
        del record.heard[was.play]
        fate = self.world.fates.get(was.entry.track.identifier)
        broke = fate is not None or was.failure is not None or was.entry.is_broken
        if broke or not _any(acts, (TrackEnded, Reconciled)):
            return
        allowed = LOST_MS * heard.faults + heard.slack_ms + UNSURE_MS
        length = was.entry.track.length_ms or 0
        if abs(heard.ms - length) > allowed:
            self.fail(
                f"{was.entry.track.identifier} was heard for {heard.ms:.0f} of"
                f" {length} ms; it met {heard.faults} faults",
                record.guild,
            )

    def _judge_wishes(
        self, record: Record, before: PlayerState, after: PlayerState, acts: Acts
    ) -> None:
        """What people have asked for changes only when they ask for something else."""
        guild = record.guild
        if before.home is not None and after.home is None:
            self.world.story.tell(guild, "goes home by", _kind(acts))
            now = self.world.loop.time()
            if _any(acts, Leave):
                # Should this be lost with its process, Discord says it once more to the next one.
                record.sent_away_at = now
            asked = before.joining is not None and not before.joining.back
            hall = self.world.discord.halls[guild]
            sent = hall.kicked or now - record.sent_away_at < ECHO_SECONDS
            if not (
                _any(acts, Leave)
                or (_any(acts, (VoiceStateChanged, JoinFailed)) and (sent or asked))
                or (_any(acts, TimeIsUp) and asked)
                or _nothing_to_stay_for(before, acts)
            ):
                self.fail(f"{_kind(acts)} makes it leave for good", guild)
        same = (
            before.current is not None
            and after.current is not None
            and before.current.play == after.current.play
        )
        if before.paused != after.paused and same and not _any(acts, (Pause, Resume)):
            self.fail(f"{_kind(acts)} changes whether it is paused", guild)
        if before.volume != after.volume and not _any(acts, SetVolume):
            self.fail(f"{_kind(acts)} changes the volume", guild)
        if before.loop != after.loop and not _any(acts, (SetLoop, Stop)):
            self.fail(f"{_kind(acts)} changes what is looped", guild)

    # --- what is left ---

    async def judge_calm(self, process: Process) -> None:
        """After long enough without faults and commands, nobody stays at work on anything."""
        until = self.world.loop.time() + REST_SECONDS
        while complaints := [*restless(process.system), *doubled(self.world), *outdated(process)]:
            if self.world.loop.time() >= until:
                guild, complaint = complaints[0]
                self.fail(complaint, guild)
            # A track has begun, say, and is being shown.
            await self.while_well(asyncio.sleep(1.0))

    def judge_end(self, process: Process, tasks: set[asyncio.Task[Any]]) -> None:
        """After the end of the process nothing of it is left."""
        for complaint in left(process.system, self.world, tasks):
            self.fail(complaint)

    # --- what the log says ---

    def log(self, event: dict[str, Any]) -> None:
        """Take in a line of the log."""
        what, path = event.get("event"), str(event.get("actor", ""))
        if self.process is None or self.process.killed:
            return
        if what in ("actor.crashed", "actor.task_failed"):
            reason = str(event.get("reason"))
            self.world.story.tell(guild_at(path), "crashes:", path, reason)
            if path == "/root/intake":
                self._intake_crashed_at = self.world.loop.time()
            if not any(ours in reason for ours in OF_OUR_MAKING):
                self.fail(f"{path} crashes by itself: {reason}", guild_at(path))
        elif what == "supervisor.gave_up":
            self.world.story.tell(guild_at(path), "gives up:", path)
            self._gave_up(path)
        elif what == "actor.zombie":
            self.fail(f"{path} is a zombie")

    def _gave_up(self, path: str) -> None:
        guild = guild_at(path)
        if not guild:
            self.fail(f"{path} gives up")
        elif path.endswith(f"guild-{guild}"):
            record = self.records[guild]
            record.gave_up_at = self.world.loop.time()
            said_before = self._words_of_giving_up(guild)
            if record.state is not None and record.state.text_channel is not None:
                self.world.loop.call_later(
                    WORD_SECONDS, self._check_word, record, self.process, said_before
                )
            # The next one begins with nothing, and nothing of it is worth saving yet.
            record.state, record.changed_at = None, math.inf

    def _words_of_giving_up(self, guild: int) -> int:
        notices = self.world.text.notices
        return sum(1 for of, notice in notices if of == guild and isinstance(notice, GaveUp))

    def _check_word(self, record: Record, process: Process | None, said_before: int) -> None:
        if process is not self.process:
            return
        if record.gave_up_at is not None and self._intake_crashed_at >= record.gave_up_at:
            # In the middle of saying so.
            return
        if self._words_of_giving_up(record.guild) == said_before:
            self.fail("its player was given up, and nobody was told", record.guild)


def _left_lately(state: PlayerState, now: int) -> bool:
    left_at = state.trouble.left_at
    return left_at is not None and now - left_at < SAVED_SECONDS * 1000


def _decided(before: PlayerState, after: PlayerState) -> Iterator[object]:
    """Yield the commands that have been voted for."""
    closed = {one.id for one in before.ballots if one.outcome is not VoteOutcome.OPEN}
    for ballot in after.ballots:
        if ballot.outcome is VoteOutcome.PASSED and ballot.id not in closed:
            yield ballot.command


def _any(acts: Acts, kinds: type | tuple[type, ...]) -> bool:
    return any(isinstance(act, kinds) for act in acts)


def _those(acts: Acts, kind: type[T]) -> Iterator[T]:
    return (act for act in acts if isinstance(act, kind))


def _nothing_to_stay_for(before: PlayerState, acts: Acts) -> bool:
    """Whether it may leave by itself: nothing plays, or nobody listens, and has for long."""
    in_vain = before.current is None or before.alone
    return in_vain and before.waiting is not None and TimeIsUp(LEAVE) in acts


def _may_lose(before: PlayerState, lost: list[str], acts: Acts) -> bool:
    waiting = [entry.original.identifier for entry in before.queue]
    oldest = [entry.original.identifier for entry in before.history][:2]
    if len(before.history) >= HISTORY_LIMIT - 1 and set(lost) <= set(oldest):
        return True
    if _any(acts, (Stop, Clear, Remove)):
        return set(lost) <= {*waiting, *oldest}
    broken = before.failures >= FAILURES_IN_A_ROW - 1
    ends = _any(acts, (TrackEnded, TrackStuck, UpdateFailed, Reconciled, FoundElsewhere))
    return broken and ends and set(lost) <= {*waiting, *oldest}


def _went_on(before: PlayerState, acts: Acts) -> bool:
    """Whether the node has gone on to what follows, and its word of the end before was lost."""
    told = before.following
    started = (one.play for one in _those(acts, TrackStarted))
    return told is not None and told.sounding in started


def _kind(acts: Acts) -> str:
    return " by vote for ".join(type(act).__name__ for act in acts)
