"""Sessions: the websocket's handshake, who owns which players, resuming."""

import asyncio
from collections.abc import Callable

import aiohttp
import pytest

from tests.conformance.client import DEADLINE, Client, Seat, new_guild
from tests.conformance.media import LONG, LONG_PITCH, OTHER, OTHER_PITCH, SHORT, Media
from tests.conformance.node import Node

pytestmark = pytest.mark.anyio


# The handshake


@pytest.mark.parametrize("headers", [{}, {"User-Id": ""}, {"User-Id": "0"}])
async def test_a_client_without_a_user_is_refused(headers: dict[str, str], node: Node) -> None:
    headers = {"Authorization": node.password, **headers}
    async with aiohttp.ClientSession(headers=headers) as http:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect(f"{node.url}/v4/websocket")
    assert refused.value.status == 400


@pytest.mark.parametrize("user", ["nobody", "-", "1.5"])
async def test_a_user_that_is_no_number_is_refused(user: str, node: Node) -> None:
    headers = {"Authorization": node.password, "User-Id": user}
    async with aiohttp.ClientSession(headers=headers) as http:
        if node.ours:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await http.ws_connect(f"{node.url}/v4/websocket")
            assert refused.value.status == 400
            return
        # Lavalink opens first, and notices then.
        websocket = await http.ws_connect(f"{node.url}/v4/websocket")
        async with asyncio.timeout(DEADLINE):
            await websocket.receive()
        assert websocket.close_code == 1011


@pytest.mark.parametrize("name", [None, "", "x/1", "x" * 2000, "wörld/1 (ß)"])
async def test_a_client_may_call_itself_anything(name: str | None, node: Node) -> None:
    headers = {"Authorization": node.password, "User-Id": "3"}
    if name is not None:
        headers["Client-Name"] = name
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.ws_connect(f"{node.url}/v4/websocket") as websocket,
    ):
        # Statistics may come before `ready`.
        async with asyncio.timeout(DEADLINE):
            while (message := await websocket.receive_json())["op"] == "stats":
                pass
        assert (message["op"], message["resumed"]) == ("ready", False)


async def test_plain_http_is_no_websocket(client: Client) -> None:
    status, _ = await client.call("GET", "/v4/websocket")
    assert status == 400


async def test_what_a_client_says_on_its_websocket_is_ignored(client: Client) -> None:
    websocket = client._websocket
    assert websocket is not None
    for said in ('{"op":"play"}', "nonsense", "", "{" * 1000):
        await websocket.send_str(said)
    await client.patch(new_guild(), {"volume": 50})
    assert client.closed is None


# Sessions beside each other


async def test_a_new_session_is_ready_and_not_resumed(client: Client) -> None:
    assert client.handshake["Session-Resumed"] == "false"
    assert len(client.session) == 16
    assert client.session.isalnum()
    assert await client.call("GET", client.path()) == (200, [])
    told = await client.call("PATCH", f"/v4/sessions/{client.session}", {})
    assert told == (200, {"resuming": False, "timeout": 60})


async def test_sessions_have_players_of_their_own(
    node: Node, client: Client, media: Media, new_seat: Callable[[int], Seat]
) -> None:
    async with Client(node, user=4) as other:
        assert other.session != client.session
        mine, theirs = new_seat(client.user), new_seat(other.user)
        await client.patch(
            mine.guild, {"voice": mine.voice(), "track": {"identifier": media.url(LONG)}}
        )
        await other.patch(
            theirs.guild, {"voice": theirs.voice(), "track": {"identifier": media.url(OTHER)}}
        )
        await client.event("TrackStartEvent", mine.guild)
        await other.event("TrackStartEvent", theirs.guild)
        await mine.heard.until_pitch(LONG_PITCH)
        await theirs.heard.until_pitch(OTHER_PITCH)
        # Nobody hears of the other's, sees them, or ends them.
        assert client.story(theirs.guild) == other.story(mine.guild) == []
        assert (await client.call("GET", client.path(theirs.guild)))[0] == 404
        await client.destroy(theirs.guild)
        assert (await other.player(theirs.guild))["track"] is not None
    await theirs.heard.until_silent()
    await mine.heard.until_audible()


async def test_two_sessions_may_have_players_of_the_same_guild(node: Node, client: Client) -> None:
    guild = new_guild()
    async with Client(node, user=4) as other:
        await client.patch(guild, {"volume": 10})
        await other.patch(guild, {"volume": 20})
        assert (await client.player(guild))["volume"] == 10
        assert (await other.player(guild))["volume"] == 20


# Resuming


async def test_a_session_that_is_not_to_be_resumed_ends_with_its_client(
    client: Client, media: Media, seat: Seat
) -> None:
    track = {"identifier": media.url(LONG)}
    await client.patch(seat.guild, {"voice": seat.voice(), "track": track})
    await seat.heard.until_audible()
    first = client.session
    await client.disconnect()
    await seat.until_left()
    ready = await client.connect(Session_Id=first)
    assert ready["resumed"] is False
    assert ready["sessionId"] != first
    assert client.handshake["Session-Resumed"] == "false"
    status, answer = await client.call("GET", f"/v4/sessions/{first}/players")
    assert (status, answer["message"]) == (404, "Session not found")


async def test_music_goes_on_while_a_resumable_client_is_away(
    client: Client, media: Media, seat: Seat
) -> None:
    await client.resume_later()
    track = {"identifier": media.url(LONG), "userData": {"play": 7}}
    told = await client.patch(
        seat.guild, {"voice": seat.voice(), "track": track, "volume": 80, "filters": {}}
    )
    await seat.heard.until_audible()
    first = client.session
    mark = seat.heard.mark()
    await client.disconnect()
    # Nobody is there, as soon as the node has noticed: the session cannot be asked for, and plays.
    async with asyncio.timeout(DEADLINE):
        while (await client.call("GET", f"/v4/sessions/{first}/players"))[0] != 404:
            pass
    await seat.heard.until(lambda: len(seat.heard.window(since=mark)) > 20)
    client.messages.clear()
    ready = await client.connect(Session_Id=first)
    assert ready == {"op": "ready", "resumed": True, "sessionId": first}
    assert client.handshake["Session-Resumed"] == "true"
    state = await client.update(seat.guild)
    assert state["connected"]
    assert state["position"] > 300
    player = await client.player(seat.guild)
    assert (player["volume"], player["voice"]) == (80, told["voice"])
    assert player["track"]["userData"] == {"play": 7}
    assert player["track"]["encoded"] == told["track"]["encoded"]
    assert seat.heard.continuity(since=mark).lost == 0
    # Whether it can be resumed once more is as it was.
    told = await client.call("PATCH", f"/v4/sessions/{first}", {})
    assert told == (200, {"resuming": True, "timeout": 60})


async def test_events_wait_for_the_client_and_come_after_ready(
    client: Client, media: Media, seat: Seat
) -> None:
    await client.resume_later()
    track = {"identifier": media.url(SHORT)}
    await client.patch(seat.guild, {"voice": seat.voice(), "track": track})
    await seat.heard.until_audible()
    first = client.session
    await client.disconnect()
    client.messages.clear()
    await seat.heard.until_silent()
    seat.region.dismiss(seat.guild, seat.user)
    await seat.until_left()
    await client.connect(Session_Id=first)
    ended = await client.event("TrackEndEvent", seat.guild)
    assert ended["reason"] == "finished"
    closed = await client.event("WebSocketClosedEvent", seat.guild)
    assert closed["code"] == 4014
    assert not (await client.update(seat.guild))["connected"]


async def test_a_session_and_its_music_are_gone_when_its_time_is_over(
    client: Client, media: Media, seat: Seat
) -> None:
    await client.resume_later(timeout=1)
    track = {"identifier": media.url(LONG)}
    await client.patch(seat.guild, {"voice": seat.voice(), "track": track})
    await seat.heard.until_audible()
    first = client.session
    await client.disconnect()
    await seat.until_left()
    ready = await client.connect(Session_Id=first)
    assert ready["resumed"] is False
    status, answer = await client.call("GET", f"/v4/sessions/{first}/players/{seat.guild}")
    assert (status, answer["message"]) == (404, "Session not found")


async def test_an_unknown_session_is_no_mistake(client: Client) -> None:
    await client.disconnect()
    ready = await client.connect(Session_Id="nobody-knows-me")
    assert ready["resumed"] is False
    assert ready["sessionId"] != "nobody-knows-me"


async def test_a_session_that_is_open_is_not_resumed_unless_it_is_taken_over(
    node: Node, client: Client
) -> None:
    guild = new_guild()
    await client.patch(guild, {"volume": 11})
    async with Client(node) as other:
        await other.disconnect()
        # It is not to be resumed: nobody gets it.
        ready = await other.connect(Session_Id=client.session)
        assert ready["resumed"] is False
        await client.resume_later()
        await other.disconnect()
        ready = await other.connect(Session_Id=client.session)
        # Lavalink: a new session, while the old one's players play on beside it. Ours takes the
        # client for the one that vanished without a word.
        assert ready["resumed"] is node.ours
        if node.ours:
            assert (await other.player(guild))["volume"] == 11
            await client.until_true(lambda: client.closed is not None)


async def test_another_bot_s_session_is_not_resumed(node: Node, client: Client) -> None:
    if not node.ours:
        pytest.skip("Lavalink gives a session to whoever knows its id")
    await client.resume_later()
    first = client.session
    await client.disconnect()
    async with Client(node, user=4) as other:
        await other.disconnect()
        assert (await other.connect(Session_Id=first))["resumed"] is False
    assert (await client.connect(Session_Id=first))["resumed"] is True
