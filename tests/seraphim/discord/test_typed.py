import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.guild.refusal import Code, Refused
from seraphim.discord.typed import Asker, Moment, Places, moment, places


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("83", Moment(83_000)),
        ("1:23", Moment(83_000)),
        ("01:02:03", Moment(3_723_000)),
        ("90", Moment(90_000)),
        ("0", Moment(0)),
        ("+30", Moment(30_000, relative=True)),
        ("-10", Moment(-10_000, relative=True)),
        (" + 1:00 ", Moment(60_000, relative=True)),
        ("120:00", Moment(7_200_000)),
        ("999999", Moment(360_000_000)),
    ],
)
def test_moments_are_read_as_people_write_them(typed: str, meant: Moment) -> None:
    assert moment(typed) == meant


@pytest.mark.parametrize("typed", ["", "abc", "1:90", "1:60:00", "1:2:3:4", "1.5", "--3", "²", "٣"])
def test_what_is_no_moment_is_refused(typed: str) -> None:
    refused = moment(typed)
    assert isinstance(refused, Refused)
    assert refused.code is Code.OUT_OF_RANGE


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("3", (3,)),
        ("2-5,8", (2, 3, 4, 5, 8)),
        ("8, 2 - 4 ; 3", (2, 3, 4, 8)),
        ("5\N{EN DASH}4", (4, 5)),
        ("9-999999999", (9, 10)),
        ("1 2 3,", (1, 2, 3)),
    ],
)
def test_places_are_read_as_people_write_them(typed: str, meant: tuple[int, ...]) -> None:
    assert places(typed, 10) == Places(meant)


@pytest.mark.parametrize("typed", ["<@55>", " <@!55> "])
def test_a_member_stands_for_their_tracks(typed: str) -> None:
    assert places(typed, 10) == Asker(55)


@pytest.mark.parametrize("typed", ["", "0", "11", "11-20", "a", "1-", "-3", "1,,b", "<@>", "0-3"])
def test_what_is_no_place_is_refused_with_those_that_there_are(typed: str) -> None:
    assert places(typed, 10) == Refused(Code.OUT_OF_RANGE, {"lowest": 1, "highest": 10})


@given(st.text() | st.from_regex(r"[0-9,;: +-]{0,300}"), st.integers(0, 1000))
def test_whatever_is_typed_is_read_or_refused(typed: str, waiting: int) -> None:
    meant = places(typed, waiting)
    if isinstance(meant, Places):
        assert meant.numbers
        assert all(1 <= number <= waiting for number in meant.numbers)
        assert list(meant.numbers) == sorted(set(meant.numbers))
    assert isinstance(moment(typed), Moment | Refused)
