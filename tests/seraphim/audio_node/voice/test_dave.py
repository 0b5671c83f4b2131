"""End-to-end encryption against the sandbox's voice server, whose listeners use Discord's libdave.

Whatever the server or a listener finds wrong is a violation of the channel, and each of these tests
ends with none: nothing in the clear that must not be, nothing that somebody there cannot open.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator

import pytest

from seraphim.audio_node.voice import VoiceConnection
from seraphim.sandbox.voice import DavePolicy, Heard, VoiceServer
from seraphim.voice import SILENCE, Opcode
from tests.seraphim.audio_node.voice.conftest import (
    CHANNEL,
    GUILD,
    TONE,
    USER,
    Connect,
    until,
    within,
)

pytestmark = pytest.mark.anyio

ADA, BOB, CLEO, DAN = 10, 11, 12, 13
TICK = 0.005


class Voice:
    """Sends a frame in each tick in which it may, as a player does."""

    def __init__(self, connection: VoiceConnection, region: VoiceServer, ears: Heard) -> None:
        self.connection = connection
        self.region = region
        self.ears = ears
        self.sent = 0
        self.held = 0
        self.whole = True
        """Whether there was always somebody who could hear it."""
        self._task = asyncio.create_task(self._talk())

    async def _talk(self) -> None:
        while True:
            if self.connection.sendable:
                self.connection.send(TONE + self.sent.to_bytes(4, "big"))
                self.sent += 1
            else:
                self.held += 1
            await asyncio.sleep(TICK)

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.wait((self._task,))

    def there(self, *users: int, without_dave: tuple[int, ...] = ()) -> None:
        self.region.listeners(CHANNEL, users, without_dave=without_dave)

    async def in_a_group_with(self, *users: int) -> None:
        group = self.region.group(CHANNEL)
        await until(lambda: group.settled and group.members == {USER, *users})

    async def is_heard(self, *, encrypted: bool = True) -> None:
        """Wait until what is said now is heard, for a while."""
        since = self.ears.mark()
        await self.ears.until(lambda: len(self.ears.window(since=since)) >= 20)
        last = self.ears.window(since=since)[-1]
        assert last.encrypted is encrypted


@pytest.fixture
async def voice(
    region: VoiceServer, heard: defaultdict[int, Heard], connect: Connect
) -> AsyncIterator[Voice]:
    """Somebody who talks from the first moment on; Ada is there."""
    region.listeners(CHANNEL, [ADA])
    connection, _ = connect()
    voice = Voice(connection, region, heard[CHANNEL])
    yield voice
    await voice.stop()
    assert not voice.ears.violations
    if voice.whole:
        continuity = voice.ears.continuity()
        assert (continuity.lost, continuity.reordered, continuity.timestamp_jumps) == (0, 0, 0)


async def test_nothing_leaves_before_the_group_is_ready(voice: Voice) -> None:
    assert not voice.connection.sendable
    await voice.in_a_group_with(ADA)
    await voice.is_heard()
    assert all(packet.encrypted for packet in voice.ears.packets)
    assert voice.ears.packets[0].opus == TONE + bytes(4)
    assert voice.held > 0


async def test_silence_needs_no_key(voice: Voice) -> None:
    await voice.is_heard()
    await voice.stop()
    voice.connection.send(SILENCE)
    await voice.ears.until(lambda: voice.ears.packets[-1].silence)
    assert not voice.ears.packets[-1].encrypted


async def test_who_is_alone_talks_to_nobody_and_needs_no_group(
    region: VoiceServer, heard: defaultdict[int, Heard], connect: Connect
) -> None:
    connection, listener = connect()
    await within(listener.ready.wait())
    voice = Voice(connection, region, heard[CHANNEL])
    await voice.is_heard(encrypted=False)
    voice.there(ADA)
    await voice.in_a_group_with(ADA)
    await voice.ears.until(lambda: voice.ears.packets[-1].encrypted)
    await voice.is_heard()
    voice.there()
    await voice.ears.until(lambda: not voice.ears.packets[-1].encrypted)
    voice.there(BOB, CLEO)
    await voice.in_a_group_with(BOB, CLEO)
    await voice.is_heard()
    await voice.stop()
    assert not voice.ears.violations


async def test_everybody_who_comes_hears_it_and_it_does_not_stop_for_them(voice: Voice) -> None:
    await voice.is_heard()
    voice.held = 0
    voice.there(ADA, BOB)
    await voice.in_a_group_with(ADA, BOB)
    voice.there(ADA, BOB, CLEO, DAN)
    await voice.in_a_group_with(ADA, BOB, CLEO, DAN)
    await voice.is_heard()
    voice.there(BOB)
    await voice.in_a_group_with(BOB)
    await voice.is_heard()
    assert voice.held == 0


async def test_new_keys_are_used_when_the_server_says_so_and_not_before(
    region: VoiceServer, voice: Voice
) -> None:
    await voice.is_heard()
    executed = asyncio.Event()
    hear = voice.connection._dave.hear
    sessions: list[bool] = []

    def watch(message: object) -> None:
        opcode = getattr(message, "opcode", None)
        session = voice.connection._dave._session
        assert session is not None
        before = session.epoch
        hear(message)  # type: ignore[arg-type]
        if opcode == Opcode.DAVE_MLS_ANNOUNCE_COMMIT_TRANSITION:
            sessions.append(session.epoch == before)
        if opcode == Opcode.DAVE_EXECUTE_TRANSITION:
            sessions.append(session.epoch != before)
            executed.set()

    voice.connection._dave.hear = watch  # type: ignore[method-assign]
    voice.there(ADA, BOB)
    await within(executed.wait())
    assert sessions == [True, True]
    await voice.is_heard()


@pytest.mark.parametrize(
    "spoiled", [Opcode.DAVE_MLS_ANNOUNCE_COMMIT_TRANSITION, Opcode.DAVE_MLS_WELCOME]
)
async def test_a_commit_or_welcome_that_is_no_good_costs_a_moment(
    spoiled: Opcode, region: VoiceServer, voice: Voice
) -> None:
    await voice.is_heard()
    region.troubles.spoiled[spoiled] = 2
    for users in ((ADA, BOB), (ADA,), (ADA, CLEO), (CLEO,), (CLEO, DAN)):
        voice.there(*users)
        await voice.in_a_group_with(*users)
    await voice.is_heard()


async def test_it_goes_down_for_somebody_without_dave_and_up_again(
    region: VoiceServer, voice: Voice
) -> None:
    region.dave = DavePolicy.OFFERED
    await voice.is_heard()
    voice.held = 0
    voice.there(ADA, BOB, without_dave=(BOB,))
    await voice.ears.until(lambda: not voice.ears.packets[-1].encrypted)
    await voice.is_heard(encrypted=False)
    voice.there(ADA)
    await voice.ears.until(lambda: voice.ears.packets[-1].encrypted)
    await voice.in_a_group_with(ADA)
    await voice.is_heard()
    assert voice.held == 0


async def test_a_server_without_dave_is_spoken_to_without(
    region: VoiceServer, voice: Voice
) -> None:
    region.dave = DavePolicy.OFF
    await voice.is_heard(encrypted=False)
    region.dave = DavePolicy.REQUIRED
    await voice.in_a_group_with(ADA)
    await voice.ears.until(lambda: voice.ears.packets[-1].encrypted)
    await voice.is_heard()


async def test_a_resumed_session_has_its_keys_and_hears_what_it_missed(
    region: VoiceServer, voice: Voice
) -> None:
    await voice.is_heard()
    region.sever(GUILD, USER)
    voice.there(ADA, BOB)
    await until(lambda: voice.connection.resumes)
    await voice.in_a_group_with(ADA, BOB)
    await voice.is_heard()


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_happens_it_is_heard_by_all_in_the_end(
    seed: int, region: VoiceServer, voice: Voice
) -> None:
    region.dave = DavePolicy.OFFERED
    voice.whole = False
    await voice.is_heard()
    chance = random.Random(seed)
    for _ in range(25):
        users = chance.sample((ADA, BOB, CLEO, DAN), chance.randint(1, 4))
        old = tuple(user for user in users if chance.random() < 0.1)
        match chance.randrange(8):
            case 0:
                region.sever(GUILD, USER)
            case 1:
                region.troubles.spoiled[Opcode.DAVE_MLS_ANNOUNCE_COMMIT_TRANSITION] += 1
            case 2:
                region.troubles.spoiled[Opcode.DAVE_MLS_WELCOME] += 1
            case _:
                voice.there(*users, without_dave=old)
        # Some changes meet others that are under way, and some do not.
        for _ in range(chance.randrange(12)):
            await asyncio.sleep(TICK)
    region.troubles.spoiled.clear()
    voice.there(ADA, DAN)
    await voice.in_a_group_with(ADA, DAN)
    await voice.ears.until(lambda: voice.ears.packets[-1].encrypted)
    await voice.is_heard()
