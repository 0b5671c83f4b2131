"""What the documents show of a terminal is what is seen there, on the real bot."""

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

import pytest

from seraphim.sandbox.bot import INHERITED
from tests.end_to_end.conftest import OUTER_NODE, Choir, Stage

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(OUTER_NODE, reason="what is shown is of the embedded node"),
]

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "operations.md"
BLOCK = re.MULTILINE | re.DOTALL
PROMPT = "$ .venv/bin/seraphim "
ALIKE = (
    # What is busy differs from one moment to the next.
    (r" [\d.e-]+/s$", ""),
    (r"\d+ (?:s|min|h)\b", "a while"),
    (r"\d[\d,.:]*", "#"),
    (r" +", " "),
)


def shown(kind: str) -> list[tuple[str, list[str]]]:
    """Return the commands that are shown, with what they print, line by line."""
    blocks = re.findall(rf"^```{kind}\n(.*?)^```", DOCUMENT.read_text("utf-8"), BLOCK)
    assert all(block.startswith(PROMPT) for block in blocks)
    return [
        (command, lines.splitlines())
        for command, _, lines in (block.removeprefix(PROMPT).partition("\n") for block in blocks)
    ]


def alike(line: str) -> str:
    """Return `line` without what differs from one bot, or one moment, to another."""
    for pattern, same in ALIKE:
        line = re.sub(pattern, same, line)
    return line.strip()


def fits(lines: list[str], told: list[str]) -> bool:
    """Return whether `lines` are what was told; `…` stands for any of them."""
    wanted = "\n".join(r"[^§]*" if line == "…" else re.escape(alike(line)) for line in lines)
    return re.fullmatch(wanted, "\n".join(map(alike, told))) is not None


async def type_in(folder: Path, command: str, data_dir: Path) -> list[str]:
    """Return what `command` prints in a folder with a `.env`."""
    environ = {name: value for name, value in os.environ.items() if name in INHERITED}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "seraphim", *command.split()),
        env=environ,
        cwd=folder,
        stdout=PIPE,
        stderr=STDOUT,
    )
    out, _ = await process.communicate()
    return out.decode().replace(str(data_dir), "/srv/seraphim/data").splitlines()


async def test_what_is_shown_of_a_terminal_is_seen_there(
    stage: Stage, choir: Choir, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(
        "".join(f"{name}={value}\n" for name, value in stage.environ.items())
    )
    await choir.play("Aurora")
    await choir.hears("Aurora")
    await choir.stage.sandbox.until(lambda: choir.panels)
    running, stopped = shown("console"), shown("console stopped")
    assert len(running) > 6
    for command, lines in running:
        told = await type_in(tmp_path, command, stage.data_dir)
        assert fits(lines, told), (command, told)
    assert await stage.bot.stop() == 0
    for command, lines in stopped:
        told = await type_in(tmp_path, command, stage.data_dir)
        assert fits(lines, told), (command, told)


async def test_the_script_in_the_readme_plays_and_skips() -> None:
    [typed] = re.findall(
        r"^printf .* \| make -s sandbox$", (ROOT / "README.md").read_text(), re.MULTILINE
    )
    # What is installed already is not installed again.
    installed = 'make() { command make -o .venv/.runtime "$@"; }'
    process = await asyncio.create_subprocess_exec(
        *("bash", "-ec", f"{installed}\n{typed}"),
        env={name: value for name, value in os.environ.items() if name in INHERITED},
        cwd=ROOT,
        stdout=PIPE,
        stderr=STDOUT,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()
    assert "Ada> /play aurora" in out.decode()
    assert "Ada> /skip" in out.decode()
