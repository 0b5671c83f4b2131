import asyncio
import traceback
from contextlib import suppress

import pytest
from structlog.testing import capture_logs

from actors.guild.player.messages import TrackStarted
from actors.guild.player.ports import NodeUnavailable, SourceFailed
from actors.guild.refusal import Code
from actors.lavalink_node.ports import LinkFailed
from seraphim.lavalink.address import NodeAddress
from seraphim.lavalink.events import Stats
from seraphim.lavalink.node import LavalinkNode
from seraphim.lavalink.session import LARGEST_ANSWER, RESUME_SECONDS, Patience
from tests.seraphim.lavalink.conftest import (
    PASSWORD,
    USER,
    Events,
    ScriptedNode,
    adapter,
    player_json,
)

pytestmark = pytest.mark.anyio


def started(guild: int, play: str = "run-1") -> dict[str, object]:
    track = {"encoded": "Q", "info": {}, "userData": {"play": play}}
    return {"op": "event", "type": "TrackStartEvent", "guildId": str(guild), "track": track}


async def test_it_introduces_itself_and_asks_to_be_waited_for(
    node: LavalinkNode, server: ScriptedNode
) -> None:
    assert not node.connected
    assert not (await node.session.open()).resumed
    assert node.connected
    assert server.handshakes[0]["User-Id"] == str(USER)
    assert server.handshakes[0]["Client-Name"].startswith("seraphim/")
    assert "Session-Id" not in server.handshakes[0]
    [update] = server.asked_for("PATCH", "sessions")
    assert (update.method, update.path) == ("PATCH", "/v4/sessions/first-session")
    assert update.body == {"resuming": True, "timeout": RESUME_SECONDS}


async def test_it_asks_for_the_last_session_when_it_comes_back(
    node: LavalinkNode, server: ScriptedNode
) -> None:
    server.resumes = True
    assert not (await node.session.open()).resumed
    await node.session.close()
    assert not node.connected
    assert (await node.session.open()).resumed
    assert server.handshakes[1]["Session-Id"] == "first-session"


async def test_a_session_that_the_node_forgot_is_replaced(
    node: LavalinkNode, server: ScriptedNode
) -> None:
    await node.session.open()
    await node.session.close()
    server.session = "second-session"
    assert not (await node.session.open()).resumed
    assert server.handshakes[1]["Session-Id"] == "first-session"
    assert node.session.session_id == "second-session"


async def test_players_of_a_session_that_was_not_resumed_do_not_play_on(
    node: LavalinkNode, server: ScriptedNode
) -> None:
    await node.session.open()
    await node.session.close()
    server.session = "second-session"
    server.answer("GET", "players", [player_json(41), player_json(42)])
    assert not (await node.session.open()).resumed
    ended = [asked.path for asked in server.asked_for("DELETE", "players")]
    assert ended == [f"/v4/sessions/first-session/players/{guild}" for guild in (41, 42)]


@pytest.mark.parametrize("status", [200, 404, 500])
async def test_a_session_that_is_gone_with_its_players_is_no_error(
    node: LavalinkNode, server: ScriptedNode, status: int
) -> None:
    await node.session.open()
    await node.session.close()
    server.session = "second-session"
    server.fail("GET", "players", status, "Session not found")
    assert not (await node.session.open()).resumed
    assert node.connected


async def test_a_node_that_has_not_noticed_yet_is_asked_for_the_session_once_more(
    node: LavalinkNode, server: ScriptedNode
) -> None:
    server.resumes = True
    await node.session.open()
    await node.session.close()
    server.notices_after = 1
    server.answer("GET", "players", [player_json(41)])
    opened = await node.session.open()
    assert (opened.resumed, opened.session) == (True, "first-session")
    asked = [handshake.get("Session-Id") for handshake in server.handshakes]
    assert asked == [None, "first-session", "first-session"]
    assert server.asked_for("DELETE", "players") == []


async def test_a_session_of_a_process_before_is_resumed(
    node: LavalinkNode, server: ScriptedNode
) -> None:
    server.resumes = True
    node.adopt("first-session")
    assert (await node.open()).resumed
    # What is known by now counts more.
    node.adopt("another")
    await node.close()
    assert (await node.open()).resumed


async def test_a_link_that_is_cancelled_says_goodbye_before_it_returns(
    connected: LavalinkNode, server: ScriptedNode, events: Events
) -> None:
    link = await listening(connected)
    await server.say(started(1))
    await events.until(1)
    link.cancel()
    with pytest.raises(asyncio.CancelledError):
        await link
    await connected.session.close()
    assert server.sockets[0].close_code == 1000


async def test_the_address_is_asked_for_each_time(events: Events) -> None:
    addresses: list[NodeAddress | None] = [None]
    node = adapter(lambda: addresses[-1], events)
    with pytest.raises(LinkFailed, match="address is not known yet"):
        await node.session.open()
    async with ScriptedNode().listening() as server:
        addresses.append(server.address)
        await node.session.open()
        await node.session.close()
    await node.dispose()


async def test_stats_may_come_before_ready(node: LavalinkNode, server: ScriptedNode) -> None:
    server.before_ready = ['{"op":"stats","players":0}', "garbage"]
    await node.session.open()
    assert node.connected


async def test_a_wrong_password_is_said_with_the_fix(server: ScriptedNode, events: Events) -> None:
    node = adapter(lambda: NodeAddress("127.0.0.1", server.port, "wrong"), events)
    with pytest.raises(LinkFailed, match=r"LAVALINK_PASSWORD.*LAVALINK_NODES") as failure:
        await node.session.open()
    assert failure.value.code is Code.CONFIGURATION
    assert not node.connected
    await node.dispose()


@pytest.mark.parametrize("version", ["3.7.12", "4.0.8", "4.1.1", "4.1", "v4.1.9", "0.9.9-beta\n"])
async def test_a_lavalink_too_old_for_encrypted_voice_is_not_used(
    node: LavalinkNode, server: ScriptedNode, version: str
) -> None:
    server.version = version
    with pytest.raises(LinkFailed, match=r"too old.*4\.2\.0 or newer") as failure:
        await node.session.open()
    assert failure.value.code is Code.NODE_TOO_OLD
    assert (node.reachable, server.handshakes) == (False, [])


@pytest.mark.parametrize("version", ["4.2.0", "4.2.2", "4.10.0", "5.0.0", "4.2", "4.2.0-rc.1"])
async def test_a_lavalink_that_is_new_enough_is_used(
    node: LavalinkNode, server: ScriptedNode, version: str
) -> None:
    server.version = version
    await node.session.open()
    assert node.reachable


async def test_a_version_that_nobody_understands_is_said_once_and_used(
    node: LavalinkNode, server: ScriptedNode
) -> None:
    server.version = "0d5a8f4-SNAPSHOT"
    with capture_logs() as logged:
        for _ in range(3):
            await node.session.open()
    assert [entry["event"] for entry in logged] == ["node.not_understood"]
    assert node.reachable


@pytest.mark.parametrize("patience", [Patience(connect=0.3)])
async def test_a_node_that_does_not_tell_its_version_is_dead(
    node: LavalinkNode, server: ScriptedNode
) -> None:
    server.hangs = lambda asked: asked.path == "/version"
    with pytest.raises(LinkFailed, match="does not answer in time"):
        await node.session.open()
    assert not node.reachable


async def test_a_server_that_is_no_node_is_said_to_be_none(
    node: LavalinkNode, server: ScriptedNode
) -> None:
    server.refuses = 404
    with pytest.raises(LinkFailed, match="status 404: is it a Lavalink 4"):
        await node.session.open()


async def test_a_node_that_is_not_there_fails_the_link(events: Events) -> None:
    async with ScriptedNode().listening() as server:
        address = server.address
    node = adapter(lambda: address, events)
    with pytest.raises(LinkFailed, match="Cannot connect"):
        await node.session.open()
    await node.dispose()


@pytest.mark.parametrize("patience", [Patience(connect=0.3)])
async def test_a_node_that_says_nothing_is_given_up(
    node: LavalinkNode, server: ScriptedNode
) -> None:
    server.silent = True
    with pytest.raises(LinkFailed, match="does not answer in time"):
        await node.session.open()
    assert not node.connected
    await server.until_left()


async def test_a_node_that_would_not_keep_the_session_is_not_used(
    node: LavalinkNode, server: ScriptedNode
) -> None:
    server.fail("PATCH", "first-session", 404, "Session not found")
    with pytest.raises(LinkFailed, match="status 404"):
        await node.session.open()
    assert not node.connected
    await server.until_left()


async def test_nothing_stays_open_when_connecting_is_cancelled(
    node: LavalinkNode, server: ScriptedNode
) -> None:
    server.silent = True
    opening = asyncio.create_task(node.session.open())
    await server.until(lambda: server.sockets)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    await server.until_left()


async def listening(node: LavalinkNode) -> asyncio.Task[None]:
    return asyncio.create_task(node.session.run())


async def end_of(listening: asyncio.Task[None]) -> str:
    async with asyncio.timeout(20):
        with pytest.raises(LinkFailed) as failure:
            await listening
    return str(failure.value)


async def test_events_come_in_order(
    connected: LavalinkNode, server: ScriptedNode, events: Events
) -> None:
    link = await listening(connected)
    await server.say(*(started(guild, f"run-{guild}") for guild in range(50)))
    await events.until(50)
    assert [event.guild for event in events.all] == list(range(50))
    assert events.of(7) == [TrackStarted("run-7")]
    link.cancel()


async def test_stats_are_handed_on_also_those_before_the_first_word(
    node: LavalinkNode, server: ScriptedNode, events: Events
) -> None:
    server.before_ready = ['{"op":"stats","players":1}']
    await node.session.open()
    assert events.stats == [Stats(players=1)]
    link = await listening(node)
    await server.say({"op": "stats", "players": 2}, started(1))
    await events.until(1)
    assert events.stats == [Stats(players=1), Stats(players=2)]
    link.cancel()


async def test_garbage_costs_nothing_but_itself_and_is_logged_once(
    connected: LavalinkNode, server: ScriptedNode, events: Events
) -> None:
    with capture_logs() as logged:
        link = await listening(connected)
        for _ in range(3):
            await server.say("garbage", {"op": "weather"}, b"\x00\xff", {"op": "event"})
        await server.say(started(1))
        await events.until(1)
    assert [entry["what"] for entry in logged if entry["event"] == "node.not_understood"] == [
        "a frame that is not JSON",
        "the operation weather",
        "the event None",
    ]
    assert connected.connected
    link.cancel()


async def test_an_endless_variety_of_garbage_does_not_fill_memory_or_log(
    connected: LavalinkNode, server: ScriptedNode, events: Events
) -> None:
    with capture_logs() as logged:
        link = await listening(connected)
        await server.say(*({"op": f"weather-{day}"} for day in range(500)), started(1))
        await events.until(1)
    assert len(logged) == 100
    link.cancel()


async def test_a_node_that_says_goodbye_ends_the_link(
    connected: LavalinkNode, server: ScriptedNode
) -> None:
    link = await listening(connected)
    closing = asyncio.create_task(server.sockets[0].close(code=1001))
    assert "1001" in await end_of(link)
    assert not connected.connected
    await connected.session.close()
    await closing


async def test_a_connection_that_breaks_ends_the_link(
    connected: LavalinkNode, server: ScriptedNode
) -> None:
    link = await listening(connected)
    await server.drop()
    assert "1006" in await end_of(link)


@pytest.mark.parametrize("patience", [Patience(heartbeat=0.2)])
async def test_a_black_hole_is_noticed(node: LavalinkNode, server: ScriptedNode) -> None:
    server.deaf = True
    await node.session.open()
    assert "1006" in await end_of(await listening(node))
    assert not node.connected


@pytest.mark.parametrize("patience", [Patience(version=0.3)])
async def test_a_suspected_node_that_leaves_its_version_untold_is_dead(
    connected: LavalinkNode, server: ScriptedNode
) -> None:
    link = await listening(connected)
    connected.session.suspect()
    await server.until(lambda: server.asked_for("GET", "/version"))
    assert not link.done()
    server.hangs = lambda asked: asked.path == "/version"
    connected.session.suspect()
    async with asyncio.timeout(20):
        with pytest.raises(LinkFailed, match="/version") as failure:
            await link
    assert failure.value.dead


async def test_a_broken_link_is_no_reason_to_ask_nothing_but_a_closed_one_is(
    connected: LavalinkNode, server: ScriptedNode
) -> None:
    link = await listening(connected)
    await server.drop()
    await end_of(link)
    assert (connected.connected, connected.reachable) == (False, True)
    assert await connected.ping() > 0
    await connected.close()
    assert not connected.reachable
    with pytest.raises(NodeUnavailable):
        await connected.ping()


async def test_what_is_asked_is_given_up_when_the_link_is_closed(
    connected: LavalinkNode, server: ScriptedNode
) -> None:
    server.hangs = lambda asked: asked.path == "/version"
    ping = asyncio.create_task(connected.ping())
    await server.until(lambda: server.asked)
    await connected.close()
    with pytest.raises(NodeUnavailable):
        await ping


async def test_an_oversized_frame_ends_the_connection_and_not_the_process(
    connected: LavalinkNode, server: ScriptedNode
) -> None:
    link = await listening(connected)
    with suppress(ConnectionError):
        await server.say("x" * 5_000_000)
    assert "1009" in await end_of(link)


async def test_an_oversized_answer_is_not_read_to_its_end(
    connected: LavalinkNode, server: ScriptedNode
) -> None:
    server.answer("GET", "loadtracks", {"loadType": "x" * LARGEST_ANSWER})
    with pytest.raises(SourceFailed) as failure:
        await connected.load("aurora")
    assert "BuildError" in str(failure.value.__cause__)


async def test_the_password_stands_in_no_text(
    connected: LavalinkNode,
    server: ScriptedNode,
    events: Events,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(1)
    await connected.ping()
    wrong = NodeAddress("127.0.0.1", server.port, "tell-nobody-91c2")
    stranger = adapter(lambda: wrong, events)
    with pytest.raises(LinkFailed) as failure:
        await stranger.session.open()
    texts = [
        repr(connected.session),
        repr(server.address),
        repr(failure.value),
        "".join(traceback.format_exception(failure.value)),
        caplog.text,
    ]
    assert not [text for text in texts if PASSWORD in text or wrong.password in text]
    await stranger.dispose()
