"""A voice channel at its voice server: who is there, what they are told, and what is heard.

There are clients, with a session, and people without a client of their own, who listen. While a
client is there or on its way, the people are members of the channel's group (`listener.py`): so it
finds one, as it would at Discord. A channel that no client comes to costs nothing.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from seraphim.sandbox.voice.external_sender import ExternalSender
from seraphim.sandbox.voice.group import INITIALIZATION, NEW_GROUP, DavePolicy, Group, Member
from seraphim.sandbox.voice.heard import Heard, Packet, Violation
from seraphim.sandbox.voice.listener import Listener, Opened, is_encrypted
from seraphim.sandbox.voice.rtp import Header
from seraphim.sandbox.voice.session import Session
from seraphim.voice import SILENCE, Opcode, Speaking

MOST_LISTENERS = 25
"""People in a channel who have keys; more are only there. Each new epoch costs each of them about
a millisecond, and a first one all of them the square of it."""


class OldClient:
    """Somebody whose app knows nothing of end-to-end encryption, and hears what is in the clear."""

    dave_version = 0

    def __init__(self, user_id: int) -> None:
        self.user_id = user_id

    def send(self, opcode: Opcode, data: object) -> None:
        """It listens, and has no answer."""

    def send_binary(self, opcode: Opcode, payload: bytes) -> None:
        """Not told to it."""


class Channel:
    """One channel.

    Parameters
    ----------
    channel_id
        Its id, which is its MLS group's name too.
    heard
        Its ears.
    sender
        The server's key.
    policy
        Whether what is said in it is encrypted end to end.
    hesitations
        How many seconds the next listener takes for a commit.
    spoiled
        How many messages of an opcode are to come to harm on their way to a client.
    """

    def __init__(
        self,
        channel_id: int,
        heard: Heard,
        sender: ExternalSender,
        *,
        policy: DavePolicy,
        hesitations: Iterator[float],
        spoiled: "Counter[Opcode]",
        transition_seconds: float,
    ) -> None:
        self.heard = heard
        self.group = Group(
            channel_id,
            sender,
            policy=policy,
            deliver=self._deliver,
            transition_seconds=transition_seconds,
        )
        self._id = channel_id
        self._hesitations = hesitations
        self._spoiled = spoiled
        self._awaited = False
        self._sessions: list[Session] = []
        self._people: dict[int, bool] = {}
        """Everybody without a client, and whether they speak DAVE."""
        self._present: dict[int, Listener | OldClient] = {}
        """The same, as members of the group while there is a client."""
        self._departed: Listener | None = None
        """Who left last: with their keys, what was on its way to them is still heard."""

    # Clients

    def await_client(self) -> None:
        """Somebody is coming."""
        self._awaited = True
        self._attend()

    def give_up(self) -> None:
        """Nobody is coming (any more): without a client the others have nobody to listen to."""
        if not self._sessions:
            self._awaited = False
            for user_id in list(self._present):
                self._dismiss(user_id)
            self.group.close()

    def enter(self, session: Session) -> None:
        """A client is there: it is told of the others, and they of it."""
        present = {*self._people, *(one.user_id for one in self._sessions)} - {session.user_id}
        if present:
            session.send(Opcode.CLIENTS_CONNECT, {"user_ids": _ids(present)})
        self._tell(Opcode.CLIENTS_CONNECT, {"user_ids": _ids([session.user_id])})
        self._sessions.append(session)
        self.await_client()

    def encrypt(self, session: Session) -> int:
        """A client has its key: it becomes a member of the group. Returns the version it begins
        with."""
        self.group.leave(session)
        return self.group.join(session)

    def take_over(self, session: Session) -> None:
        """A client comes from another channel, without a word from it."""
        self.enter(session)
        if session.decryption is None or not session.dave_version:
            return
        if version := self.encrypt(session):
            data = {"protocol_version": version, "epoch": NEW_GROUP}
            session.send(Opcode.DAVE_PREPARE_EPOCH, data)
        else:
            data = {"protocol_version": version, "transition_id": INITIALIZATION}
            session.send(Opcode.DAVE_PREPARE_TRANSITION, data)

    def leave(self, session: Session) -> None:
        """A client is gone."""
        self._sessions.remove(session)
        self._tell(Opcode.CLIENT_DISCONNECT, {"user_id": str(session.user_id)})
        self.group.leave(session)

    def spoke(self, session: Session, speaking: Speaking) -> None:
        """Tell the others that a client speaks, or no longer does."""
        session.speaking = speaking
        user_id, ssrc = str(session.user_id), session.ssrc
        data = {"user_id": user_id, "ssrc": ssrc, "speaking": int(speaking)}
        self._tell(Opcode.SPEAKING, data, but=session)

    def hear(self, session: Session, header: Header, payload: bytes, arrived: float) -> None:
        """Let a client's sound be heard, if those who are there can make something of it."""
        encrypted = is_encrypted(payload)
        if encrypted:
            opus = self._open(session.user_id, payload, arrived)
        elif payload == SILENCE or not self.group.must_encrypt(session.user_id, arrived):
            opus = payload
        else:
            self.heard.violations[Violation.UNENCRYPTED] += 1
            return
        if opus is not None and not session.muted:
            self.heard.hear(
                Packet(header.ssrc, header.sequence, header.timestamp, arrived, opus, encrypted)
            )

    def _open(self, speaker: int, frame: bytes, arrived: float) -> bytes | None:
        found: Opened | None = None
        unheard = self.group.must_be_clear(arrived)
        for one in self._present.values():
            if isinstance(one, Listener):
                opened = one.open(speaker, frame, arrived)
                unheard |= opened is None and arrived >= one.hears_from
                found = found or opened
        if unheard:
            self.heard.violations[Violation.UNDECRYPTABLE] += 1
        elif found is not None and found.outdated:
            self.heard.violations[Violation.OUTDATED_KEY] += 1
        if found is None and self._departed is not None:
            found = self._departed.open(speaker, frame, arrived)
        return found and found.frame

    # People

    def people(self, now: Mapping[int, bool]) -> None:
        """Who is there without a client, and whether they speak DAVE."""
        before = self._people
        gone = [one for one in before if now.get(one) is not before[one]]
        come = [one for one in now if before.get(one) is not now[one]]
        self._people = dict(now)
        for user_id in sorted(gone):
            self._tell(Opcode.CLIENT_DISCONNECT, {"user_id": str(user_id)})
        # After the others' leaving: some left and came back with another app.
        if come:
            self._tell(Opcode.CLIENTS_CONNECT, {"user_ids": _ids(come)})
        for user_id in sorted(gone):
            self._dismiss(user_id)
        self._attend()

    def _attend(self) -> None:
        """Make members of those who are there, if there is anybody to listen to."""
        if not self._awaited:
            return
        known = {*self._people, *(one.user_id for one in self._sessions)}
        for user_id, speaks_dave in self._people.items():
            if user_id in self._present or len(self._present) == MOST_LISTENERS:
                continue
            if speaks_dave:
                hesitation = next(self._hesitations)
                member = Listener(
                    user_id, self._id, self.group, refused=self._refused, hesitation=hesitation
                )
                member.send(Opcode.CLIENTS_CONNECT, {"user_ids": _ids(known - {user_id})})
            else:
                member = OldClient(user_id)
            self._present[user_id] = member
            self.group.join(member)

    def _dismiss(self, user_id: int) -> None:
        member = self._present.pop(user_id, None)
        if member is None:
            return
        if isinstance(member, Listener):
            member.leave()
            self._departed = member
        self.group.leave(member)

    def _refused(self) -> None:
        self.heard.violations[Violation.UNUSABLE_KEYS] += 1

    # Telling

    def _tell(self, opcode: Opcode, data: object, *, but: Session | None = None) -> None:
        for one in (*self._sessions, *self._present.values()):
            if one is not but:
                one.send(opcode, data)

    def _deliver(self, member: Member, opcode: Opcode, payload: bytes) -> None:
        if isinstance(member, Session) and self._spoiled[opcode]:
            self._spoiled[opcode] -= 1
            payload = payload[:-1] + bytes([payload[-1] ^ 1])
        member.send_binary(opcode, payload)


def _ids(user_ids: Iterable[int]) -> list[str]:
    return [str(user_id) for user_id in sorted(user_ids)]
