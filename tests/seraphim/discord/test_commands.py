import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
import structlog

from actors.guild.player.messages import (
    Back,
    Clean,
    Clear,
    Dedupe,
    Join,
    Joined,
    Leave,
    Left,
    Loop,
    Move,
    Outdated,
    Pause,
    Paused,
    Play,
    Queued,
    Remove,
    Replay,
    Resume,
    Resumed,
    Seek,
    SetAutoplay,
    SetFilter,
    SetLoop,
    SetPitch,
    SetSpeed,
    SetVolume,
    Show,
    Shuffle,
    Shuffled,
    Skip,
    Skipped,
    SkipTo,
    Stop,
    Stopped,
    Swap,
    Unshuffle,
    VolumeSet,
    WentBack,
    When,
)
from actors.guild.player.sound import Preset
from actors.guild.refusal import Code, Refused
from seraphim.discord import answer as answering
from seraphim.discord import desk
from seraphim.discord.caller import Arrivals
from seraphim.discord.commands import suggestions
from seraphim.discord.whereabouts import Whereabouts
from seraphim.operations.logging import add_origin
from seraphim.sandbox import Answer, CannotDo, Guild, Member, Permission
from seraphim.sandbox.commands import OptionKind
from tests.seraphim.discord.house import House, Script, entry, playing, track, view

pytestmark = pytest.mark.anyio

CONTROLS = {
    "pause": (Pause, Paused(playing("Aurora"), changed=True), "Aurora"),
    "resume": (Resume, Resumed(playing("Aurora"), changed=True), "Aurora"),
    "skip": (Skip, Skipped(entry("Aurora"), entry("Borealis")), "Borealis"),
    "back": (Back, WentBack(entry("Aurora")), "Aurora"),
    "stop": (Stop, Stopped(3), "queue: 3"),
    "shuffle": (Shuffle, Shuffled(12), "order: 12"),
    "leave": (Leave, Left(55), "<#55>"),
}


def text(answer: Answer) -> str:
    return answer.embeds[0].get("description", "")


def code(answer: Answer) -> str:
    return answer.embeds[0].get("footer", {}).get("text", "")


@pytest.fixture
async def script(house: House, guild: Guild, ada: Member) -> Script:
    """The guild's player, with Ada in its voice channel."""
    await ada.join(guild.voice)
    return house.script(guild)


# --- controls ---------------------------------------------------------------------------


async def test_every_control_asks_the_player_and_tells_its_reply(
    script: Script, guild: Guild, ada: Member
) -> None:
    for name, (kind, reply, told) in CONTROLS.items():
        script.replies[kind] = reply
        answer = await ada.command(name)
        (asked,) = script.got(kind)
        assert asked.by.id == ada.id
        assert asked.by.voice_channel == guild.voice.id
        assert told in text(answer)
        assert not answer.ephemeral
        assert answer.message in guild.text.messages


async def test_a_command_names_the_play_that_was_current_when_it_arrived(
    house: House, script: Script, guild: Guild, ada: Member
) -> None:
    house.board.put(view(guild.id, playing("Aurora", "run-7")))
    for name, kind in {"pause": Pause, "resume": Resume, "skip": Skip, "back": Back}.items():
        script.replies[kind] = Outdated(playing("Borealis"))
        answer = await ada.command(name)
        assert script.got(kind)[0].play == "run-7"
        assert answer.ephemeral
        assert "Borealis" in text(answer)


async def test_two_skips_in_one_instant_name_the_same_play(
    house: House, script: Script, guild: Guild, ada: Member
) -> None:
    house.board.put(view(guild.id, playing("Aurora", "run-1")))

    def skipped(_: Skip) -> Skipped:
        house.board.put(view(guild.id, playing("Borealis", "run-2")))
        return Skipped(entry("Aurora"), entry("Borealis"))

    script.replies[Skip] = skipped
    script.hold = asyncio.Event()
    bob = guild.member("Bob")
    await bob.join(guild.voice)
    skips = [asyncio.create_task(member.command("skip")) for member in (ada, bob)]
    await house.sandbox.until(lambda: script.got(Skip))
    # What the gateway brings comes in order: behind this, both have arrived.
    await ada.command("ping")
    script.hold.set()
    await asyncio.gather(*skips)
    assert [skip.play for skip in script.got(Skip)] == ["run-1", "run-1"]


async def test_volume_is_handed_on_within_its_range(script: Script, ada: Member) -> None:
    script.replies[SetVolume] = VolumeSet(80, 50)
    assert "80%" in text(await ada.command("volume", level=80))
    assert script.got(SetVolume)[0].volume == 80
    with pytest.raises(CannotDo):
        await ada.command("volume", level=101)


async def test_join_hands_on_where_to_write(script: Script, guild: Guild, ada: Member) -> None:
    script.replies[Join] = Joined(guild.voice.id, already=False)
    answer = await ada.command("join")
    assert script.got(Join)[0].text_channel == guild.text.id
    assert answer.embeds[0].get("title") == "Heed Seraphim! Be not afraid!"


async def test_what_plays_and_what_waits_are_shown_to_who_asked(
    script: Script, guild: Guild, ada: Member
) -> None:
    queue = tuple(entry(f"Song {number}") for number in range(1, 15))
    script.replies[Show] = view(guild.id, playing("Aurora"), queue=queue)

    now = await ada.command("nowplaying")
    assert now.ephemeral
    assert now.embeds[0].get("title") == "Aurora"
    assert not now.components

    second = await ada.command("queue", page=2)
    assert second.ephemeral
    assert "Song 14" in text(second)
    assert code(await ada.command("queue", page=9)) == Code.OUT_OF_RANGE


async def test_ping_tells_both_round_trips(house: House, ada: Member) -> None:
    answer = await ada.command("ping")
    assert "gateway: " in text(answer)
    assert "node: 4 ms" in text(answer)
    house.node_ping = None
    assert "none can be reached" in text(await ada.command("ping"))


async def test_no_answer_calls_anybody(script: Script, guild: Guild, ada: Member) -> None:
    script.replies[Skip] = Skipped(entry("@everyone <@1> **x**"), None)
    answer = await ada.command("skip")
    assert "@everyone" not in text(answer)
    assert "<@1>" not in text(answer)


# --- play -------------------------------------------------------------------------------


async def test_play_is_deferred_at_once_and_answered_when_it_is_done(
    house: House, script: Script, guild: Guild, ada: Member
) -> None:
    script.replies[Play] = Queued((entry("Aurora"),), 0)
    script.hold = asyncio.Event()
    asking = asyncio.create_task(ada.command("play", query="  aurora   borealis "))
    thinking = await house.sandbox.until(lambda: guild.text.messages)
    assert not thinking[0].embeds
    assert await house.sandbox.until(lambda: script.got(Play))
    script.hold.set()

    answer = await asking

    (asked,) = script.got(Play)
    assert asked.query == "search:aurora borealis"
    assert asked.text_channel == guild.text.id
    assert "Aurora" in text(answer)
    assert guild.text.messages == [answer.message]


async def test_a_search_that_takes_long_says_that_it_goes_on(
    monkeypatch: pytest.MonkeyPatch, house: House, script: Script, guild: Guild, ada: Member
) -> None:
    monkeypatch.setattr(answering, "PROGRESS_SECONDS", 0.05)
    script.replies[Play] = Queued((entry("Aurora"),), 0)
    script.hold = asyncio.Event()
    asking = asyncio.create_task(ada.command("play", query="a long list"))
    await house.sandbox.until(
        lambda: guild.text.messages and "gathering" in str(guild.text.messages[0].embeds)
    )
    script.hold.set()
    await asking
    await house.sandbox.until(lambda: "Aurora" in str(guild.text.messages[0].embeds))
    (message,) = guild.text.messages
    assert "gathering" not in str(message.embeds)


async def test_a_bad_query_is_refused_privately_and_nobody_is_asked(
    script: Script, guild: Guild, ada: Member
) -> None:
    for query, expected in {
        "a": Code.QUERY_TOO_SHORT,
        "x" * 501: Code.QUERY_TOO_LONG,
        "http://127.0.0.1/song.mp3": Code.FORBIDDEN_QUERY,
        "file:///etc/passwd": Code.FORBIDDEN_QUERY,
    }.items():
        answer = await ada.command("play", query=query)
        assert code(answer) == expected
        assert answer.ephemeral
    assert not script.received
    assert not guild.text.messages


async def test_trusted_media_hosts_may_be_played_from(script: Script, ada: Member) -> None:
    script.replies[Play] = Queued((entry(),), 0)
    await ada.command("play", query="http://music.internal/a.mp3")
    assert script.got(Play)[0].query == "http://music.internal/a.mp3"


async def test_who_is_in_no_voice_channel_is_told_to_join_one(house: House, ada: Member) -> None:
    answer = await ada.command("play", query="aurora")
    assert code(answer) == Code.JOIN_A_CHANNEL
    assert answer.ephemeral


async def test_who_has_left_voice_is_in_no_voice_channel(
    script: Script, guild: Guild, ada: Member
) -> None:
    await ada.leave()
    assert code(await ada.command("play", query="aurora")) == Code.JOIN_A_CHANNEL


async def test_missing_permissions_in_the_channel_are_named(
    script: Script, guild: Guild, ada: Member
) -> None:
    guild.text.overwrite(guild.bot, deny=Permission.SEND_MESSAGES | Permission.EMBED_LINKS)
    for answer in (await ada.command("play", query="aurora"), await ada.command("join")):
        assert code(answer) == Code.CANNOT_WRITE
        assert "Send Messages and Embed Links" in text(answer)
    assert not script.received


async def test_what_the_player_refuses_is_told_with_its_code(
    script: Script, guild: Guild, ada: Member
) -> None:
    script.replies[Pause] = Refused(Code.SAME_CHANNEL, {"channel": 77})
    script.replies[Play] = Refused(Code.NOTHING_FOUND)
    answer = await ada.command("pause")
    assert (code(answer), answer.ephemeral) == (Code.SAME_CHANNEL, True)
    assert "<#77>" in text(answer)
    assert code(await ada.command("play", query="aurora")) == Code.NOTHING_FOUND


async def test_a_direct_message_is_no_server(house: House, script: Script) -> None:
    # What Discord sends for a command in a direct message: no guild, no member.
    user = {"id": "5", "username": "ada", "discriminator": "0", "avatar": None}
    interaction = house.bot.entity_factory.deserialize_command_interaction(
        {
            "id": "1",
            "application_id": "2",
            "type": 2,
            "token": "t",
            "version": 1,
            "locale": "en-US",
            "channel": {"id": "3", "type": 1},
            "user": user,
            "data": {"id": "4", "name": "pause", "type": 1},
            "entitlements": [],
            "authorizing_integration_owners": {},
            "app_permissions": "0",
            "context": 1,
        }
    )
    caller = Arrivals(house.board, Whereabouts(1), house.bot.rest).caller(interaction)
    assert caller == Refused(Code.SERVER_ONLY)


# --- what goes wrong ---------------------------------------------------------------------


async def test_a_slow_player_has_its_answer_deferred(
    monkeypatch: pytest.MonkeyPatch, house: House, script: Script, guild: Guild, ada: Member
) -> None:
    monkeypatch.setattr(answering, "PATIENCE_SECONDS", 0.05)
    script.replies[Pause] = Paused(playing(), changed=True)
    script.hold = asyncio.Event()
    asking = asyncio.create_task(ada.command("pause"))
    (thinking,) = await house.sandbox.until(lambda: guild.text.messages)
    script.hold.set()
    answer = await asking
    assert answer.message is thinking
    assert "Aurora" in text(answer)


async def test_a_player_that_does_not_answer_is_restarting(
    monkeypatch: pytest.MonkeyPatch, script: Script, ada: Member
) -> None:
    monkeypatch.setattr("seraphim.discord.commands.client.LIGHT_SECONDS", 0.05)
    script.hold = asyncio.Event()
    script.replies[Pause] = Paused(playing(), changed=True)
    assert code(await ada.command("pause")) == Code.PLAYER_RESTARTING
    script.hold.set()


async def test_a_crash_is_answered_with_the_number_that_stands_in_the_log(
    script: Script, guild: Guild, ada: Member
) -> None:
    script.replies[Pause] = RuntimeError("the secret inside")
    processors = [add_origin]
    with structlog.testing.capture_logs(processors=processors) as lines:
        answer = await ada.command("pause")
    assert code(answer) == Code.INTERNAL
    assert answer.ephemeral
    assert "secret" not in text(answer)
    (line,) = [line for line in lines if line["event"] == "interaction.failed"]
    assert line["reference"] in text(answer)
    assert line["command"] == "/pause"
    assert line["guild"] == guild.id
    assert line["user"] == ada.id
    assert line["log_level"] == "error"

    script.replies[Pause] = Paused(playing(), changed=True)
    assert "Aurora" in text(await ada.command("pause"))


async def test_a_failure_of_the_presenter_is_answered_too(script: Script, ada: Member) -> None:
    script.replies[Show] = view(current=playing(), queue=None)
    assert code(await ada.command("queue")) == Code.INTERNAL


async def test_an_interaction_that_discord_has_forgotten_is_logged_and_no_more(
    house: House, script: Script, ada: Member
) -> None:
    script.replies[Pause] = Paused(playing(), changed=True)
    refusal = house.sandbox.faults.refuse("POST /interactions/*/*/callback", status=404, times=1)
    with structlog.testing.capture_logs() as lines:
        pressing = asyncio.create_task(ada.command("pause"))
        await house.sandbox.until(lambda: refusal.met)
        await house.stop_discord()
        pressing.cancel()
    assert [line["event"] for line in lines if line["log_level"] in ("warning", "error")] == [
        "interaction.expired"
    ]


async def test_what_discord_refuses_is_logged_without_the_interactions_token(
    house: House, script: Script, ada: Member
) -> None:
    script.replies[Pause] = Paused(playing(), changed=True)
    refusal = house.sandbox.faults.refuse("POST /interactions/*/*/callback", status=403)
    with structlog.testing.capture_logs() as lines:
        asking = [
            asyncio.create_task(ada.command("pause")),
            asyncio.create_task(ada.autocomplete("play", query="aurora")),
        ]
        await house.sandbox.until(lambda: refusal.met == 2)
        await house.stop_discord()
    for task in asking:
        task.cancel()
    (line,) = [line for line in lines if line["event"] == "interaction.unanswerable"]
    assert line["status"] == 403
    tokens = house.sandbox._discord.interactions._by_token
    assert len(tokens) == 2
    assert not [token for token in tokens if token in str(lines)]


async def test_an_answer_whose_first_try_got_lost_on_its_way_back_is_edited(
    house: House, script: Script, ada: Member
) -> None:
    script.replies[Pause] = Paused(playing(), changed=True)
    refusal = house.sandbox.faults.refuse("POST /interactions/*/*/callback", status=502, times=1)
    answer = await ada.command("pause")
    assert refusal.met
    assert "Aurora" in text(answer)


async def test_a_player_that_has_fallen_asleep_is_woken(
    house: House, script: Script, guild: Guild, ada: Member
) -> None:
    script.replies[Pause] = Paused(playing(), changed=True)
    await house.wake(guild)
    await house.system.supervisor("/root/guilds").terminate_child(f"player-{guild.id}")
    assert "Aurora" in text(await ada.command("pause"))


# --- autocomplete ------------------------------------------------------------------------


async def test_suggestions_come_from_the_catalogue(house: House, ada: Member) -> None:
    house.catalogue.tracks = (
        track("Aurora", identifier="0a1b2c"),
        track("Borealis", source="http", uri="https://example.org/b.mp3"),
        track("Corona", source="http", uri="http://127.0.0.1/c.mp3"),
        track("Dusk", source="http", uri="https://example.org/" + "d" * 100),
    )
    choices = await ada.autocomplete("play", query="or")
    assert house.catalogue.asked == ["search:or"]
    assert [choice.name for choice in choices] == [
        "Aurora · The Choir (3:05)",
        "Borealis · The Choir (3:05)",
        "Corona · The Choir (3:05)",
        "Dusk · The Choir (3:05)",
    ]
    assert [choice.value for choice in choices] == [
        "library:0a1b2c",
        "https://example.org/b.mp3",
        "Corona The Choir",
        "Dusk The Choir",
    ]


async def test_nothing_is_searched_for_what_is_no_search(house: House, ada: Member) -> None:
    for typed in ("", "a", "https://example.org/a.mp3", "file:///etc/passwd"):
        assert await ada.autocomplete("play", query=typed) == []
    assert house.catalogue.asked == []


async def test_failing_suggestions_are_not_seen(house: House, ada: Member) -> None:
    house.catalogue.failure = RuntimeError("inside")
    assert await ada.autocomplete("play", query="aurora") == []


async def test_late_suggestions_are_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, house: House, ada: Member
) -> None:
    monkeypatch.setattr(suggestions, "PATIENCE_SECONDS", 0.05)
    house.catalogue.hold = asyncio.Event()
    assert await ada.autocomplete("play", query="aurora") == []


def test_deadlines_leave_discord_its_three_seconds() -> None:
    assert answering.PATIENCE_SECONDS <= 2
    assert suggestions.PATIENCE_SECONDS <= 0.35
    assert desk.HEAVY_SECONDS < 15 * 60


# --- about Seraphim ------------------------------------------------------------------------


async def test_the_help_names_all_commands_that_there_are(house: House, ada: Member) -> None:
    answer = await ada.command("help")
    fields = "\n".join(field["value"] for field in answer.embeds[0].get("fields", []))
    assert sorted(re.findall(r"`/([a-z -]+)`", fields)) == sorted(typed(house))
    assert answer.ephemeral


async def test_the_document_names_all_commands_that_there_are(house: House) -> None:
    document = (Path(__file__).parents[3] / "docs" / "commands.md").read_text("utf-8")
    named = {
        " ".join(match.split()[:words])
        for match in re.findall(r"`/([a-z-]+(?: [a-z]+)?)", document)
        for words in (1, 2)
    }
    assert set(typed(house)) <= named


def typed(house: House) -> list[str]:
    """What can be typed after a slash, commands of groups one by one."""
    return [
        " ".join((command.name, *part))
        for command in house.sandbox._discord.commands.all(None)
        for part in [
            (option.name,) for option in command.options if option.kind is OptionKind.SUB_COMMAND
        ]
        or [()]
    ]


async def test_about_says_in_how_many_servers_it_is(house: House, ada: Member) -> None:
    answer = await ada.command("about")
    assert "servers: 1" in text(answer)


# --- the rest of the controls ------------------------------------------------------------------

SAID = [
    ("skip", {"count": 3}, Skip, {"play": "run-1", "count": 3}),
    ("skip-to", {"position": 2}, SkipTo, {"position": 2, "entry": entry("Corona")}),
    ("replay", {}, Replay, {"play": "run-1"}),
    ("seek", {"time": "1:23"}, Seek, {"position_ms": 83_000, "relative": False, "play": "run-1"}),
    ("seek", {"time": "-10"}, Seek, {"position_ms": -10_000, "relative": True}),
    ("forward", {}, Seek, {"position_ms": 10_000, "relative": True}),
    ("rewind", {"seconds": 5}, Seek, {"position_ms": -5_000, "relative": True}),
    ("remove", {"positions": "1-2"}, Remove, {"positions": (1, 2)}),
    ("remove", {"positions": "<@55>"}, Remove, {"member": 55, "positions": ()}),
    ("move", {"position": 1, "target": 3}, Move, {"target": 3, "entry": entry("Borealis")}),
    ("swap", {"first": 1, "second": 3}, Swap, {"first": 1, "second": 3}),
    ("clear", {}, Clear, {"confirmed": False}),
    ("unshuffle", {}, Unshuffle, {}),
    ("dedupe", {}, Dedupe, {}),
    ("clean", {}, Clean, {}),
    ("loop", {"what": "queue"}, SetLoop, {"loop": Loop.QUEUE}),
    ("filter", {"preset": "8D"}, SetFilter, {"preset": Preset.ROTATION}),
    ("speed", {"percent": 120}, SetSpeed, {"speed": 120}),
    ("pitch", {"percent": 80}, SetPitch, {"pitch": 80}),
    ("autoplay", {"on": True}, SetAutoplay, {"on": True}),
]


@pytest.mark.parametrize(("name", "options", "kind", "asked"), SAID)
async def test_what_is_typed_is_asked_of_the_player(
    house: House,
    script: Script,
    guild: Guild,
    ada: Member,
    name: str,
    options: dict[str, Any],
    kind: type,
    asked: dict[str, Any],
) -> None:
    waiting = (entry("Borealis"), entry("Corona"), entry("Dusk"))
    house.board.put(view(guild.id, playing(), queue=waiting))
    script.replies[kind] = Refused(Code.QUEUE_EMPTY)
    assert code(await ada.command(name, **options)) == Code.QUEUE_EMPTY
    (message,) = script.got(kind)
    assert message.by.id == ada.id
    assert {field: getattr(message, field) for field in asked} == asked


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("skip-to", {"position": 4}),
        ("remove", {"positions": "4"}),
        ("remove", {"positions": "none"}),
        ("move", {"position": 1, "target": 9}),
        ("swap", {"first": 9, "second": 1}),
        ("seek", {"time": "soon"}),
        ("play", {"query": "aurora", "start": "soon"}),
        ("history", {"page": 7}),
    ],
)
async def test_what_lies_outside_is_out_of_range(
    house: House,
    script: Script,
    guild: Guild,
    ada: Member,
    name: str,
    options: dict[str, Any],
) -> None:
    shown = view(guild.id, playing(), queue=(entry("Borealis"), entry("Corona"), entry("Dusk")))
    house.board.put(shown)
    script.replies[Show] = shown
    assert code(await ada.command(name, **options)) == Code.OUT_OF_RANGE


async def test_a_play_says_where_and_how(script: Script, ada: Member) -> None:
    script.replies[Play] = Queued((entry(),), 0)
    await ada.command("play", query="aurora", when="next", shuffle=True, start="1:00")
    (asked,) = script.got(Play)
    assert asked.when is When.NEXT
    assert asked.seed is not None
    assert asked.start_ms == 60_000


async def test_places_are_completed_by_number_and_by_title(
    house: House, guild: Guild, ada: Member
) -> None:
    house.board.put(view(guild.id, queue=(entry("Borealis"), entry("Corona"))))
    choices = await ada.autocomplete("skip-to", position="cor")
    assert [(choice.name, choice.value) for choice in choices] == [
        ("2. Corona · The Choir (3:05)", 2)
    ]
    choices = await ada.autocomplete("remove", positions="")
    assert [choice.value for choice in choices] == ["1", "2"]
