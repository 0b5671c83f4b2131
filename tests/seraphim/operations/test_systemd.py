"""What systemd hears, on a socket like its own."""

import os
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import structlog

from actors.health.assessment import Health, Reason, Status
from seraphim.operations.systemd import LONGEST_STATUS, Systemd

WELL = Health()
ILL = Health(Status.UNHEALTHY, (Reason(Status.UNHEALTHY, "nodes", "no node\nis there"),))


class Listener:
    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.setblocking(False)

    @property
    def heard(self) -> list[str]:
        """All that was said since this was asked last."""
        said: list[str] = []
        while True:
            try:
                said += self.socket.recv(4096).decode().split("\n")
            except BlockingIOError:
                return said


@pytest.fixture(params=["a file", "an abstract address"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """The address as systemd names it, and as it is bound."""
    if request.param == "a file":
        return str(tmp_path / "notify"), str(tmp_path / "notify")
    name = f"seraphim-{os.getpid()}-{tmp_path.name}"
    return f"@{name}", f"\0{name}"


@pytest.fixture
def listener(place: tuple[str, str]) -> Iterator[Listener]:
    listener = Listener(place[1])
    with closing(listener.socket):
        yield listener


def test_it_hears_that_all_is_up_and_that_the_end_begins(
    listener: Listener, place: tuple[str, str]
):
    systemd = Systemd.of({"NOTIFY_SOCKET": place[0]})
    systemd.ready()
    assert listener.heard == ["READY=1"]
    systemd.stopping()
    assert listener.heard == ["STOPPING=1"]


def test_each_look_feeds_the_watchdog_and_only_news_are_told(
    listener: Listener, place: tuple[str, str]
):
    systemd = Systemd.of({"NOTIFY_SOCKET": place[0], "WATCHDOG_USEC": "30000000"})
    systemd.alive(None)
    assert listener.heard == ["WATCHDOG=1"]
    systemd.alive(WELL)
    assert listener.heard == ["WATCHDOG=1", "STATUS=healthy"]
    systemd.alive(WELL)
    assert listener.heard == ["WATCHDOG=1"]
    systemd.alive(ILL)
    # In one line, whatever a reason has in it.
    assert listener.heard == ["WATCHDOG=1", "STATUS=unhealthy; no node is there"]


def test_without_a_watchdog_only_news_are_told(listener: Listener, place: tuple[str, str]):
    systemd = Systemd.of({"NOTIFY_SOCKET": place[0]})
    systemd.alive(WELL)
    systemd.alive(WELL)
    assert listener.heard == ["STATUS=healthy"]


def test_another_processs_watchdog_is_not_ours(listener: Listener, place: tuple[str, str]):
    environ = {"NOTIFY_SOCKET": place[0], "WATCHDOG_USEC": "1", "WATCHDOG_PID": "1"}
    Systemd.of(environ).alive(None)
    assert listener.heard == []
    environ["WATCHDOG_PID"] = str(os.getpid())
    Systemd.of(environ).alive(None)
    assert listener.heard == ["WATCHDOG=1"]


def test_a_long_story_is_cut(listener: Listener, place: tuple[str, str]):
    reasons = tuple(Reason(Status.DEGRADED, "x", "y" * 100) for _ in range(100))
    Systemd.of({"NOTIFY_SOCKET": place[0]}).alive(Health(Status.DEGRADED, reasons))
    (status,) = listener.heard
    assert len(status) == len("STATUS=") + LONGEST_STATUS


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}])
def test_where_nobody_listens_nothing_is_said(environ: dict[str, str]):
    systemd = Systemd.of(environ)
    with structlog.testing.capture_logs() as log:
        systemd.ready()
        systemd.alive(WELL)
        systemd.stopping()
    assert not log


def test_a_socket_that_is_gone_is_complained_about_once(tmp_path: Path):
    systemd = Systemd.of({"NOTIFY_SOCKET": str(tmp_path / "gone"), "WATCHDOG_USEC": "1"})
    with structlog.testing.capture_logs() as log:
        systemd.ready()
        for _ in range(10):
            systemd.alive(WELL)
    assert [line["event"] for line in log] == ["systemd.unheard"]


def test_a_full_socket_keeps_nobody_waiting(listener: Listener, place: tuple[str, str]):
    systemd = Systemd.of({"NOTIFY_SOCKET": place[0], "WATCHDOG_USEC": "1"})
    with structlog.testing.capture_logs():
        for _ in range(10_000):
            systemd.alive(None)
    assert "WATCHDOG=1" in listener.heard
