"""The embedded node as real processes; each test ends those that it started."""

import asyncio
import json
import os
import signal
import stat
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from seraphim.audio_node.instance import FILE_NAME, Instance
from seraphim.lavalink import embedded
from seraphim.lavalink.embedded import LOG, EmbeddedNode, NodeProcessEnded, NodeProcessHung

pytestmark = pytest.mark.anyio


def card(data_dir: Path) -> Instance:
    instance = Instance.load(data_dir)
    assert instance is not None
    return instance


def runs(pid: int) -> bool:
    """Whether the process is there, and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def version(node: EmbeddedNode) -> int:
    address = node.address()
    assert address is not None
    url = f"http://{address.host}:{address.port}/version"
    async with (
        aiohttp.ClientSession(headers={"Authorization": address.password}) as http,
        http.get(url) as response,
    ):
        return response.status


@pytest.fixture
async def node(tmp_path: Path, anyio_backend: str) -> AsyncIterator[EmbeddedNode]:
    node = EmbeddedNode(tmp_path, {"MUSIC_DIR": str(tmp_path)})
    yield node
    await node.stop()


async def test_it_tells_its_address_as_soon_as_it_listens(
    node: EmbeddedNode, tmp_path: Path
) -> None:
    assert node.address() is None
    await node.start()
    assert await version(node) == 200
    address = node.address()
    assert address is not None
    assert address.password not in repr(node.address())
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600


async def test_it_ends_when_it_is_stopped(node: EmbeddedNode, tmp_path: Path) -> None:
    await node.start()
    pid = card(tmp_path).pid
    await node.stop()
    assert not runs(pid)
    assert node.address() is None
    log = [json.loads(line) for line in (tmp_path / LOG).read_text().splitlines()]
    assert (tmp_path / LOG).stat().st_mode & 0o777 == 0o600
    assert log[-1]["event"] == "audio-node.stopped"
    # To stop what is stopped does nothing.
    await node.stop()


async def test_a_node_that_dies_is_an_error_and_the_next_one_is_found_where_it_was(
    node: EmbeddedNode, tmp_path: Path
) -> None:
    await node.start()
    died, address = card(tmp_path), node.address()
    watching = asyncio.create_task(node.run())
    os.kill(died.pid, signal.SIGKILL)
    async with asyncio.timeout(20):
        with pytest.raises(NodeProcessEnded, match=f"{died.pid} ended with -9; see .*{LOG}"):
            await watching
    assert node.address() is None
    await node.stop()
    await node.start()
    assert node.address() == address
    assert card(tmp_path).instance != died.instance
    assert await version(node) == 200


async def test_without_pidfds_the_process_is_watched_by_looking(
    node: EmbeddedNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "pidfd_open")
    await node.start()
    pid = card(tmp_path).pid
    adopting = EmbeddedNode(tmp_path, {"MUSIC_DIR": str(tmp_path)})
    await adopting.start()
    assert adopting.address() == node.address()
    watching = [asyncio.create_task(each.run()) for each in (node, adopting)]
    os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(20):
        for watch in watching:
            with pytest.raises(NodeProcessEnded, match=str(pid)):
                await watch
    await adopting.stop()


async def test_it_outlives_a_bot_that_died_and_is_adopted_by_the_next(tmp_path: Path) -> None:
    first = EmbeddedNode(tmp_path, {})
    await first.start()
    before = card(tmp_path)
    second = EmbeddedNode(tmp_path, {})
    await second.start()
    assert card(tmp_path) == before
    assert second.address() == first.address()
    # The second watches and ends a process that is not its child.
    watching = asyncio.create_task(second.run())
    await asyncio.sleep(0)
    assert not watching.done()
    os.kill(before.pid, signal.SIGKILL)
    async with asyncio.timeout(20):
        with pytest.raises(NodeProcessEnded, match=f"{before.pid} ended; see"):
            await watching
    await second.stop()
    await first.stop()


async def test_an_adopted_node_is_ended_at_the_stop(tmp_path: Path) -> None:
    first, second = EmbeddedNode(tmp_path, {}), EmbeddedNode(tmp_path, {})
    await first.start()
    await second.start()
    pid = card(tmp_path).pid
    await second.stop()
    await first.stop()
    assert not runs(pid)


async def test_a_process_that_merely_has_the_pid_is_left_alone(
    node: EmbeddedNode, tmp_path: Path
) -> None:
    stranger = await asyncio.create_subprocess_exec("sleep", "600")
    Instance(
        instance="gone", host="127.0.0.1", port=9, pid=stranger.pid, password="a-password"
    ).save(tmp_path)
    await node.start()
    address = node.address()
    assert address is not None
    assert address.password == "a-password"
    await node.stop()
    assert stranger.returncode is None
    stranger.kill()
    await stranger.wait()


async def test_another_node_at_the_port_is_not_adopted(tmp_path: Path) -> None:
    """A node that answers, with the right password even, but is not the one of the file."""
    other = EmbeddedNode(tmp_path / "other", {})
    await other.start()
    theirs = card(tmp_path / "other")
    Instance(
        instance="another",
        host=theirs.host,
        port=theirs.port,
        pid=theirs.pid,
        password=theirs.password,
    ).save(tmp_path)
    node = EmbeddedNode(tmp_path, {})
    await node.start()
    assert card(tmp_path).pid != theirs.pid
    await node.stop()
    assert runs(theirs.pid)
    await other.stop()


@pytest.mark.parametrize("content", ["", "[]", '{"pid": "x"}', "\x00"])
async def test_a_damaged_file_costs_nothing(
    node: EmbeddedNode, tmp_path: Path, content: str
) -> None:
    (tmp_path / FILE_NAME).write_text(content)
    await node.start()
    assert await version(node) == 200


@pytest.mark.parametrize("pid", [-1, 0, 2**70])
async def test_a_file_with_an_impossible_pid_costs_nothing(
    node: EmbeddedNode, tmp_path: Path, pid: int
) -> None:
    Instance(instance="x", host="127.0.0.1", port=9, pid=pid, password="p").save(tmp_path)
    await node.start()
    assert await version(node) == 200


async def test_a_node_that_cannot_start_says_where_to_read_why(tmp_path: Path) -> None:
    node = EmbeddedNode(tmp_path, {"TRUSTED_MEDIA_HOSTS": "not a host"})
    with pytest.raises(NodeProcessEnded, match=f"ended with [1-9].*{LOG}"):
        await node.start()
    await node.stop()
    assert "TRUSTED_MEDIA_HOSTS" in (tmp_path / LOG).read_text()


async def test_a_node_that_does_not_end_is_killed(
    node: EmbeddedNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "STOP_SECONDS", 0.05)
    await node.start()
    pid = card(tmp_path).pid
    os.kill(pid, signal.SIGSTOP)
    await node.stop()
    assert not runs(pid)


async def test_a_stop_that_is_cancelled_still_ends_the_process(
    node: EmbeddedNode, tmp_path: Path
) -> None:
    await node.start()
    pid = card(tmp_path).pid
    os.kill(pid, signal.SIGSTOP)
    stopping = asyncio.create_task(node.stop())
    await asyncio.sleep(0)
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    assert not runs(pid)


async def test_a_start_that_is_cancelled_leaves_no_process_behind(
    node: EmbeddedNode, tmp_path: Path
) -> None:
    starting = asyncio.create_task(node.start())
    await asyncio.sleep(0)
    assert node._process is not None
    pid = node._process.pid
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    await node.stop()
    assert not runs(pid)


async def test_the_process_knows_only_what_a_node_needs(
    node: EmbeddedNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "a-secret")
    monkeypatch.setenv("LAVALINK_PASSWORD", "another")
    await node.start()
    told = Path(f"/proc/{card(tmp_path).pid}/environ").read_text()
    names = {entry.split("=")[0] for entry in told.split("\0") if entry}
    assert {"DATA_DIR", "MUSIC_DIR"} <= names
    assert names <= {"DATA_DIR", "MUSIC_DIR", *embedded.INHERITED}


async def test_a_node_that_hangs_is_noticed_and_ended_at_once(
    node: EmbeddedNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "WATCH_SECONDS", 0.05)
    monkeypatch.setattr(embedded, "SILENT_SECONDS", 0.5)
    await node.start()
    hung = card(tmp_path).pid
    watching = asyncio.create_task(node.run())
    os.kill(hung, signal.SIGSTOP)
    async with asyncio.timeout(20):
        with pytest.raises(NodeProcessHung, match=f"{hung} does not answer"):
            await watching
    assert node.address() is None
    # Also where it was to be left to another: nobody can use it.
    node.leave_running = True
    # A polite word would not be heard.
    monkeypatch.setattr(embedded, "STOP_SECONDS", 60.0)
    async with asyncio.timeout(10):
        await node.stop()
    assert not runs(hung)
    node.leave_running = False
    await node.start()
    assert await version(node) == 200


async def test_a_node_that_misses_one_look_is_left_alone(
    node: EmbeddedNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "WATCH_SECONDS", 0.5)
    monkeypatch.setattr(embedded, "SILENT_SECONDS", 0.5)
    await node.start()
    pid = card(tmp_path).pid
    looks = 0
    look = embedded._get

    async def counted(*arguments: Any) -> Any:
        nonlocal looks
        answer = await look(*arguments)
        looks += 1
        if looks == 1:
            assert answer is None
            os.kill(pid, signal.SIGCONT)
        else:
            assert answer is not None
        return answer

    monkeypatch.setattr(embedded, "_get", counted)
    os.kill(pid, signal.SIGSTOP)
    watching = asyncio.create_task(node.run())
    async with asyncio.timeout(20):
        while looks < 3:  # noqa: ASYNC110, the process tells nobody that it was asked
            await asyncio.sleep(0.01)
    assert not watching.done()
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching


async def test_a_node_that_is_left_running_is_the_next_one_s(tmp_path: Path) -> None:
    first, second = EmbeddedNode(tmp_path, {}), EmbeddedNode(tmp_path, {})
    await first.start()
    before = card(tmp_path)
    first.leave_running = True
    await first.stop()
    assert first.address() is None
    assert runs(before.pid)
    await second.start()
    assert card(tmp_path) == before
    assert await version(second) == 200
    await second.stop()
    assert not runs(before.pid)
    # The first was its parent.
    [left] = embedded._left_running
    assert left.wait() == 0
    embedded._left_running.clear()


@asynccontextmanager
async def listener(node: EmbeddedNode) -> AsyncIterator[None]:
    """A client whose player plays the music folder's song."""
    address = node.address()
    assert address is not None
    base = f"http://{address.host}:{address.port}/v4"
    headers = {"Authorization": address.password, "User-Id": "3"}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.ws_connect(f"{base}/websocket") as socket,
    ):
        session = (await socket.receive_json())["sessionId"]
        url = f"{base}/loadtracks"
        async with http.get(url, params={"identifier": "libsearch:song"}) as answer:
            encoded = (await answer.json())["data"][0]["encoded"]
        url = f"{base}/sessions/{session}/players/1"
        async with http.patch(url, json={"track": {"encoded": encoded}}) as answer:
            assert answer.status == 200
        yield


def music(folder: Path) -> dict[str, str]:
    """The settings of a node that has a song."""
    folder.mkdir()
    with wave.open(str(folder / "song.wav"), "wb") as file:
        file.setparams((1, 2, 8_000, 0, "NONE", ""))
        file.writeframes(bytes(16_000))
    return {"MUSIC_DIR": str(folder)}


async def test_a_node_with_other_settings_is_replaced_at_its_place(tmp_path: Path) -> None:
    first = EmbeddedNode(tmp_path, music(tmp_path / "one"))
    await first.start()
    before, address = card(tmp_path), first.address()
    second = EmbeddedNode(tmp_path, music(tmp_path / "two"))
    await second.start()
    assert not runs(before.pid)
    assert second.address() == address
    after = card(tmp_path)
    assert after.settings != before.settings
    third = EmbeddedNode(tmp_path, {"MUSIC_DIR": str(tmp_path / "two")})
    await third.start()
    assert card(tmp_path) == after
    for each in (first, third, second):
        await each.stop()


async def test_other_certificates_are_other_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("")
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    first, second = EmbeddedNode(tmp_path, {}), EmbeddedNode(tmp_path, {})
    await first.start()
    before = card(tmp_path)
    bundle.write_text("# another")
    await second.start()
    assert not runs(before.pid)
    await second.stop()
    await first.stop()


async def test_a_node_with_other_settings_that_somebody_listens_to_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = EmbeddedNode(tmp_path, music(tmp_path / "one"))
    await first.start()
    before = card(tmp_path)
    async with listener(first):
        second = EmbeddedNode(tmp_path, music(tmp_path / "two"))
        await second.start()
        assert card(tmp_path) == before
        assert await version(second) == 200
    said = capsys.readouterr().out
    assert "audio_node.settings_not_taken" in said
    assert "MUSIC_DIR" in said
    await second.stop()
    await first.stop()


async def test_who_takes_over_from_another_replaces_nothing(tmp_path: Path) -> None:
    first = EmbeddedNode(tmp_path, music(tmp_path / "one"))
    await first.start()
    before = card(tmp_path)
    second = EmbeddedNode(tmp_path, music(tmp_path / "two"), may_replace=False)
    await second.start()
    assert card(tmp_path) == before
    await second.stop()
    await first.stop()
