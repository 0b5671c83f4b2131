"""A benchmark's figures, each with its gate, as a table for people and as JSON.

A figure without a gate only informs. `holds` is what the exit code is made of.
"""

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True)
class Figure:
    """One result. `gate` says in words what it must be; None: it only informs."""

    value: float
    unit: str
    gate: str | None
    holds: bool


@dataclass(slots=True)
class Report:
    """The figures of one benchmark, in the order in which they were added."""

    name: str
    figures: dict[str, Figure] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(
        self,
        figure: str,
        value: float,
        unit: str,
        *,
        at_most: float | None = None,
        at_least: float | None = None,
    ) -> None:
        """Add a figure, with one gate or none."""
        gate, holds = None, True
        if at_most is not None:
            gate, holds = f"at most {at_most:g}", value <= at_most
        elif at_least is not None:
            gate, holds = f"at least {at_least:g}", value >= at_least
        self.figures[figure] = Figure(round(value, 3), unit, gate, holds)

    def note(self, text: str) -> None:
        """Add what the figures alone do not say."""
        self.notes.append(text)

    @property
    def holds(self) -> bool:
        """Whether every gate holds."""
        return all(figure.holds for figure in self.figures.values())

    def json(self) -> str:
        figures = {name: asdict(figure) for name, figure in self.figures.items()}
        told = {"name": self.name, "figures": figures, "machine": machine(), "notes": self.notes}
        return json.dumps(told, indent=2)

    def table(self) -> str:
        rows = [("figure", "value", "gate", "")]
        rows += [
            (name, f"{one.value:g} {one.unit}", one.gate or "", "" if one.holds else "FAILS")
            for name, one in self.figures.items()
        ]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
        return "\n".join((self.name, *lines, *self.notes))


def machine() -> dict[str, str | int]:
    """Where this was measured."""
    names = [
        line.partition(":")[2].strip()
        for line in (CPUINFO.read_text().splitlines() if CPUINFO.exists() else [])
        if line.startswith("model name")
    ]
    return {
        "cpu": names[0] if names else platform.processor(),
        "cores": os.cpu_count() or 1,
        "python": platform.python_version(),
        "system": platform.platform(terse=True),
    }
