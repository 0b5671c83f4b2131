"""A player's state, as it is asked for and told, without anybody who listens."""

import asyncio
import time
from typing import Any

import pytest

from tests.conformance.client import Client, new_guild
from tests.conformance.media import LONG, LONG_SECONDS, OTHER, SHORT, Media

pytestmark = pytest.mark.anyio


async def test_a_player_is_made_by_its_first_patch(client: Client) -> None:
    guild = new_guild()
    told = await client.patch(guild, {})
    state = told.pop("state")
    assert told == {
        "guildId": str(guild),
        "track": None,
        "volume": 100,
        "paused": False,
        "voice": {"token": "", "endpoint": "", "sessionId": "", "channelId": None},
        "filters": {},
    }
    assert (state["position"], state["connected"], state["ping"]) == (0, False, -1)
    assert abs(state["time"] - time.time() * 1000) < 60_000


async def test_players_are_listed_until_they_are_destroyed(client: Client) -> None:
    first, second = new_guild(), new_guild()
    await client.patch(first, {"volume": 1})
    await client.patch(second, {"volume": 2})
    status, listed = await client.call("GET", client.path())
    assert status == 200
    assert {one["guildId"]: one["volume"] for one in listed} == {str(first): 1, str(second): 2}
    await client.destroy(first)
    status, listed = await client.call("GET", client.path())
    assert [one["guildId"] for one in listed] == [str(second)]
    assert (await client.call("GET", client.path(first)))[0] == 404
    # A PATCH to one that is gone makes it anew.
    assert (await client.patch(first, {}))["volume"] == 100


async def test_what_is_told_is_asked_for(client: Client) -> None:
    guild = new_guild()
    told = await client.patch(guild, {"volume": 42, "paused": True})
    assert (told["volume"], told["paused"]) == (42, True)
    asked = await client.player(guild)
    assert (asked["volume"], asked["paused"]) == (42, True)
    # What a PATCH leaves out stays as it is.
    told = await client.patch(guild, {"paused": False})
    assert (told["volume"], told["paused"]) == (42, False)


@pytest.mark.parametrize("volume", [0, 1, 100, 150, 1000])
async def test_a_volume_is_taken_as_it_is(volume: int, client: Client) -> None:
    assert (await client.patch(new_guild(), {"volume": volume}))["volume"] == volume


@pytest.mark.parametrize("volume", [-5, 2000, 2**31 - 1])
async def test_a_volume_out_of_range_is_no_mistake(volume: int, client: Client) -> None:
    told = (await client.patch(new_guild(), {"volume": volume}))["volume"]
    # Lavalink tells the number again, or the nearest that it plays; ours the nearest.
    assert told in {volume, min(max(volume, 0), 1000)}


FILTERS: list[dict[str, Any]] = [
    {"volume": 0.5},
    {"equalizer": [{"band": 0, "gain": 0.25}, {"band": 14, "gain": -0.25}]},
    {"karaoke": {"level": 0.5, "monoLevel": 0.5, "filterBand": 200.0, "filterWidth": 80.0}},
    {"timescale": {"speed": 1.5, "pitch": 1.25, "rate": 1.0}},
    {"tremolo": {"frequency": 4.0, "depth": 0.5}},
    {"vibrato": {"frequency": 4.0, "depth": 0.5}},
    {"rotation": {"rotationHz": 0.25}},
    {
        "distortion": {
            "sinOffset": 0.0,
            "sinScale": 1.0,
            "cosOffset": 0.0,
            "cosScale": 1.0,
            "tanOffset": 0.0,
            "tanScale": 1.0,
            "offset": 0.0,
            "scale": 1.0,
        }
    },
    {
        "channelMix": {
            "leftToLeft": 1.0,
            "leftToRight": 0.5,
            "rightToLeft": 0.5,
            "rightToRight": 1.0,
        }
    },
    {"lowPass": {"smoothing": 20.0}},
    {"volume": 0.5, "lowPass": {"smoothing": 20.0}, "tremolo": {"frequency": 4.0, "depth": 0.5}},
]


@pytest.mark.parametrize("filters", FILTERS, ids=lambda filters: "+".join(filters))
async def test_filters_are_told_again(filters: dict[str, Any], client: Client) -> None:
    guild = new_guild()
    told = (await client.patch(guild, {"filters": filters}))["filters"]
    assert {name: told[name] for name in filters} == filters
    assert (await client.player(guild))["filters"] == told
    # The next ones replace all of them.
    assert (await client.patch(guild, {"filters": {}}))["filters"] == {}


async def test_what_nobody_knows_is_ignored(client: Client) -> None:
    body = {"volume": 30, "sparkle": 7, "track": {"glitter": True}}
    told = await client.patch(new_guild(), body)
    assert (told["volume"], told["track"]) == (30, None)


# Tracks that nobody hears: they begin, and stay where they began


async def test_a_track_without_voice_starts_and_stands_still(client: Client, media: Media) -> None:
    guild = new_guild()
    track = await client.load(media.url(LONG))
    told = await client.patch(guild, {"track": {"encoded": track["encoded"]}})
    assert told["track"]["encoded"] == track["encoded"]
    assert told["track"]["info"] == track["info"]
    started = await client.event("TrackStartEvent", guild)
    assert started["track"] == told["track"]
    state = await client.update(guild)
    assert (state["position"], state["connected"], state["ping"]) == (0, False, -1)
    await asyncio.sleep(0.1)
    assert (await client.player(guild))["state"]["position"] == 0


async def test_a_track_begins_before_its_first_update(client: Client, media: Media) -> None:
    guild = new_guild()
    await client.patch(guild, {"track": {"identifier": media.url(LONG)}, "position": 3000})
    await client.until_true(lambda: "playerUpdate" in client.story(guild))
    assert client.story(guild)[:2] == ["TrackStartEvent", "playerUpdate"]
    assert (await client.update(guild))["position"] == 3000


async def test_an_identifier_is_played_as_well_as_what_is_encoded(
    client: Client, media: Media
) -> None:
    guild = new_guild()
    url = media.url(LONG)
    told = await client.patch(guild, {"track": {"identifier": url}})
    assert told["track"]["info"]["uri"] == url
    # As it was asked for before v4.
    for body in ({"encodedTrack": told["track"]["encoded"]}, {"identifier": url}):
        again = await client.patch(guild, body)
        assert again["track"]["encoded"] == told["track"]["encoded"]
        assert (await client.event("TrackEndEvent", guild))["reason"] == "replaced"
        await client.event("TrackStartEvent", guild)


async def test_user_data_is_kept_with_the_track(client: Client, media: Media) -> None:
    guild = new_guild()
    data = {"who": "Ada", "list": [1, 2.5, None, True, {"ß": "☃ 𝄞"}], "": ""}
    told = await client.patch(
        guild, {"track": {"identifier": media.url(LONG), "userData": data}, "paused": True}
    )
    assert told["track"]["userData"] == data
    assert (await client.event("TrackStartEvent", guild))["track"]["userData"] == data
    told = await client.patch(guild, {"track": {"userData": {"b": 2}}})
    assert told["track"]["userData"] == {"b": 2}
    await client.patch(guild, {"track": {"encoded": None}})
    assert (await client.event("TrackEndEvent", guild))["track"]["userData"] == {"b": 2}
    # It belonged to that track.
    told = await client.patch(guild, {"track": {"identifier": media.url(SHORT)}})
    assert told["track"]["userData"] == {}


async def test_no_replace_leaves_a_track_in_peace(client: Client, media: Media) -> None:
    guild = new_guild()
    first = (await client.load(media.url(LONG)))["encoded"]
    second = (await client.load(media.url(OTHER)))["encoded"]
    # Nothing is playing yet: it is played.
    told = await client.patch(guild, {"track": {"encoded": first}}, noReplace="true")
    assert told["track"]["encoded"] == first
    await client.event("TrackStartEvent", guild)
    for track in ({"encoded": second}, {"encoded": None}):
        body = {"track": track, "volume": 7, "position": 1000, "paused": True}
        told = await client.patch(guild, body, noReplace="true")
        # What does not concern a new track is carried out.
        assert (told["track"]["encoded"], told["volume"]) == (first, 7)
        assert (told["paused"], told["state"]["position"]) == (False, 0)
    assert "TrackEndEvent" not in client.story(guild)
    told = await client.patch(guild, {"track": {"encoded": second}}, noReplace="false")
    assert told["track"]["encoded"] == second


async def test_replacing_ends_the_first_and_then_starts_the_second(
    client: Client, media: Media
) -> None:
    guild = new_guild()
    first = await client.patch(guild, {"track": {"identifier": media.url(LONG)}})
    second = await client.patch(guild, {"track": {"identifier": media.url(OTHER)}})
    await client.event("TrackStartEvent", guild)
    ended = await client.event("TrackEndEvent", guild)
    assert ended["reason"] == "replaced"
    assert ended["track"]["encoded"] == first["track"]["encoded"]
    started = await client.event("TrackStartEvent", guild)
    assert started["track"]["encoded"] == second["track"]["encoded"]


async def test_stopping_ends_the_track_once(client: Client, media: Media) -> None:
    guild = new_guild()
    await client.patch(guild, {"track": {"identifier": media.url(LONG)}})
    for _ in range(2):
        assert (await client.patch(guild, {"track": {"encoded": None}}))["track"] is None
    assert (await client.event("TrackEndEvent", guild))["reason"] == "stopped"
    await client.patch(guild, {"track": {"identifier": media.url(LONG)}})
    await client.until_true(lambda: "TrackStartEvent" in client.story(guild))
    assert "TrackEndEvent" not in client.story(guild)


async def test_a_new_track_is_not_paused_unless_it_is_asked_for(
    client: Client, media: Media
) -> None:
    guild = new_guild()
    track = {"identifier": media.url(LONG)}
    await client.patch(guild, {"paused": True})
    assert (await client.patch(guild, {"track": track}))["paused"] is False
    assert (await client.patch(guild, {"track": track, "paused": True}))["paused"] is True
    assert (await client.patch(guild, {"track": {"encoded": None}}))["paused"] is False


async def test_a_seek_is_told_at_once(client: Client, media: Media) -> None:
    guild = new_guild()
    await client.patch(guild, {"track": {"identifier": media.url(LONG)}, "paused": True})
    await client.update(guild)
    for position, told in ((5000, 5000), (0, 0), (-7, 0)):
        answer = await client.patch(guild, {"position": position})
        assert answer["state"]["position"] == told
        await client.update(guild, lambda state, told=told: state["position"] == told)


async def test_a_seek_without_a_track_is_no_mistake(client: Client) -> None:
    told = await client.patch(new_guild(), {"position": 1000, "endTime": 5000})
    assert (told["state"]["position"], told["track"]) == (0, None)


async def test_a_track_s_position_is_told_with_it(client: Client, media: Media) -> None:
    guild = new_guild()
    body = {"track": {"identifier": media.url(LONG)}, "position": 4000, "paused": True}
    told = await client.patch(guild, body)
    assert told["track"]["info"]["position"] == 4000
    assert told["track"]["info"]["length"] == LONG_SECONDS * 1000
    assert (await client.player(guild))["track"]["info"]["position"] == 4000


async def test_two_at_once_begin_one_after_the_other(client: Client, media: Media) -> None:
    guild = new_guild()
    urls = [media.url(LONG), media.url(OTHER)] * 3
    bodies = [{"track": {"identifier": url, "userData": {"n": n}}} for n, url in enumerate(urls)]
    await asyncio.gather(*(client.patch(guild, body) for body in bodies))
    current = None
    for _ in bodies:
        if current is not None:
            ended = await client.event("TrackEndEvent", guild)
            assert (ended["reason"], ended["track"]["userData"]) == ("replaced", current)
        current = (await client.event("TrackStartEvent", guild))["track"]["userData"]
    assert (await client.player(guild))["track"]["userData"] == current
