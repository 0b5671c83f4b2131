"""What whoever runs Seraphim is told when its process cannot work where it was put."""

from pathlib import Path

import pytest

from seraphim.sandbox import Sandbox
from seraphim.sandbox.bot import COMMAND, BotProcess, environment

pytestmark = pytest.mark.anyio


async def test_a_data_folder_that_cannot_be_made_is_named(sandbox: Sandbox, tmp_path: Path) -> None:
    folder = "/proc/seraphim"
    environ = environment(sandbox, tmp_path)
    async with BotProcess(environ, ("env", f"DATA_DIR={folder}", *COMMAND)) as bot:
        assert await bot.wait() == 78
    said = "\n".join(bot.errors)
    assert "SYS-001" in said
    assert folder in said
    assert "Traceback" not in said
