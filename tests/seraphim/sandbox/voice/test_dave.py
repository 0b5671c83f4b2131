"""End-to-end encryption between a client (davey), the voice server, and listeners (libdave)."""

from collections.abc import Callable
from typing import Any

import anyio
import pytest

from seraphim.sandbox.voice import DavePolicy, Violation, channel, group, listener
from seraphim.voice import SILENCE, CloseCode, Opcode

pytestmark = pytest.mark.anyio

CHANNEL, USER, OTHER = 200, 300, 301
ADA, BOB, EVE = 7, 8, 9
NEVER = 100.0

Place = Any
Speak = Callable[..., Any]
Tone = Callable[..., tuple[bytes, ...]]
Opener = Callable[..., Any]


@pytest.fixture(autouse=True)
def in_flight_seconds(monkeypatch: pytest.MonkeyPatch) -> float:
    """Less than a network's: nobody wants to wait for what is no longer allowed."""
    seconds = 0.05
    monkeypatch.setattr(group, "IN_FLIGHT_SECONDS", seconds)
    monkeypatch.setattr(listener, "IN_FLIGHT_SECONDS", seconds)
    return seconds


@pytest.fixture
def frames(tone: Tone) -> tuple[bytes, ...]:
    return tone(440, 0.6)


async def is_heard(place: Place, speaker: Any, frames: tuple[bytes, ...]) -> None:
    """Play, and be heard by everybody, encrypted, without a fault."""
    heard = place.channels[CHANNEL]
    start = heard.mark()
    await speaker.play(*frames)
    await heard.until(lambda: len(heard.window(since=start)) == len(frames))
    assert all(packet.encrypted for packet in heard.window(since=start))
    assert heard.pitch(since=start) == pytest.approx(440, rel=0.005)
    assert not heard.violations


def members(place: Place) -> set[int]:
    return set(place.region.group(CHANNEL).members)


async def grouped(place: Place, *user_ids: int, where: int = CHANNEL) -> None:
    """Wait until these are a group, and every transition was made."""
    group = place.region.group(where)

    def reached() -> bool:
        return group.settled and group.members == {*user_ids}

    await place.channels[where].until(reached, what=f"a group of {user_ids}")


# Joining


async def test_who_is_alone_is_told_the_external_sender_and_may_speak_in_the_clear(
    place: Place, speak: Speak, frames: tuple[bytes, ...]
) -> None:
    speaker = await speak(place)
    sender = await speaker.until_told(Opcode.DAVE_MLS_EXTERNAL_SENDER)
    assert sender[:3] == b"\x40\x41\x04"
    heard = place.channels[CHANNEL]
    await speaker.play(*frames)
    await heard.until(lambda: len(heard.packets) == len(frames))
    assert not any(packet.encrypted for packet in heard.packets)
    assert not heard.violations
    assert members(place) == set()


@pytest.mark.parametrize(
    ("hesitation", "entrance"),
    [(0.0, Opcode.DAVE_MLS_WELCOME), (NEVER, Opcode.DAVE_MLS_ANNOUNCE_COMMIT_TRANSITION)],
    ids=["welcomed", "committing"],
)
async def test_a_client_and_a_listener_make_a_group(
    open_place: Opener, speak: Speak, frames: tuple[bytes, ...], hesitation: float, entrance: int
) -> None:
    place = await open_place(hesitations=[hesitation])
    place.region.listeners(CHANNEL, [ADA])
    speaker = await speak(place, commits=hesitation > 0)
    data = await speaker.until_told(entrance)
    assert data[:2] == b"\0\0"
    await speaker.until_ready()
    assert members(place) == {ADA, USER}
    await is_heard(place, speaker, frames)


@pytest.mark.parametrize("hesitation", [0.0, NEVER], ids=["welcomed", "committing"])
async def test_a_listener_who_comes_later_hears_from_then_on(
    open_place: Opener, speak: Speak, frames: tuple[bytes, ...], hesitation: float
) -> None:
    place = await open_place(hesitations=[hesitation])
    heard = place.channels[CHANNEL]
    speaker = await speak(place)
    await speaker.play(*frames)
    await heard.until(lambda: len(heard.packets) == len(frames))
    place.region.listeners(CHANNEL, [ADA])
    await speaker.until_ready()
    await is_heard(place, speaker, frames)


async def test_a_client_is_welcomed_by_a_group_that_is_there_already(
    open_place: Opener, speak: Speak, frames: tuple[bytes, ...]
) -> None:
    place = await open_place(hesitations=[0.0])
    place.region.listeners(CHANNEL, [ADA, BOB])
    await speak(place, OTHER)
    await grouped(place, ADA, BOB, OTHER)
    speaker = await speak(place)
    data = await speaker.until_told(Opcode.DAVE_MLS_WELCOME)
    number = int.from_bytes(data[:2], "big")
    assert number > 0
    executed = await speaker.until_told(Opcode.DAVE_EXECUTE_TRANSITION)
    assert executed == {"transition_id": number}
    assert members(place) == {ADA, BOB, OTHER, USER}
    await is_heard(place, speaker, frames)


async def test_people_have_keys_before_the_client_comes_that_is_expected(
    place: Place, speak: Speak, frames: tuple[bytes, ...]
) -> None:
    place.region.listeners(CHANNEL, [ADA, BOB])
    place.expect(user_id=USER)
    await grouped(place, ADA, BOB)
    speaker = await speak(place)
    await grouped(place, ADA, BOB, USER)
    await speaker.until_told(Opcode.DAVE_MLS_WELCOME)
    await is_heard(place, speaker, frames)


async def test_people_keep_no_keys_for_a_client_that_is_not_coming(place: Place) -> None:
    place.region.listeners(CHANNEL, [ADA, BOB])
    await grouped(place, ADA, BOB)
    place.region.dismiss(100, USER)
    assert members(place) == set()


async def test_a_crowd_is_there_though_not_all_of_it_listens(
    place: Place, speak: Speak, frames: tuple[bytes, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "MOST_LISTENERS", 2)
    place.region.listeners(CHANNEL, [ADA, BOB, EVE])
    speaker = await speak(place)
    await grouped(place, ADA, BOB, USER)
    told = await speaker.until_told(Opcode.CLIENTS_CONNECT)
    assert told == {"user_ids": [str(ADA), str(BOB), str(EVE)]}
    place.region.listeners(CHANNEL, [BOB, EVE])
    await grouped(place, BOB, EVE, USER)
    await is_heard(place, speaker, frames)


async def test_those_who_come_together_are_proposed_together(
    open_place: Opener, speak: Speak, frames: tuple[bytes, ...]
) -> None:
    place = await open_place(hesitations=[NEVER])
    speaker = await speak(place)
    await speaker.until_told(Opcode.DAVE_MLS_EXTERNAL_SENDER)
    place.region.listeners(CHANNEL, [ADA, BOB, EVE])
    await speaker.until_ready()
    assert speaker.opcodes().count(Opcode.DAVE_MLS_PROPOSALS) == 1
    assert members(place) == {ADA, BOB, EVE, USER}
    await is_heard(place, speaker, frames)


async def test_two_clients_and_a_listener_are_of_one_group(
    place: Place, speak: Speak, frames: tuple[bytes, ...]
) -> None:
    first = await speak(place)
    second = await speak(place, OTHER)
    await first.until_ready()
    await second.until_ready()
    place.region.listeners(CHANNEL, [ADA])
    await grouped(place, ADA, USER, OTHER)
    for speaker in (first, second):
        await speaker.until_told(Opcode.DAVE_EXECUTE_TRANSITION)
    assert first.privacy_code == second.privacy_code
    await is_heard(place, first, frames)
    await is_heard(place, second, frames)


# Leaving


async def test_with_somebody_who_leaves_go_their_keys(
    place: Place, speak: Speak, frames: tuple[bytes, ...]
) -> None:
    place.region.listeners(CHANNEL, [ADA, BOB])
    speaker = await speak(place)
    await grouped(place, ADA, BOB, USER)
    await speaker.until_ready()
    await is_heard(place, speaker, frames)
    former = place.region._channel(CHANNEL)._present[BOB]
    code = speaker.privacy_code
    place.region.listeners(CHANNEL, [ADA])
    await grouped(place, ADA, USER)
    assert speaker.privacy_code != code
    sealed = speaker.session.encrypt_opus(frames[0])
    assert former.open(USER, sealed, 0.0) is None
    await is_heard(place, speaker, frames)


async def test_the_last_one_starts_again_and_is_joined_again(
    place: Place, speak: Speak, frames: tuple[bytes, ...]
) -> None:
    place.region.listeners(CHANNEL, [ADA])
    heard = place.channels[CHANNEL]
    speaker = await speak(place)
    for turn in range(1, 4):
        await speaker.until_ready()
        await is_heard(place, speaker, frames)
        in_flight = speaker.session.encrypt_opus(frames[0])
        place.region.listeners(CHANNEL, [])
        epoch = await speaker.until_told(Opcode.DAVE_PREPARE_EPOCH, turn)
        assert epoch == {"protocol_version": 1, "epoch": 1}
        transition = await speaker.until_told(Opcode.DAVE_PREPARE_TRANSITION, turn)
        assert transition == {"protocol_version": 1, "transition_id": 0}
        await speaker.until(lambda: not speaker.session.ready)
        start = heard.mark()
        await speaker.play(in_flight, frames[1], clear=True)
        await heard.until(lambda start=start: len(heard.window(since=start)) == 2)
        assert members(place) == set()
        place.region.listeners(CHANNEL, [ADA])
    assert not heard.violations


async def test_a_client_that_leaves_is_removed(place: Place, speak: Speak) -> None:
    place.region.listeners(CHANNEL, [ADA])
    await speak(place)
    await speak(place, OTHER)
    await grouped(place, ADA, USER, OTHER)
    place.region.dismiss(100, OTHER)
    await grouped(place, ADA, USER)


async def test_without_a_client_there_is_no_group(place: Place, speak: Speak) -> None:
    place.region.listeners(CHANNEL, [ADA, BOB])
    await speak(place)
    await grouped(place, ADA, BOB, USER)
    place.region.dismiss(100, USER)
    assert members(place) == set()
    assert not place.region._channel(CHANNEL)._present


async def test_a_proposal_is_revoked_when_it_is_no_longer_wanted(
    open_place: Opener, speak: Speak, frames: tuple[bytes, ...]
) -> None:
    place = await open_place(hesitations=[NEVER, 0.3])
    speaker = await speak(place)
    speaker.answers.remove(Opcode.DAVE_MLS_COMMIT_WELCOME)
    place.region.listeners(CHANNEL, [ADA])
    await speaker.until_told(Opcode.DAVE_MLS_PROPOSALS)
    place.region.listeners(CHANNEL, [ADA, BOB])
    await speaker.until_told(Opcode.DAVE_MLS_PROPOSALS, 2)
    place.region.listeners(CHANNEL, [BOB])
    revocation = await speaker.until_told(Opcode.DAVE_MLS_PROPOSALS, 3)
    assert (revocation[0], len(revocation)) == (1, 1 + 1 + 1 + 32)
    await speaker.until_ready()
    assert members(place) == {BOB, USER}
    await is_heard(place, speaker, frames)


async def test_a_client_that_identifies_again_is_another_member(
    place: Place, speak: Speak, frames: tuple[bytes, ...]
) -> None:
    place.region.listeners(CHANNEL, [ADA, BOB])
    former = await speak(place)
    await former.until_ready()
    speaker = await speak(place)
    await speaker.until_ready()
    await grouped(place, ADA, BOB, USER)
    await is_heard(place, speaker, frames)


# Transitions


async def test_a_transition_waits_for_everybody(open_place: Opener, speak: Speak) -> None:
    place = await open_place(transition_seconds=NEVER)
    first = await speak(place)
    second = await speak(place, OTHER)
    await first.until_ready()
    await second.until_ready()
    second.answers.remove(Opcode.DAVE_TRANSITION_READY)
    place.region.listeners(CHANNEL, [ADA])
    await first.until(lambda: first._announced)
    await second.until(lambda: second._announced)
    (number,) = second._announced
    await first.client.send(Opcode.HEARTBEAT, {"t": 1})
    await first.until_told(Opcode.HEARTBEAT_ACK)
    assert Opcode.DAVE_EXECUTE_TRANSITION not in first.opcodes()
    await second.client.send(Opcode.DAVE_TRANSITION_READY, {"transition_id": number})
    for speaker in (first, second):
        executed = await speaker.until_told(Opcode.DAVE_EXECUTE_TRANSITION)
        assert executed == {"transition_id": number}


async def test_a_transition_does_not_wait_for_ever(open_place: Opener, speak: Speak) -> None:
    place = await open_place(transition_seconds=0.1)
    place.region.listeners(CHANNEL, [ADA])
    speaker = await speak(place)
    await speaker.until_ready()
    speaker.answers.remove(Opcode.DAVE_TRANSITION_READY)
    place.region.listeners(CHANNEL, [ADA, BOB])
    await speaker.until_told(Opcode.DAVE_EXECUTE_TRANSITION)


# Sound that must not be


async def test_sound_in_the_clear_is_counted_and_not_heard_where_somebody_listens(
    place: Place, speak: Speak, frames: tuple[bytes, ...]
) -> None:
    place.region.listeners(CHANNEL, [ADA])
    heard = place.channels[CHANNEL]
    speaker = await speak(place)
    await speaker.play(*frames[:3], clear=True)
    await heard.until(lambda: heard.unencrypted == 3)
    assert heard.packets == ()
    await speaker.until_ready()
    await speaker.play(SILENCE)
    await heard.until(lambda: len(heard.packets) == 1)
    assert heard.violations == {Violation.UNENCRYPTED: 3}


async def test_sound_in_the_clear_is_wrong_after_a_group_was_made(
    place: Place, speak: Speak, frames: tuple[bytes, ...], in_flight_seconds: float
) -> None:
    heard = place.channels[CHANNEL]
    speaker = await speak(place)
    place.region.listeners(CHANNEL, [ADA])
    await speaker.until_ready()
    await anyio.sleep(2 * in_flight_seconds)
    await speaker.play(frames[0], clear=True)
    await heard.until(lambda: heard.unencrypted == 1)


async def test_what_a_listener_has_no_key_for_is_counted(
    place: Place, speak: Speak, frames: tuple[bytes, ...], in_flight_seconds: float
) -> None:
    place.region.listeners(CHANNEL, [ADA])
    heard = place.channels[CHANNEL]
    speaker = await speak(place)
    await speaker.until_ready()
    await anyio.sleep(2 * in_flight_seconds)
    sealed = speaker.session.encrypt_opus(frames[0])
    await speaker.play(bytes([sealed[0] ^ 1]) + sealed[1:], clear=True)
    await heard.until(lambda: heard.undecryptable == 1)
    await speaker.play(sealed, sealed, clear=True)
    await heard.until(lambda: heard.undecryptable == 2)
    assert [packet.opus for packet in heard.packets] == [frames[0]]


async def test_a_key_that_is_no_longer_in_force_is_counted(
    place: Place, speak: Speak, frames: tuple[bytes, ...], in_flight_seconds: float
) -> None:
    place.region.listeners(CHANNEL, [ADA])
    heard = place.channels[CHANNEL]
    speaker = await speak(place)
    await speaker.until_ready()
    in_time, too_late = map(speaker.session.encrypt_opus, frames[:2])
    place.region.listeners(CHANNEL, [ADA, BOB])
    await grouped(place, ADA, BOB, USER)
    await speaker.play(in_time, clear=True)
    await heard.until(lambda: len(heard.packets) == 1)
    assert not heard.violations
    await anyio.sleep(2 * in_flight_seconds)
    await speaker.play(too_late, clear=True)
    await heard.until(lambda: heard.violations)
    assert heard.violations == {Violation.UNDECRYPTABLE: 1}


async def test_an_old_key_is_wrong_though_everybody_still_has_it(
    place: Place, speak: Speak, frames: tuple[bytes, ...], in_flight_seconds: float
) -> None:
    place.region.listeners(CHANNEL, [ADA, BOB])
    heard = place.channels[CHANNEL]
    speaker = await speak(place)
    await grouped(place, ADA, BOB, USER)
    await speaker.until_ready()
    sealed = speaker.session.encrypt_opus(frames[0])
    place.region.listeners(CHANNEL, [ADA])
    await grouped(place, ADA, USER)
    await anyio.sleep(2 * in_flight_seconds)
    await speaker.play(sealed, clear=True)
    await heard.until(lambda: heard.packets)
    assert heard.violations == {Violation.OUTDATED_KEY: 1}


# What goes wrong


@pytest.mark.parametrize(
    ("hesitation", "spoiled"),
    [(0.0, Opcode.DAVE_MLS_WELCOME), (NEVER, Opcode.DAVE_MLS_ANNOUNCE_COMMIT_TRANSITION)],
)
async def test_a_client_that_reports_what_it_cannot_read_is_taken_in_again(
    open_place: Opener, speak: Speak, frames: tuple[bytes, ...], hesitation: float, spoiled: Opcode
) -> None:
    place = await open_place(hesitations=[0.0, hesitation])
    place.region.listeners(CHANNEL, [ADA])
    if spoiled is Opcode.DAVE_MLS_WELCOME:
        place.region.troubles.spoiled[spoiled] = 1
        speaker = await speak(place, commits=False)
    else:
        speaker = await speak(place)
        await speaker.until_ready()
        place.region.troubles.spoiled[spoiled] = 1
        place.region.listeners(CHANNEL, [ADA, BOB])
    await speaker.until(lambda: speaker.failed == 1)
    await speaker.until_ready()
    there = [ADA] if spoiled is Opcode.DAVE_MLS_WELCOME else [ADA, BOB]
    await grouped(place, *there, USER)
    assert speaker.failed == 1
    await is_heard(place, speaker, frames)


async def test_a_welcome_that_nobody_can_read_is_counted_and_made_again(
    open_place: Opener, speak: Speak, frames: tuple[bytes, ...]
) -> None:
    place = await open_place(hesitations=[NEVER])
    heard = place.channels[CHANNEL]
    speaker = await speak(place)
    say = speaker.say_binary

    async def misspeak(opcode: int, data: bytes) -> None:
        speaker.say_binary = say
        await say(opcode, data[:-1] + bytes([data[-1] ^ 1]))

    speaker.say_binary = misspeak
    place.region.listeners(CHANNEL, [ADA])
    await heard.until(lambda: heard.violations)
    assert heard.violations == {Violation.UNUSABLE_KEYS: 1}
    heard.violations.clear()
    await grouped(place, ADA, USER)
    await speaker.until_ready()
    await is_heard(place, speaker, frames)


async def test_a_commit_that_comes_too_late_is_nothing(
    open_place: Opener, speak: Speak, frames: tuple[bytes, ...]
) -> None:
    place = await open_place(hesitations=[0.0])
    speaker = await speak(place)
    said: list[bytes] = []

    async def keep(opcode: int, data: bytes) -> None:
        said.append(bytes([opcode]) + data)
        if opcode != Opcode.DAVE_MLS_COMMIT_WELCOME:
            await speaker.client.socket.send_bytes(said[-1])

    speaker.say_binary = keep
    place.region.listeners(CHANNEL, [ADA])
    await speaker.until_ready()
    assert said[-1][0] == Opcode.DAVE_MLS_COMMIT_WELCOME
    await speaker.client.socket.send_bytes(said[-1])
    await is_heard(place, speaker, frames)
    assert speaker.opcodes().count(Opcode.DAVE_MLS_ANNOUNCE_COMMIT_TRANSITION) == 0


async def test_what_is_no_mls_is_a_bad_request(place: Place, speak: Speak) -> None:
    place.region.listeners(CHANNEL, [ADA])
    other = await speak(place, OTHER)
    stolen = other.session.get_serialized_key_package()
    for opcode, data in [
        (Opcode.DAVE_MLS_KEY_PACKAGE, b""),
        (Opcode.DAVE_MLS_KEY_PACKAGE, stolen),
        (Opcode.DAVE_MLS_KEY_PACKAGE, stolen[:-1] + bytes([stolen[-1] ^ 1])),
        (Opcode.DAVE_MLS_COMMIT_WELCOME, b"\0\1\0\1"),
    ]:
        speaker = await speak(place)
        await speaker.client.socket.send_bytes(bytes([opcode]) + data)
        assert await speaker.until_told(-1) == CloseCode.BAD_REQUEST


async def test_what_was_missed_while_a_connection_was_gone_is_told_again(
    open_place: Opener, speak: Speak, frames: tuple[bytes, ...]
) -> None:
    place = await open_place(transition_seconds=0.2)
    place.region.listeners(CHANNEL, [ADA])
    speaker = await speak(place)
    await speaker.until_ready()
    place.region.sever(100, USER)
    await speaker.until_told(-1)
    place.region.listeners(CHANNEL, [ADA, BOB])
    await grouped(place, ADA, BOB, USER)
    async with place.connect() as client, anyio.create_task_group() as tasks:
        for name in ("ssrc", "key", "mode", "address", "seq_ack", "counter"):
            setattr(client, name, getattr(speaker.client, name))
        speaker.client = client
        await client.expect(Opcode.HELLO)
        await client.resume(session_id=f"session-{USER}", token=f"token-{USER}")
        await client.expect(Opcode.RESUMED)
        executed = speaker.opcodes().count(Opcode.DAVE_EXECUTE_TRANSITION)
        tasks.start_soon(speaker.run)
        await speaker.until_told(Opcode.DAVE_EXECUTE_TRANSITION, executed + 1)
        await is_heard(place, speaker, frames)
        tasks.cancel_scope.cancel()


# Those without DAVE


async def test_a_client_without_dave_is_refused_where_it_is_required(place: Place) -> None:
    place.region.dave = DavePolicy.REQUIRED
    for changes in ({}, {"max_dave_protocol_version": 0}):
        async with place.connect() as client:
            await client.identify(**changes)
            assert await client.closed() == CloseCode.DAVE_REQUIRED


async def test_without_dave_nothing_of_it_is_told(
    open_place: Opener, speak: Speak, frames: tuple[bytes, ...]
) -> None:
    place = await open_place(dave=DavePolicy.OFF)
    place.region.listeners(CHANNEL, [ADA])
    heard = place.channels[CHANNEL]
    speaker = await speak(place)
    assert speaker.version == 0
    await speaker.play(*frames)
    await heard.until(lambda: len(heard.packets) == len(frames))
    assert not heard.violations
    assert max(speaker.opcodes()) < Opcode.DAVE_PREPARE_TRANSITION


async def test_a_stage_is_never_encrypted(
    open_place: Opener, speak: Speak, frames: tuple[bytes, ...]
) -> None:
    place = await open_place(dave=DavePolicy.REQUIRED)
    place.expect(stage=True)
    place.region.listeners(CHANNEL, [ADA])
    heard = place.channels[CHANNEL]
    speaker = await speak(place)
    assert speaker.version == 0
    await speak(place, OTHER, max_dave_protocol_version=0)
    await speaker.play(*frames)
    await heard.until(lambda: len(heard.packets) == len(frames))
    assert not heard.violations


async def test_a_channel_goes_down_for_somebody_without_dave_and_up_again(
    open_place: Opener, speak: Speak, frames: tuple[bytes, ...], in_flight_seconds: float
) -> None:
    place = await open_place(dave=DavePolicy.OFFERED)
    place.region.listeners(CHANNEL, [ADA])
    heard = place.channels[CHANNEL]
    speaker = await speak(place)
    await speaker.until_ready()
    await is_heard(place, speaker, frames)
    too_late = speaker.session.encrypt_opus(frames[0])

    place.region.listeners(CHANNEL, [ADA, BOB], without_dave=[BOB])
    prepared = await speaker.until_told(Opcode.DAVE_PREPARE_TRANSITION)
    assert prepared["protocol_version"] == 0
    assert prepared["transition_id"] > 0
    await speaker.until(lambda: speaker.version == 0)
    start = heard.mark()
    await speaker.play(*frames)
    await heard.until(lambda: len(heard.window(since=start)) == len(frames))
    assert not heard.violations
    await anyio.sleep(2 * in_flight_seconds)
    await speaker.play(too_late, clear=True)
    await heard.until(lambda: heard.undecryptable == 1)
    heard.violations.clear()

    place.region.listeners(CHANNEL, [ADA])
    epoch = await speaker.until_told(Opcode.DAVE_PREPARE_EPOCH)
    assert epoch == {"protocol_version": 1, "epoch": 1}
    await grouped(place, ADA, USER)
    await speaker.until_told(Opcode.DAVE_EXECUTE_TRANSITION, 2)
    await is_heard(place, speaker, frames)


async def test_clients_without_dave_take_a_channel_down_too(
    open_place: Opener, speak: Speak, frames: tuple[bytes, ...]
) -> None:
    place = await open_place(dave=DavePolicy.OFFERED)
    place.region.listeners(CHANNEL, [ADA])
    speaker = await speak(place)
    await speaker.until_ready()
    old = await speak(place, OTHER, max_dave_protocol_version=0)
    assert old.version == 0
    await speaker.until(lambda: speaker.version == 0)
    place.region.dismiss(100, OTHER)
    await speaker.until(lambda: speaker.version == 1 and speaker.session.ready)
    await is_heard(place, speaker, frames)


async def test_a_server_can_begin_to_require_it(
    open_place: Opener, speak: Speak, frames: tuple[bytes, ...]
) -> None:
    place = await open_place(dave=DavePolicy.OFF)
    place.region.listeners(CHANNEL, [ADA])
    speaker = await speak(place)
    assert speaker.version == 0
    place.region.dave = DavePolicy.REQUIRED
    await speaker.until_told(Opcode.DAVE_EXECUTE_TRANSITION)
    await is_heard(place, speaker, frames)
    place.region.dave = DavePolicy.OFF
    await speaker.until(lambda: speaker.version == 0)


async def test_a_client_taken_along_to_another_channel_is_a_member_there(
    place: Place, speak: Speak, frames: tuple[bytes, ...]
) -> None:
    there = 201
    place.region.listeners(CHANNEL, [ADA])
    place.region.listeners(there, [BOB])
    speaker = await speak(place)
    await speaker.until_ready()
    speaker.channel_id = there
    credentials = {"session_id": f"session-{USER}", "token": f"token-{USER}"}
    place.expect(channel_id=there, user_id=USER, **credentials)
    await grouped(place, BOB, USER, where=there)
    assert members(place) == set()
    heard = place.channels[there]
    await speaker.until_ready()
    await speaker.play(*frames)
    await heard.until(lambda: len(heard.packets) == len(frames))
    assert not heard.violations
