"""How a bot says how it is: over HTTP, in the terminal, in its log, and to systemd."""

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from seraphim.sandbox import Sandbox
from seraphim.sandbox.bot import BotProcess
from tests.end_to_end.conftest import (
    NODE_COMMAND,
    OUTER_NODE,
    MediaServer,
    bot_environment,
    free_port,
)

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(OUTER_NODE, reason="somebody else's node is not ours to kill"),
]

NAMES = ("one", "two")
PASSWORD = "a password of the tests"
TOKEN = "a-word-that-nobody-guesses"
SOON = 30.0


@dataclass
class Watched:
    sandbox: Sandbox
    bot: BotProcess
    nodes: dict[str, BotProcess]
    environ: dict[str, str]
    url: str
    systemd: socket.socket
    session: aiohttp.ClientSession

    async def get(self, path: str, *, token: str | None = TOKEN) -> tuple[int, str]:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        async with self.session.get(self.url + path, headers=headers) as answer:
            return answer.status, await answer.text()

    async def json(self, path: str) -> tuple[int, Any]:
        code, text = await self.get(path)
        return code, json.loads(text)

    async def terminal(self, *arguments: str) -> tuple[int | None, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "seraphim", "health", *arguments,
            env=self.environ, cwd=self.environ["DATA_DIR"], stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, _ = await process.communicate()
        return process.returncode, out.decode()

    async def until_systemd_hears(self, *words: str) -> None:
        missing = set(words)
        async with asyncio.timeout(SOON):
            while missing:
                heard = await asyncio.get_running_loop().sock_recv(self.systemd, 4096)
                missing -= set(heard.decode().split("\n"))


@pytest.fixture
async def watched(
    sandbox: Sandbox, media: MediaServer, music_dir: Path, tmp_path: Path
) -> AsyncIterator[Watched]:
    """A bot with two nodes of its own."""
    environ = bot_environment(sandbox, tmp_path / "bot", music_dir, media)
    ports = {name: free_port() for name in NAMES}
    sites = [
        {"name": name, "host": "127.0.0.1", "port": port, "password": PASSWORD}
        for name, port in ports.items()
    ]
    async with AsyncExitStack() as stack:
        nodes: dict[str, BotProcess] = {}
        for name, port in ports.items():
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
        systemd = stack.enter_context(closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)))
        systemd.bind(str(tmp_path / "notify"))
        systemd.setblocking(False)
        environ |= {
            "LAVALINK_NODES": json.dumps(sites),
            "HTTP_TOKEN": TOKEN,
            "NOTIFY_SOCKET": str(tmp_path / "notify"),
            "WATCHDOG_USEC": "30000000",
        }
        bot = await stack.enter_async_context(BotProcess(environ))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        await bot.until_log("system.ready")
        listening = await bot.until_log("http.listening")
        yield Watched(sandbox, bot, nodes, environ, str(listening["url"]), systemd, session)


async def test_a_bot_that_is_well_says_so_everywhere(watched: Watched):
    for path, word in (("/livez", "alive"), ("/readyz", "ready"), ("/healthz", "healthy")):
        code, text = await watched.get(path, token=None)
        assert (code, json.loads(text)) == (200, {"status": word})
    for path in ("/status", "/tree", "/metrics"):
        assert (await watched.get(path, token=None))[0] == 401

    ada = (guild := watched.sandbox.guild("Watched")).member("Ada")
    await ada.join(guild.voice)
    await ada.command("skip")
    code, status = await watched.json("/status")
    assert (code, status["status"], status["reasons"]) == (200, "healthy", [])
    assert status["discord"]["shards"][0]["connected"]
    assert [node["state"] for node in status["nodes"]] == ["ready", "ready"]
    assert status["database"]["error"] is None
    code, tree = await watched.json("/tree")
    paths = {child["path"] for child in tree["children"]}
    assert {"/root/store", "/root/health", "/root/http"} <= paths
    _, metrics = await watched.get("/metrics")
    assert 'seraphim_commands_total{command="skip",outcome="PLAY-001"} 1.0' in metrics
    assert "seraphim_health 0.0" in metrics
    assert "seraphim_node_up{node=" in metrics
    for told in (str(status), str(tree), metrics):
        assert TOKEN not in told
        assert watched.sandbox.token not in told

    code, said = await watched.terminal("--json")
    assert (code, json.loads(said)["status"]) == (0, "healthy")
    code, said = await watched.terminal()
    assert code == 0
    assert said.startswith("healthy, up ")

    await watched.until_systemd_hears("READY=1", "WATCHDOG=1", "STATUS=healthy")
    assert await watched.bot.stop() == 0
    await watched.until_systemd_hears("STOPPING=1")
    assert (await watched.terminal())[0] == 4
    assert all(TOKEN not in str(line) for line in watched.bot.log)


async def test_a_bot_whose_nodes_go_one_by_one_is_degraded_then_unhealthy(watched: Watched):
    watched.nodes["two"].kill()
    line = await watched.bot.until_log("health.degraded", deadline=SOON)
    assert (line["level"], line["reasons"]) == ("warning", ["node two is down"])
    # Music can be played: whoever looks at this alone has nothing to do.
    assert await watched.json("/healthz") == (200, {"status": "degraded"})
    code, said = await watched.terminal("--json")
    assert (code, json.loads(said)["reasons"]) == (1, ["node two is down"])
    assert 'seraphim_node_up{node="two"} 0.0' in (await watched.get("/metrics"))[1]

    watched.nodes["one"].kill()
    line = await watched.bot.until_log("health.unhealthy", deadline=SOON)
    assert (line["level"], line["reasons"]) == ("error", ["no audio node can be reached"])
    assert await watched.json("/healthz") == (503, {"status": "unhealthy"})
    # It lives, and it takes commands: it has answers for them.
    assert (await watched.get("/livez"))[0] == (await watched.get("/readyz"))[0] == 200
    code, said = await watched.terminal()
    assert code == 3
    assert "no audio node can be reached" in said
    await watched.until_systemd_hears("STATUS=unhealthy; no audio node can be reached")

    for node in watched.nodes.values():
        await node.wait()
        await node.start()
    await watched.bot.until_log("health.recovered", deadline=SOON)
    assert await watched.json("/healthz") == (200, {"status": "healthy"})
