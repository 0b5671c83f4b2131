"""The documents are part of the program: what they name exists, and what exists is named."""

import re
from pathlib import Path

import pytest

from actors.guild.refusal import Code
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
