from typing import Any

import pytest
from trio.testing import MockClock


@pytest.fixture(params=["asyncio", "uvloop", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Every test of the actors runs on all three; on trio, time jumps to what comes next."""
    if request.param == "trio":
        return "trio", {"clock": MockClock(autojump_threshold=0)}
    return "asyncio", {"use_uvloop": request.param == "uvloop"}
