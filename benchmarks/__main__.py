"""`python -m benchmarks NAME [--json FILE]`: measure, print, exit 1 when a gate does not hold."""

import argparse
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

from benchmarks.report import Report

BENCHMARKS = {"actors": "benchmarks.actors", "audio": "benchmarks.audio"}
"""Each module has `measure() -> Report`."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("name", choices=sorted(BENCHMARKS))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    options = parser.parse_args()
    module = importlib.import_module(BENCHMARKS[options.name])
    report = cast("Callable[[], Report]", module.measure)()
    print(report.table())
    if options.json is not None:
        options.json.write_text(report.json() + "\n", "utf-8")
    return 0 if report.holds else 1


if __name__ == "__main__":
    sys.exit(main())
