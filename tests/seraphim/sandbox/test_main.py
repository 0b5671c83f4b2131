"""The command as people use it: the real bot, a real node, and what can be heard of them."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PATIENCE = 90.0


@pytest.fixture
def temporary() -> Iterator[Path]:
    # Not pytest's: its paths are too long for a socket.
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@contextmanager
def sandbox(temporary: Path, **files: int) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "seraphim", "sandbox"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "TMPDIR": str(temporary), "DISCORD_TOKEN": "somebody's own"},
        **files,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def test_a_script_is_heard_and_nothing_is_left_behind(temporary: Path) -> None:
    with sandbox(temporary, stdin=subprocess.PIPE) as process:
        seen, wrong = process.communicate("/play aurora\n/skip\n", PATIENCE)
    assert process.returncode == 0, wrong
    heard = [line for line in seen.splitlines() if line.startswith("♪")]
    assert heard[0].startswith("♪ Loft hears Aurora: 440 Hz at -")
    assert heard[1:] == ["♪ Loft hears silence"]
    assert list(temporary.iterdir()) == []


def test_a_script_in_a_file_that_fails_says_so(temporary: Path, tmp_path: Path) -> None:
    (tmp_path / "script").write_text("# nothing plays yet\n/skip\n? /skip")
    with (
        (tmp_path / "script").open() as script,
        sandbox(temporary, stdin=script.fileno()) as process,
    ):
        seen, wrong = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "refused with PLAY-001, as expected" in seen
    assert "line 2: the bot refused that with PLAY-001" in wrong
    assert "line 3" not in wrong


def test_told_to_stop_it_stops_the_bot_first(temporary: Path) -> None:
    with sandbox(temporary, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("log\n")
        process.stdin.flush()
        # The bot runs, for this is its log.
        assert "Ada> log" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 128 + signal.SIGTERM
    assert list(temporary.iterdir()) == []
