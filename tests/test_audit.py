"""`make audit`: a bill of all that is pinned, and no word of comfort unless all was asked about.

The target is run as it is, in a tree of links. Its own tools are not among what `make setup`
installs: what they do by themselves is tested where `make audit` has set them up.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.licences import table

ROOT = Path(__file__).parents[1]
AUDIT = ROOT / "build/audit"
COMFORT = "No weakness is known"
OPEN = "could not be asked about all that is pinned: whether weaknesses are known is open"
WEAKNESS = {
    "vulns": [
        {
            "id": "PYSEC-1",
            "summary": "it is weak",
            "affected": [{"package": {"name": "aiohttp", "ecosystem": "PyPI"}}],
        }
    ]
}

with_the_real_tools = pytest.mark.skipif(
    not (AUDIT / ".auditing").exists(), reason="`make audit` has not been run here"
)


def pinned(path: str) -> dict[str, str]:
    """Return the versions that a lock file names, by package."""
    text = (ROOT / path).read_text("utf-8")
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==([^ \\]+)", text, re.MULTILINE))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree in which the target can write."""
    for name in ("Makefile", "pyproject.toml", "requirements.txt", "requirements-audit.txt"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    (tmp_path / "build").mkdir()
    return tmp_path


def audit(tree: Path, advisories: str = "pypi") -> subprocess.CompletedProcess[str]:
    """Run the target with what is installed, whenever that was."""
    variables = [f"VENV={sys.prefix}", f"ADVISORIES={advisories}"]
    old = ["--old-file", f"{sys.prefix}/.runtime", "--old-file", "build/audit/.auditing"]
    return subprocess.run(
        ["make", "audit", *variables, *old],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


# --- what the target makes of what pip-audit says ---


@pytest.fixture
def stand_in(tree: Path) -> Path:
    """What stands in for the tools' Python; it does what is written beside it."""
    program = tree / "build/audit/bin/python"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\n[ "$2" != pip_audit ] || . "$0.says"\n')
    program.chmod(0o700)
    return program.with_name("python.says")


def test_weaknesses_are_shown_and_fail(tree: Path, stand_in: Path):
    stand_in.write_text("echo 'Found 1 known vulnerability' >&2; echo 'aiohttp PYSEC-1'; exit 1")
    done = audit(tree)
    assert done.returncode != 0
    assert "aiohttp PYSEC-1" in done.stdout
    assert OPEN not in done.stderr


def test_where_pip_audit_could_not_ask_that_is_said_with_the_reason_and_fails(
    tree: Path, stand_in: Path
):
    stand_in.write_text("echo 'Traceback' >&2; echo 'no such host' >&2; exit 1")
    done = audit(tree)
    assert done.returncode != 0
    assert "no such host" in done.stderr
    assert "Traceback" not in done.stderr
    assert OPEN in done.stderr
    assert COMFORT not in done.stdout


def test_a_package_that_pypi_does_not_know_is_no_comfort(tree: Path, stand_in: Path):
    # So pip-audit does it: without --strict it goes on, and ends with 0.
    stand_in.write_text(
        'case " $* " in *" --strict "*) echo "aiodns: not found" >&2; exit 1;; esac; exit 0'
    )
    done = audit(tree)
    assert done.returncode != 0
    assert "aiodns: not found" in done.stderr
    assert COMFORT not in done.stdout


def test_where_nothing_is_known_that_is_said(tree: Path, stand_in: Path):
    stand_in.write_text("echo 'No known vulnerabilities found' >&2; exit 0")
    done = audit(tree)
    assert done.returncode == 0
    assert COMFORT in done.stdout
    assert (tree / "build/licences.md").read_text("utf-8") == f"{table()}\n"


def test_pip_audit_is_given_every_package_whatever_platform_it_is_for(tree: Path, stand_in: Path):
    stand_in.touch()
    audit(tree)
    asked = (tree / "build/pinned.txt").read_text("utf-8")
    assert re.search(r"^colorama==[^ ]+ \\\n    --hash=sha256:", asked, re.MULTILINE)
    whole = (ROOT / "requirements.txt").read_text("utf-8")
    assert asked == re.sub(r" ; .*\\\n", " \\\\\n", whole)
    assert ";" not in asked


# --- the tools themselves ---


class _Advisories(BaseHTTPRequestHandler):
    """Stands in for OSV: knows what it is told to, and writes down what it was asked."""

    asked: set[str]
    status = 200
    known: dict[str, object]

    def do_POST(self) -> None:
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = query["package"]["name"]
        self.asked.add(f"{name}=={query['version']}")
        body = json.dumps(self.known.get(name, {})).encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def advisories() -> Iterator[tuple[type[_Advisories], str]]:
    answers = type("Answers", (_Advisories,), {"asked": set(), "known": {}})
    with ThreadingHTTPServer(("127.0.0.1", 0), answers) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield answers, f"osv --osv-url http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture
def equipped(tree: Path) -> Path:
    """The tree with the tools that `make audit` has set up."""
    (tree / "build/audit").symlink_to(AUDIT)
    return tree


@with_the_real_tools
def test_every_pinned_package_is_asked_about_and_is_in_the_bill_with_its_hashes(
    equipped: Path, advisories: tuple[type[_Advisories], str]
):
    answers, address = advisories
    done = audit(equipped, address)
    assert (done.returncode, COMFORT in done.stdout) == (0, True), done.stderr
    packages = pinned("requirements.txt")
    assert answers.asked == {f"{name}=={version}" for name, version in packages.items()}
    bill = json.loads((equipped / "build/sbom.json").read_text("utf-8"))
    assert bill["bomFormat"] == "CycloneDX"
    assert bill["metadata"]["component"]["name"] == "seraphim"
    assert {part["name"]: part["version"] for part in bill["components"]} == packages
    for part in bill["components"]:
        assert part["externalReferences"][0]["hashes"], part["name"]


@with_the_real_tools
def test_a_weakness_that_is_known_fails(equipped: Path, advisories: tuple[type[_Advisories], str]):
    answers, address = advisories
    answers.known["aiohttp"] = WEAKNESS
    done = audit(equipped, address)
    assert done.returncode != 0
    assert re.search(r"aiohttp .* PYSEC-1", done.stdout)
    assert COMFORT not in done.stdout


@with_the_real_tools
@pytest.mark.parametrize("status", [404, 503])
def test_advisories_that_do_not_answer_are_no_comfort(
    equipped: Path, advisories: tuple[type[_Advisories], str], status: int
):
    answers, address = advisories
    answers.status = status
    done = audit(equipped, address)
    assert done.returncode != 0
    assert OPEN in done.stderr
    assert COMFORT not in done.stdout


# --- the pins ---


def test_the_tools_are_pinned_to_the_versions_that_the_makefile_names():
    named = re.search(r"^AUDITORS := (.+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert named
    wanted = dict(each.split("==") for each in named[1].split())
    assert wanted.items() <= pinned("requirements-audit.txt").items()
    assert set(wanted) == {"pip-audit", "cyclonedx-bom"}


@pytest.mark.parametrize("path", sorted(path.name for path in ROOT.glob("requirements*.txt")))
def test_every_pin_has_a_hash_and_no_file_says_where_packages_come_from(path: str):
    text = (ROOT / path).read_text("utf-8")
    entries = re.sub(r"\\\n", " ", text).splitlines()
    assert {entry.partition("==")[0] for entry in entries} == set(pinned(path))
    for entry in entries:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry
    assert "://" not in text
    assert "index" not in text
