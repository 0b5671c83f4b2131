"""Two thousand simulated hours in which nothing that goes wrong harms the music."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.simulation.faults import FAULTS
from tests.simulation.simulation import SIZE, simulate, simulate_all
from tests.simulation.world import Size

SEEDS = range(1, 43)
GUILD_HOURS = 2_000
SMALL = Size(guilds=4, nodes=2, hours=1.0)


def test_nothing_that_goes_wrong_harms_the_music() -> None:
    told: Counter[str] = Counter()
    hours = hours_of_sound = 0.0
    for outcome in simulate_all(SEEDS, os.cpu_count() or 1):
        if outcome.failure is not None:
            pytest.fail(outcome.report, pytrace=False)
        told += outcome.told
        hours += outcome.hours
        hours_of_sound += outcome.hours_of_sound
    assert hours >= GUILD_HOURS
    # Where nothing is played, nothing can go silent.
    assert hours_of_sound > hours / 2
    assert [name for name, fault in FAULTS.items() if not told[fault.sign]] == []


# --- a seed is a story ---


def test_a_seed_is_the_same_story_in_every_process() -> None:
    command = [sys.executable, "-m", "tests.simulation", "--seed", "7"]
    root = Path(__file__).parents[2]
    # What a set of strings is ordered by differs, too.
    environment = {**os.environ, "PYTHONHASHSEED": "3", "PYTHONPATH": str(root)}
    replayed = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, check=True
    )
    assert replayed.stdout.splitlines()[-1] == f"digest: {simulate(7, SIZE).digest}"


def test_seeds_differ() -> None:
    digests = [simulate(seed, SMALL).digest for seed in (1, 1, 2, 3)]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3
