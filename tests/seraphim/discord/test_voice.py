import asyncio
from contextlib import suppress

import pytest
import structlog

from actors.guild.player.messages import (
    NodeDown,
    VoiceServerChanged,
    VoiceSessionEnded,
    VoiceStateChanged,
)
from actors.guild.player.ports import JoinRefused
from actors.guild.refusal import Code
from actors.runtime import MailboxFull
from seraphim.discord import voice as voices
from seraphim.discord.players import Players
from seraphim.discord.voice import DiscordVoice, host_of
from seraphim.discord.whereabouts import Whereabouts
from seraphim.sandbox import Guild, Permission
from tests.seraphim.discord.house import House

pytestmark = pytest.mark.anyio


async def refused(house: House, guild: Guild, channel: int) -> JoinRefused:
    with pytest.raises(JoinRefused) as caught:
        await house.edge.voice.join(guild.id, channel)
    assert guild.bot.voice is None
    return caught.value


async def test_joining_brings_state_and_server_to_the_guilds_player_in_order(
    house: House, guild: Guild
) -> None:
    await house.wake(guild)
    script = house.script(guild)

    await house.edge.voice.join(guild.id, guild.voice.id)
    await house.sandbox.until(lambda: guild.bot.voice)
    await house.sandbox.until(lambda: len(script.received) == 2)

    state, server = script.received
    assert isinstance(state, VoiceStateChanged)
    assert state.channel == guild.voice.id
    assert state.session
    assert isinstance(server, VoiceServerChanged)
    assert server.endpoint is not None
    assert server.endpoint.startswith("localhost:")
    assert server.token
    assert house.edge.voice.state(guild.id) == state
    assert guild.bot.voice is not None
    assert guild.bot.voice.self_deaf


async def test_leaving_is_told(house: House, guild: Guild) -> None:
    await house.wake(guild)
    script = house.script(guild)
    await house.edge.voice.join(guild.id, guild.voice.id)
    await house.sandbox.until(lambda: len(script.received) == 2)
    await house.edge.voice.leave(guild.id)
    await house.sandbox.until(lambda: len(script.received) == 3)
    assert script.received[-1] == VoiceStateChanged(None, None)
    assert house.edge.voice.state(guild.id) == VoiceStateChanged(None, None)


async def test_a_guild_hears_only_of_itself_and_only_of_the_bot(house: House, guild: Guild) -> None:
    other = house.sandbox.guild("Other")
    await house.wake(guild)
    await house.wake(other)
    await guild.member("Ada").join(guild.voice)
    await house.edge.voice.join(other.id, other.voice.id)
    await house.sandbox.until(lambda: len(house.script(other).received) == 2)
    assert house.script(guild).received == []


async def test_where_the_bot_is_is_known_though_the_player_sleeps(
    house: House, guild: Guild
) -> None:
    await house.edge.voice.join(guild.id, guild.voice.id)
    await house.sandbox.until(lambda: house.edge.voice.state(guild.id).channel == guild.voice.id)


async def test_missing_permissions_are_named_before_anything_is_tried(
    house: House, guild: Guild
) -> None:
    for denied, named in {
        Permission.CONNECT: "CONNECT",
        Permission.SPEAK: "SPEAK",
        Permission.VIEW_CHANNEL: "VIEW_CHANNEL",
        Permission.CONNECT | Permission.SPEAK: "CONNECT SPEAK",
    }.items():
        guild.voice.overwrite(guild.bot, deny=denied)
        error = await refused(house, guild, guild.voice.id)
        assert error.refused.code is Code.CANNOT_SPEAK
        assert named in str(error.refused.facts["missing"])
        assert error.refused.facts["channel"] == guild.voice.id


async def test_a_full_channel_is_refused_unless_the_bot_may_move_members(
    house: House, guild: Guild
) -> None:
    loft = guild.voice_channel("Loft", user_limit=1)
    await guild.member("Ada").join(loft)
    # Over the gateway the answer to this comes after what happened before.
    await guild.member("Bob").command("ping")
    error = await refused(house, guild, loft.id)
    assert error.refused.facts["missing"] == "ROOM"
    assert error.refused.facts["limit"] == 1

    guild.permit(guild.bot.role, Permission.MOVE_MEMBERS)
    await house.edge.voice.join(guild.id, loft.id)
    await house.sandbox.until(lambda: guild.bot.voice)


async def test_a_text_channel_is_no_place_to_sing(house: House, guild: Guild) -> None:
    error = await refused(house, guild, guild.text.id)
    assert error.refused.code is Code.DISCORD_REFUSED


async def test_a_rest_that_fails_keeps_nobody_from_joining(
    monkeypatch: pytest.MonkeyPatch, house: House, guild: Guild
) -> None:
    monkeypatch.setattr(voices, "LOOK_SECONDS", 0.2)
    house.sandbox.faults.refuse("GET /guilds/*/members/*", status=500)
    await house.edge.voice.join(guild.id, guild.voice.id)
    await house.sandbox.until(lambda: guild.bot.voice)


async def test_to_come_back_nothing_is_looked_at(house: House, guild: Guild) -> None:
    refusal = house.sandbox.faults.refuse("GET *", status=403)
    await house.edge.voice.join(guild.id, guild.voice.id, back=True)
    await house.sandbox.until(lambda: guild.bot.voice)
    assert not refusal.met


async def test_joining_waits_for_a_gateway_that_reconnects(house: House, guild: Guild) -> None:
    house.sandbox.faults.drop_gateway()
    await house.sandbox.until(lambda: not all(s.is_connected for s in house.bot.shards.values()))
    await house.edge.voice.join(guild.id, guild.voice.id)
    await house.sandbox.until(lambda: guild.bot.voice)


async def test_who_gives_up_at_the_limit_of_the_gateway_keeps_no_other_from_joining(
    monkeypatch: pytest.MonkeyPatch, house: House, guild: Guild
) -> None:
    (shard,) = house.bot.shards.values()
    limit = shard._non_priority_rate_limit  # pyright: ignore
    limit.limit, limit.period = 1, 0.3
    limit.move_at = 0.0
    await house.edge.voice.leave(guild.id)
    monkeypatch.setattr(voices, "GATEWAY_SECONDS", 0.05)
    assert not await house.edge.voice.leave(guild.id)
    monkeypatch.undo()
    await house.edge.voice.join(guild.id, guild.voice.id)
    await house.sandbox.until(lambda: guild.bot.voice)


async def test_joining_without_a_gateway_is_refused_in_time(
    monkeypatch: pytest.MonkeyPatch, house: House, guild: Guild
) -> None:
    monkeypatch.setattr(voices, "GATEWAY_SECONDS", 0.05)
    house.sandbox.faults.drop_gateway()
    await house.sandbox.until(lambda: not all(s.is_connected for s in house.bot.shards.values()))
    error = await refused(house, guild, guild.voice.id)
    assert error.refused.code is Code.DISCORD_REFUSED


async def test_a_new_session_clears_ghosts_and_tells_players_that_their_place_has_ended(
    house: House, guild: Guild
) -> None:
    await house.wake(guild)
    script = house.script(guild)
    ada = guild.member("Ada")
    await ada.join(guild.voice)
    await house.edge.voice.join(guild.id, guild.voice.id)
    await house.sandbox.until(lambda: len(script.received) == 2)

    house.sandbox.faults.invalidate_session()
    await ada.leave()

    await house.sandbox.until(lambda: len(script.received) == 3)
    assert script.received[-1] == VoiceSessionEnded()
    assert house.edge.voice.state(guild.id).channel is None
    answer = await ada.command("play", query="aurora")
    assert answer.embeds[0].get("footer", {}).get("text") == Code.JOIN_A_CHANNEL


async def test_a_voice_server_inside_is_refused_unless_discord_itself_is_here(
    house: House, guild: Guild
) -> None:
    await house.wake(guild)
    script = house.script(guild)
    DiscordVoice(
        house.bot,
        players=Players(lambda: house.system.registry),
        whereabouts=Whereabouts(int(house.bot.token_id)),
        inside_allowed=False,
    )
    with structlog.testing.capture_logs() as lines:
        await house.edge.voice.join(guild.id, guild.voice.id)
        await house.sandbox.until(lambda: script.got(VoiceServerChanged))
        await house.edge.voice.leave(guild.id)
        await house.sandbox.until(lambda: not house.edge.voice.state(guild.id).channel)
    assert len(script.got(VoiceServerChanged)) == 1
    (line,) = [line for line in lines if line["event"] == "voice.endpoint_refused"]
    assert script.got(VoiceServerChanged)[0].token not in str(line)


async def test_a_player_with_a_full_mailbox_hears_of_it_all_the_same(
    house: House, guild: Guild
) -> None:
    player = await house.wake(guild)
    script = house.script(guild)
    script.hold = asyncio.Event()
    with suppress(MailboxFull):
        while True:
            player.tell_nowait(NodeDown("main"))
    await house.edge.voice.join(guild.id, guild.voice.id)
    await house.sandbox.until(lambda: house.edge.voice.state(guild.id).channel)
    script.replies[NodeDown] = None
    script.hold.set()
    await house.sandbox.until(lambda: script.got(VoiceServerChanged))
    assert script.got(VoiceStateChanged)


async def test_being_thrown_out_of_the_guild_ends_the_voice_state(
    house: House, guild: Guild
) -> None:
    await house.edge.voice.join(guild.id, guild.voice.id)
    await house.sandbox.until(lambda: house.edge.voice.state(guild.id).channel)
    guild.remove_bot()
    await house.sandbox.until(lambda: not house.edge.voice.state(guild.id).channel)


async def test_a_player_whose_guild_is_lost_is_told_that_it_is_nowhere(
    house: House, guild: Guild
) -> None:
    await house.wake(guild)
    script = house.script(guild)
    await house.edge.voice.join(guild.id, guild.voice.id)
    await house.sandbox.until(lambda: len(script.received) == 2)
    guild.remove_bot()
    nowhere = VoiceStateChanged(None, None)
    await house.sandbox.until(lambda: script.got(VoiceStateChanged)[-1] == nowhere)
    assert house.edge.voice.state(guild.id) == nowhere


async def test_a_player_whose_guild_a_new_session_lacks_is_told_that_it_is_nowhere(
    house: House, guild: Guild
) -> None:
    other = house.sandbox.guild("Other")
    for each in (guild, other):
        await house.wake(each)
    # What happens while nobody is connected is not said once the session is lost.
    house.sandbox.faults.drop_gateway()
    (session,) = house.sandbox.sessions
    house.sandbox._discord.gateway.end(session)
    guild.remove_bot()
    nowhere = VoiceStateChanged(None, None)
    await house.sandbox.until(lambda: nowhere in house.script(guild).got(VoiceStateChanged))
    assert house.edge.voice.state(guild.id) == nowhere
    assert nowhere not in house.script(other).got(VoiceStateChanged)


async def test_a_sweep_leaves_places_alone_that_have_a_player(house: House, guild: Guild) -> None:
    other = house.sandbox.guild("Other")
    await house.wake(guild)
    for each in (guild, other):
        await house.edge.voice.join(each.id, each.voice.id)
    await house.sandbox.until(lambda: house.edge.voice.state(other.id).channel)
    await house.edge.voice.sweep([])
    await house.sandbox.until(lambda: not other.bot.voice)
    assert guild.bot.voice


async def test_a_server_mute_is_told(house: House, guild: Guild) -> None:
    await house.wake(guild)
    script = house.script(guild)
    await house.edge.voice.join(guild.id, guild.voice.id)
    await house.sandbox.until(lambda: len(script.received) == 2)
    assert not script.got(VoiceStateChanged)[-1].muted
    house.sandbox.faults.server_mute(guild)
    await house.sandbox.until(lambda: script.got(VoiceStateChanged)[-1].muted)
    house.sandbox.faults.server_mute(guild, muted=False)
    await house.sandbox.until(lambda: not script.got(VoiceStateChanged)[-1].muted)


async def test_on_a_stage_it_speaks_if_it_may_and_asks_if_it_may_not(
    house: House, guild: Guild
) -> None:
    stage = guild.stage_channel("Stage")
    await house.wake(guild)
    script = house.script(guild)
    await house.edge.voice.join(guild.id, stage.id)
    await house.sandbox.until(lambda: len(script.received) == 2)
    assert script.got(VoiceStateChanged)[-1].suppressed

    await house.edge.voice.speak(guild.id, stage.id)
    assert guild.bot.voice is not None
    assert guild.bot.voice.asked_to_speak_at is not None
    assert guild.bot.voice.suppressed

    guild.permit(guild.bot.role, Permission.MUTE_MEMBERS)
    await house.edge.voice.speak(guild.id, stage.id)
    await house.sandbox.until(lambda: not script.got(VoiceStateChanged)[-1].suppressed)


async def test_where_it_can_neither_speak_nor_ask_it_goes_on_in_silence(
    house: House, guild: Guild
) -> None:
    stage = guild.stage_channel("Stage")
    house.sandbox.faults.refuse("PATCH /guilds/*/voice-states/@me", status=403)
    with structlog.testing.capture_logs() as lines:
        await house.edge.voice.speak(guild.id, stage.id)
    (line,) = [line for line in lines if line["event"] == "voice.not_speaking"]
    assert line["channel"] == stage.id


async def test_joining_waits_for_a_gateway_that_is_started_again(
    house: House, guild: Guild
) -> None:
    await house.stop_discord()
    joining = asyncio.create_task(house.edge.voice.join(guild.id, guild.voice.id))
    await house.system.supervisor("/root").restart_child("discord")
    await joining
    await house.sandbox.until(lambda: guild.bot.voice)


@pytest.mark.parametrize(
    ("endpoint", "host"),
    [
        ("rotterdam1.discord.media:443", "rotterdam1.discord.media"),
        ("rotterdam1.discord.media", "rotterdam1.discord.media"),
        ("[::1]:443", "::1"),
        ("::1", "::1"),
        ("127.0.0.1:80", "127.0.0.1"),
    ],
)
def test_the_host_of_an_endpoint(endpoint: str, host: str) -> None:
    assert host_of(endpoint).strip("[]") == host
