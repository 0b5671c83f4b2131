"""The command line: what it exits with, and where it says what."""

import os
from pathlib import Path

import pytest

from seraphim.audio_node.extractor import release
from seraphim.audio_node.extractor.release import CannotUpdate, Update
from seraphim.cli import main


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("DISCORD_TOKEN", "DATA_DIR", "MUSIC_DIR", "SERAPHIM_CONTAINER"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["bogus"],
        ["tree", "--loud"],
        ["tree", "--json", "--watch"],
        ["logs", "--since", "x"],
        ["backup"],
        ["commands"],
    ],
)
def test_wrong_usage_exits_with_2(arguments: list[str]):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


@pytest.mark.parametrize(
    "command",
    [
        [],
        *([name] for name in ("run", "sandbox", "audio-node", "tree", "sources", "logs", "check")),
        *([name] for name in ("commands", "backup", "restore", "health", "drain")),
        ["commands", "sync"],
        ["sources", "update"],
    ],
)
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


@pytest.mark.parametrize(
    ("arguments", "done", "said"),
    [
        ([], Update("2026.11.20", None), "yt-dlp 2026.11.20 (before: the one that was installed)"),
        (["--rollback"], Update(None, "2026.11.20"), "yt-dlp the one that was installed (before:"),
    ],
)
def test_sources_are_updated_where_the_data_is(
    arguments: list[str],
    done: Update,
    said: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    asked: list[Path] = []

    def answer(data_dir: Path) -> Update:
        asked.append(data_dir.resolve())
        return done

    monkeypatch.setattr(release, "rollback" if arguments else "update", answer)
    monkeypatch.setenv("DATA_DIR", str(folder / "data"))
    assert main(["sources", "update", *arguments]) == 0
    assert asked == [folder / "data"]
    assert said in capsys.readouterr().out


def test_an_update_that_cannot_be_done_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def refuse(_: Path) -> Update:
        raise CannotUpdate("the package index cannot be reached")

    monkeypatch.setattr(release, "update", refuse)
    assert main(["sources", "update"]) == 1
    assert "Nothing was changed: the package index" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["--rollback"]])
def test_in_a_container_the_image_is_updated_instead(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("SERAPHIM_CONTAINER", "1")
    assert main(["sources", "update", *arguments]) == 1
    assert "image" in capsys.readouterr().err


def test_the_certificates_that_the_file_names_are_trusted(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    # Empty counts as not set; and what is set here is taken back.
    monkeypatch.setenv("SSL_CERT_FILE", "")
    (folder / ".env").write_text("SSL_CERT_FILE=/etc/our-own.pem\n")
    main(["run"])
    assert os.environ["SSL_CERT_FILE"] == "/etc/our-own.pem"
    monkeypatch.setenv("SSL_CERT_FILE", "/etc/theirs.pem")
    main(["run"])
    assert os.environ["SSL_CERT_FILE"] == "/etc/theirs.pem"
