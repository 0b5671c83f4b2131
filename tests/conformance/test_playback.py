"""What is heard, and the events that tell of it, in their order."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.conformance.client import Client, Seat
from tests.conformance.media import (
    HALF_SECONDS,
    LONG,
    LONG_PITCH,
    LONG_SECONDS,
    OTHER,
    OTHER_PITCH,
    SHORT,
    SHORT_PITCH,
    SHORT_SECONDS,
    Media,
)
from tests.conformance.node import Node

pytestmark = pytest.mark.anyio

STUCK_MS = 10_000
"""Lavalink's `trackStuckThresholdMs`, as it is unless it was set."""

UPDATE_SECONDS = 5

BEFORE_THE_HALF = 1000 * (HALF_SECONDS - 1)


class Stalled:
    """A track that soon stands still, begun before the first test: being stuck takes a while."""

    def __init__(self, client: Client, seat: Seat) -> None:
        self.client = client
        self.seat = seat


@pytest.fixture(scope="module", autouse=True)
async def stalled(
    node: Node, media: Media, new_seat: Callable[[int], Seat]
) -> AsyncIterator[Stalled]:
    async with Client(node) as client:
        seat = new_seat(client.user)
        track = {"encoded": await client.load_renamed(media.url(LONG), "hang.wav")}
        body = {"voice": seat.voice(), "track": track, "position": BEFORE_THE_HALF}
        await client.patch(seat.guild, body)
        yield Stalled(client, seat)


async def play(client: Client, seat: Seat, url: str, **more: object) -> None:
    """Play, and wait until it is heard."""
    await client.patch(seat.guild, {"voice": seat.voice(), "track": {"identifier": url}, **more})
    await seat.heard.until_audible()


# A song


async def test_a_song_is_heard_from_its_start_to_its_end(
    client: Client, media: Media, seat: Seat
) -> None:
    begin = seat.heard.mark()
    voice = seat.voice()
    told = await client.patch(
        seat.guild, {"voice": voice, "track": {"identifier": media.url(SHORT)}}
    )
    assert told["voice"] == voice
    started = await client.event("TrackStartEvent", seat.guild)
    assert started["track"]["info"]["position"] == 0
    await seat.heard.until_pitch(SHORT_PITCH)
    ended = await client.event("TrackEndEvent", seat.guild)
    assert (ended["reason"], ended["track"]["encoded"]) == (
        "finished",
        told["track"]["encoded"],
    )
    await seat.heard.until_silent()
    continuity = seat.heard.continuity(since=begin)
    assert (continuity.lost, continuity.timestamp_jumps) == (0, 0)
    sounding = [packet for packet in seat.heard.window(since=begin) if not packet.silence]
    assert len(sounding) == pytest.approx(SHORT_SECONDS * 50, abs=6)
    # Five frames of silence, so that nobody's decoder makes up what comes next.
    assert [packet.silence for packet in seat.heard.packets[-5:]] == [True] * 5
    player = await client.player(seat.guild)
    assert (player["track"], player["state"]["position"]) == (None, 0)
    assert player["state"]["connected"] is True


async def test_events_come_in_their_order(client: Client, media: Media, seat: Seat) -> None:
    await play(client, seat, media.url(SHORT))
    await client.until_true(lambda: "TrackEndEvent" in client.story(seat.guild))
    story = client.story(seat.guild)
    events = [one for one in story if one != "playerUpdate"]
    assert events == ["TrackStartEvent", "TrackEndEvent"]
    # A connection that is ready before the track begins is told before it.
    first = client.messages[[one.get("guildId") for one in client.messages].index(str(seat.guild))]
    assert first["op"] == "event" or first["state"]["position"] == 0
    await client.event("TrackStartEvent", seat.guild)
    assert client.story(seat.guild)[0] == "playerUpdate"


async def test_a_position_goes_with_the_clock(client: Client, media: Media, seat: Seat) -> None:
    await play(client, seat, media.url(LONG), position=4000)
    state = await client.update(seat.guild, lambda state: state["connected"])
    assert state["ping"] >= -1
    first = (await client.player(seat.guild))["state"]
    assert 4000 <= first["position"] < 9000
    mark = seat.heard.mark()
    await seat.heard.until(lambda: len(seat.heard.window(since=mark)) >= 20)
    second = (await client.player(seat.guild))["state"]
    passed = second["time"] - first["time"]
    assert second["position"] - first["position"] == pytest.approx(passed, abs=250)


async def test_a_position_to_end_at_is_an_end(client: Client, media: Media, seat: Seat) -> None:
    begin = seat.heard.mark()
    await play(client, seat, media.url(LONG), position=2000, endTime=2600)
    ended = await client.event("TrackEndEvent", seat.guild)
    assert ended["reason"] == "finished"
    await seat.heard.until_silent()
    sounding = [packet for packet in seat.heard.window(since=begin) if not packet.silence]
    # Lavalink looks where it is about as often as a frame is made, not heard.
    assert 10 <= len(sounding) <= 60


async def test_a_position_to_end_at_can_be_given_later_and_taken_back(
    client: Client, media: Media, seat: Seat
) -> None:
    await play(client, seat, media.url(LONG), endTime=19_000)
    await client.patch(seat.guild, {"endTime": None})
    await client.patch(seat.guild, {"endTime": 600})
    assert (await client.event("TrackEndEvent", seat.guild))["reason"] == "finished"


async def test_a_position_past_the_end_is_the_end(client: Client, media: Media, seat: Seat) -> None:
    track = {"identifier": media.url(LONG)}
    body = {"voice": seat.voice(), "track": track, "position": LONG_SECONDS * 1000 + 5000}
    await client.patch(seat.guild, body)
    await client.event("TrackStartEvent", seat.guild)
    assert (await client.event("TrackEndEvent", seat.guild))["reason"] == "finished"
    # And so is a seek there.
    await client.patch(seat.guild, {"track": track})
    await client.event("TrackStartEvent", seat.guild)
    await seat.heard.until_audible()
    await client.patch(seat.guild, {"position": 10**9})
    assert (await client.event("TrackEndEvent", seat.guild))["reason"] == "finished"


async def test_a_position_is_where_it_is_heard_from(
    client: Client, media: Media, seat: Seat
) -> None:
    begin = seat.heard.mark()
    seconds = LONG_SECONDS - 1
    await play(client, seat, media.url(LONG), position=seconds * 1000)
    await client.event("TrackEndEvent", seat.guild)
    await seat.heard.until_silent()
    sounding = [packet for packet in seat.heard.window(since=begin) if not packet.silence]
    assert len(sounding) == pytest.approx(50, abs=6)


# While it plays


async def test_a_pause_is_silence_and_going_on_is_heard(
    client: Client, media: Media, seat: Seat
) -> None:
    await play(client, seat, media.url(LONG))
    assert (await client.patch(seat.guild, {"paused": True}))["paused"] is True
    await seat.heard.until_silent()
    mark = seat.heard.mark()
    held = (await client.player(seat.guild))["state"]["position"]
    await asyncio.sleep(0.2)
    assert (await client.player(seat.guild))["state"]["position"] == held
    assert not seat.heard.window(since=mark)
    assert (await client.patch(seat.guild, {"paused": False}))["paused"] is False
    await seat.heard.until_pitch(LONG_PITCH)
    assert "TrackEndEvent" not in client.story(seat.guild)


async def test_a_volume_is_heard(client: Client, media: Media, seat: Seat) -> None:
    await play(client, seat, media.url(LONG))
    await seat.heard.until_pitch(LONG_PITCH)
    loud = seat.heard.level(last=0.3)
    await client.patch(seat.guild, {"volume": 30})
    await seat.heard.until(lambda: seat.heard.level(last=0.2) < loud - 6)
    await client.patch(seat.guild, {"volume": 0})
    await seat.heard.until_silent()
    assert "TrackEndEvent" not in client.story(seat.guild)
    await client.patch(seat.guild, {"volume": 100})
    await seat.heard.until(lambda: abs(seat.heard.level(last=0.2) - loud) < 1.5)


async def test_another_track_takes_over(client: Client, media: Media, seat: Seat) -> None:
    await play(client, seat, media.url(LONG))
    await client.patch(seat.guild, {"track": {"identifier": media.url(OTHER)}})
    await seat.heard.until_pitch(OTHER_PITCH)
    await client.event("TrackStartEvent", seat.guild)
    assert (await client.event("TrackEndEvent", seat.guild))["reason"] == "replaced"
    await client.event("TrackStartEvent", seat.guild)


async def test_a_stop_is_silence(client: Client, media: Media, seat: Seat) -> None:
    await play(client, seat, media.url(LONG))
    await client.patch(seat.guild, {"track": {"encoded": None}})
    assert (await client.event("TrackEndEvent", seat.guild))["reason"] == "stopped"
    await seat.heard.until_silent()
    assert seat.region.connected(seat.guild, seat.user)


async def test_destroying_ends_track_and_connection(
    client: Client, media: Media, seat: Seat
) -> None:
    await play(client, seat, media.url(LONG))
    await client.destroy(seat.guild)
    closed = await client.event("WebSocketClosedEvent", seat.guild)
    assert (closed["code"], closed["byRemote"]) == (1000, False)
    assert isinstance(closed["reason"], str)
    await seat.until_left()
    await seat.heard.until_silent()
    assert (await client.call("GET", client.path(seat.guild)))[0] == 404


# Media that breaks


@pytest.mark.parametrize("path", ["gone.wav", "text.mp3", "tune.flac"])
async def test_what_never_sounds_failed_to_load(
    path: str, client: Client, media: Media, seat: Seat
) -> None:
    songs = {len(name): name for name in (LONG, SHORT)}
    encoded = await client.load_renamed(media.url(songs[len(path)]), path)
    await client.patch(seat.guild, {"voice": seat.voice(), "track": {"encoded": encoded}})
    await client.event("TrackStartEvent", seat.guild)
    failed = await client.event("TrackExceptionEvent", seat.guild)
    exception = failed["exception"]
    assert exception["severity"] in {"common", "suspicious", "fault"}
    assert isinstance(exception["message"], str)
    assert isinstance(exception["cause"], str)
    assert isinstance(exception["causeStackTrace"], str)
    ended = await client.event("TrackEndEvent", seat.guild)
    assert ended["reason"] == "loadFailed"
    assert failed["track"]["encoded"] == ended["track"]["encoded"] == encoded
    assert (await client.player(seat.guild))["track"] is None


async def test_what_breaks_in_its_middle_is_told_and_then_finished(
    client: Client, media: Media, seat: Seat
) -> None:
    encoded = await client.load_renamed(media.url(LONG), "tear.wav")
    body = {"voice": seat.voice(), "track": {"encoded": encoded}, "position": BEFORE_THE_HALF}
    await client.patch(seat.guild, body)
    await seat.heard.until_audible()
    failed = await client.event("TrackExceptionEvent", seat.guild)
    assert failed["exception"]["severity"] in {"common", "suspicious", "fault"}
    assert (await client.event("TrackEndEvent", seat.guild))["reason"] == "finished"


# Voice


async def test_voice_alone_connects(client: Client, seat: Seat) -> None:
    told = await client.patch(seat.guild, {"voice": seat.voice()})
    assert told["track"] is None
    state = await client.update(seat.guild, lambda state: state["connected"])
    assert state["position"] == 0
    assert seat.region.connected(seat.guild, seat.user)
    assert not seat.heard.packets


async def test_a_track_that_waits_is_heard_once_voice_is_there(
    client: Client, media: Media, seat: Seat
) -> None:
    await client.patch(seat.guild, {"track": {"identifier": media.url(SHORT)}})
    await client.event("TrackStartEvent", seat.guild)
    begin = seat.heard.mark()
    await client.patch(seat.guild, {"voice": seat.voice()})
    await client.event("TrackEndEvent", seat.guild)
    sounding = [packet for packet in seat.heard.window(since=begin) if not packet.silence]
    assert len(sounding) == pytest.approx(SHORT_SECONDS * 50, abs=6)


async def test_the_same_voice_again_changes_nothing(
    client: Client, media: Media, seat: Seat
) -> None:
    voice = seat.voice()
    await client.patch(seat.guild, {"voice": voice, "track": {"identifier": media.url(LONG)}})
    await seat.heard.until_audible()
    mark = seat.heard.mark()
    assert (await client.patch(seat.guild, {"voice": voice}))["voice"] == voice
    await seat.heard.until(lambda: len(seat.heard.window(since=mark)) > 20)
    continuity = seat.heard.continuity(since=mark)
    assert (len(continuity.speakers), continuity.lost) == (1, 0)
    assert "WebSocketClosedEvent" not in client.story(seat.guild)


async def test_new_voice_takes_over_while_the_music_goes_on(
    client: Client, media: Media, seat: Seat
) -> None:
    await play(client, seat, media.url(LONG))
    before = (await client.player(seat.guild))["state"]["position"]
    (first,) = {packet.ssrc for packet in seat.heard.packets}
    voice = seat.voice()
    assert (await client.patch(seat.guild, {"voice": voice}))["voice"] == voice
    await seat.heard.until(lambda: seat.heard.packets[-1].ssrc != first)
    await seat.heard.until_pitch(LONG_PITCH)
    after = await client.player(seat.guild)
    assert after["state"]["position"] > before
    assert "TrackEndEvent" not in client.story(seat.guild)
    assert "TrackStartEvent" in client.story(seat.guild)


async def test_a_wrong_token_is_told_by_an_event(client: Client, seat: Seat) -> None:
    voice = {**seat.voice(), "token": "not-it"}
    assert (await client.patch(seat.guild, {"voice": voice}))["voice"] == voice
    closed = await client.event("WebSocketClosedEvent", seat.guild)
    assert (closed["code"], closed["byRemote"]) == (4004, True)


async def test_after_a_kick_the_track_is_still_there(
    client: Client, media: Media, seat: Seat
) -> None:
    await play(client, seat, media.url(LONG))
    seat.region.dismiss(seat.guild, seat.user)
    closed = await client.event("WebSocketClosedEvent", seat.guild)
    assert (closed["code"], closed["byRemote"]) == (4014, True)
    await client.update(seat.guild, lambda state: not state["connected"])
    player = await client.player(seat.guild)
    assert player["track"] is not None
    assert player["state"]["connected"] is False
    # New credentials, and it is heard again.
    await client.patch(seat.guild, {"voice": seat.voice()})
    await seat.heard.until_pitch(LONG_PITCH)
    assert "TrackEndEvent" not in client.story(seat.guild)


async def test_a_voice_server_that_crashes_is_come_back_to(
    client: Client, media: Media, seat: Seat
) -> None:
    await play(client, seat, media.url(LONG))
    seat.region.close(seat.guild, seat.user, 4015)
    mark = seat.heard.mark()
    await seat.heard.until(lambda: seat.region.connected(seat.guild, seat.user))
    await seat.heard.until_audible(since=mark)
    assert "WebSocketClosedEvent" not in client.story(seat.guild)


async def test_a_voice_server_that_is_not_there_holds_up_nothing_else(
    client: Client, media: Media, seat: Seat
) -> None:
    voice = {**seat.voice(), "endpoint": "localhost:1"}
    if client.node.ours:
        await client.patch(seat.guild, {"voice": voice})
    else:
        # Lavalink: hangs, until the player is destroyed.
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await client.patch(seat.guild, {"voice": voice})
    await client.destroy(seat.guild)
    await play(client, seat, media.url(SHORT))


async def test_updates_come_unasked(stalled: Stalled) -> None:
    client, guild = stalled.client, str(stalled.seat.guild)

    def told() -> list[dict[str, Any]]:
        updates = [one for one in client.messages if one["op"] == "playerUpdate"]
        return [one["state"] for one in updates if one["guildId"] == guild]

    # Every five seconds; by then it has played what there was of it.
    await client.until_true(lambda: told()[-1]["position"] > BEFORE_THE_HALF + 500)
    before, last = told()[-2:]
    assert 0 < last["time"] - before["time"] < 1000 * (UPDATE_SECONDS + 2)
    assert last["connected"] is True


async def test_what_stands_still_is_told(stalled: Stalled) -> None:
    """As stuck, which ends nothing, or as broken, by a node whose patience with servers is less."""
    client, guild = stalled.client, stalled.seat.guild
    told = {"TrackStuckEvent", "TrackExceptionEvent"}
    await client.until_true(lambda: told & set(client.story(guild)))
    if "TrackStuckEvent" in client.story(guild):
        stuck = await client.event("TrackStuckEvent", guild)
        assert stuck["thresholdMs"] == STUCK_MS
        assert stuck["track"]["info"]["uri"].endswith("hang.wav")
        assert "TrackEndEvent" not in client.story(guild)
    else:
        await client.event("TrackExceptionEvent", guild)
        assert (await client.event("TrackEndEvent", guild))["reason"] == "finished"
    assert stalled.seat.heard.packets
