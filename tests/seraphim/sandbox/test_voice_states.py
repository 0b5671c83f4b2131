import asyncio
import ssl
from contextlib import AsyncExitStack

import aiohttp
import hikari
import pytest

from seraphim.sandbox import CannotDo, Permission, Timing

pytestmark = pytest.mark.anyio


async def joined(client, guild, channel=None):
    """Join voice; returns the data of both events."""
    await client.join_voice(guild, (channel or guild.voice).id)
    return await client.until("VOICE_STATE_UPDATE"), await client.until("VOICE_SERVER_UPDATE")


async def test_joining_brings_the_state_first_and_the_server_after_it(sandbox, guild, connect):
    client = await connect()
    await client.identify()
    state, server = await joined(client, guild)
    assert state["channel_id"] == str(guild.voice.id)
    assert state["user_id"] == str(sandbox.application_id)
    assert state["session_id"] == client.session_id
    assert state["self_deaf"] is True
    assert server["endpoint"] == sandbox.faults.voice_server(guild).endpoint
    assert server["token"]
    assert guild.voice.present == ["Seraphim"]


async def test_leaving_is_told_with_no_channel(sandbox, guild, connect):
    client = await connect()
    await client.identify()
    await joined(client, guild)
    await client.join_voice(guild, None)
    assert (await client.until("VOICE_STATE_UPDATE"))["channel_id"] is None
    assert guild.bot.voice is None


@pytest.mark.parametrize("why", ["connect", "view", "full", "text"])
async def test_a_join_that_is_not_allowed_is_silently_ignored(sandbox, guild, connect, why):
    client = await connect()
    await client.identify()
    channel = guild.voice
    if why == "connect":
        channel.overwrite(guild.bot, deny=Permission.CONNECT)
    elif why == "view":
        channel.overwrite(guild.everyone, deny=Permission.VIEW_CHANNEL)
    elif why == "full":
        channel.limit(1)
        await guild.member("Ada").join(channel)
    else:
        channel = guild.text
    await client.join_voice(guild, channel.id)
    guild.text_channel("afterwards")
    while (payload := await client.receive())["t"] != "CHANNEL_CREATE":
        assert payload["t"] in ("CHANNEL_UPDATE", "VOICE_STATE_UPDATE")
        assert payload["d"].get("user_id") != str(sandbox.application_id)
    assert guild.bot.voice is None


async def test_whoever_may_move_members_gets_into_a_full_channel(guild, connect):
    guild.voice.limit(1)
    await guild.member("Ada").join(guild.voice)
    guild.permit(guild.bot.role, guild.bot.role.permissions | Permission.MOVE_MEMBERS)
    client = await connect()
    await client.identify()
    await joined(client, guild)
    assert guild.voice.present == ["Ada", "Seraphim"]


async def test_changing_only_mute_or_deaf_brings_no_new_server(guild, connect):
    client = await connect()
    await client.identify()
    await joined(client, guild)
    await client.join_voice(guild, guild.voice.id, self_mute=True)
    assert (await client.until("VOICE_STATE_UPDATE"))["self_mute"] is True
    guild.text_channel("afterwards")
    assert (await client.receive())["t"] == "CHANNEL_CREATE"


async def test_moving_to_another_channel_brings_a_new_token(guild, connect):
    loft = guild.voice_channel("Loft")
    client = await connect()
    await client.identify()
    _, first = await joined(client, guild)
    state, second = await joined(client, guild, loft)
    assert state["channel_id"] == str(loft.id)
    assert second["token"] != first["token"]
    assert (guild.voice.present, loft.present) == ([], ["Seraphim"])


@pytest.mark.parametrize("code", [1000, 1001])
async def test_the_bots_voice_state_ends_with_a_session_that_says_goodbye(
    sandbox, guild, connect, code
):
    client, witness = await connect(), await connect()
    await client.identify()
    await witness.identify()
    await joined(client, guild)
    await witness.until("VOICE_STATE_UPDATE")
    await client.ws.close(code=code)
    assert (await witness.until("VOICE_STATE_UPDATE"))["channel_id"] is None
    assert guild.voice.present == []


async def test_the_bots_voice_state_outlives_a_lost_socket(sandbox, guild, connect):
    first = await connect()
    await first.identify()
    await joined(first, guild)
    first.abort()
    await sandbox.until(lambda: sandbox.sessions[0].socket is None)
    assert guild.voice.present == ["Seraphim"]
    second = await connect()
    await second.resume(first.session_id, first.sequence)
    await second.until("RESUMED")
    assert guild.bot.voice.session_id == first.session_id


@pytest.mark.parametrize("timing", [Timing(resume_window=0.05)])
async def test_the_bots_voice_state_ends_when_its_session_is_not_resumed_in_time(
    sandbox, guild, connect, timing
):
    client = await connect()
    await client.identify()
    await joined(client, guild)
    client.abort()
    await sandbox.until(lambda: not sandbox.sessions)
    assert guild.bot.voice is None


async def test_a_new_session_takes_the_same_channel_over_with_new_credentials(guild, connect):
    first, second = await connect(), await connect()
    await first.identify()
    _, before = await joined(first, guild)
    await second.identify()
    state, after = await joined(second, guild)
    assert state["session_id"] == second.session_id != first.session_id
    assert after["token"] != before["token"]
    await first.ws.close(code=1000)
    await second.ws.ping()
    assert guild.voice.present == ["Seraphim"]


async def test_the_old_session_no_longer_owns_what_a_new_one_took_over(sandbox, guild, connect):
    first, second = await connect(), await connect()
    await first.identify()
    await joined(first, guild)
    await second.identify()
    await joined(second, guild)
    await first.ws.close(code=1000)
    await sandbox.until(lambda: len(sandbox.sessions) == 1)
    assert guild.bot.voice.session_id == second.session_id


async def test_people_join_move_and_leave(sandbox, guild, bot, start):
    await start()
    seen = []

    async def on_voice(event: hikari.VoiceStateUpdateEvent) -> None:
        seen.append(event.state.channel_id)

    bot.subscribe(hikari.VoiceStateUpdateEvent, on_voice)
    loft = guild.voice_channel("Loft")
    ada = guild.member("Ada")
    await ada.join(guild.voice)
    await ada.join(loft)
    await ada.leave()
    await sandbox.until(lambda: len(seen) == 3)
    assert seen == [guild.voice.id, loft.id, None]


async def test_people_cannot_join_where_they_may_not(guild):
    guild.voice.overwrite(guild.everyone, deny=Permission.CONNECT)
    with pytest.raises(CannotDo, match="Ada cannot join General"):
        await guild.member("Ada").join(guild.voice)


async def test_a_bot_that_starts_sees_who_is_in_voice(guild, bot, start):
    ada = guild.member("Ada")
    await ada.join(guild.voice)
    await start()
    states = bot.cache.get_voice_states_view_for_channel(guild.id, guild.voice.id)
    assert [state.user_id for state in states.values()] == [ada.id]
    assert states[ada.id].member.username == "Ada"


# Faults


async def test_a_kick_is_told_with_no_channel(sandbox, guild, connect):
    client = await connect()
    await client.identify()
    await joined(client, guild)
    sandbox.faults.kick_from_voice(guild)
    assert (await client.until("VOICE_STATE_UPDATE"))["channel_id"] is None


async def test_nobody_is_kicked_who_is_not_there(sandbox, guild):
    with pytest.raises(CannotDo, match="in no voice channel"):
        sandbox.faults.kick_from_voice(guild)


async def test_being_dragged_keeps_the_session_and_brings_a_new_token(sandbox, guild, connect):
    loft = guild.voice_channel("Loft")
    client = await connect()
    await client.identify()
    _, before = await joined(client, guild)
    sandbox.faults.drag(guild, loft)
    state = await client.until("VOICE_STATE_UPDATE")
    after = await client.until("VOICE_SERVER_UPDATE")
    assert (state["channel_id"], state["session_id"]) == (str(loft.id), client.session_id)
    assert after["token"] != before["token"]


async def test_a_server_mute_is_told_in_the_state(sandbox, guild, connect):
    client = await connect()
    await client.identify()
    await joined(client, guild)
    sandbox.faults.server_mute(guild)
    assert (await client.until("VOICE_STATE_UPDATE"))["mute"] is True
    sandbox.faults.server_mute(guild, muted=False)
    assert (await client.until("VOICE_STATE_UPDATE"))["mute"] is False


async def test_a_deleted_channel_throws_everybody_out_first(sandbox, guild, connect):
    client = await connect()
    await client.identify()
    await joined(client, guild)
    sandbox.faults.delete_channel(guild.voice)
    assert (await client.until("VOICE_STATE_UPDATE"))["channel_id"] is None
    assert (await client.until("CHANNEL_DELETE"))["id"] == str(guild.voice.id)


async def test_a_moved_voice_server_has_another_endpoint_and_token(sandbox, guild, connect):
    client = await connect()
    await client.identify()
    _, before = await joined(client, guild)
    await sandbox.faults.move_voice_server(guild)
    after = await client.until("VOICE_SERVER_UPDATE")
    assert after["endpoint"] not in (None, before["endpoint"])
    assert after["token"] != before["token"]


async def test_a_moving_voice_server_can_be_nowhere_for_a_while(sandbox, guild, connect):
    client = await connect()
    await client.identify()
    _, before = await joined(client, guild)
    await sandbox.faults.move_voice_server(guild, gap=0)
    assert (await client.until("VOICE_SERVER_UPDATE"))["endpoint"] is None
    assert (await client.until("VOICE_SERVER_UPDATE"))["endpoint"] not in (
        None,
        before["endpoint"],
    )


async def test_a_lost_voice_event_never_arrives_and_the_next_one_does(sandbox, guild, connect):
    client = await connect()
    await client.identify()
    sandbox.faults.lose_next("VOICE_SERVER_UPDATE")
    await client.join_voice(guild, guild.voice.id)
    await client.until("VOICE_STATE_UPDATE")
    await sandbox.faults.move_voice_server(guild)
    second = sandbox.faults.voice_server(guild).endpoint
    assert (await client.until("VOICE_SERVER_UPDATE"))["endpoint"] == second


async def test_a_delayed_voice_event_is_overtaken(sandbox, guild, connect):
    client = await connect()
    await client.identify()
    await guild.member("Ada").join(guild.voice)
    await client.until("VOICE_STATE_UPDATE")
    sandbox.faults.delay_next("VOICE_STATE_UPDATE", 0.05, guild)
    await client.join_voice(guild, guild.voice.id)
    assert (await client.receive())["t"] == "VOICE_SERVER_UPDATE"
    assert (await client.receive())["t"] == "VOICE_STATE_UPDATE"


async def test_only_voice_events_can_be_lost(sandbox):
    with pytest.raises(CannotDo, match="VOICE_SERVER_UPDATE, VOICE_STATE_UPDATE"):
        sandbox.faults.lose_next("READY")


async def test_a_bot_that_is_thrown_out_is_out_of_voice_too(sandbox, guild, connect):
    client = await connect()
    await client.identify()
    await joined(client, guild)
    guild.remove_bot()
    await client.until("GUILD_DELETE")
    assert guild.voice.present == []
    guild.add_bot()
    assert (await client.until("GUILD_CREATE"))["voice_states"] == []
    await joined(client, guild)
    assert guild.voice.present == ["Seraphim"]


async def test_a_doubled_voice_event_arrives_twice(sandbox, guild, connect):
    client = await connect()
    await client.identify()
    sandbox.faults.double_next("VOICE_SERVER_UPDATE", guild)
    _, first = await joined(client, guild)
    again = await client.receive()
    assert (again["t"], again["d"]) == ("VOICE_SERVER_UPDATE", first)


async def test_several_voice_events_can_be_lost_in_a_row(sandbox, guild, connect):
    client = await connect()
    await client.identify()
    sandbox.faults.lose_next("VOICE_SERVER_UPDATE", guild, times=2)
    await client.join_voice(guild, guild.voice.id)
    await sandbox.faults.move_voice_server(guild)
    await sandbox.faults.move_voice_server(guild)
    endpoint = sandbox.faults.voice_server(guild).endpoint
    assert (await client.until("VOICE_SERVER_UPDATE"))["endpoint"] == endpoint


async def test_who_joins_between_two_voice_servers_is_told_the_next_one(sandbox, guild, connect):
    client = await connect()
    await client.identify()
    _, before = await joined(client, guild)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(sandbox.faults.move_voice_server(guild, gap=0.2))
        assert (await client.until("VOICE_SERVER_UPDATE"))["endpoint"] is None
        await client.join_voice(guild, None)
        await client.join_voice(guild, guild.voice.id)
        assert (await client.until("VOICE_SERVER_UPDATE"))["endpoint"] is None
        after = await client.until("VOICE_SERVER_UPDATE")
    assert after["endpoint"] not in (None, before["endpoint"])


async def test_losing_speak_and_getting_it_back_is_told_in_the_state(guild, connect):
    client = await connect()
    await client.identify()
    await joined(client, guild)
    guild.voice.overwrite(guild.bot, deny=Permission.SPEAK)
    assert (await client.until("VOICE_STATE_UPDATE"))["suppress"] is True
    guild.voice.overwrite(guild.bot)
    assert (await client.until("VOICE_STATE_UPDATE"))["suppress"] is False


# Stages


async def on_a_stage(guild, connect):
    """Join a stage; returns the client, and the data of the bot's first state there."""
    client = await connect()
    await client.identify()
    state, _ = await joined(client, guild, guild.stage_channel("Stage"))
    return client, state


async def test_on_a_stage_the_bot_begins_in_the_audience(guild, connect):
    _, state = await on_a_stage(guild, connect)
    assert state["suppress"] is True
    assert guild.bot.voice.suppressed


async def test_whoever_may_mute_members_puts_itself_on_the_stage(guild, connect, rest):
    client, state = await on_a_stage(guild, connect)
    guild.permit(guild.bot.role, guild.bot.role.permissions | Permission.MUTE_MEMBERS)
    await rest.edit_my_voice_state(guild.id, int(state["channel_id"]), suppress=False)
    assert (await client.until("VOICE_STATE_UPDATE"))["suppress"] is False
    assert not guild.bot.voice.suppressed


async def test_others_may_only_ask_to_speak_until_a_moderator_lets_them(
    sandbox, guild, connect, rest
):
    client, state = await on_a_stage(guild, connect)
    stage = int(state["channel_id"])
    with pytest.raises(hikari.ForbiddenError):
        await rest.edit_my_voice_state(guild.id, stage, suppress=False)
    await rest.edit_my_voice_state(guild.id, stage, request_to_speak=True)
    asked = await client.until("VOICE_STATE_UPDATE")
    assert asked["request_to_speak_timestamp"]
    assert asked["suppress"] is True
    sandbox.faults.put_on_stage(guild)
    heard = await client.until("VOICE_STATE_UPDATE")
    assert (heard["suppress"], heard["request_to_speak_timestamp"]) == (False, None)
    sandbox.faults.put_on_stage(guild, speaks=False)
    assert (await client.until("VOICE_STATE_UPDATE"))["suppress"] is True


async def test_without_the_permission_nobody_asks_to_speak(guild, connect, rest):
    _, state = await on_a_stage(guild, connect)
    guild.permit(guild.everyone, guild.everyone.permissions & ~Permission.REQUEST_TO_SPEAK)
    with pytest.raises(hikari.ForbiddenError):
        await rest.edit_my_voice_state(guild.id, int(state["channel_id"]), request_to_speak=True)


async def test_only_on_a_stage_there_is_anything_to_ask_for(guild, connect, rest):
    client = await connect()
    await client.identify()
    with pytest.raises(hikari.NotFoundError):
        await rest.edit_my_voice_state(guild.id, guild.voice.id, suppress=False)
    await joined(client, guild)
    with pytest.raises(hikari.BadRequestError, match="channel type"):
        await rest.edit_my_voice_state(guild.id, guild.voice.id, suppress=False)
    with pytest.raises(hikari.NotFoundError):
        await rest.edit_my_voice_state(guild.id, guild.text.id, suppress=False)


async def test_a_speaker_who_goes_to_another_stage_is_in_the_audience_again(
    sandbox, guild, connect
):
    client, _ = await on_a_stage(guild, connect)
    sandbox.faults.put_on_stage(guild)
    assert (await client.until("VOICE_STATE_UPDATE"))["suppress"] is False
    state, _ = await joined(client, guild, guild.stage_channel("Balcony"))
    assert state["suppress"] is True


# What the voice server makes of it


@pytest.fixture
async def voice_connect(sandbox, http):
    """Identifies at the voice server with what the two events said; returns the websocket."""
    trust = ssl.create_default_context(cafile=sandbox.ca_file)
    async with AsyncExitStack() as stack:

        async def voice_connect(state, server):
            ws = await stack.enter_async_context(
                http.ws_connect(f"wss://{server['endpoint']}/?v=8", ssl=trust)
            )
            identity = {
                "server_id": state["guild_id"],
                "user_id": state["user_id"],
                "session_id": state["session_id"],
                "token": server["token"],
            }
            await ws.send_json({"op": 0, "d": identity})
            while (await ws.receive_json(timeout=15))["op"] != 2:
                pass
            return ws

        yield voice_connect


async def until_closed(ws):
    while (message := await ws.receive(timeout=15)).type is aiohttp.WSMsgType.TEXT:
        pass
    assert message.type is aiohttp.WSMsgType.CLOSE
    return message.data


@pytest.mark.parametrize("how", ["leave", "kick", "drag", "delete", "throw out", "end", "move"])
async def test_whoever_is_no_longer_there_is_closed_with_4014(
    sandbox, guild, connect, voice_connect, how
):
    client = await connect()
    await client.identify()
    ws = await voice_connect(*await joined(client, guild))
    if how == "leave":
        await client.join_voice(guild, None)
    elif how == "kick":
        sandbox.faults.kick_from_voice(guild)
    elif how == "drag":
        sandbox.faults.drag(guild, guild.voice_channel("Loft"))
    elif how == "delete":
        sandbox.faults.delete_channel(guild.voice)
    elif how == "throw out":
        guild.remove_bot()
    elif how == "end":
        await client.ws.close(code=1000)
    else:
        await sandbox.faults.move_voice_server(guild)
    assert await until_closed(ws) == 4014


async def test_after_a_move_the_new_server_admits_with_the_new_token(
    sandbox, guild, connect, voice_connect
):
    client = await connect()
    await client.identify()
    state, _ = await joined(client, guild)
    await sandbox.faults.move_voice_server(guild)
    await voice_connect(state, await client.until("VOICE_SERVER_UPDATE"))
    assert sandbox.faults.voice_server(guild).connected(guild.id, sandbox.application_id)


async def test_the_voice_connection_lives_on_while_a_new_session_takes_over(
    sandbox, guild, connect, voice_connect
):
    first, second = await connect(), await connect()
    await first.identify()
    old = await voice_connect(*await joined(first, guild))
    await second.identify()
    state, server = await joined(second, guild)
    assert sandbox.faults.voice_server(guild).connected(guild.id, sandbox.application_id)
    await voice_connect(state, server)
    assert await until_closed(old) == 4006


@pytest.mark.parametrize("code", [4006, 4009, 4015, 4017, 4020])
async def test_a_voice_connection_is_closed_with_any_code_on_order(
    sandbox, guild, connect, voice_connect, code
):
    client = await connect()
    await client.identify()
    state, server = await joined(client, guild)
    ws = await voice_connect(state, server)
    sandbox.faults.close_voice(guild, code)
    assert await until_closed(ws) == code
    await voice_connect(state, server)


async def test_void_credentials_let_nobody_in_again_and_new_ones_do(
    sandbox, guild, connect, voice_connect, http
):
    client = await connect()
    await client.identify()
    state, server = await joined(client, guild)
    ws = await voice_connect(state, server)
    sandbox.faults.close_voice(guild, 4006, void=True)
    assert await until_closed(ws) == 4006
    trust = ssl.create_default_context(cafile=sandbox.ca_file)
    async with http.ws_connect(f"wss://{server['endpoint']}/?v=8", ssl=trust) as again:
        identity = {
            "server_id": state["guild_id"],
            "user_id": state["user_id"],
            "session_id": state["session_id"],
            "token": server["token"],
        }
        await again.send_json({"op": 0, "d": identity})
        assert await until_closed(again) == 4006
    await client.join_voice(guild, None)
    await client.until("VOICE_STATE_UPDATE")
    await voice_connect(*await joined(client, guild))


async def test_a_server_mute_outlasts_a_move(sandbox, guild, connect):
    client = await connect()
    await client.identify()
    await joined(client, guild)
    sandbox.faults.server_mute(guild)
    assert (await client.until("VOICE_STATE_UPDATE"))["mute"] is True
    state, _ = await joined(client, guild, guild.voice_channel("Loft"))
    assert state["mute"] is True
