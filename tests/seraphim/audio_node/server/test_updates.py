from typing import Any

import pytest

from seraphim.audio_node.server.updates import (
    OMITTED,
    BadRequest,
    PlayerUpdate,
    SessionUpdate,
)

VOICE = {"token": "t", "endpoint": "localhost:1", "sessionId": "s", "channelId": "2"}


def test_what_is_left_out_changes_nothing_and_null_is_something_else() -> None:
    nothing = PlayerUpdate.read({})
    assert nothing == PlayerUpdate()
    assert not nothing.track.replaces
    stop = PlayerUpdate.read({"track": {"encoded": None}, "endTime": None})
    assert stop.track.encoded is None
    assert stop.track.replaces
    assert stop.end_ms is None
    assert stop.position_ms is OMITTED


def test_unknown_fields_are_ignored() -> None:
    assert PlayerUpdate.read({"paused": True, "colour": "blue"}).paused is True


def test_the_fields_that_stood_outside_of_track_before_are_still_read() -> None:
    assert PlayerUpdate.read({"encodedTrack": None}).track.encoded is None
    assert PlayerUpdate.read({"identifier": "x"}).track.identifier == "x"


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ([], "the body"),
        ("x", "the body"),
        ({"track": 1}, "track"),
        ({"track": {"encoded": 1}}, "encoded"),
        ({"track": {"identifier": None}}, "identifier"),
        ({"track": {"encoded": "a", "identifier": "b"}}, "both"),
        ({"track": {}, "encodedTrack": "a"}, "both"),
        ({"track": {"userData": []}}, "userData"),
        ({"position": "1"}, "position"),
        ({"position": True}, "position"),
        ({"position": None}, "position"),
        ({"endTime": 0}, "End time"),
        ({"volume": 1.5}, "volume"),
        ({"paused": 1}, "paused"),
        ({"filters": None}, "filters"),
        ({"voice": {**VOICE, "channelId": None}}, "channelId"),
        ({"voice": {key: VOICE[key] for key in ("token", "endpoint", "sessionId")}}, "channelId"),
        ({"voice": {**VOICE, "token": ""}}, "token"),
        ({"voice": {**VOICE, "channelId": "x"}}, "channelId"),
        ({"voice": {**VOICE, "endpoint": "localhost:1/x?y"}}, "endpoint"),
        ({"voice": {**VOICE, "endpoint": "user@localhost"}}, "endpoint"),
    ],
)
def test_a_mistake_is_refused_by_its_name(body: Any, named: str) -> None:
    with pytest.raises(BadRequest, match=named):
        PlayerUpdate.read(body)


@pytest.mark.parametrize("body", [{"resuming": 1}, {"timeout": -1}, {"timeout": "60"}, None])
def test_a_mistake_about_a_session_is_refused(body: Any) -> None:
    with pytest.raises(BadRequest):
        SessionUpdate.read(body)
