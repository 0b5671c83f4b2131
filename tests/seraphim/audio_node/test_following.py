"""Tracks that follow one another without a gap: what is heard, and what is told."""

from typing import Any, cast

import pytest

from seraphim.audio_node.filters import Filters
from seraphim.audio_node.following import WARM_MS
from seraphim.audio_node.media import MediaError
from seraphim.voice import FRAME_MS, SILENCE_FRAMES
from tests.seraphim.audio_node.stage import Stage, follows

pytestmark = pytest.mark.anyio

BOTH = ["TrackStart", "TrackEnd finished", "TrackStart"]
SHORT = 10_000
"""ms: a track that is about to end from the first."""


def ids(stage: Stage) -> list[object]:
    """Which track each event was about."""
    return [cast("Any", one["track"])["userData"]["id"] for one in stage.told]


async def test_the_next_frame_is_the_next_tracks(stage: Stage) -> None:
    stage.player.set_voice(stage.voice())
    stage.play("first", length_ms=SHORT)
    stage.follow("second")
    stage.feeds[0].last = 10
    await stage.until(lambda: stage.events == BOTH)
    await stage.hears(20)
    assert ids(stage) == ["first", "first", "second"]
    # Frame after frame: no silence, no hole, one stream.
    sound = [packet.silence for packet in stage.ears.packets]
    assert not any(sound)
    assert [frame.feed for frame in stage.sound[:20]] == [0] * 10 + [1] * 10
    assert stage.sound[10].position_ms == 0
    assert stage.whole()
    assert stage.player.next_track is None


async def test_the_end_says_what_comes_next_and_the_start_follows_at_once(stage: Stage) -> None:
    stage.player.set_voice(stage.voice())
    stage.play("first", length_ms=SHORT)
    stage.follow("second")
    assert stage.player.next_track is not None
    stage.feeds[0].last = 3
    await stage.until(lambda: len(stage.told) == 3)
    end, start = stage.told[1:]
    assert cast("Any", end["next"])["userData"] == {"id": "second"}
    assert start["track"] == end["next"]
    # Nothing follows the second one: its end does not say that anything does.
    stage.feeds[1].last = 3
    await stage.until(lambda: stage.events == [*BOTH, "TrackEnd finished"])
    assert "next" not in stage.told[-1]


async def test_it_is_opened_shortly_before_its_turn(stage: Stage) -> None:
    stage.player.set_voice(stage.voice())
    stage.play("first", length_ms=WARM_MS + 5 * FRAME_MS)
    stage.follow("second")
    assert len(stage.feeds) == 1
    await stage.hears(8)
    assert len(stage.feeds) == 2
    assert stage.feeds[1].taken == 0


async def test_what_has_no_known_end_is_followed_as_well(stage: Stage) -> None:
    stage.player.set_voice(stage.voice())
    stage.play("radio", length_ms=None, stream=True)
    stage.follow("second")
    assert len(stage.feeds) == 2
    await stage.hears(3)
    stage.feeds[0].last = stage.feeds[0].taken + 2
    await stage.until(lambda: stage.events == BOTH)


async def test_an_end_time_is_an_end_too(stage: Stage) -> None:
    stage.player.set_voice(stage.voice())
    stage.play("first", end_ms=200)
    stage.follow("second", position_ms=5000, end_ms=5100)
    await stage.until(lambda: stage.events == [*BOTH, "TrackEnd finished"])
    await stage.ears.until(lambda: len(stage.ears.packets) == 15 + SILENCE_FRAMES)
    assert [frame.feed for frame in stage.sound] == [0] * 10 + [1] * 5
    assert stage.sound[10].position_ms == 5000


async def test_a_seek_past_the_end_goes_on_with_it(stage: Stage) -> None:
    stage.player.set_voice(stage.voice())
    stage.play("first", length_ms=SHORT)
    stage.follow("second")
    await stage.hears(3)
    stage.player.seek(10_000_000)
    stage.feeds[2].last = 0
    await stage.until(lambda: stage.events == BOTH)
    await stage.hears(3)
    assert follows([frame for frame in stage.sound if frame.feed == 1])


async def test_a_new_next_replaces_the_old_one(stage: Stage) -> None:
    stage.player.set_voice(stage.voice())
    stage.play("first", length_ms=SHORT)
    stage.follow("second")
    stage.follow("third")
    assert stage.feeds[1].closed
    stage.feeds[0].last = 5
    await stage.until(lambda: stage.events == BOTH)
    assert ids(stage) == ["first", "first", "third"]


async def test_what_is_taken_back_does_not_follow(stage: Stage) -> None:
    stage.player.set_voice(stage.voice())
    stage.play("first", length_ms=SHORT)
    stage.follow("second")
    stage.player.follow_nothing()
    stage.feeds[0].last = 5
    await stage.until(lambda: stage.events == ["TrackStart", "TrackEnd finished"])
    assert "next" not in stage.told[-1]
    assert stage.feeds[1].closed
    await stage.ears.until(lambda: len(stage.ears.packets) == 5 + SILENCE_FRAMES)


async def test_where_nothing_plays_nothing_follows(stage: Stage) -> None:
    stage.follow("second")
    assert stage.player.next_track is None
    assert stage.told == []


@pytest.mark.parametrize("how", ["stop", "play", "fail"])
async def test_only_a_track_that_came_to_its_end_is_followed(stage: Stage, how: str) -> None:
    stage.player.set_voice(stage.voice())
    stage.play("first", length_ms=SHORT)
    stage.follow("second")
    await stage.hears(3)
    if how == "stop":
        stage.player.stop()
    elif how == "play":
        stage.play("other")
    else:
        stage.feeds[0].available = stage.feeds[0].taken
        stage.feeds[0].failure = MediaError("It broke.")
        await stage.until(lambda: stage.events[-1] == "TrackEnd finished")
    assert stage.player.next_track is None
    assert stage.feeds[1].closed
    assert "second" not in ids(stage)
    assert all("next" not in one for one in stage.told)


async def test_what_is_played_by_hand_need_not_be_opened_again(stage: Stage) -> None:
    stage.player.set_voice(stage.voice())
    stage.play("first", length_ms=SHORT)
    stage.follow("second")
    await stage.hears(3)
    stage.play("second")
    await stage.hears(3)
    assert len(stage.feeds) == 2
    assert stage.sound[-1].feed == 1
    assert stage.events == ["TrackStart", "TrackEnd replaced", "TrackStart"]


async def test_one_that_begins_elsewhere_is_opened_anew(stage: Stage) -> None:
    stage.play("first", length_ms=SHORT)
    stage.follow("second")
    stage.play("second", position_ms=3000)
    assert [feed.start_ms for feed in stage.feeds] == [0, 0, 3000]
    assert stage.feeds[1].closed


async def test_it_has_the_sound_that_is_set_by_then(stage: Stage) -> None:
    stage.player.set_voice(stage.voice())
    stage.play("first", length_ms=SHORT)
    stage.follow("second")
    stage.player.set_volume(30)
    stage.player.set_filters(Filters(volume=0.5))
    # Both were opened again by each of the two.
    await stage.ears.until(lambda: stage.sound and stage.sound[-1].feed == 4)
    stage.feeds[4].last = stage.feeds[4].taken + 2
    await stage.until(lambda: stage.events == BOTH)
    await stage.ears.until(lambda: stage.sound[-1].feed == 5)
    assert stage.feeds[5].sound.gain == 0.15
    assert stage.whole()


async def test_a_pause_holds_both(stage: Stage) -> None:
    stage.player.set_voice(stage.voice())
    stage.play("first", length_ms=SHORT)
    stage.follow("second")
    await stage.hears(3)
    stage.player.pause(True)
    stage.feeds[0].last = stage.feeds[0].taken
    await stage.ears.until(lambda: stage.ears.packets[-1].silence)
    assert stage.events == ["TrackStart"]
    assert stage.player.next_track is not None
    stage.player.pause(False)
    await stage.until(lambda: stage.events == BOTH)
    await stage.hears(2)
    assert stage.sound[-1].feed == 1


async def test_one_that_cannot_be_played_fails_when_its_turn_comes(stage: Stage) -> None:
    stage.player.set_voice(stage.voice())
    stage.play("first", length_ms=SHORT)
    stage.follow("gone", source=MediaError("Gone."))
    await stage.hears(3)
    assert stage.events == ["TrackStart"]
    stage.feeds[0].last = stage.feeds[0].taken + 2
    await stage.until(lambda: stage.events[-1] == "TrackEnd loadFailed")
    assert stage.events == [*BOTH, "TrackException", "TrackEnd loadFailed"]
    assert ids(stage) == ["first", "first", "gone", "gone", "gone"]
    assert not stage.player.has_track


async def test_one_whose_decoder_failed_fails_when_its_turn_comes(stage: Stage) -> None:
    stage.player.set_voice(stage.voice())
    stage.available = 0
    stage.play("first", length_ms=SHORT)
    stage.feeds[0].available = 1000
    stage.follow("broken")
    stage.feeds[1].failure = MediaError("Not audio.")
    await stage.hears(3)
    assert stage.events == ["TrackStart"]
    stage.feeds[0].last = stage.feeds[0].taken + 2
    await stage.until(lambda: stage.events[-1] == "TrackEnd loadFailed")
    assert stage.events == [*BOTH, "TrackException", "TrackEnd loadFailed"]


async def test_one_that_is_not_ready_is_told_in_time_and_heard_when_it_is(stage: Stage) -> None:
    stage.player.set_voice(stage.voice())
    stage.available = 0
    stage.play("first", length_ms=SHORT)
    stage.feeds[0].available = 1000
    stage.follow("slow")
    stage.feeds[0].last = 3
    await stage.until(lambda: stage.events == BOTH)
    await stage.ears.until(lambda: stage.ears.packets and stage.ears.packets[-1].silence)
    stage.feeds[1].available = 1000
    await stage.hears(3)
    assert stage.sound[-1].feed == 1
    assert stage.whole()


async def test_destroying_forgets_it(stage: Stage) -> None:
    stage.play("first", length_ms=SHORT)
    stage.follow("second")
    await stage.player.destroy()
    assert stage.feeds[1].closed
    assert stage.events == ["TrackStart", "TrackEnd stopped"]
