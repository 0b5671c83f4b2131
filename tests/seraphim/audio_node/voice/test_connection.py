from collections import defaultdict

import pytest

from seraphim.audio_node.voice import VoiceCredentials
from seraphim.sandbox.voice import Heard, VoiceServer
from seraphim.voice import CloseCode, Mode
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


@pytest.mark.parametrize("mode", Mode)
async def test_frames_are_heard_as_they_were_sent(
    mode: Mode, region: VoiceServer, heard: defaultdict[int, Heard], connect: Connect
) -> None:
    region.troubles.refused_modes = set(Mode) - {mode}
    connection, listener = connect()
    await within(listener.ready.wait())
    assert connection.connected
    frames = [TONE + bytes((number,)) for number in range(20)]
    connection.speak(True)
    for frame in frames:
        connection.send(frame)
    ears = heard[CHANNEL]
    await ears.until(lambda: len(ears.packets) == len(frames))
    assert [packet.opus for packet in ears.packets] == frames
    continuity = ears.continuity()
    assert (continuity.lost, continuity.reordered, continuity.timestamp_jumps) == (0, 0, 0)
    assert not ears.violations


async def test_the_way_of_the_sound_is_kept_open_while_there_is_none(
    region: VoiceServer, heard: defaultdict[int, Heard], connect: Connect
) -> None:
    connection, listener = connect(keep_alive=0.02)
    await within(listener.ready.wait())
    await until(lambda: region.keep_alives >= 5)
    # And while the voice gateway is away: the sound goes on meanwhile.
    region.troubles.silent = True
    region.sever(GUILD, USER)
    await until(lambda: not connection.connected)
    before = region.keep_alives
    await until(lambda: region.keep_alives >= before + 5)
    region.troubles.silent = False
    connection.send(TONE)
    ears = heard[CHANNEL]
    await ears.until(lambda: len(ears.packets) == 1)
    assert not ears.violations
    assert not region.violations


async def test_nothing_is_sent_after_the_end(region: VoiceServer, connect: Connect) -> None:
    connection, listener = connect(keep_alive=0.02)
    await within(listener.ready.wait())
    await connection.close()
    transmitter = connection._transmitter
    assert transmitter is not None
    assert transmitter._timer is not None
    assert transmitter._timer.cancelled()


async def test_a_wrong_token_closes_with_4004(connect: Connect) -> None:
    connection, listener = connect(token="wrong")
    closed = await within(listener.closed)
    assert (closed.code, closed.remote) == (CloseCode.AUTHENTICATION_FAILED, True)
    assert not connection.connected
    assert connection.ended


async def test_the_close_code_is_the_one_that_was_sent_every_time(
    region: VoiceServer, connect: Connect
) -> None:
    for _ in range(10):
        _, listener = connect()
        await within(listener.ready.wait())
        region.dismiss(GUILD, USER)
        closed = await within(listener.closed)
        assert (closed.code, closed.remote) == (CloseCode.DISCONNECTED, True)


@pytest.mark.parametrize("end", ["crashed", "going away", "severed"])
async def test_a_session_that_is_still_there_is_resumed_without_a_word(
    end: str, region: VoiceServer, heard: defaultdict[int, Heard], connect: Connect
) -> None:
    connection, listener = connect()
    await within(listener.ready.wait())
    connection.send(TONE)
    match end:
        case "crashed":
            region.close(GUILD, USER)
        case "going away":
            region.close(GUILD, USER, CloseCode.GOING_AWAY)
        case _:
            region.sever(GUILD, USER)
    ears = heard[CHANNEL]
    connection.send(TONE)
    await until(lambda: connection.resumes)
    assert connection.connected
    connection.send(TONE)
    await ears.until(lambda: len(ears.packets) == 3)
    assert len(ears.continuity().speakers) == 1
    assert ears.continuity().lost == 0
    assert not ears.violations
    assert not listener.closed.done()
    assert listener.changes == [False, True]


async def test_heartbeats_without_answers_end_in_a_resume(
    region: VoiceServer, connect: Connect
) -> None:
    region.heartbeat_interval = 0.1
    region.troubles.heartbeats_ignored = True
    connection, listener = connect()
    await within(listener.ready.wait())
    await until(lambda: connection.resumes)
    assert not listener.closed.done()


async def test_a_refused_resume_is_told_with_its_code(
    region: VoiceServer, connect: Connect
) -> None:
    connection, listener = connect()
    await within(listener.ready.wait())
    region.sever(GUILD, USER)
    region.dismiss(GUILD, USER)
    closed = await within(listener.closed)
    assert closed.code == CloseCode.SESSION_INVALID
    assert not connection.connected


async def test_a_session_that_cannot_be_resumed_in_time_is_told_as_timed_out(
    region: VoiceServer, connect: Connect
) -> None:
    _, listener = connect(seconds=0.5)
    await within(listener.ready.wait())
    region.troubles.silent = True
    region.sever(GUILD, USER)
    closed = await within(listener.closed)
    assert (closed.code, closed.remote) == (CloseCode.SESSION_TIMEOUT, False)


@pytest.mark.parametrize("trouble", ["silent", "discovery_ignored"])
async def test_a_voice_server_that_does_not_answer_is_given_up_in_time(
    trouble: str, region: VoiceServer, connect: Connect
) -> None:
    setattr(region.troubles, trouble, True)
    _, listener = connect(seconds=0.4)
    closed = await within(listener.closed)
    assert (closed.code, closed.remote) == (1006, False)


@pytest.mark.parametrize("endpoint", ["localhost:1", "nobody.invalid"])
async def test_a_voice_server_that_is_not_there_is_told(endpoint: str, connect: Connect) -> None:
    _, listener = connect(endpoint=endpoint)
    closed = await within(listener.closed)
    assert (closed.code, closed.remote) == (1006, False)
    assert endpoint in closed.reason


async def test_no_mode_in_common_is_told(region: VoiceServer, connect: Connect) -> None:
    region.troubles.refused_modes = set(Mode)
    _, listener = connect()
    assert (await within(listener.closed)).code == CloseCode.UNKNOWN_MODE


async def test_closing_leaves_the_voice_server_and_tells_nobody(
    region: VoiceServer, connect: Connect
) -> None:
    connection, listener = connect()
    await within(listener.ready.wait())
    await connection.close()
    assert not connection.connected
    await until(lambda: not region.connected(GUILD, USER))
    assert not listener.closed.done()


async def test_what_is_sent_before_ready_and_after_the_end_goes_nowhere(
    heard: defaultdict[int, Heard], connect: Connect
) -> None:
    connection, listener = connect()
    connection.send(TONE)
    await within(listener.ready.wait())
    await connection.close()
    connection.send(TONE)
    assert heard[CHANNEL].packets == ()


def test_credentials_do_not_show_their_secrets() -> None:
    assert "hush" not in repr(VoiceCredentials(1, "localhost", "hush-session", "hush-token"))
