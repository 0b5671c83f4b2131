import hikari
import pytest

from seraphim.sandbox import Timing

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("how", ["abort", 3000, 4000])
async def test_a_lost_session_is_resumed_with_everything_that_was_missed(
    sandbox, guild, connect, how
):
    first = await connect()
    await first.identify()
    if how == "abort":
        first.abort()
    else:
        await first.ws.close(code=how)
    await sandbox.until(lambda: sandbox.sessions[0].socket is None)
    guild.text_channel("missed-one")
    guild.text_channel("missed-two")
    second = await connect("zlib-stream")
    await second.resume(first.session_id, first.sequence)
    assert (await second.until("CHANNEL_CREATE"))["name"] == "missed-one"
    assert (await second.until("CHANNEL_CREATE"))["name"] == "missed-two"
    await second.until("RESUMED")
    guild.text_channel("heard-live")
    assert (await second.until("CHANNEL_CREATE"))["name"] == "heard-live"


@pytest.mark.parametrize("code", [1000, 1001])
async def test_a_client_that_says_goodbye_has_ended_its_session(sandbox, connect, code):
    first = await connect()
    await first.identify()
    await first.ws.close(code=code)
    await sandbox.until(lambda: not sandbox.sessions)
    second = await connect()
    await second.resume(first.session_id, first.sequence)
    assert await second.receive() == {"op": 9, "d": False, "s": None, "t": None}


@pytest.mark.parametrize("timing", [Timing(resume_window=0.05)])
async def test_a_session_is_over_when_nobody_resumes_it_in_time(sandbox, connect, timing):
    first = await connect()
    await first.identify()
    first.abort()
    await sandbox.until(lambda: not sandbox.sessions)
    second = await connect()
    await second.resume(first.session_id, first.sequence)
    assert (await second.receive())["op"] == 9
    await second.identify()


async def test_a_resume_that_is_refused_ends_the_session_and_those_after_it_are_not(
    sandbox, connect
):
    first = await connect()
    await first.identify()
    first.abort()
    sandbox.faults.refuse_resume()
    second = await connect()
    await second.resume(first.session_id, first.sequence)
    assert await second.receive() == {"op": 9, "d": False, "s": None, "t": None}
    assert sandbox.sessions == []
    await second.identify()
    second.abort()
    third = await connect()
    await third.resume(second.session_id, second.sequence)
    await third.until("RESUMED")


async def test_a_wrong_token_does_not_resume(connect):
    first = await connect()
    await first.identify()
    second = await connect()
    await second.send(6, {"token": "wrong", "session_id": first.session_id, "seq": 1})
    assert await second.until_closed() == 4004


async def test_a_sequence_that_was_never_reached_does_not_resume(connect):
    first = await connect()
    await first.identify()
    first.abort()
    second = await connect()
    await second.resume(first.session_id, first.sequence + 100)
    assert await second.until_closed() == 4007


async def test_resuming_takes_the_session_from_a_socket_that_still_has_it(sandbox, guild, connect):
    first = await connect()
    await first.identify()
    second = await connect()
    await second.resume(first.session_id, first.sequence)
    await second.until("RESUMED")
    await first.until_closed()
    guild.text_channel("here")
    assert (await second.until("CHANNEL_CREATE"))["name"] == "here"
    assert len(sandbox.sessions) == 1


async def test_older_events_can_be_replayed_again(guild, connect):
    first = await connect()
    await first.identify()
    for name in ("one", "two"):
        guild.text_channel(name)
        await first.until("CHANNEL_CREATE")
    first.abort()
    second = await connect()
    await second.resume(first.session_id, first.sequence - 1)
    assert (await second.until("CHANNEL_CREATE"))["name"] == "two"


async def test_hikari_resumes_after_its_connection_was_dropped(sandbox, guild, bot, start):
    await start()
    (session,) = sandbox.sessions
    resumed, created = [], []

    async def on_resumed(event: hikari.ShardResumedEvent) -> None:
        resumed.append(event)

    async def on_channel(event: hikari.GuildChannelCreateEvent) -> None:
        created.append(event.channel.name)

    bot.subscribe(hikari.ShardResumedEvent, on_resumed)
    bot.subscribe(hikari.GuildChannelCreateEvent, on_channel)
    sandbox.faults.drop_gateway()
    await sandbox.until(lambda: session.socket is None)
    guild.text_channel("missed")
    await sandbox.until(lambda: resumed)
    assert created == ["missed"]
    assert sandbox.sessions == [session]


@pytest.mark.parametrize("resumable", [True, False])
async def test_an_invalidated_session_is_resumed_only_if_discord_says_so(
    sandbox, bot, start, resumable
):
    await start()
    (session,) = sandbox.sessions
    sandbox.faults.invalidate_session(resumable=resumable)
    await sandbox.until(lambda: session.socket is None or session.ended)
    await sandbox.until(lambda: any(each.socket for each in sandbox.sessions))
    assert (sandbox.sessions == [session]) is resumable


async def test_a_request_to_reconnect_leads_to_a_resume(sandbox, bot, start):
    await start()
    (session,) = sandbox.sessions
    old = session.socket
    sandbox.faults.ask_to_reconnect()
    await sandbox.until(lambda: session.socket not in (None, old))
    assert sandbox.sessions == [session]


@pytest.mark.parametrize(
    ("code", "survives"), [(1001, True), (4000, True), (4007, False), (4009, False)]
)
async def test_closes_by_discord_end_the_session_or_not(sandbox, connect, code, survives):
    client = await connect()
    await client.identify()
    sandbox.faults.close_gateway(code)
    assert await client.until_closed() == code
    await sandbox.until(lambda: not any(each.socket for each in sandbox.sessions))
    assert bool(sandbox.sessions) is survives
