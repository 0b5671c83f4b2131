"""`python -m benchmarks NAME [--quick] [--json FILE]`: measure and print.

The exit code is 1 when a gate does not hold.
"""

import argparse
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

from benchmarks.report import Report

BENCHMARKS = {
    "actors": "benchmarks.actors",
    "audio": "benchmarks.audio",
    "commands": "benchmarks.commands",
    "limiter": "benchmarks.limiter",
    "link": "benchmarks.link",
    "memory": "benchmarks.memory",
    "recovery": "benchmarks.recovery",
}
"""Each module has `measure() -> Report`."""

QUICK = frozenset({"audio", "commands", "memory", "recovery"})
"""Those whose `measure` takes `quick`: the same, fewer times."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("name", choices=sorted(BENCHMARKS))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--quick", action="store_true", help="fewer runs: a first impression")
    options = parser.parse_args()
    if options.quick and options.name not in QUICK:
        parser.error(f"only these can be quick: {', '.join(sorted(QUICK))}")
    module = importlib.import_module(BENCHMARKS[options.name])
    quick = {"quick": True} if options.quick else {}
    report = cast("Callable[..., Report]", module.measure)(**quick)
    print(report.table())
    if options.json is not None:
        options.json.write_text(report.json() + "\n", "utf-8")
    return 0 if report.holds else 1


if __name__ == "__main__":
    sys.exit(main())
