"""The node as it is started: by its command, with the environment's settings."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from seraphim.audio_node.instance import Instance

pytestmark = pytest.mark.anyio

COMMAND = "import sys; from seraphim.cli import main; sys.exit(main(sys.argv[1:]))"

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts `seraphim audio-node`."""
    processes: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, "audio-node", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), **environment},
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.wait()
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stderr.close()


def listening(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Wait for the line that says where it listens."""
    assert process.stdout is not None
    for line in process.stdout:
        logged = json.loads(line)
        if logged["event"] == "audio-node.listening":
            return logged
    raise AssertionError("it ended")


def end(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> str:
    process.send_signal(number)
    rest, _ = process.communicate(timeout=20)
    return rest


async def test_it_says_where_it_listens_and_ends_in_order(start: Start, tmp_path: Path) -> None:
    process = start("--embedded")
    logged = listening(process)
    card = Instance.load(tmp_path)
    assert card is not None
    assert (card.port, card.pid, card.instance) == (
        logged["port"],
        process.pid,
        logged["instance"],
    )
    headers = {"Authorization": card.password}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.ws_connect(
            f"http://127.0.0.1:{card.port}/v4/websocket", headers={"User-Id": "3"}
        ) as websocket,
    ):
        assert (await websocket.receive_json())["op"] == "ready"
        process.terminate()
        async for _ in websocket:
            pass
        assert websocket.close_code == 1001
    rest, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert [json.loads(line)["event"] for line in rest.splitlines()][-1] == "audio-node.stopped"
    assert card.password not in rest


async def test_a_log_that_cannot_be_written_keeps_nobody_from_music(
    start: Start, tmp_path: Path
) -> None:
    process = start("--embedded")
    listening(process)
    card = Instance.load(tmp_path)
    assert card is not None
    assert process.stdout is not None
    # Whatever is written from here on fails, as it would on a full disk.
    process.stdout.close()
    async with aiohttp.ClientSession(headers={"Authorization": card.password}) as http:
        for _ in range(2):
            async with http.ws_connect(
                f"http://127.0.0.1:{card.port}/v4/websocket", headers={"User-Id": "3"}
            ) as websocket:
                assert (await websocket.receive_json())["op"] == "ready"


def test_port_and_password_stay_the_same_over_restarts(start: Start, tmp_path: Path) -> None:
    first = start("--embedded")
    listening(first)
    before = Instance.load(tmp_path)
    end(first, signal.SIGKILL)
    second = start("--embedded")
    listening(second)
    after = Instance.load(tmp_path)
    assert before is not None
    assert after is not None
    assert (after.port, after.password) == (before.port, before.password)
    assert after.instance != before.instance
    end(second)


def test_another_port_is_taken_when_somebody_else_has_the_last_one(
    start: Start, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        port = somebody.getsockname()[1]
        Instance(instance="i", host="127.0.0.1", port=port, pid=1, password="hush").save(tmp_path)
        process = start("--embedded")
        assert listening(process)["port"] != port
        end(process)


def test_a_port_that_was_asked_for_and_is_taken_is_an_error(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        port = str(somebody.getsockname()[1])
        process = start(LAVALINK_PORT=port, LAVALINK_PASSWORD="hush")
        output, _ = process.communicate(timeout=20)
    assert process.returncode == 1
    refused = json.loads(output.splitlines()[-1])
    assert (refused["event"], refused["port"]) == ("audio-node.refused", int(port))
    assert "hush" not in output


def test_a_data_folder_that_cannot_be_one_is_an_error(start: Start, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    process = start("--embedded", DATA_DIR=str(tmp_path / "file"))
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 1
    refused = json.loads(output.splitlines()[-1])
    assert (refused["event"], refused["level"]) == ("audio-node.refused", "error")
    assert str(tmp_path / "file") in refused["reason"]


def test_wrong_settings_end_the_start_and_are_all_named(start: Start, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("LAVALINK_PORT=http\n")
    process = start()
    output, errors = process.communicate(timeout=20)
    assert (process.returncode, output) == (78, "")
    assert errors.startswith("SYS-001 ")
    assert "LAVALINK_PORT" in errors
    assert "LAVALINK_PASSWORD is missing" in errors


def test_a_node_of_its_own_reads_the_file_of_settings(start: Start, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        port = somebody.getsockname()[1]
    (tmp_path / "password").write_text("hush\n")
    (tmp_path / ".env").write_text(f"LAVALINK_PASSWORD_FILE=password\nLAVALINK_PORT={port}\n")
    process = start()
    assert listening(process)["port"] == port
    card = Instance.load(tmp_path)
    assert card is not None
    assert card.password == "hush"
    end(process)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_its_decoders_end_with_it_however_it_ends(start: Start) -> None:
    process = start("--embedded")
    listening(process)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    watched = [os.pidfd_open(int(child)) for child in children]
    assert watched
    end(process, signal.SIGKILL)
    for child in watched:
        assert select.select([child], [], [], 20)[0], "a decoder outlived its node"
        os.close(child)


def test_the_process_of_the_node_never_loads_av_or_the_bot() -> None:
    code = (
        "import sys, seraphim.audio_node.process;"
        "print(sorted({name.split('.')[0] for name in sys.modules}"
        " & {'av', 'hikari', 'arc', 'ongaku', 'actors'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
