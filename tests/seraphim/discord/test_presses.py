import asyncio

import pytest

from actors.guild.player.messages import (
    Back,
    Loop,
    LoopSet,
    Outdated,
    Pause,
    Paused,
    PlayerView,
    Resume,
    Resumed,
    SetLoop,
    SetVolume,
    Show,
    Shuffle,
    Shuffled,
    Skip,
    Skipped,
    Stop,
    Stopped,
    VolumeSet,
    WentBack,
)
from actors.guild.refusal import Code, Refused
from seraphim.discord import answer as answering
from seraphim.discord.controls.button import Button, Verb
from seraphim.sandbox import Guild, Member, Message
from seraphim.sandbox.messages import BUTTON
from tests.seraphim.discord.house import House, Script, entry, playing, view

pytestmark = pytest.mark.anyio


@pytest.fixture
async def script(house: House, guild: Guild, ada: Member) -> Script:
    """The guild's player, with Ada in its voice channel."""
    await ada.join(guild.voice)
    return house.script(guild)


def shown(guild: Guild, play: str = "run-1", title: str = "Aurora", **changes: bool) -> PlayerView:
    return view(
        guild.id,
        playing(title, play, **changes),
        queue=(entry("Borealis"), entry("Corona")),
        can_go_back=True,
    )


async def post(house: House, guild: Guild, panel: PlayerView) -> Message:
    """Post a panel that the board shows too."""
    house.board.put(panel)
    posted = await house.edge.announcer.post(guild.text.id, panel)
    return next(message for message in guild.text.messages if message.id == posted)


@pytest.mark.parametrize(
    ("verb", "kind", "reply"),
    [
        ("back", Back, WentBack(entry())),
        ("pause", Pause, Paused(playing(), changed=True)),
        ("skip", Skip, Skipped(entry(), None)),
        ("shuffle", Shuffle, Shuffled(2)),
        ("stop", Stop, Stopped(2)),
    ],
)
async def test_a_press_that_worked_is_answered_without_a_message(
    house: House, script: Script, guild: Guild, ada: Member, verb: str, kind: type, reply: object
) -> None:
    panel = await post(house, guild, shown(guild))
    script.replies[kind] = reply

    answer = await ada.press(panel, verb)

    (asked,) = script.got(kind)
    assert asked.by.id == ada.id
    assert getattr(asked, "play", "run-1") == "run-1"
    assert answer.message is panel
    assert not answer.followups
    assert guild.text.seen_by(ada) == [panel]


async def test_a_paused_panel_is_resumed(
    house: House, script: Script, guild: Guild, ada: Member
) -> None:
    panel = await post(house, guild, shown(guild, paused=True))
    script.replies[Resume] = Resumed(playing(), changed=True)
    await ada.press(panel, "Resume")
    assert script.got(Resume)[0].play == "run-1"


async def test_a_press_means_what_its_button_showed_not_what_plays_now(
    house: House, script: Script, guild: Guild, ada: Member
) -> None:
    panel = await post(house, guild, shown(guild, "run-1"))
    house.board.put(shown(guild, "run-2", "Borealis"))
    script.replies[Skip] = Outdated(playing("Borealis", "run-2"))

    answer = await ada.press(panel, "skip")

    assert script.got(Skip)[0].play == "run-1"
    assert answer.ephemeral
    assert "over already" in answer.embeds[0].get("description", "")


async def test_a_stale_panel_mends_itself(
    house: House, script: Script, guild: Guild, ada: Member
) -> None:
    panel = await post(house, guild, shown(guild, "run-1"))
    house.board.put(shown(guild, "run-2", "Borealis"))

    answer = await ada.press(panel, "stop")

    assert answer.ephemeral
    assert not script.got(Stop)
    await house.sandbox.until(lambda: panel.embeds[0].get("title") == "Borealis")
    assert panel.buttons[0].custom_id == "player:run-2:back"


NOW = playing("Borealis", "run-2")
OLD: dict[Verb, tuple[type, object]] = {
    Verb.BACK: (Back, Outdated(NOW)),
    Verb.PAUSE: (Pause, Outdated(NOW)),
    Verb.RESUME: (Resume, Outdated(NOW)),
    Verb.SKIP: (Skip, Outdated(NOW)),
    Verb.STOP: (Stop, Stopped(2)),
    Verb.SHUFFLE: (Shuffle, Shuffled(2)),
    Verb.LOOP_TRACK: (SetLoop, LoopSet(Loop.TRACK, changed=True)),
    Verb.LOOP_QUEUE: (SetLoop, LoopSet(Loop.QUEUE, changed=True)),
    Verb.LOOP_OFF: (SetLoop, LoopSet(Loop.OFF, changed=True)),
    Verb.QUIETER: (SetVolume, VolumeSet(40, 50)),
    Verb.LOUDER: (SetVolume, VolumeSet(60, 50)),
    Verb.QUEUE: (Show, view()),
}
LOOPS = {Verb.LOOP_TRACK, Verb.LOOP_QUEUE, Verb.LOOP_OFF}
ABOUT_NO_TRACK = {Verb.QUEUE, Verb.SHUFFLE, *LOOPS, Verb.QUIETER, Verb.LOUDER}


@pytest.mark.parametrize("verb", [verb for verb in Verb if verb is not Verb.FAVOURITE])
async def test_each_button_of_an_old_panel_says_so_or_does_what_it_says_and_the_panel_is_mended(
    house: House, script: Script, guild: Guild, ada: Member, verb: Verb
) -> None:
    panel = await post(house, guild, shown(guild, "run-1"))
    house.board.put(shown(guild, "run-2", "Borealis"))
    kind, script.replies[kind] = OLD[verb]

    name = Button("run-1", verb).custom_id
    answer = await ada.forge_press(panel, {"custom_id": name, "component_type": BUTTON})

    if verb in ABOUT_NO_TRACK:
        assert script.got(kind)
    else:
        assert answer.ephemeral
        assert "over already" in answer.embeds[0].get("description", "")
    await house.sandbox.until(lambda: panel.embeds[0].get("title") == "Borealis")
    assert panel.buttons[0].custom_id == "player:run-2:back"


async def test_a_panel_of_a_player_that_is_gone_loses_its_buttons(
    house: House, script: Script, guild: Guild, ada: Member
) -> None:
    panel = await post(house, guild, shown(guild, "run-1"))
    house.board.remove(guild.id)
    script.replies[Skip] = Outdated(None)
    assert (await ada.press(panel, "skip")).ephemeral
    await house.sandbox.until(lambda: not panel.buttons)


async def test_a_panel_at_rest_does_not_go_back_in_what_plays_by_now(
    house: House, script: Script, guild: Guild, ada: Member
) -> None:
    panel = await post(house, guild, view(guild.id, can_go_back=True))
    house.board.put(shown(guild, "run-2", "Borealis"))
    assert (await ada.press(panel, "back")).ephemeral
    assert not script.got(Back)


async def test_who_may_not_press_is_told_privately(
    house: House, script: Script, guild: Guild, ada: Member
) -> None:
    panel = await post(house, guild, shown(guild))
    script.replies[Skip] = Refused(Code.SAME_CHANNEL, {"channel": guild.voice.id})
    answer = await ada.press(panel, "skip")
    assert answer.ephemeral
    assert answer.embeds[0].get("footer", {}).get("text") == Code.SAME_CHANNEL


async def test_a_slow_press_is_deferred_and_its_refusal_follows_privately(
    monkeypatch: pytest.MonkeyPatch, house: House, script: Script, guild: Guild, ada: Member
) -> None:
    monkeypatch.setattr(answering, "PATIENCE_SECONDS", 0.05)
    panel = await post(house, guild, shown(guild))
    script.replies[Skip] = Refused(Code.NO_NODE)
    script.hold = asyncio.Event()
    answer = await ada.press(panel, "skip")
    assert answer.message is panel
    script.hold.set()
    await house.sandbox.until(lambda: answer.followups)
    assert answer.followups[0].ephemeral
    assert answer.followups[0].embeds[0].get("footer", {}).get("text") == Code.NO_NODE


async def test_a_crash_is_answered_privately(
    house: House, script: Script, guild: Guild, ada: Member
) -> None:
    panel = await post(house, guild, shown(guild))
    script.replies[Pause] = RuntimeError("inside")
    answer = await ada.press(panel, "pause")
    assert answer.ephemeral
    assert answer.embeds[0].get("footer", {}).get("text") == Code.INTERNAL


@pytest.mark.parametrize(
    ("verb", "kind", "asked"),
    [
        ("loop-track", SetLoop, {"loop": Loop.TRACK}),
        ("louder", SetVolume, {"volume": 60}),
        ("quieter", SetVolume, {"volume": 40}),
    ],
)
async def test_a_press_changes_what_the_panel_shows(
    house: House,
    script: Script,
    guild: Guild,
    ada: Member,
    verb: str,
    kind: type,
    asked: dict[str, object],
) -> None:
    panel = await post(house, guild, shown(guild))
    script.replies[kind] = Refused(Code.SAME_CHANNEL, {"channel": 5})
    await ada.press(panel, verb)
    (message,) = script.got(kind)
    assert {name: getattr(message, name) for name in asked} == asked


async def test_the_queue_is_shown_to_who_pressed_alone(
    house: House, script: Script, guild: Guild, ada: Member
) -> None:
    panel = await post(house, guild, shown(guild))
    script.replies[Show] = shown(guild)
    await ada.press(panel, "queue")
    (_, page) = guild.text.seen_by(ada)
    assert page.visible_to == ada.id
    assert "Corona" in str(page.embeds)


@pytest.mark.parametrize(
    "name", ["player:run-1:loop", "player:run-1:dance", "lamp:on", "vote:many", "x"]
)
async def test_a_button_that_means_nothing_any_more_says_so_to_who_pressed(
    house: House, script: Script, guild: Guild, ada: Member, name: str
) -> None:
    panel = await post(house, guild, shown(guild))
    answer = await ada.forge_press(panel, {"custom_id": name, "component_type": BUTTON})
    assert answer.ephemeral
    assert "over already" in answer.embeds[0].get("description", "")
    assert not script.received
