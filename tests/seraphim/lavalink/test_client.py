import hikari
import ongaku
import pytest

from actors.guild.player.ports import NodeUpdate
from seraphim.discord.gateway import gateway_bot
from seraphim.lavalink.client import NodeClient
from seraphim.lavalink.node import LavalinkNode
from tests.seraphim.lavalink.conftest import TOKEN, ScriptedNode

pytestmark = pytest.mark.anyio


async def test_the_client_neither_starts_nor_stops_by_itself() -> None:
    bot = gateway_bot(TOKEN, None)
    NodeClient(bot)
    assert bot.get_listeners(hikari.StartedEvent) == []
    assert bot.get_listeners(hikari.StoppingEvent) == []


async def test_no_player_listens_to_what_other_guilds_do(
    connected: LavalinkNode, server: ScriptedNode
) -> None:
    for guild in range(20):
        await connected.update(guild, NodeUpdate(paused=True))
    assert len(server.asked) == 20
    bot = connected.session.app
    for event in (hikari.Event, ongaku.TrackEndEvent, ongaku.PlayerUpdateEvent):
        assert bot.event_manager.get_listeners(event) == []


async def test_the_http_client_is_made_anew_after_it_was_closed() -> None:
    client = NodeClient(gateway_bot(TOKEN, None))
    first = client.http
    assert client.http is first
    await client.close()
    assert first.closed
    assert not client.http.closed
    await client.close()
