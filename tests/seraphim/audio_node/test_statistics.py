import time
from typing import Any

import pytest

from seraphim.audio_node.pacer import Pacer
from seraphim.audio_node.payloads import JsonObject
from seraphim.audio_node.player import FrameCount, Player
from seraphim.audio_node.statistics import Statistics

pytestmark = pytest.mark.anyio


class Nobody:
    def emit(self, happened: JsonObject) -> None: ...

    def changed(self, player: Player) -> None: ...


def player(frames: FrameCount) -> Player:
    def never(*_: object) -> Any:
        raise AssertionError("nobody asked for it")

    made = Player(
        1,
        pacer=Pacer(),
        open_feed=never,
        connect_voice=never,
        listener=Nobody(),
    )
    made.frames = frames
    return made


async def test_frames_are_told_of_players_that_played_a_whole_minute() -> None:
    now = time.monotonic()
    players = [
        player(FrameCount(now - 61, sent=2990, nulled=8)),
        player(FrameCount(now - 61, sent=3000)),
        player(FrameCount(now - 30, sent=10)),
        player(FrameCount(None)),
    ]
    told = Statistics(lambda: players).of(players)
    assert told["frameStats"] == {"sent": 2995, "nulled": 4, "deficit": 1}
    assert told["players"] == 4


async def test_counting_begins_anew_each_minute_and_goes_on_for_who_plays() -> None:
    began = time.monotonic() - 61
    playing = player(FrameCount(began, sent=3000))
    statistics = Statistics(lambda: [playing])
    statistics.of([playing])
    assert playing.frames == FrameCount(began)


async def test_nobody_has_played_a_minute() -> None:
    assert Statistics(list).of([])["frameStats"] is None
