"""In a process of its own, for a guard cannot be taken back."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

CONNECT = """
import socket, sys
from seraphim.audio_node.decoder.address_guard import TrustedHosts
from seraphim.audio_node.extractor.guard import Forbidden, guard
guard(TrustedHosts(sys.argv[1]))
kind, family, how, *address = sys.argv[2:]
one = socket.socket(getattr(socket, family), getattr(socket, kind))
place = (address[0], int(address[1])) if len(address) > 1 else address[0]
try:
    getattr(one, how)(place)
except Forbidden as error:
    print("forbidden:", error)
except OSError:
    print("tried")
else:
    print("connected")
"""


def outcome(trusted: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", CONNECT, trusted, *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.split(":")[0].strip()


@pytest.mark.parametrize("how", ["connect", "connect_ex"])
@pytest.mark.parametrize(
    ("kind", "family", "address"),
    [
        ("SOCK_STREAM", "AF_INET", ("127.0.0.1", "80")),
        ("SOCK_STREAM", "AF_INET", ("169.254.169.254", "80")),
        ("SOCK_STREAM", "AF_INET", ("10.0.0.1", "443")),
        ("SOCK_STREAM", "AF_INET", ("localhost", "80")),
        ("SOCK_STREAM", "AF_INET6", ("::1", "80")),
        ("SOCK_STREAM", "AF_INET6", ("::ffff:127.0.0.1", "80")),
        ("SOCK_DGRAM", "AF_INET", ("8.8.8.8", "53")),
        ("SOCK_STREAM", "AF_UNIX", ("/run/docker.sock",)),
    ],
)
def test_only_public_addresses_are_connected_to(
    how: str, kind: str, family: str, address: tuple[str, ...]
) -> None:
    assert outcome("", kind, family, how, *address) == "forbidden"


def test_whom_the_operator_trusts_is_connected_to() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        place = ("SOCK_STREAM", "AF_INET", "connect", "127.0.0.1", port)
        assert outcome(f"127.0.0.1:{port}", *place) == "connected"
        assert outcome("127.0.0.1:1", *place) == "forbidden"


RUN = """
import os, subprocess, sys
from seraphim.audio_node.decoder.address_guard import TrustedHosts
from seraphim.audio_node.extractor.guard import guard
guard(TrustedHosts(""))
try:
    import curl_cffi
except ImportError:
    print("no libcurl")
for run in (
    lambda: subprocess.run(["/bin/echo", "phantomjs"]),
    lambda: subprocess.run("echo shell", shell=True),
    lambda: subprocess.run(["deno"], executable="/bin/echo"),
    lambda: os.system("echo system"),
    lambda: os.posix_spawn("/bin/echo", ["echo", "spawn"], {}),
    lambda: os.execv("/bin/echo", ["echo", "exec"]),
    lambda: subprocess.run([sys.argv[1], "solved"]),
    # By posix_spawn, as Python 3.13 does it without being told to.
    lambda: subprocess.run(["/bin/echo", "spawned"], close_fds=False),
    lambda: subprocess.run([sys.argv[1], "solved"], close_fds=False),
):
    try:
        run()
    except OSError as error:
        print(error, flush=True)
"""


def test_no_program_is_run_but_the_one_that_solves_riddles(tmp_path: Path) -> None:
    deno = tmp_path / "deno"
    deno.symlink_to("/bin/echo")
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(deno)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    refused = "no programs are run here"
    assert done.stdout.splitlines() == [
        *("no libcurl", *[refused] * 6, "solved"),
        *(refused, "solved"),
    ]
