"""What people in a voice channel hear when processes die: nothing of it, or little.

They listen to a tape measure, so that the sound itself says what is missing and where it goes on.
The bot of this module is killed and started again and again; how long each silence is in the long
run, `python -m benchmarks recovery` tells.
"""

import json
import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from seraphim.sandbox import tape
from seraphim.sandbox.bot import COMMAND, BotProcess
from seraphim.sandbox.tape import Interruption
from tests.end_to_end.conftest import OUTER_NODE, Choir, Stage, code

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(OUTER_NODE, reason="somebody else's node is not ours to kill"),
]


def sessions(stage: Stage) -> set[str]:
    """The gateway sessions that Discord knows."""
    return {session.id for session in stage.sandbox.sessions}


def node_card(stage: Stage) -> dict[str, Any]:
    return json.loads((stage.data_dir / "audio-node.json").read_text())


async def kill_bot(stage: Stage) -> None:
    stage.bot.kill()
    await stage.bot.wait()


async def start_bot(stage: Stage) -> None:
    logged = stage.bot.mark()
    await stage.bot.start()
    await stage.bot.until_log("system.ready", since=logged)


async def kill_and_start(stage: Stage) -> None:
    await kill_bot(stage)
    await start_bot(stage)


async def through(choir: Choir, happen: Callable[[], Awaitable[None]]) -> Interruption:
    """The worst that is heard of the tape while something happens."""
    heard, _ = await tape.listen_through(choir.heard, happen)
    return heard


async def everything_goes_on(choir: Choir) -> None:
    """The queue is there, and the one panel that there was works."""
    [panel] = choir.panels
    queue = await choir.ada.command("queue")
    for title in ("Ember", "Zenith"):
        assert title in str(queue.embeds)
    await choir.ada.press(panel, "skip")
    await choir.hears("Ember")
    assert choir.panels == [panel]


@pytest.fixture
async def listening(choir: Choir) -> Choir:
    """The choir hears the tape, and more is queued; the panel is there."""
    if not choir.stage.bot.running:
        # The test before failed.
        await start_bot(choir.stage)
    await choir.play_tape()
    for title in ("Ember", "Zenith"):
        assert code(await choir.play(title)) == ""
    await choir.stage.sandbox.until(lambda: choir.panels)
    return choir


async def test_a_killed_bot_is_not_heard_and_everything_goes_on(listening: Choir) -> None:
    stage = listening.stage
    before, node = sessions(stage), node_card(stage)
    heard = await through(listening, lambda: kill_and_start(stage))
    assert heard.missing == 0
    assert sessions(stage) == before
    assert node_card(stage) == node
    # The panel is the one that there was: its buttons work, and it is edited.
    [panel] = listening.panels
    await listening.ada.press(panel, "pause")
    await listening.heard.until_silent()
    await stage.sandbox.until(lambda: "Resume" in str(panel.components))
    await listening.ada.press(panel, "resume")
    await tape.until_steady(listening.heard)
    await everything_goes_on(listening)
    await stage.sandbox.until(lambda: panel.embeds[0].get("title") == "Ember")
    assert listening.panels == [panel]


async def test_where_discord_has_forgotten_the_session_the_bot_joins_again_at_once(
    listening: Choir,
) -> None:
    stage = listening.stage
    before = sessions(stage)
    stage.sandbox.faults.refuse_resume()
    heard = await through(listening, lambda: kill_and_start(stage))
    assert not sessions(stage) & before
    assert heard.silence_ms < 5_000
    assert heard.off_s <= 1
    await everything_goes_on(listening)


async def test_a_killed_node_is_back_and_goes_on_at_the_same_place(listening: Choir) -> None:
    stage = listening.stage

    async def kill_node() -> None:
        logged = stage.bot.mark()
        os.kill(node_card(stage)["pid"], signal.SIGKILL)
        await stage.bot.until_log("node.ready", since=logged)

    heard = await through(listening, kill_node)
    assert heard.off_s <= 1
    await everything_goes_on(listening)


async def test_a_machine_that_was_restarted_goes_on_where_it_was(listening: Choir) -> None:
    stage = listening.stage

    async def reboot() -> None:
        await kill_bot(stage)
        os.kill(node_card(stage)["pid"], signal.SIGKILL)
        # It took longer than Discord keeps a session.
        stage.sandbox.faults.refuse_resume()
        await start_bot(stage)

    heard = await through(listening, reboot)
    assert heard.off_s <= 5
    await everything_goes_on(listening)


async def test_a_bot_that_was_stopped_in_order_is_back_in_its_place(listening: Choir) -> None:
    stage = listening.stage

    async def restart() -> None:
        assert await stage.bot.stop() == 0
        assert listening.guild.bot.voice is None
        await start_bot(stage)

    heard = await through(listening, restart)
    assert heard.off_s <= 1
    await everything_goes_on(listening)


async def test_a_bot_that_hands_over_to_the_next_is_not_heard(listening: Choir) -> None:
    stage = listening.stage
    before, node = sessions(stage), node_card(stage)

    async def hand_over() -> None:
        old, stage.bot = stage.bot, BotProcess(stage.environ, (*COMMAND, "--handover"))
        await stage.bot.start()
        await stage.bot.until_log("system.ready")
        assert await old.wait() == 0

    heard = await through(listening, hand_over)
    assert heard.missing == 0
    assert sessions(stage) == before
    assert node_card(stage) == node
    await everything_goes_on(listening)
