"""The documents are part of the program: what they name exists, and what exists is named."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.guild.refusal import Code
from benchmarks.__main__ import BENCHMARKS
from seraphim import cli
from seraphim.discord.language.languages import languages
from seraphim.discord.presenters.refusals import summary
from tests.licences import table

ROOT = Path(__file__).parents[1]
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]


def text(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


def error_codes() -> dict[str, str]:
    """Return the sections of the error codes, by what they are called."""
    heading, *sections = re.split(r"^### ", text("docs/error_codes.md"), flags=re.MULTILINE)
    assert heading.startswith("# Error codes")
    return {name: body for name, _, body in (section.partition("\n") for section in sections)}


def test_every_error_code_is_documented_and_no_other():
    assert list(error_codes()) == [code.value for code in Code]
    named = set(re.findall(r"\b[A-Z]{3,4}-\d{3}\b", text("docs/error_codes.md")))
    assert named == set(Code)


@pytest.mark.parametrize("code", Code)
def test_an_error_code_is_told_as_people_see_it_with_a_cause_and_a_remedy(code: Code):
    section = error_codes()[code]
    quoted = re.findall(r"^> (.+)$", section, re.MULTILINE)
    assert quoted == [summary(code, languages().english)]
    assert re.findall(r"^\*\*(\w+)\.\*\* \S.{10,}", section, re.MULTILINE) == ["Cause", "Remedy"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document: Path):
    prose = re.sub(r"```.*?```|`[^`]*`", "", document.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", prose):
        assert (document.parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_make_targets_that_are_named_exist(document: Path):
    targets = set(re.findall(r"^([a-z0-9-]+):", text("Makefile"), re.MULTILINE))
    for target in re.findall(r"`?make (?:-s )?([a-z][a-z0-9-]+)`", document.read_text("utf-8")):
        assert target in targets, target


def test_log_events_that_operators_are_told_of_are_logged():
    events = re.findall(r"`([a-z_]+\.[a-z_]+)`", text("docs/operations.md"))
    files = {"seraphim.db", "operator.sock"}
    source = "\n".join(
        path.read_text("utf-8")
        for folder in ("actors", "seraphim")
        for path in (ROOT / folder).rglob("*.py")
    )
    assert len(events) > 10
    for event in set(events) - files:
        assert f'"{event}"' in source, event


# --- commands ---


def understood(arguments: list[str]) -> bool:
    try:
        cli._parser().parse_args(arguments)
    except SystemExit as end:
        return end.code == 0
    return True


def commands(document: Path) -> Iterator[list[str]]:
    """Every command in a document's blocks for the shell, in its parts."""
    for block in re.findall(r"```sh\n(.*?)```", document.read_text("utf-8"), re.DOTALL):
        for line in block.splitlines():
            for command in re.split(r"\s(?:&&|\||;)\s", line.partition("  #")[0]):
                if words := shlex.split(command):
                    yield words


def called(document: Path) -> Iterator[list[str]]:
    """What Seraphim's own command line is given in a document, in blocks and in the text."""
    for words in commands(document):
        for at, word in enumerate(words):
            # `docker compose … seraphim` names the container; what follows is its command.
            if word == "seraphim" or word.endswith("/bin/seraphim"):
                rest = words[at + 1 :]
                if words[0] == "docker" and rest[:1] in (["seraphim"], []):
                    continue
                if words[0] not in ("docker", word):
                    continue
                if words[0] == "docker" and words[at - 1] == "logs":
                    continue
                yield rest
    text = re.sub(r"```.*?```", "", document.read_text("utf-8"), flags=re.DOTALL)
    for typed in re.findall(r"`(?:\.venv/bin/)?seraphim ([a-z][^`]*)`", text):
        # In the text a command may be named without what it wants.
        if not re.search(r"[A-Z…\[]{2}|…", typed):
            yield [*shlex.split(typed), "--help"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_of_seraphim_are_understood(document: Path):
    for arguments in called(document):
        assert understood(arguments), shlex.join(arguments)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_other_commands_name_what_is_there(document: Path):
    targets = set(re.findall(r"^([a-z0-9-]+):", text("Makefile"), re.MULTILINE))
    for words in commands(document):
        if words[0] == "make":
            wanted = [word for word in words[1:] if re.fullmatch(r"[a-z][a-z0-9-]+", word)]
            assert set(wanted) <= targets, words
        if words[0] == "cp" and not words[1].startswith(("-", "/")):
            assert (ROOT / words[1]).exists(), words
        if words[:2] == ["docker", "compose"]:
            files = [words[at + 1] for at, word in enumerate(words) if word == "-f"]
            assert all((ROOT / file).exists() for file in files), words
        if words[0] == "systemctl":
            for unit in words[1:]:
                if unit.startswith("seraphim"):
                    name = re.sub(r"@.*", "@", unit) + ".service"
                    assert (ROOT / "config/systemd" / name).exists(), words
    for name in re.findall(r"-m benchmarks ([a-z]+)", document.read_text("utf-8")):
        assert name in BENCHMARKS, name


@pytest.mark.parametrize("command", ["tree", "health", "drain one"])
def test_where_nothing_runs_that_is_said_with_4(command: str, tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-m", "seraphim", *command.split()],
        env={"DATA_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (4, b"")


# --- what is promised of safety ---


def test_what_holds_attackers_off_is_shown_by_tests_that_are_there():
    shown = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text("SECURITY.md"))
    assert len(shown) > 15
    for path, name in shown:
        assert re.search(rf"^(async )?def {name}\(", text(path), re.MULTILINE), f"{path}::{name}"
    rows = re.findall(
        r"^\| [^|]*\| [^|]+ \| [^|]+ \| ([^|]+) \|$", text("SECURITY.md"), re.MULTILINE
    )
    for row in rows[2:]:
        assert "::" in row, row


def test_every_package_that_is_installed_to_run_is_listed_with_its_licence():
    assert text("docs/dependencies.md").rstrip().endswith(table())
