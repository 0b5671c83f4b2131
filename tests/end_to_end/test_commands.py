"""Every control of the queue and the sound, on the real bot with a real player."""

from typing import Any

import pytest

from tests.end_to_end.conftest import Choir, code

pytestmark = pytest.mark.anyio

ORDER: list[tuple[str, dict[str, Any], str]] = [
    ("queue", {}, "Vesper"),
    ("shuffle", {}, "another order: 3"),
    ("unshuffle", {}, "own order again: 3"),
    ("move", {"position": 1, "target": 3}, "number 3"),
    ("swap", {"first": 1, "second": 2}, "changed places"),
    ("dedupe", {}, "no longer waits"),
    ("clean", {}, "nothing to remove"),
]
SOUND: list[tuple[str, dict[str, Any], str]] = [
    ("loop", {"what": "queue"}, "queue plays again"),
    ("filter", {"preset": "bass boost"}, "bass boost"),
    ("speed", {"percent": 120}, "speed 120%"),
    ("pitch", {"percent": 90}, "pitch 90%"),
    ("autoplay", {"on": True}, "Seraphim chooses"),
    ("stay", {"on": True}, "stays in the voice channel"),
    ("nowplaying", {}, "asked for by"),
]
PLACE: list[tuple[str, dict[str, Any], str]] = [
    ("seek", {"time": "0:02"}, "from 0:02"),
    ("forward", {"seconds": 1}, "plays from"),
    ("rewind", {"seconds": 3}, "plays from"),
    ("replay", {}, "from its beginning"),
    ("skip-to", {"position": 1}, "plays now"),
    ("history", {}, "Aurora"),
    ("remove", {"positions": "1"}, "no longer waits"),
]


@pytest.mark.parametrize("said", [ORDER, SOUND, PLACE], ids=["order", "sound", "place"])
async def test_what_is_asked_for_is_done(
    choir: Choir, said: list[tuple[str, dict[str, Any], str]]
) -> None:
    for title in ("Aurora", "Ember", "Vesper", "Vesper"):
        await choir.play(title)
    await choir.hears("Aurora")
    for name, options, told in said:
        answer = await choir.ada.command(name, **options)
        assert not code(answer).startswith(("VAL", "PERM", "PLAY", "NET", "SYS")), answer.embeds
        assert told in str(answer.embeds), (name, answer.embeds)
