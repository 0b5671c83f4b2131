import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.guild.player.state import PlayerState
from actors.store.ledger import durable
from seraphim.storage.document import Damage, Document
from seraphim.storage.snapshot import decode, encode
from tests.seraphim.storage.states import guild, playing, states

STATE = playing(1, at_ms=500)


def document() -> Document:
    return json.loads(encode(STATE))


def written(content: object) -> bytes:
    return json.dumps(content).encode()


def change(content: Any, path: tuple[str | int, ...], value: object) -> bytes:
    place = content
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return written(content)


def leaves(content: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    if isinstance(content, dict):
        items = list(content.items())
    elif isinstance(content, list):
        items = list(enumerate(content))
    else:
        return [path]
    return [leaf for key, value in items for leaf in leaves(value, (*path, key))]


@given(states())
def test_any_state_comes_back_as_what_of_it_is_durable(state: PlayerState) -> None:
    assert decode(encode(state)) == durable(state)


@pytest.mark.parametrize("path", leaves(json.loads(encode(STATE))), ids=str)
def test_every_field_is_checked(path: tuple[str | int, ...]) -> None:
    with pytest.raises(Damage):
        decode(change(document(), path, 1.5))
    with pytest.raises(Damage):
        decode(change(document(), path, ["a list"]))


@pytest.mark.parametrize("path", leaves(json.loads(encode(STATE))), ids=str)
def test_no_field_may_be_missing(path: tuple[str | int, ...]) -> None:
    content = document()
    place: Any = content
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    with pytest.raises(Damage, match="missing"):
        decode(written(content))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "it is no JSON"),
        (b"\xff\xfe", "it is no JSON"),
        (b"{", "it is no JSON"),
        (b"[" * 100_000, "it is no JSON"),
        (b"9" * 5_000, "it is no JSON"),
        (b"[]", "it is no object"),
        (b"null", "it is no object"),
        (b"{}", "version is missing"),
        (b'{"version": 0}', "it is of version 0, and the newest known one is 3"),
        (b'{"version": 4}', "it is of version 4, and the newest known one is 3"),
        (b'{"version": true}', "version is no integer"),
    ],
)
def test_what_nobody_has_written_is_damage_that_says_why(body: bytes, why: str) -> None:
    with pytest.raises(Damage) as damage:
        decode(body)
    assert str(damage.value) == why


def test_damage_says_where_and_nothing_of_the_content() -> None:
    for path in (("voice", "token"), ("voice", "known", "session"), ("queue", 1, "title")):
        with pytest.raises(Damage) as damage:
            decode(change(document(), path, {"secret": "voice-token"}))
        assert "voice-token" not in str(damage.value)
        assert str(damage.value).endswith(f"{path[-1]} is no text")
    with pytest.raises(Damage, match=r"^queue\[1\].title is no text$"):
        decode(change(document(), ("queue", 1, "title"), 3))


@given(st.binary(max_size=200))
def test_garbage_is_damage_and_nothing_else(body: bytes) -> None:
    with pytest.raises(Damage):
        decode(body)


@given(st.integers(0, len(encode(STATE)) - 1), st.integers(0, 255))
def test_a_changed_byte_is_damage_or_another_state_and_nothing_else(at: int, byte: int) -> None:
    body = bytearray(encode(STATE))
    body[at] = byte
    try:
        state = decode(bytes(body))
    except Damage:
        return
    assert isinstance(state, PlayerState)


# --- older versions ---


def _volume_came(content: Document) -> Document:
    return {**content, "volume": 50}


def _tracks_became_queue(content: Document) -> Document:
    return {**content, "queue": content["tracks"]}


HISTORY = (_volume_came, _tracks_became_queue)


def of_version(version: int) -> bytes:
    """`guild(1, "aurora")` as the first versions of a longer history would have written it."""
    content = json.loads(encode(guild(1, "aurora")))
    if version <= 2:
        content["tracks"] = content.pop("queue")
    if version <= 1:
        del content["volume"]
    return written({**content, "version": version})


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_snapshot_of_an_older_version_is_upgraded_step_by_step(version: int) -> None:
    assert decode(of_version(version), upgrades=HISTORY) == guild(1, "aurora")


def test_a_snapshot_that_only_says_it_is_of_an_older_version_is_damage() -> None:
    content = json.loads(of_version(3))
    with pytest.raises(Damage, match="no document of version 2"):
        decode(written({**content, "version": 2}), upgrades=HISTORY)


def test_a_snapshot_of_a_newer_version_is_damage() -> None:
    with pytest.raises(Damage, match="of version 4, and the newest known one is 3"):
        decode(written({**json.loads(of_version(3)), "version": 4}), upgrades=HISTORY)


def test_a_snapshot_of_version_2_is_of_tracks_that_are_what_was_asked_for() -> None:
    content = json.loads(encode(STATE))
    entries = (content["current"]["entry"], *content["queue"], *content["history"])
    for entry in entries:
        del entry["asked"], entry["broken"], entry["start_ms"]
    del content["current"]["tempo"]
    del content["autoplay"], content["loop"], content["sound"], content["unshuffled"]
    assert decode(written({**content, "version": 2})) == STATE
