"""`python -m tests.licences`: the table of docs/dependencies.md, from what is installed."""

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

REQUIREMENTS = Path(__file__).parents[1] / "requirements.txt"
# Some write all of it where its name belongs.
LONGEST = 60


def table() -> str:
    """Return what is pinned in requirements.txt, and under which licence, as Markdown."""
    rows = [f"| {name} | {licence} |" for name, licence in licences()]
    return "\n".join(["| package | licence |", "|---|---|", *rows])


def licences() -> Iterator[tuple[str, str]]:
    """Return each package with its licence; those for other systems are left out."""
    for name in re.findall(r"^([A-Za-z0-9._-]+)==", REQUIREMENTS.read_text("utf-8"), re.MULTILINE):
        try:
            yield name, licence(distribution(name))
        except PackageNotFoundError:
            continue


def licence(package: Distribution) -> str:
    """Return what a package says of its licence."""
    told = package.metadata
    named = told["License-Expression"] or told["License"] or ""
    if named and "\n" not in named and len(named) <= LONGEST:
        return named
    classified = [
        line.rpartition(" :: ")[2]
        for line in told.get_all("Classifier", [])
        if line.startswith("License :: ")
    ]
    return ", ".join(classified) or named.strip().partition("\n")[0][:LONGEST] or "not said"


if __name__ == "__main__":
    print(table())
