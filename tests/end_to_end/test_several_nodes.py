"""Several nodes: what people hear when one of them dies, comes back, or is emptied."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from seraphim.discord.language.languages import languages
from seraphim.operations import operator
from seraphim.sandbox import Sandbox, tape
from seraphim.sandbox.bot import BotProcess
from tests.end_to_end.conftest import (
    NODE_COMMAND,
    OUTER_NODE,
    Choir,
    MediaServer,
    Stage,
    bot_environment,
    free_port,
)

AWAY = languages().english("panel-waiting-for-node")
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(OUTER_NODE, reason="somebody else's node is not ours to kill"),
]

NAMES = ("one", "two")
PASSWORD = "a password of the tests"
FAILOVER_MS = 1_500
MOVE_MS = 250


@dataclass
class TwoNodes:
    """A guild that hears music, and the two nodes of its bot."""

    choir: Choir
    nodes: dict[str, BotProcess]

    @property
    def bot(self) -> BotProcess:
        return self.choir.stage.bot

    async def playing(self) -> str:
        """Play the tape, and tell at which node."""
        await self.choir.play_tape()
        return self.where

    @property
    def where(self) -> str:
        """The node that connected to the guild's voice channel last: its log says so."""
        connected = {
            str(line["timestamp"]): name
            for name, node in self.nodes.items()
            for line in node.log
            if line["event"] == "voice.ready" and line["guild"] == self.choir.guild.id
        }
        return connected[max(connected)]

    async def order(self, what: str, node: str) -> None:
        answer = await operator.ask(
            self.choir.stage.data_dir / operator.SOCKET, {"do": what, "node": node}
        )
        assert "error" not in answer


@pytest.fixture
async def two_nodes(
    sandbox: Sandbox, media: MediaServer, music_dir: Path, tmp_path: Path
) -> AsyncIterator[TwoNodes]:
    environ = bot_environment(sandbox, tmp_path / "bot", music_dir, media)
    ports = {name: free_port() for name in NAMES}
    sites = [
        {"name": name, "host": "127.0.0.1", "port": port, "password": PASSWORD}
        for name, port in ports.items()
    ]
    async with AsyncExitStack() as stack:
        nodes: dict[str, BotProcess] = {}
        for name, port in ports.items():
            (tmp_path / name).mkdir()
            node = {
                **environ,
                "DATA_DIR": str(tmp_path / name),
                "LAVALINK_HOST": "127.0.0.1",
                "LAVALINK_PORT": str(port),
                "LAVALINK_PASSWORD": PASSWORD,
            }
            nodes[name] = await stack.enter_async_context(BotProcess(node, NODE_COMMAND))
        for node in nodes.values():
            await node.until_log("audio-node.listening")
        (tmp_path / "bot").mkdir()
        environ["LAVALINK_NODES"] = json.dumps(sites)
        bot = await stack.enter_async_context(BotProcess(environ))
        await bot.until_log("system.ready")
        guild = sandbox.guild("Choir")
        ada = guild.member("Ada")
        await ada.join(guild.voice)
        yield TwoNodes(Choir(Stage(sandbox, bot, environ, media), guild, ada), nodes)
        guild.remove_bot()


async def test_a_killed_nodes_music_goes_on_at_the_other(two_nodes: TwoNodes) -> None:
    where = await two_nodes.playing()

    async def kill() -> None:
        two_nodes.nodes[where].kill()
        await two_nodes.choir.stage.sandbox.until(lambda: two_nodes.where != where)

    heard, _ = await tape.listen_through(two_nodes.choir.heard, kill)
    assert heard.silence_ms <= FAILOVER_MS
    assert heard.off_s <= 1.0
    logged = two_nodes.bot.mark()
    await two_nodes.nodes[where].wait()
    await two_nodes.nodes[where].start()
    await two_nodes.bot.until_log("node.ready", since=logged, node=where)
    assert two_nodes.where != where, "a node that comes back does not take a song back"


async def test_a_node_is_emptied_without_a_gap(two_nodes: TwoNodes) -> None:
    where = await two_nodes.playing()

    async def drain() -> None:
        await two_nodes.order("drain", where)
        await two_nodes.choir.stage.sandbox.until(lambda: two_nodes.where != where)

    heard, _ = await tape.listen_through(two_nodes.choir.heard, drain)
    assert heard.silence_ms <= MOVE_MS
    assert heard.off_s <= 1.0
    # It is empty: it can be stopped, and nobody hears that.
    stopped, _ = await tape.listen_through(two_nodes.choir.heard, two_nodes.nodes[where].stop)
    assert stopped.missing == 0


async def test_when_all_nodes_are_gone_the_panel_says_so_and_play_goes_on_by_itself(
    two_nodes: TwoNodes,
) -> None:
    await two_nodes.playing()
    sandbox = two_nodes.choir.stage.sandbox
    await sandbox.until(lambda: two_nodes.choir.panels)
    for node in two_nodes.nodes.values():
        node.kill()
        await node.wait()
    await two_nodes.choir.heard.until_silent()
    await sandbox.until(lambda: AWAY in str(two_nodes.choir.panels[0].embeds))
    await two_nodes.nodes["two"].start()
    await tape.until_steady(two_nodes.choir.heard)
    await sandbox.until(lambda: AWAY not in str(two_nodes.choir.panels[0].embeds))
    assert len(two_nodes.choir.panels) == 1
