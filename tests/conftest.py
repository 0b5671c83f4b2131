"""What every test has: a backend for its coroutines, and examples that hypothesis chooses.

They are the same on every run, so that a change that passed once passes again; `make fuzz` looks
further, with new ones each time.
"""

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile(
    "explore",
    max_examples=2_000,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("steady")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
