"""One voice channel's end-to-end encryption, as Discord's voice server runs it (DAVE, version 1).

The server holds no key. It decides which version is spoken, introduces itself as external sender,
proposes whom to add and to remove, takes the first good commit of an epoch and gives it to all, and
says when a transition is made: when everybody is ready for it, or after a while. What an epoch's
group looks like it knows from the commits that it passed on.

    nobody there ─ join ─► 0: everybody waits with a group of their own, each proposed to the others
    0 ─ the first commit ─► 1: who made it is leaf 0; the others are welcomed
    n ─ somebody joins or leaves, a commit ─► n + 1
    n ─ only one is left ─► 0, told by op 24 (epoch 1) and op 21 (transition 0)
    any ─ somebody without DAVE joins ─► no group, version 0 (op 21); back by op 24 when they left

Members, in the words of this module, are clients and listeners alike; what is told to them goes out
in the order of the calls, and nothing here waits. Proposals alone are told a moment later, so that
what happens together is committed together.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from seraphim.sandbox.voice.external_sender import ExternalSender, Proposal
from seraphim.sandbox.voice.mls import (
    NEVER,
    Commit,
    KeyPackage,
    MalformedMlsError,
    Welcome,
    vector,
    vectors,
)
from seraphim.voice import Opcode

log = logging.getLogger(__name__)

VERSION = 1
"""Of the protocol that is spoken here."""

NEW_GROUP = 1
"""The epoch that op 24 names when a group is made anew."""

INITIALIZATION = 0
"""The transition that is made at once."""

LAST_TRANSITION = 0xFFFF

TRANSITION_SECONDS = 2.0
"""How long a transition waits for members who are not ready."""

BATCH_SECONDS = 0.01
"""How long proposals wait for others, to be told with them and committed by one commit."""

IN_FLIGHT_SECONDS = 1.0
"""How long after it was told to stop, sound of an earlier kind may still arrive.

On loopback it is a matter of milliseconds; the rest is for a machine that is busy.
"""

APPEND, REVOKE = b"\0", b"\1"


class DavePolicy(Enum):
    """What a voice server makes of end-to-end encryption."""

    REQUIRED = "required"
    """Clients without it are closed with 4017, as at Discord since March 2026."""
    OFFERED = "offered"
    """A channel uses it while everybody in it can: Discord from 2024 to then."""
    OFF = "off"
    """Version 0 for all: Discord before, and on stages."""


class Member(Protocol):
    """Somebody in the channel: a client's session, or a listener of the sandbox."""

    @property
    def user_id(self) -> int:
        """Who it is."""
        ...

    @property
    def dave_version(self) -> int:
        """The highest that it speaks; 0 for none."""
        ...

    def send(self, opcode: Opcode, data: object) -> None:
        """Tell it something."""
        ...

    def send_binary(self, opcode: Opcode, payload: bytes) -> None:
        """Tell it something, in a binary frame."""
        ...


@dataclass(slots=True, eq=False)
class _Place:
    """What is known of a member."""

    member: Member
    introduced: bool = False
    """Whether it was told the external sender."""
    package: KeyPackage | None = None
    """With which it can be added; gone once it was."""
    signature_key: bytes | None = None
    """By which it signs in this group."""
    sealed_from: float | None = None
    """From when on its sound must be encrypted, by `time.monotonic`; None: it need not be."""


@dataclass(slots=True, eq=False)
class _Proposed:
    """A proposal of this epoch."""

    proposal: Proposal
    adds: _Place | None = None
    removes: int | None = None
    """A leaf."""
    told: set[_Place] = field(default_factory=set[_Place])


@dataclass(slots=True, eq=False)
class _Transition:
    """A change that was announced."""

    version: int
    places: set[_Place]
    waiting: set[_Place]
    timer: asyncio.TimerHandle


class Group:
    """The delivery service of one channel. Needs a running loop, and `close` when done with.

    Parameters
    ----------
    channel_id
        The MLS group's name.
    sender
        The server's key, one for all of its channels.
    policy
        Whether encryption is used.
    deliver
        Gives a commit or a welcome to a member; they can come to harm on the way.
    transition_seconds
        How long a transition waits for members who are not ready.
    """

    def __init__(
        self,
        channel_id: int,
        sender: ExternalSender,
        *,
        policy: DavePolicy,
        deliver: Callable[[Member, Opcode, bytes], None],
        transition_seconds: float = TRANSITION_SECONDS,
    ) -> None:
        self.version = 0
        """What is spoken, or about to be."""
        self.epoch = 0
        """Of the group; 0 while there is none."""
        self.commits = 0
        """How many commits were passed on, in all groups of this channel."""
        self._id = channel_id.to_bytes(8, "big")
        self._policy = policy
        self._deliver = deliver
        self._transition_seconds = transition_seconds
        self._sender = sender
        self._places: dict[int, _Place] = {}
        self._leaves: list[_Place | None] = []
        self._proposed: dict[bytes, _Proposed] = {}
        self._revoked: list[_Proposed] = []
        self._transitions: dict[int, _Transition] = {}
        self._last_transition = INITIALIZATION
        self._upgrades = False
        """Whether the first commit ends a time of version 0, in which everybody heard everybody."""
        self._clear_from: float | None = None
        self._telling: asyncio.TimerHandle | None = None

    # Who is there

    @property
    def members(self) -> frozenset[int]:
        """Who has a leaf."""
        return frozenset(leaf.member.user_id for leaf in self._leaves if leaf)

    @property
    def settled(self) -> bool:
        """Whether nothing is proposed, and no transition waits for anybody."""
        return not self._proposed and not self._transitions

    def must_encrypt(self, user_id: int, arrived: float) -> bool:
        """Whether sound of somebody's that arrived then may not be in the clear."""
        place = self._places.get(user_id)
        sealed_from = place and place.sealed_from
        return sealed_from is not None and arrived >= sealed_from

    def must_be_clear(self, arrived: float) -> bool:
        """Whether sound that arrived then may not be encrypted: somebody could not open it."""
        return self._clear_from is not None and arrived >= self._clear_from

    def join(self, member: Member) -> int:
        """Take somebody in; returns the version that they begin with, which op 4 is to tell."""
        others = tuple(self._places.values())
        place = self._places[member.user_id] = _Place(member)
        version = self._common_version()
        if others and version < self.version:
            self._downgrade(others)
        self.version = version
        if version:
            place.sealed_from = 0.0 if others else None
            self._tell_soon()
        return version

    def leave(self, member: Member) -> None:
        """Somebody is gone; nothing if they never came."""
        place = self._places.get(member.user_id)
        if place is None or place.member is not member:
            return
        del self._places[member.user_id]
        place.package = None
        for number in list(self._transitions):
            self._is_ready(number, place)
        if not self._places:
            self.close()
        elif self._common_version() > self.version or (self.epoch and len(self._places) == 1):
            self._begin_anew()
        else:
            self._take_out(place)

    def adopt(self, policy: DavePolicy) -> None:
        """Go by another policy from now on. Whoever is there stays."""
        self._policy = policy
        version = self._common_version()
        if version > self.version:
            self._begin_anew()
        elif version < self.version:
            self._downgrade(tuple(self._places.values()))
            self.version = version

    def close(self) -> None:
        """Everybody is gone, and nothing is told any more."""
        self._places.clear()
        self._forget()
        self._clear_from = None
        self.version = 0

    def _common_version(self) -> int:
        if self._policy is DavePolicy.OFF or not self._places:
            return 0
        return min(VERSION, *(place.member.dave_version for place in self._places.values()))

    def _downgrade(self, places: Iterable[_Place]) -> None:
        self._forget()
        for place in self._places.values():
            place.sealed_from = None
        self._last_transition = number = self._last_transition % LAST_TRANSITION + 1
        for place in places:
            place.member.send(
                Opcode.DAVE_PREPARE_TRANSITION, {"protocol_version": 0, "transition_id": number}
            )
        self._await(number, 0, places)

    def _begin_anew(self) -> None:
        """A new group: version 0 is over, or only one is left, or nobody knows the last one."""
        self._upgrades = not self.version
        self._clear_from = None
        self._forget()
        self.version = VERSION
        alone = len(self._places) == 1
        for place in self._places.values():
            place.member.send(
                Opcode.DAVE_PREPARE_EPOCH, {"protocol_version": VERSION, "epoch": NEW_GROUP}
            )
            if alone:
                place.sealed_from = None
                place.member.send(
                    Opcode.DAVE_PREPARE_TRANSITION,
                    {"protocol_version": VERSION, "transition_id": INITIALIZATION},
                )
        self._upgrades &= not alone
        self._tell_soon()

    def _forget(self) -> None:
        """Away with the group, and with everything that was under way."""
        for transition in self._transitions.values():
            transition.timer.cancel()
        self._transitions.clear()
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None
        self._proposed.clear()
        self._revoked.clear()
        self._leaves.clear()
        self.epoch = 0
        for place in self._places.values():
            place.package = None

    # What members say

    def key_package(self, member: Member, data: bytes) -> None:
        """Somebody can be added (op 26).

        Raises
        ------
        MalformedMlsError
            If it is not what Discord accepts of this member.
        """
        place = self._places.get(member.user_id)
        if place is None or not self.version:
            return
        package = KeyPackage.parse(data)
        if package.leaf.identity != member.user_id.to_bytes(8, "big"):
            raise MalformedMlsError("a key package in another's name")
        if package.leaf.lifetime != (0, NEVER):
            raise MalformedMlsError("a key package that does not last for ever")
        if place.package is not None:
            # It begins anew, and knows of no proposal.
            for one in self._proposed.values():
                one.told.discard(place)
        self._take_out(place)
        place.package = package
        place.signature_key = package.leaf.signature_key
        self._invite(place)

    def commit(self, member: Member, data: bytes) -> None:
        """Somebody made an epoch of what was proposed (op 28). The first one counts.

        One that comes too late, for its epoch or for a proposal that it does not know, is nothing;
        nor is one that adds somebody and has no welcome (davey makes it when the last thing it was
        told adds nobody).

        Raises
        ------
        MalformedMlsError
            If it could not have been good at any time.
        """
        commit, welcome = Commit.parse(data)
        place = self._places.get(member.user_id)
        if place is None or not self.version or commit.epoch != self.epoch:
            return
        leaf = 0 if not self.epoch else self._leaf_of(place)
        if leaf is None:
            return
        self._examine(commit, place, leaf)
        expected = {
            name for name, one in self._proposed.items() if self.epoch or one.adds is not place
        }
        if not expected or sorted(expected) != sorted(commit.references):
            return
        accepted = [self._proposed[name] for name in commit.references]
        if bool(welcome) is any(one.adds for one in accepted):
            self._pass_on(commit, welcome, place, accepted)

    def ready(self, member: Member, number: int) -> None:
        """Somebody is ready for a transition (op 23)."""
        if place := self._places.get(member.user_id):
            self._is_ready(number, place)

    def invalid(self, member: Member, number: int) -> None:
        """Somebody could not make anything of a commit or a welcome (op 31), and starts again."""
        place = self._places.get(member.user_id)
        if place is None or not self.version:
            return
        if transition := self._transitions.get(number):
            transition.places.discard(place)
        place.package = None
        self._is_ready(number, place)
        self._take_out(place)

    def _examine(self, commit: Commit, place: _Place, leaf: int) -> None:
        if commit.group_id != self._id:
            raise MalformedMlsError("a commit to another group")
        if commit.sender != leaf:
            raise MalformedMlsError("a commit in another's name")
        if commit.inline_proposals:
            raise MalformedMlsError("a commit with proposals of its own")
        changed = commit.leaf is not None and commit.leaf.signature_key != place.signature_key
        if changed and place.signature_key is not None:
            raise MalformedMlsError("a commit that changes who signs")

    def _pass_on(
        self, commit: Commit, welcome: bytes, committer: _Place, accepted: list[_Proposed]
    ) -> None:
        added = [one.adds for one in accepted if one.adds]
        packages = [place.package for place in added if place.package]
        invitation = Welcome.parse(welcome) if added else None
        welcomes = [invitation.only_for(package) for package in packages] if invitation else []
        first = not self.epoch
        if first:
            self._leaves = [committer]
            committer.package = None
        for one in accepted:
            if one.removes is not None:
                self._leaves[one.removes] = None
        remaining = [place for place in self._leaves if place]
        for place in added:
            self._seat(place)
            place.package = None
        self.epoch += 1
        self.commits += 1
        self._proposed.clear()
        self._revoked.clear()
        number = INITIALIZATION
        if not first or self._upgrades:
            self._last_transition = number = self._last_transition % LAST_TRANSITION + 1
        self._upgrades = False
        head = number.to_bytes(2, "big")
        for place in remaining:
            self._deliver(
                place.member, Opcode.DAVE_MLS_ANNOUNCE_COMMIT_TRANSITION, head + commit.message
            )
        for place, invited in zip(added, welcomes, strict=True):
            self._deliver(place.member, Opcode.DAVE_MLS_WELCOME, head + invited)
        if number == INITIALIZATION:
            self._seal((*remaining, *added))
        else:
            self._await(number, self.version, (*remaining, *added))

    def _seat(self, place: _Place) -> None:
        """Give somebody the leftmost leaf that is free, as MLS has it."""
        if None in self._leaves:
            self._leaves[self._leaves.index(None)] = place
        else:
            self._leaves.append(place)

    def _leaf_of(self, place: _Place) -> int | None:
        """Where somebody sits who is not about to be removed."""
        if place not in self._leaves:
            return None
        leaf = self._leaves.index(place)
        return None if any(one.removes == leaf for one in self._proposed.values()) else leaf

    # Proposals

    def _invite(self, place: _Place) -> None:
        """Propose to add who can be, once they have read what they were told before.

        Sooner, the welcome would meet one who began anew because of an older message, and so on
        for ever.
        """
        reads = any(place in transition.waiting for transition in self._transitions.values())
        proposed = any(one.adds is place for one in self._proposed.values())
        if place.package is not None and not reads and not proposed:
            proposal = self._sender.add(self._id, self.epoch, place.package)
            self._propose(_Proposed(proposal, adds=place))

    def _take_out(self, place: _Place) -> None:
        """Away with somebody's leaf, or with the proposal to give them one."""
        place.package = None
        for name, one in list(self._proposed.items()):
            if one.adds is place:
                del self._proposed[name]
                self._revoked.append(one)
                self._tell_soon()
        leaf = self._leaf_of(place)
        if leaf is None:
            return
        self._propose(_Proposed(self._sender.remove(self._id, self.epoch, leaf), removes=leaf))
        if not self._committers():
            self._begin_anew()

    def _propose(self, proposed: _Proposed) -> None:
        self._proposed[proposed.proposal.reference] = proposed
        self._tell_soon()

    def _committers(self) -> list[_Place]:
        """To whom proposals are told: everybody, or who is in the group and stays."""
        if not self.epoch:
            return list(self._places.values())
        return [place for place in self._leaves if place and self._leaf_of(place) is not None]

    def _tell_soon(self) -> None:
        if self._telling is None:
            self._telling = asyncio.get_running_loop().call_later(BATCH_SECONDS, self._tell)

    def _tell(self) -> None:
        self._telling = None
        for place in self._places.values():
            if not place.introduced:
                place.introduced = True
                place.member.send_binary(Opcode.DAVE_MLS_EXTERNAL_SENDER, self._sender.package)
        for place in self._committers():
            revoked = [one for one in self._revoked if place in one.told]
            if revoked:
                references = vectors(one.proposal.reference for one in revoked)
                place.member.send_binary(Opcode.DAVE_MLS_PROPOSALS, REVOKE + references)
            news = [
                one
                for one in self._proposed.values()
                if place not in one.told and one.adds is not place
            ]
            if news:
                for one in news:
                    one.told.add(place)
                messages = vector(b"".join(one.proposal.message for one in news))
                place.member.send_binary(Opcode.DAVE_MLS_PROPOSALS, APPEND + messages)
        self._revoked.clear()

    # Transitions

    def _await(self, number: int, version: int, places: Iterable[_Place]) -> None:
        there = {place for place in places if self._places.get(place.member.user_id) is place}
        timer = asyncio.get_running_loop().call_later(
            self._transition_seconds, self._execute, number
        )
        self._transitions[number] = _Transition(version, there, there.copy(), timer)

    def _is_ready(self, number: int, place: _Place) -> None:
        transition = self._transitions.get(number)
        if transition is not None:
            transition.waiting.discard(place)
            self._invite(place)
            if not transition.waiting:
                self._execute(number)

    def _execute(self, number: int) -> None:
        transition = self._transitions.pop(number)
        transition.timer.cancel()
        for place in transition.places:
            if self._places.get(place.member.user_id) is place:
                place.member.send(Opcode.DAVE_EXECUTE_TRANSITION, {"transition_id": number})
        if transition.version:
            self._seal(transition.places)
        else:
            self._clear_from = time.monotonic() + IN_FLIGHT_SECONDS
        for place in transition.waiting:
            self._invite(place)

    def _seal(self, places: Iterable[_Place]) -> None:
        soon = time.monotonic() + IN_FLIGHT_SECONDS
        for place in places:
            if place.sealed_from is None:
                place.sealed_from = soon
