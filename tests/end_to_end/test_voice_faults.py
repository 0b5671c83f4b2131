"""What Discord does to a voice connection, and what people hear of it.

They listen to a tape measure: the sound itself says where the song broke off, how long nothing was
heard, and where it went on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise
from operator import itemgetter

import pytest

from seraphim.sandbox import Permission, tape
from seraphim.sandbox.voice import Packet
from tests.end_to_end.conftest import OUTER_NODE, Choir, code

pytestmark = pytest.mark.anyio

HALF_A_MINUTE = 30.0
A_BREATH = 0.3


class Break:
    """The longest silence in what was heard: its seconds, and the seconds of the song that it cost.

    Seconds that were heard twice count against it.
    """

    def __init__(self, packets: Sequence[Packet]) -> None:
        at, self.silence = longest_silence(packets)
        before, after = packets[:at], packets[at : at + tape.RUN]
        went_on = tape.place(after) - len(after) * 0.02
        self.missed = (went_on - tape.place(before) + tape.PERIOD / 2) % tape.PERIOD
        self.missed -= tape.PERIOD / 2


def longest_silence(packets: Sequence[Packet]) -> tuple[int, float]:
    """Return before which packet the longest silence was, and its seconds."""
    waits = [after.arrived - before.arrived for before, after in pairwise(packets)]
    return max(((at, wait) for at, wait in enumerate(waits, 1)), key=itemgetter(1))


async def break_in(choir: Choir, happen: Callable[[], Awaitable[None]]) -> Break:
    """Let something happen to the tape that interrupts it for a while, and judge the break."""
    heard, mark = choir.heard, choir.heard.mark()

    def sound() -> list[Packet]:
        return [packet for packet in heard.window(since=mark) if not packet.silence]

    def is_over() -> bool:
        at, seconds = longest_silence(sound())
        return seconds > A_BREATH and len(sound()) > at + tape.STEADY_PACKETS

    await asyncio.sleep(tape.STEADY_SECONDS)
    await happen()
    await heard.until(is_over, deadline=HALF_A_MINUTE, what="the tape after a break")
    return await asyncio.to_thread(Break, sound())


@pytest.fixture
async def listening(choir: Choir) -> Choir:
    """The choir hears the tape."""
    await choir.play_tape()
    return choir


# --- voice servers ---


async def test_a_change_of_the_region_is_hardly_heard(listening: Choir) -> None:
    faults = listening.stage.sandbox.faults
    heard, _ = await tape.listen_through(
        listening.heard, lambda: faults.move_voice_server(listening.guild)
    )
    assert heard.silence_ms < 1_000
    assert heard.off_s <= 1


async def test_between_two_voice_servers_the_song_stands_still(listening: Choir) -> None:
    async def reallocate() -> None:
        faults = listening.stage.sandbox.faults
        await faults.move_voice_server(listening.guild, gap=3.0)

    interruption = await break_in(listening, reallocate)
    assert 2.5 < interruption.silence < 6
    assert abs(interruption.missed) < 1


async def test_a_voice_server_that_is_never_named_is_had_by_joining_again(
    listening: Choir,
) -> None:
    async def reallocate() -> None:
        faults = listening.stage.sandbox.faults
        faults.lose_next("VOICE_SERVER_UPDATE", listening.guild)
        await faults.move_voice_server(listening.guild)

    interruption = await break_in(listening, reallocate)
    assert interruption.silence < 15
    assert abs(interruption.missed) < 1


async def test_a_bot_that_is_dragged_where_no_server_is_named_sounds_there(
    listening: Choir,
) -> None:
    faults = listening.stage.sandbox.faults
    loft = listening.guild.voice_channel("Loft")
    await listening.guild.member("Grace").join(loft)
    faults.lose_next("VOICE_SERVER_UPDATE", listening.guild)
    faults.drag(listening.guild, loft)
    await loft.heard.until_audible(deadline=HALF_A_MINUTE)
    await tape.until_steady(loft.heard)
    assert "Seraphim" in loft.present


@pytest.mark.parametrize(
    ("what", "event"),
    [
        ("lost", "VOICE_SERVER_UPDATE"),
        ("doubled", "VOICE_STATE_UPDATE"),
        ("doubled", "VOICE_SERVER_UPDATE"),
        ("late", "VOICE_STATE_UPDATE"),
        ("late", "VOICE_SERVER_UPDATE"),
    ],
)
async def test_whatever_becomes_of_the_events_of_a_join_the_music_is_heard(
    choir: Choir, what: str, event: str
) -> None:
    faults = choir.stage.sandbox.faults
    if what == "lost":
        faults.lose_next(event, choir.guild)
    elif what == "doubled":
        faults.double_next(event, choir.guild)
    else:
        faults.delay_next(event, 0.5, choir.guild)
    assert code(await choir.play("Aurora")) == ""
    await choir.hears("Aurora")


# --- close codes ---


async def test_a_connection_that_discord_resumes_is_not_missed_for_a_moment(
    listening: Choir,
) -> None:
    async def crash() -> None:
        listening.stage.sandbox.faults.close_voice(listening.guild, 4015)

    heard, _ = await tape.listen_through(listening.heard, crash)
    assert heard.missing == 0


async def test_a_closed_connection_is_made_again_and_the_song_goes_on_where_it_broke_off(
    listening: Choir,
) -> None:
    async def close() -> None:
        listening.stage.sandbox.faults.close_voice(listening.guild, 4006)

    interruption = await break_in(listening, close)
    assert interruption.silence < 6
    assert abs(interruption.missed) < 1


async def test_credentials_that_are_void_are_had_anew_by_joining_again(listening: Choir) -> None:
    async def close() -> None:
        listening.stage.sandbox.faults.close_voice(listening.guild, 4006, void=True)

    interruption = await break_in(listening, close)
    assert interruption.silence < 15
    assert abs(interruption.missed) < 1


@pytest.mark.skipif(OUTER_NODE, reason="somebody else's node may be able to encrypt")
async def test_a_node_that_cannot_encrypt_is_said_once_and_not_tried_again(choir: Choir) -> None:
    troubles = choir.stage.sandbox.faults.voice_server(choir.guild).troubles
    troubles.identify_closes_with = 4017
    try:
        await choir.play("Aurora")
        await choir.stage.sandbox.until(lambda: said(choir, "NET-005"))
        # Longer than any repair would wait.
        await asyncio.sleep(6)
        assert len(said(choir, "NET-005")) == 1
    finally:
        troubles.identify_closes_with = None
    await choir.ada.command("leave")
    await choir.ada.command("join")
    await choir.hears("Aurora")


def said(choir: Choir, error: str) -> list[object]:
    """What the text channel was told under an error code."""
    return [one for one in choir.guild.text.messages if error in str(one.raw_embeds)]


# --- moderators ---


async def test_a_deleted_channel_keeps_the_queue_for_another(listening: Choir) -> None:
    await listening.play("Ember")
    loft = listening.guild.voice_channel("Loft")
    listening.stage.sandbox.faults.delete_channel(listening.guild.voice)
    await listening.stage.sandbox.until(lambda: listening.guild.bot.voice is None)
    await listening.ada.join(loft)
    await listening.ada.command("join")
    await tape.until_steady(loft.heard)
    await listening.ada.command("skip")
    await loft.heard.until_pitch(220)


async def test_a_song_stands_still_while_the_server_mutes_it(listening: Choir) -> None:
    async def mute_for_a_while() -> None:
        faults = listening.stage.sandbox.faults
        faults.server_mute(listening.guild)
        await asyncio.sleep(3)
        faults.server_mute(listening.guild, muted=False)

    interruption = await break_in(listening, mute_for_a_while)
    assert abs(interruption.missed) < 1


async def test_what_people_paused_stays_paused_when_the_server_unmutes(listening: Choir) -> None:
    faults = listening.stage.sandbox.faults
    await listening.ada.command("pause")
    await listening.heard.until_silent()
    paused = listening.heard.mark()
    faults.server_mute(listening.guild)
    faults.server_mute(listening.guild, muted=False)
    await asyncio.sleep(2)
    assert listening.heard.first_audible(since=paused) is None
    await listening.ada.command("resume")
    await tape.until_steady(listening.heard)


async def test_lost_permissions_are_named_once_and_join_goes_on_when_they_are_back(
    listening: Choir,
) -> None:
    bot = listening.guild.bot
    listening.guild.voice.overwrite(bot, deny=Permission.CONNECT)
    listening.stage.sandbox.faults.close_voice(listening.guild, 4006, void=True)
    await listening.stage.sandbox.until(lambda: said(listening, "PERM-001"))
    assert "Connect" in str(said(listening, "PERM-001")[0].raw_embeds)
    assert len(said(listening, "PERM-001")) == 1
    listening.guild.voice.overwrite(bot)
    mark = listening.heard.mark()
    await listening.ada.command("join")
    await listening.heard.until_audible(since=mark)
    await tape.until_steady(listening.heard)


# --- stages ---


async def test_on_a_stage_the_bot_becomes_a_speaker_by_itself_where_it_may(choir: Choir) -> None:
    bot = choir.guild.bot
    choir.guild.permit(bot.role, bot.role.permissions | Permission.MUTE_MEMBERS)
    stage = choir.guild.stage_channel("Stage")
    await choir.ada.join(stage)
    await choir.play("Aurora")
    await stage.heard.until_pitch(440)


async def test_on_a_stage_the_bot_asks_to_speak_and_begins_when_it_is_let(choir: Choir) -> None:
    stage = choir.guild.stage_channel("Stage")
    await choir.ada.join(stage)
    await choir.play("Aurora")
    await choir.stage.sandbox.until(
        lambda: (state := choir.guild.bot.voice) is not None and state.asked_to_speak_at
    )
    assert not stage.heard.packets
    choir.stage.sandbox.faults.put_on_stage(choir.guild)
    await stage.heard.until_pitch(440)
    choir.stage.sandbox.faults.put_on_stage(choir.guild, speaks=False)
    await stage.heard.until_silent()
