"""What a server chooses and what people keep: settings, DJs, favourites, stations, files."""

import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from actors.guild.player.messages import NowPlaying, Play, Queued, SettingsChanged, Show
from actors.guild.settings import MOST_STATIONS, Announcing, GuildSettings, Station
from actors.runtime.testing import settle
from seraphim.discord.controls.button import Button, Verb
from seraphim.discord.transfer import FORMAT, LARGEST_FILE, MOST_TRACKS, exported, queries
from seraphim.sandbox import Answer, Guild, Member, Upload
from seraphim.sandbox.permissions import Permission
from tests.seraphim.discord.house import House, Script, entry, playing, track, view

pytestmark = pytest.mark.anyio


@pytest.fixture
async def script(house: House, guild: Guild, ada: Member) -> Script:
    """The guild's player, with Ada in its voice channel."""
    await ada.join(guild.voice)
    return house.script(guild)


@pytest.fixture
def grace(guild: Guild) -> Member:
    """Who manages the server."""
    return guild.member("Grace", permissions=Permission.MANAGE_GUILD)


def code(answer: Answer) -> str:
    return answer.embeds[0].get("footer", {}).get("text", "")


def text(answer: Answer) -> str:
    return answer.embeds[0].get("description", "")


def plays(house: House, guild: Guild, now: NowPlaying) -> NowPlaying:
    house.board.put(view(guild.id, now))
    return now


# --- settings ---


async def test_settings_are_shown_to_who_manages_the_server_alone(
    house: House, guild: Guild, grace: Member
) -> None:
    answer = await grace.command("settings")
    assert answer.message is not None
    assert answer.message.visible_to == grace.id
    assert "Highest volume: 100%" in text(answer)
    assert "DJ role: none" in text(answer)
    assert "library, youtube" in text(answer)


async def test_what_is_chosen_is_written_shown_and_told(
    house: House, script: Script, guild: Guild, grace: Member
) -> None:
    await house.wake(guild)
    role = guild.role("Singers")
    answer = await grace.command(
        "settings",
        dj_role=role,
        maximum_volume=80,
        announce="never",
        allowed_channels=f"<#{guild.text.id}>",
        sources="deezer, library",
        fair=True,
        language="de",
    )
    chosen = GuildSettings(
        dj_role=role.id,
        maximum_volume=80,
        announce=Announcing.NEVER,
        allowed_channels=(guild.text.id,),
        sources=("deezer", "library"),
        fair=True,
        language="de",
    )
    assert house.memory.chosen == {guild.id: chosen}
    assert house.board.settings(guild.id) == chosen
    await settle()
    assert script.got(SettingsChanged) == [SettingsChanged(chosen)]
    assert "Highest volume: **80%**, from now on" in text(answer)


async def test_a_setting_is_put_back_by_name(house: House, guild: Guild, grace: Member) -> None:
    await grace.command("settings", fair=True, longest_queue=10, language="de")
    await grace.command("settings", reset="longest_queue")
    await grace.command("settings", language="server")
    assert house.board.settings(guild.id) == GuildSettings(fair=True)


async def test_choosing_one_thing_leaves_the_others(
    house: House, guild: Guild, grace: Member
) -> None:
    await grace.command("settings", fair=True)
    await grace.command("settings", stay=True)
    await grace.command("settings", fair=False)
    assert house.board.settings(guild.id) == GuildSettings(stay=True)


@pytest.mark.parametrize(
    "option",
    [
        {"allowed_channels": "here and there"},
        {"allowed_channels": "<#1> and @everyone"},
        {"sources": "napster"},
        {"sources": ","},
    ],
)
async def test_what_cannot_be_understood_changes_nothing(
    house: House, guild: Guild, grace: Member, option: dict[str, str]
) -> None:
    answer = await grace.command("settings", fair=True, **option)
    assert code(answer) == "VAL-006"
    assert house.memory.chosen == {}


async def test_what_cannot_be_written_is_said_and_does_not_hold(
    house: House, guild: Guild, grace: Member
) -> None:
    house.memory.away = "disk full"
    answer = await grace.command("settings", fair=True)
    assert code(answer) == "SYS-002"
    assert "Nothing was changed" in text(answer)
    assert "disk" not in str(answer.embeds)
    assert house.board.settings(guild.id) == GuildSettings()


async def test_who_may_not_manage_the_server_is_refused_whatever_discord_lets_through(
    house: House, guild: Guild, ada: Member
) -> None:
    for data in (
        {"name": "settings", "options": [{"name": "fair", "type": 5, "value": True}]},
        {
            "name": "dj",
            "options": [
                {
                    "name": "add",
                    "type": 1,
                    "options": [{"name": "member", "type": 6, "value": str(ada.id)}],
                }
            ],
        },
    ):
        answer = await ada.forge_command({"id": "1", "type": 1, **data})
        assert code(answer) in {"PERM-003", "VAL-006"}
    assert house.memory.chosen == {}


async def test_a_dj_is_made_and_unmade(
    house: House, guild: Guild, grace: Member, ada: Member
) -> None:
    assert "is a DJ now" in text(await grace.command("dj add", member=ada))
    assert house.board.settings(guild.id).djs == (ada.id,)
    assert "already" in text(await grace.command("dj add", member=ada))
    assert house.board.settings(guild.id).djs == (ada.id,)
    assert "no DJ any more" in text(await grace.command("dj remove", member=ada))
    assert "was no DJ" in text(await grace.command("dj remove", member=ada))
    assert house.board.settings(guild.id) == GuildSettings()


# --- favourites ---


async def test_what_plays_becomes_a_favourite_once(
    house: House, script: Script, guild: Guild, ada: Member
) -> None:
    plays(house, guild, playing("Aurora"))
    answer = await ada.command("favourite add")
    assert "Aurora" in text(answer)
    assert answer.message is not None
    assert answer.message.visible_to == ada.id
    assert "already" in text(await ada.command("favourite add"))
    assert house.memory.favoured == {ada.id: [track("Aurora")]}


async def test_where_nothing_plays_there_is_nothing_to_keep(
    house: House, script: Script, ada: Member
) -> None:
    assert code(await ada.command("favourite add")) == "PLAY-001"


async def test_favourites_are_listed_page_by_page(
    house: House, script: Script, ada: Member
) -> None:
    assert "none yet" in text(await ada.command("favourite list"))
    house.memory.favoured[ada.id] = [track(f"Song {number}") for number in range(23)]
    assert "Song 0" in text(await ada.command("favourite list"))
    answer = await ada.command("favourite list", page=3)
    assert "`21.`" in text(answer)
    assert "Page 3 of 3" in code(answer)
    assert code(await ada.command("favourite list", page=4)) == "VAL-007"


async def test_all_favourites_are_played_or_the_one_that_was_offered(
    house: House, script: Script, ada: Member
) -> None:
    songs = [track("Aurora"), track("Ember"), track("Halo")]
    house.memory.favoured[ada.id] = list(songs)
    script.replies[Play] = Queued((entry("Aurora"),), 0)
    await ada.command("favourite play")
    choices = await ada.autocomplete("favourite play", track="emb")
    assert [choice.name.partition(" ·")[0] for choice in choices] == ["Ember"]
    await ada.command("favourite play", track=choices[0].value)
    await ada.command("favourite play", track="halo")
    assert [asked.tracks for asked in script.got(Play)] == [
        tuple(songs),
        (track("Ember"),),
        (track("Halo"),),
    ]
    assert code(await ada.command("favourite play", track="nowhere")) == "PLAY-003"


async def test_a_favourite_is_forgotten(house: House, script: Script, ada: Member) -> None:
    house.memory.favoured[ada.id] = [track("Aurora"), track("Ember")]
    assert "Ember" in text(await ada.command("favourite remove", track="ember"))
    assert house.memory.favoured[ada.id] == [track("Aurora")]
    assert code(await ada.command("favourite remove", track="ember")) == "PLAY-003"


async def test_favourites_that_cannot_be_read_are_not_taken_for_none(
    house: House, script: Script, ada: Member
) -> None:
    house.memory.favoured[ada.id] = [track("Aurora")]
    house.memory.away = "gone"
    for command in ("favourite list", "favourite play"):
        assert code(await ada.command(command)) == "SYS-002"
    assert await ada.autocomplete("favourite play", track="a") == []
    assert script.got(Play) == []


async def test_the_panels_button_keeps_the_track_that_it_shows(
    house: House, script: Script, guild: Guild, ada: Member
) -> None:
    script.replies[Play] = Queued((entry(),), 0)
    now = plays(house, guild, playing("Aurora"))
    message = await panel_of(house, guild)
    answer = await ada.press(message, Button(now.play, Verb.FAVOURITE).custom_id)
    assert "Aurora" in text(answer)
    assert house.memory.favoured == {ada.id: [track("Aurora")]}

    plays(house, guild, playing("Ember", play="run-2"))
    answer = await ada.press(message, Button(now.play, Verb.FAVOURITE).custom_id)
    assert "over already" in text(answer)
    assert house.memory.favoured == {ada.id: [track("Aurora")]}


async def panel_of(house: House, guild: Guild):
    shown = house.board.get(guild.id)
    assert shown is not None
    await house.edge.announcer.post(guild.text.id, shown)
    return guild.text.messages[-1]


async def test_who_begins_to_type_is_offered_what_they_like(
    house: House, script: Script, ada: Member
) -> None:
    house.memory.favoured[ada.id] = [track("Aurora"), track("Ember")]
    offered = await ada.autocomplete("play", query="")
    assert [choice.name.partition(" ·")[0] for choice in offered] == ["Aurora", "Ember"]
    offered = await ada.autocomplete("play", query="emb")
    assert [choice.name.partition(" ·")[0] for choice in offered] == ["Ember"]


# --- radio ---

NIGHT = "https://radio.example/night.mp3"


async def test_a_station_is_saved_played_listed_and_forgotten(
    house: House, script: Script, guild: Guild, grace: Member, ada: Member
) -> None:
    script.replies[Play] = Queued((entry(),), 0)
    assert "Night" in text(await grace.command("radio add", name="Night", address=NIGHT))
    assert house.memory.chosen[guild.id].stations == (Station("Night", NIGHT),)
    assert "Night" in text(await ada.command("radio list"))
    offered = await ada.autocomplete("radio play", station="ni")
    assert [choice.value for choice in offered] == ["Night"]
    await ada.command("radio play", station="night")
    await ada.command("radio play", station="https://radio.example/other.mp3")
    assert [asked.query for asked in script.got(Play)] == [
        NIGHT,
        "https://radio.example/other.mp3",
    ]
    assert code(await ada.command("radio play", station="unknown")) == "PLAY-003"
    assert "no more" in text(await grace.command("radio remove", name="NIGHT"))
    assert "No station" in text(await ada.command("radio list"))


async def test_a_station_of_the_same_name_takes_the_place_of_the_first(
    house: House, guild: Guild, grace: Member
) -> None:
    await grace.command("radio add", name="Night", address=NIGHT)
    await grace.command("radio add", name="NIGHT", address="https://radio.example/2.mp3")
    assert house.board.settings(guild.id).stations == (
        Station("NIGHT", "https://radio.example/2.mp3"),
    )


async def test_only_a_dj_saves_stations(house: House, guild: Guild, ada: Member) -> None:
    assert code(await ada.command("radio add", name="Night", address=NIGHT)) == "PERM-003"
    assert code(await ada.command("radio remove", name="Night")) == "PERM-003"
    house.board.choose(guild.id, GuildSettings(djs=(ada.id,)))
    assert "is saved" in text(await ada.command("radio add", name="Night", address=NIGHT))


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1/x.mp3", "file:///etc/passwd", "words", "http://a@b.example/"]
)
async def test_what_may_not_be_played_is_not_saved(
    house: House, guild: Guild, grace: Member, address: str
) -> None:
    assert code(await grace.command("radio add", name="Night", address=address)) == "VAL-006"
    assert house.memory.chosen == {}


async def test_there_is_room_for_so_many_stations(
    house: House, guild: Guild, grace: Member
) -> None:
    stations = tuple(Station(str(number), NIGHT) for number in range(MOST_STATIONS))
    house.board.choose(guild.id, GuildSettings(stations=stations))
    answer = await grace.command("radio add", name="one more", address=NIGHT)
    assert code(answer) == "VAL-007"
    assert house.board.settings(guild.id).stations == stations


# --- files ---


@pytest.fixture
async def cloud() -> AsyncIterator["Cloud"]:
    uploads = Cloud()
    application = web.Application()
    application.router.add_get("/{name}", uploads.give)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    uploads.port = runner.addresses[0][1]
    yield uploads
    await runner.cleanup()


class Cloud:
    """Where Discord keeps what people upload."""

    def __init__(self) -> None:
        self.port = 0
        self.files: dict[str, bytes] = {}
        self.asked = 0

    async def give(self, request: web.Request) -> web.Response:
        self.asked += 1
        return web.Response(body=self.files[request.match_info["name"]])

    def upload(self, name: str, content: bytes, size: int | None = None) -> Upload:
        self.files[name] = content
        return Upload(
            1,
            name,
            f"http://127.0.0.1:{self.port}/{name}",
            "text/plain",
            len(content) if size is None else size,
        )


async def test_the_queue_leaves_as_a_file(
    house: House, script: Script, guild: Guild, ada: Member
) -> None:
    script.replies[Show] = view(guild.id, playing("Aurora"), queue=(entry("Ember"),))
    answer = await ada.command("export")
    assert answer.message is not None
    assert answer.message.visible_to == ada.id
    assert [each.filename for each in answer.message.attachments] == ["queue.json"]
    script.replies[Show] = view(guild.id)
    assert code(await ada.command("export")) == "PLAY-002"


async def test_a_file_is_queued_in_its_order_and_what_is_missing_is_told(
    house: House, script: Script, guild: Guild, ada: Member, cloud: Cloud
) -> None:
    house.catalogue.stock = {
        "search:The Choir Ember": track("Ember"),
        "https://music.example/aurora.mp3": track("Aurora"),
    }
    script.replies[Play] = lambda asked: Queued(
        tuple(entry(each.title) for each in asked.tracks), 0, asked.playlist
    )
    content = b"https://music.example/aurora.mp3\n\nThe Choir Ember\nnowhere\nhttp://10.0.0.1/x\n"
    answer = await ada.command("import", attachment=cloud.upload("songs.txt", content))
    (asked,) = script.got(Play)
    assert asked.tracks == (track("Aurora"), track("Ember"))
    assert "left out: 2" in text(answer)
    assert "http://10.0.0.1/x" not in house.catalogue.asked


async def test_a_file_with_nothing_to_find_is_refused(
    house: House, script: Script, ada: Member, cloud: Cloud
) -> None:
    answer = await ada.command("import", attachment=cloud.upload("songs.txt", b"\x00\xff"))
    assert code(answer) == "PLAY-003"


@pytest.mark.parametrize("told", [10, LARGEST_FILE + 1])
async def test_a_file_that_is_too_large_is_refused_whatever_it_says_of_itself(
    house: House, script: Script, ada: Member, cloud: Cloud, told: int
) -> None:
    upload = cloud.upload("songs.txt", b"x\n" * LARGEST_FILE, size=told)
    assert code(await ada.command("import", attachment=upload)) == "VAL-005"
    assert script.got(Play) == []


async def test_a_file_from_elsewhere_is_not_fetched(
    house: House, script: Script, ada: Member
) -> None:
    upload = Upload(1, "songs.txt", "https://elsewhere.example/songs.txt", "text/plain", 10)
    assert code(await ada.command("import", attachment=upload)) == "VAL-006"


def test_what_was_exported_is_looked_for_by_address_or_by_words() -> None:
    entries = [
        entry("Aurora", uri="https://music.example/aurora.mp3"),
        entry("Ember\u202e", author="The @everyone Choir"),
    ]
    found, left_out = queries(exported(entries))
    assert found == ["https://music.example/aurora.mp3", "search:The @everyone Choir Ember"]
    assert left_out == 0


def test_no_more_of_a_file_is_looked_for_than_is_good_for_the_sources() -> None:
    found, left_out = queries("\n".join(f"song {n}" for n in range(MOST_TRACKS + 7)).encode())
    assert len(found) == MOST_TRACKS
    assert left_out == 7


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"[1, null, {}]",
        b'{"tracks": 5}',
        b'{"tracks": [{"address": "file:///etc/passwd"}, {"title": 7}]}',
        b"[" * 100_000,
        json.dumps({"format": FORMAT, "tracks": [{"encoded": "QAAA"}]}).encode(),
    ],
)
def test_what_is_no_list_of_tracks_comes_to_nothing(content: bytes) -> None:
    assert queries(content)[0] == []
