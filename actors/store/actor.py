"""The store: it keeps what it is told, and writes it behind.

Nobody waits for the storage. The mailbox is never blocked by it: reading and writing are tasks of
this actor. One write is under way at a time, it takes all that waits, and the next comes a second
after it at the earliest. What cannot be written stays in the ledger and is tried again, for ever.
What people wait for (settings, favourites) is read and written at once, and not tried again.

Positions are not saved while they run on. Instead, every other second that music runs, one row
says that this process is alive: where the music was when a process ended follows from that.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, assert_never

import structlog

from actors.guild.player.state import PlayerState
from actors.guild.player.track import Track
from actors.guild.settings import GuildSettings
from actors.runtime import Actor, Deferred, Exit
from actors.runtime.restart import delay_before
from actors.store.ledger import Ledger, ended
from actors.store.messages import (
    ANSWER_SECONDS,
    MOST_FAVOURITES,
    Active,
    AddFavourite,
    Chosen,
    Favoured,
    FavouritesOf,
    Flush,
    Health,
    KeepSettings,
    Note,
    Noted,
    Recall,
    RemoveFavourite,
    Save,
    SetAside,
    StoreHealth,
    StoreMessage,
    Unread,
    Unwritten,
)
from actors.store.ports import Batch, Damaged, Storage, StorageFailed, Stored

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

PAUSE_SECONDS = 1.0
ALIVE_SECONDS = 2.0
SLOW_SECONDS = 5.0
RETRY_SECONDS = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
READ_AGAIN_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class _Written:
    """The batch under way is written."""


@dataclass(frozen=True, slots=True)
class _NotWritten:
    """The batch under way is not written: none of it."""

    error: str


@dataclass(frozen=True, slots=True)
class _Found:
    """What is stored of a guild."""

    attempt: int
    guild: int
    found: Stored | Damaged | None


@dataclass(frozen=True, slots=True)
class _NotFound:
    """What is stored of a guild cannot be read."""

    attempt: int
    guild: int
    error: str


@dataclass(frozen=True, slots=True)
class _TimeToRead:
    """It is time to try once more to read what is stored of a guild."""

    attempt: int
    guild: int


@dataclass(frozen=True, slots=True)
class _Overdue:
    """A recall has waited long enough."""

    attempt: int


@dataclass(frozen=True, slots=True)
class _FoundActive:
    """The guilds that have a home."""

    guilds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _NotFoundActive:
    """Which guilds have a home cannot be read."""

    error: str


@dataclass(frozen=True, slots=True)
class _FoundNote:
    """The note of a key; None also where it cannot be read, because of `error`."""

    attempt: int
    value: str | None = field(repr=False)
    error: str | None = None


@dataclass(frozen=True, slots=True)
class _Slow:
    """The write under way takes longer than any should."""


@dataclass(frozen=True, slots=True)
class _TimeToWrite:
    """The pause after a write is over."""


@dataclass(frozen=True, slots=True)
class _TimeToLive:
    """It is time to say that this process is alive."""


@dataclass(frozen=True, slots=True)
class _TimeToLook:
    """It is time to try once more to read which guilds have a home."""


@dataclass(frozen=True, slots=True)
class _FoundChosen:
    """What guilds have chosen."""

    found: Mapping[int, GuildSettings | Damaged]


@dataclass(frozen=True, slots=True)
class _NotFoundChosen:
    """What guilds have chosen cannot be read."""

    error: str


@dataclass(frozen=True, slots=True)
class _Served:
    """Somebody who waits can be answered."""

    attempt: int
    reply: object = field(repr=False)
    error: str | None = None


_Outcome = (
    _Written
    | _NotWritten
    | _Found
    | _NotFound
    | _TimeToRead
    | _Overdue
    | _FoundActive
    | _NotFoundActive
    | _FoundNote
    | _Slow
    | _TimeToWrite
    | _TimeToLive
    | _TimeToLook
    | _FoundChosen
    | _NotFoundChosen
    | _Served
)


class StoreActor(Actor[StoreMessage | _Outcome]):
    """Keeps guilds' snapshots and notes in `storage`.

    A crash loses nothing that was told: the next incarnation begins with the ledger of this one.
    It starts, and goes on, with a storage that is away. `now` is the time in milliseconds since
    the epoch.
    """

    def __init__(self, storage: Storage, now: Callable[[], int]) -> None:
        self._storage = storage
        self._now = now
        self._ledger = Ledger()
        self._attempts = count()
        self._recalls: dict[int, Deferred[PlayerState | Unread | None]] = {}
        self._notings: dict[int, Deferred[str | None]] = {}
        self._actives: list[Deferred[tuple[int, ...]]] = []
        self._looking = False
        self._served: dict[int, Deferred[Any]] = {}
        self._choosers: list[Deferred[Mapping[int, GuildSettings]]] = []
        # Those who wait for what is being written, and those who wait for what waits itself.
        self._flushing: list[Deferred[None]] = []
        self._flushes: list[Deferred[None]] = []
        self._writing = False
        self._must_write = False
        self._failures = 0
        self._failing: StoreHealth | None = None

    async def on_start(self) -> None:
        """Open the storage, so that whoever starts after this finds it ready; it may be away."""
        kept = self.context.kept
        if isinstance(kept, Ledger):
            # What was being written may have been, or not; writing it again does no harm.
            self._ledger = kept.taken_over()
            self._must_write = bool(kept.running)
        self.context.keep(self._ledger)
        try:
            await self._storage.open()
        except StorageFailed as error:
            self._failed(str(error))
        self._write_if_due()

    async def receive(self, message: StoreMessage | _Outcome) -> object:
        """Keep or give; everything else happens beside."""
        match message:
            case Save(state):
                self._ledger.save(state)
                self._write_if_due()
            case Recall():
                return self._recall(message)
            case Active():
                self._actives.append(self.context.defer(message))
                self._look()
            case SetAside(guild, reason):
                self._ledger.set_aside(guild, reason)
                self._write_if_due()
            case Note(key, value):
                self._ledger.take_note(key, value)
                self._write_if_due()
            case Noted():
                return self._noted(message)
            case Flush():
                self._flush(message)
            case Health():
                return self._health()
            case Chosen():
                self._choosers.append(self.context.defer(message))
                self._look_up_chosen()
            case KeepSettings() | FavouritesOf() | AddFavourite() | RemoveFavourite():
                attempt = next(self._attempts)
                self._served[attempt] = self.context.defer(message)
                self.context.start_task(self._serve, attempt, message, name="serve")
            case _:
                self._go_on(message)
        return None

    def _go_on(self, outcome: _Outcome) -> None:
        match outcome:
            case _Written():
                self._has_written()
            case _NotWritten(error):
                self._has_not_written(error)
            case _Found(attempt, guild, found):
                self._has_found(attempt, guild, found)
            case _NotFound(attempt, guild, error):
                self._has_not_found(attempt, guild, error)
            case _TimeToRead(attempt, guild):
                if attempt in self._recalls:
                    self._read(attempt, guild)
            case _Overdue(attempt):
                self._failed("it does not answer")
                self._answer(attempt, Unread())
            case _FoundActive(guilds):
                self._looking = False
                waiting, self._actives = self._actives, []
                for asked in waiting:
                    asked.reply(guilds)
            case _NotFoundActive(error):
                self._looking = False
                self._failed(error)
                self.context.timers.start("look", RETRY_SECONDS[0], _TimeToLook())
            case _FoundNote(attempt, value, error):
                if error is not None:
                    self._failed(error)
                self._notings.pop(attempt).reply(value)
            case _Slow():
                self._failed("it does not answer")
            case _TimeToWrite():
                self._write_if_due()
            case _TimeToLive():
                self._must_write |= bool(self._ledger.running)
                self._write_if_due()
            case _TimeToLook():
                self._look()
                self._look_up_chosen()
            case _FoundChosen(found):
                self._has_found_chosen(found)
            case _NotFoundChosen(error):
                self._failed(error)
                self.context.timers.start("look", RETRY_SECONDS[0], _TimeToLook())
            case _Served(attempt, reply, error):
                if error is not None:
                    self._failed(error)
                self._served.pop(attempt).reply(reply)
            case _:
                assert_never(outcome)

    async def on_stop(self, reason: Exit) -> None:
        """Write what is not written yet, after a crash too: it may have been the last."""
        ledger = self._ledger
        ledger.unwritten()
        try:
            if len(ledger):
                await self._storage.write(ledger.begin(self._now()))
                ledger.written()
        except StorageFailed as error:
            log.error("store.unwritten", error=str(error), unwritten=len(ledger))
        finally:
            await self._storage.close()

    # Writing

    def _write_if_due(self) -> None:
        if (self._must_write or len(self._ledger.waiting)) and "write" not in self.context.timers:
            self._write()

    def _write(self) -> None:
        """Begin to write all that waits, unless a write is under way: another follows that."""
        if self._writing:
            return
        batch = self._ledger.begin(self._now())
        self._writing, self._must_write = True, False
        self._flushing, self._flushes = self._flushing + self._flushes, []
        if self._ledger.running:
            self.context.timers.start("alive", ALIVE_SECONDS, _TimeToLive())
        self.context.timers.start("slow", SLOW_SECONDS, _Slow())
        self.context.start_task(self._write_batch, batch, name="write")

    async def _write_batch(self, batch: Batch) -> None:
        try:
            await self._storage.write(batch)
        except StorageFailed as error:
            self._ledger.unwritten()
            await self.context.ref.tell(_NotWritten(str(error)))
        else:
            # Before anything can be cancelled: it is known to be written from here on.
            self._ledger.written()
            await self.context.ref.tell(_Written())

    def _has_written(self) -> None:
        self._writing = False
        self.context.timers.cancel("slow")
        self._recovered()
        for asked in self._flushing:
            asked.reply(None)
        self._flushing = []
        self.context.timers.start("write", PAUSE_SECONDS, _TimeToWrite())
        if self._flushes:
            self._write()

    def _has_not_written(self, error: str) -> None:
        self._writing = False
        self.context.timers.cancel("slow")
        self._flushing, self._flushes = [], self._flushing + self._flushes
        self._failed(error)
        self._failures += 1
        delay = delay_before(self._failures, RETRY_SECONDS)
        self.context.timers.start("write", delay, _TimeToWrite())

    def _flush(self, message: Flush) -> None:
        if len(self._ledger.waiting):
            self._flushes.append(self.context.defer(message))
            self._write()
        elif self._writing:
            self._flushing.append(self.context.defer(message))

    # Reading

    def _recall(self, message: Recall) -> PlayerState | None:
        change = self._ledger.change(message.guild)
        if change is not None:
            return change.state
        attempt = next(self._attempts)
        self._recalls[attempt] = self.context.defer(message)
        self._ledger.ask(message.guild)
        self.context.timers.start(("recall", attempt), ANSWER_SECONDS, _Overdue(attempt))
        self._read(attempt, message.guild)
        return None

    def _read(self, attempt: int, guild: int) -> None:
        self.context.start_task(self._find, attempt, guild, name="recall")

    async def _find(self, attempt: int, guild: int) -> None:
        try:
            outcome = _Found(attempt, guild, await self._storage.snapshot(guild))
        except StorageFailed as error:
            outcome = _NotFound(attempt, guild, str(error))
        await self.context.ref.tell(outcome)

    def _has_not_found(self, attempt: int, guild: int, error: str) -> None:
        """Try again: a storage that fails for a moment costs no queue."""
        self._failed(error)
        failing = self._failing
        since = failing and failing.failing_since
        if since is not None and self._now() - since > ANSWER_SECONDS * 1000:
            # It is no moment. Nobody is kept waiting for what does not come.
            self._answer(attempt, Unread())
        else:
            again = _TimeToRead(attempt, guild)
            self.context.timers.start(("read", attempt), READ_AGAIN_SECONDS, again)

    def _has_found(self, attempt: int, guild: int, found: Stored | Damaged | None) -> None:
        if attempt not in self._recalls:
            # Too late: whoever asked has begun without it.
            return
        change = self._ledger.change(guild)
        if change is not None:
            self._answer(attempt, change.state)
            return
        self._ledger.answer(guild)
        if isinstance(found, Damaged):
            log.error("snapshot.damaged", guild=guild, error=found.error)
            self._ledger.set_aside(guild, found.error)
            self._write_if_due()
            self._answer(attempt, None)
        elif found is None or found.ended_at is None:
            self._answer(attempt, None if found is None else found.state)
        else:
            self._answer(attempt, ended(found.state, found.ended_at))

    def _answer(self, attempt: int, reply: PlayerState | Unread | None) -> None:
        self.context.timers.cancel(("recall", attempt))
        asked = self._recalls.pop(attempt, None)
        if asked is not None:
            asked.reply(reply)

    def _look(self) -> None:
        if self._actives and not self._looking:
            self._looking = True
            self.context.timers.cancel("look")
            self.context.start_task(self._find_active, name="look")

    async def _find_active(self) -> None:
        try:
            stored = await self._storage.active()
            # Now: what is not written yet may be, when the outcome is handled.
            outcome = _FoundActive(self._ledger.active(stored))
        except StorageFailed as error:
            outcome = _NotFoundActive(str(error))
        await self.context.ref.tell(outcome)

    def _noted(self, message: Noted) -> str | None:
        if self._ledger.knows_note(message.key):
            return self._ledger.note(message.key)
        attempt = next(self._attempts)
        self._notings[attempt] = self.context.defer(message)
        self.context.start_task(self._find_note, attempt, message.key, name="note")
        return None

    async def _find_note(self, attempt: int, key: str) -> None:
        try:
            stored = await self._storage.note(key)
            newer = self._ledger.knows_note(key)
            outcome = _FoundNote(attempt, self._ledger.note(key) if newer else stored)
        except StorageFailed as error:
            outcome = _FoundNote(attempt, None, str(error))
        await self.context.ref.tell(outcome)

    # For those who wait

    def _look_up_chosen(self) -> None:
        if self._choosers:
            self.context.start_task(self._find_chosen, name="chosen")

    async def _find_chosen(self) -> None:
        try:
            outcome = _FoundChosen(await self._storage.settings())
        except StorageFailed as error:
            outcome = _NotFoundChosen(str(error))
        await self.context.ref.tell(outcome)

    def _has_found_chosen(self, found: Mapping[int, GuildSettings | Damaged]) -> None:
        chosen: dict[int, GuildSettings] = {}
        for guild, settings in found.items():
            if isinstance(settings, Damaged):
                log.error("settings.damaged", guild=guild, error=settings.error)
            else:
                chosen[guild] = settings
        asked, self._choosers = self._choosers, []
        for one in asked:
            one.reply(chosen)

    async def _serve(
        self, attempt: int, message: KeepSettings | FavouritesOf | AddFavourite | RemoveFavourite
    ) -> None:
        storage = self._storage
        error = None
        try:
            match message:
                case KeepSettings(guild, settings):
                    reply = await storage.keep_settings(guild, settings)
                case FavouritesOf(user):
                    reply = _undamaged(user, await storage.favourites(user))
                case AddFavourite(user, track):
                    added = await storage.add_favourite(user, track, most=MOST_FAVOURITES)
                    reply = Favoured(added is True, full=added is None)
                case RemoveFavourite(user, track):
                    reply = await storage.remove_favourite(user, track)
        except StorageFailed as failed:
            error = str(failed)
            reply = Unread() if isinstance(message, FavouritesOf) else Unwritten()
        await self.context.ref.tell(_Served(attempt, reply, error))

    # What is well and what is not

    def _failed(self, error: str) -> None:
        """Say so once, and write as soon as that works, if only to see that it does."""
        self._must_write = True
        if self._failing is None:
            self._failing = StoreHealth(0, self._now(), error)
            log.warning("store.failing", error=error)
        if not self._writing and "write" not in self.context.timers:
            self.context.timers.start("write", RETRY_SECONDS[0], _TimeToWrite())

    def _recovered(self) -> None:
        self._failures = 0
        failing, self._failing = self._failing, None
        if failing is not None and failing.failing_since is not None:
            seconds = (self._now() - failing.failing_since) / 1000
            log.info("store.recovered", seconds=round(seconds, 1))

    def _health(self) -> StoreHealth:
        unwritten = len(self._ledger)
        failing = self._failing
        if failing is None:
            return StoreHealth(unwritten)
        return StoreHealth(unwritten, failing.failing_since, failing.error)


def _undamaged(user: int, found: Sequence[Track | Damaged]) -> tuple[Track, ...]:
    damaged = [each.error for each in found if isinstance(each, Damaged)]
    if damaged:
        log.error("favourites.damaged", user=user, count=len(damaged), error=damaged[0])
    return tuple(each for each in found if isinstance(each, Track))
