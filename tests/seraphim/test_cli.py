"""The command line: what it exits with, and where it says what."""

from pathlib import Path

import pytest

from seraphim.cli import main


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("DISCORD_TOKEN", "DATA_DIR", "MUSIC_DIR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize("arguments", [[], ["bogus"], ["tree", "--loud"]])
def test_wrong_usage_exits_with_2(arguments: list[str]):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


@pytest.mark.parametrize("command", [[], ["run"], ["sandbox"], ["audio-node"], ["tree"]])
def test_help_is_everywhere(command: list[str], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    assert "usage: seraphim" in capsys.readouterr().out


def test_a_bot_without_settings_does_not_start(capsys: pytest.CaptureFixture[str]):
    assert main(["run"]) == 78
    said = capsys.readouterr()
    assert said.out == ""
    assert "SYS-001" in said.err
    assert "DISCORD_TOKEN is missing" in said.err


def test_the_settings_may_stand_in_a_file(folder: Path, capsys: pytest.CaptureFixture[str]):
    (folder / ".env").write_text("DISCORD_TOKEN=nonsense\n")
    assert main(["run"]) == 78
    assert "DISCORD_TOKEN is not a bot's token" in capsys.readouterr().err


def test_a_tree_of_a_bot_that_does_not_run_exits_with_4(capsys: pytest.CaptureFixture[str]):
    assert main(["tree"]) == 4
    assert "No bot runs" in capsys.readouterr().err
