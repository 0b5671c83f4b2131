import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import WSServerHandshakeError, web
from aiohttp.test_utils import TestServer
from ongaku.builders import EntityBuilder

from seraphim.audio_node.node import AudioNode
from seraphim.audio_node.options import NodeOptions
from seraphim.audio_node.player import Player, PlayerListener
from seraphim.audio_node.server.websocket import TAKEN_OVER, WebsocketRoute
from seraphim.audio_node.session import Sessions
from seraphim.sandbox.voice import Heard, VoiceServer

pytestmark = pytest.mark.anyio

builder = EntityBuilder()


async def play(client: Any, **more: object) -> str:
    encoded = (await client.load("libsearch:tone"))["encoded"]
    await client.patch(1, {"track": {"encoded": encoded}, **more})
    return encoded


async def resume_later(client: Any, timeout: int = 60) -> None:
    path = f"/v4/sessions/{client.session}"
    await client.call("PATCH", path, {"resuming": True, "timeout": timeout})


async def test_a_new_client_hears_ready_and_then_stats(client: Any) -> None:
    stats = await client.until(op="stats")
    assert builder.build_statistics(stats).players == 0
    assert len(client.session) == 16


async def test_what_changes_is_told_at_once_and_several_changes_as_one(client: Any) -> None:
    await play(client, paused=True)
    await client.until(op="event", type="TrackStartEvent")
    update = await client.until(op="playerUpdate")
    assert update["guildId"] == "1"
    assert builder.build_player_state(update["state"]).position == 0
    await client.patch(1, {"position": 1000, "paused": False})
    update = await client.until(op="playerUpdate")
    assert update["state"]["position"] == 1000
    assert not [one for one in client.messages if one["op"] == "playerUpdate"]


@pytest.mark.parametrize("headers", [{}, {"User-Id": ""}, {"User-Id": "nobody"}])
async def test_a_client_without_a_user_id_is_refused(headers: dict[str, str], client: Any) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        await client.http.ws_connect(f"{client.base}/v4/websocket", headers=headers)
    assert refused.value.status == 400


async def test_a_key_that_is_none_is_refused(client: Any) -> None:
    headers = {
        "User-Id": "3",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "Schlüssel",
    }
    async with client.http.get(f"{client.base}/v4/websocket", headers=headers) as response:
        assert response.status == 400
        assert "Sec-WebSocket-Key" in (await response.json())["message"]


async def test_a_session_that_is_not_to_be_resumed_ends_with_its_client(client: Any) -> None:
    await play(client)
    first = client.session
    await client.disconnect()
    ready = await client.connect(**{"Session-Id": first})
    assert ready["resumed"] is False
    assert ready["sessionId"] != first
    assert (await client.call("GET", f"/v4/sessions/{first}/players"))[0] == 404


async def test_a_resumed_session_is_told_what_happened_meanwhile(client: Any) -> None:
    encoded = await play(client)
    await resume_later(client)
    first = client.session
    await client.disconnect()
    client.messages.clear()
    # Nobody is connected: the session cannot be used, and goes on.
    assert (await client.call("GET", f"/v4/sessions/{first}/players"))[0] == 404
    ready = await client.connect(**{"Session-Id": first})
    assert ready == {"op": "ready", "resumed": True, "sessionId": first}
    assert (await client.until(op="playerUpdate"))["guildId"] == "1"
    _, players = await client.call("GET", f"/v4/sessions/{first}/players")
    assert players[0]["track"]["encoded"] == encoded


async def test_events_wait_for_the_client_and_come_after_ready(
    client: Any, region: VoiceServer, heard: defaultdict[int, Heard]
) -> None:
    await resume_later(client)
    await play(client, voice=client.voice(region))
    await heard[2].until_audible()
    first = client.session
    await client.disconnect()
    client.messages.clear()
    region.dismiss(1, client.USER)
    await heard[2].until_silent()
    await client.connect(**{"Session-Id": first})
    closed, update = client.messages[0], await client.until(op="playerUpdate")
    assert (closed["type"], closed["code"]) == ("WebSocketClosedEvent", 4014)
    assert update["state"]["connected"] is False


async def test_music_goes_on_while_a_resumable_client_is_away(
    client: Any, region: VoiceServer, heard: defaultdict[int, Heard]
) -> None:
    await resume_later(client)
    await play(client, voice=client.voice(region))
    await heard[2].until_audible()
    await client.disconnect()
    mark = heard[2].mark()
    await heard[2].until(lambda: len(heard[2].window(since=mark)) > 20)
    assert heard[2].continuity().lost == 0
    await client.connect(**{"Session-Id": client.session})


async def test_an_unknown_session_is_no_mistake(client: Any) -> None:
    await client.disconnect()
    ready = await client.connect(**{"Session-Id": "nobody-knows-me"})
    assert ready["resumed"] is False


@asynccontextmanager
async def another(client: Any, **headers: str) -> AsyncIterator[tuple[Any, dict[str, Any]]]:
    """A second websocket that asks for the client's session, and its `ready`."""
    headers = {"User-Id": "3", "Session-Id": client.session, **headers}
    async with client.http.ws_connect(f"{client.base}/v4/websocket", headers=headers) as other:
        yield other, await other.receive_json()


async def test_a_client_that_is_back_before_it_was_missed_takes_its_session_over(
    client: Any, region: VoiceServer, heard: defaultdict[int, Heard]
) -> None:
    await resume_later(client)
    await play(client, voice=client.voice(region))
    await heard[2].until_audible()
    begun = heard[2].mark()
    async with another(client) as (other, ready):
        assert ready == {"op": "ready", "resumed": True, "sessionId": client.session}
        update = await other.receive_json()
        assert (update["op"], update["guildId"]) == ("playerUpdate", "1")
        assert update["state"]["connected"] is True
        # The old one is told where its session is, and hears nothing more of it.
        await client.until_true(lambda: client.closed is not None)
        assert client.closed == TAKEN_OVER
        client.messages.clear()
        region.dismiss(1, client.USER)
        while (told := await other.receive_json())["op"] != "event":
            pass
        assert told["type"] == "WebSocketClosedEvent"
        assert client.messages == []
        path = f"/v4/sessions/{client.session}/players"
        assert (await client.call("GET", path))[0] == 200
    assert heard[2].continuity(since=begun).lost == 0
    assert heard[2].silences(since=begun) == []


async def test_a_client_that_vanished_without_a_word_takes_its_session_over(client: Any) -> None:
    """Its old connection does not even answer the close."""
    await resume_later(client)
    # The first reads no more: what the node sends, a close included, is not answered.
    async with another(client), another(client) as (_, ready):
        assert ready["resumed"] is True
        path = f"/v4/sessions/{client.session}/players"
        assert (await client.call("GET", path))[0] == 200
    # The last that came has left too: the session waits, and is the client's again.
    ready = await client.connect(**{"Session-Id": client.session})
    assert ready["resumed"] is True


async def test_a_session_can_be_taken_over_again_and_again(client: Any) -> None:
    await resume_later(client)
    first = client.session
    await play(client, paused=True)
    for _ in range(5):
        ready = await client.connect(**{"Session-Id": first})
        assert (ready["resumed"], ready["sessionId"]) == (True, first)
    assert (await client.call("GET", f"/v4/sessions/{first}/players/1"))[0] == 200


async def test_an_open_session_that_is_not_to_be_resumed_is_not_taken_over(client: Any) -> None:
    async with another(client) as (_, ready):
        assert ready["resumed"] is False
        assert ready["sessionId"] != client.session


async def test_another_bot_s_session_is_not_taken_over(client: Any) -> None:
    await resume_later(client)
    async with another(client, **{"User-Id": "4"}) as (_, ready):
        assert ready["resumed"] is False
        assert ready["sessionId"] != client.session
    assert client.closed is None


async def test_what_plays_while_nobody_listens_is_counted_too(client: Any) -> None:
    await resume_later(client)
    await play(client)
    await client.disconnect()
    _, stats = await client.call("GET", "/v4/stats")
    assert (stats["players"], stats["playingPlayers"]) == (1, 1)
    await client.connect(**{"Session-Id": client.session})


async def test_a_session_and_its_music_are_gone_when_its_time_is_over(
    client: Any, region: VoiceServer, heard: defaultdict[int, Heard]
) -> None:
    await resume_later(client, timeout=0)
    await play(client, voice=client.voice(region))
    await heard[2].until_audible()
    first = client.session
    await client.disconnect()
    await heard[2].until(lambda: not region.connected(1, client.USER))
    ready = await client.connect(**{"Session-Id": first})
    assert ready["resumed"] is False
    status, refusal = await client.call("GET", f"/v4/sessions/{first}/players/1")
    assert (status, refusal["message"]) == (404, "Session not found")


async def test_clients_are_let_go_with_1001_when_the_node_stops(
    client: Any, node: AudioNode
) -> None:
    await play(client)
    client.messages.clear()
    await node.__aexit__(None, None, None)
    await client.until_true(lambda: client.closed is not None)
    assert client.closed == 1001
    assert "TrackEndEvent" not in client.events()


async def test_a_node_alone_for_long_enough_ends_itself(node_options: NodeOptions) -> None:
    options = replace(node_options, exit_when_alone_seconds=0.05)
    async with AudioNode(options) as node:
        await node.ended()


async def test_a_client_that_does_not_read_is_let_go_and_may_come_back() -> None:
    sessions = Sessions(no_player, lambda _: None)
    route = WebsocketRoute(sessions)
    application = web.Application()
    application.router.add_get("/", route.handle)
    async with TestServer(application) as server, asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1024)
        writer.write(
            b"GET / HTTP/1.1\r\nHost: x\r\nUser-Id: 3\r\nConnection: Upgrade\r\n"
            b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        head = await reader.readuntil(b"sessionId")
        session_id = (await reader.readuntil(b"}"))[3:-2].decode()
        assert b"101 Switching" in head
        session = sessions.get(session_id)
        assert session is not None
        session.resuming = True
        while not sessions.can_resume(3, session_id):
            session.emit({"op": "event", "filler": "x" * 60_000})
            await asyncio.sleep(0)
        writer.close()
    await sessions.close()


def no_player(guild: int, user: int, listener: PlayerListener) -> Player:
    raise AssertionError("nobody asked for a player")
