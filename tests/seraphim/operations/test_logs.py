"""What `seraphim logs` shows, and what it leaves out."""

import asyncio
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from seraphim.operations.journal import Journal
from seraphim.operations.logs import Page, Wanted, headline, show_live, show_stored, since
from seraphim.operations.telling import tell

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
CRASH = {
    "timestamp": NOON.isoformat(),
    "level": "error",
    "event": "actor.crashed",
    "actor": "/root/guilds/guild-7/player",
    "guild": 7,
    "command": "/play",
    "exception": 'Traceback:\n  File "x"\nRuntimeError: no such \x1b[31mtune',
}
OTHER = {"timestamp": NOON.isoformat(), "level": "info", "event": "node.ready", "actor": "/root/x"}


def shown(page: Callable[[Console], Page], *entries: object) -> str:
    out = io.StringIO()
    made = page(Console(file=out, width=60))
    for entry in entries:
        made.show(entry if isinstance(entry, str) else json.dumps(entry))
    return out.getvalue()


def of(wanted: Wanted, *, traces: bool = False) -> Callable[[Console], Page]:
    return lambda console: Page(wanted, traces=traces, console=console)


def test_an_event_has_one_line_and_its_trace_is_folded() -> None:
    (line,) = shown(of(Wanted()), CRASH).splitlines()
    assert "✖ actor.crashed" in line
    assert "guild-7/player" in line
    assert "command /play" in line
    assert line.endswith("RuntimeError: no such �[31mtune  [3 lines]")


def test_a_trace_is_unfolded_when_asked_for_and_moves_no_cursor() -> None:
    text = shown(of(Wanted(), traces=True), CRASH)
    assert 'File "x"' in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("wanted", "crash", "other"),
    [
        (Wanted(guild=7), True, False),
        (Wanted(guild=77), False, False),
        (Wanted(actor="Player"), True, False),
        (Wanted(level="warning"), True, False),
        (Wanted(level="debug"), True, True),
        (Wanted(text="NODE.ready"), False, True),
        (Wanted(since=NOON + timedelta(seconds=1)), False, False),
        (Wanted(since=NOON), True, True),
    ],
)
def test_what_is_not_wanted_is_left_out(wanted: Wanted, crash: bool, other: bool) -> None:
    text = shown(of(wanted), CRASH, OTHER)
    assert ("actor.crashed" in text, "node.ready" in text) == (crash, other)


@pytest.mark.parametrize("line", ["no json", "[1]", '{"event": 3, "timestamp": "x"}', "{}", "["])
def test_whatever_stands_in_a_file_is_shown(line: str) -> None:
    assert shown(of(Wanted(level="info")), line).count("\n") == 1


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("90s", NOON - timedelta(seconds=90)),
        ("10m", NOON - timedelta(minutes=10)),
        ("2h", NOON - timedelta(hours=2)),
        ("7d", NOON - timedelta(days=7)),
        ("2026-01-30T10:00:00+00:00", NOON - timedelta(hours=26)),
    ],
)
def test_times_are_said_as_people_say_them(text: str, time: datetime) -> None:
    assert since(text, NOON) == time


@pytest.mark.parametrize("text", ["yesterday", "", "5", "25:00", "10 apples"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any
        since(text, NOON)


def test_the_files_are_read_in_their_order_up_to_what_the_bot_has_kept(tmp_path: Path) -> None:
    path = tmp_path / "seraphim.log"
    for number, name in enumerate(
        ("seraphim.log.20260101T0", "seraphim.log.20260102T0", path.name)
    ):
        at = (NOON + timedelta(minutes=number)).isoformat()
        (tmp_path / name).write_text(json.dumps({"timestamp": at, "event": f"e{number}"}) + "\n")
    out = io.StringIO()
    page = Page(Wanted(), traces=False, console=Console(file=out))
    show_stored(page, path, None, NOON + timedelta(minutes=2))
    assert [line.split()[2] for line in out.getvalue().splitlines()] == ["e0", "e1"]


async def test_a_bot_is_followed_into_its_next_life(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "s"
    asked: list[datetime | None] = []
    out = io.StringIO()
    page = Page(Wanted(), traces=False, console=Console(file=out))

    async def life(name: str) -> tuple[asyncio.Server, asyncio.Event]:
        journal = Journal()
        journal.write(json.dumps({"event": f"{name}.kept"}))
        met = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            request = await reader.readline()
            if request:
                met.set()
                await tell(journal, reader, writer, {"do": "logs"})
            writer.close()

        return await asyncio.start_unix_server(serve, path), met

    async def until_shown(text: str) -> None:
        async with asyncio.timeout(20):
            while text not in out.getvalue():  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    assert not await show_live(page, path, follow=True, everything=True, earlier=asked.append)
    first, _ = await life("first")
    task = asyncio.create_task(
        show_live(page, path, follow=True, everything=True, earlier=asked.append)
    )
    await until_shown("first.kept")
    first.close()
    await first.wait_closed()
    second, _ = await life("second")
    await until_shown("second.kept")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    second.close()
    await second.wait_closed()
    assert asked == [None]
    assert "waiting for the next" in capsys.readouterr().err


def test_the_headline_of_a_wide_event_is_cut_on_a_terminal_only() -> None:
    wide = {**OTHER, "text": "x" * 300}
    assert len(headline(wide).plain) > 300
    out = io.StringIO()
    page = Page(Wanted(), traces=False, console=Console(file=out, width=60, force_terminal=True))
    page.show(json.dumps(wide))
    assert out.getvalue().count("\n") == 1
    assert "x" * 100 not in out.getvalue()
