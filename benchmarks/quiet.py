"""Seraphim that counts nothing, and in whose log no line could say whose work it is of.

`python -m benchmarks.quiet` runs it with the settings of its environment: what logging and metrics
cost a command that logs nothing is what a bot costs beyond this one.
"""

import sys

from seraphim.discord import provenance
from seraphim.operations.metrics import Metrics


def _nothing(*_: object) -> None:
    """Neither count nor name."""


def main() -> int:
    # Before the modules that take them from there are imported.
    provenance.begin = _nothing
    for hears in ("answered", "heard", "joined", "went_wrong"):
        setattr(Metrics, hears, _nothing)
    from seraphim.cli import main as seraphim

    return seraphim(["run"])


if __name__ == "__main__":
    sys.exit(main())
