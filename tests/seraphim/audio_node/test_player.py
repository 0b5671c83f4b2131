"""What the listeners of one player hear, told by frames that say which source and which 20 ms."""

from collections import defaultdict
from itertools import pairwise
from typing import Any, cast

import pytest

from seraphim.audio_node.filters import Filters
from seraphim.audio_node.media import MediaError
from seraphim.audio_node.player import CLEANUP_MS
from seraphim.audio_node.voice import VoiceCredentials
from seraphim.sandbox.voice import Heard, VoiceServer
from seraphim.voice import FRAME_MS, SILENCE, SILENCE_FRAMES, CloseCode, Speaking
from tests.seraphim.audio_node.stage import CHANNEL, GUILD, STUCK_MS, USER, Stage, follows

pytestmark = pytest.mark.anyio


async def test_a_track_is_heard_from_its_first_frame_to_its_last(stage: Stage) -> None:
    stage.player.set_voice(stage.voice())
    stage.play()
    stage.feeds[0].last = 25
    await stage.until(lambda: stage.events == ["TrackStart", "TrackEnd finished"])
    await stage.ears.until(lambda: len(stage.ears.packets) == 25 + SILENCE_FRAMES)
    assert [frame.position_ms for frame in stage.sound] == [FRAME_MS * n for n in range(25)]
    assert [packet.opus for packet in stage.ears.packets[25:]] == [SILENCE] * SILENCE_FRAMES
    assert stage.whole()
    track = cast("dict[str, Any]", stage.told[-1]["track"])
    assert track["info"]["position"] == 25 * FRAME_MS
    assert track["userData"] == {"id": "song"}


async def test_the_next_track_goes_on_in_the_same_rtp_stream(stage: Stage) -> None:
    stage.player.set_voice(stage.voice())
    stage.play("first")
    stage.feeds[0].last = 5
    await stage.until(lambda: stage.events[-1] == "TrackEnd finished")
    stage.play("second")
    await stage.hears(5)
    assert stage.whole()
    assert len(stage.ears.continuity().speakers) == 1


async def test_pause_ends_in_silence_and_loses_nothing(stage: Stage) -> None:
    stage.player.set_voice(stage.voice())
    stage.play()
    await stage.hears(5)
    stage.player.pause(True)
    await stage.ears.until(
        lambda: (
            [packet.opus for packet in stage.ears.packets[-SILENCE_FRAMES:]]
            == [SILENCE] * SILENCE_FRAMES
        )
    )
    await stage.ears.until(lambda: stage.speaking == Speaking.NONE, what="SPEAKING")
    position, packets = stage.player.position_ms, len(stage.ears.packets)
    assert position == FRAME_MS * len(stage.sound)
    stage.player.pause(False)
    await stage.hears(5)
    assert stage.speaking == Speaking.MICROPHONE
    assert follows(stage.sound)
    # The pause itself sent nothing but the silence that ends sound.
    assert not stage.ears.packets[packets].silence
    assert stage.whole()


async def test_a_track_can_begin_paused(stage: Stage) -> None:
    stage.player.set_voice(stage.voice())
    stage.play(paused=True)
    await stage.until(lambda: stage.updates and stage.updates[-1]["connected"])
    assert stage.player.paused
    assert not stage.player.is_playing
    stage.player.pause(False)
    await stage.hears(2)
    assert stage.sound[0].position_ms == 0


async def test_the_old_place_is_heard_until_a_seek_has_a_frame(stage: Stage) -> None:
    stage.player.set_voice(stage.voice())
    stage.play()
    await stage.hears(5)
    stage.available = 0
    stage.player.seek(30_000)
    assert stage.player.position_ms == 30_000
    await stage.hears(5)
    assert follows(stage.sound)
    # Too late for the frame that it was to go on from: it is asked for once more.
    stage.available = 1_000
    stage.feeds[1].available = 1_000
    await stage.ears.until(lambda: stage.sound[-1].feed == 2)
    before = [frame for frame in stage.sound if frame.feed == 0]
    after = [frame for frame in stage.sound if frame.feed == 2]
    assert follows(before)
    assert after[0].position_ms == 30_000
    assert stage.feeds[0].closed
    assert stage.feeds[1].closed
    assert stage.whole()


async def test_a_seek_while_paused_is_where_it_goes_on(stage: Stage) -> None:
    stage.player.set_voice(stage.voice())
    stage.play()
    await stage.hears(5)
    stage.player.pause(True)
    stage.player.seek(10_000)
    stage.player.pause(False)
    await stage.ears.until(lambda: stage.sound[-1].feed == 1)
    assert next(frame for frame in stage.sound if frame.feed == 1).position_ms == 10_000


async def test_a_position_past_the_end_ends_the_track(stage: Stage) -> None:
    stage.player.set_voice(stage.voice())
    stage.play()
    await stage.hears(3)
    stage.player.seek(10_000_000)
    stage.feeds[1].last = 0
    await stage.until(lambda: stage.events[-1] == "TrackEnd finished")


async def test_the_volume_changes_without_a_frame_lost_or_heard_twice(stage: Stage) -> None:
    stage.player.set_voice(stage.voice())
    stage.play()
    await stage.hears(5)
    stage.available = 0
    stage.player.set_volume(50)
    # The decoder takes its time, the old sound goes on, and then there is plenty at once.
    await stage.hears(8)
    stage.available = 1_000
    stage.feeds[1].available = 4
    await stage.ears.until(lambda: stage.sound[-1].feed == 2)
    await stage.hears(3)
    assert stage.feeds[2].sound.volume == 50
    assert follows(stage.sound)
    assert stage.whole()


async def test_a_feed_that_dies_while_the_volume_changes_is_not_missed(stage: Stage) -> None:
    stage.player.set_voice(stage.voice())
    stage.play()
    await stage.hears(3)
    stage.available = 0
    stage.player.set_volume(50)
    await stage.hears(3)
    stage.feeds[0].available = stage.feeds[0].taken
    stage.feeds[0].failure = MediaError("The decoder died.")
    stage.feeds[1].available = 1_000
    await stage.ears.until(lambda: stage.sound[-1].feed == 1)
    assert follows(stage.sound)
    assert stage.events == ["TrackStart"]


async def test_a_track_that_ends_while_the_volume_changes_has_ended(stage: Stage) -> None:
    stage.player.set_voice(stage.voice())
    stage.play()
    stage.feeds[0].last = 6
    await stage.hears(3)
    stage.available = 0
    stage.player.set_volume(50)
    await stage.until(lambda: stage.events[-1] == "TrackEnd finished")
    assert len(stage.sound) <= 6


async def test_the_volume_filter_multiplies_the_volume(stage: Stage) -> None:
    stage.player.set_volume(50)
    stage.player.set_filters(Filters(volume=0.5))
    stage.play()
    assert stage.feeds[0].sound.gain == 0.25


@pytest.mark.parametrize(("asked", "taken"), [(-5, 0), (2000, 1000)])
async def test_a_volume_out_of_range_is_the_nearest_in_it(
    asked: int, taken: int, stage: Stage
) -> None:
    stage.player.set_volume(asked)
    stage.play()
    assert (stage.player.volume, stage.feeds[0].sound.volume) == (taken, taken)


async def test_a_seek_under_way_keeps_its_place_when_the_volume_changes(stage: Stage) -> None:
    stage.player.set_voice(stage.voice())
    stage.play()
    await stage.hears(3)
    stage.available = 0
    stage.player.seek(20_000)
    stage.player.set_volume(10)
    stage.feeds[2].available = 1_000
    await stage.ears.until(lambda: stage.sound[-1].feed == 2)
    assert next(frame for frame in stage.sound if frame.feed == 2).position_ms == 20_000
    assert stage.feeds[1].closed


async def test_end_time_ends_the_track_as_finished(stage: Stage) -> None:
    stage.player.set_voice(stage.voice())
    stage.play(end_ms=100)
    await stage.until(lambda: stage.events == ["TrackStart", "TrackEnd finished"])
    await stage.ears.until(lambda: len(stage.ears.packets) == 5 + SILENCE_FRAMES)
    assert len(stage.sound) == 5


async def test_a_new_track_replaces_the_old_and_says_so_in_order(stage: Stage) -> None:
    stage.play("first")
    stage.play("second")
    stage.player.stop()
    assert stage.events == [
        "TrackStart",
        "TrackEnd replaced",
        "TrackStart",
        "TrackEnd stopped",
    ]
    assert stage.player.track is None
    assert stage.player.position_ms == 0


async def test_a_track_that_never_sounded_fails_to_load(stage: Stage) -> None:
    stage.player.set_voice(stage.voice())
    stage.available = 0
    stage.play()
    stage.feeds[0].failure = MediaError("Not found.", "suspicious", "status 404")
    await stage.until(lambda: stage.events[-1] == "TrackEnd loadFailed")
    assert stage.events == ["TrackStart", "TrackException", "TrackEnd loadFailed"]
    assert stage.told[1]["exception"] == {
        "message": "Not found.",
        "severity": "suspicious",
        "cause": "status 404",
        "causeStackTrace": "status 404",
    }


async def test_a_track_without_a_source_fails_in_the_same_way(stage: Stage) -> None:
    stage.play(source=MediaError("Gone."))
    assert stage.events == ["TrackStart", "TrackException", "TrackEnd loadFailed"]
    assert stage.player.track is None


async def test_a_track_that_dies_in_the_middle_is_finished(stage: Stage) -> None:
    stage.player.set_voice(stage.voice())
    stage.available = 5
    stage.play()
    stage.feeds[0].failure = MediaError("The connection broke.")
    await stage.until(lambda: stage.events[-1] == "TrackEnd finished")
    assert stage.events == ["TrackStart", "TrackException", "TrackEnd finished"]
    assert len(stage.sound) == 5


async def test_a_failure_is_told_without_a_voice_connection_too(stage: Stage) -> None:
    stage.available = 0
    stage.play()
    stage.feeds[0].failure = MediaError("Not audio.")
    await stage.until(lambda: stage.events[-1] == "TrackEnd loadFailed")


async def test_a_track_that_stands_still_is_told_once_and_goes_on_when_it_can(
    stage: Stage,
) -> None:
    stage.player.set_voice(stage.voice())
    stage.available = 5
    stage.play()
    await stage.until(lambda: "TrackStuck" in stage.events)
    assert stage.told[-1]["thresholdMs"] == STUCK_MS
    # Standing still sounds like silence, and is no progress.
    assert stage.player.position_ms == 100
    assert [packet.silence for packet in stage.ears.packets[-SILENCE_FRAMES:]] == [True] * 5
    stage.feeds[0].available = 10
    await stage.hears(5)
    await stage.until(lambda: stage.events.count("TrackStuck") == 2)
    assert follows(stage.sound)
    assert stage.events == ["TrackStart", "TrackStuck", "TrackStuck"]


async def test_without_voice_a_track_waits_at_its_beginning_and_is_cleaned_up(
    stage: Stage,
) -> None:
    stage.play()
    for _ in range(CLEANUP_MS // FRAME_MS - 1):
        assert stage.player.tick()
    assert stage.player.position_ms == 0
    assert stage.player.has_track
    stage.player.tick()
    assert stage.events == ["TrackStart", "TrackEnd cleanup"]


async def test_a_close_is_told_and_the_track_plays_on(stage: Stage) -> None:
    stage.player.set_voice(stage.voice())
    stage.play()
    await stage.hears(3)
    stage.region.dismiss(GUILD, USER)
    await stage.until(lambda: stage.events[-1] == "WebSocketClosed Disconnected.")
    assert (stage.told[-1]["code"], stage.told[-1]["byRemote"]) == (4014, True)
    assert (stage.updates[-1]["connected"], stage.updates[-1]["ping"]) == (False, -1)
    position = stage.player.position_ms
    await stage.ears.until(lambda: stage.player.position_ms >= position + 100)
    stage.player.set_voice(stage.voice())
    await stage.hears(3)
    assert stage.events.count("WebSocketClosed Disconnected.") == 1


@pytest.mark.parametrize("code", [4006, 4009, 4014])
async def test_after_a_close_the_position_counts_on_until_there_is_voice_again(
    code: int, stage: Stage
) -> None:
    stage.player.set_voice(stage.voice())
    stage.play()
    await stage.hears(3)
    stage.region.dismiss(GUILD, USER, code)
    await stage.until(lambda: stage.events[-1].startswith("WebSocketClosed"))
    heard = stage.sound[-1].position_ms
    assert stage.updates[-1]["connected"] is False
    await stage.ears.until(lambda: stage.player.position_ms >= heard + 200)
    # As after a gateway session that was refused: another session, another token.
    stage.player.set_voice(stage.voice("s2"))
    await stage.hears(3)
    first = next(frame for frame in stage.sound if frame.position_ms > heard)
    assert first.position_ms >= heard + 200
    assert stage.updates[-1]["connected"] is True
    assert [event for event in stage.events if event.startswith("Track")] == ["TrackStart"]


@pytest.mark.parametrize("code", [CloseCode.SERVER_CRASHED, CloseCode.GOING_AWAY])
async def test_a_voice_session_that_is_resumed_is_told_by_updates_and_not_heard(
    code: CloseCode, stage: Stage
) -> None:
    stage.player.set_voice(stage.voice())
    stage.play()
    await stage.hears(3)
    stage.updates.clear()
    stage.region.close(GUILD, USER, code)
    await stage.until(lambda: len(stage.updates) == 2)
    await stage.hears(3)
    assert [update["connected"] for update in stage.updates] == [False, True]
    assert stage.events == ["TrackStart"]
    assert stage.whole()
    assert follows(stage.sound)
    assert len(stage.ears.continuity().speakers) == 1


async def test_the_same_voice_again_changes_nothing(stage: Stage) -> None:
    stage.player.set_voice(stage.voice())
    stage.play()
    await stage.hears(3)
    stage.player.set_voice(stage.voice())
    await stage.hears(10)
    assert len(stage.ears.continuity().speakers) == 1
    assert "WebSocketClosed" not in " ".join(stage.events)


async def test_new_credentials_take_over_while_the_music_goes_on(
    stage: Stage, authority: Any, heard: defaultdict[int, Heard]
) -> None:
    stage.player.set_voice(stage.voice())
    stage.play()
    await stage.hears(3)
    async with VoiceServer(authority, heard.__getitem__) as elsewhere:
        stage.player.set_voice(stage.voice("s2", elsewhere))
        await stage.ears.until(lambda: len(stage.ears.continuity().speakers) == 2)
        await stage.hears(5)
        # The old connection sent until the new one could.
        assert follows(stage.sound)
        assert stage.events == ["TrackStart"]
        assert stage.player.credentials is not None
        assert stage.player.credentials.session_id == "s2"
        await stage.player.destroy()


async def test_a_new_session_at_the_same_server_is_not_told_as_a_close(stage: Stage) -> None:
    stage.player.set_voice(stage.voice())
    stage.play()
    await stage.hears(3)
    # The server closes the first with 4006 when the second identifies.
    stage.player.set_voice(stage.voice("s2"))
    await stage.ears.until(lambda: len(stage.ears.continuity().speakers) == 2)
    await stage.hears(5)
    assert stage.events == ["TrackStart"]
    assert stage.player.state["connected"] is True
    # What was on its way to the session that ended is all that nobody heard.
    steps = [b.position_ms - a.position_ms for a, b in pairwise(stage.sound)]
    assert sum(steps) // FRAME_MS - len(steps) <= 2


async def test_an_unreachable_voice_server_is_told_and_the_track_waits(stage: Stage) -> None:
    stage.player.set_voice(VoiceCredentials(CHANNEL, "localhost:1", "s", "t"))
    stage.play()
    await stage.until(lambda: stage.events[-1].startswith("WebSocketClosed"))
    assert (stage.told[-1]["code"], stage.told[-1]["byRemote"]) == (1006, False)
    assert stage.player.position_ms == 0
    # The same again tries again.
    stage.player.set_voice(VoiceCredentials(CHANNEL, "localhost:1", "s", "t"))
    await stage.until(
        lambda: [one["type"] for one in stage.told].count("WebSocketClosedEvent") == 2
    )
    stage.player.set_voice(stage.voice())
    await stage.hears(3)


async def test_destroying_ends_track_and_connection_and_says_so(stage: Stage) -> None:
    stage.player.set_voice(stage.voice())
    stage.play()
    await stage.hears(3)
    await stage.player.destroy()
    assert stage.events == ["TrackStart", "TrackEnd stopped", "WebSocketClosed"]
    assert (stage.told[-1]["code"], stage.told[-1]["byRemote"]) == (1000, False)
    assert (stage.updates[-1]["connected"], stage.updates[-1]["ping"]) == (False, -1)
    assert not stage.region.connected(GUILD, USER)


async def test_a_player_whose_feed_is_broken_ends_its_track_and_not_the_pacer(
    stage: Stage,
) -> None:
    stage.player.set_voice(stage.voice())
    stage.play("broken")
    stage.feeds[0].take = cast("Any", None)
    await stage.until(lambda: stage.events[-1] == "TrackEnd loadFailed")
    stage.play("sound")
    await stage.hears(3)


async def test_what_a_station_says_is_told_when_it_is_heard(stage: Stage) -> None:
    stage.player.set_voice(stage.voice())
    stage.play(stream=True, length_ms=None)
    await stage.hears(3)
    assert "streamTitle" not in stage.player.state
    stage.feeds[0].title = "Aurora - Runaway"
    await stage.until(lambda: stage.updates[-1].get("streamTitle") == "Aurora - Runaway")
    told = len(stage.updates)
    await stage.hears(5)
    assert len(stage.updates) == told
    stage.feeds[0].title = None
    await stage.until(lambda: "streamTitle" not in stage.updates[-1])
    stage.feeds[0].title = "Next"
    await stage.until(lambda: stage.updates[-1].get("streamTitle") == "Next")
    stage.play("song")
    await stage.until(lambda: "streamTitle" not in stage.updates[-1])
