import pytest
from rich.text import Text

from seraphim.sandbox.terminal.markdown import Markdown, printable, relative

NOW = 1_700_000_000.0
MARKDOWN = Markdown({7: "Ada"}, {8: "Loft"}, lambda: NOW)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("plain", "plain"),
        ("**Aurora** by *The Choir*", "Aurora by The Choir"),
        ("`/play` begins", "/play begins"),
        (r"\*\*not bold\*\* \_ \#1", "**not bold** _ #1"),
        (r"**a \* b** c", "a * b c"),
        ("asked for by <@7>, <@!7>", "asked for by @Ada, @Ada"),
        ("Join <#8>", "Join #Loft"),
        ("<@9> in <#9>", "@unknown-user in #unknown"),
        (f"ends <t:{int(NOW) + 38}:R>", "ends in 38 seconds"),
        ("1. one\n2. two", "1. one\n2. two"),
        ("5 * 3 and 2 ** 3", "5 * 3 and 2 ** 3"),
        ("[red]not rich's[/red]", "[red]not rich's[/red]"),
    ],
)
def test_markdown_is_shown_as_in_discord(source: str, shown: str) -> None:
    assert MARKDOWN.read(source).plain == shown


def test_what_is_bold_is_bold() -> None:
    text = MARKDOWN.read("**Aurora** plays")
    assert text == Text.assemble(("Aurora", "bold"), " plays")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "in 0 seconds"),
        (1, "in 1 second"),
        (38.4, "in 38 seconds"),
        (-5, "5 seconds ago"),
        (60, "in 1 minute"),
        (-7200, "2 hours ago"),
        (3 * 86_400, "in 3 days"),
    ],
)
def test_a_moment_is_told_from_now(seconds: float, words: str) -> None:
    assert relative(seconds) == words


def test_nothing_orders_the_terminal_about() -> None:
    assert printable("a\x1b[2Jb\u200b\r\nc") == "a\ufffd[2Jb\ufffd\nc"
    assert "\x1b" not in MARKDOWN.read("**\x1b[31m**").plain
