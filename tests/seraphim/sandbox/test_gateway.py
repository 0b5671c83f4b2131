import hikari
import pytest

from seraphim.sandbox import Intent, Timing

pytestmark = pytest.mark.anyio


async def test_a_client_gets_ready_and_then_each_of_its_guilds(sandbox, guild, connect):
    client = await connect()
    await client.send_identify()
    ready = await client.until("READY")
    assert ready["guilds"] == [{"id": str(guild.id), "unavailable": True}]
    assert ready["application"]["id"] == ready["user"]["id"] == str(sandbox.application_id)
    assert ready["resume_gateway_url"].startswith("ws://127.0.0.1:")
    created = await client.until("GUILD_CREATE")
    assert created["unavailable"] is False
    assert {channel["name"] for channel in created["channels"]} == {"general", "General"}


@pytest.mark.parametrize("compress", ["zlib-stream", "zstd-stream", None])
async def test_everything_arrives_in_order_however_it_is_compressed(guild, connect, compress):
    client = await connect(compress)
    await client.identify()
    for number in range(20):
        guild.text_channel(f"channel-{number}")
    names = [(await client.until("CHANNEL_CREATE"))["name"] for _ in range(20)]
    assert names == [f"channel-{number}" for number in range(20)]


async def test_an_unknown_compression_is_refused(connect):
    with pytest.raises(Exception, match="400"):
        await connect("brotli")


@pytest.mark.parametrize(
    ("identity", "code"),
    [
        ({"token": "wrong"}, 4004),
        ({"shard": [1, 1]}, 4010),
        ({"intents": 1 << 30}, 4013),
        ({"intents": None}, 4013),
        ({"intents": int(hikari.Intents.MESSAGE_CONTENT)}, 4014),
    ],
)
async def test_a_wrong_identity_closes_the_connection_with_its_code(
    sandbox, connect, identity, code
):
    client = await connect()
    await client.send_identify(**identity)
    assert await client.until_closed() == code
    assert sandbox.sessions == []


async def test_a_client_that_has_not_identified_may_ask_for_nothing(guild, connect):
    client = await connect()
    await client.join_voice(guild, guild.voice.id)
    assert await client.until_closed() == 4003


async def test_a_client_identifies_once(connect):
    client = await connect()
    await client.identify()
    await client.send_identify()
    assert await client.until_closed() == 4005


@pytest.mark.parametrize(
    ("sent", "code"), [(b"{", 4002), (b'{"op": 77}', 4001), (b'"' + b"x" * 5000 + b'"', 4002)]
)
async def test_what_cannot_be_understood_closes_the_connection(connect, sent, code):
    client = await connect()
    await client.ws.send_bytes(sent)
    assert await client.until_closed() == code


async def test_more_than_120_messages_a_minute_are_too_many(connect):
    client = await connect()
    for _ in range(121):
        await client.send(1, None)
    assert await client.until_closed() == 4008


async def test_an_invalidated_client_may_identify_anew_on_the_same_connection(sandbox, connect):
    client = await connect()
    first = await client.identify()
    sandbox.faults.invalidate_session()
    assert (await client.receive())["op"] == 9
    second = await client.identify()
    assert second["session_id"] != first["session_id"]


async def test_heartbeats_are_acknowledged(connect):
    client = await connect()
    await client.send(1, None)
    assert (await client.receive())["op"] == 11


@pytest.mark.parametrize("timing", [Timing(heartbeat_interval=0.1)])
async def test_a_client_without_heartbeats_is_closed_and_its_session_ends(sandbox, connect, timing):
    client = await connect()
    await client.identify()
    assert await client.until_closed() == 4009
    await sandbox.until(lambda: not sandbox.sessions)


async def test_a_session_hears_only_what_it_asked_for(guild, connect):
    client = await connect()
    await client.identify(intents=int(Intent.GUILDS))
    ada = guild.member("Ada")
    await ada.join(guild.voice)
    await ada.say("hello")
    guild.text_channel("last")
    assert (await client.receive())["t"] == "CHANNEL_CREATE"


async def test_what_people_write_is_hidden_unless_the_intent_is_granted(connect, guild):
    client = await connect()
    await client.identify()
    await guild.member("Ada").say("a secret")
    assert (await client.until("MESSAGE_CREATE"))["content"] == ""
    await guild.member("Eve").say(f"hello <@{client.sandbox.application_id}>")
    assert (await client.until("MESSAGE_CREATE"))["content"].startswith("hello")


@pytest.mark.parametrize("granted", [Intent.MESSAGE_CONTENT])
async def test_a_granted_message_content_intent_shows_what_people_write(guild, connect, granted):
    client = await connect()
    await client.identify(
        intents=int(Intent.GUILDS | Intent.GUILD_MESSAGES | Intent.MESSAGE_CONTENT)
    )
    await guild.member("Ada").say("no secret")
    assert (await client.until("MESSAGE_CREATE"))["content"] == "no secret"


async def test_each_shard_hears_of_its_own_guilds(sandbox, connect):
    guilds = [sandbox.guild(name) for name in ("One", "Two", "Three", "Four")]
    heard: set[str] = set()
    for shard in (0, 1):
        client = await connect()
        ready = await client.identify(shard=[shard, 2])
        mine = {each["id"] for each in ready["guilds"]}
        assert mine == {str(each.id) for each in guilds if (each.id >> 22) % 2 == shard}
        heard |= mine
    assert heard == {str(each.id) for each in guilds}


async def test_the_bot_is_told_of_guilds_that_it_joins_and_is_thrown_out_of(sandbox, bot, start):
    await start()
    joined, left = [], []
    bot.subscribe(hikari.GuildJoinEvent, _into(joined))
    bot.subscribe(hikari.GuildLeaveEvent, _into(left))
    guild = sandbox.guild("Late")
    await sandbox.until(lambda: joined)
    guild.remove_bot()
    await sandbox.until(lambda: left)
    guild.text_channel("unheard of")
    guild.add_bot()
    await sandbox.until(lambda: len(joined) == 2)
    assert {event.guild_id for event in joined + left} == {guild.id}
    assert len(bot.cache.get_guild(guild.id).get_channels()) == 3


async def test_members_are_asked_for_by_name(guild, connect):
    ada = guild.member("Ada")
    guild.member("Bob")
    client = await connect()
    await client.identify()
    await client.send(8, {"guild_id": str(guild.id), "query": "ad", "limit": 5, "nonce": "n"})
    chunk = await client.until("GUILD_MEMBERS_CHUNK")
    assert [member["user"]["id"] for member in chunk["members"]] == [str(ada.id)]
    assert chunk["nonce"] == "n"


def _into(events: list):
    async def listener(event: hikari.Event) -> None:
        events.append(event)

    return listener
