"""Somebody in a voice channel who listens: a member of its MLS group who opens what is said.

Through `dave.py`, which is Discord's own libdave: the audio node speaks DAVE through another
implementation (davey), so that the two ends of a test never only agree with themselves.

A listener is told and says what a client is told and says, without a websocket. It answers in the
loop's next turn and not from within a call, as nobody on a network could. Its keys are kept apart
by epoch, back to the one before that in force: so it can be told whether sound came with the keys
of today, which libdave, glad to open what is up to ten seconds late, would not say.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypedDict, cast

import dave

from seraphim.sandbox.voice.group import IN_FLIGHT_SECONDS, INITIALIZATION, NEW_GROUP, VERSION
from seraphim.voice import SILENCE, Opcode

# It warns of each frame that it cannot open, which here is counted and told otherwise.
logging.getLogger("dave").setLevel(logging.CRITICAL)

MAGIC = b"\xfa\xfa"
TAG_SIZE = 8
SMALLEST_TRAILER = TAG_SIZE + 1 + 1 + len(MAGIC)
"""What follows an encrypted frame: tag, counter, the trailer's own size, and the marker."""


def is_encrypted(frame: bytes) -> bool:
    """Whether a frame looks like one that was encrypted end to end."""
    if len(frame) < SMALLEST_TRAILER or not frame.endswith(MAGIC) or frame == SILENCE:
        return False
    return SMALLEST_TRAILER <= frame[-len(MAGIC) - 1] <= len(frame)


class Opened(NamedTuple):
    """A frame that a listener could open."""

    frame: bytes
    outdated: bool
    """With keys that should no longer be in use."""


class Service(Protocol):
    """What a listener says something to: see `Group`."""

    def key_package(self, member: "Listener", data: bytes) -> None:
        """Op 26."""
        ...

    def commit(self, member: "Listener", data: bytes) -> None:
        """Op 28."""
        ...

    def ready(self, member: "Listener", number: int) -> None:
        """Op 23."""
        ...

    def invalid(self, member: "Listener", number: int) -> None:
        """Op 31."""
        ...


class _Told(TypedDict):
    """The data of a message: of these, what its opcode has."""

    user_id: str
    user_ids: list[str]
    protocol_version: int
    transition_id: int
    epoch: int


@dataclass(slots=True, eq=False)
class _Epoch:
    """The keys of an epoch, by who speaks."""

    begun: float = float("inf")
    """When it was executed."""
    decryptors: dict[int, dave.Decryptor] = field(default_factory=dict[int, dave.Decryptor])


class Listener:
    """A member without a voice.

    Parameters
    ----------
    user_id
        Who it is.
    channel_id
        The MLS group's name.
    service
        Which group it becomes a member of.
    refused
        Called for each commit and welcome that it can make nothing of.
    hesitation
        Seconds until it sends a commit: who takes none wins against a client, who takes some loses.
    """

    dave_version = VERSION

    def __init__(
        self,
        user_id: int,
        channel_id: int,
        service: Service,
        *,
        refused: Callable[[], None],
        hesitation: float = 0.0,
    ) -> None:
        self.user_id = user_id
        self._refused = refused
        self._channel_id = channel_id
        self._service = service
        self._hesitation = hesitation
        self._loop = asyncio.get_running_loop()
        self._session = dave.Session()
        self._signs_with = dave.SignatureKeyPair.generate(VERSION)
        self._known = {str(user_id)}
        self._epochs: list[_Epoch] = []
        self._pending: dict[int, _Epoch] = {}
        self._committing: asyncio.TimerHandle | None = None
        self._gone = False
        self._start()

    def leave(self) -> None:
        """Say nothing more. What its last keys open it goes on to open."""
        self._gone = True
        if self._committing is not None:
            self._committing.cancel()

    # What it hears

    @property
    def hears_from(self) -> float:
        """Since when it must be able to open what is said, by `time.monotonic`."""
        return min((one.begun for one in self._epochs), default=float("inf")) + IN_FLIGHT_SECONDS

    def open(self, speaker: int, frame: bytes, arrived: float) -> Opened | None:
        """Decrypt; None if it cannot."""
        for age, epoch in enumerate(self._epochs):
            decryptor = epoch.decryptors.get(speaker)
            opened = decryptor and decryptor.decrypt(dave.MediaType.audio, frame)
            if opened is not None:
                newer = self._epochs[0].begun
                return Opened(opened, bool(age) and arrived > newer + IN_FLIGHT_SECONDS)
        return None

    # What it is told

    def send(self, opcode: Opcode, data: object) -> None:
        """Tell it something."""
        self._loop.call_soon(self._told, opcode, data)

    def send_binary(self, opcode: Opcode, payload: bytes) -> None:
        """Tell it something, in a binary frame."""
        self._loop.call_soon(self._told, opcode, payload)

    def _told(self, opcode: Opcode, content: object) -> None:
        if self._gone:
            return
        if isinstance(content, bytes):
            self._binary(opcode, content)
        else:
            self._text(opcode, cast("_Told", content))

    def _text(self, opcode: Opcode, data: _Told) -> None:
        match opcode:
            case Opcode.CLIENTS_CONNECT:
                self._known.update(data["user_ids"])
            case Opcode.CLIENT_DISCONNECT:
                self._known.discard(data["user_id"])
            case Opcode.DAVE_PREPARE_EPOCH if data["epoch"] == NEW_GROUP:
                self._start()
            case Opcode.DAVE_PREPARE_TRANSITION if data["transition_id"] != INITIALIZATION:
                self._service.ready(self, data["transition_id"])
            case Opcode.DAVE_EXECUTE_TRANSITION:
                self._execute(data["transition_id"])
            case _:
                pass

    def _binary(self, opcode: Opcode, payload: bytes) -> None:
        match opcode:
            case Opcode.DAVE_MLS_EXTERNAL_SENDER:
                self._session.set_external_sender(payload)
            case Opcode.DAVE_MLS_PROPOSALS:
                commit = self._session.process_proposals(payload, self._known)
                if commit is not None:
                    self._commit(commit)
            case Opcode.DAVE_MLS_ANNOUNCE_COMMIT_TRANSITION:
                roster = self._session.process_commit(payload[2:])
                if roster is not dave.RejectType.ignored:
                    self._enter(payload, entered=isinstance(roster, dict))
            case Opcode.DAVE_MLS_WELCOME:
                roster = self._session.process_welcome(payload[2:], self._known)
                self._enter(payload, entered=roster is not None)
            case _:
                pass

    # What it does

    def _start(self) -> None:
        """Be alone in a group of its own, and ask to be taken into another."""
        self._session.init(VERSION, self._channel_id, str(self.user_id), self._signs_with)
        self._epochs.clear()
        self._pending.clear()
        package = self._session.get_marshalled_key_package()
        assert package is not None
        self._loop.call_soon(self._say, self._service.key_package, package)

    def _commit(self, commit: bytes) -> None:
        if self._committing is not None:
            self._committing.cancel()
        self._committing = self._loop.call_later(
            self._hesitation, self._say, self._service.commit, commit
        )

    def _say(self, what: "Callable[[Listener, bytes], None]", content: bytes) -> None:
        if not self._gone:
            what(self, content)

    def _enter(self, payload: bytes, *, entered: bool) -> None:
        """Make the keys of an epoch, or report that there are none."""
        number = int.from_bytes(payload[:2], "big")
        if not entered:
            self._refused()
            self._service.invalid(self, number)
            self._start()
            return
        epoch = _Epoch()
        for user_id in self._known - {str(self.user_id)}:
            ratchet = self._session.get_key_ratchet(user_id)
            if ratchet is not None:
                decryptor = epoch.decryptors[int(user_id)] = dave.Decryptor()
                decryptor.transition_to_key_ratchet(ratchet)
        self._epochs.insert(0, epoch)
        self._pending[number] = epoch
        if number == INITIALIZATION:
            self._execute(number)
        else:
            self._service.ready(self, number)

    def _execute(self, number: int) -> None:
        epoch = self._pending.pop(number, None)
        if epoch is not None and epoch in self._epochs:
            epoch.begun = time.monotonic()
            del self._epochs[self._epochs.index(epoch) + 2 :]
