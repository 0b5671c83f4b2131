"""End-to-end encryption (DAVE), heard by members of the group who use Discord's own libdave.

Every end-to-end test runs with it on; these are about what changes the group while music plays.
Whatever leaves in the clear, or cannot be opened by somebody who is there, is a violation, with
which no test may end (see `choir`).
"""

import pytest

from seraphim.sandbox.voice import DavePolicy
from tests.end_to_end.conftest import OUTER_NODE, Choir

pytestmark = pytest.mark.anyio

SECOND = 50


async def goes_on(choir: Choir, *, encrypted: bool = True) -> None:
    """Hear a second more of the music, every frame of it, encrypted or not."""
    heard = choir.heard
    await heard.until(lambda: heard.packets[-1].encrypted is encrypted)
    since = heard.mark()
    await heard.until(lambda: len(heard.window(since=since)) >= SECOND)
    packets = heard.window(since=since)
    assert {packet.encrypted for packet in packets} == {encrypted}
    assert heard.continuity(since=since).lost == 0


async def test_every_frame_is_encrypted_from_the_first_to_the_last(choir: Choir) -> None:
    await choir.play("Aurora")
    await choir.hears("Aurora")
    await choir.ada.command("stop")
    await choir.heard.until_silent()
    assert all(packet.encrypted for packet in choir.heard.packets if not packet.silence)


async def test_who_comes_while_it_plays_hears_it_and_nobody_misses_a_frame(choir: Choir) -> None:
    bob, cleo = choir.guild.member("Bob"), choir.guild.member("Cleo")
    group = choir.stage.sandbox.faults.voice_server(choir.guild).group(choir.guild.voice.id)
    await choir.play("Aurora")
    await choir.hears("Aurora")
    playing = choir.heard.mark()
    await bob.join(choir.guild.voice)
    await choir.heard.until(lambda: bob.id in group.members and group.settled)
    await cleo.join(choir.guild.voice)
    await bob.leave()
    await choir.heard.until(
        lambda: cleo.id in group.members and bob.id not in group.members and group.settled
    )
    await goes_on(choir)
    assert choir.heard.continuity(since=playing).lost == 0
    assert choir.heard.silences(since=playing) == []


@pytest.mark.skipif(OUTER_NODE, reason="how another node recovers is its own affair")
async def test_keys_that_come_to_harm_cost_a_moment_and_not_the_music(choir: Choir) -> None:
    faults = choir.stage.sandbox.faults
    await choir.play("Aurora")
    await choir.hears("Aurora")
    faults.spoil_commit(choir.guild)
    faults.spoil_welcome(choir.guild)
    await choir.guild.member("Bob").join(choir.guild.voice)
    spoiled = faults.voice_server(choir.guild).troubles.spoiled
    await choir.heard.until(lambda: not spoiled.total())
    await goes_on(choir)
    await choir.hears("Aurora")


async def test_somebody_with_an_old_app_takes_it_down_and_their_leaving_up_again(
    choir: Choir,
) -> None:
    faults = choir.stage.sandbox.faults
    bob = choir.guild.member("Bob")
    await choir.play("Aurora")
    await choir.hears("Aurora")
    faults.encrypt(DavePolicy.OFFERED)
    try:
        await bob.join(choir.guild.voice, dave=False)
        await goes_on(choir, encrypted=False)
        await bob.leave()
        await goes_on(choir)
    finally:
        faults.encrypt(DavePolicy.REQUIRED)
