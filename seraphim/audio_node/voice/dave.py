"""Our part in a channel's end-to-end encryption: DAVE, Discord's protocol of that name, version 1.

davey holds the keys and speaks MLS; what is decided here is when which kind of frame may leave.

    version 0 in force     frames as they are: nobody has asked for more
    alone                  frames as they are: there is nobody to keep them from, or to hear them
    others, no group yet   nothing: `sendable` is false, and the player waits
    in the group           sealed with the keys of the epoch in force

A change that the voice server announces with a number (op 21, 29) is in force when it says so (op
22), and not before. davey takes new keys into use as soon as it has read a commit, which would be
too soon for listeners whose copy is still on its way; so a commit lies unread until it is in force,
or until what comes next builds on it. We receive no sound, so there is nothing else to be ready
for: op 23 is said at once.

What davey cannot make sense of is told (op 31), and we begin anew: the server takes us out of the
group and in again. Until then nothing is sent.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final, cast

import davey
import structlog

from seraphim.audio_node.voice.gateway import Message
from seraphim.audio_node.voice.proposals import Proposal, proposals, references, vector
from seraphim.voice import Opcode

HIGHEST_VERSION: Final = davey.DAVE_PROTOCOL_VERSION
NEW_GROUP: Final = 1
"""The epoch of op 24 that means: begin anew."""

INITIALIZATION: Final = 0
"""The transition that is in force at once."""

APPEND: Final = 0
NUMBER_BYTES: Final = 2

Say = Callable[[Opcode, Mapping[str, object] | bytes], None]
"""Says something to the voice server, after what was said before; never waits."""

_ID: Final = re.compile(r"[0-9]{1,20}")
_MOST_IDS: Final = 2**64

_BROKEN: Final = (RuntimeError, ValueError)
"""What davey raises where it cannot make sense of something."""

_log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


class Dave:
    """Our membership, from the session's description to the end of the connection.

    Parameters
    ----------
    user_id
        Who we are.
    channel_id
        The name of the group.
    say
        How answers are given.
    """

    def __init__(self, *, user_id: int, channel_id: int, say: Say) -> None:
        self._user_id = user_id
        self._channel_id = channel_id
        self._say = say
        self._session: davey.DaveSession | None = None
        self._version = 0
        """In force."""
        self._others: set[int] = set()
        self._transitions: dict[int, int] = {}
        """What was announced: the version that each transition puts in force."""
        self._commit: tuple[int, bytes] | None = None
        """One that is not in force yet, and the number of its transition."""
        self._adds: dict[bytes, Proposal] = {}
        """The proposals of this epoch that add somebody, by reference."""
        self._again: Counter[bytes] = Counter()
        """How often each of them was told to davey a second time."""
        self._log = _log.bind(channel=channel_id)

    @property
    def sendable(self) -> bool:
        """Whether a frame may leave now."""
        return not self._version or self._ready or not self._others

    def seal(self, frame: bytes) -> bytes:
        """Make of an Opus frame what may leave. To be asked only while `sendable`.

        A frame of silence stays as it is, as the protocol has it.
        """
        if not self._version or not self._ready:
            return frame
        assert self._session is not None
        return self._session.encrypt_opus(frame)

    def begin(self, version: int) -> None:
        """Take what the session's description says: the version that is spoken here."""
        self._version = version
        if version:
            self._begin_anew(version)

    def hear(self, message: Message) -> None:
        """Take in what the voice server said; what has nothing to do with it is nothing.

        Raises
        ------
        Closed
            With 4002 if a message is not as it should be.
        """
        match message.opcode:
            case Opcode.CLIENTS_CONNECT:
                self._others |= _users(message.items("user_ids")) - {self._user_id}
            case Opcode.CLIENT_DISCONNECT:
                self._others -= _users([message.text("user_id")])
            case Opcode.DAVE_PREPARE_TRANSITION:
                number = message.integer("transition_id")
                self._announce(number, message.integer("protocol_version"))
            case Opcode.DAVE_EXECUTE_TRANSITION:
                self._execute(message.integer("transition_id"))
            case Opcode.DAVE_PREPARE_EPOCH:
                if message.integer("epoch") == NEW_GROUP:
                    # Whatever was announced for the group that was is void with it.
                    self._transitions.clear()
                    self._begin_anew(message.integer("protocol_version"))
            case (
                Opcode.DAVE_MLS_EXTERNAL_SENDER
                | Opcode.DAVE_MLS_PROPOSALS
                | Opcode.DAVE_MLS_ANNOUNCE_COMMIT_TRANSITION
                | Opcode.DAVE_MLS_WELCOME
            ):
                if self._session is not None:
                    self._hear_group(self._session, message.opcode, message.payload)
            case _:
                pass

    # The group

    @property
    def _ready(self) -> bool:
        return self._session is not None and self._session.ready

    def _hear_group(self, session: davey.DaveSession, opcode: int, payload: bytes) -> None:
        # Whatever comes now builds on the commit that came before.
        self._read_commit()
        if opcode == Opcode.DAVE_MLS_PROPOSALS:
            self._consider(session, payload)
        elif opcode == Opcode.DAVE_MLS_EXTERNAL_SENDER:
            try:
                session.set_external_sender(payload)
            except _BROKEN as error:
                # Known already, or none: without it no proposal can be read, and that is told then.
                self._log.warning("dave.external_sender", error=str(error))
        else:
            number = int.from_bytes(payload[:NUMBER_BYTES], "big")
            content = payload[NUMBER_BYTES:]
            if number != INITIALIZATION:
                self._announce(number, session.protocol_version)
            if opcode == Opcode.DAVE_MLS_WELCOME:
                self._enter(session.process_welcome, number, content)
            else:
                self._commit = number, content
                if number == INITIALIZATION:
                    self._read_commit()

    def _begin_anew(self, version: int) -> None:
        if not 0 < version <= HIGHEST_VERSION:
            self._log.warning("dave.unknown_version", version=version)
            return
        if self._session is None:
            self._session = davey.DaveSession(version, self._user_id, self._channel_id)
        else:
            self._session.reinit(version, self._user_id, self._channel_id)
        self._commit = None
        self._forget_proposals()
        self._say(Opcode.DAVE_MLS_KEY_PACKAGE, self._session.get_serialized_key_package())

    def _read_commit(self) -> None:
        if self._commit is not None and self._session is not None:
            (number, content), self._commit = self._commit, None
            self._enter(self._session.process_commit, number, content)

    def _enter(self, enter: Callable[[bytes], None], number: int, content: bytes) -> None:
        try:
            enter(content)
        except _BROKEN as error:
            assert self._session is not None
            self._log.warning("dave.invalid", transition=number, error=str(error))
            self._say(Opcode.DAVE_MLS_INVALID_COMMIT_WELCOME, {"transition_id": number})
            # What it puts in force is in force all the same: without keys, nothing is sent then.
            self._begin_anew(self._session.protocol_version)
        else:
            self._forget_proposals()

    def _consider(self, session: davey.DaveSession, payload: bytes) -> None:
        try:
            made = self._commit_to(session, payload[0] == APPEND, payload[1:])
        except (*_BROKEN, IndexError) as error:
            # Meant for our former self, perhaps; who can will commit it.
            self._log.info("dave.proposals", error=str(error))
            return
        if made is not None:
            self._say(Opcode.DAVE_MLS_COMMIT_WELCOME, made.commit + (made.welcome or b""))

    def _commit_to(
        self, session: davey.DaveSession, append: bool, content: bytes
    ) -> davey.CommitWelcome | None:
        made: davey.CommitWelcome | None = None
        if append:
            self._adds |= {one.reference: one for one in proposals(content) if one.adds}
            made = self._propose(session, content)
        else:
            for name in references(content):
                # davey keeps each time that it was told of a proposal, and forgets one at a time.
                for _ in range(1 + self._again.pop(name, 0)):
                    made = session.process_proposals(
                        davey.ProposalsOperationType.revoke, vector(vector(name))
                    )
                self._adds.pop(name, None)
        if made is None or made.welcome or not self._adds:
            return made
        self._again.update(self._adds)
        return self._propose(session, vector(b"".join(one.message for one in self._adds.values())))

    def _propose(self, session: davey.DaveSession, content: bytes) -> davey.CommitWelcome | None:
        return session.process_proposals(
            davey.ProposalsOperationType.append, content, list(self._others)
        )

    def _forget_proposals(self) -> None:
        self._adds.clear()
        self._again.clear()

    # Transitions

    def _announce(self, number: int, version: int) -> None:
        self._transitions[number] = version
        if number == INITIALIZATION:
            self._execute(number)
        else:
            self._say(Opcode.DAVE_TRANSITION_READY, {"transition_id": number})

    def _execute(self, number: int) -> None:
        if self._commit is not None and self._commit[0] == number:
            self._read_commit()
        version = self._transitions.pop(number, None)
        if version is not None:
            self._version = version


def _users(ids: Iterable[object]) -> set[int]:
    """Read users' ids; what is none, or longer than 64 bits, is nobody's."""
    numbers = (int(one) for one in ids if isinstance(one, str) and _ID.fullmatch(one))
    return {number for number in numbers if number < _MOST_IDS}
