import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.guild.player.messages import (
    EndReason,
    PositionReported,
    TrackEnded,
    TrackFailed,
    TrackStarted,
    TrackStuck,
    VoiceClosed,
)
from seraphim.lavalink.events import WORDS_LIMIT, ForPlayer, Ready, Stats, Unknown, decode

TRACK = {"encoded": "Q", "info": {}, "pluginInfo": {}, "userData": {"play": "run-7"}}


def event(kind: str, **fields: Any) -> str:
    return json.dumps({"op": "event", "type": kind, "guildId": "42", "track": TRACK, **fields})


@pytest.mark.parametrize(
    ("frame", "meaning"),
    [
        (event("TrackStartEvent"), TrackStarted("run-7")),
        (event("TrackEndEvent", reason="finished"), TrackEnded("run-7", EndReason.FINISHED)),
        (
            event("TrackEndEvent", reason="finished", next={"userData": {"play": "run-8"}}),
            TrackEnded("run-7", EndReason.FINISHED, "run-8"),
        ),
        (event("TrackEndEvent", reason="loadFailed"), TrackEnded("run-7", EndReason.LOAD_FAILED)),
        (
            event("TrackExceptionEvent", exception={"message": "no", "severity": "odd"}),
            TrackFailed("run-7", "no"),
        ),
        (event("TrackStuckEvent", thresholdMs=10_000), TrackStuck("run-7", 10_000)),
        (
            event("WebSocketClosedEvent", code=4014, reason="x", byRemote=True),
            VoiceClosed(4014, "x", by_remote=True),
        ),
        (
            '{"op":"playerUpdate","state":{"time":17953,"position":9460},"guildId":"42"}',
            PositionReported(9460, 17953),
        ),
    ],
)
def test_what_the_node_says_of_a_player_becomes_a_message_for_its_guild(
    frame: str, meaning: object
) -> None:
    assert decode(frame) == ForPlayer(42, meaning)  # type: ignore[arg-type]


def test_the_first_word_names_the_session() -> None:
    assert decode('{"op":"ready","resumed":true,"sessionId":"abc"}') == Ready("abc", resumed=True)
    assert decode('{"op":"ready","sessionId":"abc"}') == Ready("abc", resumed=False)


def test_stats_say_what_a_node_has_to_do() -> None:
    assert decode(
        '{"op":"stats","frameStats":{"sent":2950,"nulled":20,"deficit":30},"players":7,'
        '"playingPlayers":5,"uptime":980799,"memory":{"free":1,"used":2,"allocated":3},'
        '"cpu":{"cores":2,"systemLoad":0.5,"lavalinkLoad":0.25}}'
    ) == Stats(players=7, playing=5, system_load=0.5, own_load=0.25, nulled=20, deficit=30)


@pytest.mark.parametrize(
    "frame",
    [
        '{"op":"stats"}',
        '{"op":"stats","frameStats":null,"players":0,"cpu":null}',
        '{"op":"stats","frameStats":[],"players":"many","cpu":{"systemLoad":-1}}',
        '{"op":"stats","players":-3,"cpu":{"systemLoad":NaN,"lavalinkLoad":1e999}}',
        '{"op":"stats","frameStats":{"deficit":-12}}',
    ],
)
def test_stats_that_say_little_say_nothing_wrong(frame: str) -> None:
    assert decode(frame) == Stats()


def test_a_position_tells_whether_voice_is_connected() -> None:
    update = '{"op":"playerUpdate","guildId":"42","state":{"time":5,"position":3,"connected":%s}}'
    assert decode(update % "true") == ForPlayer(42, PositionReported(3, 5, connected=True))
    assert decode(update % "false") == ForPlayer(42, PositionReported(3, 5, connected=False))


def test_a_position_may_tell_what_a_stream_plays() -> None:
    update = '{"op":"playerUpdate","guildId":"42","state":{"time":5,"position":3,"streamTitle":%s}}'
    assert decode(update % '"Dawn"') == ForPlayer(42, PositionReported(3, 5, live_title="Dawn"))
    assert decode(update % "7") == ForPlayer(42, PositionReported(3, 5))


def test_a_reason_that_nobody_knows_still_ends_the_track() -> None:
    ended = decode(event("TrackEndEvent", reason="meteorite"))
    assert ended == ForPlayer(42, TrackEnded("run-7", EndReason.UNKNOWN))
    ended = decode(event("TrackEndEvent", reason=["not", "even", "a", "word"]))
    assert ended == ForPlayer(42, TrackEnded("run-7", EndReason.UNKNOWN))


@pytest.mark.parametrize("track", [None, {}, "x", {"userData": None}, {"userData": {"play": 3}}])
def test_a_track_that_is_not_ours_has_no_play(track: object) -> None:
    assert decode(event("TrackStartEvent", track=track)) == ForPlayer(42, TrackStarted(""))


@pytest.mark.parametrize("track", [None, "x", 3, [], {}])
def test_what_is_no_track_does_not_follow(track: object) -> None:
    ended = decode(event("TrackEndEvent", reason="finished", next=track))
    assert ended == ForPlayer(42, TrackEnded("run-7", EndReason.FINISHED))


def test_what_a_node_leaves_out_has_a_default() -> None:
    assert decode(event("TrackExceptionEvent", exception=None)) == ForPlayer(
        42, TrackFailed("run-7", "it broke")
    )
    assert decode(event("WebSocketClosedEvent", code=4006)) == ForPlayer(
        42, VoiceClosed(4006, "", by_remote=False)
    )


@pytest.mark.parametrize(
    ("frame", "what"),
    [
        ("oh", "a frame that is not JSON"),
        (b"\xff\xfe", "a frame that is not JSON"),
        ("[" * 100_000, "a frame that is not JSON"),
        ("[1, 2]", "the operation None"),
        ('{"op":"weather"}', "the operation weather"),
        (event("SegmentSkippedEvent"), "the event SegmentSkippedEvent"),
        (
            event("TrackStartEvent", guildId="x"),
            "a TrackStartEvent whose guildId is",
        ),
        (event("TrackStartEvent", guildId="9" * 5000), "a TrackStartEvent whose guildId is"),
        (event("WebSocketClosedEvent"), "a WebSocketClosedEvent whose code is missing or wrong"),
        ('{"op":"playerUpdate","guildId":"1"}', "a playerUpdate whose time is missing or wrong"),
        ('{"op":"playerUpdate","guildId":"1","state":{"time":1e999}}', "a playerUpdate whose time"),
        ('{"op":"ready"}', "a ready whose sessionId is missing or wrong"),
    ],
)
def test_what_cannot_be_understood_is_named_and_costs_nothing_else(
    frame: str | bytes, what: str
) -> None:
    understood = decode(frame)
    assert isinstance(understood, Unknown)
    assert understood.what.startswith(what)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
KEYS = ["guildId", "track", "state", "reason", "exception", "code", "thresholdMs", "sessionId"]


@given(
    op=st.sampled_from(["ready", "playerUpdate", "stats", "event"]) | JSON,
    kind=st.sampled_from(
        [
            "TrackStartEvent",
            "TrackEndEvent",
            "TrackExceptionEvent",
            "TrackStuckEvent",
            "WebSocketClosedEvent",
        ]
    )
    | JSON,
    fields=st.dictionaries(st.sampled_from(KEYS), JSON),
)
def test_no_json_can_break_the_decoder(op: object, kind: object, fields: dict[str, object]) -> None:
    understood = decode(json.dumps({"op": op, "type": kind, **fields}))
    assert isinstance(understood, Ready | ForPlayer | Stats | Unknown)
    if isinstance(understood, Unknown):
        assert len(understood.what) <= WORDS_LIMIT


@given(st.binary() | st.text())
def test_no_frame_can_break_the_decoder(frame: str | bytes) -> None:
    assert isinstance(decode(frame), Ready | ForPlayer | Stats | Unknown)
