"""A client that we did not write: discord.py logs in, joins, plays, and is heard.

It has its own idea of the protocol (it identifies before HELLO, counts nonces in big-endian and
sends them in XChaCha20 only), so that understanding it says something about others. It encrypts end
to end through davey, and plays packets that are Opus already: libopus need not be installed.
"""

import asyncio
import math
import ssl
from array import array
from collections.abc import AsyncIterator, Iterator
from fractions import Fraction
from typing import Any

import aiohttp
import av
import discord
import pytest
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from seraphim.sandbox import CannotDo, DavePolicy, Guild, Member, Sandbox
from seraphim.sandbox.voice.heard import Violation

pytestmark = pytest.mark.anyio


class Tone(discord.AudioSource):
    """A sine without end, in Opus packets of 20 ms."""

    def __init__(self, hz: float) -> None:
        self._packets = self._encode(hz)

    def read(self) -> bytes:
        return next(self._packets)

    def is_opus(self) -> bool:
        return True

    @staticmethod
    def _encode(hz: float) -> Iterator[bytes]:
        encoder = av.CodecContext.create("libopus", "w")
        encoder.sample_rate, encoder.layout, encoder.format = 48_000, "stereo", "s16"
        start = 0
        while True:
            samples = array("h")
            for n in range(start, start + 960):
                samples.extend((round(8_000 * math.sin(2 * math.pi * hz * n / 48_000)),) * 2)
            frame = av.AudioFrame(format="s16", layout="stereo", samples=960)
            frame.sample_rate, frame.pts, frame.time_base = 48_000, start, Fraction(1, 48_000)
            frame.planes[0].update(samples.tobytes())
            yield from map(bytes, encoder.encode(frame))
            start += 960


@pytest.fixture
async def client(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[discord.Client]:
    """Logged in, with nothing changed but addresses and whom it trusts."""
    monkeypatch.setattr(Route, "BASE", sandbox.api_url)
    trust = ssl.create_default_context(cafile=sandbox.ca_file)
    client = discord.Client(
        intents=discord.Intents(guilds=True, voice_states=True),
        guild_ready_timeout=0.1,
        connector=aiohttp.TCPConnector(ssl=trust),
    )
    async with client, asyncio.TaskGroup() as tasks:
        await client.login(sandbox.token)
        _, gateway, _ = await client.http.get_bot_gateway()
        monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(gateway))
        tasks.create_task(client.connect())
        async with asyncio.timeout(20):
            await client.wait_until_ready()
        yield client
        await client.close()


async def join(client: discord.Client, channel: Any) -> discord.VoiceClient:
    found = client.get_channel(channel.id)
    assert isinstance(found, discord.VoiceChannel)
    return await found.connect(timeout=20)


async def join_group(sandbox: Sandbox, client: discord.Client, channel: Any) -> discord.VoiceClient:
    """It would speak in the clear until it is a member of the channel's group."""
    voice = await join(client, channel)
    await sandbox.until(lambda: voice._connection.can_encrypt)
    return voice


async def is_heard_by(guild: Guild, *listeners: Member) -> None:
    """By all of them, encrypted, without a fault or a gap, from now on for half a second."""
    heard = guild.voice.heard
    group = guild.voice.encryption
    everybody = {*(member.id for member in listeners), guild.bot.id}
    await heard.until(lambda: group.settled and group.members == everybody, what="a group")
    await heard.until(lambda: heard.packets and heard.packets[-1].encrypted)
    start = heard.mark()
    await heard.until(lambda: len(heard.window(since=start)) >= 25)
    assert all(packet.encrypted for packet in heard.window(since=start))
    assert heard.pitch(since=start) == pytest.approx(440, rel=0.005)
    assert not heard.violations


async def test_it_joins_and_is_heard_without_a_fault(guild: Guild, client: discord.Client) -> None:
    voice = await join(client, guild.voice)
    heard = guild.voice.heard
    begin = heard.mark()
    voice.play(Tone(440))
    await heard.until_audible(since=begin, deadline=20)
    await heard.until(lambda: len(heard.window(since=begin)) >= 50, deadline=20)

    assert heard.pitch(last=0.5) == pytest.approx(440, rel=0.005)
    continuity = heard.continuity(since=begin)
    assert continuity.speakers == (voice.ssrc,)
    assert (continuity.lost, continuity.timestamp_jumps) == (0, 0)
    assert heard.silences(since=begin) == []
    assert not heard.violations

    voice.pause()
    await heard.until(lambda: all(packet.silence for packet in heard.packets[-5:]))
    await voice.disconnect()
    assert guild.bot.voice is None


async def test_it_is_moved_to_another_voice_server_and_heard_there(
    sandbox: Sandbox, guild: Guild, client: discord.Client
) -> None:
    voice = await join(client, guild.voice)
    heard = guild.voice.heard
    former = voice.endpoint
    voice.play(Tone(440))
    await heard.until_audible(deadline=20)
    await sandbox.faults.move_voice_server(guild)
    # The former server has ended the session: what is heard from here on comes by the new one.
    await heard.until_audible(since=heard.mark(), deadline=30)
    assert voice.endpoint != former
    await heard.until_pitch(440, deadline=20)
    # It may go on sounding before it has said so to the new server: its way, and we can tell.
    assert set(heard.violations) <= {Violation.TOO_EARLY}
    await voice.disconnect()


async def test_two_guilds_hear_their_own(sandbox: Sandbox, client: discord.Client) -> None:
    choir, band = sandbox.guild("Choir"), sandbox.guild("Band")
    await sandbox.until(lambda: client.get_channel(band.voice.id))
    for guild, hz in ((choir, 440), (band, 660)):
        (await join(client, guild.voice)).play(Tone(hz))
    await choir.voice.heard.until_pitch(440, deadline=20)
    await band.voice.heard.until_pitch(660, deadline=20)
    for voice in list(client.voice_clients):
        await voice.disconnect(force=True)


# End-to-end encryption


async def test_it_is_heard_by_those_who_are_there_who_come_and_who_stay(
    sandbox: Sandbox, guild: Guild, client: discord.Client
) -> None:
    ada, bob, eve = (guild.member(name) for name in ("Ada", "Bob", "Eve"))
    await ada.join(guild.voice)
    voice = await join_group(sandbox, client, guild.voice)
    voice.play(Tone(440))
    await is_heard_by(guild, ada)
    await bob.join(guild.voice)
    await eve.join(guild.voice)
    await is_heard_by(guild, ada, bob, eve)
    await ada.leave()
    await is_heard_by(guild, bob, eve)
    await bob.join(guild.voice_channel("Loft"))
    await is_heard_by(guild, eve)
    continuity = guild.voice.heard.continuity()
    assert (continuity.lost, continuity.timestamp_jumps) == (0, 0)
    await voice.disconnect()


async def test_it_is_heard_again_after_a_while_alone(
    sandbox: Sandbox, guild: Guild, client: discord.Client
) -> None:
    ada, heard = guild.member("Ada"), guild.voice.heard
    voice = await join(client, guild.voice)
    voice.play(Tone(440))
    for _ in range(2):
        await ada.join(guild.voice)
        await is_heard_by(guild, ada)
        await ada.leave()
        alone = heard.mark()
        await heard.until(lambda alone=alone: len(heard.window(since=alone)) >= 25)
        assert not heard.packets[-1].encrypted
    assert not heard.violations
    await voice.disconnect()


async def test_it_recovers_from_messages_that_came_to_harm(
    sandbox: Sandbox, guild: Guild, client: discord.Client
) -> None:
    ada, bob = guild.member("Ada"), guild.member("Bob")
    await ada.join(guild.voice)
    voice = await join_group(sandbox, client, guild.voice)
    sandbox.faults.spoil_commit(guild)
    sandbox.faults.spoil_welcome(guild)
    await bob.join(guild.voice)
    spoiled = sandbox.faults.voice_server(guild).troubles.spoiled
    await guild.voice.heard.until(lambda: not spoiled.total(), what="a group")
    await sandbox.until(lambda: voice._connection.can_encrypt)
    voice.play(Tone(440))
    await is_heard_by(guild, ada, bob)
    await voice.disconnect()


async def test_it_goes_without_while_somebody_with_an_old_app_is_there(
    sandbox: Sandbox, guild: Guild, client: discord.Client
) -> None:
    sandbox.faults.encrypt(DavePolicy.OFFERED)
    ada, bob, heard = guild.member("Ada"), guild.member("Bob"), guild.voice.heard
    await ada.join(guild.voice)
    voice = await join_group(sandbox, client, guild.voice)
    voice.play(Tone(440))
    await is_heard_by(guild, ada)
    await bob.join(guild.voice, dave=False)
    await heard.until(lambda: not heard.packets[-1].encrypted)
    clear = heard.mark()
    await heard.until(lambda: len(heard.window(since=clear)) >= 25)
    assert not any(packet.encrypted for packet in heard.window(since=clear))
    await bob.leave()
    await heard.until(lambda: heard.packets[-1].encrypted)
    await is_heard_by(guild, ada)
    await voice.disconnect()


async def test_nobody_is_let_in_without_it_where_it_is_required(
    sandbox: Sandbox, guild: Guild, client: discord.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.faults.encrypt(DavePolicy.REQUIRED)
    with pytest.raises(CannotDo):
        await guild.member("Bob").join(guild.voice, dave=False)
    monkeypatch.setattr("discord.voice_state.has_dave", False)
    found = client.get_channel(guild.voice.id)
    assert isinstance(found, discord.VoiceChannel)
    with pytest.raises((discord.ConnectionClosed, TimeoutError)):
        await found.connect(timeout=2, reconnect=False)
    assert not sandbox.faults.voice_server(guild).connected(guild.id, client.application_id or 0)
