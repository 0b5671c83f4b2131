"""What the documents tell people to type works when it is pasted.

What needs Docker, root, a service manager or the internet is only checked, as far as that goes:
that files, services, units, options and targets are there, and that Seraphim's own command line
understands its part. `ONLY_CHECKED` names it. What a running bot answers is in `end_to_end`.
"""

import importlib.util
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import anyio
import pytest
import yaml

from benchmarks.__main__ import BENCHMARKS
from seraphim import cli
from seraphim.environment import SECRETS
from seraphim.settings import SettingsError, load
from seraphim.storage.database import FILE, database

ROOT = Path(__file__).parents[1]
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
TOKEN = "MQ.x.y"
ONLY_CHECKED = {
    "docker": "Docker",
    "git": "the repository's address",
    "systemctl": "systemd",
    "useradd": "root",
}
"""Commands that are not run here, and what they would need."""
RUN = {
    "make": "dry, and `make sandbox` in end_to_end",
    ".venv/bin/seraphim": "by its parser, and in end_to_end",
    "version": "with a stand-in for systemd-run",
    **dict.fromkeys(("cp", "ln", "install", "mkdir", "openssl", "chmod", "printf"), "as it is"),
    "sqlite3": "by Python's",
    "cd": "after a clone",
}
COMPOSED = ["build", "exec", "logs", "ps", "run", "stop", "up"]
BLOCK = re.MULTILINE | re.DOTALL
SYSTEM_FOLDERS = re.compile(r"(?<![\w.])/(?=(?:etc|opt|var)/)")


def blocks(document: Path, kind: str = "sh") -> list[str]:
    """Return what stands between fences, continued lines joined."""
    found = re.findall(rf"^```{kind}\n(.*?)^```", document.read_text("utf-8"), BLOCK)
    return [block.replace("\\\n", " ") for block in found]


def lines(document: Path) -> Iterator[str]:
    """Return every line of the blocks for a shell that is a command, not part of a function."""
    for block in blocks(document):
        plain = re.sub(r"^\w+\(\) \{\n.*?^\}\n", "", block, flags=BLOCK)
        yield from (line.partition("  #")[0] for line in plain.splitlines())


def commands(document: Path) -> Iterator[list[str]]:
    """Return every command in its words."""
    for line in lines(document):
        for command in re.split(r"\s(?:&&|\||;)\s", line):
            if words := shlex.split(command):
                yield words


def inline(document: Path, pattern: str) -> list[str]:
    """Return what stands in the text between backticks and begins with `pattern`."""
    prose = re.sub(r"^```.*?^```", "", document.read_text("utf-8"), flags=BLOCK)
    return [typed for typed in re.findall(r"`([^`]+)`", prose) if re.match(pattern, typed)]


every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)


@every_document
def test_every_command_is_run_or_known_to_be_only_checked(document: Path):
    for words in commands(document):
        named = words[0].partition("=")[0]
        assert named in RUN or named in ONLY_CHECKED or named == "LAVALINK_NODES", words


# --- Seraphim's own ---


def called(document: Path) -> Iterator[list[str]]:
    """Return what Seraphim's own command line is given."""
    for words in commands(document):
        match words:
            case [".venv/bin/seraphim", *rest] | ["version", _, *rest]:
                yield rest
            case ["docker", "compose", "exec" | "run", *rest] if "seraphim" in rest:
                given = rest[rest.index("seraphim") + 1 :]
                # What is run has the command line as its entry point; what runs already has not.
                yield given[1:] if words[2] == "exec" else given
            case _:
                pass
    for block in blocks(document, r"console[a-z ]*"):
        yield shlex.split(block.partition("\n")[0].removeprefix("$ .venv/bin/seraphim "))
    for typed in inline(document, r"(?:\.venv/bin/)?seraphim [a-z]"):
        rest = shlex.split(typed.partition("seraphim ")[2])
        # In the text a command may be named without what it wants, or with a word for it.
        given = ["1" if word.isupper() else word for word in rest if not re.search(r"[\[…]", word)]
        yield [*given, "--help"]


def understood(arguments: list[str]) -> bool:
    try:
        cli._parser().parse_args(arguments)
    except SystemExit as end:
        return end.code == 0
    return True


@every_document
def test_commands_of_seraphim_are_understood(document: Path):
    for arguments in called(document):
        assert understood(arguments), shlex.join(arguments)


def test_operators_are_told_of_every_command():
    told = {arguments[0] for document in DOCUMENTS for arguments in called(document)}
    [choices] = [
        action.choices for action in cli._parser()._actions if isinstance(action.choices, dict)
    ]
    # That one has a target of its own.
    assert told | {"sandbox"} == set(choices)


@pytest.mark.parametrize("command", ["tree", "health", "logs", "commands sync", "drain one"])
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


def test_several_nodes_are_settings_as_they_stand_there():
    [typed] = [
        words[0].partition("=")[2]
        for words in commands(ROOT / "docs/operations.md")
        if words[0].startswith("LAVALINK_NODES=")
    ]
    settings = load({"DISCORD_TOKEN": TOKEN, "LAVALINK_NODES": typed})
    assert [node.name for node in settings.nodes] == ["one", "two"]


# --- settings ---


def test_the_example_as_it_is_lacks_the_token_alone(tmp_path: Path):
    shutil.copy(ROOT / ".env.example", tmp_path / ".env")
    with pytest.raises(SettingsError) as error:
        load({}, tmp_path / ".env")
    assert len(error.value.mistakes) == 1
    assert "DISCORD_TOKEN is missing" in error.value.mistakes[0]
    assert load({"DISCORD_TOKEN": TOKEN}, tmp_path / ".env") == load({"DISCORD_TOKEN": TOKEN})


def test_what_is_commented_out_is_the_default_or_can_be_set(tmp_path: Path):
    shown = dict(re.findall(r"^#([A-Z_]+)=(.+)$", _example(), re.MULTILINE))
    default = load({"DISCORD_TOKEN": TOKEN})
    # Left out, the level and the format follow from the environment.
    examples = {"MUSIC_DIR", "DATABASE_URL", "LAVALINK_NODES", "LOG_LEVEL", "LOG_FORMAT"}
    for variable, value in shown.items():
        given = str(tmp_path) if variable == "MUSIC_DIR" else value
        changed = load({"DISCORD_TOKEN": TOKEN, variable: given})
        assert (changed == default) is (variable not in examples), variable


def test_the_secrets_that_may_be_files_are_named():
    [named] = re.findall(r"instead, as Docker's do: (.*?)\n\n", _example(), re.DOTALL)
    found = {name.removesuffix("_FILE") for name in re.findall(r"[A-Z_]{8,}", named)}
    assert found == set(SECRETS)


def _example() -> str:
    return (ROOT / ".env.example").read_text("utf-8")


# --- make and Python ---


def targets() -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


@every_document
def test_make_knows_the_targets(document: Path):
    typed = [shlex.join(words) for words in commands(document) if words[0] == "make"]
    typed += [each.removesuffix(" …") for each in inline(document, r"(?:\w+=\S+ )*make \S")]
    for each in typed:
        wanted = re.findall(r"make (?:-s |-C \S+ )?([a-z][a-z0-9-]*)$", each)
        assert len(wanted) == 1, each
        assert wanted[0] in targets(), each
        done = subprocess.run(
            ["make", "--dry-run", wanted[0]], cwd=ROOT, capture_output=True, check=False
        )
        assert done.returncode == 0, (each, done.stderr)


@every_document
def test_modules_and_paths_that_python_is_given_exist(document: Path):
    for typed in inline(document, r".*python -m "):
        words = shlex.split(typed)
        module, *rest = words[words.index("-m") + 1 :]
        assert importlib.util.find_spec(module) is not None, typed
        if module == "benchmarks":
            assert set(rest) <= {*BENCHMARKS, "--quick"}, typed
        for path in (word for word in rest if "/" in word):
            assert (ROOT / path).exists(), typed


def test_the_single_test_that_is_named_is_one():
    [typed] = inline(ROOT / "docs/development_setup.md", r"\.venv/bin/python -m pytest tests/a")
    words = [sys.executable, *shlex.split(typed)[1:], "--collect-only", "-q"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "::test_" in done.stdout


# --- files ---


def files_of(document: str, folder: Path) -> list[str]:
    """Return the lines that only touch files, with the system's folders beneath `folder`."""
    chosen = [
        line
        for line in lines(ROOT / document)
        if line.split(" ")[0] in ("cp", "ln", "install", "mkdir")
    ]
    return [SYSTEM_FOLDERS.sub(f"{folder}/", line) for line in chosen]


def test_a_service_finds_its_units_and_its_node_where_the_document_puts_them(tmp_path: Path):
    for folder in ("etc/systemd/system", "opt/seraphim", "var/lib/seraphim"):
        (tmp_path / folder).mkdir(parents=True)
    for version in ("0.1.0", "0.2.0"):
        (tmp_path / "opt/seraphim" / version).symlink_to(ROOT)
    shutil.copy(ROOT / ".env.example", tmp_path)
    for line in files_of("docs/deployment.md", tmp_path):
        subprocess.run(["bash", "-ec", line], cwd=tmp_path, check=True)
    units = {path.name for path in (tmp_path / "etc/systemd/system").iterdir()}
    assert units == {path.name for path in (ROOT / "config/systemd").iterdir()}
    # The upgrade has been done as well.
    assert (tmp_path / "opt/seraphim/node").readlink() == Path("0.2.0")
    assert (tmp_path / "etc/seraphim").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / ".env").read_text() == _example()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl")
def test_the_token_for_prometheus_is_long_random_and_readable(tmp_path: Path):
    [line] = files_of("docs/docker_deployment.md", tmp_path)[1:]
    subprocess.run(["bash", "-ec", line], cwd=tmp_path, check=True)
    token = tmp_path / "secrets/http_token"
    assert re.fullmatch(r"[0-9a-f]{64}\n", token.read_text())
    assert token.stat().st_mode & 0o777 == 0o444


def test_a_version_is_asked_as_its_user_with_its_settings(tmp_path: Path):
    stand_in = tmp_path / "systemd-run"
    stand_in.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    stand_in.chmod(0o700)
    [block] = [block for block in blocks(ROOT / "docs/deployment.md") if "systemd-run" in block]
    function = block[: block.index("\n}\n") + 3]
    done = subprocess.run(
        ["bash", "-ec", f"{function}version 0.1.0 backup 'a copy'"],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    said = done.stdout.splitlines()
    assert said[-3:] == ["/opt/seraphim/0.1.0/.venv/bin/seraphim", "backup", "a copy"]
    unit = (ROOT / "config/systemd/seraphim@.service").read_text("utf-8")
    assert "--uid=seraphim" in said
    assert "User=seraphim\n" in unit
    [file] = re.findall(r"^EnvironmentFile=(\S+)$", unit, re.MULTILINE)
    assert f"--property=EnvironmentFile={file}" in said
    assert "--setenv=DATA_DIR=/var/lib/seraphim" in said
    assert "Environment=DATA_DIR=/var/lib/seraphim " in unit


def test_what_is_known_of_a_guild_and_of_a_person_can_be_deleted(tmp_path: Path):
    async def made() -> None:
        storage = database(tmp_path, None)
        await storage.open()
        await storage.close()

    anyio.run(made)
    orders = [words[2] for words in commands(ROOT / "PRIVACY.md") if words[0] == "sqlite3"]
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as stored:
        tables = [name for (name,) in stored.execute("SELECT name FROM sqlite_master")]
        for guild in (1, 3):
            stored.execute("INSERT INTO snapshots VALUES (?, 5, 'life', x'00')", (guild,))
            stored.execute("INSERT INTO set_aside VALUES (?, ?, 'why', 0, x'00')", (guild, guild))
            stored.execute("INSERT INTO settings VALUES (?, x'00')", (guild,))
            stored.execute("INSERT INTO favourites VALUES (?, ?, 't', x'00')", (guild, guild + 1))
        for order in orders:
            stored.executescript(order)
        for table in ("snapshots", "set_aside", "settings", "favourites"):
            assert stored.execute(f"SELECT count(*) FROM {table}").fetchone() == (1,), table
    # What else there is knows nobody.
    known = {"snapshots", "set_aside", "settings", "favourites"}
    others = {name for name in tables if not name.startswith("sqlite_")} - known
    assert others == {"alembic_version", "notes", "lives"}


# --- what is only checked ---


@every_document
def test_units_that_are_named_are_there(document: Path):
    for words in commands(document):
        if words[0] == "systemctl":
            for unit in words[1:]:
                if unit.startswith("seraphim"):
                    name = re.sub(r"@.*", "@", unit) + ".service"
                    assert (ROOT / "config/systemd" / name).exists(), words


@every_document
def test_services_and_files_of_compose_are_there(document: Path):
    services: set[str] = set()
    for file in ("docker-compose.yml", "docker-compose.observability.yml"):
        services |= set(yaml.safe_load((ROOT / file).read_text("utf-8"))["services"])
    for words in commands(document):
        if words[:2] != ["docker", "compose"]:
            continue
        rest = words[2:]
        while rest[0] == "-f":
            assert (ROOT / rest[1]).exists(), words
            rest = rest[2:]
        assert rest[0] in COMPOSED, words
        if rest[0] in ("exec", "run", "logs", "stop"):
            assert services & set(rest[1:]), words


@every_document
def test_versions_in_one_document_stand_for_the_same(document: Path):
    text = document.read_text("utf-8")
    tags = {tag.removeprefix("v") for tag in re.findall(r"--branch (\S+)", text)}
    used = set(re.findall(r"(?:seraphim@|/opt/seraphim/|version )(\d+\.\d+\.\d+)", text))
    assert used == tags
