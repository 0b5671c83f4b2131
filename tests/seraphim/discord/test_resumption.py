"""A gateway session that outlives its process, and what becomes of it where it does not."""

import asyncio
import inspect
import json
import logging
from dataclasses import replace
from typing import Any

import hikari
import pytest
import structlog
from hikari.impl import shard
from hikari.impl.buckets import RESTBucketManager
from hikari.impl.rest import RESTClientImpl
from hikari.impl.shard import GatewayShardImpl

from actors.guild.names import player_name
from actors.guild.player.messages import Pause, Paused, Skip, Skipped, VoiceStateChanged
from actors.guild.refusal import Code
from seraphim.discord import answer as answering
from seraphim.discord import gateway
from seraphim.discord.pace import PacedBuckets
from seraphim.discord.resumption import (
    BOT_PRIVATES,
    BUCKETS_PRIVATES,
    REST_PRIVATES,
    SHARD_CONSTANTS,
    SHARD_PRIVATES,
    SLOWEST_RECONNECT_SECONDS,
    ResumableBot,
    SendLimit,
    ShardSession,
)
from seraphim.discord.sessions import SessionNote, key, read
from seraphim.sandbox import Guild, Sandbox
from tests.seraphim.discord.house import House, Notebook, entry, playing, view

pytestmark = pytest.mark.anyio

NOTE = SessionNote("owner", ShardSession("secret-session", 7, "ws://there", 1), (3, 4))


@pytest.fixture
def notes() -> Notebook:
    return Notebook()


def identified(sandbox: Sandbox) -> int:
    """How many sessions were begun."""
    return sandbox._discord.gateway.identified


def channel_of(house: House, guild: Guild) -> int | None:
    """Where the house thinks that the bot is."""
    state = house.edge.voice.state(guild.id)
    return None if state is None else state.channel


async def sit_down_and_hand_over(sandbox: Sandbox, guild: Guild, notes: Notebook) -> None:
    """Have a house in the guild's voice channel, and let it go for the next one."""
    house = House(sandbox, notes)
    async with house.running():
        await house.edge.voice.join(guild.id, guild.voice.id)
        await sandbox.until(lambda: channel_of(house, guild))
        await house.edge.service.hand_over()
    assert guild.bot.voice


def changed(notes: Notebook, **changes: Any) -> None:
    """Change what is noted of the session of shard 0."""
    kept = json.loads(notes.kept[key(0)])
    notes.kept[key(0)] = json.dumps({**kept, **changes})


# --- hikari ---------------------------------------------------------------------------------


def test_hikari_still_has_what_is_used_of_its_inside() -> None:
    missing = [name for name in SHARD_PRIVATES if not hasattr(GatewayShardImpl, name)]
    source = inspect.getsource(hikari.GatewayBot)
    missing += [name for name in BOT_PRIVATES if name not in source]
    missing += [name for name in REST_PRIVATES if not hasattr(RESTClientImpl, name)]
    missing += [name for name in BUCKETS_PRIVATES if not hasattr(RESTBucketManager, name)]
    source = inspect.getsource(GatewayShardImpl._keep_alive)
    missing += [name for name in SHARD_CONSTANTS if name not in source]
    assert not missing, f"hikari {hikari.__version__} renamed what resumption.py relies on"


def test_a_gateway_that_was_away_is_not_missed_for_long_when_it_is_back() -> None:
    assert shard._BACKOFF_CAP == SLOWEST_RECONNECT_SECONDS


def test_hikari_still_goes_by_the_rate_limits_that_it_is_given() -> None:
    rest = gateway.gateway_bot("MTIz.x.y", None)._rest
    assert isinstance(rest._bucket_manager, PacedBuckets)
    source = inspect.getsource(RESTClientImpl._request)
    assert "self._bucket_manager.acquire_bucket(compiled_route, auth)" in source
    assert "self._bucket_manager.throttle(" in inspect.getsource(RESTClientImpl._parse_ratelimits)


def test_hikari_still_starts_a_shard_as_we_do() -> None:
    theirs = inspect.signature(hikari.GatewayBot._start_one_shard).parameters
    ours = inspect.signature(ResumableBot._start_one_shard).parameters
    assert list(theirs) == list(ours)
    built = inspect.getsource(ResumableBot._start_one_shard)
    for name in inspect.signature(GatewayShardImpl.__init__).parameters:
        if name not in ("self", "compression", "data_format"):
            assert f"{name}=" in built, f"hikari's shards take a new parameter: {name}"


async def test_who_gives_up_waiting_to_say_something_keeps_no_other_from_saying_it() -> None:
    limit = SendLimit("shard", 0.2, 2)
    waiting = [asyncio.create_task(limit.acquire()) for _ in range(5)]
    await asyncio.sleep(0)
    waiting[2].cancel()
    waiting[3].cancel()
    async with asyncio.timeout(10):
        await waiting[4]
        await limit.acquire()
    assert limit.is_empty


async def test_who_waits_to_say_something_hears_of_a_new_connection_which_owes_nothing() -> None:
    limit = SendLimit("shard", 3_600.0, 1)
    await limit.acquire()
    waiting = asyncio.create_task(limit.acquire())
    await asyncio.sleep(0)
    limit.close()
    with pytest.raises(hikari.ComponentStateConflictError):
        await waiting
    async with asyncio.timeout(10):
        await limit.acquire()


# --- notes ----------------------------------------------------------------------------------


def test_a_note_is_read_as_it_was_written() -> None:
    assert read(NOTE.text()) == NOTE
    nowhere = replace(NOTE, session=replace(NOTE.session, url=None))
    assert read(nowhere.text()) == nowhere


@pytest.mark.parametrize(
    "damaged",
    [None, "", "null", "[]", "{", '{"owner": "me"}', NOTE.text().replace("7", '"7"'), "\x00"],
)
def test_a_note_that_cannot_be_read_is_none(damaged: str | None) -> None:
    assert read(damaged) is None


def test_a_session_never_stands_in_a_log() -> None:
    assert "secret" not in repr(NOTE)


async def test_a_note_follows_the_session(
    monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox, guild: Guild, notes: Notebook
) -> None:
    monkeypatch.setattr(gateway, "NOTE_SECONDS", 0.01)
    house = House(sandbox, notes)
    async with house.running():
        (session,) = sandbox.sessions
        await house.edge.voice.join(guild.id, guild.voice.id)

        def noted() -> SessionNote | None:
            note = read(notes.kept.get(key(0)))
            return note if note and note.session.sequence == session.sequence else None

        note = await sandbox.until(lambda: guild.bot.voice and noted())
        assert note.session.id == session.id
        assert note.seats == (guild.id,)
        assert sandbox.token not in notes.kept[key(0)]


async def test_what_has_not_changed_is_not_noted_again(
    monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox, guild: Guild, notes: Notebook
) -> None:
    monkeypatch.setattr(gateway, "NOTE_SECONDS", 0.001)
    async with House(sandbox, notes).running():
        await sandbox.until(lambda: notes.kept)
        count, ada = notes.count, guild.member("Ada")
        await ada.command("ping")
        await ada.command("ping")
        # The guild's member, two interactions, and no more than that.
        assert notes.count <= count + 4


# --- going on -------------------------------------------------------------------------------


async def test_a_session_that_is_handed_over_goes_on_and_the_bot_keeps_its_place(
    sandbox: Sandbox, guild: Guild, notes: Notebook
) -> None:
    await sit_down_and_hand_over(sandbox, guild, notes)
    (left,) = sandbox.sessions
    assert left.socket is None
    house = House(sandbox, notes)
    async with house.running():
        assert sandbox.sessions == [left]
        assert left.socket is not None
        assert guild.bot.voice
        assert identified(sandbox) == 1
        # The new one is one that can do everything.
        await house.edge.voice.leave(guild.id)
        await sandbox.until(lambda: not guild.bot.voice)


async def test_a_stop_in_order_ends_the_session_and_forgets_it(
    sandbox: Sandbox, guild: Guild, notes: Notebook
) -> None:
    house = House(sandbox, notes)
    async with house.running():
        await house.edge.voice.join(guild.id, guild.voice.id)
        await sandbox.until(lambda: guild.bot.voice)
    assert not sandbox.sessions
    assert not guild.bot.voice
    assert not notes.kept[key(0)]
    async with House(sandbox, notes).running():
        assert identified(sandbox) == 2


async def test_a_crash_of_the_gateway_alone_does_not_cost_the_place_in_voice(
    house: House, guild: Guild
) -> None:
    await house.edge.voice.join(guild.id, guild.voice.id)
    await house.sandbox.until(lambda: guild.bot.voice)
    (before,) = house.sandbox.sessions
    house.system.crash("/root/discord", RuntimeError("ordered"))

    def back() -> bool:
        nodes = {node.path: node for node in house.system.tree().children}
        discord = nodes["/root/discord"]
        return discord.incarnation == 2 and discord.state == "running"

    await house.sandbox.until(back)
    assert house.sandbox.sessions == [before]
    assert guild.bot.voice
    assert identified(house.sandbox) == 1


async def test_a_session_that_discord_knows_no_more_is_begun_anew_at_once(
    sandbox: Sandbox, guild: Guild, notes: Notebook, caplog: pytest.LogCaptureFixture
) -> None:
    await sit_down_and_hand_over(sandbox, guild, notes)
    changed(notes, id="forgotten")
    caplog.set_level(logging.INFO, "hikari")
    with structlog.testing.capture_logs() as lines:
        async with House(sandbox, notes).running():
            assert identified(sandbox) == 2
    events = [line["event"] for line in lines]
    assert events.index("discord.resume_refused") < events.index("discord.ready")
    assert "backing off" not in caplog.text


async def test_a_sequence_that_discord_never_reached_is_not_asked_for_again(
    sandbox: Sandbox, guild: Guild, notes: Notebook
) -> None:
    await sit_down_and_hand_over(sandbox, guild, notes)
    changed(notes, sequence=10_000)
    with structlog.testing.capture_logs() as lines:
        async with House(sandbox, notes).running():
            assert identified(sandbox) == 2
    assert "discord.resume_refused" not in [line["event"] for line in lines]


async def test_a_session_whose_gateway_is_gone_goes_on_at_another(
    sandbox: Sandbox, guild: Guild, notes: Notebook
) -> None:
    await sit_down_and_hand_over(sandbox, guild, notes)
    changed(notes, url="ws://127.0.0.1:9")
    async with House(sandbox, notes).running():
        assert identified(sandbox) == 1
        assert guild.bot.voice


@pytest.mark.parametrize("other", [{"owner": "somebody else"}, {"shard_count": 2}])
async def test_a_session_of_another_bot_or_shard_is_left_alone(
    sandbox: Sandbox, guild: Guild, notes: Notebook, other: dict[str, object]
) -> None:
    await sit_down_and_hand_over(sandbox, guild, notes)
    changed(notes, **other)
    with structlog.testing.capture_logs() as lines:
        async with House(sandbox, notes).running():
            assert identified(sandbox) == 2
    assert "discord.resume_refused" not in [line["event"] for line in lines]


def test_whose_a_session_is_depends_on_the_token_and_what_it_is_to_hear() -> None:
    token, other = "MTIz.x.y", "MTIz.x.z"
    same = {gateway.gateway_bot(token, api).identity for api in (None, "http://127.0.0.1:1/api")}
    assert len(same) == 1
    deaf = ResumableBot(token, banner=None, logs=None, intents=hikari.Intents.GUILDS)
    assert len(same | {gateway.gateway_bot(other, None).identity, deaf.identity}) == 3
    assert token not in str(same)


async def test_a_damaged_note_is_no_reason_not_to_start(sandbox: Sandbox, guild: Guild) -> None:
    notes = Notebook()
    notes.kept[key(0)] = "{"
    house = House(sandbox, notes)
    async with house.running():
        assert set(house.bot.cache.get_guilds_view()) == {guild.id}


async def test_no_session_is_begun_when_discord_allows_none(
    monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox, guild: Guild, notes: Notebook
) -> None:
    limits = "seraphim.sandbox.rest.applications"
    await sit_down_and_hand_over(sandbox, guild, notes)
    monkeypatch.setattr(f"{limits}._SESSION_STARTS", 1)
    monkeypatch.setattr(f"{limits}._DAY_MS", 50)
    # To go on with one is always allowed.
    async with House(sandbox, notes).running():
        assert identified(sandbox) == 1
    up = asyncio.Event()

    async def start() -> None:
        async with House(sandbox).running():
            up.set()

    with structlog.testing.capture_logs() as lines:
        starting = asyncio.create_task(start())
        await sandbox.until(lambda: "discord.sessions_used_up" in [line["event"] for line in lines])
        assert identified(sandbox) == 1
        monkeypatch.setattr(f"{limits}._SESSION_STARTS", 2)
        await starting
    assert up.is_set()
    assert identified(sandbox) == 2


# --- who is where, when the session goes on ---------------------------------------------------


async def test_the_players_of_the_process_before_hear_what_they_missed(
    sandbox: Sandbox, guild: Guild, notes: Notebook
) -> None:
    await sit_down_and_hand_over(sandbox, guild, notes)
    loft = guild.voice_channel("Loft")
    sandbox.faults.drag(guild, loft)
    house = House(sandbox, notes)
    async with house.running():
        # Until it is told, what is remembered counts.
        assert house.edge.voice.state(guild.id) is None
        await house.wake(guild)
        await house.edge.voice.sweep([guild.id])
        script = house.script(guild)
        state, server = await sandbox.until(lambda: len(script.received) == 2 and script.received)
        assert getattr(state, "channel", None) == loft.id
        assert getattr(server, "token", None)
        assert house.edge.voice.state(guild.id) == state
        assert guild.bot.voice


async def test_nothing_was_said_of_a_guild_where_nothing_changed(
    sandbox: Sandbox, guild: Guild, notes: Notebook
) -> None:
    await sit_down_and_hand_over(sandbox, guild, notes)
    house = House(sandbox, notes)
    async with house.running():
        await house.wake(guild)
        await house.edge.voice.sweep([guild.id])
        assert house.edge.voice.state(guild.id) is None
        assert house.script(guild).received == []
        assert guild.bot.voice


async def test_a_place_that_nobody_remembers_is_given_up(
    sandbox: Sandbox, guild: Guild, notes: Notebook
) -> None:
    await sit_down_and_hand_over(sandbox, guild, notes)
    house = House(sandbox, notes)
    async with house.running():
        assert guild.bot.voice
        await house.edge.voice.sweep([])
        await sandbox.until(lambda: not guild.bot.voice)
        assert house.system.registry.whereis(player_name(guild.id)) is None


async def test_a_killed_process_hears_again_what_it_had_not_noted(
    sandbox: Sandbox, guild: Guild, notes: Notebook
) -> None:
    house = House(sandbox, notes)
    async with house.running():
        old = dict(notes.kept)
        await house.edge.voice.join(guild.id, guild.voice.id)
        await sandbox.until(lambda: channel_of(house, guild))
        await house.edge.service.hand_over()
    notes.kept = old
    house = House(sandbox, notes)
    async with house.running():
        assert identified(sandbox) == 1
        await house.wake(guild)
        await house.edge.voice.sweep([guild.id])
        script = house.script(guild)
        state, server = await sandbox.until(lambda: len(script.received) == 2 and script.received)
        assert getattr(state, "channel", None) == guild.voice.id
        assert getattr(server, "endpoint", None)


async def test_a_place_of_a_session_before_is_not_taken_for_ours(
    sandbox: Sandbox, guild: Guild, notes: Notebook
) -> None:
    await sit_down_and_hand_over(sandbox, guild, notes)
    house = House(sandbox)
    async with house.running():
        # It is still there, and will not be for long.
        assert guild.bot.voice
        assert house.edge.voice.state(guild.id) == VoiceStateChanged(None, None)
        await house.wake(guild)
        await house.edge.voice.sweep([guild.id])
        before = guild.bot.voice.session_id
        await house.edge.voice.join(guild.id, guild.voice.id)
        await sandbox.until(lambda: channel_of(house, guild))
        assert guild.bot.voice.session_id != before
        kinds = [type(message) for message in house.script(guild).received]
        assert kinds[0] is VoiceStateChanged


async def test_a_place_of_a_session_before_that_nobody_wants_is_given_up(
    sandbox: Sandbox, guild: Guild, notes: Notebook
) -> None:
    await sit_down_and_hand_over(sandbox, guild, notes)
    house = House(sandbox)
    async with house.running():
        await house.edge.voice.sweep([])
        await sandbox.until(lambda: not guild.bot.voice)


async def test_the_end_of_the_session_before_is_no_kick(
    sandbox: Sandbox, guild: Guild, notes: Notebook
) -> None:
    await sit_down_and_hand_over(sandbox, guild, notes)
    (left,) = sandbox.sessions
    house = House(sandbox)
    async with house.running():
        await house.wake(guild)
        await house.edge.voice.sweep([guild.id])
        sandbox._discord.gateway.end(left)
        assert not guild.bot.voice
        await guild.member("Ada").command("ping")
        assert house.script(guild).received == []


async def test_a_guild_that_the_bot_was_taken_out_of_meanwhile_is_gone(
    sandbox: Sandbox, guild: Guild, notes: Notebook
) -> None:
    sandbox.guild("Other")
    await sit_down_and_hand_over(sandbox, guild, notes)
    guild.remove_bot()
    house = House(sandbox)
    async with house.running():
        assert house.edge.voice.state(guild.id) == VoiceStateChanged(None, None)
    assert read(house.notes.kept[key(0)]) is None


# --- answers ----------------------------------------------------------------------------------


async def test_what_a_killed_process_has_answered_stands_and_what_it_promised_is_answered(
    monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox, guild: Guild, notes: Notebook
) -> None:
    ada, bob = guild.member("Ada"), guild.member("Bob")
    house = House(sandbox, notes)
    async with house.running():
        old = dict(notes.kept)
        script = house.script(guild)
        script.replies[Pause] = Paused(playing(), changed=True)
        script.replies[Skip] = Skipped(entry(), None)
        answered = await ada.command("pause")
        said = answered.embeds[0]
        shown = view(guild.id, playing("Aurora", "run-1"))
        house.board.put(shown)
        posted = await house.edge.announcer.post(guild.text.id, shown)
        panel = next(message for message in guild.text.messages if message.id == posted)
        pressed = await ada.press(panel, "skip")
        # The process ends between the promise of an answer and the answer.
        lost = sandbox.faults.refuse("PATCH /webhooks/*", status=404)
        monkeypatch.setattr(answering, "PATIENCE_SECONDS", 0.0)
        script.hold = asyncio.Event()
        promised = asyncio.create_task(bob.command("pause"))
        await sandbox.until(lambda: any(message.loading for message in guild.text.messages))
        script.hold.set()
        await sandbox.until(lambda: lost.met)
        await house.edge.service.hand_over()
    monkeypatch.undo()
    lost.lift()
    notes.kept = old
    house = House(sandbox, notes)
    async with house.running():
        assert "just starting" in (await promised).embeds[0].get("description", "")
        await ada.command("ping")
        assert house.script(guild).received == []
        assert guild.text.messages[0].embeds == [said]
        assert panel.embeds[0].get("title") == "Aurora"
        assert not pressed.followups


# --- members ----------------------------------------------------------------------------------


async def test_where_a_member_is_is_looked_up_once(
    sandbox: Sandbox, guild: Guild, notes: Notebook
) -> None:
    ada, bob = guild.member("Ada"), guild.member("Bob")
    await ada.join(guild.voice)
    await sit_down_and_hand_over(sandbox, guild, notes)
    house = House(sandbox, notes)
    async with house.running():
        script = house.script(guild)
        script.replies[Pause] = Paused(playing(), changed=True)
        await ada.command("pause")
        refusal = sandbox.faults.refuse("GET /guilds/*/voice-states/*", status=403)
        await ada.command("pause")
        assert not refusal.met
        # What the gateway says is believed as ever.
        await ada.leave()
        await bob.join(guild.voice)
        await bob.command("pause")
        assert not refusal.met
        assert [asked.by.voice_channel for asked in script.got(Pause)] == [guild.voice.id] * 3
        refusal.lift()
        await ada.command("pause")
        assert script.got(Pause)[-1].by.voice_channel is None


async def test_where_discord_cannot_say_where_a_member_is_they_are_told(
    sandbox: Sandbox, guild: Guild, notes: Notebook
) -> None:
    await sit_down_and_hand_over(sandbox, guild, notes)
    house = House(sandbox, notes)
    async with house.running():
        sandbox.faults.refuse("GET /guilds/*/voice-states/*", status=403)
        answer = await guild.member("Ada").command("pause")
        assert answer.ephemeral
        assert answer.embeds[0].get("footer", {}).get("text") == Code.INTERNAL
        assert house.script(guild).received == []


async def test_a_button_is_pressed_from_where_its_presser_is(
    sandbox: Sandbox, guild: Guild, notes: Notebook
) -> None:
    ada = guild.member("Ada")
    await ada.join(guild.voice)
    await sit_down_and_hand_over(sandbox, guild, notes)
    house = House(sandbox, notes)
    async with house.running():
        shown = view(guild.id, playing("Aurora", "run-1"))
        house.board.put(shown)
        posted = await house.edge.announcer.post(guild.text.id, shown)
        message = next(each for each in guild.text.messages if each.id == posted)
        house.script(guild).replies[Pause] = Paused(playing(), changed=True)
        await ada.press(message, "pause")
        assert house.script(guild).got(Pause)[0].by.voice_channel == guild.voice.id
