"""The page about the actors: what it says is tested, and its example does what it says."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "actors.md"
TESTS = Path(__file__).parent


def test_every_test_that_the_page_names_exists():
    defined = {
        name
        for file in TESTS.glob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)", file.read_text("utf-8"), re.MULTILINE)
    }
    named = set(re.findall(r"`(test_\w+)`", PAGE.read_text("utf-8")))
    assert len(named) > 30
    assert named <= defined


def test_every_guarantee_on_the_page_names_its_test():
    page = PAGE.read_text("utf-8")
    promises = page.partition("## What it promises")[2].partition("\n## ")[0]
    sentences = re.findall(r"^- (.+)$", promises, re.MULTILINE)
    assert len(sentences) > 25
    for sentence in sentences:
        assert re.fullmatch(r"[^`].*\.( `test_\w+`)+|`.*\.( `test_\w+`)+", sentence), sentence


def test_all_59_cases_have_a_test():
    found = {
        int(number)
        for file in TESTS.glob("test_*.py")
        for number in re.findall(r"def test_case_(\d\d)_", file.read_text("utf-8"))
    }
    assert found == set(range(1, 60))


@pytest.mark.anyio
async def test_the_example_on_the_page_prints_what_the_page_says(capsys, stage):
    page = PAGE.read_text("utf-8")
    example, printed = re.findall(r"```(?:python|text)\n(.*?)```", page, re.DOTALL)[:2]
    module = {"__name__": "example"}
    exec(compile(example, str(PAGE), "exec"), module)
    await module["main"]()
    assert capsys.readouterr().out == printed
