import asyncio
import time
from contextlib import suppress
from typing import Any

import pytest
from aiohttp import web

from actors.guild.player.messages import NodePlayer, PositionReported
from actors.guild.player.ports import (
    Found,
    NodeRefused,
    NodeUnavailable,
    NodeUpdate,
    SourceFailed,
    Start,
    VoiceCredentials,
)
from actors.guild.player.sound import Sound
from actors.guild.refusal import Code
from actors.lavalink_node.ports import LinkFailed
from seraphim.lavalink.node import HANGS_TO_SUSPECT, VOICE_CHANGES_AT_ONCE, LavalinkNode
from seraphim.lavalink.session import Patience
from tests.seraphim.lavalink.conftest import TRACK, Events, ScriptedNode, player_json, track_json

pytestmark = pytest.mark.anyio

VOICE = VoiceCredentials(channel=5, session="voice-session", token="voice-token", endpoint="e:443")
START = Start("run-1", TRACK, position_ms=61_000)

# --- changing players ---


async def test_one_change_is_one_request(connected: LavalinkNode, server: ScriptedNode) -> None:
    await connected.update(42, NodeUpdate(voice=VOICE, start=START, paused=False, volume=50))
    [change] = server.asked
    assert change.method == "PATCH"
    assert change.path == "/v4/sessions/first-session/players/42"
    assert change.query == {"noReplace": "false"}
    assert change.body == {
        "voice": {
            "token": "voice-token",
            "endpoint": "e:443",
            "sessionId": "voice-session",
            "channelId": "5",
        },
        "track": {"encoded": TRACK.encoded, "userData": {"play": "run-1"}},
        "position": 61_000,
        "paused": False,
        "volume": 50,
    }


@pytest.mark.parametrize(
    ("update", "body"),
    [
        (NodeUpdate(silence=True), {"track": {"encoded": None}}),
        (NodeUpdate(paused=True), {"paused": True}),
        (NodeUpdate(volume=0), {"volume": 0}),
        (
            NodeUpdate(start=Start("run-2", TRACK)),
            {
                "track": {"encoded": TRACK.encoded, "userData": {"play": "run-2"}},
                "position": 0,
            },
        ),
    ],
)
async def test_what_is_not_to_change_is_not_sent(
    connected: LavalinkNode, server: ScriptedNode, update: NodeUpdate, body: dict[str, Any]
) -> None:
    await connected.update(42, update)
    assert [change.body for change in server.asked] == [body]


async def test_no_change_is_no_request(connected: LavalinkNode, server: ScriptedNode) -> None:
    await connected.update(42, NodeUpdate())
    assert server.asked == []


@pytest.mark.parametrize("patience", [Patience(change=0.5)])
async def test_a_change_that_hangs_is_given_up_and_not_repeated(
    connected: LavalinkNode, server: ScriptedNode
) -> None:
    server.hangs = lambda asked: asked.method == "PATCH"
    with pytest.raises(NodeUnavailable):
        await connected.update(42, NodeUpdate(voice=VOICE, start=START))
    # The guild is freed, and others are served meanwhile.
    await connected.destroy(42)
    server.hangs = lambda _: False
    await connected.update(43, NodeUpdate(voice=VOICE))
    assert [(asked.method, asked.path.rsplit("/", 1)[1]) for asked in server.asked] == [
        ("PATCH", "42"),
        ("DELETE", "42"),
        ("PATCH", "43"),
    ]


@pytest.mark.parametrize("patience", [Patience(change=0.5)])
async def test_no_more_than_four_voice_changes_are_under_way(
    connected: LavalinkNode, server: ScriptedNode
) -> None:
    server.hangs = lambda asked: asked.method == "PATCH" and "voice" in asked.body
    changes = [
        asyncio.create_task(connected.update(guild, NodeUpdate(voice=VOICE)))
        for guild in range(VOICE_CHANGES_AT_ONCE * 2)
    ]
    await server.until(lambda: len(server.asked) == VOICE_CHANGES_AT_ONCE)
    # Other changes need not wait for them.
    await connected.update(99, NodeUpdate(paused=True))
    assert [asked.path.rsplit("/", 1)[1] for asked in server.asked] == ["0", "1", "2", "3", "99"]
    # Whoever hangs makes room for the next when it is given up.
    await server.until(lambda: len(server.asked) == VOICE_CHANGES_AT_ONCE * 2 + 1)
    failures = await asyncio.gather(*changes, return_exceptions=True)
    assert {type(failure) for failure in failures} == {NodeUnavailable}


@pytest.mark.parametrize("patience", [Patience(change=0.1, version=0.2)])
async def test_a_node_that_hangs_again_and_again_is_looked_at_and_dead_if_it_does_not_answer(
    connected: LavalinkNode, server: ScriptedNode
) -> None:
    link = asyncio.create_task(connected.run())
    server.hangs = lambda asked: asked.method == "PATCH" or "DELETE" in asked.method
    for turn in range(HANGS_TO_SUSPECT):
        assert server.asked_for("GET", "/version") == [], turn
        with pytest.raises(NodeUnavailable):
            await connected.update(turn, NodeUpdate(voice=VOICE))
    await server.until(lambda: server.asked_for("GET", "/version"))
    # It answers: the voice servers are to blame.
    assert not link.done()
    server.hangs = lambda _: True
    for turn in range(HANGS_TO_SUSPECT):
        with pytest.raises(NodeUnavailable):
            await connected.update(turn, NodeUpdate(voice=VOICE))
    async with asyncio.timeout(20):
        with pytest.raises(LinkFailed, match="/version") as failure:
            await link
    assert failure.value.dead


async def test_a_voice_change_that_waits_for_its_turn_is_given_up_when_the_node_goes_down(
    connected: LavalinkNode, server: ScriptedNode
) -> None:
    server.hangs = lambda asked: asked.method == "PATCH"
    changes = [
        asyncio.create_task(connected.update(guild, NodeUpdate(voice=VOICE)))
        for guild in range(VOICE_CHANGES_AT_ONCE + 3)
    ]
    await server.until(lambda: len(server.asked) == VOICE_CHANGES_AT_ONCE)
    await connected.close()
    async with asyncio.timeout(20):
        failures = await asyncio.gather(*changes, return_exceptions=True)
    assert {type(failure) for failure in failures} == {NodeUnavailable}
    assert len(server.asked) == VOICE_CHANGES_AT_ONCE


async def test_a_cancelled_voice_change_makes_room(
    connected: LavalinkNode, server: ScriptedNode
) -> None:
    server.hangs = lambda asked: asked.method == "PATCH"
    for turn in range(1, 4):
        changes = [
            asyncio.create_task(connected.update(guild, NodeUpdate(voice=VOICE)))
            for guild in range(VOICE_CHANGES_AT_ONCE)
        ]
        await server.until(lambda seen=turn: len(server.asked) == seen * VOICE_CHANGES_AT_ONCE)
        for change in changes:
            change.cancel()
        for change in changes:
            with suppress(asyncio.CancelledError):
                await change


@pytest.mark.parametrize("body", [b"", b"not json", b"{}", b'{"guildId": "42", "track": {}}'])
async def test_a_change_that_was_made_counts_whatever_the_answer_looks_like(
    connected: LavalinkNode, server: ScriptedNode, body: bytes
) -> None:
    server.answers["PATCH", "players"] = lambda: web.Response(body=body)
    await connected.update(42, NodeUpdate(paused=True))


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, NodeRefused), (500, NodeRefused), (404, NodeUnavailable), (503, NodeUnavailable)],
)
async def test_a_refused_change_is_told_from_a_node_that_forgot_us(
    connected: LavalinkNode, server: ScriptedNode, status: int, error: type[Exception]
) -> None:
    server.fail("PATCH", "players", status, "Session not found")
    with pytest.raises(error):
        await connected.update(42, NodeUpdate(paused=True))
    server.answers["PATCH", "players"] = lambda: web.Response(status=status)
    with pytest.raises(error):
        await connected.update(42, NodeUpdate(paused=True))


async def test_without_a_link_nothing_is_sent(node: LavalinkNode, server: ScriptedNode) -> None:
    for attempt in (
        node.update(42, NodeUpdate(paused=True)),
        node.player(42),
        node.load("libsearch:aurora"),
        node.suggest("libsearch:aurora", 5),
        node.ping(),
    ):
        with pytest.raises(NodeUnavailable):
            await attempt
    await node.destroy(42)
    assert server.asked == []


async def test_a_node_that_died_is_unavailable(
    connected: LavalinkNode, server: ScriptedNode
) -> None:
    connected.session._base_uri = "http://127.0.0.1:1"
    with pytest.raises(NodeUnavailable):
        await connected.update(42, NodeUpdate(paused=True))
    with pytest.raises(NodeUnavailable):
        await connected.load("libsearch:aurora")


async def test_a_failed_destroy_is_nobodys_error(
    connected: LavalinkNode, server: ScriptedNode
) -> None:
    await connected.update(42, NodeUpdate(paused=True))
    server.fail("DELETE", "players", 500, "no")
    await connected.destroy(42)
    assert len(server.asked_for("DELETE", "players/42")) == 1


# --- players that nobody wants any more ---


async def resumed(node: LavalinkNode, server: ScriptedNode, *guilds: int) -> None:
    """Come back to a session in which `guilds` have players."""
    server.resumes = True
    server.answer("GET", "players", [player_json(guild) for guild in guilds])
    await node.open()
    server.asked.clear()


def ended(server: ScriptedNode) -> list[int]:
    return [int(asked.path.rsplit("/", 1)[1]) for asked in server.asked_for("DELETE", "players")]


async def test_who_has_moved_away_meanwhile_leaves_no_player_behind(
    connected: LavalinkNode, server: ScriptedNode, events: Events
) -> None:
    events.homes.update({1: "main", 2: "another"})
    await resumed(connected, server, 1, 2, 3)
    await connected.tidy(thorough=False)
    assert ended(server) == [2]


async def test_players_that_nobody_has_claimed_are_ended_in_the_end(
    connected: LavalinkNode, server: ScriptedNode, events: Events
) -> None:
    events.homes[1] = "main"
    await resumed(connected, server, 1, 3)
    await connected.tidy(thorough=True)
    assert ended(server) == [3]


async def test_a_player_that_was_ended_while_the_node_was_away_ends_when_it_is_back(
    connected: LavalinkNode, server: ScriptedNode
) -> None:
    await connected.close()
    await connected.destroy(7)
    await connected.destroy(8)
    await resumed(connected, server, 7, 8, 9)
    # One of them wants to be there again.
    await connected.update(8, NodeUpdate(paused=True))
    await connected.tidy(thorough=False)
    assert ended(server) == [7]


async def test_a_node_that_does_not_answer_keeps_its_players(
    connected: LavalinkNode, server: ScriptedNode
) -> None:
    server.fail("GET", "players", 404, "Session not found")
    await connected.tidy(thorough=True)
    await connected.close()
    await connected.tidy(thorough=True)
    assert ended(server) == []


async def test_filters_are_told_before_the_position_that_lets_them_be_heard(
    connected: LavalinkNode, server: ScriptedNode
) -> None:
    server.asked.clear()
    await connected.update(42, NodeUpdate(position_ms=9_000, filters=Sound(speed=150)))
    first, second = server.asked
    timescale = {"speed": 1.5, "pitch": 1.0, "rate": 1.0}
    assert first.body == {"filters": {"timescale": timescale}}
    assert second.body == {"position": 9_000}
    server.asked.clear()
    await connected.update(42, NodeUpdate(filters=Sound()))
    assert [asked.body for asked in server.asked] == [{"filters": {}}]


# --- looking at players ---


async def test_what_follows_is_told_to_a_node_that_can(
    node: LavalinkNode, server: ScriptedNode
) -> None:
    server.answer("GET", "info", {"plugins": [{"name": "seraphim-next", "version": "1.0.0"}]})
    await node.session.open()
    server.asked.clear()
    await node.update(42, NodeUpdate(following=START))
    await node.update(42, NodeUpdate(alone=True))
    told, taken_back = server.asked
    assert told.method == taken_back.method == "PATCH"
    assert told.path == taken_back.path == "/v4/sessions/first-session/players/42"
    expected = {"encoded": TRACK.encoded, "userData": {"play": "run-1"}, "position": 61_000}
    assert told.body == {"next": expected}
    assert taken_back.body == {"next": None}


@pytest.mark.parametrize("info", [{"plugins": [{"name": "lavasrc"}, 3, None]}, {}, {"plugins": 7}])
async def test_a_node_that_cannot_is_not_bothered_with_what_follows(
    node: LavalinkNode, server: ScriptedNode, info: object
) -> None:
    server.answer("GET", "info", info)
    await node.session.open()
    server.asked.clear()
    await node.update(42, NodeUpdate(following=START))
    await node.update(42, NodeUpdate(alone=True))
    assert server.asked == []


async def test_a_player_is_told_as_the_node_has_it(
    connected: LavalinkNode, server: ScriptedNode
) -> None:
    state = {"time": 1_700_000_000_123, "position": 61_000, "connected": True, "ping": 3}
    track = {**track_json(), "userData": {"play": "run-1"}}
    player = player_json(42, track=track, volume=30, paused=True, state=state)
    server.answer("GET", "players", player)
    said = await connected.player(42)
    assert said is not None
    assert said == NodePlayer(
        play="run-1",
        position_ms=61_000,
        at_ms=said.at_ms,
        paused=True,
        volume=30,
        connected=True,
    )
    # Whatever the node's clock says: it is told by ours.
    assert abs(said.at_ms - time.time() * 1000) < 60_000
    state["time"] -= 5_000
    again = await connected.player(42)
    assert again is not None
    assert again.at_ms == said.at_ms - 5_000


async def test_positions_are_told_by_our_clock(
    connected: LavalinkNode, server: ScriptedNode, events: Events
) -> None:
    running = asyncio.create_task(connected.session.run())
    for moment in (1_700_000_005_000, 1_700_000_000_000):
        state = {"time": moment, "position": 61_000, "connected": True, "ping": 3}
        await server.say({"op": "playerUpdate", "guildId": "42", "state": state})
    await events.until(2)
    first, second = events.of(42)
    assert isinstance(first, PositionReported)
    assert isinstance(second, PositionReported)
    assert abs(first.at_ms - time.time() * 1000) < 60_000
    assert second.at_ms == first.at_ms - 5_000
    running.cancel()


async def test_a_player_without_a_track_has_no_play(
    connected: LavalinkNode, server: ScriptedNode
) -> None:
    server.answer("GET", "players", {"guildId": "42"})
    player = await connected.player(42)
    assert player is not None
    assert (player.play, player.connected, player.volume) == (None, False, 100)


async def test_a_guild_without_a_player_is_told_from_a_lost_session(
    connected: LavalinkNode, server: ScriptedNode
) -> None:
    server.fail("GET", "players", 404, "Player not found")
    assert await connected.player(42) is None
    server.fail("GET", "players", 404, "Session not found")
    with pytest.raises(NodeUnavailable):
        await connected.player(42)


@pytest.mark.parametrize("answer", [web.Response(status=500), web.Response(text="garbage")])
async def test_a_node_that_says_nothing_of_a_player_is_unavailable(
    connected: LavalinkNode, server: ScriptedNode, answer: web.Response
) -> None:
    server.answers["GET", "players"] = lambda: answer
    with pytest.raises(NodeUnavailable):
        await connected.player(42)


async def test_the_ping_is_what_a_small_request_takes(connected: LavalinkNode) -> None:
    assert 0 < await connected.ping() < 5


# --- finding tracks ---


async def test_an_address_leads_to_its_track(connected: LavalinkNode, server: ScriptedNode) -> None:
    uri = "https://music.example/aurora & friends.mp3?a=b#c"
    track = track_json("Aurora", uri=uri, isrc="X", sourceName="http")
    server.answer("GET", "loadtracks", {"loadType": "track", "data": track})
    found = await connected.load(uri)
    assert server.asked[0].query == {"identifier": uri}
    [aurora] = found.tracks
    assert found.playlist is None
    assert (aurora.encoded, aurora.title) == ("encoded-Aurora", "Aurora")
    assert (aurora.author, aurora.isrc) == ("The Choir", "X")
    assert (aurora.length_ms, aurora.seekable) == (185_000, True)
    assert (aurora.uri, aurora.source) == (uri, "http")


async def test_a_search_gives_its_best_match_and_suggests_the_others(
    connected: LavalinkNode, server: ScriptedNode
) -> None:
    tracks = [track_json(title) for title in ("Aurora", "Ember", "Zenith")]
    server.answer("GET", "loadtracks", {"loadType": "search", "data": tracks})
    found = await connected.load("libsearch:o")
    assert [track.title for track in found.tracks] == ["Aurora"]
    suggested = await connected.suggest("libsearch:o", 2)
    assert [track.title for track in suggested] == ["Aurora", "Ember"]


async def test_a_playlist_keeps_its_order_and_its_name(
    connected: LavalinkNode, server: ScriptedNode
) -> None:
    data = {
        "info": {"name": "Songs of the night", "selectedTrack": -1},
        "pluginInfo": {},
        "tracks": [track_json(f"Song {number}") for number in range(100)],
    }
    server.answer("GET", "loadtracks", {"loadType": "playlist", "data": data})
    found = await connected.load("https://music.example/list")
    assert [track.title for track in found.tracks] == [f"Song {number}" for number in range(100)]
    assert found.playlist == "Songs of the night"


async def test_a_stream_has_no_length(connected: LavalinkNode, server: ScriptedNode) -> None:
    track = track_json("Radio", isStream=True, isSeekable=False, length=2**63 - 1)
    server.answer("GET", "loadtracks", {"loadType": "track", "data": track})
    [radio] = (await connected.load("https://radio.example")).tracks
    assert (radio.length_ms, radio.seekable) == (None, False)


async def test_nothing_found_is_no_error(connected: LavalinkNode, server: ScriptedNode) -> None:
    server.answer("GET", "loadtracks", {"loadType": "empty", "data": {}})
    assert await connected.load("libsearch:nothing") == Found(())
    assert await connected.suggest("libsearch:nothing", 5) == ()


async def test_a_track_with_the_least_that_a_track_must_have_can_be_played(
    connected: LavalinkNode, server: ScriptedNode
) -> None:
    track = {
        "encoded": "Q",
        "info": {"identifier": "x", "author": None, "uri": ""},
        "userData": {"ongaku_requestor": "nobody"},
    }
    server.answer("GET", "loadtracks", {"loadType": "track", "data": track})
    [found] = (await connected.load("x")).tracks
    assert (found.encoded, found.title, found.author, found.uri) == ("Q", "x", "", None)


@pytest.mark.parametrize(
    ("message", "cause", "code"),
    [
        ("Media is not played from private addresses.", "localhost is not public", "VAL-006"),
        ("This is not a URL that can be played.", "unusual address", "VAL-006"),
        ("Only http and https URLs can be played.", "another scheme", "VAL-006"),
        ("The server music.example answered 429.", "429 Too Many Requests", "NET-002"),
        ("This video is not available in your country", "…", "NET-003"),
        ("The server music.example answered 403.", "403 Forbidden", "NET-003"),
        ("Please sign in to confirm your age", "…", "NET-003"),
        ("This is not audio that can be played.", "nothing found while probing", "PLAY-004"),
        ("The server could not be reached.", "ConnectionRefusedError: generated", "PLAY-004"),
        ("Something broke when playing the track.", "bitrate 4290 is odd", "PLAY-004"),
        (None, None, "PLAY-004"),
    ],
)
async def test_why_a_load_failed_becomes_the_code_for_who_asked(
    connected: LavalinkNode, server: ScriptedNode, message: str | None, cause: str, code: str
) -> None:
    data = {"message": message, "severity": "an unknown one", "cause": cause}
    server.answer("GET", "loadtracks", {"loadType": "error", "data": data})
    with pytest.raises(SourceFailed) as failure:
        await connected.load("https://music.example/x.mp3")
    assert failure.value.refused.code == code


@pytest.mark.parametrize(
    "answer",
    [
        {"loadType": "hologram", "data": {}},
        {"data": {}},
        {"loadType": "track"},
        {"loadType": "track", "data": None},
        {"loadType": "search", "data": [{}]},
        {"loadType": "playlist", "data": {"tracks": {"a": 1}}},
        {"loadType": "error", "data": 7},
        {},
        [],
        7,
    ],
)
async def test_an_answer_that_nobody_understands_is_a_failed_load(
    connected: LavalinkNode, server: ScriptedNode, answer: object
) -> None:
    server.answer("GET", "loadtracks", answer)
    with pytest.raises(SourceFailed) as failure:
        await connected.load("x")
    assert failure.value.refused.code is Code.TRACK_FAILED
    with pytest.raises(SourceFailed):
        await connected.suggest("x", 3)


@pytest.mark.parametrize("patience", [Patience(load=0.3)])
async def test_a_load_that_takes_too_long_is_given_up(
    connected: LavalinkNode, server: ScriptedNode
) -> None:
    server.hangs = lambda asked: "loadtracks" in asked.path
    with pytest.raises(NodeUnavailable):
        await connected.load("https://music.example/slow.mp3")
    assert len(server.asked) == 1
