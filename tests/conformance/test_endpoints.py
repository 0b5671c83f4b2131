"""What each endpoint answers, and how a request that cannot be meant is refused."""

import asyncio
import base64
import contextlib
import json
import time
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conformance.client import DEADLINE, Client, new_guild
from tests.conformance.media import SHORT, SHORT_SECONDS, Media
from tests.conformance.node import Node

pytestmark = pytest.mark.anyio

ROUTES = [
    ("GET", "/version"),
    ("GET", "/v4/info"),
    ("GET", "/v4/stats"),
    ("GET", "/v4/loadtracks"),
    ("GET", "/v4/decodetrack"),
    ("POST", "/v4/decodetracks"),
    ("GET", "/v4/routeplanner/status"),
    ("PATCH", "/v4/sessions/x"),
    ("GET", "/v4/sessions/x/players"),
    ("PATCH", "/v4/sessions/x/players/1"),
    ("DELETE", "/v4/sessions/x/players/1"),
    ("GET", "/v4/websocket"),
]


def assert_refused(answer: Any, status: int, path: str, message: str | None = None) -> None:
    """It is an error object, as Lavalink's."""
    assert (answer["status"], answer["path"]) == (status, path)
    assert abs(answer["timestamp"] - time.time() * 1000) < 60_000
    names = {400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed"}
    assert answer["error"] == names.get(status, "Internal Server Error")
    if message is not None:
        assert answer["message"] == message


# Who may ask


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_nobody_is_served_without_the_password(method: str, path: str, node: Node) -> None:
    for headers, status in (({}, 401), ({"Authorization": "not it"}, 403)):
        async with (
            aiohttp.ClientSession(headers=headers) as http,
            http.request(method, node.url + path) as response,
        ):
            # Lavalink answers a websocket's handshake with 401 in both cases.
            assert response.status in {status, 401 if "websocket" in path else status}


async def test_answers_say_which_api_they_speak(client: Client) -> None:
    async with client.http.get(f"{client.node.url}/version") as response:
        assert response.headers["Lavalink-Api-Version"] == "4"
    assert client.handshake["Lavalink-Api-Version"] == "4"


# What the node is


async def test_version_and_info_agree(client: Client) -> None:
    status, version = await client.call("GET", "/version")
    assert status == 200
    status, info = await client.call("GET", "/v4/info")
    assert status == 200
    told = info["version"]
    assert told["semver"] == version
    assert told["major"] == 4
    assert version.startswith(f"{told['major']}.{told['minor']}.{told['patch']}")
    assert told["preRelease"] is None or isinstance(told["preRelease"], str)
    assert isinstance(info["buildTime"], int)
    assert set(info["git"]) >= {"branch", "commit", "commitTime"}
    assert isinstance(info["git"]["commitTime"], int)
    assert isinstance(info["jvm"], str)
    assert isinstance(info["lavaplayer"], str)
    assert "http" in info["sourceManagers"]
    assert "volume" in info["filters"]
    assert all({"name", "version"} <= plugin.keys() for plugin in info["plugins"])


def assert_statistics(stats: dict[str, Any]) -> None:
    for name in ("players", "playingPlayers", "uptime"):
        assert isinstance(stats[name], int)
    assert set(stats["memory"]) == {"free", "used", "allocated", "reservable"}
    assert all(isinstance(size, int) for size in stats["memory"].values())
    cpu = stats["cpu"]
    assert isinstance(cpu["cores"], int)
    assert 0 <= cpu["systemLoad"] <= 1
    assert 0 <= cpu["lavalinkLoad"] <= 1


async def test_statistics_count_the_players(client: Client, media: Media) -> None:
    _, before = await client.call("GET", "/v4/stats")
    assert_statistics(before)
    # Only the websocket tells of frames.
    assert before.get("frameStats") is None
    guild, other = new_guild(), new_guild()
    encoded = (await client.load(media.url(SHORT)))["encoded"]
    await client.patch(guild, {"track": {"encoded": encoded}, "paused": False})
    await client.patch(other, {"track": {"encoded": encoded}, "paused": True})
    _, after = await client.call("GET", "/v4/stats")
    assert after["players"] - before["players"] == 2
    assert after["playingPlayers"] - before["playingPlayers"] == 1
    assert after["uptime"] >= before["uptime"]


async def test_statistics_come_by_websocket_too(client: Client) -> None:
    # Perhaps before `ready`.
    await client.until_true(lambda: client.statistics)
    assert_statistics(client.statistics[0])
    # Nothing has played for a minute.
    assert client.statistics[0].get("frameStats") is None


# Tracks


async def test_a_url_is_a_track(client: Client, media: Media) -> None:
    url = media.url(SHORT)
    track = await client.load(url)
    assert set(track) == {"encoded", "info", "pluginInfo", "userData"}
    assert track["userData"] == {}
    info = track["info"]
    assert info["identifier"] == info["uri"] == url
    assert info["length"] == pytest.approx(SHORT_SECONDS * 1000, abs=30)
    assert (info["position"], info["isStream"], info["isSeekable"]) == (0, False, True)
    assert info["sourceName"] == "http"
    assert isinstance(info["title"], str)
    assert isinstance(info["author"], str)
    assert (info["artworkUrl"], info["isrc"]) == (None, None)
    assert track["pluginInfo"].get("probeInfo", "wav") == "wav"


@pytest.mark.parametrize("identifier", ["nobody knows this", "nosearch:words", "file.mp3"])
async def test_what_nobody_knows_is_empty(identifier: str, client: Client) -> None:
    status, answer = await client.call("GET", "/v4/loadtracks", identifier=identifier)
    assert (status, answer["loadType"]) == (200, "empty")
    # Lavalink's documents say {}; it says null.
    assert answer["data"] in (None, {})


@pytest.mark.parametrize("path", ["gone", "text.mp3", "tune.flac"])
async def test_what_cannot_be_loaded_is_an_error(path: str, client: Client, media: Media) -> None:
    url = media.url(path)
    status, answer = await client.call("GET", "/v4/loadtracks", identifier=url)
    assert status == 200
    # Lavalink's http source takes 404 for nothing found.
    assert answer["loadType"] in ({"error", "empty"} if path == "gone" else {"error"})
    if answer["loadType"] == "error":
        failure = answer["data"]
        assert isinstance(failure["message"], str)
        assert failure["severity"] in {"common", "suspicious", "fault"}
        assert isinstance(failure["cause"], str)
        assert isinstance(failure["causeStackTrace"], str)


async def test_a_track_is_decoded_from_what_was_encoded(client: Client, media: Media) -> None:
    track = await client.load(media.url(SHORT))
    encoded = track["encoded"]

    def same(decoded: dict[str, Any]) -> None:
        assert decoded["encoded"] == encoded
        assert (decoded["info"], decoded["userData"]) == (track["info"], {})

    # `track` is what the parameter was called before v4, and is read still.
    for name in ("encodedTrack", "track"):
        status, decoded = await client.call("GET", "/v4/decodetrack", **{name: encoded})
        assert status == 200
        same(decoded)
    status, both = await client.call("POST", "/v4/decodetracks", [encoded, encoded])
    assert (status, len(both)) == (200, 2)
    for one in both:
        same(one)


def text(value: str) -> bytes:
    return len(value.encode()).to_bytes(2) + value.encode()


def encoded_elsewhere(version: int, *, uri: str, position: int = 0) -> str:
    """A track of the source `http`, as other nodes and clients have kept it."""
    message = bytes([version]) if version > 1 else b""
    message += text("Elsewhere") + text("Somebody") + (61_000).to_bytes(8) + text(uri) + b"\0"
    if version >= 2:
        message += b"\1" + text(uri)
    if version >= 3:
        message += b"\0\0"
    message += text("http") + text("mp3") + position.to_bytes(8)
    flags = 1 << 30 if version > 1 else 0
    return base64.b64encode((flags | len(message)).to_bytes(4) + message).decode()


@pytest.mark.parametrize("version", [1, 2, 3])
async def test_a_track_that_was_encoded_elsewhere_is_decoded(version: int, client: Client) -> None:
    uri = "http://music.example/song.mp3"
    encoded = encoded_elsewhere(version, uri=uri, position=1500)
    status, track = await client.call("GET", "/v4/decodetrack", encodedTrack=encoded)
    assert status == 200, track
    info = track["info"]
    assert (info["title"], info["author"], info["length"]) == ("Elsewhere", "Somebody", 61_000)
    assert (info["identifier"], info["uri"]) == (uri, uri if version > 1 else None)
    assert (info["position"], info["sourceName"]) == (1500, "http")


# Routes of no planner


async def test_without_a_route_planner_there_is_no_status(client: Client) -> None:
    status, answer = await client.call("GET", "/v4/routeplanner/status")
    assert (status, answer or None) == (204, None)


@pytest.mark.parametrize(("path", "body"), [("address", {"address": "1.1.1.1"}), ("all", None)])
async def test_without_a_route_planner_nothing_is_freed(
    path: str, body: object, client: Client
) -> None:
    path = f"/v4/routeplanner/free/{path}"
    status, answer = await client.call("POST", path, body)
    assert status == 500
    assert_refused(answer, 500, path, "Can't access disabled route planner")


# What is not there


@pytest.mark.parametrize("path", ["/", "/v4", "/v4/nothing", "/v3/stats", "/loadtracks"])
async def test_a_path_that_is_none_is_not_found(path: str, client: Client) -> None:
    status, answer = await client.call("GET", path)
    assert status == 404
    assert_refused(answer, 404, path)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "/v4/sessions/nope"),
        ("GET", "/v4/sessions/nope/players"),
        ("GET", "/v4/sessions/nope/players/1"),
        ("PATCH", "/v4/sessions/nope/players/1"),
        ("DELETE", "/v4/sessions/nope/players/1"),
    ],
)
async def test_a_session_that_is_none_is_not_found(method: str, path: str, client: Client) -> None:
    status, answer = await client.call(method, path, {})
    assert status == 404
    assert_refused(answer, 404, path, "Session not found")


async def test_a_player_that_is_none_is_not_found(client: Client) -> None:
    path = client.path(new_guild())
    status, answer = await client.call("GET", path)
    assert status == 404
    assert_refused(answer, 404, path, "Player not found")


async def test_a_player_that_is_none_can_be_destroyed(client: Client) -> None:
    await client.destroy(new_guild())


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v4/loadtracks"), ("GET", "/v4/decodetracks"), ("DELETE", "/v4/info")],
)
async def test_a_method_that_a_path_has_not_is_405(method: str, path: str, client: Client) -> None:
    status, answer = await client.call(method, path)
    assert status == 405
    assert_refused(answer, 405, path)


# What cannot be meant


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/v4/loadtracks", None),
        ("/v4/decodetrack", "No track to decode provided"),
    ],
)
async def test_a_missing_parameter_is_refused(
    path: str, message: str | None, client: Client
) -> None:
    status, answer = await client.call("GET", path)
    assert status == 400
    assert_refused(answer, 400, path, message)


NONSENSE = [
    "",
    "nonsense",
    "ä",
    "QAAA",
    base64.b64encode(b"\x40\0\0\1\3").decode(),
    base64.b64encode(b"\x7f\xff\xff\xff" + bytes(64)).decode(),
    encoded_elsewhere(9, uri="http://music.example/"),
    encoded_elsewhere(3, uri="http://music.example/")[:40],
]


@pytest.mark.parametrize("encoded", NONSENSE)
async def test_what_is_no_track_is_not_decoded(encoded: str, client: Client) -> None:
    status, answer = await client.call("GET", "/v4/decodetrack", encodedTrack=encoded)
    # Lavalink: a bare 500.
    assert status in {400, 500}
    assert_refused(answer, status, "/v4/decodetrack")
    path = client.path(guild := new_guild())
    status, answer = await client.call("PATCH", path, {"track": {"encoded": encoded}})
    assert status in {400, 500}
    assert_refused(answer, status, path)
    assert "TrackStartEvent" not in client.story(guild)


async def test_no_tracks_to_decode_are_refused(client: Client) -> None:
    status, answer = await client.call("POST", "/v4/decodetracks", [])
    assert status == 400
    assert_refused(answer, 400, "/v4/decodetracks", "No tracks to decode provided")


@pytest.mark.parametrize("body", [{}, 1, None, "text", [1], [None], [[]], ["nonsense"]])
async def test_what_is_no_list_of_tracks_is_refused(body: object, client: Client) -> None:
    path = "/v4/decodetracks"
    async with client.http.post(
        client.node.url + path,
        data=json.dumps(body),
        headers={"Content-Type": "application/json"},
    ) as response:
        # Lavalink: a bare 500 for what cannot be decoded.
        assert response.status in {400, 500}
        assert_refused(await response.json(), response.status, path)


PLAYER = [
    {"volume": "loud"},
    {"volume": None},
    {"volume": 1.5},
    {"volume": [1]},
    {"volume": 2**40},
    {"paused": "maybe"},
    {"paused": 2},
    {"position": "soon"},
    {"position": 1.5},
    {"position": None},
    {"position": 2**70},
    {"endTime": 0},
    {"endTime": -1},
    {"endTime": "never"},
    {"filters": None},
    {"filters": []},
    {"filters": {"volume": "loud"}},
    {"filters": {"equalizer": {}}},
    {"filters": {"equalizer": [1]}},
    {"filters": {"equalizer": [{"gain": 0.1}]}},
    {"filters": {"timescale": {"speed": "fast"}}},
    {"filters": {"lowPass": 5}},
    {"filters": {"karaoke": []}},
    {"track": None},
    {"track": "text"},
    {"track": {"encoded": 1}},
    {"track": {"identifier": None}},
    {"track": {"identifier": 1}},
    {"track": {"encoded": None, "identifier": "x"}},
    {"track": {"userData": "text"}},
    {"track": {"userData": None}},
    {"track": {"encoded": None}, "encodedTrack": None},
    {"encodedTrack": None, "identifier": "x"},
    {"track": {"identifier": "nobody knows this"}},
    {"voice": None},
    {"voice": {}},
    {"voice": {"token": "t", "endpoint": "localhost:1", "sessionId": "s"}},
    {"voice": {"token": "", "endpoint": "localhost:1", "sessionId": "s", "channelId": "1"}},
    {"voice": {"token": "t", "endpoint": None, "sessionId": "s", "channelId": "1"}},
    {"voice": {"token": "t", "endpoint": "", "sessionId": "s", "channelId": "1"}},
    {"voice": {"token": "t", "endpoint": "localhost:1", "sessionId": " ", "channelId": "1"}},
]


@pytest.mark.parametrize("body", PLAYER, ids=json.dumps)
async def test_what_cannot_be_meant_changes_nothing(body: object, client: Client) -> None:
    path = client.path(guild := new_guild())
    status, answer = await client.call("PATCH", path, body)
    assert status == 400, answer
    assert_refused(answer, 400, path)
    assert answer["message"]
    # Lavalink makes the player before it finds out that an identifier leads nowhere.
    if (await client.call("GET", path))[0] != 404:
        assert body == {"track": {"identifier": "nobody knows this"}}
        assert (await client.player(guild))["track"] is None


@pytest.mark.parametrize(
    "filters",
    [
        {"equalizer": [{"band": 20, "gain": 0.1}]},
        {"equalizer": [{"band": -1, "gain": 0.1}]},
        {"timescale": {"speed": 0}},
        {"timescale": {"pitch": -1}},
        {"tremolo": {"frequency": 0}},
        {"vibrato": {"frequency": 1000}},
        {"vibrato": {"depth": 7}},
    ],
    ids=json.dumps,
)
async def test_a_filter_that_cannot_be_made_costs_no_more_than_itself(
    filters: object, client: Client
) -> None:
    path = client.path(guild := new_guild())
    status, answer = await client.call("PATCH", path, {"filters": filters})
    # Lavalink: a bare 500, or 200 and a track that fails once it plays.
    assert status in ({400} if client.node.ours else {200, 400, 500}), answer
    assert (await client.patch(guild, {"filters": {}}))["filters"] == {}


BODIES = [
    b"",
    b"{",
    b"nonsense",
    b"[]",
    b"1",
    b"null",
    b'"text"',
    b"\xff\xfe",
    b'{"volume":5',
    b'{"a":NaN}',
]
DEEP = b'{"filters":' + b'{"x":' * 100_000 + b"1" + b"}" * 100_001


@pytest.mark.parametrize("body", [*BODIES, DEEP], ids=lambda body: repr(body[:20]))
async def test_a_body_that_is_no_json_object_is_refused(body: bytes, client: Client) -> None:
    for path in (client.path(new_guild()), f"/v4/sessions/{client.session}"):
        async with client.http.patch(
            client.node.url + path, data=body, headers={"Content-Type": "application/json"}
        ) as response:
            # Of what is nested deeper than it can follow, Lavalink says nothing certain.
            allowed = {400, 500} if body is DEEP else {400}
            if body is DEEP and "players" not in path:
                allowed |= {200}  # `filters` is no field of a session, and may be skipped
            assert response.status in allowed
            if response.status != 200:
                assert_refused(await response.json(), response.status, path)


@pytest.mark.parametrize("guild", ["x", "1.5", "0x10", "9" * 30, "%20"])
async def test_a_guild_that_is_no_number_is_refused(guild: str, client: Client) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        url = f"{client.node.url}{client.path(guild)}"
        async with client.http.request(method, url, json={}) as response:
            assert response.status == 400
            assert (await response.json())["error"] == "Bad Request"


@pytest.mark.parametrize(
    "body", [{"resuming": "maybe"}, {"resuming": None}, {"timeout": "soon"}, {"timeout": 1.5}]
)
async def test_a_session_is_not_changed_by_nonsense(body: object, client: Client) -> None:
    path = f"/v4/sessions/{client.session}"
    status, answer = await client.call("PATCH", path, body)
    assert status == 400
    assert_refused(answer, 400, path)
    assert await client.call("PATCH", path, {}) == (200, {"resuming": False, "timeout": 60})


async def test_no_replace_is_true_or_false(client: Client) -> None:
    path = client.path(new_guild())
    for value in ("true", "false", "TRUE", "1", "0", "yes", "no"):
        assert (await client.call("PATCH", path, {}, noReplace=value))[0] == 200
    status, answer = await client.call("PATCH", path, {}, noReplace="maybe")
    assert status == 400
    assert_refused(answer, 400, path)


NAMES = [
    "volume",
    "paused",
    "position",
    "endTime",
    "track",
    "encodedTrack",
    "identifier",
    "encoded",
    "userData",
    "filters",
    "voice",
    "token",
    "endpoint",
    "sessionId",
    "channelId",
    "equalizer",
    "band",
    "gain",
    "timescale",
    "speed",
    "next",
    "pluginFilters",
]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(["localhost:1", "1", "QAAA"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(NAMES) | st.text(), inner),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.dictionaries(st.sampled_from(NAMES), VALUES, min_size=1))
async def test_whatever_is_asked_of_a_player_is_answered(
    body: dict[str, object], client: Client
) -> None:
    path = client.path(guild := new_guild())
    status, answer = await client.call("PATCH", path, body)
    # Lavalink: a bare 500 now and then.
    assert status in ({200, 400} if client.node.ours else {200, 400, 500}), answer
    if status == 200:
        assert (await client.player(guild))["guildId"] == str(guild)
        await client.destroy(guild)
    else:
        assert_refused(answer, status, path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(), cut=st.integers(0, 60))
async def test_whatever_is_asked_to_be_decoded_is_answered(
    data: bytes, cut: int, client: Client
) -> None:
    good = base64.b64decode(encoded_elsewhere(3, uri="http://music.example/"))
    encoded = base64.b64encode(good[:cut] + data + good[cut + len(data) :]).decode()
    status, answer = await client.call("GET", "/v4/decodetrack", encodedTrack=encoded)
    assert status in ({200, 400} if client.node.ours else {200, 400, 500}), answer


async def test_what_is_no_http_is_answered_or_hung_up_on(node: Node) -> None:
    for said in (
        b"\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\xff\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /version HTTP/1.1\r\nAuthorization: \xff\xfe\r\n\r\n",
        b"GET /version HTTP/1.1\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
        b"PATCH /v4/sessions/x HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET /v4/websocket HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    ):
        reader, writer = await asyncio.open_connection(node.host, node.port)
        writer.write(said)
        writer.write_eof()
        async with asyncio.timeout(DEADLINE):
            with contextlib.suppress(ConnectionError):
                head = await reader.read()
                assert b" 200 " not in head.split(b"\r\n")[0]
        writer.close()


async def test_the_node_is_well_after_all_that(client: Client) -> None:
    assert (await client.call("GET", "/version"))[0] == 200
