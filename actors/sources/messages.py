"""What the actor of the sources understands."""

from dataclasses import dataclass

from actors.runtime import Name


@dataclass(frozen=True, slots=True)
class SourceHeard:
    """`source` gave `guild` what it asked for, or it did not."""

    guild: int
    source: str
    worked: bool


SourcesMessage = SourceHeard

SOURCES: Name[SourcesMessage] = Name("sources")
