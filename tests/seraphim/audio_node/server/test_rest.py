import gzip
from collections import defaultdict
from typing import Any

import aiohttp
import pytest
from ongaku.builders import EntityBuilder

from seraphim.audio_node import filters
from seraphim.audio_node.node import AudioNode
from seraphim.audio_node.track import TrackInfo, encode
from seraphim.sandbox.voice import Heard, VoiceServer

pytestmark = pytest.mark.anyio

builder = EntityBuilder()


@pytest.mark.parametrize("path", ["/version", "/v4/info", "/v4/websocket", "/nothing"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 401), ({"Authorization": "wrong"}, 403), ({"Authorization": "wröng"}, 403)],
)
async def test_nobody_comes_in_without_the_password(
    path: str, headers: dict[str, str], status: int, node: AudioNode
) -> None:
    url = f"http://127.0.0.1:{node.instance.port}{path}"
    async with aiohttp.ClientSession(headers=headers) as http, http.get(url) as response:
        assert response.status == status
        assert (await response.json())["status"] == status


async def test_answers_carry_the_instance_that_gave_them(client: Any, node: AudioNode) -> None:
    async with client.http.get(f"{client.base}/version") as response:
        assert response.headers["Seraphim-Instance"] == node.instance.instance
        assert response.headers["Lavalink-Api-Version"] == "4"
        assert (await response.text()).startswith("4.")


async def test_info_says_what_this_node_is_and_what_it_can(client: Any) -> None:
    _, info = await client.call("GET", "/v4/info")
    built = builder.build_info(info)
    assert built.version.major == 4
    assert built.version.build == "seraphim"
    assert list(built.source_managers) == [
        *("spotify", "applemusic", "deezer", "http", "library"),
        *("youtube", "soundcloud", "bandcamp", "vimeo", "twitch"),
    ]
    assert list(built.filters) == list(filters.NAMES)
    assert info["plugins"] == [
        {"name": "seraphim-next", "version": "1.0.0"},
        {"name": "seraphim-stream-title", "version": "1.0.0"},
    ]


async def test_stats_are_as_clients_expect_them(client: Any) -> None:
    _, stats = await client.call("GET", "/v4/stats")
    built = builder.build_statistics(stats)
    assert built.players == 0
    assert built.frame_stats is None
    assert built.memory.used > 1_000_000


async def test_loading_gives_each_of_lavalinks_answers(
    client: Any, server: Any, tones: Any
) -> None:
    async def load(identifier: str) -> Any:
        status, answer = await client.call("GET", "/v4/loadtracks", identifier=identifier)
        assert status == 200
        return answer

    tones.melody("ogg")
    song = tones.tone("ogg")
    found = await load(server.file(song))
    assert found["loadType"] == "track"
    track = builder.build_track(found["data"])
    assert track.info.source_name == "http"
    assert track.info.length == pytest.approx(3000, abs=50)
    assert found["data"]["pluginInfo"] == {"probeInfo": "ogg"}
    found = await load("libsearch:tone")
    assert found["loadType"] == "search"
    assert all(builder.build_track(one).info.source_name == "library" for one in found["data"])
    assert await load("libsearch:nothing of the kind") == {"loadType": "empty", "data": {}}
    assert await load("what is this") == {"loadType": "empty", "data": {}}
    failed = await load(f"http://{server.host}/missing.mp3")
    assert failed["loadType"] == "error"
    assert builder.build_exception_error(failed["data"]).severity.value in {"common", "suspicious"}


async def test_a_track_is_decoded_from_what_was_encoded(client: Any) -> None:
    track = await client.load("libsearch:tone")
    query = {"encodedTrack": track["encoded"]}
    assert (await client.call("GET", "/v4/decodetrack", **query)) == (200, track)
    both = [track["encoded"]] * 2
    assert (await client.call("POST", "/v4/decodetracks", both)) == (200, [track, track])


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v4/loadtracks", None),
        ("GET", "/v4/decodetrack", None),
        ("GET", "/v4/decodetrack?encodedTrack=nonsense", None),
        ("GET", "/v4/decodetrack?encodedTrack=%C3%A4", None),
        ("POST", "/v4/decodetracks", []),
        ("POST", "/v4/decodetracks", {}),
        ("POST", "/v4/decodetracks", [1]),
        ("POST", "/v4/decodetracks", ["nonsense"]),
        ("PATCH", "/v4/sessions/{session}", {"timeout": "soon"}),
        ("PATCH", "/v4/sessions/{session}/players/1", {"volume": "loud"}),
        ("PATCH", "/v4/sessions/{session}/players/1", {"track": {"encoded": "nonsense"}}),
        ("PATCH", "/v4/sessions/{session}/players/1", {"track": {"identifier": "nothing"}}),
        ("PATCH", "/v4/sessions/{session}/players/1", {"track": {"identifier": "libsearch:tone"}}),
        ("PATCH", "/v4/sessions/{session}/players/x", {}),
        ("DELETE", "/v4/sessions/{session}/players/-1", None),
    ],
)
async def test_what_cannot_be_meant_is_refused_with_a_reason(
    method: str, path: str, body: object, client: Any
) -> None:
    status, answer = await client.call(method, path.format(session=client.session), body)
    assert status == 400
    refused = builder.build_rest_error(answer)
    assert (refused.status, refused.error) == (400, "Bad Request")
    assert refused.message


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"track": {"userData": {"a": NaN}}}',
        b'{"track": {"userData": {"a": -Infinity}}}',
        b'{"track": {"userData": {"a": 1e999}}}',
        b'{"a":' * 100_000,
    ],
    ids=lambda body: body[:40].decode(),
)
async def test_a_body_that_is_no_json_is_refused(body: bytes, client: Any) -> None:
    """What Python reads and JSON has not is none either: it would be told to clients again."""
    url = f"{client.base}/v4/sessions/{client.session}/players/1"
    async with client.http.patch(url, data=body) as response:
        assert response.status == 400


async def test_a_body_that_is_nested_deeper_than_anybody_means_is_refused(client: Any) -> None:
    async def update(depth: int) -> tuple[int, Any]:
        body = '{"track": {"userData": ' + '{"a": ' * depth + "1" + "}" * (depth + 2)
        url = f"{client.base}/v4/sessions/{client.session}/players/1"
        async with client.http.patch(url, data=body) as response:
            return response.status, await response.json()

    assert (await update(50))[0] == 200
    status, answer = await update(150)
    assert (status, answer["message"]) == (400, "The body is nested too deep")


async def test_what_a_body_is_packed_in_is_not_unpacked(client: Any) -> None:
    url = f"{client.base}/v4/sessions/{client.session}/players/1"
    headers = {"Content-Encoding": "gzip"}
    async with client.http.patch(url, data=gzip.compress(b"{}"), headers=headers) as response:
        assert response.status == 400


async def test_a_body_is_in_utf_8_whatever_it_says_of_itself(client: Any) -> None:
    url = f"{client.base}/v4/sessions/{client.session}/players/1"
    headers = {"Content-Type": "application/json; charset=punycode"}
    async with client.http.patch(url, data=b'{"volume": 90}', headers=headers) as response:
        assert (response.status, (await response.json())["volume"]) == (200, 90)


async def test_another_method_is_told_which_there_are(client: Any) -> None:
    url = f"{client.base}/v4/sessions/{client.session}"
    async with client.http.get(url) as response:
        assert (response.status, response.headers["Allow"]) == (405, "PATCH")
        assert (await response.json())["status"] == 405


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v4/nothing"),
        ("PATCH", "/v4/sessions/nope"),
        ("GET", "/v4/sessions/nope/players"),
        ("GET", "/v4/sessions/nope/players/1"),
        ("PATCH", "/v4/sessions/nope/players/1"),
        ("DELETE", "/v4/sessions/nope/players/1"),
        ("GET", "/v4/sessions/{session}/players/1"),
    ],
)
async def test_what_is_not_there_is_not_found(method: str, path: str, client: Any) -> None:
    status, answer = await client.call(method, path.format(session=client.session), {})
    assert (status, answer["error"]) == (404, "Not Found")


async def test_a_session_tells_how_it_is_resumed(client: Any) -> None:
    path = f"/v4/sessions/{client.session}"
    changed = await client.call("PATCH", path, {"resuming": True, "timeout": 90})
    assert changed == (200, {"resuming": True, "timeout": 90})
    assert await client.call("PATCH", path, {}) == changed


async def test_a_player_is_made_by_its_first_patch_and_remembers_what_it_was_told(
    client: Any,
) -> None:
    filters = {"volume": 0.5, "equalizer": [{"band": 0, "gain": 0.1}]}
    told = await client.patch(7, {"volume": 30, "paused": True, "filters": filters})
    built = builder.build_player(told)
    assert (built.guild_id, built.volume, built.is_paused) == (7, 30, True)
    assert built.track is None
    assert (told["filters"], told["state"]["connected"], told["state"]["ping"]) == (
        filters,
        False,
        -1,
    )
    path = f"/v4/sessions/{client.session}/players"
    assert (await client.call("GET", path))[1][0]["guildId"] == "7"
    assert (await client.call("DELETE", f"{path}/7")) == (204, None)
    assert (await client.call("GET", path)) == (200, [])
    assert (await client.call("DELETE", f"{path}/7"))[0] == 204


async def test_voice_and_track_in_one_patch_are_heard(
    client: Any, region: VoiceServer, heard: defaultdict[int, Heard]
) -> None:
    track = await client.load("libsearch:melody")
    told = await client.patch(
        1,
        {
            "voice": client.voice(region),
            "track": {"encoded": track["encoded"], "userData": {"play": "p1"}},
            "position": 4000,
            "volume": 100,
        },
    )
    assert told["track"]["info"]["position"] == 4000
    assert told["track"]["userData"] == {"play": "p1"}
    assert told["voice"]["channelId"] == "2"
    started = await client.until(op="event", type="TrackStartEvent")
    assert builder.build_track(started["track"]).user_data == {"play": "p1"}
    await heard[2].until_pitch(700)
    assert not heard[2].violations
    state = (await client.call("GET", f"/v4/sessions/{client.session}/players/1"))[1]["state"]
    assert state["connected"]
    assert 4000 < state["position"] < 12_000


async def test_an_unreachable_voice_server_does_not_hold_up_the_patch(client: Any) -> None:
    voice = {"token": "t", "endpoint": "localhost:1", "sessionId": "s", "channelId": "2"}
    told = await client.patch(1, {"voice": voice})
    assert not told["state"]["connected"]
    closed = await client.until(op="event", type="WebSocketClosedEvent")
    assert (closed["guildId"], closed["code"], closed["byRemote"]) == ("1", 1006, False)


async def test_no_replace_leaves_a_track_in_peace(client: Any) -> None:
    first = (await client.load("libsearch:tone"))["encoded"]
    second = (await client.load("libsearch:melody"))["encoded"]
    await client.patch(1, {"track": {"encoded": first}}, noReplace="true")
    kept = await client.patch(1, {"track": {"encoded": second}, "volume": 7}, noReplace="true")
    assert (kept["track"]["encoded"], kept["volume"]) == (first, 7)
    kept = await client.patch(1, {"track": {"encoded": None}}, noReplace="true")
    assert kept["track"]["encoded"] == first
    changed = await client.patch(1, {"track": {"encoded": second}})
    assert changed["track"]["encoded"] == second
    await client.until(op="event", type="TrackEndEvent", reason="replaced")
    stopped = await client.patch(1, {"track": {"encoded": None}})
    assert stopped["track"] is None
    await client.until(op="event", type="TrackEndEvent", reason="stopped")


async def test_user_data_can_change_without_the_track(client: Any) -> None:
    encoded = (await client.load("libsearch:tone"))["encoded"]
    await client.patch(1, {"track": {"encoded": encoded, "userData": {"a": 1}}})
    told = await client.patch(1, {"track": {"userData": {"b": 2}}})
    assert told["track"]["userData"] == {"b": 2}
    assert "TrackEndEvent" not in client.events()


async def test_an_identifier_that_names_one_track_is_played(
    client: Any, server: Any, tones: Any
) -> None:
    url = server.file(tones.tone("mp3"))
    told = await client.patch(1, {"track": {"identifier": url}})
    assert told["track"]["info"]["uri"] == url


async def test_a_track_that_is_gone_starts_and_fails_to_load(client: Any) -> None:
    gone = TrackInfo(
        identifier="f" * 32, title="t", author="a", length_ms=1000, source="library", probe="mp3"
    )
    # The answer does not wait until it was looked for.
    told = await client.patch(1, {"track": {"encoded": encode(gone)}})
    assert told["track"]["info"]["identifier"] == gone.identifier
    await client.until(type="TrackStartEvent")
    failed = await client.until(type="TrackExceptionEvent")
    builder.build_track_exception(failed["exception"])
    assert (await client.until(type="TrackEndEvent"))["reason"] == "loadFailed"
    assert (await client.patch(1, {}))["track"] is None


async def test_a_source_that_stalls_is_told_as_stuck(
    client: Any, server: Any, tones: Any, region: VoiceServer
) -> None:
    data = tones.melody("wav").read_bytes()

    def half(request: Any) -> None:
        request.head(Content_Length=len(data))
        request.send(data[: len(data) // 6])
        request.wait_for_the_client_to_leave()

    info = TrackInfo(
        identifier=server.answer("/half.wav", half),
        title="t",
        author="a",
        length_ms=12_000,
        source="http",
        probe="wav",
    )
    await client.patch(1, {"voice": client.voice(region), "track": {"encoded": encode(info)}})
    stuck = await client.until(type="TrackStuckEvent")
    assert stuck["thresholdMs"] == 300
    await client.call("DELETE", f"/v4/sessions/{client.session}/players/1")
    assert [one["type"] for one in client.messages if one["op"] == "event"][-2:] == [
        "TrackEndEvent",
        "WebSocketClosedEvent",
    ]


async def test_what_comes_next_is_told_while_it_waits_and_then_follows(
    client: Any, region: VoiceServer, heard: defaultdict[int, Heard]
) -> None:
    first, second = await client.load("libsearch:tone"), await client.load("libsearch:melody")
    following = {"encoded": second["encoded"], "userData": {"n": 2}, "position": 3000}
    track = {"encoded": first["encoded"], "userData": {"n": 1}}
    told = await client.patch(1, {"track": track, "position": 2000, "next": following})
    assert told["next"]["userData"] == {"n": 2}
    assert told["next"]["info"]["position"] == 3000
    told = await client.patch(1, {"voice": client.voice(region)})
    assert told["next"]["info"]["title"] == "The melody"
    end = await client.until(type="TrackEndEvent")
    assert (end["reason"], end["track"]["userData"]) == ("finished", {"n": 1})
    assert end["next"]["userData"] == {"n": 2}
    start = await client.until(type="TrackStartEvent")
    assert start["track"]["userData"] == {"n": 2}
    _, player = await client.call("GET", f"/v4/sessions/{client.session}/players/1")
    assert "next" not in player
    ears = heard[2]
    await ears.until_pitch(600)
    found = ears.continuity()
    assert (found.lost, found.timestamp_jumps) == (0, 0)
    assert not any(packet.silence for packet in ears.packets)


async def test_what_comes_next_goes_with_the_track_it_was_to_follow(client: Any) -> None:
    track = {"encoded": (await client.load("libsearch:melody"))["encoded"]}
    assert "next" not in await client.patch(1, {"next": track})
    assert "next" in await client.patch(1, {"track": track, "next": track})
    assert "next" in await client.patch(1, {"volume": 50})
    assert "next" not in await client.patch(1, {"next": None})
    assert "next" in await client.patch(1, {"next": track})
    assert "next" in await client.patch(1, {"track": track, "next": track}, noReplace="true")
    assert "next" not in await client.patch(1, {"track": track})


@pytest.mark.parametrize(
    ("following", "named"),
    [
        (1, "next must be an object"),
        ({}, "either encoded or identifier"),
        ({"encoded": None}, "encoded must be a text"),
        ({"encoded": "x", "identifier": "y"}, "either"),
        ({"encoded": "nonsense"}, "cannot be decoded"),
        ({"identifier": "libsearch:nothing at all"}, "No matches"),
        ({"encoded": "x", "endTime": 0}, "End time"),
        ({"encoded": "x", "userData": 1}, "userData"),
    ],
)
async def test_a_next_that_is_none_is_refused(client: Any, following: Any, named: str) -> None:
    track = {"encoded": (await client.load("libsearch:melody"))["encoded"]}
    await client.patch(1, {"track": track, "volume": 70})
    path = f"/v4/sessions/{client.session}/players/1"
    status, answer = await client.call("PATCH", path, {"next": following})
    assert status == 400
    assert named in answer["message"]
    _, player = await client.call("GET", path)
    assert "next" not in player
    assert player["track"] is not None


async def test_a_filter_out_of_range_is_refused_and_changes_nothing(client: Any) -> None:
    path = f"/v4/sessions/{client.session}/players/1"
    await client.patch(1, {"filters": {"tremolo": {}}})
    body = {"volume": 10, "filters": {"vibrato": {"frequency": 15}}}
    status, answer = await client.call("PATCH", path, body)
    assert status == 400
    assert "filters.vibrato.frequency" in answer["message"]
    _, player = await client.call("GET", path)
    assert player["volume"] == 100
    assert player["filters"] == {"tremolo": {"frequency": 2.0, "depth": 0.5}}


async def test_a_filter_is_heard_while_a_track_plays(
    client: Any, region: VoiceServer, heard: defaultdict[int, Heard]
) -> None:
    track = {"encoded": (await client.load("libsearch:tone"))["encoded"]}
    await client.patch(1, {"track": track, "voice": client.voice(region)})
    await heard[2].until_pitch(440)
    mark = heard[2].mark()
    await client.patch(1, {"filters": {"timescale": {"pitch": 1.5}}})
    await heard[2].until_pitch(660)
    assert heard[2].continuity(since=mark).lost == 0
    assert not any(packet.silence for packet in heard[2].window(since=mark))
