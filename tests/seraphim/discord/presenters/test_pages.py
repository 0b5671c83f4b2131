import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.guild.refusal import Code, Refused
from seraphim.discord.presenters.pages import PAGE, Page, page_of

FULL = "abcdefghij"


def test_an_empty_list_has_one_page_with_nothing_on_it() -> None:
    assert page_of((), 1) == Page(1, ())


def test_a_list_that_just_fits_is_one_page() -> None:
    assert len(FULL) == PAGE
    assert page_of(FULL, 1) == Page(1, tuple(enumerate(FULL, start=1)))
    assert page_of(FULL, 2) == Refused(Code.OUT_OF_RANGE, {"lowest": 1, "highest": 1})


def test_one_more_begins_a_page_and_is_numbered_throughout() -> None:
    assert page_of(FULL + "k", 2) == Page(2, ((11, "k"),))


@pytest.mark.parametrize("number", [-1, 0, 3])
@pytest.mark.parametrize("listed", [FULL + "k", FULL + FULL])
def test_a_page_that_is_not_there_is_refused_with_those_that_are(listed: str, number: int) -> None:
    assert page_of(listed, number) == Refused(Code.OUT_OF_RANGE, {"lowest": 1, "highest": 2})


@given(st.lists(st.integers(), max_size=5 * PAGE))
def test_all_pages_together_are_the_list_each_place_once(listed: list[int]) -> None:
    first = page_of(listed, 1)
    assert isinstance(first, Page)
    shown: list[tuple[int, int]] = []
    for number in range(1, first.pages + 1):
        page = page_of(listed, number)
        assert isinstance(page, Page)
        assert page.pages == first.pages
        assert page.numbered or not listed
        shown += page.numbered
    assert shown == list(enumerate(listed, start=1))
