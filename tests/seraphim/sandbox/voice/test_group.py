"""A channel in which people and clients come and go as they like, and messages take their time.

Whatever happened: once nothing happens any more, all who are there are of one group, those who left
are not, and everybody hears every client.
"""

import asyncio
import random
from collections import Counter
from contextlib import suppress
from typing import Any

import pytest
from davey import CommitWelcome, DaveSession, ProposalsOperationType

from seraphim.sandbox.voice.channel import Channel
from seraphim.sandbox.voice.external_sender import ExternalSender
from seraphim.sandbox.voice.group import DavePolicy
from seraphim.sandbox.voice.heard import Heard
from seraphim.sandbox.voice.listener import Listener
from seraphim.sandbox.voice.mls import LeafNode, ProposalType, Reader, reference, vector, vectors
from seraphim.sandbox.voice.session import Credentials, Session
from seraphim.voice import Opcode

pytestmark = pytest.mark.anyio

CHANNEL = 200
PEOPLE = range(1, 5)
CLIENTS = range(301, 304)
STEPS = 12
SLOWEST = 0.02
FRAME = bytes(range(100))


class Client(Session):
    """davey, over a network of its own: everything arrives in order, and late."""

    def __init__(self, user_id: int, channel: Channel, chance: random.Random) -> None:
        super().__init__(Credentials(1, user_id, "", ""), CHANNEL, user_id, dave_version=1)
        self.channel = channel
        self.dave = DaveSession(1, user_id, CHANNEL)
        self.chance = chance
        self.adds: dict[bytes, bytes] = {}
        """The proposals of this epoch that add somebody, by reference."""
        self.again: Counter[bytes] = Counter()
        """How often each of them was told again."""
        self.inbox: asyncio.Queue[tuple[Opcode, Any]] = asyncio.Queue()
        self.task = asyncio.create_task(self.live())

    def send(self, opcode: Opcode, data: object) -> None:
        self.inbox.put_nowait((opcode, data))

    def send_binary(self, opcode: Opcode, payload: bytes) -> None:
        self.inbox.put_nowait((opcode, payload))

    async def live(self) -> None:
        self.begin()
        while True:
            opcode, content = await self.inbox.get()
            await asyncio.sleep(self.chance.random() * SLOWEST)
            self.take(opcode, content)
            await asyncio.sleep(self.chance.random() * SLOWEST)

    def begin(self) -> None:
        self.dave.reinit(1, self.user_id, CHANNEL)
        self.forget()
        self.channel.group.key_package(self, self.dave.get_serialized_key_package())

    def forget(self) -> None:
        self.adds.clear()
        self.again.clear()

    def propose(self, content: bytes) -> CommitWelcome | None:
        """davey makes a welcome only if what it was told last adds somebody: it is told again."""
        made = None
        if content[0]:
            revoked = Reader(Reader(content[1:]).vector())
            while revoked.rest:
                name = revoked.vector()
                # It keeps each time that it was told, and forgets one a time.
                for _ in range(1 + self.again.pop(name, 0)):
                    gone = vectors([name])
                    made = self.dave.process_proposals(ProposalsOperationType.revoke, gone)
                self.adds.pop(name, None)
        else:
            made = self.dave.process_proposals(ProposalsOperationType.append, content[1:])
            messages = Reader(Reader(content[1:]).vector())
            while messages.rest:
                message, adds = proposal(messages)
                if adds:
                    self.adds[reference("Proposal Reference", message[2:])] = message
        if made is None or made.welcome or not self.adds:
            return made
        self.again.update(self.adds)
        again = vector(b"".join(self.adds.values()))
        return self.dave.process_proposals(ProposalsOperationType.append, again)

    def take(self, opcode: Opcode, content: Any) -> None:
        group = self.channel.group
        match opcode:
            case Opcode.DAVE_PREPARE_EPOCH:
                self.begin()
            case Opcode.DAVE_MLS_EXTERNAL_SENDER:
                self.dave.set_external_sender(content)
            case Opcode.DAVE_MLS_PROPOSALS:
                # After it began anew it is still told what was meant for its former self.
                with suppress(RuntimeError, ValueError):
                    if made := self.propose(content):
                        group.commit(self, made.commit + (made.welcome or b""))
            case Opcode.DAVE_MLS_ANNOUNCE_COMMIT_TRANSITION | Opcode.DAVE_MLS_WELCOME:
                welcomed = opcode is Opcode.DAVE_MLS_WELCOME
                number = int.from_bytes(content[:2], "big")
                try:
                    enter = self.dave.process_welcome if welcomed else self.dave.process_commit
                    enter(content[2:])
                    self.forget()
                except (RuntimeError, ValueError):
                    group.invalid(self, number)
                    self.begin()
                else:
                    if number:
                        group.ready(self, number)
            case _:
                pass


def proposal(reader: Reader) -> tuple[bytes, bool]:
    """Take a proposal, and whether it adds somebody."""
    start = reader.offset
    reader.raw(4)
    reader.vector()
    reader.raw(8 + 1 + 4)
    reader.vector()
    reader.raw(1)
    adds = reader.integer(2) == ProposalType.ADD
    if adds:
        reader.raw(4)
        reader.vector()
        LeafNode.read(reader)
        reader.vector()
        reader.vector()
    else:
        reader.raw(4)
    reader.vector()
    return reader.since(start), adds


class House:
    """The channel and who is in it."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.spoiled: Counter[Opcode] = Counter()
        self.heard = Heard()
        self.channel = Channel(
            CHANNEL,
            self.heard,
            ExternalSender(),
            policy=DavePolicy.REQUIRED,
            hesitations=iter(lambda: chance.random() * SLOWEST, None),
            spoiled=self.spoiled,
            transition_seconds=0.1,
        )
        self.people: set[int] = set()
        self.clients: dict[int, Client] = {}
        self.channel.await_client()

    def step(self) -> None:
        """Somebody comes or goes, or a message to a client comes to harm."""
        what = self.chance.randrange(4)
        if what == 0:
            self.spoiled[self.chance.choice([Opcode.DAVE_MLS_WELCOME, Opcode(29)])] = 1
        elif what == 1:
            user_id = self.chance.choice(CLIENTS)
            if client := self.clients.pop(user_id, None):
                client.task.cancel()
                self.channel.leave(client)
            else:
                self.enter(user_id)
        else:
            self.people ^= {self.chance.choice(PEOPLE)}
            self.channel.people(dict.fromkeys(self.people, True))

    def enter(self, user_id: int) -> None:
        client = self.clients[user_id] = Client(user_id, self.channel, self.chance)
        self.channel.enter(client)
        self.channel.encrypt(client)

    @property
    def together(self) -> bool:
        """Whether all who are there are of one group, and have nothing left to read."""
        group = self.channel.group
        everybody = self.people | set(self.clients)
        expected = everybody if len(everybody) > 1 else set[int]()
        quiet = all(client.inbox.empty() for client in self.clients.values())
        return quiet and group.settled and group.members == expected

    async def settle(self) -> None:
        async with asyncio.timeout(20):
            for _ in range(3):
                while not self.together:  # noqa: ASYNC110
                    await asyncio.sleep(SLOWEST)
                await asyncio.sleep(2 * SLOWEST)

    def check(self) -> None:
        """Everybody opens what each client says, and clients agree on the group."""
        codes = {client.dave.voice_privacy_code for client in self.clients.values()}
        assert len(codes) == 1
        ears = self.channel._present
        assert set(ears) == self.people
        for client in self.clients.values():
            sealed = client.dave.encrypt_opus(FRAME)
            for ear in ears.values():
                assert isinstance(ear, Listener)
                opened = ear.open(client.user_id, sealed, 0.0)
                assert opened is not None
                assert (opened.frame, opened.outdated) == (FRAME, False)

    def close(self) -> None:
        for client in self.clients.values():
            client.task.cancel()
            self.channel.leave(client)
        self.channel.give_up()


@pytest.mark.parametrize("seed", range(6))
async def test_whoever_comes_and_goes_those_who_are_there_hear_each_other(seed: int) -> None:
    chance = random.Random(seed)
    house = House(chance)
    try:
        for _ in range(STEPS):
            house.step()
            await asyncio.sleep(chance.choice((0.0, SLOWEST, 5 * SLOWEST)))
        house.spoiled.clear()
        for user_id in set(CLIENTS[:2]) - set(house.clients):
            house.enter(user_id)
        await house.settle()
        house.check()
    finally:
        house.close()
