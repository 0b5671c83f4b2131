import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seraphim.discord.presenters.prose import clean, clock, fit, link, shorten, width

NASTY = ["<@1>", "<@!1>", "<@&2>", "<#3>", "<t:1:R>", "</a:1>", "@everyone", "@here", "**", "](x)"]
NASTY += ["https://a.example", "\\", "`", "||", "\u202e", "\u200b", "\n", "😀", "x" * 40]
ANYTHING = st.text(alphabet=st.characters(exclude_categories=())) | st.lists(
    st.sampled_from(NASTY)
).map("".join)
MENTION = re.compile(r"<(@[!&]?|#|t:|/|a?:|id:)|@(everyone|here)")
LIVE_MARKDOWN = re.compile(r"(?<!\\)(?:\\\\)*[*_~`|\[\]()#>]")


@given(ANYTHING, st.integers(1, 300))
def test_foreign_text_never_exceeds_its_place(text: str, limit: int) -> None:
    assert width(fit(text, limit)) <= limit
    assert width(shorten(text, limit)) <= limit


@given(ANYTHING, st.integers(1, 300))
def test_foreign_text_never_forms_a_mention_or_markdown_or_a_link(text: str, limit: int) -> None:
    shown = fit(text, limit)
    assert not MENTION.search(shown)
    assert not LIVE_MARKDOWN.search(shown)
    assert "://" not in shown
    assert "\n" not in shown


@given(ANYTHING)
def test_foreign_text_can_always_be_sent(text: str) -> None:
    fit(text, 100).encode()
    shorten(text, 100).encode()


@given(st.text(alphabet="abc *_", min_size=0, max_size=50))
def test_what_fits_is_only_escaped(text: str) -> None:
    assert fit(text, 200).replace("\\", "") == clean(text)


def test_a_long_title_is_cut_with_an_ellipsis() -> None:
    assert fit("Aurora " * 10, 10) == "Aurora Au…"


def test_marks_that_reverse_a_line_are_left_out() -> None:
    assert clean("gnp.\u202egpj") == "gnp.gpj"
    assert clean("  a\n\tb\x00 ") == "a b"


def test_family_emoji_stay_together() -> None:
    assert clean("👨\u200d👩\u200d👧") == "👨\u200d👩\u200d👧"


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [(0, "0:00"), (59_999, "0:59"), (187_000, "3:07"), (3_723_000, "1:02:03")],
)
def test_durations_read_as_people_write_them(milliseconds: int, shown: str) -> None:
    assert clock(milliseconds) == shown


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "library:abc",
        "javascript:alert(1)",
        "http://localhost/x",
        "http://[::1/x",
        "http://user:secret@a.example/",
        "http://a.example/\n",
        "http://a.example:port/",
        "http://bücher.example/",
        "http://a.example/" + "x" * 600,
    ],
)
def test_addresses_that_discord_might_not_take_are_no_links(address: str | None) -> None:
    assert link(address) is None


def test_a_link_cannot_end_its_markdown() -> None:
    assert link("https://a.example/x(y) z") == "https://a.example/x%28y%29%20z"


@given(ANYTHING)
def test_no_link_breaks_out(text: str) -> None:
    address = link(f"https://a.example/{text}")
    assert address is None or not set(address) & set("()<> \n`")
