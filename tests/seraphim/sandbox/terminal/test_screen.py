from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from seraphim.sandbox import Message
from seraphim.sandbox.messages import Cause
from seraphim.sandbox.terminal.chat import Change, News
from seraphim.sandbox.terminal.markdown import Markdown
from seraphim.sandbox.terminal.screen import Screen

BOT, ADA = 1, 2
USERS = {BOT: "Seraphim", ADA: "Ada"}
GOLD = 0xFFD700
BUTTONS = [
    {"type": 2, "style": 2, "label": "Back", "custom_id": "back", "disabled": True},
    {"type": 2, "style": 2, "label": "Skip", "custom_id": "skip", "emoji": {"name": "⏭"}},
]
PANEL: dict[str, Any] = {
    "raw_embeds": [
        {
            "author": {"name": "Resonating"},
            "title": "Aurora",
            "description": "by **The Sandbox Choir**\nasked for by <@2>",
            "color": GOLD,
            "fields": [{"name": "Next", "value": "Ember"}, {"name": "Volume", "value": "50 %"}],
            "footer": {"text": "small print"},
        }
    ],
    "components": [{"type": 1, "components": BUTTONS}],
}


@pytest.fixture
def show(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., list[str]]:
    def show(change: Change = Change.NEW, columns: int = 100, **message: Any) -> list[str]:
        monkeypatch.setenv("COLUMNS", str(columns))
        screen = Screen(USERS, Markdown(USERS, {}, lambda: 0.0))
        about = {"id": 9, "channel_id": 8, "guild_id": 7, "author_id": BOT}
        screen.message(News(Message(**about, created_at=datetime.now(UTC), **message), change))
        return capsys.readouterr().out.splitlines()

    return show


def inside(lines: list[str]) -> list[str]:
    return [line.strip("│").strip() for line in lines[1:-1]]


def test_a_panel_is_a_box_with_all_that_people_see(show) -> None:
    assert inside(show(**PANEL)) == [
        "Resonating",
        "Aurora",
        "by The Sandbox Choir",
        "asked for by @Ada",
        "Next    Ember",
        "Volume  50 %",
        "small print",
        "(Back) [⏭ Skip]",
    ]


def test_an_answer_says_to_whom_and_whether_others_see_it(show) -> None:
    cause = Cause(1, 2, ADA, "play", None)
    first, *_, last = show(content="hush", cause=cause, visible_to=ADA)
    assert first.startswith("╭─ Seraphim to Ada ─")
    assert last.endswith("─ only Ada sees this ─╯")


def test_changes_are_told(show) -> None:
    assert show(Change.EDITED, content="la")[0].startswith("╭─ Seraphim · edited ─")
    assert show(Change.DELETED, content="la") == ["✂ Seraphim: deleted"]


@pytest.mark.parametrize("columns", [20, 40, 200])
def test_a_box_fits_the_terminal(show, columns: int) -> None:
    lines = show(columns=columns, **PANEL)
    assert {len(line) for line in lines} <= set(range(columns + 1))
    assert "by The" in " ".join(inside(lines))


def test_without_a_terminal_there_are_no_colours(show) -> None:
    assert "\x1b" not in "".join(show(**PANEL))


def test_colours_come_in_a_terminal_unless_they_are_not_wanted(show, monkeypatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[38;" in "".join(show(**PANEL))
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[38;" not in "".join(show(**PANEL))


def test_what_a_bot_writes_is_neither_markup_nor_an_order_to_the_terminal(show) -> None:
    lines = show(content="[bold]x[/bold] :smile: \x1b[2J", raw_embeds=[{"title": "[/nope]"}])
    assert inside(lines) == ["[bold]x[/bold] :smile: \ufffd[2J", "[/nope]"]
