"""`python -m tests.fuzz`: thousands of broken files; does any of them cost more than itself?

`--seed` makes other files of them, `--only N` runs one again, `--keep DIR` writes it there.
"""

import argparse
import asyncio
import sys
from pathlib import Path

from tests.fuzz.mutation import mutant
from tests.fuzz.run import OUTCOMES, Report, run

FILES = 6_000


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--files", type=int, default=FILES, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--only", type=int, metavar="N", help="the file of this number alone")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="write the file of --only here")
    options = parser.parse_args()
    numbers = range(options.files) if options.only is None else [options.only]
    if options.keep is not None and options.only is not None:
        made = mutant(options.seed, options.only)
        (options.keep / made.name).write_bytes(made.data)
        print(f"{options.keep / made.name}: {made.start_ms} ms, {made.sound}")
    report = asyncio.run(run((mutant(options.seed, n) for n in numbers), told=_tell))
    _conclude(report, options.seed)
    return 1 if report.mistakes else 0


def _tell(report: Report) -> None:
    print(f"\r{report.files} files …", end="", file=sys.stderr, flush=True)


def _conclude(report: Report, seed: int) -> None:
    rate = report.files / report.seconds
    print(f"\r{report.files} broken files (seed {seed}) in {report.seconds:.0f} s, {rate:.0f}/s")
    for outcome, meaning in OUTCOMES.items():
        print(f"  {report.outcomes[outcome]:6} {meaning}")
    print("reasons")
    for reason, count in report.reasons.most_common(20):
        print(f"  {count:6} {reason}")
    print(f"decoder processes given up: {report.deaths.total()}")
    for reason, count in report.deaths.most_common():
        print(f"  {count:6} {reason}")
    print(f"most memory of one: {report.memory >> 20} MB")
    print(f"slowest: {report.slowest[0]:.1f} s ({report.slowest[1]})")
    print(
        f"the song beside them: {report.song_frames} frames,"
        f" longest silence {report.starved_seconds:.2f} s"
    )
    for mistake in report.mistakes:
        print(f"WRONG: {mistake}")


if __name__ == "__main__":
    sys.exit(main())
