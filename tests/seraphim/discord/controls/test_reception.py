"""What all presses have in common, whatever their buttons do."""

import asyncio

import pytest
import structlog

from actors.guild.player.messages import Pause, Paused
from seraphim.discord import gateway
from seraphim.operations.logging import add_origin
from seraphim.sandbox import Guild, Member, Message
from seraphim.sandbox.messages import BUTTON
from tests.seraphim.discord.house import House, playing, view

pytestmark = pytest.mark.anyio

OURS = ["player:run-1:skip", "vote:7", "sure:stop", "pick:library:s2"]
STRAY = "lamp:on"
CALLBACK = "POST /interactions/*/*/callback"


@pytest.fixture
async def panel(house: House, guild: Guild, ada: Member) -> Message:
    """A panel of `run-1`; Ada is in the voice channel."""
    await ada.join(guild.voice)
    shown = view(guild.id, playing())
    house.board.put(shown)
    posted = await house.edge.announcer.post(guild.text.id, shown)
    return next(message for message in guild.text.messages if message.id == posted)


@pytest.mark.parametrize("name", [*OURS, STRAY])
async def test_whatever_is_pressed_during_a_stop_is_turned_away(
    house: House, guild: Guild, ada: Member, panel: Message, name: str
) -> None:
    script = house.script(guild)
    script.replies[Pause] = Paused(playing(), changed=True)
    script.hold = asyncio.Event()
    asking = asyncio.create_task(ada.command("pause"))
    await house.sandbox.until(lambda: script.received)
    bob = guild.member("Bob")
    await bob.join(guild.voice)
    stopping = asyncio.create_task(house.stop_discord())
    while "stopping" not in str((await bob.command("ping")).embeds):
        assert not stopping.done()

    answer = await bob.forge_press(panel, {"custom_id": name, "component_type": BUTTON})

    assert "stopping" in str(answer.embeds)
    script.hold.set()
    await asking
    await stopping
    assert [type(message) for message in script.received] == [Pause]


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("player:run-1:skip", "button skip"),
        ("vote:7", "button vote:7"),
        ("sure:stop", "button sure:stop"),
        ("pick:library:s2", "button pick"),
        (STRAY, "button"),
    ],
)
async def test_what_is_logged_of_a_press_says_whose_it_was(
    house: House, guild: Guild, ada: Member, panel: Message, name: str, command: str
) -> None:
    await house.system.supervisor("/root").terminate_child("intake")
    refusal = house.sandbox.faults.refuse(CALLBACK, status=404, times=1)
    processors = [structlog.contextvars.merge_contextvars, add_origin]
    with structlog.testing.capture_logs(processors=processors) as lines:
        pressing = asyncio.create_task(
            ada.forge_press(panel, {"custom_id": name, "component_type": BUTTON})
        )
        await house.sandbox.until(
            lambda: any(line["event"] == "interaction.expired" for line in lines)
        )
        pressing.cancel()
    assert refusal.met == 1
    (line,) = [line for line in lines if line["event"] == "interaction.expired"]
    assert (line["command"], line["guild"], line["user"]) == (command, guild.id, ada.id)


async def test_a_press_is_under_way_until_its_panel_is_mended(
    monkeypatch: pytest.MonkeyPatch, house: House, guild: Guild, ada: Member, panel: Message
) -> None:
    monkeypatch.setattr(gateway, "DRAIN_SECONDS", 0.05)
    house.board.put(view(guild.id, playing("Borealis", "run-2")))
    mending = house.sandbox.faults.refuse(
        "PATCH /channels/*/messages/*", status=429, retry_after=0.05
    )
    assert (await ada.press(panel, "stop")).ephemeral
    await house.sandbox.until(lambda: mending.met)
    with structlog.testing.capture_logs() as lines:
        await house.stop_discord()
    assert [line["count"] for line in lines if line["event"] == "discord.answers_cut_off"] == [1]
