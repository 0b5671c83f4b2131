"""A client that we did not write: discord.py logs in, joins, plays, and is heard.

It has its own idea of the protocol (it identifies before HELLO, counts nonces in big-endian and
sends them in XChaCha20 only), so that understanding it says something about others. It plays
packets that are Opus already: libopus need not be installed.
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

from seraphim.sandbox import Guild, Sandbox
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
