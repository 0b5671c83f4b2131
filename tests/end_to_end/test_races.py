"""Two who want the same at the same moment get it once, and whoever was second is told so."""

import asyncio
import re

import pytest

from seraphim.discord.controls.button import Verb
from seraphim.sandbox import Answer, Member, Message
from seraphim.sandbox.messages import BUTTON, Button
from tests.end_to_end.conftest import Choir, code

pytestmark = pytest.mark.anyio

A_MOMENT = 1.0
"""After so many seconds, a track that somebody else has made play can be meant."""


@pytest.fixture
async def grace(choir: Choir) -> Member:
    """Grace listens too; where two listen, each decides. Three tracks are there."""
    grace = choir.guild.member("Grace")
    await grace.join(choir.guild.voice)
    for title in ("Aurora", "Ember", "Halo"):
        await choir.play(title)
    return grace


async def shown(choir: Choir, verb: Verb) -> Message:
    """Wait until the panel has the button, and return it."""

    def panel() -> Message | None:
        return next((one for one in choir.panels if any(map(is_it, one.buttons))), None)

    def is_it(button: Button) -> bool:
        return button.is_called(verb)

    found = await choir.stage.sandbox.until(panel)
    assert found is not None
    return found


async def both(choir: Choir, grace: Member, panel: Message, verb: Verb) -> list[Answer]:
    """Let two press the same button, neither of them having seen an answer to the other."""
    name = panel.buttons[0].custom_id.rpartition(":")[0] + f":{verb}"
    press = {"custom_id": name, "component_type": BUTTON}
    return await asyncio.gather(*(who.forge_press(panel, press) for who in (choir.ada, grace)))


def told(answers: list[Answer]) -> list[str]:
    """What somebody was told privately."""
    return [str(answer.embeds) for answer in answers if answer.ephemeral]


async def now(choir: Choir) -> str:
    return str((await choir.ada.command("nowplaying")).embeds)


async def test_two_who_skip_at_once_skip_one_track(choir: Choir, grace: Member) -> None:
    panel = await shown(choir, Verb.SKIP)
    [second] = told(await both(choir, grace, panel, Verb.SKIP))
    assert "over already" in second
    assert "Ember" in second
    assert "'title': 'Ember'" in await now(choir)


async def test_two_who_go_back_at_once_go_back_once(choir: Choir, grace: Member) -> None:
    await choir.ada.command("skip", count=2)
    await asyncio.sleep(A_MOMENT)
    [second] = told(await asyncio.gather(choir.ada.command("back"), grace.command("back")))
    assert "over already" in second
    assert "'title': 'Ember'" in await now(choir)


async def test_two_who_pause_at_once_pause(choir: Choir, grace: Member) -> None:
    panel = await shown(choir, Verb.PAUSE)
    [second] = told(await both(choir, grace, panel, Verb.PAUSE))
    assert "stands still already" in second
    # The panel will not show the button before some seconds are over.
    [second] = told(await both(choir, grace, panel, Verb.RESUME))
    assert "playing already" in second
    await choir.hears("Aurora")


async def test_two_who_stop_at_once_are_asked_and_stop_once(choir: Choir, grace: Member) -> None:
    panel = await shown(choir, Verb.STOP)
    asked = await both(choir, grace, panel, Verb.STOP)
    assert all(answer.ephemeral for answer in asked)
    answers = await asyncio.gather(
        *(
            who.press(answer.message, "Yes")
            for who, answer in zip((choir.ada, grace), asked, strict=True)
        )
    )
    assert sorted(map(code, answers)) == ["", "PLAY-001"]


async def test_two_who_vote_at_once_skip_one_track(choir: Choir, grace: Member) -> None:
    linus, marie = [choir.guild.member(name) for name in ("Linus", "Marie")]
    for member in (linus, marie):
        await member.join(choir.guild.voice)
    vote = (await grace.command("skip")).message
    assert "1 of 2" in str(vote.embeds)
    [button] = vote.buttons
    press = {"custom_id": button.custom_id, "component_type": BUTTON}
    await asyncio.gather(*(who.forge_press(vote, press) for who in (linus, marie)))
    assert "has passed" in str(vote.embeds)
    assert "'title': 'Ember'" in await now(choir)


async def test_two_who_loop_at_once_go_one_step(choir: Choir, grace: Member) -> None:
    panel = await shown(choir, Verb.LOOP_TRACK)
    assert len(told(await both(choir, grace, panel, Verb.LOOP_TRACK))) == 1
    assert "this track" in await now(choir)


async def test_two_who_want_it_louder_at_once_get_it_louder(choir: Choir, grace: Member) -> None:
    panel = await shown(choir, Verb.LOUDER)
    assert told(await both(choir, grace, panel, Verb.LOUDER)) == []
    # It is a step from what it was when they pressed: one, or one after the other.
    assert re.search("(60|70)%", await now(choir))


async def test_two_who_shuffle_at_once_lose_nothing(choir: Choir, grace: Member) -> None:
    panel = await shown(choir, Verb.SHUFFLE)
    assert told(await both(choir, grace, panel, Verb.SHUFFLE)) == []
    queue = str((await choir.ada.command("queue")).embeds)
    assert queue.count("Ember") == queue.count("Halo") == 1


async def test_two_who_look_at_the_queue_at_once_see_it_each(choir: Choir, grace: Member) -> None:
    panel = await shown(choir, Verb.QUEUE)
    assert all("Halo" in said for said in told(await both(choir, grace, panel, Verb.QUEUE)))


async def test_two_who_command_a_skip_at_once_skip_one_track(choir: Choir, grace: Member) -> None:
    for upcoming in ("Ember", "Halo"):
        [second] = told(await asyncio.gather(choir.ada.command("skip"), grace.command("skip")))
        assert "over already" in second
        assert f"'title': '{upcoming}'" in await now(choir)
        # After a moment, the new track can be meant.
        await asyncio.sleep(A_MOMENT)
