"""`python -m tests.simulation`: as many guild-hours as you like, or one seed once more."""

import argparse
import math
import os
import sys
import time

from tests.simulation.faults import FAULTS
from tests.simulation.simulation import SIZE, simulate, simulate_all


def main() -> int:
    """Return the exit code: 1 when something was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--hours", type=float, default=2_000, help="guild-hours, all in all")
    parser.add_argument("--first", type=int, default=1, help="the seed to begin with")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="so many at once")
    parser.add_argument("--keep-going", action="store_true", help="whatever fails")
    parser.add_argument("--seed", type=int, help="this one alone, and its story's end")
    parser.add_argument("--story", action="store_true", help="with --seed: the whole story")
    parser.add_argument(
        "--without", action="append", default=[], choices=sorted(FAULTS), help="leave this out"
    )
    arguments = parser.parse_args()
    if arguments.seed is not None:
        return replay(arguments.seed, arguments.without, whole_story=arguments.story)
    number = math.ceil(arguments.hours / (SIZE.guilds * SIZE.hours))
    seeds = range(arguments.first, arguments.first + number)
    return search(seeds, arguments.without, arguments.jobs, keep_going=arguments.keep_going)


def replay(seed: int, without: list[str], *, whole_story: bool) -> int:
    """Tell the story of one seed."""
    outcome = simulate(seed, SIZE, without=without, whole_story=whole_story)
    print(outcome.report)
    print(f"digest: {outcome.digest}")
    return outcome.failure is not None


def search(seeds: range, without: list[str], jobs: int, *, keep_going: bool) -> int:
    """Simulate one seed after the other, as many at once as there are `jobs`."""
    began = time.perf_counter()
    hours = sound = 0.0
    faults = failures = 0
    for outcome in simulate_all(seeds, jobs, without=without):
        hours += outcome.hours
        sound += outcome.hours_of_sound
        faults += outcome.faults
        if outcome.failure is None:
            continue
        failures += 1
        if not keep_going:
            print(outcome.report)
            return 1
        print(f"seed {outcome.seed}: {outcome.failure[:300]}", flush=True)
    minutes = (time.perf_counter() - began) / 60
    print(
        f"{hours:.0f} guild-hours ({sound:.0f} of sound) with {faults} faults in {minutes:.1f} min:"
        f" {hours / minutes:.0f} a minute; {failures} failures"
    )
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
