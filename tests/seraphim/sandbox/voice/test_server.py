"""The gateway's rules, kept against a client that breaks them."""

import socket
from collections.abc import Callable
from typing import Any

import aiohttp
import anyio
import pytest

from seraphim.sandbox.voice import Violation
from seraphim.voice import CloseCode, Mode, Opcode

pytestmark = pytest.mark.anyio

GUILD, CHANNEL, USER = 100, 200, 300
OTHER = {"user_id": 301, "session_id": "other-session", "token": "other-token"}

Place = Any
Tone = Callable[..., tuple[bytes, ...]]


async def test_a_client_is_led_from_hello_to_its_key(place: Place) -> None:
    async with place.connect() as client:
        hello = await client.expect(Opcode.HELLO)
        assert hello == {"v": 8, "heartbeat_interval": 13_750}
        await client.identify()
        ready = await client.receive()
        assert (ready["op"], "seq" in ready) == (Opcode.READY, False)
        assert set(ready["d"]["modes"]) == set(Mode)
        await client.select(Mode.XCHACHA20_POLY1305)
        message = await client.receive()
        description = message["d"]
        assert (message["op"], message["seq"]) == (Opcode.SESSION_DESCRIPTION, 1)
        assert description["mode"] == Mode.XCHACHA20_POLY1305
        assert len(bytes(description["secret_key"])) == 32
        assert description["dave_protocol_version"] == 0
        assert place.region.connected(GUILD, USER)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"token": "wrong"}, CloseCode.AUTHENTICATION_FAILED),
        ({"user_id": "301"}, CloseCode.AUTHENTICATION_FAILED),
        ({"session_id": "wrong"}, CloseCode.SESSION_INVALID),
        ({"server_id": "101"}, CloseCode.SERVER_NOT_FOUND),
        ({"server_id": 100}, CloseCode.DECODE_ERROR),
        ({"token": None}, CloseCode.DECODE_ERROR),
    ],
)
async def test_wrong_credentials_are_refused(
    place: Place, changes: dict[str, Any], code: CloseCode
) -> None:
    async with place.connect() as client:
        await client.identify(**changes)
        assert await client.closed() == code
    assert not place.region.connected(GUILD, USER)


async def test_nothing_may_be_said_before_identifying(place: Place) -> None:
    for opcode, data in [
        (Opcode.SPEAKING, {"speaking": 1}),
        (Opcode.SELECT_PROTOCOL, {"protocol": "udp", "data": {}}),
    ]:
        async with place.connect() as client:
            await client.send(opcode, data)
            assert await client.closed() == CloseCode.NOT_AUTHENTICATED


@pytest.mark.parametrize(
    ("opcode", "data", "code"),
    [
        (Opcode.IDENTIFY, {}, CloseCode.ALREADY_AUTHENTICATED),
        (Opcode.RESUME, {}, CloseCode.ALREADY_AUTHENTICATED),
        (Opcode.READY, {}, CloseCode.UNKNOWN_OPCODE),
        (99, {}, CloseCode.UNKNOWN_OPCODE),
        (Opcode.HEARTBEAT, 1234, CloseCode.DECODE_ERROR),
        (Opcode.HEARTBEAT, {"t": "soon"}, CloseCode.DECODE_ERROR),
        (Opcode.SPEAKING, {"speaking": 1, "ssrc": 0}, CloseCode.BAD_REQUEST),
        (Opcode.SELECT_PROTOCOL, {"protocol": "webrtc", "data": {}}, CloseCode.UNKNOWN_PROTOCOL),
        (
            Opcode.SELECT_PROTOCOL,
            {"protocol": "udp", "data": {"address": "1.2.3.4", "port": 5, "mode": "plain"}},
            CloseCode.UNKNOWN_MODE,
        ),
        (Opcode.SELECT_PROTOCOL, {"protocol": "udp"}, CloseCode.DECODE_ERROR),
    ],
)
async def test_a_misstep_closes_with_its_code(
    place: Place, opcode: int, data: Any, code: CloseCode
) -> None:
    async with place.connect() as client:
        await client.authenticate()
        await client.send(opcode, data)
        assert await client.closed() == code


@pytest.mark.parametrize("text", ["", "{", "[]", '{"d": {}}', '{"op": true, "d": {}}', "[" * 9000])
async def test_what_is_not_a_message_cannot_be_decoded(place: Place, text: str) -> None:
    async with place.connect() as client:
        await client.socket.send_str(text)
        assert await client.closed() == CloseCode.DECODE_ERROR


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"", CloseCode.DECODE_ERROR),
        (bytes([Opcode.DAVE_MLS_WELCOME]), CloseCode.UNKNOWN_OPCODE),
        (bytes([Opcode.DAVE_MLS_KEY_PACKAGE]), CloseCode.NOT_AUTHENTICATED),
    ],
)
async def test_binary_frames_have_their_order_too(
    place: Place, frame: bytes, code: CloseCode
) -> None:
    async with place.connect() as client:
        await client.socket.send_bytes(frame)
        assert await client.closed() == code


async def test_other_versions_are_not_spoken(place: Place) -> None:
    async with aiohttp.ClientSession() as session:
        for query in ("", "?v=4"):
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(
                    f"wss://{place.region.endpoint}/{query}", ssl=place.authority.client_context()
                )


# Heartbeats


async def test_a_client_without_heartbeats_is_closed_and_its_session_ends(
    open_place: Callable[..., Any],
) -> None:
    place = await open_place(heartbeat_interval=0.1)
    place.expect()
    async with place.connect() as client:
        await client.authenticate()
        assert await client.closed() == CloseCode.SESSION_TIMEOUT
    async with place.connect() as client:
        await client.resume()
        assert await client.closed() == CloseCode.SESSION_INVALID


async def test_a_client_with_heartbeats_stays(open_place: Callable[..., Any]) -> None:
    place = await open_place(heartbeat_interval=0.4)
    place.expect()
    async with place.connect() as client:
        await client.authenticate()
        for _ in range(8):
            await client.heartbeat()
            await anyio.sleep(0.1)
        assert place.region.connected(GUILD, USER)


async def test_heartbeats_can_be_left_unanswered(place: Place) -> None:
    async with place.connect() as client:
        await client.authenticate()
        place.region.troubles.heartbeats_ignored = True
        await client.send(Opcode.HEARTBEAT, {"t": 1, "seq_ack": -1})
        await client.select(Mode.AES256_GCM)
        await client.expect(Opcode.SESSION_DESCRIPTION)


# Sound


@pytest.mark.parametrize("mode", Mode)
async def test_a_tone_is_heard_in_its_channel(place: Place, tone: Tone, mode: Mode) -> None:
    async with place.connect() as client:
        await client.join(mode)
        async with await client.udp() as udp:
            await client.play(udp, tone(440, 0.6))
            heard = place.channels[CHANNEL]
            await heard.until(lambda: len(heard.packets) == 30)
    assert heard.pitch(last=5) == pytest.approx(440, rel=0.005)
    assert [packet.sequence for packet in heard.packets] == list(range(30))
    assert heard.packets[0].ssrc == client.ssrc
    assert not heard.violations
    assert not place.region.violations


async def test_sound_that_overtakes_its_speaking_is_heard(place: Place, tone: Tone) -> None:
    heard = place.channels[CHANNEL]
    opus = tone(440, 0.2)
    async with place.connect() as client:
        await client.authenticate()
        async with await client.udp() as udp:
            await client.select(Mode.AES256_GCM)
            client.key = bytes((await client.expect(Opcode.SESSION_DESCRIPTION))["secret_key"])
            await udp.send(client.packet(0, opus[0]))
            await client.send(Opcode.SPEAKING, {"speaking": 1, "delay": 0, "ssrc": client.ssrc})
            await udp.send(client.packet(1, opus[1]))
            await heard.until(lambda: len(heard.packets) == 2)
    assert [packet.sequence for packet in heard.packets] == [0, 1]
    assert not heard.violations


async def test_what_a_listener_could_not_play_is_counted_and_not_heard(
    place: Place, tone: Tone
) -> None:
    heard = place.channels[CHANNEL]
    opus = tone(440, 0.2)
    async with place.connect() as client:
        await client.authenticate()
        async with await client.udp() as udp:
            client.key = bytes(32)
            await udp.send(client.packet(0, opus[0]))
            await heard.until(lambda: heard.violations[Violation.TOO_EARLY] == 1)
            await client.select(Mode.AES256_GCM)
            client.key = bytes((await client.expect(Opcode.SESSION_DESCRIPTION))["secret_key"])
            await udp.send(client.packet(1, opus[1]))
            await heard.until(lambda: heard.violations[Violation.TOO_EARLY] == 2)
            await client.send(Opcode.SPEAKING, {"speaking": 1, "delay": 0, "ssrc": client.ssrc})
            await client.heartbeat()

            good = client.packet(2, opus[2], counter=50)
            await udp.send(good[:-1] + b"\1")
            await udp.send(b"\0" * 30)
            await udp.send(good[:8] + bytes(4) + good[12:])
            await udp.send(good)
            await udp.send(good)
            await udp.send(client.packet(3, opus[3], counter=50))
            other_type = client.packet(4, opus[4], counter=51)
            await udp.send(other_type)
            await heard.until(lambda: len(heard.packets) == 3)
    assert [packet.sequence for packet in heard.packets] == [2, 3, 4]
    assert heard.violations == {
        Violation.TOO_EARLY: 2,
        Violation.NOT_AUTHENTIC: 1,
        Violation.REPLAYED: 1,
        Violation.NONCE_REPEATED: 2,
    }
    assert place.region.violations == {Violation.MALFORMED: 1, Violation.UNKNOWN_SSRC: 1}


async def test_selecting_again_makes_a_new_key(place: Place, tone: Tone) -> None:
    heard = place.channels[CHANNEL]
    async with place.connect() as client:
        await client.join()
        former = client.packet(0, tone(440, 0.2)[0])
        await client.select(Mode.AES256_GCM)
        assert bytes((await client.expect(Opcode.SESSION_DESCRIPTION))["secret_key"]) != client.key
        async with await client.udp() as udp:
            await udp.send(former)
            await heard.until(lambda: heard.violations[Violation.NOT_AUTHENTIC] == 1)
    assert heard.packets == ()


async def test_a_muted_client_is_not_heard(place: Place, tone: Tone) -> None:
    heard = place.channels[CHANNEL]
    opus = tone(440, 0.2)
    async with place.connect() as client:
        await client.join()
        async with await client.udp() as udp:
            place.region.mute(GUILD, USER)
            await udp.send(client.packet(0, opus[0]))
            # The voice server has one port: what was sent first has been read by then.
            await udp.send(client.packet(1, opus[1], counter=1))
            await heard.until(lambda: heard.violations[Violation.NONCE_REPEATED] == 1)
            place.region.mute(GUILD, USER, muted=False)
            await udp.send(client.packet(2, opus[2]))
            await heard.until(lambda: heard.packets)
    assert [packet.sequence for packet in heard.packets] == [2]


# Leaving, moving, resuming


async def test_a_dismissed_client_is_closed_and_not_admitted_again(place: Place) -> None:
    async with place.connect() as client:
        await client.join()
        place.region.dismiss(GUILD, USER)
        assert await client.closed() == CloseCode.DISCONNECTED
    for attempt, code in [
        ("resume", CloseCode.SESSION_INVALID),
        ("identify", CloseCode.SERVER_NOT_FOUND),
    ]:
        async with place.connect() as client:
            await getattr(client, attempt)()
            assert await client.closed() == code


async def test_sound_in_flight_from_a_dismissed_client_is_no_violation(
    place: Place, tone: Tone
) -> None:
    async with place.connect() as client:
        await client.join()
        late = client.packet(0, tone(440, 0.2)[0])
        place.region.dismiss(GUILD, USER)
        async with await client.udp() as udp:
            await udp.send(late)
            await udp.send(bytes(8))
            with anyio.fail_after(10):
                assert await udp.receive() == bytes(8)
    assert not place.region.violations
    assert place.channels[CHANNEL].packets == ()


async def test_identifying_again_replaces_the_former_session(place: Place) -> None:
    async with place.connect() as former, place.connect() as client:
        await former.join()
        await client.join()
        assert await former.closed() == CloseCode.SESSION_INVALID
        assert client.ssrc != former.ssrc
        assert place.region.connected(GUILD, USER)
        await client.heartbeat()


async def test_a_client_moved_with_the_same_credentials_is_heard_in_the_other_channel(
    place: Place, tone: Tone
) -> None:
    here, there = place.channels[CHANNEL], place.channels[201]
    opus = tone(440, 0.2)
    async with place.connect() as client:
        await client.join()
        async with await client.udp() as udp:
            await udp.send(client.packet(0, opus[0]))
            await here.until(lambda: here.packets)
            place.expect(channel_id=201)
            await udp.send(client.packet(1, opus[1]))
            await there.until(lambda: there.packets)
    assert len(here.packets) == 1


async def test_new_credentials_leave_the_former_session_until_it_is_dismissed(
    place: Place,
) -> None:
    async with place.connect() as former:
        await former.join()
        place.expect(channel_id=201, token="new-token")
        await former.heartbeat()
        async with place.connect() as client:
            await client.identify()
            assert await client.closed() == CloseCode.AUTHENTICATION_FAILED
        async with place.connect() as client:
            await client.identify(token="new-token")
            assert await former.closed() == CloseCode.SESSION_INVALID


@pytest.mark.parametrize("fault", ["close", "sever"])
async def test_a_session_that_lost_its_socket_is_heard_on_and_resumes_with_what_it_missed(
    place: Place, tone: Tone, fault: str
) -> None:
    heard = place.channels[CHANNEL]
    opus = tone(440, 0.2)
    async with place.connect() as client:
        await client.join()
        getattr(place.region, fault)(GUILD, USER)
        if fault == "close":
            assert await client.closed() == CloseCode.SERVER_CRASHED
        else:
            with anyio.fail_after(10):
                message = await client.socket.receive()
            assert message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
        await heard.until(lambda: not place.region.connected(GUILD, USER))
        async with await client.udp() as udp:
            await udp.send(client.packet(0, opus[0]))
            await heard.until(lambda: len(heard.packets) == 1)
            place.region.listeners(CHANNEL, [7, 8])
            place.region.listeners(CHANNEL, [8])
            async with place.connect() as again:
                await again.expect(Opcode.HELLO)
                await again.resume(seq_ack=client.seq_ack)
                assert (await again.receive())["op"] == Opcode.RESUMED
                assert await again.receive() == {
                    "op": Opcode.CLIENTS_CONNECT,
                    "d": {"user_ids": ["7", "8"]},
                    "seq": 2,
                }
                assert await again.receive() == {
                    "op": Opcode.CLIENT_DISCONNECT,
                    "d": {"user_id": "7"},
                    "seq": 3,
                }
                await udp.send(client.packet(1, opus[1]))
                await heard.until(lambda: len(heard.packets) == 2)
                assert place.region.connected(GUILD, USER)
    assert not heard.violations


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"token": "wrong"}, CloseCode.AUTHENTICATION_FAILED),
        ({"session_id": "wrong"}, CloseCode.SESSION_INVALID),
        ({"server_id": "101"}, CloseCode.SESSION_INVALID),
        ({"seq_ack": 7}, CloseCode.SESSION_INVALID),
    ],
)
async def test_a_resume_must_fit_its_session(
    place: Place, changes: dict[str, Any], code: CloseCode
) -> None:
    async with place.connect() as client:
        await client.join()
        place.region.close(GUILD, USER)
        await client.closed()
    async with place.connect() as client:
        await client.resume(**{"seq_ack": 1, **changes})
        assert await client.closed() == code


async def test_acknowledged_messages_are_not_sent_again_and_cannot_be_asked_for(
    place: Place,
) -> None:
    place.region.listeners(CHANNEL, [7])
    async with place.connect() as client:
        await client.authenticate()
        await client.expect(Opcode.CLIENTS_CONNECT)
        await client.heartbeat()
        place.region.close(GUILD, USER)
        await client.closed()
    async with place.connect() as again:
        await again.resume(seq_ack=-1)
        assert await again.closed() == CloseCode.SESSION_INVALID
    async with place.connect() as again:
        await again.expect(Opcode.HELLO)
        await again.resume(seq_ack=1)
        await again.expect(Opcode.RESUMED)
        await again.heartbeat()


@pytest.mark.parametrize(
    ("code", "resumable"), [(1000, False), (1001, False), (4000, True), (3000, True)]
)
async def test_a_session_ends_when_its_client_says_goodbye(
    place: Place, code: int, resumable: bool
) -> None:
    async with place.connect() as client:
        await client.join()
        await client.socket.close(code=code)
        await place.channels[CHANNEL].until(lambda: not place.region.connected(GUILD, USER))
    async with place.connect() as again:
        await again.expect(Opcode.HELLO)
        await again.resume(seq_ack=1)
        if resumable:
            await again.expect(Opcode.RESUMED)
        else:
            assert await again.closed() == CloseCode.SESSION_INVALID


async def test_a_session_does_not_wait_for_its_client_for_ever(
    open_place: Callable[..., Any],
) -> None:
    place = await open_place(resume_window=0.05)
    place.expect()
    async with place.connect() as client:
        await client.join()
        place.region.close(GUILD, USER)
        await client.closed()
    await place.channels[CHANNEL].until(lambda: not place.region._sessions)
    async with place.connect() as again:
        await again.resume(seq_ack=1)
        assert await again.closed() == CloseCode.SESSION_INVALID


# Company


async def test_clients_in_a_channel_hear_of_each_other(place: Place) -> None:
    place.expect(**OTHER)
    place.region.listeners(CHANNEL, [7])
    async with place.connect() as first:
        await first.authenticate()
        assert await first.expect(Opcode.CLIENTS_CONNECT) == {"user_ids": ["7"]}
        async with place.connect() as second:
            await second.expect(Opcode.HELLO)
            await second.identify(**{**OTHER, "user_id": "301"})
            ssrc = (await second.expect(Opcode.READY))["ssrc"]
            assert await second.expect(Opcode.CLIENTS_CONNECT) == {"user_ids": ["7", "300"]}
            assert await first.expect(Opcode.CLIENTS_CONNECT) == {"user_ids": ["301"]}
            await second.send(Opcode.SPEAKING, {"speaking": 1, "delay": 0, "ssrc": ssrc})
            assert await first.expect(Opcode.SPEAKING) == {
                "user_id": "301",
                "ssrc": ssrc,
                "speaking": 1,
            }
            place.region.dismiss(GUILD, 301)
            assert await first.expect(Opcode.CLIENT_DISCONNECT) == {"user_id": "301"}


# Troubles


async def test_a_refused_mode_is_neither_offered_nor_taken(place: Place) -> None:
    place.region.troubles.refused_modes = {Mode.AES256_GCM}
    async with place.connect() as client:
        assert (await client.authenticate())["modes"] == [Mode.XCHACHA20_POLY1305]
        await client.select(Mode.AES256_GCM)
        assert await client.closed() == CloseCode.UNKNOWN_MODE


@pytest.mark.parametrize("code", [CloseCode.DAVE_REQUIRED, 4999])
async def test_identifying_can_be_answered_with_any_code(place: Place, code: int) -> None:
    place.region.troubles.identify_closes_with = code
    async with place.connect() as client:
        await client.identify()
        assert await client.closed() == code


async def test_a_silent_server_accepts_and_says_nothing(open_place: Callable[..., Any]) -> None:
    place = await open_place(heartbeat_interval=0.05)
    place.expect()
    place.region.troubles.silent = True
    async with place.connect() as client:
        await client.identify()
        with pytest.raises(TimeoutError), anyio.fail_after(0.3):
            await client.socket.receive()


async def test_a_deaf_server_hears_nothing(place: Place, tone: Tone) -> None:
    heard = place.channels[CHANNEL]
    opus = tone(440, 0.2)
    async with place.connect() as client:
        await client.join()
        async with await client.udp() as udp:
            place.region.troubles.deaf = True
            await udp.send(client.packet(0, opus[0]))
            await udp.send(bytes(8))
            await udp.receive()
            place.region.troubles.deaf = False
            await udp.send(client.packet(1, opus[1]))
            await heard.until(lambda: heard.packets)
    assert [packet.sequence for packet in heard.packets] == [1]


async def test_a_stopped_region_says_going_away_and_frees_its_port(place: Place) -> None:
    async with place.connect() as client:
        await client.join()
        endpoint = place.region.endpoint
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(place.region.stop)
            assert await client.closed() == CloseCode.GOING_AWAY
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(endpoint.rpartition(":")[2])))


async def test_regions_run_beside_each_other(open_place: Callable[..., Any]) -> None:
    first, second = await open_place(), await open_place()
    assert first.region.endpoint != second.region.endpoint
    first.expect()
    async with second.connect() as client:
        await client.identify()
        assert await client.closed() == CloseCode.SERVER_NOT_FOUND
